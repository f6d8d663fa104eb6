"""An upload whose process is killed goes on in the next one: same session, same media, nothing sent twice that the
server has and the journal knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.resume.conftest import CLOUDS, Cloud, count


def stall(operation: str | None, **match: Any) -> dict[str, Any]:
    return {"action": "stall", "times": 0, "match": {"operation": operation, **match}}


@pytest.mark.parametrize("cloud", CLOUDS[:2], ids=str)
def test_an_upload_whose_id_was_never_written_down_is_not_left_open(
    cloud: Cloud, movie: Path, killed: Callable[..., None], again: Callable[..., Any], judge: Callable[..., Any]
) -> None:
    killed(cloud, movie, {"action": "drop_reply", "times": 0, "match": {"operation": "InitiateMultipartUpload"}})
    history = judge(cloud, movie, again(cloud, movie))
    assert count(history, cloud.apply) == 1


@pytest.mark.parametrize("cloud", CLOUDS[:2], ids=str)
def test_nor_is_it_if_the_next_process_is_killed_before_it_could_look(
    cloud: Cloud, movie: Path, killed: Callable[..., None], again: Callable[..., Any], judge: Callable[..., Any]
) -> None:
    killed(cloud, movie, {"action": "drop_reply", "times": 0, "match": {"operation": "InitiateMultipartUpload"}})
    killed(cloud, movie, stall("ListMultipartUploads"), parts=1)
    result = again(cloud, movie)
    assert result.resumed
    judge(cloud, movie, result)


def test_in_mid_upload(
    cloud: Cloud,
    movie: Path,
    killed: Callable[..., None],
    again: Callable[..., Any],
    judge: Callable[..., Any],
    vodfast_emulator: Any,
) -> None:
    killed(cloud, movie, stall(cloud.part, part_number=4), parts=0 if cloud.appends else 5)
    before = len(vodfast_emulator.history())
    result = again(cloud, movie)
    assert (result.resumed, result.reused) == (True, False)
    history = judge(cloud, movie, result)
    assert count(history, cloud.apply) == 1
    assert count(history[before:], cloud.part) == (3 if cloud.appends else 1)


@pytest.mark.parametrize("cloud", [cloud for cloud in CLOUDS if cloud.last], ids=str)
def test_before_the_parts_are_joined(
    cloud: Cloud, movie: Path, killed: Callable[..., None], again: Callable[..., Any], judge: Callable[..., Any]
) -> None:
    killed(cloud, movie, stall(cloud.last))
    history = judge(cloud, movie, again(cloud, movie))
    assert count(history, cloud.apply) == 1


@pytest.mark.parametrize("cloud", [cloud for cloud in CLOUDS if cloud.commit], ids=str)
@pytest.mark.parametrize("action", ["stall", "drop_reply"])
def test_around_the_commit(
    cloud: Cloud,
    movie: Path,
    killed: Callable[..., None],
    again: Callable[..., Any],
    judge: Callable[..., Any],
    action: str,
) -> None:
    killed(cloud, movie, {"action": action, "times": 0, "match": {"operation": cloud.commit}})
    history = judge(cloud, movie, again(cloud, movie))
    assert count(history, cloud.apply) == 1
    assert count(history, cloud.part) == 6


def test_after_the_last_answer_was_lost(
    cloud: Cloud, movie: Path, killed: Callable[..., None], again: Callable[..., Any], judge: Callable[..., Any]
) -> None:
    """The join, or the chunk that ends the object, took effect; the process died before it heard of it."""
    fault = {"action": "drop_reply", "times": 0, "match": {"operation": cloud.last}}
    if cloud.appends:
        fault["match"] = {"operation": cloud.part, "nth": 6}
    killed(cloud, movie, fault)
    history = judge(cloud, movie, again(cloud, movie))
    assert count(history, cloud.apply) == 1


def test_twice_over(
    cloud: Cloud, movie: Path, killed: Callable[..., None], again: Callable[..., Any], judge: Callable[..., Any]
) -> None:
    killed(cloud, movie, stall(cloud.part, nth=3))
    killed(cloud, movie, stall(cloud.part, nth=2))
    history = judge(cloud, movie, again(cloud, movie))
    assert count(history, cloud.apply) == 1
