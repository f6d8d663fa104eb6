"""One client connection: HTTP/1.1 in and out, with the fault plan applied to its bytes.

Decides framing, keep-alive, flow control and what faults do to the transport. Bodies that become objects are received
straight into the blob writer's window. Leaves meaning to the services and accepting to `server.py`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Coroutine
from typing import Any

from vodfast.emulator import faults, sockets
from vodfast.emulator.history import record_of
from vodfast.emulator.host import Host
from vodfast.emulator.inbox import Inbox
from vodfast.emulator.messages import BadRequest, Chunks, Reply, Request, parse_head
from vodfast.emulator.outbox import Outbox
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.substitutes import substitute

log = logging.getLogger("vodfast.emulator")

_MAX_BODY = 10 << 20
"""Bytes of a body that is held in memory (API calls, XML, control)."""
_UNTIL_SEEN = 0.05
"""Seconds between the last words on a connection and its end, so that the client reads them first."""
_PACE = 0.1
"""Seconds between pieces of a dripping body."""
_AT_THE_REPLY = (faults.DropReply, faults.TruncateReply, faults.Reset, faults.Drip)
"""Faults that strike when the reply is written."""


class Connection(asyncio.BufferedProtocol):
    """Serves one connection until it closes. `raw` is its socket."""

    def __init__(self, server: Host, raw: socket.socket, *, secure: bool) -> None:
        self._server = server
        self._world = server.world
        self._loop = asyncio.get_running_loop()
        self.raw = raw
        self.secure = secure
        self.transport: asyncio.Transport
        self._inbox = Inbox()
        self._call: Call | None = None
        self._fault: faults.Rule | None = None
        self._refusal: Reply | None = None
        self._chunks: Chunks | None = None
        self._remaining = 0
        self._limit: int | None = None
        self._busy = False
        self._held = False
        self._dripping = False
        self._deaf = False
        self._ended = False
        self._gone = False
        self._outbox = Outbox(self._write, self._pump_again)
        self._writable = asyncio.Event()
        self._writable.set()

    # Transport events

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]  # uvloop's transports do not subclass asyncio's
        self._server.connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._gone = True
        self._writable.set()
        self._server.connections.discard(self)
        if self._call is not None and not self._busy:
            self._record(self._call, 0, "ConnectionLost")
            self._abandon()

    def eof_received(self) -> bool:
        self._ended = True
        if not (self._busy or self._held or self._dripping):
            self._pump_again()
        return not self.secure and (self._busy or self._deaf or self._dripping or bool(self._outbox))

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def get_buffer(self, _: int) -> memoryview:
        call = self._call
        if self._deaf:
            return self._inbox.scratch
        if call is not None and not self._busy and self._chunks is None:
            room = self._remaining if self._limit is None else min(self._remaining, self._limit - call.received)
            if room > 0:
                window = call.writer.buffer() if call.writer is not None else self._inbox.scratch
                return window[: min(room, self._pace_size())]
        return self._inbox.room()

    def buffer_updated(self, nbytes: int) -> None:
        if self._deaf:
            return
        call = self._call
        try:
            if call is None or self._busy or self._chunks is not None or self._at_limit(call):
                self._inbox.added(nbytes)
                if self._busy and self._inbox.full:
                    self.transport.pause_reading()
            else:
                self._received(call, nbytes)
            self._pump()
        except BadRequest as error:
            self._bad(error)

    def _received(self, call: Call, count: int) -> None:
        """`count` body bytes stand in the place `get_buffer` gave."""
        if call.writer is not None:
            call.writer.advance(count)
            if call.writer.congested:
                self.transport.pause_reading()
        else:
            self._keep(call, self._inbox.scratch[:count])
        call.received += count
        self._remaining -= count
        self._pace(count)

    def _keep(self, call: Call, data: memoryview) -> None:
        if self._refusal is not None:
            return
        if len(call.body) + len(data) > _MAX_BODY:
            self._refuse(call, Refusal("RequestSizeLimitExceeded", "the request body is too large", None))
            return
        call.body += data

    # The pump: heads, then bodies, then answers, one exchange at a time

    def _pump(self) -> None:
        while not (self._busy or self._held or self._gone or self._dripping):
            call = self._call
            if call is None:
                if not self._next_head():
                    return
                continue
            if self._chunks is not None:
                self._decode_chunks(call, self._chunks)
            elif self._remaining and self._inbox:
                self._drain_inbox(call)
            if self._at_limit(call):
                self._break_off(call)
                return
            if self._remaining or (self._chunks is not None and not self._chunks.done):
                return
            self._finish(call)

    def _next_head(self) -> bool:
        """Start the next exchange if its head is complete."""
        head = self._inbox.head()
        if head is None:
            return False
        request = parse_head(head)
        if request.method == "CONNECT":
            self._tunnel(request)
            return not self._held
        service = self._server.router.route(request)
        if service is None:
            raise BadRequest(f"no cloud of this emulator has the host {request.host}; nothing is forwarded", 502)
        self._begin(Call(request, service, service.new_request_id(), self._world.generation))
        return True

    def _begin(self, call: Call) -> None:
        request = call.request
        self._call = call
        self._chunks = Chunks() if request.chunked else None
        self._remaining = request.length or 0
        try:
            call.service.open(call)
        except Refusal as refusal:
            self._refuse(call, refusal)
        if call.service.cloud and call.operation:
            self._choose_fault(call)
        if call.writer is not None:
            call.writer.on_relief = self._relieved
        if request.expects and (request.chunked or self._remaining):
            if self._refusal is None and substitute(self._fault, call) is None:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            else:
                request.keep_alive = False
                self._remaining, self._chunks = 0, None

    def _choose_fault(self, call: Call) -> None:
        fault = self._world.faults.pick(call.service.cloud, call.operation, call.part_number)
        self._fault = fault
        match fault:
            case faults.Stall(after_bytes=count) | faults.Reset(at_byte=count, of="request"):
                self._limit = count
            case faults.CorruptBody() if call.writer is not None:
                call.writer.flip = True
        if self._limit is not None and call.request.length is not None:
            self._limit = min(self._limit, call.request.length)

    def _decode_chunks(self, call: Call, chunks: Chunks) -> None:
        pieces, used = chunks.feed(self._inbox.front)
        for piece in pieces:
            room = len(piece) if self._limit is None else max(self._limit - call.received, 0)
            self._store(call, piece[:room])
        self._inbox.used(used)

    def _drain_inbox(self, call: Call) -> None:
        count = min(self._remaining, len(self._inbox))
        if self._limit is not None:
            count = min(count, self._limit - call.received)
        count = min(count, self._pace_size())
        self._store(call, self._inbox.front[:count])
        self._inbox.used(count)
        self._remaining -= count
        self._pace(count)

    def _store(self, call: Call, data: memoryview) -> None:
        if call.writer is not None:
            call.writer.write(data)
        else:
            self._keep(call, data)
        call.received += len(data)

    # Answering

    def _refuse(self, call: Call, refusal: Refusal) -> None:
        """The call is decided; what is left of its body will be read and dropped."""
        call.code = refusal.code
        self._refusal = call.service.refuse(call, refusal)
        self._drop_writer(call)

    def _drop_writer(self, call: Call) -> None:
        if call.writer is not None:
            call.writer.on_relief = None
            if call.writer.instant:
                call.writer.abandon()
            else:
                self._loop.run_in_executor(None, call.writer.abandon)
            call.writer = None
        call.body.clear()

    def _finish(self, call: Call) -> None:
        """The whole request is here."""
        self._busy = True
        if call.service.cloud:
            call.due = self._loop.time() + self._world.settings.latency
        if isinstance(self._fault, faults.Delay):
            call.due += self._fault.seconds
            self._loop.call_later(self._fault.seconds, self._act, call)
        else:
            self._act(call)

    def _act(self, call: Call) -> None:
        if isinstance(self._fault, faults.ExpireToken):
            call.service.expire(call)
        if self._outlived(call):
            return
        if self._refusal is not None:
            self._reply(call, self._refusal)
        elif call.writer is not None and not call.writer.instant:
            self._spawn(self._seal(call))
        else:
            if call.writer is not None:
                call.blob = call.writer.seal_now()
            self._answer(call)

    async def _seal(self, call: Call) -> None:
        assert call.writer is not None
        call.blob = await asyncio.wrap_future(call.writer.seal())
        if not self._outlived(call):
            self._answer(call)

    def _outlived(self, call: Call) -> bool:
        """Whether the emulator was reset since the call began. Nothing comes of it then, and the connection ends."""
        if call.generation == self._world.generation:
            return False
        if call.blob is not None:
            call.take().discard()
        self._abandon()
        self.abort()
        return True

    def _answer(self, call: Call) -> None:
        try:
            replacement = substitute(self._fault, call)
            result = call.service.answer(call) if replacement is None else replacement
        except Refusal as refusal:
            call.code = refusal.code
            result = call.service.refuse(call, refusal)
        except Exception:
            log.exception("the emulator failed on %s %s", call.operation, call.request.path)
            call.code = "InternalError"
            result = call.service.refuse(call, Refusal("InternalError", "the emulator failed; see its log"))
        if call.blob is not None:
            call.take().discard()
        if isinstance(result, Reply):
            self._reply(call, result)
        else:
            self._spawn(self._reply_later(call, result))

    async def _reply_later(self, call: Call, result: Awaitable[Reply]) -> None:
        self._reply(call, await result)

    def _reply(self, call: Call, reply: Reply) -> None:
        """Record the exchange, and send the reply once it is due. While a plain one is on its way, requests that were
        sent behind this one are taken up."""
        if isinstance(self._fault, faults.CorruptDigest):
            reply = call.service.lie(call, reply)
        self._record(call, reply.status, call.code)
        data = reply.encode(self._world.date(), call.request.keep_alive, call.request.method)
        wait = call.due - self._loop.time()
        if wait <= 0:
            self._deliver(call, reply, data)
        elif call.request.keep_alive and reply.stream is None and not isinstance(self._fault, _AT_THE_REPLY):
            self._outbox.send(data, wait)
            self._next(True)
        else:
            self._loop.call_later(wait, self._deliver, call, reply, data)

    def _write(self, data: bytes) -> None:
        if not self._gone:
            self.transport.write(data)

    def _deliver(self, call: Call, reply: Reply, data: bytes) -> None:
        """Write the reply as the fault plan lets it, go on to the next."""
        self._outbox.hurry()
        if self._gone:
            self._clear()
            return
        keep = call.request.keep_alive
        match self._fault:
            case faults.DropReply():
                self._close()
            case faults.TruncateReply(at_byte=count):
                self.transport.write(data[:count])
                self._close()
            case faults.Reset(at_byte=count, of="response"):
                self.transport.write(data[:count])
                self._hold()
                self._loop.call_later(_UNTIL_SEEN, self.abort)
            case faults.Drip(bytes_per_second=pace) if not call.received:
                self._spawn(self._drip(data, pace, keep))
            case _ if reply.stream is not None and call.request.method != "HEAD":
                self._spawn(self._stream(data, reply, keep))
            case _:
                self.transport.write(data)
                self._next(keep)

    async def _drip(self, data: bytes, pace: float, keep: bool) -> None:
        step = max(1, int(pace * _PACE))
        for at in range(0, len(data), step):
            if self._gone:
                return
            self.transport.write(data[at : at + step])
            await asyncio.sleep(step / pace)
        self._next(keep)

    async def _stream(self, head: bytes, reply: Reply, keep: bool) -> None:
        assert reply.stream is not None
        self.transport.write(head)
        for piece in reply.stream:
            await self._writable.wait()
            if self._gone:
                return
            self.transport.write(piece)
        self._next(keep)

    def _next(self, keep: bool) -> None:
        self._clear()
        if not keep:
            self._close()
        elif self._inbox or self._ended:
            self._loop.call_soon(self._pump_again)

    def _pump_again(self) -> None:
        try:
            self._pump()
            if not self._inbox.full:
                self._resume()
            if self._ended and not (self._busy or self._dripping or self._held or self._outbox):
                self._close()
        except BadRequest as error:
            self._bad(error)

    def _clear(self) -> None:
        self._call = self._fault = self._refusal = self._chunks = self._limit = None
        self._remaining = 0
        self._busy = False

    # Faults on the transport

    def _at_limit(self, call: Call) -> bool:
        return self._limit is not None and call.received >= self._limit

    def _pace_size(self) -> int:
        if isinstance(self._fault, faults.Drip):
            return max(1, int(self._fault.bytes_per_second * _PACE))
        return 1 << 30

    def _pace(self, count: int) -> None:
        """After `count` bytes of a dripping body: rest as long as they should have taken."""
        if isinstance(self._fault, faults.Drip):
            self._dripping = True
            self.transport.pause_reading()
            self._loop.call_later(count / self._fault.bytes_per_second, self._drip_on)

    def _drip_on(self) -> None:
        self._dripping = False
        self._resume()
        self._pump_again()

    def _break_off(self, call: Call) -> None:
        self._record(call, 0, self._fault.name if self._fault else "")
        self._hold()
        self._abandon()
        if isinstance(self._fault, faults.Reset):
            self.abort()
        else:
            self._wait_for_leave(self._world.generation)

    def _wait_for_leave(self, generation: int) -> None:
        """Keep a stalled connection until the client closes its end or the emulator is reset."""
        if self._gone:
            return
        if generation != self._world.generation or sockets.peer_closed(self.raw):
            self.abort()
        else:
            self._loop.call_later(0.1, self._wait_for_leave, generation)

    def _hold(self) -> None:
        self._held = True
        self.transport.pause_reading()

    def _relieved(self) -> None:
        """A window was taken in; called from a thread."""
        try:
            self._loop.call_soon_threadsafe(self._resume)
        except RuntimeError:
            log.debug("a window was taken in after the server's loop had closed")

    def _resume(self) -> None:
        if not self._held and not self._gone and not self.transport.is_closing():
            self.transport.resume_reading()

    def abort(self) -> None:
        """End the connection with a TCP reset."""
        if self._gone:
            return
        sockets.reset_on_close(self.raw)
        self.transport.abort()

    def _close(self) -> None:
        self._held = True
        self.transport.close()

    def _abandon(self) -> None:
        if self._call is not None:
            self._drop_writer(self._call)
        self._call = None

    def _bad(self, error: BadRequest) -> None:
        """Answer bytes that cannot be read on from, and close."""
        reply = Reply(error.status, (("Content-Type", "text/plain"),), f"vodfast emulator: {error.message}\n".encode())
        self._abandon()
        self._clear()
        self._held = self._deaf = True
        self._outbox.hurry()
        self.transport.write(reply.encode(self._world.date(), False, "GET"))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._loop.call_later(_UNTIL_SEEN, self.transport.close)

    # Tunnels, tasks, history

    def _tunnel(self, request: Request) -> None:
        """CONNECT: a known host's port 443 becomes TLS on this connection, other ports go on in plain HTTP."""
        if not self._server.router.knows(request.host):
            raise BadRequest(f"no cloud of this emulator has the host {request.host}; nothing is forwarded", 502)
        self._outbox.hurry()
        self.transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if request.authority.endswith(":443"):
            if self._inbox:
                raise BadRequest("bytes were sent ahead of the tunnel")
            self._held = True
            self._server.start_tls(self, request.host)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._server.spawn(work).add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.error("the emulator failed while answering", exc_info=task.exception())
            self.abort()

    def _record(self, call: Call, status: int, code: str) -> None:
        if call.service.cloud and call.generation == self._world.generation:
            fault = self._fault.name if self._fault else None
            self._world.history.append(record_of(call, status=status, code=code, fault=fault, secure=self.secure))
