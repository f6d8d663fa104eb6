"""The one gate every entry of a manifest goes through before it is followed.

Decides, from the text alone, which file an entry means, and refuses whatever could lead out of the manifest's
directory in any reading a server, player or file system might give it. Leaves links and file types to `files.py`.

An entry is a URI reference: its query and fragment are cut (they name no other file; the manifest itself is sent as it
is), then it is percent-decoded once, which is what a player's request means to the store that answers it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

MAX_ENTRY: Final = 4096
"""Characters of one entry."""
_MAX_LAYERS: Final = 6
"""How often an entry may be percent-encoded over and over before it is called a trick."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.,-]*:")
"""As RFC 3986 has it, and with the commas some players put options between."""
_DRIVE = re.compile(r"[A-Za-z]:")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PERCENT_U = re.compile(r"%u([0-9A-Fa-f]{4})")
_LOOK_ALIKES = str.maketrans(
    dict.fromkeys("\u2044\u2215\u29f8\u2571\u27cb\\\u29f5\u29f9\u2216\u27cd", "/")
    | dict.fromkeys("\u3002\u06d4\u0701\u0702\ua4f8\ua60e", ".")
)
"""Characters that pass for a slash, a backslash or a dot and that compatibility normalisation leaves alone."""

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0" + "".join(map(chr, range(0xFE00, 0xFE10))))
"""What is not shown although it counts as a letter or mark; the rest of its kind is in category Cf."""


class Refused(ValueError):
    """A manifest, or one entry of it, cannot be taken: the text says why, `entry` is the entry, "" for the whole."""

    def __init__(self, reason: str, entry: str = "") -> None:
        super().__init__(reason)
        self.entry = entry


def member_path(entry: str) -> str:
    """The file an entry means, as a path relative to the directory of its manifest, with `/` and without `.` segments.

    Raises:
        Refused: it is a URL or absolute, climbs out with `..` plainly or in disguise, holds characters no file name of
            a manifest has, or is no path at all.
    """
    reason = _objection(entry)
    if reason is not None:
        raise Refused(reason, entry)
    return "/".join(segment for segment in unquote(_path(entry)).split("/") if segment != ".")


def is_url(entry: str) -> bool:
    """Whether an entry is an address of its own, and so no file beside its manifest."""
    return _SCHEME.match(entry) is not None


def _path(entry: str) -> str:
    return entry.partition("#")[0].partition("?")[0]


def _objection(entry: str) -> str | None:
    path = _path(entry)
    if len(entry) > MAX_ENTRY:
        return f"is longer than {MAX_ENTRY} characters"
    if not path:
        return "names no file"
    if is_url(path):
        return "is a URL: only files beside the manifest can be taken along"
    slashes = path.count("/")
    try:
        for layer in _layers(path):
            if layer.count("/") != slashes:
                return "has an encoded slash"
            reason = _objection_to(layer)
            if reason is not None:
                return reason
    except UnicodeDecodeError:
        return "is not UTF-8 once it is percent-decoded"
    except OverflowError:
        return "is percent-encoded over and over"
    return None


def _layers(path: str) -> Iterator[str]:
    """The path as it stands, decoded once, decoded twice.. until nothing is left to decode."""
    for _ in range(_MAX_LAYERS):
        yield path
        decoded = unquote(path, errors="strict")
        if decoded == path:
            return
        path = decoded
    raise OverflowError


def _objection_to(path: str) -> str | None:
    """What is wrong with one layer of an entry."""
    if _UNPRINTABLE.search(path):
        return "holds a control character"
    if "\\" in path:
        return "holds a backslash: paths in a manifest have slashes"
    if path.startswith("/"):
        return "is an absolute path"
    if _DRIVE.match(path):
        return "begins with a drive letter"
    reading = _reading(path)
    if any(_climbs(segment) for text in (path, reading) for segment in text.split("/")):
        return "leads out of the manifest's directory"
    if reading.startswith("/"):
        return "is an absolute path in disguise"
    if any(not segment.strip(" ") for segment in path.split("/")):
        return "has an empty path segment"
    return None


def _climbs(segment: str) -> bool:
    """Whether a path segment is `..` to somebody: blanks and dots at the end, and what follows a semicolon, do not
    count everywhere.
    """
    kernel = segment.partition(";")[0]
    return ".." in kernel and not kernel.strip(" .")


def _reading(path: str) -> str:
    """The path as a careless reader may see it: look-alikes folded, invisible characters gone."""
    if path.isascii() and "%u" not in path:
        return path
    plain = _PERCENT_U.sub(lambda found: chr(int(found[1], 16)), path)
    folded = unicodedata.normalize("NFKC", plain).translate(_LOOK_ALIKES)
    return "".join(c for c in folded if unicodedata.category(c) != "Cf" and c not in _INVISIBLE)
