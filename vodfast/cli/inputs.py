"""What to upload: arguments, globs, directories and lists, as one plan without duplicates.

Decides which files an invocation means and in which order. Leaves whether a file can be read, is empty or is of a type
the cloud takes to the upload itself, so that one bad file fails alone.
"""

from __future__ import annotations

import glob
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from vodfast.cli.report import LINE_START
from vodfast.cli.text import STDIN, printable
from vodfast.errors import InvalidInput
from vodfast.items import UploadResult


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
        fields = {name: getattr(self, name) for name in self.__struct_fields__ if name != "source"}
        return {name: value for name, value in fields.items() if value is not None}


@dataclass
class Plan:
    """What an invocation means. `settled` holds the report lines of items that need no upload any more."""

    entries: list[Entry] = field(default_factory=list)
    settled: list[dict[str, Any]] = field(default_factory=list)


Note = Callable[[str], None]
"""Called with one line for the user."""

Refusal = Callable[[str], str | None]
"""Why the cloud does not take a file of this name, None if it does."""


def gather(
    arguments: Sequence[str], lists: Sequence[str], *, cloud: str, recursive: bool, refusal: Refusal, note: Note
) -> Plan:
    """Turn arguments (paths, globs, `-`) and lists (`--from` files) into a plan, in the order given.

    A source named twice is uploaded once, unless it was listed with different fields. Items a report calls done on
    this cloud are settled, even if they are also named otherwise.

    Raises:
        InvalidInput: a directory without `recursive`, a glob or directory without a match, a list that cannot be read.
    """
    if STDIN in lists and (STDIN in arguments or lists.count(STDIN) > 1):
        raise InvalidInput("stdin can be read once only: as a source, or as a list")
    listed = [_read_list(name) for name in lists]
    reported = [line for lines in listed for line in lines if isinstance(line, UploadResult)]
    plan = Plan()
    done = {}
    for result in reported:
        if result.cloud == cloud and result.source != STDIN:
            done[_identity(result.source)] = result if result.state == "done" else None
    settled = {key: result for key, result in done.items() if result is not None}
    plan.settled = [msgspec.to_builtins(result) for result in settled.values()]

    expanded = _expanded(
        arguments, [e for lines in listed for e in lines if isinstance(e, Entry)], recursive, refusal, note
    )
    seen: set[tuple[str, str]] = set()
    sources: set[str] = set()
    for entry in expanded:
        identity = _identity(entry.source)
        sources.add(identity)
        if identity in settled:
            continue
        key = (identity, repr(entry.given()))
        if key in seen:
            note(f"{printable(entry.source)} is named twice: uploaded once")
            continue
        seen.add(key)
        plan.entries.append(entry)
    for result in reported:
        identity = _identity(result.source)
        if identity in settled or identity in sources:
            continue
        sources.add(identity)
        if result.source == STDIN:
            if result.state == "done":
                continue
            raise InvalidInput("the report holds an upload of stdin that did not succeed: pipe it in again as -")
        if result.state == "ambiguous":
            note(f"{printable(result.source)} ended ambiguous before: look for a second media item afterwards")
        plan.entries.append(Entry(source=result.source))
    return plan


def _expanded(
    arguments: Sequence[str], entries: Iterable[Entry], recursive: bool, refusal: Refusal, note: Note
) -> Iterator[Entry]:
    for argument in arguments:
        for source in _sources(argument, recursive, refusal, note):
            yield Entry(source=source)
    for entry in entries:
        if entry.source != STDIN and os.path.isdir(entry.source):
            for source in _directory(entry.source, recursive, refusal, note):
                yield msgspec.structs.replace(entry, source=source)
        else:
            yield entry


def _sources(argument: str, recursive: bool, refusal: Refusal, note: Note) -> Iterable[str]:
    if argument == STDIN:
        return [STDIN]
    if os.path.isdir(argument):
        return _directory(argument, recursive, refusal, note)
    if os.path.lexists(argument) or not glob.has_magic(argument):
        return [argument]
    found = []
    for match in sorted(glob.glob(argument, recursive=True)):
        if not os.path.isdir(match):
            found.append(match)
        elif recursive:
            found += _directory(match, recursive, refusal, note)
        elif "**" not in argument:
            note(f"skipped {printable(match)}: it is a directory (use --recursive)")
    if not found:
        raise InvalidInput(f"no file matches {printable(argument)}")
    return found


def _directory(top: str, recursive: bool, refusal: Refusal, note: Note) -> list[str]:
    if not recursive:
        raise InvalidInput(f"{printable(top)} is a directory: add --recursive to upload the media files in it")
    found = list(_walk(top, refusal, note))
    if not found:
        raise InvalidInput(f"{printable(top)} holds no file of a media type this cloud takes")
    return found


def _walk(top: str, refusal: Refusal, note: Note) -> Iterator[str]:
    """Media files below a directory, sorted, hidden ones left out; each real directory is visited once."""
    visited: set[str] = set()

    def failed(error: OSError) -> None:
        note(f"skipped {printable(str(error.filename))}: {error.strerror}")

    for folder, folders, files in os.walk(top, followlinks=True, onerror=failed):
        real = os.path.realpath(folder)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = os.path.join(folder, name)
            if name.startswith("."):
                continue
            reason = refusal(name) if os.path.isfile(path) else "not a regular file"
            if reason is None:
                yield path
            else:
                note(f"skipped {printable(path)}: {printable(reason)}")


def _identity(source: str) -> str:
    return source if source == STDIN else os.path.realpath(source)


def _read_list(name: str) -> list[Entry | UploadResult]:
    """The lines of a list: paths, JSON objects with the fields of `Entry`, or lines of a report."""
    shown = "stdin" if name == STDIN else printable(name)
    try:
        raw = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        raise InvalidInput(f"the list {shown} cannot be read: {error.strerror}") from None
    lines = raw.decode("utf-8", "surrogateescape").removeprefix("\ufeff").split("\n")
    if lines[-1].startswith("{") and LINE_START.match(lines[0]):
        try:
            json.loads(lines[-1])
        except ValueError:
            lines.pop()  # the run that wrote this report was killed in mid-line
    found = []
    for number, line in enumerate(lines, 1):
        text = line.removesuffix("\r")
        if not text.strip():
            continue
        if text.lstrip().startswith("{"):
            found.append(_parse_line(text, f"{shown}, line {number}"))
        elif "\0" in text:
            raise InvalidInput(f"{shown}, line {number}: holds a zero byte: not a list of paths")
        else:
            found.append(Entry(source=text))
    return found


def _parse_line(text: str, where: str) -> Entry | UploadResult:
    try:
        record = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"{where}: not a JSON object: {error}") from None
    try:
        if record.get("type") != "result":
            entry = msgspec.convert(record, Entry)
            return _checked(entry, where)
        unknown = sorted(set(record) - {"type", *UploadResult.__struct_fields__})
        if unknown:
            raise InvalidInput(f"{where}: unknown keys: {printable(', '.join(unknown))}")
        return msgspec.convert(record, UploadResult)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{where}: {printable(str(error))}") from None


def _checked(entry: Entry, where: str) -> Entry:
    if not entry.source or "\0" in entry.source:
        raise InvalidInput(f"{where}: source is empty or holds a zero byte")
    if entry.source == STDIN and not (entry.name or entry.options):
        raise InvalidInput(f"{where}: the source {STDIN} (stdin) needs a name")
    return entry
