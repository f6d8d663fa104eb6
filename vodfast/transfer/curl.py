"""The transport: libcurl's multi handle on the running event loop, and bare connections for pipelines.

Decides the one curl profile (DESIGN section 5: no redirects, https only, verified TLS, no environment) and turns
every outcome into a `Response` or a `VodfastError`. Leaves meaning to the caller, and what goes over a bare connection
to `pipeline.py`. The only module that imports pycurl.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pycurl

from vodfast.config import MIB, TransferConfig
from vodfast.errors import Cancelled, ConfigError, ErrorKind, RetryClass, VodfastError
from vodfast.transfer.loops import in_thread
from vodfast.transfer.message import Reader, Request, Response, require_whole, shown_url
from vodfast.transfer.pipeline import Pipeline

CURL_FLOOR = (8, 21, 0)
"""Older releases reuse connections across credentials (CVE-2026-1965, -3784, -5545, -8458, -8927, -8932)."""

_LARGEST_REPLY = 8 * MIB
_IDLE_HANDLES = 64
_PORT = re.compile(r":[0-9]+\Z")

_SUITES = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
"""All that TLS 1.3 is spoken with, in our order: OpenSSL's begins with AES-256, which takes a quarter more time over
many bytes, for a margin that nobody needs. Not every other TLS library under libcurl takes an order.
"""
_WITH_OPENSSL = pycurl.version_info()[5].startswith("OpenSSL/")

_PROFILE = (
    (pycurl.REDIR_PROTOCOLS, 0),
    (pycurl.FOLLOWLOCATION, 0),
    (pycurl.NETRC, pycurl.NETRC_IGNORED),
    (pycurl.NOSIGNAL, 1),
    (pycurl.TCP_NODELAY, 1),
    (pycurl.SSL_VERIFYPEER, 1),
    (pycurl.SSL_VERIFYHOST, 2),
    (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
    (pycurl.PATH_AS_IS, 1),
    (pycurl.MAXLIFETIME_CONN, 600),
    *([(pycurl.TLS13_CIPHERS, _SUITES)] if _WITH_OPENSSL else []),
)
"""What holds for every exchange, whatever the configuration says."""

_NEVER, _LATER = RetryClass.NEVER, RetryClass.LATER

# curl code -> (kind, retry, what to say)
_FAILURES: dict[int, tuple[ErrorKind, RetryClass, str]] = {
    pycurl.E_COULDNT_RESOLVE_HOST: (ErrorKind.NETWORK, _LATER, "the host name could not be resolved"),
    pycurl.E_COULDNT_RESOLVE_PROXY: (ErrorKind.NETWORK, _LATER, "the proxy's name could not be resolved"),
    pycurl.E_COULDNT_CONNECT: (ErrorKind.NETWORK, _LATER, "no connection could be made"),
    pycurl.E_OPERATION_TIMEDOUT: (ErrorKind.NETWORK, _LATER, "the exchange took too long or stalled"),
    pycurl.E_GOT_NOTHING: (ErrorKind.NETWORK, _LATER, "the connection was closed without an answer"),
    pycurl.E_ABORTED_BY_CALLBACK: (ErrorKind.NETWORK, _LATER, "the connection was closed without an answer"),
    pycurl.E_SEND_ERROR: (ErrorKind.NETWORK, _LATER, "the connection broke while sending"),
    pycurl.E_RECV_ERROR: (ErrorKind.NETWORK, _LATER, "the connection broke while receiving"),
    pycurl.E_PARTIAL_FILE: (ErrorKind.NETWORK, _LATER, "the answer was cut short"),
    pycurl.E_SSL_CONNECT_ERROR: (ErrorKind.TLS, _LATER, "the TLS handshake failed"),
    pycurl.E_PEER_FAILED_VERIFICATION: (
        ErrorKind.TLS,
        _NEVER,
        "the server's certificate is not trusted; if it is right, name its authority with ca_bundle (--ca-bundle)",
    ),
    pycurl.E_SSL_CACERT_BADFILE: (ErrorKind.CONFIG, _NEVER, "the ca_bundle file cannot be read"),
    pycurl.E_UNSUPPORTED_PROTOCOL: (ErrorKind.CONFIG, _NEVER, "plain http is spoken to an emulator only"),
    pycurl.E_URL_MALFORMAT: (ErrorKind.CONFIG, _NEVER, "the address is malformed"),
    pycurl.E_FTP_WEIRD_SERVER_REPLY: (ErrorKind.NETWORK, _LATER, "the answer was not HTTP"),
    pycurl.E_WRITE_ERROR: (ErrorKind.UNEXPECTED, _NEVER, "the answer was larger than any this service gives"),
}
_LAST_ANSWER = 1.0
"""Seconds a cancelled upload waits for its answer if all of it has been sent, at most."""
_OTHER = (ErrorKind.NETWORK, _LATER, "the exchange failed")


async def _settled(future: asyncio.Future[pycurl.Curl], reader: Reader, settle_seconds: float) -> None:
    """Wait for an upload's answer. One that is broken off after its last byte may still be carried out, so its answer
    is awaited for a moment even then: whoever takes its effect back must come after it.
    """
    try:
        await asyncio.shield(future)
    except asyncio.CancelledError:
        if reader.sent == reader.length and not future.done():
            await asyncio.wait([future], timeout=min(_LAST_ANSWER, settle_seconds / 4))
        if future.done() and not future.cancelled():
            future.exception()  # nobody else asks for it, and asyncio would complain
        raise


def curl_version() -> tuple[int, ...]:
    """libcurl's version as numbers, for `doctor`."""
    return tuple(int(number) for number in pycurl.version_info()[1].split("-")[0].split("."))


