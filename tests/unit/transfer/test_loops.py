"""Blocking functions beside an event loop: threads that are used again, and one that is stuck holds up nobody."""

import asyncio
import os
import threading

import pytest

from vodfast.errors import InvalidInput
from vodfast.transfer.loops import BackgroundLoop, in_thread


async def test_a_thread_is_used_again() -> None:
    seen = set()
    for _ in range(20):
        seen.add(await in_thread(threading.get_ident))
        await asyncio.sleep(0.001)  # it is free once it has answered
    assert len(seen) <= 2
    assert threading.get_ident() not in seen


async def test_one_that_is_stuck_holds_up_nobody() -> None:
    go_on = threading.Event()
    stuck = [asyncio.create_task(in_thread(go_on.wait)) for _ in range(10)]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(in_thread(int, "7"), 60) == 7
    stuck[0].cancel()
    await asyncio.wait(stuck[:1])
    assert stuck[0].cancelled()
    go_on.set()
    assert await asyncio.wait_for(asyncio.gather(*stuck[1:]), 60) == [True] * 9


async def test_an_error_is_the_callers() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await in_thread(int, "x")
    assert await in_thread(int, "7") == 7


def test_a_child_process_starts_its_own() -> None:
    assert asyncio.run(in_thread(int, "7")) == 7
    child = os.fork()
    if child == 0:
        os._exit(asyncio.run(asyncio.wait_for(in_thread(int, "7"), 60)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_loop_is_not_waited_for_in_its_own_thread() -> None:
    loop = BackgroundLoop()

    async def waits() -> int:
        return loop.run(asyncio.sleep(0, 1))

    async def goes_on_elsewhere() -> int:
        return await in_thread(loop.run, asyncio.sleep(0, 2))

    with pytest.raises(InvalidInput, match="another thread"):
        loop.run(waits())
    assert loop.run(goes_on_elsewhere()) == 2
    loop.close()
