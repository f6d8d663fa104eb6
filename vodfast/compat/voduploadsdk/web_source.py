"""Files behind URLs, as sources of an upload.

Decides that nothing is written to a disk, certificates are verified, and an answer that ends early is an error.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

_PIECE = 1 << 20
_TIMEOUT = 120.0


def pieces(url: str) -> Iterator[bytes]:
    """The content of an http or https URL, piece by piece.

    Raises:
        OSError: it cannot be had, or not as a whole.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise OSError(f"{url[:200]} is no http or https URL")
    try:
        # An opener of its own: the process-wide one keeps to the proxies of its first use.
        opened = urllib.request.build_opener().open(url, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        raise OSError(f"status {error.code} from {url[:200]}") from None
    with opened as answer:
        wanted, got = answer.headers.get("Content-Length"), 0
        while piece := answer.read(_PIECE):
            got += len(piece)
            yield piece
    if wanted is not None and got != int(wanted):
        raise OSError(f"only {got} of {wanted} bytes came from {url[:200]}")


def text(url: str) -> str:
    """A small text file, such as a playlist."""
    return b"".join(pieces(url)).decode("utf-8-sig")


def save(url: str, path: Path) -> None:
    """Store the content as a file, all of it or nothing."""
    try:
        with path.open("wb") as file:
            for piece in pieces(url):
                file.write(piece)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
