"""What a connection needs of the server that accepted it.

Decides that seam and nothing else: sockets and tasks are the server's, bytes the connection's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from vodfast.emulator.routing import Router
from vodfast.emulator.world import World

if TYPE_CHECKING:
    from vodfast.emulator.connection import Connection


class Host(Protocol):
    """A server, as its connections see it."""

    world: World
    router: Router
    connections: set[Connection]

    def start_tls(self, connection: Connection, host: str) -> None: ...
    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]: ...
