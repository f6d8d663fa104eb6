"""An emulator inside this process, on a thread of its own.

Decides starting and stopping, and the variables with which clients find it. Leaves everything else to the server.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from vodfast.emulator.server import Server, new_loop
from vodfast.emulator.settings import Settings
from vodfast.emulator.world import World

T = TypeVar("T")


class Emulator:
    """A running emulator on a loopback port, on a thread and loop of its own. Methods may be called from any thread.

    `Emulator(token_lifetime=5).start()` or `with Emulator() as emulator:`. Keywords are the settings of
    `vodfast.emulator.settings.Settings`. `port` 0 takes a free one.
    """

    def __init__(self, *, address: str = "127.0.0.1", port: int = 0, **settings: Any) -> None:
        """
        Raises:
            InvalidInput: no such setting, or a value out of range.
        """
        self._address = address
        self._wanted = port
        self._settings = Settings().changed(settings)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: Server | None = None
        self._world: World | None = None
        self._failure: BaseException | None = None

    def start(self) -> Self:
        """Listen. Starting a running emulator does nothing.

        Raises:
            ConfigError: the address is not loopback, or the port is taken.
        """
        if self._thread is not None:
            return self
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="vodfast-emulator", daemon=True)
        try:
            self._thread.start()
            ready.wait()
        except RuntimeError:  # there are too many threads
            self._thread = None
            raise
        except BaseException:  # a signal's, while the thread is on its way
            ready.wait()
            self.close()
            raise
        if self._failure is not None:
            self._thread.join()
            self._thread = None
            failure, self._failure = self._failure, None
            raise failure
        return self

    def _run(self, ready: threading.Event) -> None:
        loop = new_loop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._open())
            self._loop = loop
            ready.set()
            loop.run_forever()
            loop.run_until_complete(self._shut())
        except BaseException as error:
            self._failure = error
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
            if self._world is not None:
                self._world.close()
            ready.set()

    async def _open(self) -> None:
        self._world = World(self._settings)
        self._server = Server(self._world, self._address, self._wanted)

    async def _shut(self) -> None:
        if self._server is not None:
            await self._server.close()

    def close(self) -> None:
        """Stop, end all connections, remove everything stored. Idempotent."""
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        try:
            self._thread.join()
        finally:  # which a signal's exception may have come before
            self._thread.join()
            self._thread = self._loop = self._server = self._world = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("the emulator is not running: call start() first")
        return self._server

    def _ask(self, what: Callable[[World], T]) -> T:
        """Run something on the server's loop and wait for it."""
        world, loop = self._running().world, self._loop
        assert loop is not None

        async def ask() -> T:
            return what(world)

        return asyncio.run_coroutine_threadsafe(ask(), loop).result()

    @property
    def port(self) -> int:
        return self._running().port

    @property
    def endpoint(self) -> str:
        """`127.0.0.1:PORT`."""
        host = f"[{self._address}]" if ":" in self._address else self._address
        return f"{host}:{self.port}"

    @property
    def ca(self) -> str | None:
        """Path of the CA certificate in PEM; None if trustme is not installed (then there is no TLS)."""
        return self._running().ca

    @property
    def env(self) -> dict[str, str]:
        """Variables to export: `VODFAST_EMULATOR` for vodfast, the others for the vendors' SDKs."""
        proxy = f"http://{self.endpoint}"
        variables = {
            "VODFAST_EMULATOR": self.endpoint,
            "HTTP_PROXY": proxy,
            "HTTPS_PROXY": proxy,
            "http_proxy": proxy,
            "https_proxy": proxy,
            "NO_PROXY": "",
            "no_proxy": "",
        }
        for cloud in self._running().world.clouds:
            variables |= cloud.credential_variables()
        if self.ca is not None:
            variables |= {"REQUESTS_CA_BUNDLE": self.ca, "SSL_CERT_FILE": self.ca}
        return variables

    def media(self) -> list[dict[str, Any]]:
        """Every item, oldest first: `cloud`, `media_id`, `name`, `state`, `objects`. Hashes what was not hashed yet."""
        items = self._ask(lambda world: list(world.media))
        return [item.describe() for item in items]

    def history(self) -> list[dict[str, Any]]:
        """Every exchange so far, oldest first."""
        return self._ask(lambda world: world.history.records())

    def deliveries(self) -> list[dict[str, Any]]:
        """Every callback so far, oldest first: `cloud`, `media_id`, `event`, `url`, `status`, `attempts`, `error`.

        `status` is None while it is under way, and 0 if nobody answered or the address is not on loopback.
        """
        return self._ask(lambda world: world.deliveries.records())

    def meter(self) -> dict[str, Any]:
        """Counters of calls and effects."""
        return self._ask(lambda world: world.history.meter())

    def faults(self) -> list[dict[str, Any]]:
        """The fault plan in force, with `hits` per rule."""
        return self._ask(lambda world: world.faults.describe())

    def set_faults(self, plan: Sequence[dict[str, Any]]) -> None:
        """Replace the fault plan (see `vodfast.emulator.faults`).

        Raises:
            InvalidInput: the plan is not understood.
        """
        self._ask(lambda world: world.faults.load(list(plan)))

    def settings(self, **values: Any) -> dict[str, Any]:
        """Change settings; all of them as they are now.

        Raises:
            InvalidInput: no such setting, or a value out of range.
        """

        def change(world: World) -> dict[str, Any]:
            world.configure(world.settings.changed(values))
            return world.settings.describe()

        return self._ask(change)

    def reset(self) -> None:
        """Forget media, objects, sessions, faults and history, end stalled connections; settings stay."""
        self._ask(World.reset)

    def restore(self) -> None:
        """`reset`, and the settings given at the start."""

        def restore(world: World) -> None:
            world.configure(self._settings)
            world.reset()

        self._ask(restore)
