"""How values are read from and shown to people: sizes, durations, texts, JSON.

Decides units (K, M, G, T are powers of 1024), which characters an option may hold, and how a name that holds strange
ones is shown on a terminal.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import click

from vodfast.file_names import as_text

STDIN = "-"
"""The source or list that is standard input."""

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) ?([kmgt]?)(?:i?b)?", re.IGNORECASE)
_SPANS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([smhd]?)", re.IGNORECASE)
_UNSENDABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MISLEADING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
"""What a terminal obeys, and what hides or turns round the text beside it."""


def parse_size(text: str) -> int:
    """Bytes from `200M`, `1.5G`, `64K` or a plain number.

    Raises:
        ValueError: not of that form, or zero.
    """
    match = _SIZE.fullmatch(text.strip())
    size = math.floor(float(match[1]) * _UNITS[match[2].lower()]) if match else 0
    if size < 1:
        raise ValueError(f"{printable(text)!r} is not a size: write 64K, 200M or 1.5G")
    return size


def parse_duration(text: str) -> float:
    """Seconds from `90`, `15m`, `2h` or `1d`.

    Raises:
        ValueError: not of that form, or zero.
    """
    match = _SPAN.fullmatch(text.strip())
    seconds = float(match[1]) * _SPANS[match[2].lower()] if match else 0.0
    if seconds <= 0:
        raise ValueError(f"{printable(text)!r} is not a duration: write 90, 15m, 2h or 1d")
    return seconds


def printable(text: str) -> str:
    """The text on one line, with everything a terminal might obey or hide replaced by visible escapes."""
    return _MISLEADING.sub(lambda match: ascii(match[0])[1:-1], text)


def human_size(size: float) -> str:
    """`1.5 GiB`, two or three digits."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def json_line(record: Any, indent: int | None = None) -> bytes:
    """One JSON value and a newline, in UTF-8; names that are not valid text keep their bytes as lone escapes."""
    try:
        return (json.dumps(record, ensure_ascii=False, indent=indent) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(record, indent=indent) + "\n").encode()


class _Parsed(click.ParamType[Any]):
    """An option type made of a function that raises ValueError."""

    def __init__(self, name: str, parse: Any) -> None:
        self.name = name
        self.parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def sendable(text: str) -> str:
    """The text itself, as UTF-8 where the locale could not read it.

    Raises:
        ValueError: it holds control characters or bytes that are no text.
    """
    text = as_text(text)
    if _UNSENDABLE.search(text):
        raise ValueError("control characters, line breaks and bytes that are not UTF-8 text are not allowed")
    return text


def parse_setting(text: str) -> tuple[str, str]:
    """`NAME=VALUE` in two.

    Raises:
        ValueError: no name, no `=`, or characters that cannot be sent.
    """
    name, separator, value = sendable(text).partition("=")
    if not separator or not name.strip():
        raise ValueError(f"{text!r} is not NAME=VALUE")
    return name.strip().replace("-", "_"), value


SIZE = _Parsed("size", parse_size)
DURATION = _Parsed("duration", parse_duration)
TEXT = _Parsed("text", sendable)
SETTING = _Parsed("name=value", parse_setting)
