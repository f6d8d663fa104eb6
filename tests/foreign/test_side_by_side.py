"""The same trouble for vod-python-sdk and for vodfast: where the vendor's client goes wrong, vodfast must not.

Each test runs both on one emulator and judges by its history and media list.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from urllib.parse import unquote

import pytest

from vodfast.blocking import Client
from vodfast.config import TransferConfig, parse_route
from vodfast.credentials import Credentials
from vodfast.errors import IntegrityError, VodfastError
from vodfast.providers.tencent import UploadOptions

MIB = 1024 * 1024


@pytest.fixture
def sdk(foreign):
    return foreign("vod_upload")


@pytest.fixture
def client(emulator):
    """vodfast with parts of the vendor's size and hardly any pause between attempts."""
    config = TransferConfig(route=parse_route(emulator.endpoint), part_size=MIB, backoff_base=0.001, backoff_cap=0.002)
    with Client("tencent", config=config) as client:
        yield client


@pytest.fixture
def replayed(foreign, emulator):
    """Makes the next ApplyUpload answer a real session's reply, altered by the test."""

    def replay(keys, alter):
        reply = foreign("cloud_api").ask("action", name="ApplyUpload", keys=keys, request={"MediaType": "mp4"})
        reply.pop("CoverStoragePath", None)
        alter(reply)
        emulator.set_faults(
            [
                {
                    "match": {"operation": "ApplyUpload"},
                    "action": "status",
                    "code": 200,
                    "body": json.dumps({"Response": reply}),
                    "headers": {"Content-Type": "application/json"},
                }
            ]
        )
        return reply

    return replay


def test_a_redirect_is_not_success(sdk, client, emulator, oracle, sample, keys):
    path = sample("clip.mp4", 1000)
    redirect = {
        "match": {"operation": "PutObject"},
        "times": 0,
        "action": "redirect",
        "location": "http://127.0.0.1:9/",
    }
    emulator.set_faults([redirect])
    sdk.refused("upload", keys=keys, request={"MediaFilePath": str(path)})
    assert oracle.operations()[-2:] == ["PutObject", "CommitUpload"], "the SDK commits what was never stored"

    emulator.reset()
    emulator.set_faults([redirect])
    with pytest.raises(VodfastError):
        client.upload(path)
    assert "CommitUpload" not in oracle.operations()


@pytest.mark.parametrize(("size", "operation"), [(1000, "PutObject"), (3 * MIB, "UploadPart")])
def test_bytes_damaged_on_the_way(sdk, client, emulator, oracle, sample, keys, size, operation):
    path = sample("clip.mp4", size)
    damage = {"match": {"operation": operation}, "times": 1, "action": "corrupt_body"}
    emulator.set_faults([damage])
    answer = sdk.ask("upload", keys=keys, request={"MediaFilePath": str(path)})
    with pytest.raises(AssertionError):
        oracle.assert_holds(answer["FileId"], path)

    emulator.reset()
    emulator.set_faults([damage])
    result = client.upload(path)
    oracle.assert_holds(result.media_id, path)
    assert result.verified == "crc64"


@pytest.mark.parametrize(("size", "operation"), [(1000, "PutObject"), (3 * MIB, "UploadPart")])
def test_a_store_whose_checksums_never_agree(sdk, client, emulator, oracle, sample, keys, size, operation):
    path = sample("clip.mp4", size)
    damage = {"match": {"operation": operation}, "times": 0, "action": "corrupt_body"}
    emulator.set_faults([damage])
    sdk.ask("upload", keys=keys, request={"MediaFilePath": str(path)})
    assert len(oracle.committed()) == 1, "the SDK commits the damaged object"

    emulator.reset()
    emulator.set_faults([damage])
    with pytest.raises(IntegrityError):
        client.upload(path)
    assert oracle.committed() == []
    assert "CommitUpload" not in oracle.operations()


def test_an_error_with_a_charset_is_still_an_error(sdk, client, emulator, oracle, sample, keys):
    path = sample("clip.mp4", 1000)
    error = {"Code": "UnauthorizedOperation", "Message": "not allowed"}
    fault = {
        "match": {"operation": "ApplyUpload"},
        "times": 0,
        "action": "status",
        "code": 200,
        "body": json.dumps({"Response": {"Error": error, "RequestId": "the-request"}}),
        "headers": {"Content-Type": "application/json; charset=utf-8"},
    }
    emulator.set_faults([fault])
    said = sdk.refused("upload", keys=keys, request={"MediaFilePath": str(path)})
    assert said["type"] == "CosClientError", "the SDK misses the error and stumbles later"

    with pytest.raises(VodfastError) as refused:
        client.upload(path)
    assert refused.value.code == "UnauthorizedOperation"
    assert refused.value.request_id == "the-request"


