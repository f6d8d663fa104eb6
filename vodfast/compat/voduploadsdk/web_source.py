"""Files behind URLs, as sources of an upload.

Decides that nothing is written to a disk, certificates are verified, and an answer that ends early is an error. The
client is loaded with the first URL: a script that uploads a file is faster without.
"""

from __future__ import annotations

import base64
import contextlib
import re
import urllib.parse
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import http.client
    import urllib.request

_PIECE = 1 << 20
_TIMEOUT = 120.0
_ANY_HEADER = zlib.MAX_WBITS | 32
"""Of gzip or of zlib, whichever is there."""
_PLAIN = "!#$%&'()*+,/:;=?@[]~"
"""What stands in a URL as it is, beside letters, digits and "-._"."""


class NotFetched(OSError):
    """The content of a URL cannot be had, or not as a whole."""


@contextlib.contextmanager
def opened(url: str) -> Iterator[Iterator[bytes]]:
    """The content of an http or https URL, piece by piece; its server has answered once the block is entered.

    Raises:
        NotFetched: the server does not answer with a file, or, while pieces are taken, not with all of it.
    """
    import http.client
    import urllib.error
    import urllib.request

    shown = shown_path(url)
    if not url.lower().startswith(("http://", "https://")):
        raise NotFetched(f"{shown} is no http or https URL")
    try:
        # An opener of its own: the process-wide one keeps to the proxies of its first use.
        answer = urllib.request.build_opener().open(_request(url), timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        raise NotFetched(f"status {error.code} from {shown}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotFetched(f"{shown} does not answer: {error}") from error
    with answer:
        yield _decoded(_pieces(answer, shown), answer.headers.get("Content-Encoding", ""), shown)


def _request(url: str) -> urllib.request.Request:
    """As browsers make it of a URL as people write it: blanks and letters of any language are escaped, a name and a
    password go into a header.
    """
    import urllib.request

    parts = urllib.parse.urlsplit(url)
    owner, _, host = parts.netloc.rpartition("@")
    path, query = (urllib.parse.quote(text, safe=_PLAIN) for text in (parts.path, parts.query))
    plain = parts._replace(netloc=host.encode("idna").decode(), path=path, query=query, fragment="")
    request = urllib.request.Request(plain.geturl())  # noqa: S310  # its scheme is known
    if owner:
        word = base64.b64encode(urllib.parse.unquote_to_bytes(owner)).decode()
        request.add_unredirected_header("Authorization", f"Basic {word}")
    return request


def shown_path(path: str) -> str:
    """A path as it is; a URL without name and password, and without the query, which may hold a signature."""
    return path if "://" not in path else re.sub(r"//[^/?#]*@", "//", path.partition("?")[0])[:200]


def _pieces(answer: http.client.HTTPResponse, shown: str) -> Iterator[bytes]:
    import http.client

    wanted, got = answer.headers.get("Content-Length"), 0
    try:
        while piece := answer.read(_PIECE):
            got += len(piece)
            yield piece
    except (OSError, http.client.HTTPException) as error:
        raise NotFetched(f"{shown} broke off after {got} bytes: {error}") from error
    if wanted is not None and got != int(wanted):
        raise NotFetched(f"only {got} of {wanted} bytes came from {shown}")


def _decoded(pieces: Iterator[bytes], encoding: str, shown: str) -> Iterator[bytes]:
    """The content itself, where the server compressed it without being asked."""
    if encoding.lower() in ("", "identity"):
        yield from pieces
        return
    if encoding.lower() not in ("gzip", "x-gzip", "deflate"):
        raise NotFetched(f"the content of {shown} is encoded as {encoding[:50]!r}")
    unpacking = zlib.decompressobj(_ANY_HEADER)
    try:
        for piece in pieces:
            yield unpacking.decompress(piece)
    except zlib.error as error:
        raise NotFetched(f"the content of {shown} cannot be decompressed: {error}") from error
    if not unpacking.eof:
        raise NotFetched(f"the compressed content of {shown} ends early")


def text(url: str) -> str:
    """A small text file, such as a playlist.

    Raises:
        OSError: it cannot be had.
    """
    try:
        with opened(url) as pieces:
            return b"".join(pieces).decode("utf-8-sig")
    except NotFetched as error:
        raise OSError(str(error)) from None


def save(url: str, path: Path) -> None:
    """Store the content as a file, all of it or nothing."""
    try:
        with opened(url) as pieces, path.open("wb") as file:
            for piece in pieces:
                file.write(piece)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