def require_curl(version: tuple[int, ...] | None = None) -> None:
    """Refuse a libcurl below the floor.

    Raises:
        ConfigError: naming both versions and what to install.
    """
    found = version or curl_version()
    if found < CURL_FLOOR:
        raise ConfigError(
            f"libcurl {'.'.join(map(str, found))} is too old: vodfast needs {'.'.join(map(str, CURL_FLOOR))} or later, "
            "which the pycurl wheels from 7.49 bring (pip install --upgrade pycurl)"
        )


class CurlTransport:
    """Performs requests on the loop that first uses it. One transport serves one account: connections are never
    shared between transports, so none is reused across credentials.
    """

    def __init__(self, config: TransferConfig) -> None:
        require_curl()
        if config.ca_bundle is not None and not os.access(config.ca_bundle, os.R_OK):
            raise ConfigError(f"the ca_bundle file {config.ca_bundle} cannot be read")
        self._config = config
        self._multi: pycurl.AsyncCurlMulti | None = None
        self._idle: list[pycurl.Curl] = []
        self._busy = 0
        self._closed = False
        route = config.route
        self._scheme = route.scheme if route else "https"
        # Plain http only where the route says so, and the route's parser lets that be loopback only.
        self._protocols = pycurl.PROTO_HTTP if self._scheme == "http" else pycurl.PROTO_HTTPS
        host = f"[{route.host}]" if route and ":" in route.host else route.host if route else ""
        self._connect_to = [f"::{host}:{route.port}"] if route else None
        self._pace = _Pace(config.bandwidth) if config.bandwidth else None

    @property
    def busy(self) -> int:
        """Handles in use."""
        return self._busy

    async def send(self, request: Request, sent: Callable[[], None] | None = None) -> Response:
        """Perform one exchange. `sent` is called when libcurl has taken the last byte of a streamed body.

        Raises:
            VodfastError: kind NETWORK, TLS or CONFIG; `reached` tells whether the request may have had an effect.
            SourceChanged: the file behind a streamed body turned out to be truncated.
            Cancelled: `aclose` came before the answer.
        """
        self._require_open(request)
        if self._multi is None:
            self._multi = pycurl.AsyncCurlMulti()
            self._multi.setopt(pycurl.M_MAXCONNECTS, self._config.max_connections + self._config.max_calls)
        curl = self._idle.pop() if self._idle else pycurl.Curl()
        reader: Reader | None = None
        reply = _Reply()
        reusable = True
        self._busy += 1
        try:
            reader = self._prepare(curl, request, reply, sent)
            future = self._multi.add_handle(curl)
            try:
                await (future if reader is None else _settled(future, reader, self._config.settle_seconds))
            except pycurl.error as error:
                if reader is not None:
                    require_whole(reader)
                raise self._failure(curl, request, error.args[0], reached=reply.begun) from None
            except asyncio.CancelledError:
                # A cancelled future leaves the handle attached until the next tick: take it out now, so that it
                # reads no more from a body that is about to be closed. pycurl 7.49 then takes out whatever the
                # handle is doing at that tick, so it must not be doing anything else by then. That tick may be due
                # even if the exchange has just ended by itself.
                self._detach(curl)
                reusable = False
                task = asyncio.current_task()
                if task is not None and not task.cancelling():  # nobody has cancelled whoever waits for it
                    self._require_open(request)
                raise
            if reader is not None:
                require_whole(reader)
            return Response(
                status=curl.getinfo(pycurl.RESPONSE_CODE),
                headers=reply.headers,
                body=reply.body.getvalue(),
                sent=reader.crc if reader is not None and request.digest is not None else request.declared,
            )
        finally:
            self._busy -= 1
            curl.reset()
            if reader is not None:
                reader.close()
            if reusable and len(self._idle) < _IDLE_HANDLES:
                self._idle.append(curl)
            else:
                curl.close()

    def pipeline(self) -> Pipeline:
        """A connection of its own for requests that do not wait for one another, opened once it is used and closed by
        whoever asked for it. What goes over it is not paced.
        """
        return Pipeline(self._connect, self._config)

    async def _connect(self, request: Request) -> _Wire:
        """Connect to where a request goes."""
        curl = pycurl.Curl()
        self._aim(curl, request)
        curl.setopt(pycurl.CONNECT_ONLY, 1)
        curl.setopt(pycurl.HTTPPROXYTUNNEL, 1)
        try:
            # On a thread, because libcurl closes such a connection when the handle leaves a multi handle.
            await in_thread(curl.perform)
        except pycurl.error as error:
            raise self._failure(curl, request, error.args[0]) from None
        return _Wire(curl, lambda code: self._failure(curl, request, code))

    async def aclose(self) -> None:
        """Close every connection, for good. Exchanges in flight are cancelled."""
        self._closed = True
        if self._multi is not None:
            await self._multi.aclose()
            self._multi = None
        while self._idle:
            self._idle.pop().close()

    def _require_open(self, request: Request) -> None:
        if self._closed:
            raise Cancelled("the client was closed before the answer came", operation=request.operation) from None

    def _detach(self, curl: pycurl.Curl) -> None:
        if self._multi is not None and not self._multi.closed:
            try:
                self._multi.remove_handle(curl)
            except RuntimeError:  # its future's own clean-up came first
                return

    def _prepare(
        self, curl: pycurl.Curl, request: Request, reply: _Reply, sent: Callable[[], None] | None
    ) -> Reader | None:
        """Set a handle up for one exchange; the reader of its body, if that is streamed."""
        self._aim(curl, request)
        config = self._config
        set_option = curl.setopt
        if request.timeout is not None:
            set_option(pycurl.TIMEOUT_MS, int(request.timeout * 1000))
        else:
            set_option(pycurl.LOW_SPEED_LIMIT, config.stall_speed)
            set_option(pycurl.LOW_SPEED_TIME, max(1, int(config.stall_timeout)))
        if request.once:
            set_option(pycurl.FRESH_CONNECT, 1)
        set_option(pycurl.PREREQFUNCTION, reply.begin_once if request.seen else reply.begin)
        headers = [f"{name}: {value}" if value else f"{name};" for name, value in request.headers]
        # libcurl would add these by itself; what is not in the request must not be on the wire.
        headers += ["Expect:", "Accept:"]
        names = {name.lower() for name, _ in request.headers}
        if "content-type" not in names:
            headers.append("Content-Type:")
        if "user-agent" not in names:
            set_option(pycurl.USERAGENT, "vodfast")
        set_option(pycurl.HTTPHEADER, headers)
        set_option(pycurl.HEADERFUNCTION, reply.lines.append)
        set_option(pycurl.WRITEFUNCTION, reply.take_body)
        return self._prepare_body(curl, request, sent)

    def _aim(self, curl: pycurl.Curl, request: Request) -> None:
        """The profile, and the way to where the request goes."""
        config = self._config
        set_option = curl.setopt
        for option, value in _PROFILE:
            set_option(option, value)
        set_option(pycurl.URL, self._routed(request.url))
        set_option(pycurl.PROTOCOLS, self._protocols)
        set_option(pycurl.CONNECTTIMEOUT_MS, int(config.connect_timeout * 1000))
        if config.ca_bundle is not None:
            set_option(pycurl.CAINFO, config.ca_bundle)
        if config.proxy is not None:
            set_option(pycurl.PROXY, config.proxy)
        elif not config.trust_env:
            set_option(pycurl.PROXY, "")
        if not config.trust_env:
            set_option(pycurl.NOPROXY, "")  # libcurl asks the environment for exceptions to any proxy
        if self._connect_to is not None:
            set_option(pycurl.CONNECT_TO, self._connect_to)
        elif request.address is not None:
            set_option(pycurl.CONNECT_TO, [f"::{request.address}{'' if _PORT.search(request.address) else ':'}"])

    def _prepare_body(self, curl: pycurl.Curl, request: Request, sent: Callable[[], None] | None) -> Reader | None:
        body = request.body
        if body is None or isinstance(body, bytes):
            if request.method == "HEAD":
                curl.setopt(pycurl.NOBODY, 1)
            elif request.method == "POST" or body:
                curl.setopt(pycurl.POSTFIELDS, body or b"")
            if request.method not in ("GET", "HEAD", "POST"):
                curl.setopt(pycurl.CUSTOMREQUEST, request.method)
            return None
        reader = body.open(request.digest)
        curl.setopt(pycurl.UPLOAD, 1)
        if request.method != "PUT":
            curl.setopt(pycurl.CUSTOMREQUEST, request.method)
        curl.setopt(pycurl.INFILESIZE_LARGE, body.length)
        curl.setopt(pycurl.UPLOAD_BUFFERSIZE, min(self._config.upload_buffer, max(body.length, 16 * 1024)))
        read = self._pace.paced(curl, reader) if self._pace else reader.read
        curl.setopt(pycurl.READFUNCTION, read if sent is None else _telling(read, reader, sent))
        curl.setopt(pycurl.SEEKFUNCTION, lambda offset, _origin: _seek(reader, offset))
        return reader

    def _routed(self, url: str) -> str:
        if self._scheme == "https":
            return url
        return f"{self._scheme}://{url.partition('://')[2]}"

    def _failure(self, curl: pycurl.Curl, request: Request, code: int, *, reached: bool = False) -> VodfastError:
        if code == pycurl.E_UNSUPPORTED_PROTOCOL and curl.getinfo(pycurl.CONNECT_TIME):
            code = pycurl.E_FTP_WEIRD_SERVER_REPLY  # libcurl takes an answer that is not HTTP for HTTP/0.9
        kind, retry, said = _FAILURES.get(code, _OTHER)
        where = urlsplit(shown_url(request.url)).netloc
        if self._config.route is not None:
            where = f"{where} at {self._config.route.host}:{self._config.route.port}"
        return VodfastError(
            f"{where}: {said} (curl {code})",
            kind=kind,
            retry=retry,
            operation=request.operation,
            reached=reached,
        )


