"""Replies on their way to a client that is far away.

Decides when they arrive: in the order they were sent. Leaves what is done meanwhile to `connection.py`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Outbox:
    """`arrive` is given each reply when it is due; `emptied` is called when the last of them was."""

    __slots__ = ("_arrive", "_emptied", "_on_their_way")

    def __init__(self, arrive: Callable[[bytes], None], emptied: Callable[[], None]) -> None:
        self._arrive = arrive
        self._emptied = emptied
        self._on_their_way: deque[bytes] = deque()

    def __bool__(self) -> bool:
        return bool(self._on_their_way)

    def send(self, reply: bytes, seconds: float) -> None:
        """It arrives so much later."""
        self._on_their_way.append(reply)
        asyncio.get_running_loop().call_later(seconds, self._next)

    def hurry(self) -> None:
        """Everything arrives now, before something that follows it."""
        while self._on_their_way:
            self._next()

    def _next(self) -> None:
        if self._on_their_way:
            self._arrive(self._on_their_way.popleft())
            if not self._on_their_way:
                self._emptied()
