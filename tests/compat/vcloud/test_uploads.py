"""`vcloud.Client` on vodfast: what it takes, returns and shows, judged by the emulator."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.compat.vcloud.uploads import (
    BLOCK,
    BODY,
    KEY,
    SECRET,
)
from tests.conftest import content
from tests.oracle import operations, the_media
from vodfast.compat import vcloud


@pytest.mark.parametrize("size", [1, 1000, BLOCK, BLOCK + 9, 2 * BLOCK])
def test_a_file_arrives_and_its_media_is_named(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path, size: int
) -> None:
    shown: list[tuple[int, int]] = []
    result = client.upload_file(BODY, str(media_file(size)), lambda offset, total: shown.append((offset, total)))
    item = the_media(vodfast_emulator)
    assert isinstance(result, vcloud.QueryResult)
    assert vars(result) == {"objectName": item["objects"][0]["key"], "vid": int(item["media_id"]), "imgId": None}
    assert item["objects"][0]["sha256"] == hashlib.sha256(content(size)).hexdigest()
    chunks = -(-size // BLOCK)
    assert shown == [(min((number + 1) * BLOCK, size), size) for number in range(chunks)]
    assert operations(vodfast_emulator) == ["upload/init", "lbs"] + ["chunk"] * chunks
    assert not records.exists() or not list(records.iterdir())


def test_an_empty_file_arrives(client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path]) -> None:
    shown: list[tuple[int, int]] = []
    assert client.upload_file(BODY, str(media_file(0)), lambda *seen: shown.append(seen)) is not None
    assert the_media(vodfast_emulator)["objects"][0]["size"] == 0
    assert shown == [(0, 0)]


def test_the_body_travels_unchanged_and_the_handler_may_be_anything(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    body = {"originFileName": "片.mp4", "userFileName": "名", "typeId": "3", "presetId": None, "futureField": [1]}
    path = str(media_file(9))
    assert client.upload_file(body, path, "not callable", "video/mp4") is not None
    assert the_media(vodfast_emulator)["name"] == "名"
    vodfast_emulator.settings(netease_strict=True)  # then text is no number
    assert client.upload_file(body, path) is None


@pytest.mark.parametrize("spelled", [str, os.fsencode, Path])
def test_a_path_may_be_spelled_in_any_way(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], spelled: Callable[[Path], Any]
) -> None:
    assert client.upload_file(BODY, spelled(media_file(1000))) is not None
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(content(1000)).hexdigest()


def test_the_handler_runs_on_the_calling_thread(client: vcloud.Client, media_file: Callable[..., Path]) -> None:
    threads = set()
    client.upload_file(BODY, str(media_file(BLOCK + 1)), lambda *_: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}


def test_what_the_handler_raises_ends_the_upload_and_the_next_call_goes_on(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path
) -> None:
    path = str(media_file(3 * BLOCK + 1))
    delay = {"match": {"operation": "chunk", "part_number": 2}, "action": "delay", "seconds": 0.2}
    vodfast_emulator.set_faults([delay])

    def stop(offset: int, size: int) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        client.upload_file(BODY, path, stop)
    assert len(list(records.iterdir())) == 1
    assert client.upload_file(BODY, path) is not None
    assert operations(vodfast_emulator).count("upload/init") == 1
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(content(3 * BLOCK + 1)).hexdigest()
    assert not list(records.iterdir())


def test_an_interrupt_waits_for_no_chunk(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path
) -> None:
    stall = {"match": {"operation": "chunk", "part_number": 2}, "action": "stall", "after_bytes": 1}
    vodfast_emulator.set_faults([stall])

    def interrupt(offset: int, size: int) -> None:
        raise KeyboardInterrupt

    path = media_file(2 * BLOCK + 1)
    with pytest.raises(KeyboardInterrupt):
        client.upload_file(BODY, str(path), interrupt)
    assert len(list(records.iterdir())) == 1
    assert client.upload_file(BODY, str(path)) is not None
    assert operations(vodfast_emulator).count("upload/init") == 1


def test_every_call_makes_a_media_of_its_own(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    path = str(media_file(9))
    first, second = client.upload_file(BODY, path), client.upload_file(BODY, path)
    assert isinstance(first, vcloud.QueryResult)
    assert isinstance(second, vcloud.QueryResult)
    assert first.vid != second.vid
    assert vodfast_emulator.meter()["media_created"] == 2


def test_what_cannot_be_sent_is_refused_as_ever(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    path = media_file(9)
    with pytest.raises(FileNotFoundError):
        client.upload_file(BODY, str(path.with_name("nowhere.mp4")))
    with pytest.raises(IsADirectoryError):
        client.upload_file(BODY, str(path.parent))
    for body in ({}, None, "a.mp4", [BODY]):
        assert client.upload_file(body, str(path)) is None
        assert "originFileName is missing" in caplog.messages[-1]
    assert vodfast_emulator.history() == []


def test_none_is_the_answer_to_whatever_fails_and_the_log_says_why(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    path = str(media_file(9))
    assert vcloud.Client(KEY, "wrong").upload_file(BODY, path) is None
    assert "CheckSum" in caplog.text
    assert client.upload_file({}, path) is None
    assert client.upload_file({"originFileName": "a/b.mp4"}, path) is None
    caplog.clear()
    assert vcloud.Client(KEY, "wrong").upload_init(BODY) is None
    assert "CheckSum" in caplog.text
    vodfast_emulator.set_faults([{"match": {"operation": "lbs"}, "action": "status", "code": 404, "times": 0}])
    assert client.get_upload_host() is None
    with pytest.raises(FileNotFoundError):
        client.upload_file(BODY, f"{path}.missing")
    assert SECRET not in caplog.text


def test_queries_answer_a_result_the_services_words_or_a_fixed_text(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    result = client.upload_file({"originFileName": "logo.png"}, str(media_file(9)))
    assert isinstance(result, vcloud.QueryResult)
    assert result.vid is None
    found = client.query_id({"objectNames": [result.objectName]})
    assert isinstance(found, vcloud.QueryResult)
    assert vars(found) == vars(result)
    assert client.query_id({"objectNames": ["none.mp4"]}) is None
    assert client.query_id({"objectNames": []}) == b"objectNames is not a list of names."
    vodfast_emulator.set_faults([{"match": {"operation": "video/query"}, "action": "status", "code": 404, "times": 0}])
    assert client.query_id({"objectNames": ["a.mp4"]}) == "请求异常"


def test_callbacks_are_set_or_say_why_not(client: vcloud.Client, vodfast_emulator: Any) -> None:
    assert client.set_callback({"callbackUrl": "http://1.111.11.1"}) == "设置成功"
    refused = client.set_callback({"callbackUrl": 5})
    assert isinstance(refused, bytes)
    assert refused.decode() == "callbackUrl is not an http address."
    rule = {"match": {"operation": "upload/setcallback"}, "action": "status", "code": 404, "times": 0}
    vodfast_emulator.set_faults([rule])
    assert client.set_callback({"callbackUrl": "http://1.111.11.1"}) == "请求异常"


def test_the_media_is_asked_for_where_the_last_answer_does_not_name_it(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.settings(netease_callback="silent")
    result = client.upload_file({"originFileName": "logo.png"}, str(media_file(9)))
    assert isinstance(result, vcloud.QueryResult)
    assert (result.vid, result.imgId) == (None, int(the_media(vodfast_emulator)["media_id"]))


def test_an_overseas_account_uploads_as_well(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.settings(netease_storage="oss")
    result = client.upload_file(BODY, str(media_file(9)))
    assert isinstance(result, vcloud.QueryResult)
    assert result.vid == int(the_media(vodfast_emulator)["media_id"])
    assert client.upload_init(BODY) is None  # there is no token that an UploadInit could hold
