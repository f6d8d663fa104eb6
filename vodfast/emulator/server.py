"""The listening socket and its loop: one port for plain HTTP, proxied HTTP and TLS.

Decides by the first byte of a connection whether it is TLS (0x16) or HTTP. Listens on loopback addresses only. Runs
on uvloop where it is installed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Coroutine
from typing import Any

from vodfast.emulator.connection import Connection
from vodfast.emulator.control import Control
from vodfast.emulator.routing import Router
from vodfast.emulator.tls import GREETING, Authority
from vodfast.emulator.world import World
from vodfast.errors import ConfigError

_FIRST_BYTE = 60.0
"""Seconds a connection may stay silent before its first byte."""


def new_loop() -> asyncio.AbstractEventLoop:
    """A uvloop loop, or asyncio's own where there is none."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class Server:
    """Accepts connections for one world. To be made, started and closed on its loop."""

    def __init__(self, world: World, address: str = "127.0.0.1", port: int = 0) -> None:
        """
        Raises:
            ConfigError: the address is not a loopback address, or the port is taken.
        """
        self._loop = asyncio.get_running_loop()
        self.world = world
        self.router = Router(world, Control(world))
        self.connections: set[Connection] = set()
        self._silent: dict[socket.socket, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._authority = self._make_authority()
        self._listener = _listen(address, port)
        self.port: int = self._listener.getsockname()[1]
        self._loop.add_reader(self._listener.fileno(), self._accept)

    def _make_authority(self) -> Authority | None:
        try:
            return Authority(self.world.blobs.directory, self.router.knows)
        except ModuleNotFoundError:
            return None

    @property
    def ca(self) -> str | None:
        """Path of the certificate to trust, None without TLS."""
        return self._authority.path if self._authority is not None else None

    def _accept(self) -> None:
        for _ in range(64):
            try:
                raw, _address = self._listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                return  # out of descriptors: what waits is accepted later
            raw.setblocking(False)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._silent[raw] = self._loop.call_later(_FIRST_BYTE, self._forget, raw)
            self._loop.add_reader(raw.fileno(), self._first_byte, raw)

    def _forget(self, raw: socket.socket) -> None:
        self._loop.remove_reader(raw.fileno())
        self._silent.pop(raw).cancel()
        raw.close()

    def _first_byte(self, raw: socket.socket) -> None:
        try:
            first = raw.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            first = b""
        if not first or (first == GREETING and self._authority is None):
            self._forget(raw)
            return
        self._loop.remove_reader(raw.fileno())
        self._silent.pop(raw).cancel()
        self.spawn(self._serve(raw, first == GREETING))

    async def _serve(self, raw: socket.socket, secure: bool) -> None:
        context = self._authority.context("localhost") if secure and self._authority is not None else None
        with contextlib.suppress(OSError):  # a client that left, or a handshake that failed
            await self._loop.connect_accepted_socket(lambda: Connection(self, raw, secure=secure), raw, ssl=context)

    def start_tls(self, connection: Connection, host: str) -> None:
        """End the TLS of a tunnel to `host` here."""
        self.spawn(self._upgrade(connection, host))

    async def _upgrade(self, plain: Connection, host: str) -> None:
        self.connections.discard(plain)
        if self._authority is None:
            plain.transport.close()
            return
        context = self._authority.context("localhost" if host in ("127.0.0.1", "::1") else host)
        inner = Connection(self, plain.raw, secure=True)
        with contextlib.suppress(OSError):
            transport = await self._loop.start_tls(plain.transport, inner, context, server_side=True)
            if transport is not None:
                inner.connection_made(transport)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin work that ends with the server, if not before."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Stop listening and end every connection."""
        self._loop.remove_reader(self._listener.fileno())
        self._listener.close()
        for raw in list(self._silent):
            self._forget(raw)
        for connection in list(self.connections):
            connection.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)


def _listen(address: str, port: int) -> socket.socket:
    if address == "localhost":
        address = "127.0.0.1"
    try:
        where = ipaddress.ip_address(address)
    except ValueError:
        where = None
    if where is None or not where.is_loopback:
        raise ConfigError(f"the emulator listens on loopback addresses only, not on {address}")
    family = socket.AF_INET6 if where.version == 6 else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise ConfigError(f"the emulator cannot listen on {address}:{port}: {error.strerror}") from None
    listener.setblocking(False)
    return listener
