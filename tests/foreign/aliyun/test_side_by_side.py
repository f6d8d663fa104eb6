"""The same trouble for the vendor's clients and for vodfast: where theirs go wrong, vodfast must not.

Each test runs both on one emulator and judges by its history and media list.
"""

import pytest

from vodfast.blocking import Client
from vodfast.config import TransferConfig, parse_route
from vodfast.credentials import Credentials
from vodfast.errors import AuthError, IntegrityError, VodfastError
from vodfast.providers.aliyun import UploadOptions

MIB = 1024 * 1024
PARTS = {"multipartThreshold": MIB, "multipartPartSize": MIB}


@pytest.fixture
def sdk(foreign):
    return foreign("aliyun_upload")


@pytest.fixture
def theirs(sdk, keys):
    """The vendor's upload of one file; parts of one MiB."""

    def upload(path, request="video", method="uploadLocalVideo", **more):
        given = {"method": method, "keys": keys, "request": request, "arguments": [str(path)], "multipart": PARTS}
        return sdk.ask("upload", **given, **more)["answer"]

    return upload


@pytest.fixture
def client(emulator):
    """vodfast with parts of the same size and hardly any pause between attempts."""
    config = TransferConfig(route=parse_route(emulator.endpoint), part_size=MIB, backoff_base=0.001, backoff_cap=0.002)
    with Client("aliyun", config=config) as client:
        yield client


def rule(operation, action, times=0, **more):
    return {"match": {"operation": operation}, "times": times, "action": action, **more}


@pytest.mark.parametrize(("size", "operation"), [(1000, "PutObject"), (3 * MIB, "UploadPart")])
def test_a_refusal_that_stays_is_not_success(theirs, client, emulator, oracle, sample, size, operation):
    path = sample("clip.mp4", size)
    emulator.set_faults([rule(operation, "error", code="AccessDenied")])
    assert theirs(path)["VideoId"], "the SDK reports what was never stored"
    assert oracle.committed() == []

    emulator.reset()
    emulator.set_faults([rule(operation, "error", code="AccessDenied")])
    with pytest.raises(AuthError) as refused:
        client.upload(path)
    assert refused.value.code == "AccessDenied"
    assert oracle.operations().count(operation) <= 3


@pytest.mark.parametrize(("size", "operation"), [(1000, "PutObject"), (3 * MIB, "UploadPart")])
def test_a_store_whose_checksums_never_agree(theirs, client, emulator, oracle, sample, size, operation):
    path = sample("clip.mp4", size)
    emulator.set_faults([rule(operation, "corrupt_body")])
    assert theirs(path)["VideoId"], "the SDK sees it, tries three times, and reports success"

    emulator.reset()
    emulator.set_faults([rule(operation, "corrupt_body")])
    with pytest.raises(IntegrityError):
        client.upload(path)
    assert oracle.committed() == []


def test_bytes_damaged_on_the_way_once(client, emulator, oracle, sample):
    path = sample("clip.mp4", 3 * MIB)
    emulator.set_faults([rule("UploadPart", "corrupt_body", times=1)])
    oracle.assert_holds(client.upload(path).media_id, path)


def test_the_whole_objects_checksum_is_compared(theirs, client, emulator, oracle, sample):
    path = sample("clip.mp4", 3 * MIB)
    emulator.set_faults([rule("CompleteMultipartUpload", "corrupt_digest")])
    theirs(path)
    assert len(oracle.committed()) == 1, "the SDK does not look at the answer's checksum"

    emulator.reset()
    emulator.set_faults([rule("CompleteMultipartUpload", "corrupt_digest")])
    with pytest.raises(IntegrityError):
        client.upload(path)
    assert oracle.committed() == []


def test_a_slow_answer_is_waited_for(theirs, client, emulator, oracle, sample):
    path = sample("clip.mp4", 1000)
    emulator.set_faults([rule("PutObject", "delay", seconds=3.2)])
    theirs(path)
    assert oracle.operations().count("PutObject") > 1, "the SDK gives up after 3 seconds and sends all again"

    emulator.reset()
    emulator.set_faults([rule("PutObject", "delay", seconds=3.2)])
    media_id = client.upload(path).media_id
    oracle.assert_holds(media_id, path)
    mine = [entry["operation"] for entry in emulator.history() if entry["media_id"] == media_id]
    assert mine.count("PutObject") == 1


def test_reports_of_progress_stop_nothing(sdk, client, keys, emulator, oracle, sample):
    path = sample("clip.mp4", 1000)
    emulator.set_faults([rule("ReportUploadProgress", "reset")])
    given = {"method": "uploadLocalVideo", "keys": keys, "request": "video", "arguments": [str(path)]}
    said = sdk.refused("upload", **given)["code"]
    assert "RemoteDisconnected" in said or "ConnectionResetError" in said, "the SDK fails for want of telemetry"

    emulator.reset()
    oracle.assert_holds(client.upload(path).media_id, path)
    assert "ReportUploadProgress" not in oracle.operations()


def test_what_is_sent_of_the_local_file(theirs, client, emulator, oracle, sample, foreign, keys):
    path = sample("clip.mp4", 1000)
    theirs(path)
    asked = [entry["path"] for entry in emulator.history() if entry["operation"] == "CreateUploadVideo"]
    folder = path.parent.name
    assert folder in asked[0], "the SDK sends the whole local path"
    told = [entry for entry in emulator.history() if entry["operation"] == "ReportUploadProgress"]
    assert not told[0]["secure"], "and once more without encryption"

    emulator.reset()
    client.upload(path)
    assert folder not in str(emulator.history())


