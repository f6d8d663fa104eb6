"""What the emulator knows and tests ask it: its history and its media, never the client's own word."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


def operations(emulator: Any) -> list[str]:
    """Of every request, in order."""
    return [record["operation"] for record in emulator.history()]


def called(emulator: Any, operation: str) -> list[dict[str, Any]]:
    """The records of one operation."""
    return [record for record in emulator.history() if record["operation"] == operation]


def asked(emulator: Any, operation: str) -> list[dict[str, str]]:
    """The query parameters of every call of one operation."""
    queries = [parse_qs(urlsplit(record["path"]).query) for record in called(emulator, operation)]
    return [{name: value for name, (value,) in query.items()} for query in queries]


def the_media(emulator: Any) -> dict[str, Any]:
    """The one media a cloud would show."""
    (item,) = [item for item in emulator.media() if item["state"] == "committed"]
    return item


def sha256(path: Path) -> str:
    """Of a file, as the emulator says it of an object."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
