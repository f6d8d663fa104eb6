"""The same trouble on Volcengine for the vendor's `volcengine` and for vodfast: what the one gets wrong the other does
not. The emulator's records are the judge of both.
"""

from __future__ import annotations

import hashlib

import pytest

from vodfast import AuthError, Client, InvalidInput, TransferConfig, parse_route
from vodfast.providers.volcengine import UploadOptions

MIB = 1024 * 1024
KEYS = ["vodfast-emulator-volcengine", "vodfast-emulator-volcengine-secret"]


@pytest.fixture
def sdk(foreign, emulator):
    """Asks the SDK for `upload_media`."""
    client = foreign("volc_vod")

    class Sdk:
        def job(self, path, request):
            asked = {"SpaceName": "demo", "FilePath": str(path), "FileExtension": path.suffix} | request
            return {"method": "upload_media", "message": "VodUploadMediaRequest", "keys": KEYS, "request": asked}

        def upload(self, path, **request):
            return client.ask("call", **self.job(path, request))["Result"]["Data"]

        def refused(self, path, **request):
            return client.refused("call", **self.job(path, request))

    yield Sdk()
    emulator.restore()


@pytest.fixture
def client(emulator, tmp_path, monkeypatch):
    """vodfast with parts of the vendor's size and hardly any pause between attempts."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    config = TransferConfig(
        route=parse_route(emulator.endpoint), part_size=20 * MIB, backoff_base=0.001, backoff_cap=0.002
    )
    with Client("volcengine", config=config, place="demo") as client:
        yield client


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stored(emulator):
    """Names and digests of all that is stored."""
    objects = [one for media in emulator.media() for one in media["objects"]]
    return {one["key"].partition("/")[2]: one["sha256"] for one in objects}


@pytest.mark.parametrize("name", ["a#b.mp4", "a?b.mp4", "100%41.mp4"])
def test_names_with_signs_that_mean_something_in_addresses(sdk, client, emulator, oracle, sample, name):
    emulator.settings(volcengine_candidates="none")
    path = sample("clip.mp4", 1000)
    sdk.refused(path, FileName=name)
    assert name not in stored(emulator), "the SDK asks for one object and sends to another"

    emulator.reset()
    client.upload(path, options=UploadOptions(file_name=name))
    assert stored(emulator) == {name: digest(path)}


def test_a_name_that_climbs(sdk, client, emulator, oracle, sample):
    emulator.settings(volcengine_candidates="none")
    path = sample("clip.mp4", 1000)
    sdk.refused(path, FileName="a/../b.mp4")
    emulator.reset()
    with pytest.raises(InvalidInput):
        client.upload(path, options=UploadOptions(file_name="a/../b.mp4"))
    assert oracle.operations() == []


@pytest.mark.parametrize(("size", "operation"), [(1000, "DirectUpload"), (20 * MIB, "UploadPart")])
def test_a_checksum_in_the_answer_that_is_not_that_of_the_bytes(sdk, client, emulator, oracle, sample, size, operation):
    path = sample("clip.mp4", size + 1)
    lie = {"action": "corrupt_digest", "match": {"operation": operation, "nth": 1}}
    emulator.set_faults([lie])
    sdk.upload(path)
    assert oracle.operations().count(operation) == 1, "the SDK does not look"

    emulator.reset()
    emulator.set_faults([lie])
    client.upload(path)
    sent = [entry["part_number"] for entry in emulator.history() if entry["operation"] == operation]
    assert len(sent) - len(set(sent)) == 1, "vodfast sends that one again"


def test_a_refusal_for_good(sdk, client, emulator, oracle, sample):
    path = sample("clip.mp4", 1000)
    no = {"action": "error", "code": "InvalidAuth", "match": {"operation": "DirectUpload"}, "times": 0}
    emulator.set_faults([no])
    said = sdk.refused(path)
    assert oracle.operations().count("DirectUpload") == 9, "the SDK sends the file nine times"
    assert "4030" not in said["text"], "and says nothing of the cause"

    emulator.reset()
    emulator.set_faults([no])
    with pytest.raises(AuthError) as refused:
        client.upload(path)
    assert oracle.operations().count("DirectUpload") == 2
    assert (refused.value.code, bool(refused.value.request_id)) == ("4030", True)


def test_a_commit_that_fails_once(sdk, client, emulator, oracle, sample):
    path = sample("clip.mp4", 1000)
    trouble = {"action": "error", "code": "InternalError", "match": {"operation": "CommitUploadInfo"}}
    emulator.set_faults([trouble])
    sdk.refused(path)
    assert oracle.committed() == [], "the SDK gives up what it has uploaded"

    emulator.reset()
    emulator.set_faults([trouble])
    oracle.assert_holds(client.upload(path).media_id, path)
    assert oracle.operations().count("DirectUpload") == 1


def test_trouble_inside_a_vpc(sdk, client, emulator, oracle, sample):
    path = sample("clip.mp4", 1000)
    trouble = {"action": "error", "code": "ServiceUnavailable", "match": {"operation": "VpcPutObject"}}
    emulator.set_faults([trouble])
    sdk.refused(path, ClientNetWorkMode="vpc-inner")

    emulator.reset()
    emulator.set_faults([trouble])
    result = client.upload(path, options=UploadOptions(network_mode="vpc-inner"))
    oracle.assert_holds(result.media_id, path)


def test_headers_the_service_wants_carried(sdk, client, emulator, oracle, sample):
    emulator.settings(volcengine_upload_header=True, volcengine_candidates="none")
    path = sample("clip.mp4", 1000)
    sdk.refused(path)
    emulator.reset()
    oracle.assert_holds(client.upload(path).media_id, path)


def test_a_host_that_fails_in_the_middle(sdk, client, emulator, oracle, sample):
    emulator.settings(volcengine_candidates="shared")
    path = sample("clip.mp4", 60 * MIB)
    trouble = {"action": "status", "code": 500, "match": {"operation": "UploadPart", "part_number": 2}, "times": 3}
    emulator.set_faults([trouble])
    sdk.upload(path)
    assert oracle.operations().count("InitUpload") == 2, "the SDK starts again from the first byte"

    emulator.reset()
    emulator.set_faults([trouble])
    oracle.assert_holds(client.upload(path).media_id, path)
    assert oracle.operations().count("InitUpload") == 1
    assert oracle.operations().count("UploadPart") == 3 + 3
