"""From `config` to a client, and what calls say of the exchange.

Decides how the module's settings become those of vodfast, at the moment of the call. Leaves open clients to
`compat/clients.py`.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from vodfast.blocking import Client
from vodfast.compat.clients import shared_client
from vodfast.compat.vcloud import config
from vodfast.config import MIB, TransferConfig, parse_route
from vodfast.errors import ConfigError, CredentialsError, VodfastError

log = logging.getLogger("vodfast.compat.vcloud")

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_DEFAULT_LOOKUP = "wanproxy.127.net"


class Account(NamedTuple):
    """Whose keys a call is made with."""

    key: str | None
    secret: str | None


class Response(NamedTuple):
    """What there is here of an answer over HTTP."""

    status_code: int
    text: str


class ResponseInfo:
    """How an exchange ended: `response` or None, its `status_code` (-1 without one) and `text_body`, and as `exception`
    and, in words, `error` what failed, if anything did.
    """

    def __init__(self, response: Any, exception: BaseException | None = None) -> None:
        self.response = response
        self.exception = exception
        self.status_code: int = -1 if response is None else response.status_code
        self.text_body: str | None = None if response is None else response.text
        self.error = None if exception is None else str(exception)

    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.status_code == 200

    def need_retry(self) -> bool:
        """Whether another attempt could help. Attempts that could were made already."""
        return self.connect_failed() or self.status_code // 100 == 5

    def connect_failed(self) -> bool:
        """Whether there was no answer."""
        return self.response is None

    def __repr__(self) -> str:
        return ", ".join(f"{name}:{value}" for name, value in vars(self).items())


def failed(error: VodfastError) -> ResponseInfo:
    """The end of an exchange that failed; the log says why, as the return values here cannot."""
    log.error("%s", error)
    return ResponseInfo(Response(error.status, "") if error.status not in (None, 200) else None, error)


def connected(account: Account) -> AbstractContextManager[Client]:
    """A client with an account's keys and the settings of this moment.

    Raises:
        ConfigError: there are no keys, or a setting cannot be used.
    """
    if not account.key or not account.secret:
        raise CredentialsError("there are no keys: give AppKey and AppSecret to Client or Transport", cloud="netease")
    transfer = TransferConfig(
        part_size=min(max(config._BLOCK_SIZE, MIB), 4 * MIB),
        max_connections=min(max(config.POOL_CONNECTIONS, 1), 512),
        connect_timeout=_seconds_to_connect(config.CONNECTION_TIMEOUT),
        attempts=min(max(_retries(config.CONNECTION_RETRIES), 0) + 1, 100),
        resume=False,  # the records in TMP_FILE are what is taken up again
    )
    settings: dict[str, Any] = {}
    scheme, host, port = _address(config.VCLOUD_API_HOST)
    if host in _LOOPBACK:
        transfer = msgspec.structs.replace(transfer, route=parse_route(f"{scheme}://{host}:{port or 80}"))
    else:
        settings["endpoint"] = f"{host}:{port}" if port not in (None, 80, 443) else host
    _, lookup, _ = _address(config.WANPROXY_HOST)
    if lookup not in (*_LOOPBACK, _DEFAULT_LOOKUP):
        settings["lookup"] = lookup
    return shared_client("netease", account.key, account.secret, settings=settings, config=transfer)


def _seconds_to_connect(timeout: Any) -> float:
    """Of a timeout as `requests` takes it: seconds, a pair of them (to connect, to read), or None for no limit."""
    seconds = timeout[0] if isinstance(timeout, tuple) else timeout
    return TransferConfig().connect_timeout if seconds is None else float(seconds)


def _retries(retries: Any) -> int:
    """Of retries as `requests` takes them: a number, or urllib3's `Retry` with one in `total`."""
    return int(getattr(retries, "total", retries) or 0)


def _address(text: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        scheme, host, port, path = parts.scheme, parts.hostname or "", parts.port, parts.path
    except ValueError:
        scheme, host, port, path = "", "", None, ""
    if not host or scheme not in ("http", "https") or path not in ("", "/"):
        raise ConfigError(f"{text!r} in vcloud.config is no address", cloud="netease")
    return scheme, host, port