def test_an_expired_credential_costs_no_part_twice(theirs, client, emulator, oracle, sample):
    path = sample("clip.mp4", 4 * MIB)
    expiry = {"match": {"operation": "UploadPart", "part_number": 3}, "action": "expire_token"}
    emulator.set_faults([expiry])
    theirs(path)
    assert emulator.meter()["parts_stored"] > 4
    assert oracle.media(emulator.media()[0]["media_id"])["open_uploads"] == 1, "the SDK leaves its first upload open"

    emulator.reset()
    emulator.set_faults([expiry])
    oracle.assert_holds(client.upload(path).media_id, path)
    assert emulator.meter()["parts_stored"] == 4
    assert oracle.operations().count("InitiateMultipartUpload") == 1
    assert oracle.operations().count("RefreshUploadVideo") >= 1
    assert emulator.media()[0]["open_uploads"] == 0


def test_switching_the_watermark_off(sdk, client, keys, emulator, oracle, sample):
    path = sample("clip.mp4", 1000)
    given = {"method": "uploadLocalVideo", "keys": keys, "request": "video", "arguments": [str(path)]}
    assert sdk.refused("upload", **given, fields={"isShowWatermark": False})["type"] == "AliyunVodException"
    assert [media["state"] for media in emulator.media()] == ["applied"], "the SDK leaves an empty record behind"

    emulator.reset()
    oracle.assert_holds(client.upload(path, options=UploadOptions(watermark=False)).media_id, path)


@pytest.mark.parametrize(("kind", "name", "method"), [("image", "c.png", "uploadImage")])
def test_images_are_tried_again(sdk, client, keys, emulator, oracle, sample, kind, name, method):
    path = sample(name, 1000)
    emulator.set_faults([rule("PutObject", "error", times=1, code="InternalError")])
    given = {"method": method, "keys": keys, "request": kind, "arguments": [str(path)]}
    assert sdk.refused("upload", **given)["code"] == "InternalError"

    emulator.reset()
    emulator.set_faults([rule("PutObject", "error", times=1, code="InternalError")])
    oracle.assert_holds(client.upload(path, kind=kind).media_id, path)


@pytest.mark.parametrize("code", ["InternalError", "ServiceUnavailable", "Throttling.User"])
def test_a_busy_service_is_asked_again(theirs, sdk, client, keys, emulator, oracle, sample, code):
    path = sample("clip.mp4", 1000)
    emulator.set_faults([rule("CreateUploadVideo", "error", times=2, code=code)])
    given = {"method": "uploadLocalVideo", "keys": keys, "request": "video", "arguments": [str(path)]}
    assert sdk.refused("upload", **given)["code"] == code
    assert oracle.operations() == ["CreateUploadVideo"], "the SDK's three retries are none for this product"

    emulator.reset()
    emulator.set_faults([rule("CreateUploadVideo", "error", times=2, code=code)])
    oracle.assert_holds(client.upload(path).media_id, path)
    assert oracle.operations().count("CreateUploadVideo") == 3


def test_a_wrong_clock_is_named_and_not_insisted_on(foreign, place, client, emulator, oracle, sample):
    path = sample("clip.mp4", 1000)
    skew = rule("PutObject", "error", code="RequestTimeTooSkewed")
    emulator.set_faults([skew])
    store = foreign("oss_v2_store")
    store.ask("open", keys=place.keys, region="cn-shanghai", endpoint=None)
    fields = {"bucket": place.bucket, "key": place.key, "body": {"text": "x"}}
    store.refused("operation", name="put_object", request="PutObjectRequest", fields=fields)
    assert oracle.operations().count("PutObject") == 3, "the SDK repeats it with the same wrong clock"

    emulator.reset()
    emulator.set_faults([skew])
    with pytest.raises(AuthError, match="clock"):
        client.upload(path)
    assert oracle.operations().count("PutObject") == 1


def test_the_environment_does_not_replace_credentials_given(emulator, caller, monkeypatch, oracle, sample):
    """The vendor's core client prefers the environment to a credential object."""
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_ID", "LTAIsomebodyelse")
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_SECRET", "another")
    path = sample("clip.mp4", 1000)
    config = TransferConfig(route=parse_route(emulator.endpoint))
    with Client("aliyun", credentials=Credentials.of(*caller), config=config) as client:
        oracle.assert_holds(client.upload(path).media_id, path)


def test_the_older_signature_carries_the_token_where_it_is_looked_for(foreign, place, emulator, oracle, sample):
    path = sample("clip.mp4", 3 * MIB)
    store = foreign("oss_v2_store")
    store.ask("open", keys=place.keys, region="cn-shanghai", endpoint=None, version="v1")
    fields = {"bucket": place.bucket, "key": place.key, "body": {"text": "x"}}
    refused = store.refused("operation", name="put_object", request="PutObjectRequest", fields=fields)
    assert refused["status"] == 403, "the SDK names the token's header wrongly"

    emulator.reset()
    config = TransferConfig(route=parse_route(emulator.endpoint), part_size=MIB)
    with Client("aliyun", config=config, settings={"oss_signature": "V1"}) as client:
        oracle.assert_holds(client.upload(path).media_id, path)


def test_a_failed_upload_leaves_nothing_open(theirs, client, emulator, oracle, sample):
    path = sample("clip.mp4", 3 * MIB)
    fault = {"match": {"operation": "UploadPart", "part_number": 2}, "times": 0, "action": "error",
             "code": "AccessDenied"}  # fmt: skip
    emulator.set_faults([fault])
    theirs(path)
    assert emulator.media()[0]["open_uploads"] == 3, "the SDK leaves the parts of every try to be billed"

    emulator.reset()
    emulator.set_faults([fault])
    with pytest.raises(VodfastError):
        client.upload(path)
    assert [media["open_uploads"] for media in emulator.media()] == [0]
