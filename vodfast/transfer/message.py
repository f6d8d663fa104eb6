"""Requests and responses as data.

Decides what one HTTP exchange consists of, and the one builder of headers. Leaves performing it to `curl.py` and
its meaning to the stores and providers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from vodfast.errors import InvalidInput, SourceChanged

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_BAD_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")
_BAD_IN_URL = re.compile(r"[^\x21-\x7e]")


class Reader(Protocol):
    """Hands out one body piece by piece; `vodfast._native.PartReader` is the implementation."""

    @property
    def length(self) -> int:
        """Bytes of the whole body."""

    @property
    def sent(self) -> int:
        """Bytes handed out since the last rewind."""

    @property
    def crc(self) -> int:
        """Checksum (the store's part digest) over exactly the bytes handed out since the last rewind."""

    @property
    def faulted(self) -> bool:
        """Whether the file under the mapping was found truncated; zeros were handed out instead."""

    @property
    def closed(self) -> bool: ...

    def read(self, limit: int) -> memoryview:
        """The next slice, at most `limit` bytes, empty at the end."""

    def rewind(self) -> None:
        """Start again from the first byte, with a fresh checksum."""

    def close(self) -> None:
        """Let go of the memory behind it."""


def require_whole(reader: Reader) -> None:
    """Refuse what was read from a file that is no longer as long as it was.

    Raises:
        SourceChanged: zeros were handed out in place of the bytes that are gone.
    """
    if reader.faulted:
        raise SourceChanged(
            "the file was truncated while it was uploaded, so nothing was committed: upload it again once it "
            "is complete"
        )


class Body(Protocol):
    """A request body that is streamed: one part of a source, or a whole one. May be read any number of times."""

    @property
    def length(self) -> int:
        """Bytes."""

    def open(self, digest: DigestName | None) -> Reader:
        """A reader at the first byte that computes `digest` on the way. The caller closes it."""

    def checksum(self, digest: DigestName) -> int:
        """The digest ahead of sending, for stores that want it in a header. Costs one pass; kept afterwards."""


class BufferedBody(Body, Protocol):
    """A body that lies in memory and can be cut."""

    def cut(self, start: int, length: int) -> BufferedBody:
        """The bytes [start, start + length), not copied."""


DigestName = str
"""`crc32` or `crc64` (CRC-64/XZ); both are ints on our side."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request, complete and signed. `url` and `headers` go on the wire exactly as they stand.

    `operation` is the vendor's own name for it. `timeout` (seconds) limits the whole exchange; None leaves only stall
    detection, which is right for streamed bodies. `address` is a host or IP (with a port if it is not the scheme's) to
    connect to in place of the URL's: URL, Host header and the name in the certificate stay. `once` is the
    engine's, for a request whose repetition does harm: it goes out on a fresh connection, because libcurl repeats by
    itself what a kept one that had died swallowed. `seen` is for one that may be repeated, but whose refusal means
    something else once it has been sent before: it takes a kept connection, and if that had died the exchange fails.
    Build the headers with `build_headers`.
    """

    operation: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | Body | None = None
    digest: DigestName | None = None
    """What to compute over a streamed body while it goes out."""
    declared: int | None = None
    """The digest of a streamed body that `headers` declare, which the service compares with what it got: it counts as
    what was sent, and is not computed once more."""
    timeout: float | None = None
    address: str | None = None
    once: bool = False
    seen: bool = False

    def __repr__(self) -> str:
        return f"Request({self.operation} {self.method} {shown_url(self.url)})"

    def __post_init__(self) -> None:
        if _BAD_IN_URL.search(self.url):
            raise InvalidInput("a URL may hold printable ASCII only; percent-encode everything else")


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP response. Header names are lower case. `sent` is the digest of a streamed body, as it went out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    sent: int | None = None

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.body)} bytes)"

    def header(self, name: str) -> str | None:
        """The first value of a header, by lower-case name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


def build_headers(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The one way to headers: refuses anything that could change the framing of a request.

    Raises:
        InvalidInput: a name is no token, or a value holds CR, LF, NUL, another control character, or text outside
            Latin-1. The message names the header, never the value.
    """
    built = []
    for name, value in pairs:
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"{name!r} cannot be a header name")
        if _BAD_IN_VALUE.search(value) or value != value.strip():
            raise InvalidInput(f"the value for header {name} holds characters that cannot be sent in a header")
        built.append((name, value))
    return tuple(built)


def shown_url(url: str) -> str:
    """A URL fit for messages: scheme, host and path, without the query, where signatures live."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
