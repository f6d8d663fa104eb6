"""Requests behind one another on one connection, sent without waiting for the answers to those before.

Decides when bytes are written and read, which request an answer belongs to (their order is all there is to tell), and
when the connection is of no further use. Leaves making it to `curl.py`, and what may be sent ahead of an answer to the
machines.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias
from urllib.parse import urlsplit

import httptools

from vodfast.config import MIB, TransferConfig
from vodfast.errors import ErrorKind, RetryClass, VodfastError
from vodfast.transfer.message import Reader, Request, Response, require_whole

_LARGEST_REPLY = MIB
"""Bytes of one answer, its head and any word that the request goes on included."""
_ROOM = 64 * 1024
"""Bytes read from the connection at a time."""


class Wire(Protocol):
    """A connection that is made, ready for bytes. Neither `write` nor `read_into` waits: None says that they would."""

    def fileno(self) -> int: ...
    def write(self, piece: memoryview) -> int | None:
        """How many bytes were taken. After None the same piece is to be given again.

        Raises:
            VodfastError: the connection broke.
        """

    def read_into(self, buffer: bytearray) -> int | None:
        """How many bytes came, 0 at their end.

        Raises:
            VodfastError: the connection broke.
        """

    def close(self) -> None: ...


Connect: TypeAlias = Callable[[Request], Awaitable[Wire]]
"""Makes a connection to where a request goes; raises `VodfastError`."""


class Pipeline:
    """Performs requests in the order of the calls of `send`, all on one connection, which the first of them opens.

    Once anything goes wrong the connection is closed: the oldest unanswered request fails with what happened, and
    those behind it are cancelled, as are all that come later. What became of them only the service can tell.
    """

    def __init__(self, connect: Connect, config: TransferConfig) -> None:
        self._connect = connect
        self._config = config
        self._origin: tuple[str, str | None] | None = None
        self._wire: Wire | None = None
        self._opening: asyncio.Task[None] | None = None
        self._closed = False
        # Those not written to their end, and those whose answer is due; while one is written it is both.
        self._outgoing: deque[_Exchange] = deque()
        self._due: deque[_Exchange] = deque()
        self._writing = False
        self._buffer = bytearray(_ROOM)
        self._answers = _Answers(self._answered)
        self._moved = 0
        self._watch: asyncio.TimerHandle | None = None

    async def send(self, request: Request, sent: Callable[[], None] | None = None) -> Response:
        """Perform one exchange behind those under way. `sent` is called when its last byte is written. Cancelling it
        closes the connection.

        Raises:
            VodfastError: kind NETWORK, TLS or CONFIG; `reached` tells whether the request may have had an effect.
            SourceChanged: the file behind the body turned out to be truncated.
            asyncio.CancelledError: the connection was closed while this was not the oldest request, or before.
        """
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}", request.address
        if self._closed or self._origin not in (None, origin):
            raise asyncio.CancelledError
        exchange = _Exchange(request, sent)
        idle = not (self._outgoing or self._due)
        self._outgoing.append(exchange)
        if self._origin is None:
            self._origin = origin
            self._opening = asyncio.create_task(self._open(request))
        elif self._wire is not None:
            if idle:
                self._look_for_stall_later()
            self._want_to_write(self._wire)
        try:
            return await exchange.answer
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; requests under way are cancelled."""
        self._break(None)

    async def _open(self, request: Request) -> None:
        try:
            wire = await self._connect(request)
        except Exception as error:
            self._opening = None
            self._break(error)
            return
        self._opening, self._wire = None, wire
        asyncio.get_running_loop().add_reader(wire.fileno(), self._read)
        self._want_to_write(wire)
        self._look_for_stall_later()

    def _want_to_write(self, wire: Wire) -> None:
        if not self._writing and self._outgoing:
            self._writing = True
            asyncio.get_running_loop().add_writer(wire.fileno(), self._write)

    def _write(self) -> None:
        """One piece, so that others on the loop get their turn."""
        wire, exchange = self._wire, self._outgoing[0]
        assert wire is not None
        try:
            if not exchange.begun:
                exchange.begun = True
                self._due.append(exchange)
            moved = exchange.write(wire, self._config.upload_buffer)
        except Exception as error:
            self._break(error)
            return
        self._moved += moved
        if exchange.out:
            self._outgoing.popleft()
            if not self._outgoing:
                self._writing = False
                asyncio.get_running_loop().remove_writer(wire.fileno())

    def _read(self) -> None:
        """All that is there: what TLS has taken from the socket already, nobody would tell of."""
        try:
            while (wire := self._wire) is not None:
                count = wire.read_into(self._buffer)
                if count is None:
                    return
                if count == 0:
                    raise self._failure("the connection was closed without an answer")
                self._moved += count
                self._answers.feed(memoryview(self._buffer)[:count])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, OverflowError):
            self._break(self._failure("the answer was not HTTP, or larger than any this service gives"))
        except Exception as error:
            self._break(error)

    def _answered(self, response: Response, keep: bool) -> None:
        """The oldest request has its answer."""
        if self._closed:
            return
        exchange = self._due.popleft()  # none: nothing was asked, and the answer is no answer
        exchange.settle(response)
        if not (keep and exchange.out):
            self.close()

    def _look_for_stall_later(self) -> None:
        """From now on it counts what moves."""
        if self._watch is not None:
            self._watch.cancel()
        self._moved = 0
        self._watch = asyncio.get_running_loop().call_later(self._config.stall_timeout, self._look_for_stall)

    def _look_for_stall(self) -> None:
        config, pending = self._config, self._outgoing or self._due
        if pending and self._moved < config.stall_speed * config.stall_timeout:
            self._break(self._failure("the exchange took too long or stalled"))
            return
        self._look_for_stall_later()

    def _failure(self, said: str) -> VodfastError:
        where = urlsplit(self._origin[0]).netloc if self._origin is not None else ""
        return VodfastError(f"{where}: {said}", kind=ErrorKind.NETWORK, retry=RetryClass.LATER)

    def _break(self, error: Exception | None) -> None:
        """Nothing more is sent or read: `error` is what the oldest request is told."""
        if self._closed:
            return
        self._closed = True
        wire, self._wire = self._wire, None
        if wire is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(wire.fileno())
            loop.remove_writer(wire.fileno())
            wire.close()
        if self._watch is not None:
            self._watch.cancel()
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None  # or what it has connected to by now would stay open as long as this
        for exchange in dict.fromkeys((*self._due, *self._outgoing)):
            exchange.fail(error)
            error = None
        self._due.clear()
        self._outgoing.clear()


