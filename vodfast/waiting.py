"""Waiting for what a cloud does in its own time: asking again, ever more seldom, until it has ended.

Decides the pauses, who is asked again and when waiting is given up. Leaves asking, and how a pause is cut short, to
the client.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar

from vodfast.errors import Cancelled

FIRST_PAUSE: float = 1.0
"""Seconds between the first two questions; doubled each time up to `LONGEST_PAUSE`."""
LONGEST_PAUSE: Final = 15.0

UNDER_WAY: Final = frozenset({"waiting", "running"})
"""States that are not the end: accepted is not finished."""
PATIENCE: Final = 3
"""How often an id the cloud does not know is asked for again: what was made just now may not be listed yet."""


class Stated(Protocol):
    """Anything with a normalised state."""

    @property
    def state(self) -> str: ...


R = TypeVar("R", bound=Stated)


async def until_ended(
    ask: Callable[[Sequence[str]], Awaitable[Sequence[R] | None]],
    ids: Sequence[str],
    timeout: float | None,
    pause: Callable[[float], Awaitable[bool | None]],
    now: Callable[[], float] = time.monotonic,
) -> list[R]:
    """The records of `ids`, in their order, once none is under way, or as they are after `timeout` seconds. One that
    is unknown counts as under way for the first few questions.

    `ask` answers in the order asked; what has ended is not asked for again. `pause` waits for some seconds. Either says
    None to end the waiting at once.

    Raises:
        Cancelled: the waiting was ended before the first answer.
    """
    deadline = None if timeout is None else now() + timeout
    wait, known = FIRST_PAUSE, dict[str, R]()
    left, questions = list(dict.fromkeys(ids)), 0
    while left:
        answer = await ask(left)
        if answer is None:
            break
        known |= zip(left, answer)
        questions += 1
        going = UNDER_WAY if questions > PATIENCE else UNDER_WAY | {"unknown"}
        left = [one for one in left if known[one].state in going]
        room = wait if deadline is None else deadline - now()
        if not left or room <= 0 or not await pause(min(wait, room)):
            break
        wait = min(wait * 2, LONGEST_PAUSE)
    if not known and left:
        raise Cancelled("the waiting was cancelled before the first answer")
    return [known[one] for one in ids]
