"""Where an object of the upload gateway lives: hosts that lead to one `bucket/key`.

Decides the percent-encoding of a StoreUri, and which hosts and extra headers an apply reply may name (sections 4.2
and 5 of the protocol notes). Leaves requests to `dialect.py`.
"""

from __future__ import annotations

import itertools
import re
from typing import Final
from urllib.parse import quote

import msgspec

_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_HOST = re.compile(r"(?=[^:]{1,253}(?::|$))[A-Za-z0-9](?:[A-Za-z0-9-]|\.(?!\.))*(?::[0-9]{1,5})?")

_FRAMING: Final = frozenset(
    (
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""Headers a reply may not set: they frame a request, or say who sends it."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One host that takes the object. `grant` is the place of its `Auth` among the ticket's, and of its session.

    `headers` is what the apply reply wants carried on every request.
    """

    host: str
    grant: int
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Route(host={self.host!r}, grant={self.grant})"


def path_of(uri: str) -> str:
    """The URL path of a StoreUri: each segment percent-encoded in UTF-8, safe from dot-segment folding.

    HTTP stacks fold `.` and `..` segments, however they are written, so the slash before and after one is encoded.

    Raises:
        ValueError: there is no bucket or no key, or it holds control characters or lone surrogates.
    """
    bucket, slash, key = uri.partition("/")
    if not bucket.strip(".") or not slash or not key or _UNSENDABLE.search(uri):
        raise ValueError("the StoreUri is no bucket and key, or holds characters that cannot be sent")
    pieces = [quote(segment, safe="-_.~") for segment in uri.split("/")]
    path = pieces[0]
    for before, piece in itertools.pairwise(pieces):
        folds = before in (".", "..") or piece in (".", "..")
        path += f"%2F{piece}" if folds else f"/{piece}"
    return f"/{path}"


def usable_host(host: str) -> bool:
    """Whether a reply's host is a plain host name, with a port at most: nothing that could bend the URL."""
    port = host.partition(":")[2]
    return _HOST.fullmatch(host) is not None and (not port or 0 < int(port) < 65536)


def may_be_carried(name: str) -> bool:
    """Whether a reply may ask for this header on uploads."""
    return name.lower() not in _FRAMING
