"""Members of HLS and DASH manifests, as ParseStreamingManifest lists them (protocol notes 2.7).

Decides what counts as a member (for HLS playlist lines and URI attributes; for DASH BaseURL, SegmentURL and expanded
templates) and refuses addresses and paths outside the manifest's directory. The real grammar is not documented.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from xml.etree.ElementTree import Element, ParseError

import defusedxml
import defusedxml.ElementTree

from vodfast.emulator.service import Refusal

_CODE = "InvalidParameterValue.MediaManifestContent"
_URI = re.compile(r'[:,]\s*URI="([^"]*)"')
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FIELD = re.compile(r"\$(RepresentationID|Number|Time|Bandwidth)?(?:%0(\d{1,2})d)?\$")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?", re.ASCII)
_ADDRESSING = ("SegmentTemplate", "SegmentList", "SegmentBase")
_MOST = 100_000
"""Members of one manifest."""


def members(text: str, kind: str) -> list[str]:
    """Relative paths in the order of the manifest, repeated ones once.

    Raises:
        Refusal: InvalidParameterValue.MediaManifestContent.
    """
    found: dict[str, None] = {}
    for entry in filter(None, PARSERS[kind](text)):
        if _SCHEME.match(entry) or entry.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", entry):
            raise Refusal(_CODE, "The manifest names a member that is not below its own directory.")
        found[entry] = None
        if len(found) > _MOST:
            raise Refusal(_CODE, "The manifest has too many members.")
    return list(found)


def _m3u8(text: str) -> Iterator[str]:
    lines = [line.strip() for line in text.removeprefix("\ufeff").splitlines()]
    if not lines or lines[0] != "#EXTM3U":
        raise Refusal(_CODE, "The playlist does not begin with #EXTM3U.")
    for line in lines[1:]:
        if line.startswith("#EXT-X-"):
            yield from (uri for uri in _URI.findall(line) if uri)
        elif line and not line.startswith("#"):
            yield line


def _mpd(text: str) -> Iterator[str]:
    try:
        root = defusedxml.ElementTree.fromstring(text.removeprefix("\ufeff").encode(), forbid_dtd=True)
    except (ParseError, defusedxml.DefusedXmlException, ValueError):
        raise Refusal(_CODE, "The MPD is not well-formed XML.") from None
    if _tag(root) != "MPD":
        raise Refusal(_CODE, "The document is not an MPD.")
    for period, length in _periods(root):
        for adaptation in _children(period, "AdaptationSet"):
            for representation in _children(adaptation, "Representation"):
                yield from _representation((root, period, adaptation, representation), length)


def _periods(root: Element) -> Iterator[tuple[Element, float | None]]:
    """Each period with its length in seconds, None if it is not told."""
    periods = list(_children(root, "Period"))
    begin: float | None = 0.0
    for index, period in enumerate(periods):
        begin = _seconds(period.get("start"), begin)
        end = root.get("mediaPresentationDuration") if index + 1 == len(periods) else periods[index + 1].get("start")
        until = _seconds(end, None)
        length = _seconds(period.get("duration"), None if until is None or begin is None else until - begin)
        yield period, length
        begin = None if begin is None or length is None else begin + length


def _representation(path: tuple[Element, ...], length: float | None) -> Iterator[str]:
    bases = [""]
    for node in path:
        given = [(child.text or "").strip() for child in _children(node, "BaseURL")]
        bases = [_join(base, one) for base in bases for one in given] or bases
    names = list(_names(path, length))
    yield from (_join(base, name) for base in bases for name in names)


def _names(path: tuple[Element, ...], length: float | None) -> Iterator[str]:
    """What the innermost way of addressing names below the base URL, which itself is the empty name."""
    kinds = [child for node in path for child in node if _tag(child) in _ADDRESSING]
    if not kinds:
        yield ""
        return
    kind = _tag(kinds[-1])
    levels = [node for node in kinds if _tag(node) == kind]
    said = dict(pair for node in levels for pair in node.items())
    parts = {_tag(child): node for node in levels for child in node}
    for name in ("Initialization", "RepresentationIndex"):
        for child in _children(parts[name], name) if name in parts else ():
            yield child.get("sourceURL", "")
    if kind == "SegmentTemplate":
        timeline = (
            next(_children(parts["SegmentTimeline"], "SegmentTimeline"), None) if "SegmentTimeline" in parts else None
        )
        yield from _template(said, timeline, path[-1], length)
    elif kind == "SegmentList":
        for child in _children(parts["SegmentURL"], "SegmentURL") if "SegmentURL" in parts else ():
            yield child.get("media", "")
            if child.get("index"):
                yield child.attrib["index"]
    else:
        yield ""


def _join(base: str, name: str) -> str:
    if _SCHEME.match(name) or name.startswith("/"):
        return name
    return base[: base.rfind("/") + 1] + name if name else base


def _template(
    said: Mapping[str, str], timeline: Element | None, representation: Element, length: float | None
) -> Iterator[str]:
    values = {"RepresentationID": representation.get("id", ""), "Bandwidth": representation.get("bandwidth", "0")}
    for attribute in ("initialization", "bitstreamSwitching"):
        if said.get(attribute):
            yield _expand(said[attribute], values)
    for attribute in ("media", "index"):
        if said.get(attribute):
            for number, start in _segments(said, timeline, length):
                yield _expand(said[attribute], values | {"Number": str(number), "Time": str(start)})


def _segments(said: Mapping[str, str], timeline: Element | None, length: float | None) -> Iterator[tuple[int, int]]:
    """Numbers and start times of the segments, the times in units of the timescale."""
    number, scale = _integer(said.get("startNumber"), 1), _integer(said.get("timescale"), 1)
    offset = _integer(said.get("presentationTimeOffset"), 0)
    end = None if length is None else length * scale + offset
    if timeline is not None:
        yield from _runs(list(_children(timeline, "S")), number, end)
        return
    duration = _integer(said.get("duration"), 0)
    if "endNumber" in said:
        count = _integer(said["endNumber"], 0) - number + 1
    elif "duration" not in said:
        count = 1
    elif duration <= 0 or scale <= 0 or length is None:
        raise Refusal(_CODE, "A segment template does not tell the number of its segments.")
    else:
        count = -(-int(length * scale * 1000) // (duration * 1000))
    if count > _MOST:
        raise Refusal(_CODE, "The manifest has too many members.")
    yield from ((number + index, offset + index * duration) for index in range(count))


def _runs(runs: list[Element], number: int, end: float | None) -> Iterator[tuple[int, int]]:
    clock = made = 0
    for index, run in enumerate(runs):
        clock, number = _integer(run.get("t"), clock), _integer(run.get("n"), number)
        duration, repeat = _integer(run.get("d"), 0), _integer(run.get("r"), 0)
        if duration <= 0:
            raise Refusal(_CODE, "A run of the segment timeline has no duration.")
        if repeat < 0:
            until = end if index + 1 == len(runs) else _integer(runs[index + 1].get("t"), -1)
            if until is None or until < clock:
                raise Refusal(_CODE, "A run of the segment timeline is open-ended.")
            repeat = -(-int(until - clock) // duration) - 1
        made += repeat + 1
        if made > _MOST:
            raise Refusal(_CODE, "A run of the segment timeline is too long.")
        for _ in range(repeat + 1):
            yield number, clock
            number, clock = number + 1, clock + duration


def _expand(text: str, values: Mapping[str, str]) -> str:
    def replace(found: re.Match[str]) -> str:
        name, width = found.groups()
        if name is None:
            return "$"
        return values.get(name, "").zfill(int(width or 0))

    return _FIELD.sub(replace, text)


def _integer(text: str | None, otherwise: int) -> int:
    if text is None:
        return otherwise
    if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        raise Refusal(_CODE, "The MPD has a number that is none.")
    return int(text)


def _seconds(text: str | None, otherwise: float | None) -> float | None:
    parsed = _DURATION.fullmatch(text or "")
    if not text or parsed is None:
        return otherwise
    days, hours, minutes, seconds = parsed.groups(default="0")
    try:
        return int(days) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return otherwise


def _tag(node: Element) -> str:
    return node.tag.rpartition("}")[2]


def _children(node: Element, name: str) -> Iterator[Element]:
    return (child for child in node if _tag(child) == name)


PARSERS: Mapping[str, Callable[[str], Iterator[str]]] = {"m3u8": _m3u8, "mpd": _mpd}
