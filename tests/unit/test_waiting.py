"""Waiting: who is asked again, how often, and when it is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from vodfast import AsyncClient, Cancelled, TransferConfig
from vodfast.providers.contract import JobRecord
from vodfast.waiting import until_ended


class Cloud:
    """Jobs that end after some questions, and a clock that pauses move."""

    def __init__(self, questions: dict[str, int], under_way: str = "running") -> None:
        self.left = questions
        self.under_way = under_way
        self.asked: list[list[str]] = []
        self.pauses: list[float] = []
        self.now = 0.0

    async def ask(self, ids: Sequence[str]) -> list[JobRecord]:
        self.asked.append(list(ids))
        for one in ids:
            self.left[one] -= 1
        return [
            JobRecord(
                job_id=one, state=self.under_way if self.left[one] else "done", vendor_state=f"{self.left[one]} left"
            )
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


async def test_what_the_cloud_does_not_know_yet_is_asked_for_again_but_not_for_ever() -> None:
    cloud = Cloud({"late": 3, "never": 1000}, under_way="unknown")
    assert await cloud.wait(["late", "never"]) == ["done", "unknown"]
    assert cloud.asked == [["late", "never"], ["late", "never"], ["late", "never"], ["never"]]


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
        await answers(client, vodfast_emulator, 1)
        client.cancel()
        (job,) = await wait
        assert job.state == "waiting"
        wait = asyncio.create_task(client.wait_jobs([ticket.job_id]))
        await answers(client, vodfast_emulator, 2)
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait
        assert not client._stops


async def test_cancel_ends_a_question_that_gets_no_answer(
    slow: None, vodfast_emulator: Any, config_for: Callable[..., TransferConfig]
) -> None:
    vodfast_emulator.set_faults([{"action": "stall", "match": {"operation": "DescribeTaskDetail"}, "times": 0}])
    async with AsyncClient("tencent", config=config_for()) as client:
        wait = asyncio.create_task(client.wait_jobs(["1", "2"]))
        while not vodfast_emulator.faults()[0]["hits"]:
            await asyncio.sleep(0.005)
        client.cancel()
        with pytest.raises(Cancelled):
            await wait
        assert not client._stops


async def answers(client: AsyncClient, emulator: Any, count: int) -> None:
    """Until so many questions were answered, and the client has gone to sleep over the last."""
    # The history belongs to the emulator's own thread, which signals nothing.
    while sum(record["operation"] == "DescribeTaskDetail" for record in emulator.history()) < count:
        await asyncio.sleep(0.005)
    while client._engine.calls.in_flight:
        await asyncio.sleep(0)
    for _ in range(20):  # the answer goes from task to task
        await asyncio.sleep(0)
