"""Which service answers which host.

Decides by the real vendor host names; a loopback name means the control API under `/_emulator/` and otherwise
whichever service recognises the request by itself. Everything else is nobody's and never forwarded.
"""

from __future__ import annotations

from vodfast.emulator.control import PREFIX, Control
from vodfast.emulator.loopback import is_loopback
from vodfast.emulator.messages import Request
from vodfast.emulator.service import Service
from vodfast.emulator.world import World


class Router:
    """Finds the service for a request."""

    def __init__(self, world: World, control: Control) -> None:
        self._world = world
        self._control = control

    def route(self, request: Request) -> Service | None:
        """The service meant, None if no cloud has that host."""
        if not is_loopback(request.host):
            return self.named(request.host)
        if request.path.startswith(PREFIX):
            return self._control
        for cloud in self._world.clouds:
            service = cloud.recognise(request)
            if service is not None:
                return service
        return self._control

    def named(self, host: str) -> Service | None:
        """The service with that vendor host name."""
        for cloud in self._world.clouds:
            service = cloud.at(host)
            if service is not None:
                return service
        return None

    def knows(self, host: str) -> bool:
        """Whether a certificate may be made for `host`."""
        return is_loopback(host) or self.named(host) is not None
