"""What is to be uploaded: a source and the fields it was listed with, and how a report keeps both.

Decides the fields a list may have, and when two entries are the same. Leaves reading lists to `inputs.py` and what
became of an entry to `reported.py`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from vodfast.cli.text import STDIN
from vodfast.items import UploadResult


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """One thing to upload: a source and the fields of `UploadItem` it was listed with; None is not given."""

    source: str
    name: str | None = None
    kind: str | None = None
    title: str | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None
    category: str | None = None
    context: str | None = None
    storage_class: str | None = None
    cover: str | None = None
    cover_name: str | None = None
    options: dict[str, Any] | None = None

    def given(self) -> dict[str, Any]:
        """The fields that were given, without the source."""
        return {name: value for name in _FIELDS if (value := getattr(self, name)) is not None}

    @functools.cached_property
    def identity(self) -> str:
        """The same for every name of one file."""
        return self.source if self.source == STDIN else os.path.realpath(self.source)

    @functools.cached_property
    def fields(self) -> str:
        """The same for the same given fields; empty without any."""
        given = self.given()
        return repr(given) if given else ""


_FIELDS = tuple(name for name in Entry.__struct_fields__ if name != "source")


class Reported(NamedTuple):
    """A line of a report: how an upload ended, and of what."""

    result: UploadResult
    entry: Entry

    @property
    def done(self) -> bool:
        return self.result.state == "done"

    def record(self) -> dict[str, Any]:
        """The line itself."""
        return report_line(self.result, self.entry.given())


def report_line(result: UploadResult, listed: Mapping[str, Any]) -> dict[str, Any]:
    """A result and, as `listed`, the fields the item had in a list: whoever reads the report can upload it again."""
    line: dict[str, Any] = msgspec.to_builtins(result)
    return line | ({"listed": dict(listed)} if listed else {})
