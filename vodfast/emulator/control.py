"""The control API under `/_emulator/`, for loopback hosts only.

Decides paths, methods and JSON shapes: `GET health|media|history|deliveries|meter|faults|settings`,
`PUT faults|settings`, `POST reset`. Leaves the state to the world.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.world import World
from vodfast.errors import InvalidInput

PREFIX = b"/_emulator/"


class Control:
    """The control API as a service."""

    cloud = ""
    operations: frozenset[str] = frozenset()

    def __init__(self, world: World) -> None:
        self._world = world
        self._table: dict[tuple[str, bytes], Callable[[Call], Any]] = {
            ("GET", b"health"): lambda _: {
                "status": "ok",
                "clouds": [cloud.name for cloud in world.clouds],
                "instance": world.instance,
            },
            ("GET", b"media"): self._media,
            ("GET", b"history"): lambda _: world.history.records(),
            ("GET", b"deliveries"): lambda _: world.deliveries.records(),
            ("GET", b"meter"): lambda _: world.history.meter(),
            ("GET", b"faults"): lambda _: world.faults.describe(),
            ("PUT", b"faults"): self._load_faults,
            ("GET", b"settings"): lambda _: world.settings.describe(),
            ("PUT", b"settings"): self._configure,
            ("POST", b"reset"): self._reset,
        }

    def new_request_id(self) -> str:
        return ""

    def open(self, call: Call) -> None:
        request = call.request
        if not request.path.startswith(PREFIX):
            raise Refusal(
                "NoCloud",
                "this is the vodfast emulator: ask for it by a cloud's host name, or for /_emulator/health",
                404,
            )
        name = request.path[len(PREFIX) :].rstrip(b"/")
        if (request.method, name) not in self._table:
            known = any(path == name for _, path in self._table)
            shown = name.decode("ascii", "replace")
            message = f"{request.method} is not for /_emulator/{shown}" if known else f"there is no /_emulator/{shown}"
            raise Refusal("NoSuchPage", message, 405 if known else 404)
        if "origin" in dict(request.headers()):
            raise Refusal("Forbidden", "the control API is not for web pages", 403)
        call.context = self._table[request.method, name]

    def answer(self, call: Call) -> Reply | Awaitable[Reply]:
        handler = call.context
        assert callable(handler)
        try:
            result = handler(call)
        except InvalidInput as error:
            raise Refusal("InvalidInput", error.message, 400) from None
        if asyncio.isfuture(result):
            return _later(result)
        return _json(200, result)

    def _media(self, _: Call) -> asyncio.Future[list[dict[str, Any]]]:
        items = list(self._world.media)
        return asyncio.get_running_loop().run_in_executor(None, lambda: [item.describe() for item in items])

    def _load_faults(self, call: Call) -> list[dict[str, Any]]:
        self._world.faults.load(_decode(call))
        return self._world.faults.describe()

    def _configure(self, call: Call) -> dict[str, Any]:
        values = _decode(call)
        if not isinstance(values, dict):
            raise InvalidInput("settings are one JSON object")
        self._world.configure(self._world.settings.changed(values))
        return self._world.settings.describe()

    def _reset(self, _: Call) -> dict[str, str]:
        self._world.reset()
        return {"status": "ok"}

    def refuse(self, _: Call, refusal: Refusal) -> Reply:
        return _json(refusal.status or 400, {"error": refusal.message})

    def throttled(self) -> Refusal:
        return Refusal("Throttled", "", 429)

    def expire(self, call: Call) -> None: ...

    def lie(self, _: Call, reply: Reply) -> Reply:
        return reply


def _decode(call: Call) -> Any:
    try:
        return msgspec.json.decode(call.body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None


def _json(status: int, value: Any) -> Reply:
    return Reply(status, (("Content-Type", "application/json"),), msgspec.json.encode(value))


async def _later(result: asyncio.Future[Any]) -> Reply:
    return _json(200, await result)
