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
_URI = re.compile(r'\bURI="([^"]*)"')
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FIELD = re.compile(r"\$(RepresentationID|Number|Time|Bandwidth)?(?:%0(\d{1,2})d)?\$")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?", re.ASCII)
_MOST = 100_000
"""Members of one manifest."""


def members(text: str, kind: str) -> list[str]:
    """Relative paths in the order of the manifest, repeated ones once.

    Raises:
        Refusal: InvalidParameterValue.MediaManifestContent.
    """
    found: dict[str, None] = {}
    for entry in PARSERS[kind](text):
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
        if line.startswith("#EXT"):
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
    total = _seconds(root.get("mediaPresentationDuration"))
    for period in _children(root, "Period"):
        length = _seconds(period.get("duration")) or total
        for adaptation in _children(period, "AdaptationSet"):
            for representation in _children(adaptation, "Representation"):
                yield from _representation((root, period, adaptation, representation), length)


def _representation(path: tuple[Element, ...], length: float) -> Iterator[str]:
    base = "".join(_text(node, "BaseURL") for node in path)
    template = next((found for node in reversed(path) for found in _children(node, "SegmentTemplate")), None)
    listed = next((found for node in reversed(path) for found in _children(node, "SegmentList")), None)
    if template is not None:
        yield from (base + name for name in _template(template, path[-1], length))
    elif listed is not None:
        for node in _children(listed, "Initialization"):
            if node.get("sourceURL"):
                yield base + node.attrib["sourceURL"]
        for node in _children(listed, "SegmentURL"):
            if node.get("media"):
                yield base + node.attrib["media"]
    elif base:
        yield base


def _template(template: Element, representation: Element, length: float) -> Iterator[str]:
    values = {"RepresentationID": representation.get("id", ""), "Bandwidth": representation.get("bandwidth", "0")}
    if template.get("initialization"):
        yield _expand(template.attrib["initialization"], values)
    media = template.get("media")
    if not media:
        return
    number = _integer(template.get("startNumber"), 1)
    for offset, start in enumerate(_starts(template, length)):
        yield _expand(media, values | {"Number": str(number + offset), "Time": str(start)})


def _starts(template: Element, length: float) -> Iterator[int]:
    """Start times of the segments, in units of the timescale."""
    timeline = next(_children(template, "SegmentTimeline"), None)
    if timeline is None:
        duration, scale = _integer(template.get("duration"), 0), _integer(template.get("timescale"), 1)
        if duration <= 0 or scale <= 0:
            raise Refusal(_CODE, "A segment template has neither a duration nor a timeline.")
        count = -(-int(length * scale * 1000) // (duration * 1000))
        if count > _MOST:
            raise Refusal(_CODE, "The manifest has too many members.")
        yield from (index * duration for index in range(count))
        return
    clock = made = 0
    for run in _children(timeline, "S"):
        clock = _integer(run.get("t"), clock)
        repeat = _integer(run.get("r"), 0)
        made += repeat + 1
        if repeat < 0 or made > _MOST:
            raise Refusal(_CODE, "A run of the segment timeline is open-ended or too long.")
        for _ in range(repeat + 1):
            yield clock
            clock += _integer(run.get("d"), 0)


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


def _seconds(text: str | None) -> float:
    parsed = _DURATION.fullmatch(text or "")
    if parsed is None:
        return 0.0
    days, hours, minutes, seconds = parsed.groups(default="0")
    try:
        return int(days) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return 0.0


def _tag(node: Element) -> str:
    return node.tag.rpartition("}")[2]


def _children(node: Element, name: str) -> Iterator[Element]:
    return (child for child in node if _tag(child) == name)


def _text(node: Element, name: str) -> str:
    return next(((child.text or "").strip() for child in _children(node, name)), "")


PARSERS: Mapping[str, Callable[[str], Iterator[str]]] = {"m3u8": _m3u8, "mpd": _mpd}
