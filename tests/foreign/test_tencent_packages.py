"""Manifests with vod-python-sdk and with vodfast, on one emulator: the same objects, and none of its losses."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from vodfast.blocking import Client
from vodfast.config import TransferConfig, parse_route
from vodfast.errors import InvalidInput

MEDIA = Path(__file__).parents[1] / "media"


@pytest.fixture
def sdk(foreign):
    return foreign("vod_upload")


@pytest.fixture
def client(emulator, tmp_path):
    config = TransferConfig(route=parse_route(emulator.endpoint), state_dir=str(tmp_path / "state"))
    with Client("tencent", config=config) as client:
        yield client


@pytest.fixture
def objects(oracle):
    """SHA-256 of a media's objects by key below its directory."""

    def below(media_id):
        found = {one["key"]: one["sha256"] for one in oracle.media(media_id)["objects"]}
        folder = next(key for key in found if key.rpartition("/")[2].startswith("f0.")).rpartition("/")[0]
        return {key.removeprefix(f"{folder}/"): sha256 for key, sha256 in found.items()}

    return below


@pytest.mark.parametrize(("manifest", "name"), [("hls/master.m3u8", "f0.m3u8"), ("dash/manifest.mpd", "f0.mpd")])
def test_both_store_the_same_objects(sdk, client, objects, keys, manifest, name):
    path = MEDIA / manifest
    theirs = objects(sdk.ask("upload", keys=keys, request={"MediaFilePath": str(path)})["FileId"])
    ours = objects(client.upload(path).media_id)
    assert ours == theirs
    assert ours[name] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(ours) == sum(1 for file in path.parent.rglob("*") if file.is_file())


def test_capitals_lose_the_vendor_its_segments(sdk, client, objects, keys, tmp_path):
    shutil.copytree(MEDIA / "dash", tmp_path / "dash")
    path = (tmp_path / "dash" / "manifest.mpd").rename(tmp_path / "dash" / "MANIFEST.MPD")
    theirs = objects(sdk.ask("upload", keys=keys, request={"MediaFilePath": str(path)})["FileId"])
    ours = objects(client.upload(path).media_id)
    assert (len(theirs), len(ours)) == (1, 12)


def test_a_file_named_twice_is_sent_twice_by_the_vendor(sdk, client, emulator, oracle, keys, tmp_path):
    path = tmp_path / "p.m3u8"
    path.write_text("#EXTM3U\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts\n")
    (tmp_path / "a.ts").write_bytes(b"1")
    (tmp_path / "b.ts").write_bytes(b"2")
    twice = {"Response": {"MediaSegmentSet": ["a.ts", "a.ts", "b.ts", "./a.ts"], "RequestId": "r"}}
    answered = {
        "match": {"operation": "ParseStreamingManifest"},
        "action": "status",
        "code": 200,
        "body": json.dumps(twice),
        "headers": {"Content-Type": "application/json"},
    }
    emulator.set_faults([answered])
    sdk.ask("upload", keys=keys, request={"MediaFilePath": str(path)})
    assert oracle.operations().count("PutObject") == 5
    emulator.reset()
    emulator.set_faults([answered])
    client.upload(path)
    assert oracle.operations().count("PutObject") == 3


def test_the_vendor_reads_whatever_file_the_answer_names(sdk, client, emulator, oracle, keys, tmp_path):
    (tmp_path / "secret.txt").write_bytes(b"outside")
    path = tmp_path / "show" / "p.m3u8"
    path.parent.mkdir()
    path.write_text("#EXTM3U\n#EXTINF:2,\na.ts\n")
    (path.parent / "a.ts").write_bytes(b"1")
    answered = {
        "match": {"operation": "ParseStreamingManifest"},
        "action": "status",
        "code": 200,
        "body": json.dumps({"Response": {"MediaSegmentSet": ["a.ts", "../secret.txt"], "RequestId": "r"}}),
        "headers": {"Content-Type": "application/json"},
    }
    emulator.set_faults([answered])
    sdk.send("upload", keys=keys, request={"MediaFilePath": str(path)})
    sdk.answer()
    sent = [record for record in emulator.history() if record["bytes"] == len(b"outside")]
    assert sent
    emulator.reset()
    emulator.set_faults([answered])
    with pytest.raises(InvalidInput, match=r"'\.\./secret\.txt' of 'p\.m3u8' leads out"):
        client.upload(path)
    assert oracle.operations() == ["ParseStreamingManifest"]
