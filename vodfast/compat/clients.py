"""Clients kept open between the calls of a script: the vendors' SDKs are told keys with every object they make.

Decides which calls share a client (same cloud, keys, place and settings), and that the stand-ins mind the environment
as the vendors' SDKs do: proxies, `REQUESTS_CA_BUNDLE`. Leaves the calls themselves to each stand-in.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from vodfast.blocking import Client
from vodfast.config import TransferConfig, config_from_env
from vodfast.credentials import Credentials, is_emulator_key

_IDLE = 4
"""Clients kept open that nobody uses at the moment."""
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class _Entry:
    __slots__ = ("client", "users")

    def __init__(self, client: Client) -> None:
        self.client = client
        self.users = 0


class _Pool:
    """Clients by what they were opened with, those used last at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[Any, _Entry] = OrderedDict()

    @contextlib.contextmanager
    def using(self, key: Any, opened: Callable[[], Client]) -> Iterator[Client]:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                entry = self._entries[key] = _Entry(opened())
            self._entries.move_to_end(key)
            entry.users += 1
        try:
            yield entry.client
        finally:
            with self._lock:
                entry.users -= 1
                idle = [old for old, other in self._entries.items() if not other.users]
                surplus = [self._entries.pop(old).client for old in idle[: max(0, len(idle) - _IDLE)]]
            for client in surplus:
                client.close()

    def close(self) -> None:
        with self._lock:
            entries = [*self._entries.values()]
            self._entries.clear()
        for entry in entries:
            entry.client.close()

    def forget(self) -> None:
        """In a forked child: the threads behind these clients are the parent's."""
        self._lock = threading.Lock()
        self._entries = OrderedDict()


_POOL = _Pool()
close_all = _POOL.close
"""Ends every client; done at the end of the process by itself."""
atexit.register(close_all)
os.register_at_fork(after_in_child=_POOL.forget)


@contextlib.contextmanager
def shared_client(
    cloud: str,
    access_key: str,
    secret_key: str,
    token: str | None = None,
    *,
    place: str | None = None,
    settings: Mapping[str, object] | None = None,
    config: TransferConfig | None = None,
) -> Iterator[Client]:
    """A client with these keys, open for the block at least; safe in many threads at once.

    Where `VODFAST_EMULATOR` leads to an emulator, keys that are not an emulator's are not sent to it: its own take
    their place, so that a script with real keys in it can be tried out as it is.

    Raises:
        ConfigError: a setting cannot be used.
    """
    chosen = environment_config(config)
    credentials: Credentials | None = Credentials.of(access_key, secret_key, token)
    if chosen.route is not None and chosen.route.emulator and credentials and not is_emulator_key(credentials):
        credentials = None
    key = (cloud, credentials, place, tuple(sorted((settings or {}).items())), chosen)

    def opened() -> Client:
        return Client(cloud, credentials=credentials, config=chosen, place=place, settings=settings)

    with _POOL.using(key, opened) as client:
        yield client


def environment_config(
    config: TransferConfig | None = None, environ: Mapping[str, str] | None = None
) -> TransferConfig:
    """What the caller left open, filled from the environment the way the vendors' SDKs read it."""
    env = os.environ if environ is None else environ
    chosen = config_from_env(config, env)
    if chosen.route is None:
        chosen = msgspec.structs.replace(chosen, trust_env=True)
    if chosen.ca_bundle is None:
        bundles = (env.get(name, "") for name in _CA_VARIABLES)
        chosen = msgspec.structs.replace(chosen, ca_bundle=next(filter(os.path.isfile, bundles), None))
    return chosen
