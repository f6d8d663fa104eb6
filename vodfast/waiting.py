"""Waiting for what a cloud does in its own time: asking again, ever more seldom, until it has ended.

Decides the pauses, who is asked again and when waiting is given up. Leaves asking, and how a pause is cut short, to
the client.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar

FIRST_PAUSE: float = 1.0
"""Seconds between the first two questions; doubled each time up to `LONGEST_PAUSE`."""
LONGEST_PAUSE: Final = 15.0

UNDER_WAY: Final = frozenset({"waiting", "running"})
"""States that are not the end: accepted is not finished."""


class Stated(Protocol):
    """Anything with a normalised state."""

    @property
    def state(self) -> str: ...


R = TypeVar("R", bound=Stated)


async def until_ended(
    ask: Callable[[Sequence[str]], Awaitable[Sequence[R]]],
    ids: Sequence[str],
    timeout: float | None,
    pause: Callable[[float], Awaitable[bool]],
    now: Callable[[], float] = time.monotonic,
) -> list[R]:
    """The records of `ids`, in their order, once none is under way, or as they are after `timeout` seconds.

    `ask` answers in the order asked; what has ended is not asked for again. `pause` waits for some seconds and says
    whether to go on.
    """
    deadline = None if timeout is None else now() + timeout
    wait, known = FIRST_PAUSE, dict[str, R]()
    left = list(dict.fromkeys(ids))
    while left:
        known |= zip(left, await ask(left))
        left = [one for one in left if known[one].state in UNDER_WAY]
        room = wait if deadline is None else deadline - now()
        if not left or room <= 0 or not await pause(min(wait, room)):
            break
        wait = min(wait * 2, LONGEST_PAUSE)
    return [known[one] for one in ids]
