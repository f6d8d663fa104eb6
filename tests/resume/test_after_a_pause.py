"""An upload that is cancelled for the time being: the same call goes on, and `gc` can end it instead."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.resume.conftest import CLOUDS, Upload, journalled_parts
from vodfast import Cancelled, Client

PACKAGE = Path(__file__).parents[1] / "media" / "hls" / "master.m3u8"


def cancelled(upload: Upload, source: Path, ready: Callable[[], bool], *, pause: bool) -> None:
    """A client is cancelled from another thread once it is `ready` for that."""
    ended: list[Any] = []
    with Client(upload.cloud.name, place=upload.cloud.place, config=upload.settings()) as client:

        def run() -> None:
            try:
                ended.append(client.upload(source))
            except Cancelled as error:
                ended.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        wait = threading.Event()
        while not ready():
            assert thread.is_alive(), ended
            wait.wait(0.01)
        client.cancel(pause=pause)
        thread.join()
    assert [type(end) for end in ended] == [Cancelled]


def paused(upload: Upload, *, pause: bool = True) -> None:
    """While its fourth part stays on its way, and the others are written down where they can be."""
    fault = {"action": "stall", "times": 0, "match": {"operation": upload.cloud.part, "part_number": 4}}
    upload.emulator.set_faults([fault])
    parts = 0 if upload.cloud.appends else 5

    def ready() -> bool:
        return upload.emulator.faults()[0]["hits"] > 0 and journalled_parts() >= parts

    cancelled(upload, upload.path, ready, pause=pause)
    upload.emulator.set_faults([])


def test_the_same_call_goes_on(upload: Upload) -> None:
    paused(upload)
    result = upload.run()
    assert result.resumed
    operations = [record["operation"] for record in upload.judge(result) if record["status"] == 200]
    assert operations.count(upload.cloud.part) == 6
    assert operations.count(upload.cloud.apply) == 1
    assert "DeleteObject" not in operations


def test_gc_takes_back_what_was_paused(upload: Upload) -> None:
    paused(upload)
    with Client(upload.cloud.name, place=upload.cloud.place, config=upload.settings()) as client:
        assert [item.label for item in client.take_back()] == [str(upload.path)]
        assert client.take_back() == []


@pytest.mark.parametrize("cloud", CLOUDS[:2], ids=str)
@pytest.mark.parametrize(("pause", "left"), [(True, ["applied"]), (False, ["aborted"])])
def test_only_a_pause_leaves_parts_in_the_store(upload: Upload, pause: bool, left: list[str]) -> None:
    paused(upload, pause=pause)
    assert [media["state"] for media in upload.emulator.media()] == left
    assert [media["open_uploads"] for media in upload.emulator.media()] == [int(pause)]


@pytest.mark.parametrize("cloud", CLOUDS[:3], ids=str)
def test_members_of_a_package_are_kept(upload: Upload) -> None:
    emulator = upload.emulator
    operation = {"volcengine": "DirectUpload"}.get(upload.cloud.name, "PutObject")
    emulator.set_faults([{"action": "stall", "times": 0, "match": {"operation": operation, "nth": 4}}])

    def stored() -> int:
        return sum(entry["operation"] == operation and entry["status"] == 200 for entry in emulator.history())

    cancelled(upload, PACKAGE, lambda: stored() >= 3 and emulator.faults()[0]["hits"] > 0, pause=True)
    assert "DeleteObject" not in {entry["operation"] for entry in emulator.history()}
    emulator.set_faults([])
    with Client(upload.cloud.name, place=upload.cloud.place, config=upload.settings()) as client:
        result = client.upload(PACKAGE)
    assert result.resumed
    made = [media["name"] for media in emulator.media() if media["state"] == "committed"]
    assert len(made) == len(set(made)) > 0
