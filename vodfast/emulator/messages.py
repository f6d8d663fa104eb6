"""HTTP/1.1 messages as the emulator sees them: requests parsed strictly, replies to be written.

Decides what a well-formed request head is and how chunked bodies are decoded. Leaves sockets to `connection.py` and
meaning to the services. Values stay as received (latin-1 keeps every byte), because signatures cover them.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

import httptools

MAX_HEAD = 65536
"""Bytes of request line and headers."""


class BadRequest(Exception):
    """The bytes are not a request the emulator will read on from; the connection ends after `status`."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Request:
    """One request head. `host` is the host meant, lower case without port; `authority` as written, with port."""

    __slots__ = (
        "_headers",
        "authority",
        "chunked",
        "expects",
        "host",
        "keep_alive",
        "length",
        "method",
        "path",
        "query",
    )

    def __init__(self, method: str, target: bytes, headers: dict[str, str], keep_alive: bool) -> None:
        self.method = method
        self.keep_alive = keep_alive
        self._headers = headers
        self.authority = headers.get("host", "")
        if method == "CONNECT":
            self.authority = target.decode("latin-1")
            target = b"/"
        elif not target.startswith(b"/"):
            target = self._absolute(target)
        self.host = host_of(self.authority)
        path, _, query = target.partition(b"?")
        self.path = path
        self.query = query.decode("latin-1")
        self.expects = headers.get("expect", "").lower() == "100-continue"
        coding = headers.get("transfer-encoding")
        if coding is not None and coding.strip().lower() != "chunked":
            raise BadRequest("only the chunked transfer coding is understood", 501)
        self.chunked = coding is not None
        self.length = int(headers["content-length"]) if "content-length" in headers else None

    def _absolute(self, target: bytes) -> bytes:
        scheme, separator, rest = target.partition(b"://")
        if not separator or scheme.lower() not in (b"http", b"https"):
            raise BadRequest("the request target is neither a path nor an http address")
        cut = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
        self.authority = rest[:cut].decode("latin-1")
        target = rest[cut:]
        return target if target.startswith(b"/") else b"/" + target

    def header(self, name: str) -> str | None:
        """The value of a header by lower-case name, surrounding blanks removed; repeated ones joined by `, `."""
        return self._headers.get(name)

    def headers(self) -> Iterator[tuple[str, str]]:
        return iter(self._headers.items())

    def decoded_path(self) -> bytes:
        return unquote_to_bytes(self.path)


class _Collector:
    __slots__ = ("headers", "url")

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))


_SINGLE = frozenset((b"host", b"content-length", b"authorization", b"transfer-encoding", b"content-md5"))


def parse_head(data: bytes) -> Request:
    """The request whose head (through the empty line) is `data`.

    Raises:
        BadRequest: not HTTP/1.x, bad framing, a repeated header that must be single, or no usable Host.
    """
    collector = _Collector()
    parser = httptools.HttpRequestParser(collector)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        pass  # CONNECT, or an Upgrade header, which is ignored
    except httptools.HttpParserError as error:
        raise BadRequest(f"not a well-formed request: {error}") from None
    headers: dict[str, str] = {}
    for raw, value in collector.headers:
        name = raw.lower()
        key, text = name.decode("latin-1"), value.decode("latin-1").strip(" \t")
        if key in headers:
            if name in _SINGLE:
                raise BadRequest(f"header {key} is given twice")
            text = f"{headers[key]}, {text}"
        headers[key] = text
    if parser.get_http_version() not in ("1.1", "1.0"):
        raise BadRequest("only HTTP/1.0 and 1.1 are spoken here", 505)
    length = headers.get("content-length")
    if length is not None and not (length.isascii() and length.isdigit() and len(length) < 20):
        raise BadRequest("Content-Length is not a number")
    if length is not None and "transfer-encoding" in headers:
        raise BadRequest("Content-Length and Transfer-Encoding exclude each other")
    method = parser.get_method().decode("latin-1")
    request = Request(method, collector.url, headers, _stays(parser.get_http_version(), headers))
    if not request.host:
        raise BadRequest("no Host is given")
    return request


