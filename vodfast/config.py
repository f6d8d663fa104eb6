"""Tuning and routing, as frozen records.

Decides names, defaults and ranges. Leaves the use of each value to the part of the engine it belongs to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from vodfast.errors import ConfigError

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
_DAY = 86400.0


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Send every connection to one address while URLs, Host headers and signatures stay those of production.

    `scheme` is what is spoken there: https, or http for an emulator on loopback only.
    """

    host: str
    port: int
    scheme: str = "https"
    emulator: bool = False

    @property
    def loopback(self) -> bool:
        return self.host in ("127.0.0.1", "localhost", "::1")


class TransferConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How the engine moves bytes. The defaults need no tuning; every size is bytes, every time seconds.

    Memory: mapped files weigh nothing; buffered stream parts are held to `memory_budget` in sum, plus one upload
    buffer (`upload_buffer`) for each of at most `max_connections` connections.
    """

    part_size: int | None = None
    """Size of a part; None chooses it from the object's size and the store's limits."""
    max_connections: int = 32
    """Upper bound of the adaptive window of connections in flight, over all transfers."""
    start_connections: int = 8
    """Where the window starts."""
    max_calls: int = 32
    """Upper bound of control-plane calls in flight."""
    memory_budget: int = 256 * MIB
    """Bytes of buffered stream parts over all transfers; running out means waiting."""
    bandwidth: int | None = None
    """Bytes per second over all transfers, None for no limit."""
    attempts: int = 6
    """Requests made for one step before giving up."""
    backoff_base: float = 0.2
    backoff_cap: float = 20.0
    retry_ratio: float = 0.1
    """Extra requests allowed per successful one, beside the fixed `retry_reserve`."""
    retry_reserve: int = 100
    connect_timeout: float = 10.0
    stall_timeout: float = 30.0
    """A transfer slower than `stall_speed` for this long is broken off and retried. There is no other deadline."""
    stall_speed: int = 1024
    upload_buffer: int = 384 * KIB
    """libcurl's buffer for each body in flight. Larger ones of eight connections push each other out of the caches."""
    ca_bundle: str | None = None
    """Path of a PEM file with the certificate authorities to trust instead of the system's."""
    proxy: str | None = None
    """URL of an HTTP or SOCKS proxy; None uses none, whatever the environment says, unless `trust_env`."""
    trust_env: bool = False
    """Honour the proxy variables of the environment."""
    route: Route | None = None
    settle_seconds: float = 10.0
    """How long cancellation may take to abort what was started, and a service is asked what became of the last bytes
    where their answer is lost and they alone make the media."""
    resume: bool = True
    """Keep a journal, so that the same call or command continues an interrupted upload and uploads nothing twice."""
    state_dir: str | None = None
    """Directory of the journal; None for the user's own (`~/.local/state/vodfast`)."""
    source_check: Literal["stat", "hash"] = "stat"
    """How an interrupted upload is taken up: `stat` believes a file that was not touched since, `hash` reads again
    what was sent and compares checksums. A file that was touched is always read."""

    def __post_init__(self) -> None:
        checks = (
            (self.part_size is None or self.part_size >= MIB, "part_size must be at least 1 MiB"),
            (1 <= self.max_connections <= 512, "max_connections must be between 1 and 512"),
            (self.start_connections >= 1, "start_connections must be at least 1"),
            (1 <= self.max_calls <= 512, "max_calls must be between 1 and 512"),
            (self.memory_budget >= 16 * MIB, "memory_budget must be at least 16 MiB"),
            (self.bandwidth is None or self.bandwidth >= 64 * KIB, "bandwidth must be at least 64 KiB/s"),
            (1 <= self.attempts <= 100, "attempts must be between 1 and 100"),
            (16 * KIB <= self.upload_buffer <= 2 * MIB, "upload_buffer must be between 16 KiB and 2 MiB"),
            (self.source_check in ("stat", "hash"), "source_check must be stat or hash"),
            (0 <= self.backoff_base <= _DAY, "backoff_base must be between 0 and a day"),
            (0 <= self.backoff_cap <= _DAY, "backoff_cap must be between 0 and a day"),
            (self.retry_ratio >= 0, "retry_ratio must not be negative"),
            (self.retry_reserve >= 0, "retry_reserve must not be negative"),
            (0.001 <= self.connect_timeout <= _DAY, "connect_timeout must be between a millisecond and a day"),
            (1 <= self.stall_timeout <= _DAY, "stall_timeout must be between a second and a day"),
            (0 <= self.stall_speed < 1 << 31, "stall_speed must be between 0 and 2 GiB/s"),
            (0 <= self.settle_seconds <= _DAY, "settle_seconds must be between 0 and a day"),
            (_is_proxy(self.proxy), "proxy must be the URL of a proxy, such as http://proxy.example.com:3128"),
        )
        for ok, message in checks:
            if not ok:
                raise ConfigError(message)

    def __repr__(self) -> str:
        """Without the user and password of a proxy."""
        shown = msgspec.structs.replace(self, proxy=proxy_host(self.proxy)) if self.proxy else self
        return msgspec.Struct.__repr__(shown)


