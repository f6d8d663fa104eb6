"""One SegmentTemplate of a DASH manifest, expanded (ISO/IEC 23009-1, 5.3.9.4 and 5.3.9.6).

Decides how many segments a template stands for and what each is called. Every count is known, and refused if it is
absurd, before the first name is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil
from typing import Final
from xml.etree.ElementTree import Element

from vodfast.packages.entry import MAX_NAMES, Entry, Role
from vodfast.packages.gate import Refused

_DURATION = re.compile(
    r"P(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12}(?:\.\d{0,18})?)S)?)?",
    re.ASCII,
)
_UNITS: Final = (365 * 86400, 30 * 86400, 86400, 3600, 60, 1)
"""Seconds of a year, month, day, hour, minute, second; the first two as players reckon them."""
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_IDENTIFIER = re.compile(r"\$([^$]*)\$")
_FORMAT = re.compile(r"([A-Za-z]+)(?:%0?([0-9]{1,2})d)?")


class Budget:
    """What is left of `MAX_NAMES` for one manifest, each name counted once below its base URL and once for each base
    URL it is put after.
    """

    def __init__(self) -> None:
        self._left = MAX_NAMES

    def take(self, count: int) -> None:
        """Raises `Refused` if the manifest stands for too many names."""
        self._left -= count
        if self._left < 0:
            raise Refused(f"stands for more than {MAX_NAMES} files")


def seconds(text: str | None) -> Fraction | None:
    """An `xs:duration` in seconds, None if there is none.

    Raises:
        Refused: it is no duration.
    """
    if text is None:
        return None
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise Refused("is no duration such as PT12.5S", text)
    return sum((Fraction(given) * unit for given, unit in zip(found.groups("0"), _UNITS)), Fraction(0))


def expand(
    attributes: Mapping[str, str],
    timeline: Element | None,
    representation: Element,
    length: Fraction | None,
    budget: Budget,
) -> Iterator[Entry]:
    """The names a template stands for. `length` is the period's, in seconds.

    Raises:
        Refused: an attribute cannot be understood, the number of segments is not told, or is absurd.
    """
    fixed = {"RepresentationID": representation.get("id", ""), "Bandwidth": representation.get("bandwidth", "")}
    for attribute in ("initialization", "bitstreamSwitching"):
        if attributes.get(attribute):
            yield Entry(_fill(attributes[attribute], fixed))
    for attribute in ("media", "index"):
        pattern = attributes.get(attribute)
        if not pattern:
            continue
        if not _counts(pattern):
            yield Entry(_fill(pattern, fixed))
            continue
        for number, clock, role in _segments(attributes, timeline, length, budget):
            yield Entry(_fill(pattern, fixed | {"Number": str(number), "Time": str(clock)}), role)


def _segments(
    attributes: Mapping[str, str], timeline: Element | None, length: Fraction | None, budget: Budget
) -> Iterator[tuple[int, int, Role]]:
    """Number and start time of every segment."""
    scale = _integer(attributes, "timescale", 1, least=1)
    first = _integer(attributes, "startNumber", 1)
    offset = _integer(attributes, "presentationTimeOffset", 0)
    end = None if length is None else length * scale + offset
    if timeline is not None:
        yield from _timeline(timeline, first, end, budget)
        return
    last = _integer(attributes, "endNumber", first - 1) if "endNumber" in attributes else None
    duration = _integer(attributes, "duration", 0) if "duration" in attributes else None
    if duration is not None and duration <= 0:
        raise Refused("is no duration of a segment", attributes["duration"])
    rounded = False
    if last is not None:
        count = last - first + 1
    elif duration is None:
        count = 1
    elif length is None:
        raise Refused("has a SegmentTemplate whose number of segments nothing tells: give the period a duration")
    else:
        exact = length * scale / duration
        count, rounded = ceil(exact), exact.denominator != 1
    budget.take(max(count, 0))
    for index in range(count):
        optional = rounded and index == count - 1 and count > 1
        yield first + index, offset + index * (duration or 0), Role.OPTIONAL if optional else Role.FILE


def _timeline(timeline: Element, first: int, end: Fraction | None, budget: Budget) -> Iterator[tuple[int, int, Role]]:
    runs = timeline.findall("S")
    budget.take(len(runs))
    number, clock = first, 0
    for run, following in zip(runs, [*runs[1:], None]):
        clock = _integer(run.attrib, "t", clock)
        number = _integer(run.attrib, "n", number)
        duration = _integer(run.attrib, "d", 0, least=1)
        repeat = _integer(run.attrib, "r", 0)
        if repeat < 0:
            until: Fraction | int | None = end
            if following is not None:
                until = _integer(following.attrib, "t", -1) if "t" in following.attrib else None
            if until is None:
                raise Refused("has a SegmentTimeline without an end: give the period a duration")
            repeat = ceil((until - clock) / Fraction(duration)) - 1
        budget.take(max(repeat, 0))
        for _ in range(repeat + 1):
            yield number, clock, Role.FILE
            number, clock = number + 1, clock + duration


def _counts(pattern: str) -> bool:
    """Whether a template gives each segment a name of its own."""
    return any(found.startswith(("Number", "Time")) for found in _IDENTIFIER.findall(pattern))


def _fill(pattern: str, values: Mapping[str, str]) -> str:
    """A template with its identifiers replaced."""

    def replace(found: re.Match[str]) -> str:
        if not found[1]:
            return "$"
        parts = _FORMAT.fullmatch(found[1])
        if parts is None or parts[1] not in values or (parts[2] and not values[parts[1]].isdecimal()):
            raise Refused("has an identifier that is not known here", pattern)
        return values[parts[1]].zfill(int(parts[2] or 0))

    if pattern.count("$") % 2:
        raise Refused("has a $ without its partner", pattern)
    return _IDENTIFIER.sub(replace, pattern)


def _integer(attributes: Mapping[str, str], name: str, otherwise: int, *, least: int | None = None) -> int:
    text = attributes.get(name)
    if text is None:
        value = otherwise
    elif _NUMBER.fullmatch(text.strip()):
        value = int(text)
    else:
        raise Refused(f"is no whole number for {name}", text)
    if least is not None and value < least:
        raise Refused(f"is no usable {name}", text or "")
    return value