def _telling(read: Callable[[int], Any], reader: Reader, sent: Callable[[], None]) -> Callable[[int], Any]:
    """A read function that says when it has handed out everything."""

    def telling(limit: int) -> Any:
        piece = read(limit)
        if reader.sent == reader.length:
            sent()
        return piece

    return telling


def _seek(reader: Reader, offset: int) -> int:
    """libcurl seeks only to the start, when it must send a body again on a fresh connection."""
    if offset != 0:
        return int(pycurl.SEEKFUNC_CANTSEEK)
    reader.rewind()
    return int(pycurl.SEEKFUNC_OK)


class _Wire:
    """A connection libcurl has made, for a pipeline; `failure` tells what a curl code means. Implements
    `pipeline.Wire`.
    """

    def __init__(self, curl: pycurl.Curl, failure: Callable[[int], VodfastError]) -> None:
        self._curl = curl
        self._failure = failure
        self._socket = int(curl.getinfo(pycurl.ACTIVESOCKET))

    def fileno(self) -> int:
        return self._socket

    def write(self, piece: memoryview) -> int | None:
        return self._unless_blocked(self._curl.send, piece)

    def read_into(self, buffer: bytearray) -> int | None:
        return self._unless_blocked(self._curl.recv_into, buffer)

    def _unless_blocked(self, operation: Callable[[Any], int], data: memoryview | bytearray) -> int | None:
        try:
            return operation(data)
        except BlockingIOError:
            return None
        except pycurl.error as error:
            code = error.args[0]
        raise self._failure(code)

    def close(self) -> None:
        self._curl.close()


