"""What a DASH manifest names (ISO/IEC 23009-1, 5.3.9 and 5.6).

Decides which files the periods, adaptation sets and representations of an MPD need: base URLs resolved level by level,
segment lists, and templates expanded. Leaves the expansion of one template to `dash_template.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final
from xml.etree.ElementTree import Element

from vodfast.packages.dash_template import Budget, expand, seconds
from vodfast.packages.entry import Entry
from vodfast.packages.gate import Refused
from vodfast.stores.xmlbody import BadXml, parse_xml

MAX_BYTES: Final = 16 * 1024 * 1024
_MAX_DEPTH: Final = 24
_MAX_BASES: Final = 64
"""Combinations of alternative base URLs."""
_ADDRESSING: Final = ("SegmentTemplate", "SegmentList", "SegmentBase")
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_RESOLVE_TO_ZERO: Final = "urn:mpeg:dash:resolve-to-zero:2013"
_ENCODING = re.compile(r"""<\?xml[^>]*encoding\s*=\s*["']([^"']+)""")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def entries(text: str) -> list[Entry]:
    """Everything an MPD names, in its order, repeated entries repeated.

    Raises:
        Refused: it is no MPD, or an element of it cannot be understood or names too much.
    """
    declared = _ENCODING.match(text)
    if declared is not None and declared[1].lower() not in ("utf-8", "us-ascii"):
        raise Refused(f"declares the encoding {declared[1][:20]}: save it as UTF-8")
    try:
        root = parse_xml(text.encode(), max_bytes=MAX_BYTES, max_depth=_MAX_DEPTH)
    except BadXml as error:
        raise Refused(f"is no MPD: {error}") from None
    if root.tag != "MPD":
        raise Refused("is no MPD: its root is another element")
    for element in root.iter():
        remote = element.get(_HREF)
        if remote and remote != _RESOLVE_TO_ZERO:
            raise Refused("is a remote element: put it into the manifest", remote)
    budget = Budget()
    return [
        entry
        for period, length in _periods(root)
        for adaptation in period.iterfind("AdaptationSet")
        for representation in adaptation.iterfind("Representation")
        for entry in _representation((root, period, adaptation, representation), length, budget)
    ]


def plays(text: str, found: Sequence[Entry]) -> bool:  # noqa: ARG001  # what it names says it all
    """Whether an MPD names anything to be played."""
    return bool(found)


def _periods(root: Element) -> Iterator[tuple[Element, Fraction | None]]:
    """Each period and its length in seconds, None where the manifest does not tell."""
    total = seconds(root.get("mediaPresentationDuration"))
    periods = root.findall("Period")
    starts: list[Fraction | None] = []
    end: Fraction | None = Fraction(0)
    for period in periods:
        given, length = seconds(period.get("start")), seconds(period.get("duration"))
        starts.append(end if given is None else given)
        end = None if starts[-1] is None or length is None else starts[-1] + length
    for period, start, following in zip(periods, starts, [*starts[1:], total]):
        length = seconds(period.get("duration"))
        if length is None and start is not None and following is not None:
            length = following - start
        yield period, length


def _representation(path: Sequence[Element], length: Fraction | None, budget: Budget) -> Iterator[Entry]:
    """What one representation needs; `path` is the elements from the MPD down to it."""
    bases = _bases(path)
    names = list(_names(path, length, budget))
    budget.take(len(bases) * len(names))
    for base in bases:
        for name in names:
            resolved = _resolve(base, name.uri)
            if not resolved:
                raise Refused(f"has a Representation {path[-1].get('id', '')[:40]!r} that names no file")
            yield Entry(resolved, name.role)


def _names(path: Sequence[Element], length: Fraction | None, budget: Budget) -> Iterator[Entry]:
    """The names below the base URL; "" is the base URL itself."""
    kind = next((tag for node in reversed(path) for tag in _ADDRESSING if node.find(tag) is not None), None)
    if kind is None:
        yield Entry("")
        return
    levels = [found for node in path if (found := node.find(kind)) is not None]
    attributes = {name: value for level in levels for name, value in level.attrib.items()}

    def inner(tag: str) -> list[Element]:
        return next((found for level in reversed(levels) if (found := level.findall(tag))), [])

    for tag in ("Initialization", "RepresentationIndex", "BitstreamSwitching"):
        yield from (
            Entry(node.get("sourceURL", "")) for node in inner(tag) if kind == "SegmentBase" or len(node.attrib)
        )
    if kind == "SegmentTemplate":
        timeline = next(iter(inner("SegmentTimeline")), None)
        yield from expand(attributes, timeline, path[-1], length, budget)
    elif kind == "SegmentList":
        for segment in inner("SegmentURL"):
            yield Entry(segment.get("media", ""))
            if segment.get("index"):
                yield Entry(segment.get("index", ""))
    else:
        yield Entry("")


def _bases(path: Sequence[Element]) -> list[str]:
    """Every base URL that is in force for the innermost element: alternatives at several levels multiply."""
    bases = [""]
    for node in path:
        given = [(base.text or "").strip() for base in node.iterfind("BaseURL")]
        if given:
            bases = list(dict.fromkeys(_resolve(base, one) for base in bases for one in given))
        if len(bases) > _MAX_BASES:
            raise Refused(f"has more than {_MAX_BASES} combinations of base URLs")
    return bases


def _resolve(base: str, reference: str) -> str:
    """A reference relative to a base, whose last segment is dropped. What is absolute stays what it is."""
    if not reference:
        return base
    if reference.startswith(("/", "\\")) or _SCHEME.match(reference):
        return reference
    folder, slash, _ = base.partition("#")[0].partition("?")[0].rpartition("/")
    return f"{folder}{slash}{reference}"
