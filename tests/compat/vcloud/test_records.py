"""Records of unfinished uploads of `vcloud`: written as the original does, and taken up whoever of the two wrote them.

The emulator's history is compared with what the original was seen to send (protocol notes 11).
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.compat.vcloud.uploads import (
    BLOCK,
    BODY,
    KEY,
    SECRET,
    broken_off,
    chunks_of_the_original,
    record_path,
)
from tests.oracle import operations, the_media
from vodfast.compat import vcloud
from vodfast.compat.clients import close_all
from vodfast.compat.vcloud import config

VECTORS: list[dict[str, Any]] = [
    vector
    for vector in json.loads(Path(__file__).parents[2].joinpath("vectors/netease.json").read_text())["vectors"]
    if vector["scheme"] == "sdk-resume-record"
]


@pytest.mark.parametrize("part", [2, 3])
def test_a_broken_off_upload_leaves_the_originals_record_and_is_taken_up_in_no_more_requests(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path, monkeypatch: Any,
    part: int,
) -> None:  # fmt: skip
    """In the middle, or at its last chunk, for which the original forgets its record."""
    path = media_file(2 * BLOCK + 9)
    broken_off(client, vodfast_emulator, monkeypatch, path, part=part)
    (kept,) = records.iterdir()
    assert kept == record_path(records, path)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(records.stat().st_mode) == 0o700
    record = json.loads(kept.read_text())
    assert set(record) == {"bucket", "object", "xNosToken", "size", "context", "host"}
    assert set(record["host"]) == {"upload_host", "upload_host_backup"}
    assert (record["size"], record["xNosToken"][:7]) == (2 * BLOCK + 9, "UPLOAD ")
    close_all()
    before = len(vodfast_emulator.history())
    result = vcloud.Client(KEY, SECRET).upload_file(BODY, str(path))
    assert isinstance(result, vcloud.QueryResult)
    assert result.objectName == record["object"]
    again = operations(vodfast_emulator)[before:]
    assert sorted(again) == ["chunk"] * (4 - part) + ["offset", "video/query"]  # the original: offset, chunks, query
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not list(records.iterdir())


def test_an_upload_begun_by_the_original_is_taken_up(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path
) -> None:
    """Its record names its nodes by plain http and stays open after all bytes of a whole number of chunks."""
    path = media_file(2 * BLOCK)
    init, host = client.upload_init(BODY), client.get_upload_host()
    assert init is not None
    assert host is not None
    context = chunks_of_the_original(vodfast_emulator, init, path.read_bytes())
    records.mkdir()
    record_path(records, path).write_text(
        json.dumps(
            {
                "bucket": init.bucket,
                "object": init.objectName,
                "xNosToken": init.xNosToken,
                "size": 2 * BLOCK,
                "context": context,
                "host": {
                    "upload_host": "http://nosup-hz1.127.net",
                    "upload_host_backup": "http://nosup-hz2.127.net",
                },
            }
        )
    )
    result = client.upload_file(BODY, str(path))
    assert isinstance(result, vcloud.QueryResult)
    assert result.objectName == init.objectName
    item = the_media(vodfast_emulator)
    assert item["objects"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert vodfast_emulator.meter()["parts_stored"] == 3  # two of the original's, and an empty one that ends it
    assert not list(records.iterdir())


def test_a_finished_upload_whose_record_stayed_is_not_sent_again(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path, monkeypatch: Any
) -> None:
    path = media_file(BLOCK + 9)
    broken_off(client, vodfast_emulator, monkeypatch, path)
    (kept,) = records.iterdir()
    text = kept.read_text()
    first = client.upload_file(BODY, str(path))
    kept.write_text(text)
    before = len(vodfast_emulator.history())
    again = client.upload_file(BODY, str(path))
    assert isinstance(first, vcloud.QueryResult)
    assert isinstance(again, vcloud.QueryResult)
    assert vars(again) == vars(first)
    assert operations(vodfast_emulator)[before:] == ["video/query"]
    assert not list(records.iterdir())


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: "[]",
        lambda text: text.replace('"size": 4194313', '"size": 4194312'),
        lambda text: json.dumps(json.loads(text) | {"host": None}),
        lambda text: json.dumps({}),
    ],
)
def test_a_record_of_no_use_is_left_aside(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path, monkeypatch: Any,
    damage: Callable[[str], str],
) -> None:  # fmt: skip
    path = media_file(BLOCK + 9)
    broken_off(client, vodfast_emulator, monkeypatch, path)
    (kept,) = records.iterdir()
    kept.write_text(damage(kept.read_text()))
    assert client.upload_file(BODY, str(path)) is not None
    assert operations(vodfast_emulator).count("upload/init") == 2
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_record_that_somebody_else_put_there_is_left_aside(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = vcloud.UploadProgressRecorder(str(records))
    recorder.set_upload_record("a.mp4", 1.0, {"object": "o"})
    assert recorder.get_upload_record("a.mp4", 1.0) == {"object": "o"}
    stranger = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: stranger)
    assert recorder.get_upload_record("a.mp4", 1.0) is None


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_dead_token_or_context_in_a_record_is_no_dead_end(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path, monkeypatch: Any,
    status: int,
) -> None:  # fmt: skip
    path = media_file(BLOCK + 9)
    broken_off(client, vodfast_emulator, monkeypatch, path)
    vodfast_emulator.set_faults([{"match": {"operation": "offset"}, "action": "status", "code": status}])
    assert client.upload_file(BODY, str(path)) is not None
    assert operations(vodfast_emulator).count("upload/init") == (2 if status == 403 else 1)
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not list(records.iterdir())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_records_are_the_originals(vector: dict[str, Any], tmp_path: Path) -> None:
    given, expected = vector["inputs"], vector["expected"]
    recorder = vcloud.UploadProgressRecorder(str(tmp_path / "new" / "folder"))
    assert recorder.get_upload_record(given["file_name"], given["mtime"]) is None
    recorder.set_upload_record(given["file_name"], given["mtime"], given["data"])
    assert recorder.get_upload_record(given["file_name"], given["mtime"]) == given["data"]
    (kept,) = (tmp_path / "new" / "folder").iterdir()
    if expected["sdk_error"] is None:  # a name with a slash is one the original cannot write
        assert (kept.name, kept.read_text()) == (expected["record_name"], expected["content"])
    recorder.delete_upload_record(given["file_name"], given["mtime"])
    recorder.delete_upload_record(given["file_name"], given["mtime"])
    assert not list((tmp_path / "new" / "folder").iterdir())


def test_a_record_folder_that_cannot_be_written_fails_loudly(
    client: vcloud.Client, media_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = media_file(BLOCK + 9)
    monkeypatch.setattr(config, "TMP_FILE", str(path))
    with pytest.raises(OSError, match=r"clip\.mp4"):
        client.upload_file(BODY, str(path))


def test_two_uploads_of_one_file_at_once_do_not_take_up_each_others_record(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path
) -> None:
    path = str(media_file(2 * BLOCK + 1))
    inner: list[Any] = []

    def meanwhile(offset: int, size: int) -> None:
        if not inner:
            assert len(list(records.iterdir())) == 1
            inner.append(client.upload_file(BODY, path))

    outer = client.upload_file(BODY, path, meanwhile)
    assert outer is not None
    assert outer.vid != inner[0].vid
    assert [item["objects"][0]["size"] for item in vodfast_emulator.media()] == [2 * BLOCK + 1] * 2
    assert not list(records.iterdir())


def test_an_empty_folder_name_is_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recorder = vcloud.UploadProgressRecorder("")
    recorder.set_upload_record("a.mp4", 1.5, {"size": 1})
    assert recorder.get_upload_record("a.mp4", 1.5) == {"size": 1}
    assert len(list(tmp_path.iterdir())) == 1
