"""Waiting: who is asked again, how often, and when it is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from vodfast import AsyncClient, TransferConfig
from vodfast.providers.contract import JobRecord
from vodfast.waiting import until_ended


class Cloud:
    """Jobs that end after some questions, and a clock that pauses move."""

    def __init__(self, questions: dict[str, int]) -> None:
        self.left = questions
        self.asked: list[list[str]] = []
        self.pauses: list[float] = []
        self.now = 0.0

    async def ask(self, ids: Sequence[str]) -> list[JobRecord]:
        self.asked.append(list(ids))
        for one in ids:
            self.left[one] -= 1
        return [
            JobRecord(job_id=one, state="running" if self.left[one] else "done", vendor_state=f"{self.left[one]} left")
            for one in ids
        ]

    async def pause(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.now += seconds
        return True

    async def wait(self, ids: Sequence[str], timeout: float | None = None) -> list[str]:
        records = await until_ended(self.ask, ids, timeout, self.pause, now=lambda: self.now)
        assert [record.job_id for record in records] == list(ids)
        return [record.state for record in records]


async def test_it_asks_ever_more_seldom() -> None:
    cloud = Cloud({"a": 8})
    assert await cloud.wait(["a"]) == ["done"]
    assert cloud.pauses == [1, 2, 4, 8, 15, 15, 15]


async def test_it_gives_up_in_time_and_says_how_things_are() -> None:
    cloud = Cloud({"a": 100})
    assert await cloud.wait(["a"], 10) == ["running"]
    assert cloud.pauses == [1, 2, 4, 3]


async def test_what_has_ended_is_not_asked_for_again_and_the_order_is_kept() -> None:
    cloud = Cloud({"a": 2, "b": 1, "c": 3})
    assert await cloud.wait(["c", "b", "a", "b"]) == ["done"] * 4
    assert cloud.asked == [["c", "b", "a"], ["c", "a"], ["c"]]


async def test_nothing_to_wait_for_asks_nothing() -> None:
    cloud = Cloud({})
    assert await cloud.wait([]) == []
    assert cloud.asked == []


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vodfast.waiting.FIRST_PAUSE", 3600.0)


async def test_cancel_ends_a_wait_with_what_is_known(
    slow: None, vodfast_emulator: Any, config_for: Callable[..., TransferConfig]
) -> None:
    async with AsyncClient("tencent", config=config_for()) as client:
        (ticket,) = await client.pull(["https://example.com/a.mp4"])
        wait = asyncio.create_task(client.wait_jobs([ticket.job_id]))
        while not client._pauses:  # noqa: ASYNC110  # it signals nothing
            await asyncio.sleep(0)
        client.cancel()
        (job,) = await wait
        assert job.state == "waiting"
        wait = asyncio.create_task(client.wait_jobs([ticket.job_id]))
        while not client._pauses:  # noqa: ASYNC110
            await asyncio.sleep(0)
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait
        assert not client._pauses