class _Reply:
    """Collects a response, within limits: an endless body is broken off here, endless headers by libcurl (300 KiB).
    `begun` tells whether the request has gone out, on whatever connection: libcurl takes another one by itself.
    """

    __slots__ = ("begun", "body", "lines")

    def __init__(self) -> None:
        self.begun = False
        self.lines: list[bytes] = []
        self.body = io.BytesIO()

    def begin(self, *_: object) -> int:
        """A connection is made and the request will go out on it."""
        self.begun = True
        return int(pycurl.PREREQFUNC_OK)

    def begin_once(self, *connection: object) -> int:
        """The same for one that goes out on the first connection only."""
        return int(pycurl.PREREQFUNC_ABORT) if self.begun else self.begin(*connection)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Those of the answer itself; a 100 that came before it had its own."""
        found: list[tuple[str, str]] = []
        for line in self.lines:
            name, colon, value = line.decode("latin-1").partition(":")
            if line.startswith(b"HTTP/"):
                found.clear()
            elif colon:
                found.append((name.strip().lower(), value.strip()))
        return tuple(found)

    def take_body(self, piece: bytes) -> int | None:
        if self.body.tell() + len(piece) > _LARGEST_REPLY:
            return -1
        self.body.write(piece)
        return None


class _Pace:
    """One bandwidth bucket for all bodies: a reader that finds it empty is paused until it has filled again."""

    def __init__(self, rate: int) -> None:
        self._rate = float(rate)
        self._tokens = 0.0
        self._filled: float | None = None

    def paced(self, curl: pycurl.Curl, reader: Reader) -> Callable[[int], Any]:
        loop = asyncio.get_running_loop()

        def resume() -> None:
            if not reader.closed:  # a late wake-up must leave the handle's next owner alone
                curl.pause(pycurl.PAUSE_CONT)

        def read(limit: int) -> Any:
            now = loop.time()
            if self._filled is not None:
                self._tokens = min(self._tokens + (now - self._filled) * self._rate, self._rate / 4)
            self._filled = now
            if self._tokens <= 0:
                loop.call_later(-self._tokens / self._rate + 0.005, resume)
                return pycurl.READFUNC_PAUSE
            piece = reader.read(min(limit, max(4096, int(self._rate / 8))))
            self._tokens -= len(piece)
            return piece

        return read
