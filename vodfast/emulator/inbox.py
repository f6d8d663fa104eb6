"""What a client has sent and nobody has used yet.

Decides where arriving bytes go and what a complete request head is. Leaves what is read of it to `connection.py`.
"""

from __future__ import annotations

from vodfast.emulator.messages import MAX_HEAD, BadRequest
from vodfast.emulator.tls import GREETING


class Inbox:
    """A buffer that is filled at its end and used from its front."""

    __slots__ = ("_data", "_end", "_start", "_view")

    def __init__(self) -> None:
        self._data = bytearray(2 * MAX_HEAD)
        self._view = memoryview(self._data)
        self._start = self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    @property
    def scratch(self) -> memoryview:
        """The whole of it, for bytes that are used at once: only while nothing waits in it."""
        return self._view

    @property
    def front(self) -> memoryview:
        """What waits."""
        return self._view[self._start : self._end]

    def room(self) -> memoryview:
        """Room for more, never empty, and little enough that a client who is made to wait has not sent much."""
        if self._start and self._end + MAX_HEAD > len(self._data):
            self._data[: len(self)] = self._data[self._start : self._end]
            self._start, self._end = 0, len(self)
        if self._end == len(self._data):
            self._view.release()
            self._data.extend(bytes(len(self._data)))
            self._view = memoryview(self._data)
        return self._view[self._end : self._end + MAX_HEAD]

    @property
    def full(self) -> bool:
        """Whether the client should wait until some of it is used."""
        return len(self) >= MAX_HEAD

    def added(self, count: int) -> None:
        """`count` bytes of the last `room` are filled."""
        self._end += count

    def used(self, count: int) -> None:
        """The first `count` bytes need not be kept."""
        self._start += count

    def head(self) -> bytes | None:
        """Take a request head, through its empty line; None if it is not complete.

        Raises:
            BadRequest: it is too long, or the client speaks TLS where HTTP is spoken.
        """
        while self._data.startswith(b"\r\n", self._start, self._end):
            self._start += 2
        end = self._data.find(b"\r\n\r\n", self._start, self._end)
        if end < 0:
            if self._data.startswith(GREETING, self._start, self._end):
                raise BadRequest("a TLS greeting where plain HTTP is spoken: a tunnel with TLS leads to port 443")
            if len(self) >= MAX_HEAD:
                raise BadRequest("the request head is too large", 431)
            return None
        head = bytes(self._view[self._start : end + 4])
        self._start = end + 4
        return head