def test_the_callers_token_goes_to_the_store_when_there_is_no_certificate(
    sdk, emulator, oracle, sample, caller, replayed
):
    path = sample("clip.mp4", 1000)

    def statuses():
        return [entry["status"] for entry in emulator.history() if entry["operation"] == "PutObject"]

    replayed(caller, lambda reply: reply.pop("TempCertificate"))
    sdk.refused("upload", keys=caller, request={"MediaFilePath": str(path)})
    assert statuses()[-1] == 403, "the SDK drops the token"

    replayed(caller, lambda reply: reply.pop("TempCertificate"))
    config = TransferConfig(route=parse_route(emulator.endpoint))
    with Client("tencent", credentials=Credentials.of(*caller), config=config) as client:
        result = client.upload(path)
    assert statuses()[-1] == 200
    oracle.assert_holds(result.media_id, path)


def test_a_key_that_ends_in_dots(sdk, client, emulator, sample, keys, replayed):
    path = sample("clip.mp4", 1000)

    def dotted(reply):
        reply["MediaStoragePath"] = reply["MediaStoragePath"].rpartition("/")[0] + "/.."

    def put():
        entries = [entry for entry in emulator.history() if entry["operation"] == "PutObject"]
        return [(entry["status"], unquote(entry["path"])) for entry in entries]

    replayed(keys, dotted)
    sdk.refused("upload", keys=keys, request={"MediaFilePath": str(path)})
    assert [status for status, _ in put()] == [403], "the SDK signs one path and sends another"

    emulator.reset()
    wanted = replayed(keys, dotted)["MediaStoragePath"]
    with pytest.raises(VodfastError):
        client.upload(path)  # the session's media is not under this key, so the commit is refused
    assert put() == [(200, wanted)]


def test_no_part_at_a_time(sdk, client, emulator, oracle, sample, keys):
    path = sample("clip.mp4", 2 * MIB)
    sdk.send("upload", keys=keys, request={"MediaFilePath": str(path), "ConcurrentUploadNumber": 0})
    with pytest.raises(subprocess.TimeoutExpired):  # nothing to wait for: it hangs, with the upload left open
        sdk.process.wait(timeout=3)
    assert "UploadPart" not in oracle.operations()
    assert emulator.media()[0]["open_uploads"] == 1

    with pytest.raises(VodfastError, match="concurrency"):
        client.upload(path, options=UploadOptions(part_concurrency=0))
    result = client.upload(path, options=UploadOptions(part_concurrency=1))
    oracle.assert_holds(result.media_id, path)


def test_the_cause_of_a_failed_part_and_what_is_left_of_it(sdk, client, emulator, oracle, sample, keys):
    path = sample("clip.mp4", 4 * MIB)
    fault = {
        "match": {"operation": "UploadPart", "part_number": 3},
        "times": 0,
        "action": "error",
        "code": "AccessDenied",
        "status": 403,
    }
    emulator.set_faults([fault])
    said = sdk.refused("upload", keys=keys, request={"MediaFilePath": str(path)})
    assert "some upload_part fail" in said["text"], "the SDK hides the cause"
    assert emulator.media()[0]["open_uploads"] == 1, "and leaves the parts to be billed"

    emulator.reset()
    emulator.set_faults([fault])
    with pytest.raises(VodfastError) as refused:
        client.upload(path)
    assert (refused.value.code, refused.value.status) == ("AccessDenied", 403)
    assert [media["open_uploads"] for media in emulator.media()] == [0]
    assert "AbortMultipartUpload" in oracle.operations()


def until(process, happened):
    """Wait for something the emulator records, as long as the process lives."""
    for _ in range(400):
        if happened():
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
    raise AssertionError(f"it never happened (the process: {process.poll()})")


def test_an_interrupt_in_mid_upload(sdk, emulator, oracle, sample, keys):
    path = sample("clip.mp4", 12 * MIB)
    emulator.set_faults([{"match": {"operation": "UploadPart"}, "times": 0, "action": "delay", "seconds": 0.1}])
    sdk.send("upload", keys=keys, request={"MediaFilePath": str(path)})
    until(sdk.process, lambda: "UploadPart" in oracle.operations())
    sdk.process.send_signal(signal.SIGINT)
    until(sdk.process, lambda: oracle.operations().count("UploadPart") >= 12)
    with pytest.raises(subprocess.TimeoutExpired):
        sdk.process.wait(timeout=1)
    assert emulator.media()[0]["open_uploads"] == 1, "the SDK sends everything, ends nothing, and does not exit"

    emulator.reset()
    emulator.set_faults([{"match": {"operation": "UploadPart", "nth": 3}, "times": 0, "action": "stall"}])
    command = [sys.executable, "-m", "vodfast", "upload", "--to", "tencent", "--part-size", "1M", str(path)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(path.parent), "VODFAST_EMULATOR": emulator.endpoint}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        until(process, lambda: "UploadPart" in oracle.operations())
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert [media["open_uploads"] for media in emulator.media()] == [0]
    assert "CommitUpload" not in oracle.operations()