def _stays(version: str, headers: dict[str, str]) -> bool:
    """Whether the client keeps the connection (the parser has forgotten that once a request without a body ends)."""
    said = {word.strip() for word in headers.get("connection", "").lower().split(",")}
    return "close" not in said and (version == "1.1" or "keep-alive" in said)


def host_of(authority: str) -> str:
    """Host name of `host[:port]`, lower case, without a final dot; empty if it is not one."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].rstrip(".").lower()


class Chunks:
    """Decoder of the chunked transfer coding; extensions and trailers are read and dropped."""

    def __init__(self) -> None:
        self._left = 0
        self._state = "size"
        self.done = False

    def feed(self, data: memoryview) -> tuple[list[memoryview], int]:
        """Decoded pieces, and how many bytes of `data` were used; what is left is given again with more behind it.

        Raises:
            BadRequest: not the chunked coding.
        """
        pieces: list[memoryview] = []
        used = 0
        while not self.done:
            if self._state == "data":
                piece = data[used : used + self._left]
                if not piece:
                    break
                pieces.append(piece)
                used += len(piece)
                self._left -= len(piece)
                if not self._left:
                    self._state = "end"
                continue
            rest = bytes(data[used : used + 4096])
            end = rest.find(b"\r\n")
            if end < 0:
                if len(rest) == 4096:
                    raise BadRequest("a chunk's size line is too long")
                break
            self._line(rest[:end])
            used += end + 2
        return pieces, used

    def _line(self, line: bytes) -> None:
        if self._state == "end":
            if line:
                raise BadRequest("a chunk is longer than its size says")
            self._state = "size"
        elif self._state == "trailer":
            self.done = not line
        else:
            size = line.partition(b";")[0].strip()
            if not size or len(size) > 15 or size.strip(b"0123456789abcdefABCDEF"):
                raise BadRequest("a chunk's size is not a hexadecimal number")
            self._left = int(size, 16)
            self._state = "data" if self._left else "trailer"


class Reply:
    """What goes back: `body` at once, or `stream` piece by piece (`length` bytes of it).

    `chunked` sends the body in the chunked coding: one chunk for `lead`, one for the rest.
    """

    __slots__ = ("body", "chunked", "headers", "lead", "length", "status", "stream")

    def __init__(
        self,
        status: int,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        *,
        stream: Iterator[bytes] | None = None,
        length: int | None = None,
        chunked: bool = False,
        lead: bytes = b"",
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.stream = stream
        self.length = len(body) if length is None else length
        self.chunked = chunked
        self.lead = lead

    def replaced(self, name: str, value: str) -> Reply:
        """The same with one header's value changed, where it is present."""
        headers = tuple((key, value if key.lower() == name.lower() else old) for key, old in self.headers)
        return Reply(
            self.status, headers, self.body,
            stream=self.stream, length=self.length, chunked=self.chunked, lead=self.lead,
        )  # fmt: skip

    def encode(self, date: str, keep_alive: bool, method: str) -> bytes:
        """Head and body as bytes; of a streamed reply the head only. HEAD and 204 carry no body."""
        lines = [f"HTTP/1.1 {self.status} {_reason(self.status)}", "Server: vodfast-emulator", f"Date: {date}"]
        lines.extend(f"{name}: {value}" for name, value in self.headers)
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif self.status != 204:
            lines.append(f"Content-Length: {self.length}")
        if not keep_alive:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if method == "HEAD" or self.status == 204 or self.stream is not None:
            return head
        if not self.chunked:
            return head + self.body
        return (
            head
            + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (self.lead, self.body) if piece)
            + b"0\r\n\r\n"
        )


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
