"""Requests the emulator makes by itself: fetching pulled media and pushing callbacks, to loopback addresses only.

Decides timeouts and the size limit. Leaves what is fetched or pushed to the services.
"""

from __future__ import annotations

import concurrent.futures
import http.client
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from vodfast.emulator.loopback import is_loopback

T = TypeVar("T")

log = logging.getLogger("vodfast.emulator")

_TIMEOUT = 10.0
_PAUSE = 1.0
_MOST = 256 << 20
_slots = threading.Semaphore(8)
"""How many requests are under way at once."""


def fetch(url: str, headers: Mapping[str, str] | None = None) -> concurrent.futures.Future[bytes]:
    """The body behind a loopback http address; the future fails with OSError if it cannot be had."""
    return _submit(_fetch, url, headers or {})


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, attempts: int, tried: Callable[[int, str], None]
) -> concurrent.futures.Future[None]:
    """Post to a loopback http address, up to `attempts` times a second apart; the last failure is logged.

    `tried` is told of each attempt, on another thread: the status, 0 without an answer, and what was wrong if anything.
    """
    future = _submit(_insist, url, body, headers, attempts, tried)
    future.add_done_callback(_log_failure)
    return future


def _submit(work: Callable[..., T], *args: object) -> concurrent.futures.Future[T]:
    """Do it on a thread that does not hold up the end of the process, as those of an executor would."""
    future: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        with _slots:
            try:
                future.set_result(work(*args))
            except BaseException as error:
                future.set_exception(error)

    threading.Thread(target=run, name="vodfast-emulator-outbound", daemon=True).start()
    return future


def _fetch(url: str, headers: Mapping[str, str]) -> bytes:
    status, data = _exchange("GET", url, b"", headers)
    if not 200 <= status < 300:
        raise OSError(f"status {status}")
    return data


def _insist(
    url: str, body: bytes, headers: Mapping[str, str], attempts: int, tried: Callable[[int, str], None]
) -> None:
    for attempt in range(1, attempts + 1):
        status = 0
        try:
            status, _ = _exchange("POST", url, body, headers)
            problem = "" if 200 <= status < 300 else f"status {status}"
        except OSError as error:
            problem = str(error) or type(error).__name__
        tried(status, problem)
        if not problem:
            return
        if attempt < attempts:
            time.sleep(_PAUSE)
    raise OSError(problem)


def _log_failure(future: concurrent.futures.Future[None]) -> None:
    if future.exception() is not None:
        log.warning("a callback could not be delivered: %s", future.exception())


def _exchange(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None or not is_loopback(parts.hostname):
        raise OSError("the emulator calls loopback http addresses only")
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=_TIMEOUT)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body or None, dict(headers))
        response = connection.getresponse()
        data = response.read(_MOST + 1)
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()
    if len(data) > _MOST:
        raise OSError(f"more than {_MOST} bytes")
    return response.status, data
