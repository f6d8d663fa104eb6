"""One source that a service fetches by itself.

Decides what is fetched: loopback http addresses really are, hosts under `.invalid` fail, and any other address becomes
a small synthetic media that names its URL. Decides also how far a pull has come: one step each time it is asked about,
the last not before the source has been read. Leaves the names of the steps and what a pull makes to each cloud.
"""

from __future__ import annotations

from collections.abc import Mapping

from vodfast.emulator import outbound
from vodfast.emulator.loopback import is_loopback
from vodfast.emulator.web_address import web_host

STEPS = 3


class Unreachable(Exception):
    """The source cannot be had; the text says why."""


class Pull:
    """The fetching of one URL. `asked` counts how often it was asked about, up to `STEPS`."""

    __slots__ = ("_fetching", "asked", "url")

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = url
        self.asked = 0
        self._fetching = outbound.fetch(url, headers) if is_loopback(self._host) else None

    @property
    def _host(self) -> str:
        return web_host(self.url)

    def advance(self) -> int:
        """The step it has come to, from 1."""
        held = self._fetching is not None and not self._fetching.done()
        self.asked = min(self.asked + 1, STEPS - held)
        return self.asked

    def read(self) -> bytes:
        """The source's bytes, once the last step is reached.

        Raises:
            Unreachable: there are none.
        """
        if self._host == "invalid" or self._host.endswith(".invalid"):
            raise Unreachable("The source host cannot be found.")
        if self._fetching is None:
            return f"vodfast emulator: stands for {self.url}\n".encode()
        if self._fetching.exception() is not None:
            raise Unreachable("The source cannot be fetched.")
        return self._fetching.result()