_PROXY = re.compile(r"(?:(?:https?|socks5h?)://)?(?:[\x21-\x2e\x30-\x3f\x41-\x7e]*@)?[A-Za-z0-9._:\[\]-]+/?")


def _is_proxy(url: str | None) -> bool:
    """Whether that is a proxy's address, or none at all. It may hold a password, so nobody shows it."""
    return not url or _PROXY.fullmatch(url) is not None


def proxy_host(url: str) -> str:
    """What may be shown of a proxy: its address without user and password."""
    return url.rpartition("@")[2].rpartition("//")[2].rstrip("/")


def parse_route(text: str) -> Route:
    """An emulator's address: `127.0.0.1:PORT`, or `https://127.0.0.1:PORT` to speak TLS to it.

    Raises:
        ConfigError: not an address, or not on loopback.
    """
    scheme, separator, rest = text.strip().rpartition("://")
    scheme = scheme if separator else "http"
    host, _, port = rest.rstrip("/").rpartition(":")
    host = host.strip("[]")
    route = Route(host=host, port=int(port) if port.isascii() and port.isdigit() else 0, scheme=scheme, emulator=True)
    if scheme not in ("http", "https") or not 0 < route.port < 65536 or not route.loopback:
        raise ConfigError(
            f"{text!r} is not an emulator's address: write 127.0.0.1:PORT, or https://127.0.0.1:PORT for TLS"
        )
    return route


_FROM_ENV: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "route": ("VODFAST_EMULATOR", parse_route),
    "ca_bundle": ("VODFAST_CA_BUNDLE", str),
    "proxy": ("VODFAST_PROXY", str),
    "state_dir": ("VODFAST_STATE_DIR", str),
}
"""Fields by the variable that sets them, and how its text is read."""


def config_from_env(config: TransferConfig | None = None, environ: Mapping[str, str] | None = None) -> TransferConfig:
    """Fill what the caller left open from the variables of `_FROM_ENV`; the caller's values win. An emulator is reached
    without the environment's proxy.

    Raises:
        ConfigError: `VODFAST_EMULATOR` is no emulator's address, or `VODFAST_PROXY` no proxy's.
    """
    env = os.environ if environ is None else environ
    chosen = config or TransferConfig()
    found: dict[str, Any] = {
        field: read(env[name])
        for field, (name, read) in _FROM_ENV.items()
        if getattr(chosen, field) is None and env.get(name)
    }
    route = found.get("route", chosen.route)
    if route is not None and route.emulator:
        found.pop("proxy", None)
    return msgspec.structs.replace(chosen, **found) if found else chosen


def state_directory(config: TransferConfig) -> str:
    """Where the journal is: the configured directory, or the user's own."""
    if config.state_dir is not None:
        return config.state_dir
    from platformdirs import user_state_path

    return str(user_state_path("vodfast"))
