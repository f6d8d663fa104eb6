"""Requests the emulator makes by itself: fetching pulled media and pushing callbacks, to loopback addresses only.

Decides the size limit, and how insistent a push is unless its service says otherwise. Leaves what is fetched or pushed
to the services.
"""

from __future__ import annotations

import concurrent.futures
import http.client
import logging
import threading
import time
from collections.abc import Callable, Container, Mapping
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from vodfast.emulator.loopback import is_loopback

T = TypeVar("T")

log = logging.getLogger("vodfast.emulator")

_TIMEOUT = 10.0
_PAUSE = 1.0
_MOST = 256 << 20
_slots = threading.Semaphore(8)
"""How many requests are under way at once."""


class Insistence(NamedTuple):
    """How often a callback is tried, a second apart, how long its receiver may take (seconds), and which statuses say
    that it was taken."""

    attempts: int = 1
    patience: float = _TIMEOUT
    taken: Container[int] = range(200, 300)


ONCE = Insistence()


def fetch(url: str, headers: Mapping[str, str] | None = None) -> concurrent.futures.Future[bytes]:
    """The body behind a loopback http address; the future fails with OSError if it cannot be had."""
    return _submit(_fetch, url, headers or {})


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, manner: Insistence, tried: Callable[[int, str], None]
) -> concurrent.futures.Future[None]:
    """Post to a loopback http address; the last failure is logged.

    `tried` is told of each attempt, on another thread: the status, 0 without an answer, and what was wrong if anything.
    """
    future = _submit(_insist, url, body, headers, manner, tried)
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
    url: str, body: bytes, headers: Mapping[str, str], manner: Insistence, tried: Callable[[int, str], None]
) -> None:
    for attempt in range(1, manner.attempts + 1):
        status = 0
        try:
            status, _ = _exchange("POST", url, body, headers, manner.patience)
            problem = "" if status in manner.taken else f"status {status}"
        except OSError as error:
            problem = str(error) or type(error).__name__
        tried(status, problem)
        if not problem:
            return
        if attempt < manner.attempts:
            time.sleep(_PAUSE)
    raise OSError(problem)


def _log_failure(future: concurrent.futures.Future[None]) -> None:
    if future.exception() is not None:
        log.warning("a callback could not be delivered: %s", future.exception())


def _exchange(
    method: str, url: str, body: bytes, headers: Mapping[str, str], timeout: float = _TIMEOUT
) -> tuple[int, bytes]:
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None or not is_loopback(parts.hostname):
        raise OSError("the emulator calls loopback http addresses only")
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout)
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
