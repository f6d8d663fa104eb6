"""The rules of the object store: parts, listings, limits and error shapes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.emulator.client import Client, bucket_host, complete_body, sign_cos
from vodfast.emulator import Emulator

MIB = 1 << 20


@pytest.fixture
def upload(client: Client) -> tuple[dict, str, dict[int, str]]:
    """A ticket, an upload id and three parts of 1 MiB, 1 MiB and 3 bytes."""
    ticket = client.apply()
    upload_id = client.initiate(ticket)
    sizes = {1: MIB, 2: MIB, 3: 3}
    return ticket, upload_id, {n: client.part(ticket, upload_id, n, b"x" * s).headers["etag"] for n, s in sizes.items()}


@pytest.mark.parametrize(
    ("numbers", "status", "code"),
    [
        ([1, 2, 3], 200, ""),
        ([1, 2], 200, ""),
        ([2, 1, 3], 400, "InvalidPartOrder"),
        ([1, 1, 2], 400, "InvalidPartOrder"),
        ([1, 3], 400, "InvalidPart"),
        ([1, 2, 3, 4], 400, "InvalidPart"),
        ([], 400, "MalformedXML"),
    ],
)
def test_which_parts_make_an_object(client: Client, upload, numbers: list[int], status: int, code: str) -> None:
    ticket, upload_id, etags = upload
    answer = client.complete(ticket, upload_id, [(number, etags.get(number, '"0"')) for number in numbers])
    assert (answer.status, answer.code) == (status, code)
    again = client.complete(ticket, upload_id, sorted(etags.items()))
    assert again.code == ("NoSuchUpload" if status == 200 else "")


def test_a_part_too_small_is_found_when_completing(client: Client) -> None:
    ticket = client.apply()
    upload_id = client.initiate(ticket)
    etags = [
        (n, client.part(ticket, upload_id, n, b"x" * size).headers["etag"]) for n, size in ((1, MIB - 1), (2, MIB))
    ]
    refused = client.complete(ticket, upload_id, etags)
    assert (refused.status, refused.code) == (400, "EntityTooSmall")


def test_an_etag_must_be_the_one_answered(client: Client, upload) -> None:
    ticket, upload_id, etags = upload
    wrong = dict(etags) | {2: '"00000000000000000000000000000000"'}
    assert client.complete(ticket, upload_id, sorted(wrong.items())).code == "InvalidPart"
    bare = {number: etag.strip('"') for number, etag in etags.items()}
    assert client.complete(ticket, upload_id, sorted(bare.items())).code == ""


@pytest.mark.parametrize("number", ["0", "10001", "-1", "x", "99999999999999999999"])
def test_a_part_number_out_of_range_is_refused(client: Client, upload, number: str) -> None:
    ticket, upload_id, _ = upload
    assert client.part(ticket, upload_id, number, b"x").code == "InvalidArgument"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MissingRequestBodyError"),
        (b"<CompleteMultipartUpload>", "MalformedXML"),
        (b"<Other><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></Other>", "MalformedXML"),
        (b"<CompleteMultipartUpload><Part><ETag>x</ETag></Part></CompleteMultipartUpload>", "MalformedXML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + complete_body([(1, "&b;")]).partition(b"?>")[2], "MalformedXML"),
        (b"\xff\xfe\x00", "MalformedXML"),
        (complete_body([(1, "x")]).replace(b"Part>", b"Piece>"), "MalformedXML"),
        (complete_body([(1, "")]), "MalformedXML"),
        (complete_body([(1234567, "x")]), "MalformedXML"),
        (complete_body([(-1, "x")]), "MalformedXML"),
    ],
)
def test_bodies_that_list_no_parts(client: Client, upload, body: bytes, code: str) -> None:
    ticket, upload_id, _ = upload
    assert client.send(client.cos(ticket, "POST", f"uploadId={upload_id}", body)).code == code


def test_a_body_of_unknown_length_has_its_limit_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vodfast.emulator.object_store.MAX_PUT", 4)
    ticket = client.apply()
    sent = client.cos(ticket, "PUT", headers={"Transfer-Encoding": "chunked"}).with_header("Content-Length", None)
    for body, code in ((b"5\r\nbytes\r\n0\r\n\r\n", "EntityTooLarge"), (b"4\r\nbyte\r\n0\r\n\r\n", "")):
        assert client.send(replace(sent, body=body)).code == code
    assert client.send(client.cos(ticket, "GET")).body == b"byte"


@pytest.mark.parametrize(
    ("wanted", "told", "body"),
    [
        ("bytes=0-0", "bytes 0-0/10", b"0"),
        ("bytes=2-", "bytes 2-9/10", b"23456789"),
        ("bytes=-3", "bytes 7-9/10", b"789"),
        ("bytes=-30", "bytes 0-9/10", b"0123456789"),
        ("bytes=9-90", "bytes 9-9/10", b"9"),
        ("bytes=-", None, b"0123456789"),
        ("bytes=0-1,4-5", None, b"0123456789"),
        ("chars=0-1", None, b"0123456789"),
    ],
)
def test_a_single_range_is_read(client: Client, wanted: str, told: str | None, body: bytes) -> None:
    """What is no single range counts for nothing."""
    ticket = client.apply()
    client.put(ticket, b"0123456789")
    answer = client.send(client.cos(ticket, "GET", headers={"Range": wanted}))
    assert (answer.status, answer.headers.get("content-range")) == (206 if told else 200, told)
    assert answer.body == body


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=5-4", "bytes=-0"])
def test_a_range_without_bytes_is_refused(client: Client, wanted: str) -> None:
    ticket = client.apply()
    client.put(ticket, b"0123456789")
    answer = client.send(client.cos(ticket, "GET", headers={"Range": wanted}))
    assert (answer.status, answer.code) == (416, "InvalidRange")


LONG_AGO, ONE_DAY = "Thu, 01 Jan 2015 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"If-Match": "ETAG"}, 200),
        ({"If-Match": '"0", W/ETAG'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"0"'}, 412),
        ({"If-Match": "ETAG", "If-Unmodified-Since": LONG_AGO}, 200),
        ({"If-Unmodified-Since": LONG_AGO}, 412),
        ({"If-Unmodified-Since": ONE_DAY}, 200),
        ({"If-None-Match": "ETAG"}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"0"'}, 200),
        ({"If-None-Match": '"0"', "If-Modified-Since": ONE_DAY}, 200),
        ({"If-Modified-Since": ONE_DAY}, 304),
        ({"If-Modified-Since": LONG_AGO}, 200),
        ({"If-Modified-Since": "some day", "If-Unmodified-Since": ""}, 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_download_may_have_conditions(client: Client, conditions: dict[str, str], status: int, method: str) -> None:
    ticket = client.apply()
    etag = client.put(ticket, b"bytes").headers["etag"]
    headers = {name: value.replace("ETAG", etag) for name, value in conditions.items()}
    answer = client.send(client.cos(ticket, method, headers=headers))
    assert answer.status == status
    assert answer.headers.get("etag") == (None if status == 412 else etag)
    if status == 412:
        assert answer.code == ("PreconditionFailed" if method == "GET" else "")
    else:
        assert answer.body == (b"bytes" if (status, method) == (200, "GET") else b"")


def test_an_upload_belongs_to_its_key(client: Client, upload) -> None:
    ticket, upload_id, etags = upload
    other = ticket["MediaStoragePath"] + ".other"
    sent = client.cos(ticket, "PUT", f"partNumber=1&uploadId={upload_id}", b"x", key=other)
    assert client.send(sent).code == "NoSuchUpload"
    sent = client.cos(ticket, "POST", f"uploadId={upload_id}", complete_body(sorted(etags.items())), key=other)
    assert (client.send(sent).status, client.send(sent).code) == (404, "NoSuchUpload")


def test_listing_parts_in_pages(client: Client, upload) -> None:
    ticket, upload_id, etags = upload
    query = f"encoding-type=url&max-parts=2&part-number-marker=0&uploadId={upload_id}"
    first = client.send(client.cos(ticket, "GET", query))
    assert first.text("IsTruncated") == "true"
    assert first.text("NextPartNumberMarker") == "2"
    assert re.findall(r"<Size>(\d+)</Size>", first.body.decode()) == [str(MIB)] * 2
    second = client.send(client.cos(ticket, "GET", query.replace("marker=0", "marker=2")))
    assert second.text("IsTruncated") == "false"
    assert second.text("ETag") == etags[3]
    assert "%2F" in second.text("Key")
    bad = client.send(client.cos(ticket, "GET", query.replace("max-parts=2", "max-parts=x")))
    assert bad.code == "InvalidArgument"


def test_open_uploads_are_listed_by_prefix(client: Client, upload) -> None:
    ticket, upload_id, _ = upload
    prefix = ticket["MediaStoragePath"][1:].replace("/", "%2F")
    sent = client.cos(ticket, "GET", f"prefix={prefix}&uploads=", key="/")
    assert re.findall("<UploadId>(.*?)</UploadId>", client.send(sent).body.decode()) == [upload_id]
    client.abort(ticket, upload_id)
    assert "<UploadId>" not in client.send(sent).body.decode()


def test_open_uploads_are_listed_in_pages_and_by_folders(client: Client) -> None:
    ticket = client.apply()
    folder = ticket["MediaStoragePath"].rpartition("/")[0]
    ids = {}
    for name in ("a", "b/1", "b/2", "c"):
        sent = client.cos(ticket, "POST", "uploads=", key=f"{folder}/{name}")
        ids[name] = client.send(sent).text("UploadId")
    ids["a, once more"] = client.send(client.cos(ticket, "POST", "uploads=", key=f"{folder}/a")).text("UploadId")
    prefix = f"{folder[1:]}/".replace("/", "%2F")

    def listed(query: str) -> tuple[list[str], list[str], str, str]:
        answer = client.send(client.cos(ticket, "GET", f"{query}&prefix={prefix}&uploads=", key="/"))
        text = answer.body.decode()
        folders = re.findall(r"<CommonPrefixes><Prefix>(.*?)</Prefix>", text)
        found = re.findall(r"<UploadId>(.*?)</UploadId>", text)
        return found, folders, answer.text("NextKeyMarker"), answer.text("NextUploadIdMarker")

    firsts = sorted((ids["a"], ids["a, once more"]))
    everything = [*firsts, ids["b/1"], ids["b/2"], ids["c"]]
    assert listed("max-uploads=5") == (everything, [], "", "")
    page, _, key, upload_id = listed("max-uploads=1")
    assert (page, key, upload_id) == (firsts[:1], f"{folder[1:]}/a", firsts[0])
    marker = key.replace("/", "%2F")
    assert listed(f"key-marker={marker}&upload-id-marker={upload_id}&max-uploads=9")[0] == everything[1:]
    assert listed(f"key-marker={marker}&max-uploads=9")[0] == everything[2:]
    assert listed("delimiter=%2F")[:2] == ([*firsts, ids["c"]], [f"{folder[1:]}/b/"])


def test_padding_before_the_result(client: Client, emulator: Emulator, upload) -> None:
    ticket, upload_id, etags = upload
    emulator.settings(complete_padding=5, complete_padding_place="leading")
    answer = client.complete(ticket, upload_id, sorted(etags.items()))
    assert answer.body.startswith(b"     <?xml")


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ({"bucket": "another-1250000000"}, 404, "NoSuchBucket"),
        ({"region": "ap-mumbai"}, 404, "NoSuchBucket"),
        ({"key": "/"}, 400, "InvalidURI"),
        ({"method": "PATCH"}, 405, "MethodNotAllowed"),
        ({"long": True}, 400, "KeyTooLong"),
    ],
)
def test_places_that_are_none(client: Client, target: dict, status: int, code: str) -> None:
    ticket = client.apply()
    host = bucket_host(ticket).replace(ticket["StorageBucket"], target.get("bucket", ticket["StorageBucket"]))
    host = host.replace(ticket["StorageRegion"], target.get("region", ticket["StorageRegion"]))
    key = target.get("key", ticket["MediaStoragePath"] + ("x" * 900 if target.get("long") else ""))
    answer = client.send(sign_cos(target.get("method", "PUT"), host, key, "", b"x", client.keys))
    assert (answer.status, answer.code) == (status, code)


def test_the_acceleration_domain(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    host = f"{ticket['StorageBucket']}.cos.accelerate.myqcloud.com"
    sent = sign_cos("PUT", host, ticket["MediaStoragePath"], "", b"x", client.keys)
    assert client.send(sent).code == "BucketAccelerateNotEnabled"
    emulator.settings(accelerate=True)
    assert client.send(sent).status == 200


@pytest.mark.parametrize("name", ["空 格+%.mp4", "../cover.png", "a./b", "end/..", "tilde~*'()&=;?#.ts"])
def test_keys_are_opaque(client: Client, emulator: Emulator, name: str) -> None:
    ticket = client.apply()
    key = f"{ticket['MediaStoragePath'].rpartition('/')[0]}/{name}"
    assert client.put(ticket, name.encode(), key=key).status == 200
    assert client.send(client.cos(ticket, "GET", key=key)).body == name.encode()
    assert [stored["key"] for stored in emulator.media()[0]["objects"]] == [key[1:]]
    assert client.send(client.cos(ticket, "DELETE", key=key)).status == 204
    missing = client.send(client.cos(ticket, "GET", key=key))
    assert (missing.status, missing.code) == (404, "NoSuchKey")


def test_a_store_that_keeps_nothing(client: Client, emulator: Emulator) -> None:
    emulator.settings(retain=False, etag="opaque")
    ticket = client.apply()
    first, second = (client.put(ticket, b"x" * (3 * MIB)) for _ in range(2))
    assert first.headers["x-cos-hash-crc64ecma"] == second.headers["x-cos-hash-crc64ecma"]
    assert re.fullmatch('"[0-9a-f]{32}"', first.headers["etag"])
    assert first.headers["etag"] != second.headers["etag"]
    [stored] = emulator.media()[0]["objects"]
    assert (stored["size"], stored["sha256"]) == (3 * MIB, None)
    assert client.commit(ticket).code == ""


@pytest.mark.parametrize(
    ("method", "query", "more", "status", "code"),
    [
        ("PUT", "acl", {}, 501, "NotImplemented"),
        ("PUT", "tagging=", {}, 501, "NotImplemented"),
        ("GET", "acl=", {}, 501, "NotImplemented"),
        ("GET", "ci-process=snapshot&time=1", {}, 501, "NotImplemented"),
        ("PUT", "", {"x-cos-copy-source": "b-1.cos.ap-beijing.myqcloud.com/other"}, 501, "NotImplemented"),
        ("PUT", "partNumber=1", {}, 400, "InvalidArgument"),
    ],
)
def test_what_only_looks_like_the_bytes_of_an_object_replaces_none(
    client: Client, emulator: Emulator, method: str, query: str, more: dict[str, str], status: int, code: str
) -> None:
    ticket = client.apply()
    assert client.put(ticket, b"the movie").status == 200
    answer = client.send(client.cos(ticket, method, query, b"<AccessControlPolicy/>", headers=more))
    assert (answer.status, answer.code) == (status, code)
    (stored,) = emulator.media()[0]["objects"]
    assert stored["size"] == 9


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("x-cos-storage-class", "STANDARD_IA", ""),
        ("x-cos-storage-class", "MAZ_INTELLIGENT_TIERING", ""),
        ("x-cos-storage-class", "Standard", "NotSupportedStorageClass"),
        ("x-cos-storage-class", "IA", "NotSupportedStorageClass"),
        ("x-cos-traffic-limit", "819200", ""),
        ("x-cos-traffic-limit", "819199", "InvalidArgument"),
        ("x-cos-traffic-limit", "838860801", "InvalidArgument"),
        ("x-cos-meta-some-1", "x" * 2000, ""),
        ("x-cos-meta-some", "x" * 2048, "InvalidArgument"),
        ("x-cos-meta-so_me", "x", "InvalidArgument"),
    ],
)
def test_headers_of_an_object_have_their_values(client: Client, name: str, value: str, code: str) -> None:
    ticket = client.apply()
    answer = client.put(ticket, b"x", headers={name: value})
    assert (answer.status, answer.code) == (400 if code else 200, code)


def test_all_metadata_together_has_a_bound(client: Client) -> None:
    ticket = client.apply()
    for size, status in ((1350, 200), (1400, 400)):
        headers = {f"x-cos-meta-{letter}": "x" * size for letter in "abc"}
        assert client.put(ticket, b"x", headers=headers).status == status
