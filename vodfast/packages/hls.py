"""What an HLS playlist names (RFC 8216 and its second edition).

Decides which lines and attributes of a playlist name files, and in which role. The lines are told apart by the `m3u8`
library; attributes are read here, because the library keeps only some of them and takes quadratic time over keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from vodfast.packages.entry import MAX_NAMES, Entry, Role
from vodfast.packages.gate import Refused, is_url

_ROLES: Final[Mapping[str, Role]] = {
    "#EXT-X-MEDIA": Role.RENDITION,
    "#EXT-X-I-FRAME-STREAM-INF": Role.PLAYLIST,
    "#EXT-X-IMAGE-STREAM-INF": Role.PLAYLIST,
    "#EXT-X-RENDITION-REPORT": Role.MENTION,
}
"""The roles of `URI` attributes by tag; in any other tag (keys, maps, parts, hints, session data) it is a file."""

_KEYS: Final = ("#EXT-X-KEY", "#EXT-X-SESSION-KEY")
"""Tags of keys. A key behind a URL is its server's to give to whoever may play, and no part of the package."""

_LINE_TAGS: Final = ("#EXTM3U", "#EXTINF", "#EXT-X-BYTERANGE", "#EXT-X-GAP", "#EXT-X-STREAM-INF")
"""Tags that say what the next line without a `#` is."""

_ATTRIBUTE = re.compile(r"""([A-Za-z0-9-]+)=("[^"]*"|'[^']*'|[^,]*)""")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")


def entries(text: str) -> list[Entry]:
    """Everything a playlist names, in no particular order, repeated entries repeated.

    Raises:
        Refused: it is no playlist, or a line of it cannot be understood.
    """
    import m3u8  # takes 40 ms, which only packages shall pay

    if not text.startswith("#EXTM3U"):
        raise Refused("is no HLS playlist: it does not begin with #EXTM3U")
    if text.count("#EXTINF") > MAX_NAMES:
        raise Refused(f"has more than {MAX_NAMES} segments")
    if _CONTROL.search(text):
        raise Refused("holds a control character")
    found: list[Entry] = []
    last = ""

    def tag(line: str, _lineno: int, _data: Any, _state: Any) -> bool:
        nonlocal last
        last = line
        name, _, attributes = line.partition(":")
        if name.startswith("#EXT-X-"):
            found.extend(_attributes(name, attributes))
        return name not in _LINE_TAGS

    try:
        playlist = m3u8.loads(text, custom_tags_parser=tag)
    except Exception:  # the library lets any exception of its innards through
        raise Refused("cannot be read as an HLS playlist near this line", last) from None
    found += [
        Entry(segment.uri, Role.OPTIONAL if segment.gap_tag else Role.FILE)
        for segment in playlist.segments
        if segment.uri
    ]
    found += [Entry(variant.uri, Role.PLAYLIST) for variant in playlist.playlists]
    _refuse_strays(text, found)
    for entry in found:
        if "{$" in entry.uri:
            raise Refused("uses a variable of EXT-X-DEFINE: write the path out", entry.uri)
    return found


def plays(text: str, found: Sequence[Entry]) -> bool:
    """Whether a playlist names anything to be played: a segment, a part of one, or another playlist."""
    if any(entry.role in (Role.PLAYLIST, Role.RENDITION) for entry in found):
        return True
    lines = map(str.strip, text.split("\n"))
    return any(line and (line[0] != "#" or line.startswith("#EXT-X-PART:")) for line in lines)


def _attributes(tag: str, text: str) -> Iterator[Entry]:
    """The `URI` attribute of a tag."""
    attributes = {name.upper(): value.strip("\"'") for name, value in _ATTRIBUTE.findall(text)}
    uri = attributes.get("URI", "").strip()
    if uri and not (tag in _KEYS and is_url(uri)):
        gap = attributes.get("GAP") == "YES"
        yield Entry(uri, Role.OPTIONAL if gap else _ROLES.get(tag, Role.FILE))


def _refuse_strays(text: str, found: list[Entry]) -> None:
    """A line with a name that no tag goes before would be played by some and is dropped by others."""
    known = {entry.uri for entry in found}
    for line in map(str.strip, text.split("\n")):
        if line and not line.startswith("#") and line not in known:
            raise Refused("follows no #EXTINF and no #EXT-X-STREAM-INF", line)
