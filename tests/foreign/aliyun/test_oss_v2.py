"""alibabacloud-oss-v2, unmodified, against the emulator's object store with one upload's temporary credential."""

import hashlib

import pytest

MIB = 1024 * 1024


@pytest.fixture(params=["https through the proxy", "to its address"])
def store(request, foreign, emulator, place):
    """A client holding the credential; every request gets bucket and key unless it names its own."""
    client = foreign("oss_v2_store")
    endpoint = None if request.param.startswith("https") else f"http://{emulator.endpoint}"
    client.ask("open", keys=place.keys, region="cn-shanghai", endpoint=endpoint)

    class Store:
        def ask(self, name, model, **fields):
            bound = {"bucket": place.bucket, "key": place.key} | fields
            return client.ask("operation", name=name, request=model, fields=bound)

        def refused(self, name, model, **fields):
            bound = {"bucket": place.bucket, "key": place.key} | fields
            return client.refused("operation", name=name, request=model, fields=bound)

        def upload(self, file, **options):
            return client.ask("upload", bucket=place.bucket, key=place.key, file=str(file), **options)

        def upload_refused(self, file, **options):
            return client.refused("upload", bucket=place.bucket, key=place.key, file=str(file), **options)

    return Store()


def test_put_head_delete(store, place, oracle, sample):
    path = sample("small.mp4", 10_000)
    put = store.ask("put_object", "PutObjectRequest", body={"file": str(path)})
    assert put["etag"].strip('"') == hashlib.md5(path.read_bytes()).hexdigest().upper()
    oracle.assert_holds(place.media_id, path)
    head = store.ask("head_object", "HeadObjectRequest")
    assert (head["content_length"], head["hash_crc64"]) == (10_000, put["hash_crc64"])
    assert store.ask("delete_object", "DeleteObjectRequest")["status_code"] == 204
    assert store.refused("head_object", "HeadObjectRequest")["code"] == "NoSuchKey"


def test_appending(store, place, oracle, tmp_path):
    for position, text in ((0, "first "), (6, "second")):
        made = store.ask("append_object", "AppendObjectRequest", position=position, body={"text": text})
        assert made["next_position"] == position + 6
    whole = tmp_path / "whole"
    whole.write_text("first second")
    oracle.assert_holds(place.media_id, whole)
    assert made["hash_crc64"] == oracle.media(place.media_id)["objects"][0]["crc64"]
    head = store.ask("head_object", "HeadObjectRequest")
    assert (head["object_type"], head["next_append_position"]) == ("Appendable", 12)
    error = store.refused("append_object", "AppendObjectRequest", position=6, body={"text": "again"})
    assert error["code"] == "PositionNotEqualToLength"


@pytest.mark.parametrize("size", [MIB - 1, MIB, 7 * MIB + 11])
def test_the_parallel_uploader(store, place, oracle, sample, size):
    path = sample("big.mp4", size)
    done = store.upload(path, part_size=MIB, parallel_num=3)
    oracle.assert_holds(place.media_id, path)
    assert done["hash_crc64"] == oracle.media(place.media_id)["objects"][0]["crc64"]
    assert oracle.operations().count("UploadPart") == (0 if size < MIB else -(-size // MIB))


def test_checkpoint_resume(store, place, emulator, oracle, sample, tmp_path):
    path = sample("big.mp4", 4 * MIB)
    options = {"part_size": MIB, "parallel_num": 1, "enable_checkpoint": True, "checkpoint_dir": str(tmp_path),
               "leave_parts_on_error": True}  # fmt: skip
    fault = {"match": {"operation": "UploadPart", "part_number": 3}, "action": "error", "code": "AccessDenied"}
    emulator.set_faults([fault])
    assert store.upload_refused(path, **options)["code"] == "AccessDenied"
    store.upload(path, **options)
    oracle.assert_holds(place.media_id, path)
    assert oracle.operations().count("InitiateMultipartUpload") == 1
    assert emulator.meter()["parts_stored"] == 4


def test_parts_are_listed_with_their_crc_and_aborted(store, place, emulator):
    upload_id = store.ask("initiate_multipart_upload", "InitiateMultipartUploadRequest")["upload_id"]
    part = store.ask("upload_part", "UploadPartRequest", upload_id=upload_id, part_number=7, body={"text": "123456789"})
    listed = store.ask("list_parts", "ListPartsRequest", upload_id=upload_id)
    (only,) = listed["parts"]
    assert (only["part_number"], only["size"], only["etag"]) == (7, 9, part["etag"])
    assert only["hash_crc64"] == part["hash_crc64"] == "11051210869376104954"
    uploads = store.ask("list_multipart_uploads", "ListMultipartUploadsRequest", key=None, prefix=place.key)
    assert [upload["upload_id"] for upload in uploads["uploads"]] == [upload_id]
    store.ask("abort_multipart_upload", "AbortMultipartUploadRequest", upload_id=upload_id)
    assert store.refused("list_parts", "ListPartsRequest", upload_id=upload_id)["code"] == "NoSuchUpload"
    assert emulator.media()[0]["state"] == "aborted"


def test_the_order_of_parts(store, place):
    upload_id = store.ask("initiate_multipart_upload", "InitiateMultipartUploadRequest")["upload_id"]
    tags = {
        n: store.ask("upload_part", "UploadPartRequest", upload_id=upload_id, part_number=n, body={"text": "x"})["etag"]
        for n in (1, 2)
    }

    def joined(*numbers):
        parts = [(number, tags[number]) for number in numbers]
        name = "complete_multipart_upload"
        return store.refused(name, "CompleteMultipartUploadRequest", upload_id=upload_id, parts=parts)["code"]

    assert joined(2, 1) == "InvalidPartOrder"
    assert joined(1, 2) == "EntityTooSmall"


def test_a_broken_store_is_tried_again(store, place, emulator, oracle, sample):
    path = sample("small.mp4", 1000)
    emulator.set_faults([{"match": {"operation": "PutObject"}, "times": 2, "action": "status", "code": 500}])
    store.ask("put_object", "PutObjectRequest", body={"file": str(path)})
    oracle.assert_holds(place.media_id, path)
    assert oracle.operations().count("PutObject") == 3


def test_the_credential_reaches_its_own_upload_only(store, place):
    error = store.refused("put_object", "PutObjectRequest", key="sv/other/x.mp4", body={"text": "x"})
    assert (error["status"], error["code"]) == (403, "AccessDenied")


def test_names_that_need_escaping(store, place, stored):
    for name in ("空 格+%.mp4", "a&b=c;d'e\"f.ts", "tilde~star*.ts", "sub/dir/x.ts"):
        store.ask("put_object", "PutObjectRequest", key=f"{place.prefix}{name}", body={"text": name})
        assert stored(f"{place.prefix}{name}")["sha256"] == hashlib.sha256(name.encode()).hexdigest()
