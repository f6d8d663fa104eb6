"""oss2, unmodified, against the emulator's object store with one upload's temporary credential: V1 and V4."""

import hashlib

import pytest

MIB = 1024 * 1024


@pytest.fixture(params=["v1", "v4"])
def version(request):
    return request.param


@pytest.fixture(params=["https through the proxy", "http through the proxy", "to its address"])
def store(request, version, foreign, emulator, place):
    """A bucket holding the credential."""
    ways = {
        "https through the proxy": place.endpoint,
        "http through the proxy": place.endpoint.replace("https", "http"),
        "to its address": f"http://{emulator.endpoint}",
    }
    client = foreign("oss2_store")
    where = {"endpoint": ways[request.param], "bucket": place.bucket, "region": "cn-shanghai"}
    client.ask("open", keys=place.keys, version=version, **where)
    return client


def test_put_head_get_delete(store, place, oracle, stored, sample):
    path = sample("small.mp4", 10_000)
    put = store.ask("put", key=place.key, body={"file": str(path)})
    assert put["etag"] == hashlib.md5(path.read_bytes()).hexdigest().upper()
    assert put["crc"] == int(stored(place.key)["crc64"])
    oracle.assert_holds(place.media_id, path)
    head = store.ask("head", key=place.key)
    assert (head["content_length"], head["kind"], head["crc"]) == (10_000, "Normal", put["crc"])
    assert store.ask("get", key=place.key).encode("latin-1") == path.read_bytes()
    assert store.ask("delete", key=place.key) == 204
    missing = store.refused("head", key=place.key)
    assert (missing["status"], missing["type"]) == (404, "NoSuchKey")


def test_resumable_upload(store, place, oracle, sample):
    path = sample("big.mp4", 5 * MIB + 3)
    done = store.ask("resumable", key=place.key, file=str(path), multipart_threshold=MIB, part_size=MIB, num_threads=3)
    oracle.assert_holds(place.media_id, path)
    assert done["crc"] == int(oracle.media(place.media_id)["objects"][0]["crc64"])
    assert oracle.operations().count("UploadPart") == 6
    assert oracle.operations()[-1] == "CompleteMultipartUpload"


def test_resuming_sends_only_what_is_missing(store, place, emulator, oracle, sample, tmp_path):
    path = sample("big.mp4", 4 * MIB)
    options = {"multipart_threshold": MIB, "part_size": MIB, "store": str(tmp_path)}
    fault = {"match": {"operation": "UploadPart", "part_number": 3}, "action": "error", "code": "AccessDenied"}
    emulator.set_faults([fault])
    assert store.refused("resumable", key=place.key, file=str(path), **options)["code"] == "AccessDenied"
    store.ask("resumable", key=place.key, file=str(path), **options)
    oracle.assert_holds(place.media_id, path)
    assert oracle.operations().count("InitiateMultipartUpload") == 1
    assert emulator.meter()["parts_stored"] == 4


def test_appending(store, place, oracle, stored, tmp_path):
    first = store.ask("append", key=place.key, position=0, text="first ", init_crc=0)
    assert first["next_position"] == 6
    second = store.ask("append", key=place.key, position=6, text="second", init_crc=first["crc"])
    assert (second["next_position"], second["crc"]) == (12, int(stored(place.key)["crc64"]))
    whole = tmp_path / "whole"
    whole.write_text("first second")
    oracle.assert_holds(place.media_id, whole)
    assert store.ask("head", key=place.key)["kind"] == "Appendable"
    error = store.refused("append", key=place.key, position=6, text="again")
    assert (error["status"], error["type"]) == (409, "PositionNotEqualToLength")
    store.ask("put", key=place.key, body={"text": "whole"})
    error = store.refused("append", key=place.key, position=5, text="more")
    assert (error["status"], error["type"]) == (409, "ObjectNotAppendable")


def test_list_parts_pages_and_abort(store, place, emulator):
    upload_id = store.ask("initiate", key=place.key)["upload_id"]
    tags = [
        store.ask("part", key=place.key, upload_id=upload_id, number=n, text=f"part {n}")["etag"] for n in (1, 2, 3)
    ]
    page = store.ask("parts", key=place.key, upload_id=upload_id, max_parts=2)
    assert [part["part_number"] for part in page["parts"]] == [1, 2]
    assert (page["is_truncated"], page["next_marker"]) == (True, "2")
    rest = store.ask("parts", key=place.key, upload_id=upload_id, marker="2")
    assert [(part["part_number"], part["etag"], part["size"]) for part in rest["parts"]] == [(3, tags[2], 6)]
    assert store.ask("uploads", prefix=place.key) == [upload_id]
    assert store.ask("abort", key=place.key, upload_id=upload_id) == 204
    assert store.refused("parts", key=place.key, upload_id=upload_id)["code"] == "NoSuchUpload"
    assert emulator.media()[0]["state"] == "aborted"


def test_the_rules_of_joining_parts(store, place):
    upload_id = store.ask("initiate", key=place.key)["upload_id"]
    tags = {n: store.ask("part", key=place.key, upload_id=upload_id, number=n, text="short")["etag"] for n in (1, 2)}

    def joined(*parts):
        return store.refused("complete", key=place.key, upload_id=upload_id, tags=list(parts))["code"]

    assert joined((1, tags[1]), (2, tags[2])) == "EntityTooSmall"
    assert joined((1, "0" * 32)) == "InvalidPart"
    store.ask("complete", key=place.key, upload_id=upload_id, tags=[(1, tags[1])])
    assert joined((1, tags[1])) == "NoSuchUpload"


def test_names_that_need_escaping(store, place):
    for name in ("空 格+%.mp4", "a&b=c;d'e\"f.ts", "tilde~star*.ts", "sub/dir/x.ts"):
        key = f"{place.prefix}{name}"
        store.ask("put", key=key, body={"text": name})
        assert store.ask("get", key=key).encode("latin-1") == name.encode()


def test_the_credential_reaches_its_own_upload_only(store, place):
    error = store.refused("put", key="sv/other/x.mp4", body={"text": "x"})
    assert (error["status"], error["code"]) == (403, "AccessDenied")


def test_a_credential_that_has_expired(store, place, emulator, sample):
    emulator.set_faults([{"match": {"operation": "PutObject"}, "action": "expire_token"}])
    for _ in range(2):
        error = store.refused("put", key=place.key, body={"text": "x"})
        assert (error["status"], error["code"]) == (403, "SecurityTokenExpired")


def test_damaged_bytes_are_seen_by_the_sdk(store, place, emulator):
    emulator.set_faults([{"match": {"operation": "PutObject"}, "action": "corrupt_body"}])
    assert store.refused("put", key=place.key, body={"text": "x"})["type"] == "InconsistentError"


def test_signed_urls(store, place, emulator, sample, oracle):
    path = sample("small.mp4", 5000)
    url = store.ask("signed_url", method="PUT", key=place.key, seconds=60)
    store.ask("put_to_url", url=url, file=str(path))
    oracle.assert_holds(place.media_id, path)
    other = url.replace(place.key.rpartition("/")[2], "other.mp4")
    assert store.refused("put_to_url", url=other, file=str(path))["code"] == "SignatureDoesNotMatch"
    emulator.settings(clock_offset=90)
    late = store.refused("put_to_url", url=url, file=str(path))
    emulator.settings(clock_offset=0)
    assert (late["status"], late["code"]) == (403, "AccessDenied")