class _Exchange:
    """One request on its way out, and the answer to come."""

    __slots__ = ("_piece", "_reader", "_request", "_sent", "answer", "begun")

    def __init__(self, request: Request, sent: Callable[[], None] | None) -> None:
        self._request = request
        self._sent = sent
        self._piece = memoryview(_head(request))
        self._reader: Reader | None = None
        self.answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.begun = False

    @property
    def out(self) -> bool:
        """Whether all of it is written."""
        return self.begun and not self._piece

    def write(self, wire: Wire, most: int) -> int:
        """Write as much of the next piece as the connection takes, at most `most` bytes of the body."""
        taken = wire.write(self._piece)
        if taken is None:
            return 0
        self._piece = self._piece[taken:]
        if not self._piece:
            self._go_on(most)
        return taken

    def _go_on(self, most: int) -> None:
        """The next piece of the body, or its end."""
        body = self._request.body
        if body is not None and not isinstance(body, bytes):
            if self._reader is None:
                self._reader = body.open(self._request.digest)
            self._piece = self._reader.read(most)
        if not self._piece:
            if self._reader is not None:
                require_whole(self._reader)
            self._let_go()
            if self._sent is not None:
                self._sent()

    def settle(self, response: Response) -> None:
        if not self.answer.done():
            self.answer.set_result(response)

    def fail(self, error: Exception | None) -> None:
        """It will not be answered; without an error it is cancelled."""
        self._let_go()
        if self.answer.done():
            return
        if error is None:
            self.answer.cancel()
            return
        if isinstance(error, VodfastError):
            error.operation = error.operation or self._request.operation
            error.reached = self.begun
            error.with_traceback(None)  # its frames hold what was being written
        self.answer.set_exception(error)

    def _let_go(self) -> None:
        """Of the memory behind the body: an error may be kept for long, and with it whatever it came by."""
        self._piece = memoryview(b"")
        if self._reader is not None:
            self._reader.close()


def _head(request: Request) -> bytes:
    """Request line and headers, which `message.py` has seen to be fit for the wire."""
    parts = urlsplit(request.url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    headers = [("host", parts.netloc), *request.headers]
    names = {name.lower() for name, _ in request.headers}
    body = request.body
    if "content-length" not in names:
        length = 0 if body is None else len(body) if isinstance(body, bytes) else body.length
        headers.append(("content-length", str(length)))
    if "user-agent" not in names:
        headers.append(("user-agent", "vodfast"))
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + (body if isinstance(body, bytes) else b"")


class _Answers:
    """Reads answers one after the other, within limits; `take` gets each, and whether the connection goes on."""

    def __init__(self, take: Callable[[Response, bool], None]) -> None:
        self._take = take
        self._parser = httptools.HttpResponseParser(self)
        self._clear()
        self._size = 0

    def _clear(self) -> None:
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()

    def feed(self, data: memoryview) -> None:
        """Whatever came.

        Raises:
            httptools.HttpParserError: it is not HTTP.
            httptools.HttpParserUpgrade: it will not be HTTP from here on.
            OverflowError: it is too much for one answer, whether of its head, its body or what comes before it.
        """
        self._size += len(data)
        if self._size > _LARGEST_REPLY:
            raise OverflowError
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1").strip().lower(), value.decode("latin-1").strip()))

    def on_body(self, piece: bytes) -> None:
        self._body += piece

    def on_message_complete(self) -> None:
        status, headers, body = self._parser.get_status_code(), tuple(self._headers), bytes(self._body)
        self._clear()
        if status >= 200:  # before it there may be word that the request goes on
            self._size = 0
            self._take(Response(status=status, headers=headers, body=body), self._parser.should_keep_alive())
