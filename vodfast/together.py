"""Several things at once, all or none.

Decides how many are under way and what one's failure means for the others. Leaves what the things are to the callers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")


def stop_if_cancelled() -> None:
    """After something that is seen through in spite of a cancellation: it was the last."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def together(things: Sequence[K], one: Callable[[K], Awaitable[T]], width: int) -> dict[K, T]:
    """Do one thing after another, `width` of them at a time: all or none. The first failure cancels what is under way
    and waits until that has cleaned up.
    """
    if len(things) == 1:
        return {thing: await one(thing) for thing in things}
    results: dict[K, T] = {}
    queue = iter(things)

    async def work() -> None:
        for thing in queue:
            results[thing] = await one(thing)
            stop_if_cancelled()

    tasks = [asyncio.ensure_future(work()) for _ in range(min(width, len(things)))]
    try:
        if tasks:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()
        return results
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
