"""An upload whose process is killed goes on in the next one: same session, same media, nothing sent twice that the
server has and the journal knows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.resume.conftest import CLOUDS, Upload, count


def stall(operation: str | None, **match: Any) -> dict[str, Any]:
    return {"action": "stall", "times": 0, "match": {"operation": operation, **match}}


@pytest.mark.parametrize("cloud", CLOUDS[:2], ids=str)
def test_an_upload_whose_id_was_never_written_down_is_not_left_open(upload: Upload) -> None:
    upload.killed({"action": "drop_reply", "times": 0, "match": {"operation": "InitiateMultipartUpload"}})
    history = upload.judge(upload.run())
    assert count(history, upload.cloud.apply) == 1


@pytest.mark.parametrize("cloud", CLOUDS[:2], ids=str)
def test_nor_is_it_if_the_next_process_is_killed_before_it_could_look(upload: Upload) -> None:
    upload.killed({"action": "drop_reply", "times": 0, "match": {"operation": "InitiateMultipartUpload"}})
    upload.killed(stall("ListMultipartUploads"), parts=1)
    result = upload.run()
    assert result.resumed
    upload.judge(result)


def test_in_mid_upload(upload: Upload) -> None:
    upload.killed(stall(upload.cloud.part, part_number=4), parts=0 if upload.cloud.appends else 5)
    before = len(upload.emulator.history())
    result = upload.run()
    assert (result.resumed, result.reused) == (True, False)
    history = upload.judge(result)
    assert count(history, upload.cloud.apply) == 1
    assert count(history[before:], upload.cloud.part) == (3 if upload.cloud.appends else 1)


@pytest.mark.parametrize("cloud", [cloud for cloud in CLOUDS if cloud.last], ids=str)
def test_before_the_parts_are_joined(upload: Upload) -> None:
    upload.killed(stall(upload.cloud.last))
    history = upload.judge(upload.run())
    assert count(history, upload.cloud.apply) == 1


@pytest.mark.parametrize("cloud", [cloud for cloud in CLOUDS if cloud.commit], ids=str)
@pytest.mark.parametrize("action", ["stall", "drop_reply"])
def test_around_the_commit(upload: Upload, action: str) -> None:
    upload.killed({"action": action, "times": 0, "match": {"operation": upload.cloud.commit}})
    history = upload.judge(upload.run())
    assert count(history, upload.cloud.apply) == 1
    assert count(history, upload.cloud.part) == 6


def test_after_the_last_answer_was_lost(upload: Upload) -> None:
    """The join, or the chunk that ends the object, took effect; the process died before it heard of it."""
    fault = {"action": "drop_reply", "times": 0, "match": {"operation": upload.cloud.last}}
    if upload.cloud.appends:
        fault["match"] = {"operation": upload.cloud.part, "nth": 6}
    upload.killed(fault)
    history = upload.judge(upload.run())
    assert count(history, upload.cloud.apply) == 1


def test_an_upload_killed_twice_is_still_continued(upload: Upload) -> None:
    upload.killed(stall(upload.cloud.part, nth=3))
    upload.killed(stall(upload.cloud.part, nth=2))
    history = upload.judge(upload.run())
    assert count(history, upload.cloud.apply) == 1
