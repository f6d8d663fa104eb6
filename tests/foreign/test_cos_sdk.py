"""cos-python-sdk-v5, unmodified, against the emulator's object store with the certificate of one ApplyUpload."""

import hashlib
import zlib

import pytest

MIB = 1024 * 1024


@pytest.fixture
def place(foreign, emulator, keys):
    """What ApplyUpload grants: bucket, region, key and temporary certificate."""
    api = foreign("cloud_api")
    return api.ask("action", name="ApplyUpload", keys=keys, request={"MediaType": "mp4", "MediaName": "store"})


WAYS = {
    "to its address": {"Scheme": "http", "IP": "127.0.0.1"},
    "http through the proxy": {"Scheme": "http"},
    "https through the proxy": {"Scheme": "https"},
}


@pytest.fixture(params=WAYS)
def store(request, foreign, emulator, place):
    """A COS client holding that certificate; every method gets Bucket and Key unless it names its own."""
    client = foreign("cos_store")
    way = WAYS[request.param]
    certificate = place["TempCertificate"]
    client.ask(
        "open",
        Region=place["StorageRegion"],
        SecretId=certificate["SecretId"],
        SecretKey=certificate["SecretKey"],
        Token=certificate["Token"],
        **(way | {"Port": emulator.port} if "IP" in way else way),
    )
    bound = {"Bucket": place["StorageBucket"], "Key": place["MediaStoragePath"].lstrip("/")}

    class Store:
        def ask(self, name, **arguments):
            return client.ask("method", name=name, arguments=self._bound(arguments))

        def refused(self, name, **arguments):
            return client.refused("method", name=name, arguments=self._bound(arguments))

        def _bound(self, arguments):
            return {name: value for name, value in (bound | arguments).items() if value is not None}

    return Store()


def objects(emulator):
    return {item["key"].lstrip("/"): item for media in emulator.media() for item in media["objects"]}


def test_put_head_get_delete(store, emulator, place, sample):
    path = sample("small.mp4", 10_000)
    put = store.ask("put_object", Body={"file": str(path)})
    assert put["ETag"].strip('"') == hashlib.md5(path.read_bytes()).hexdigest()
    head = store.ask("head_object")
    assert head["Content-Length"] == "10000"
    assert head["x-cos-hash-crc64ecma"] == put["x-cos-hash-crc64ecma"]
    got = store.ask("get_object")
    assert got["Body"].encode("latin-1") == path.read_bytes()
    stored = objects(emulator)[place["MediaStoragePath"].lstrip("/")]
    assert stored["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert str(stored["crc64"]) == put["x-cos-hash-crc64ecma"]
    store.ask("delete_object")
    assert store.refused("head_object")["status"] == 404


def test_the_documented_crc_example(store):
    put = store.ask("put_object", Body={"text": "[Object Part]"})
    assert put["x-cos-hash-crc64ecma"] == "4510578591875220731"


def test_an_empty_file_is_sent_chunked_and_stored(store, sample):
    store.ask("put_object", Body={"file": str(sample("empty.mp4", 0))})
    assert store.ask("head_object")["Content-Length"] == "0"


def test_content_md5_is_checked(store, sample):
    path = sample("small.mp4", 5_000)
    store.ask("put_object", Body={"file": str(path)}, EnableMD5=True)
    error = store.refused("put_object", Body={"file": str(path)}, ContentMD5="EI9SjrY7Zec08nrjMfX/qg==")
    assert (error["status"], error["code"]) == (400, "BadDigest")


def test_multipart_upload_file(store, emulator, place, sample):
    path = sample("big.mp4", 5 * MIB + 3)
    done = store.ask("upload_file", LocalFilePath=str(path), PartSize=2, MAXThread=3, EnableMD5=True)
    assert done["ETag"].strip('"').endswith("-3")
    stored = objects(emulator)[place["MediaStoragePath"].lstrip("/")]
    assert stored["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert done["x-cos-hash-crc64ecma"] == str(stored["crc64"])


def test_list_parts_pages_and_abort(store):
    upload = store.ask("create_multipart_upload")["UploadId"]
    for number in (1, 2, 3):
        store.ask("upload_part", PartNumber=number, UploadId=upload, Body={"text": f"part {number}"})
    first = store.ask("list_parts", UploadId=upload, MaxParts=2)
    assert [part["PartNumber"] for part in first["Part"]] == ["1", "2"]
    assert first["IsTruncated"] == "true"
    rest = store.ask("list_parts", UploadId=upload, PartNumberMarker=int(first["NextPartNumberMarker"]))
    assert [part["PartNumber"] for part in rest["Part"]] == ["3"]
    assert rest["IsTruncated"] == "false"
    assert rest["Part"][0]["ETag"].strip('"') == hashlib.md5(b"part 3").hexdigest()
    store.ask("abort_multipart_upload", UploadId=upload)
    assert store.refused("list_parts", UploadId=upload)["code"] == "NoSuchUpload"


def test_the_rules_of_joining_parts(store):
    upload = store.ask("create_multipart_upload")["UploadId"]
    tags = {
        number: store.ask("upload_part", PartNumber=number, UploadId=upload, Body={"text": "short"})["ETag"]
        for number in (1, 2)
    }

    def joined(*numbers, tag=None):
        parts = [{"PartNumber": number, "ETag": tag or tags[number]} for number in numbers]
        return store.refused("complete_multipart_upload", UploadId=upload, MultipartUpload={"Part": parts})["code"]

    assert joined(1, 2) == "EntityTooSmall"
    assert joined(2, 1) == "InvalidPartOrder"
    assert joined(1, tag=f'"{zlib.crc32(b"no such part"):032x}"') == "InvalidPart"


def test_resume_sends_only_the_missing_parts(store, emulator, oracle, place, sample):
    path = sample("big.mp4", 6 * MIB)
    emulator.set_faults([{"match": {"operation": "UploadPart", "part_number": 4}, "action": "status", "code": 403}])
    error = store.refused("upload_file", LocalFilePath=str(path), MAXThread=2)
    assert error["type"] == "CosClientError"
    sent = oracle.operations().count("UploadPart")
    store.ask("upload_file", LocalFilePath=str(path), MAXThread=2)
    assert oracle.operations().count("UploadPart") == sent + 1
    assert oracle.operations().count("InitiateMultipartUpload") == 1
    assert objects(emulator)[place["MediaStoragePath"].lstrip("/")]["size"] == 6 * MIB


def test_the_certificate_reaches_its_own_place_only(store, place):
    error = store.refused("put_object", Key="elsewhere/f0.mp4", Body={"text": "x"})
    assert (error["status"], error["code"]) == (403, "AccessDenied")


def test_names_that_need_escaping(store, emulator, place):
    directory = place["MediaStoragePath"].lstrip("/").rpartition("/")[0]
    names = ["空 格+%.mp4", "a&b=c;d'e\"f.ts", "tilde~star*.ts"]
    for name in names:
        store.ask("put_object", Key=f"{directory}/{name}", Body={"text": name})
        assert store.ask("get_object", Key=f"{directory}/{name}")["Body"].encode("latin-1") == name.encode()


def test_list_uploads_shows_what_is_open(store, place):
    upload = store.ask("create_multipart_upload")["UploadId"]
    listed = store.ask("list_multipart_uploads", Key=None, Prefix=place["MediaStoragePath"].lstrip("/"))
    assert [item["UploadId"] for item in listed["Upload"]] == [upload]
