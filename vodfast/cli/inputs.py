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

from vodfast.cli.entries import Entry, Reported
from vodfast.cli.listing import check_form
from vodfast.cli.members import Members
from vodfast.cli.report import LINE_START
from vodfast.cli.reported import Reports
from vodfast.cli.text import STDIN, printable
from vodfast.errors import InvalidInput
from vodfast.file_names import file_name
from vodfast.items import UploadResult


@dataclass
class Plan:
    """What an invocation means. `settled` holds the report lines of items that need no upload any more."""

    entries: list[Entry] = field(default_factory=list)
    settled: list[dict[str, Any]] = field(default_factory=list)


_SPECIAL = "not a regular file"

Note = Callable[[str], None]
"""Called with one line for the user."""

Refusal = Callable[[str], str | None]
"""Why the cloud does not take a file of this name, None if it does."""


def gather(
    arguments: Sequence[str],
    lists: Sequence[str],
    *,
    cloud: str,
    recursive: bool,
    refusal: Refusal,
    note: Note,
    packages: bool = True,
) -> Plan:
    """Turn arguments (paths, globs, `-`) and lists (`--from` files) into a plan, in the order given.

    A source named twice is uploaded once, unless it was listed with different fields. Items a report calls done on
    this cloud are settled, even if they are also named otherwise; those it does not call done come with the fields
    they had in that run's list. With `packages`, files that a manifest among the
    sources names belong to it and are no items of their own.

    Raises:
        InvalidInput: a directory without `recursive`, a glob or directory without a match, a URL or an empty text, a
            list that cannot be read.
    """
    if STDIN in lists and (STDIN in arguments or lists.count(STDIN) > 1):
        raise InvalidInput("stdin can be read once only: as a source, or as a list")
    listed = [_read_list(name) for name in lists]
    reports = Reports([line for lines in listed for line in lines if isinstance(line, Reported)], cloud)
    members = Members() if packages else None
    search = _Search(recursive, refusal, note, members)
    expanded = list(search.expanded(arguments, [e for lines in listed for e in lines if isinstance(e, Entry)]))
    named = list(_named(reports.unsettled(expanded), expanded, members, note))
    return Plan(entries=[*named, *reports.unfinished(note)], settled=reports.settled())


def _named(entries: Iterable[Entry], expanded: Sequence[Entry], members: Members | None, note: Note) -> Iterator[Entry]:
    """Of what arguments and lists name, each once, without what belongs to a manifest among all of them."""
    if members is not None:
        for entry in expanded:
            if entry.source != STDIN and entry.kind in (None, "media"):
                members.meet(entry.source)
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        owner = None if members is None or entry.source == STDIN else members.owner(entry.source)
        if owner is not None:
            note(f"{printable(entry.source)} goes with {printable(owner)}")
            continue
        key = (entry.identity, entry.fields)
        if key in seen:
            note(f"{printable(entry.source)} is named twice: uploaded once")
            continue
        seen.add(key)
        yield entry


class _Search:
    """Finds the files that arguments and entries mean."""

    def __init__(self, recursive: bool, refusal: Refusal, note: Note, members: Members | None) -> None:
        self._recursive = recursive
        self._refusal = refusal
        self._note = note
        self._members = members

    def expanded(self, arguments: Sequence[str], entries: Iterable[Entry]) -> Iterator[Entry]:
        for argument in arguments:
            for source in self._sources(argument):
                yield Entry(source=source)
        for entry in entries:
            if entry.source != STDIN and os.path.isdir(entry.source):
                for source in self._directory(entry.source):
                    yield msgspec.structs.replace(entry, source=source)
            else:
                yield entry

    def _sources(self, argument: str) -> Iterable[str]:
        if argument == STDIN:
            return [STDIN]
        if os.path.isdir(argument):
            return self._directory(argument)
        if not argument:
            raise InvalidInput("one of the sources is an empty text: name a file, a directory or a glob")
        if argument.startswith(("http://", "https://")) and not os.path.lexists(argument):
            raise InvalidInput(f"{printable(argument)} is a URL: have the cloud fetch it with vodfast pull")
        if os.path.lexists(argument) or not glob.has_magic(argument):
            return [argument]
        matches = list(_matches(argument, self._unreadable))
        found = []
        for match in sorted(set(matches)):
            if not os.path.isdir(match):
                found += self._unless_special(match)
            elif "**" in argument:
                continue
            elif self._recursive:
                found += list(self._walk(match)) or self._skipped(match, "it holds no file of a media type")
            else:
                self._skipped(match, "it is a directory (use --recursive)")
        if not matches:
            raise InvalidInput(f"no file matches {printable(argument)}")
        if not found:
            raise InvalidInput(f"no file that matches {printable(argument)} can be uploaded")
        return found

    def _unless_special(self, match: str) -> list[str]:
        """What a pattern happens to match: nobody means to wait for a pipe, or to read a device to its end."""
        if os.path.exists(match) and not os.path.isfile(match):
            return self._skipped(match, _SPECIAL)
        return [match]

    def _unreadable(self, error: OSError) -> None:
        self._skipped(str(error.filename), error.strerror or "it cannot be read")

    def _skipped(self, path: str, reason: str) -> list[str]:
        self._note(f"skipped {printable(path)}: {printable(reason)}")
        return []

    def _directory(self, top: str) -> list[str]:
        if not self._recursive:
            raise InvalidInput(f"{printable(top)} is a directory: add --recursive to upload the media files in it")
        found = list(self._walk(top))
        if not found:
            raise InvalidInput(f"{printable(top)} holds no file of a media type this cloud takes")
        return found

    def _walk(self, top: str) -> Iterator[str]:
        """Media files below a directory, sorted, hidden ones left out; each real directory is visited once. A manifest
        names files of its own directory or below, so it is met before any of them.
        """
        for folder, files in _real_folders(top, self._unreadable):
            paths = [os.path.join(folder, name) for name in files]
            if self._members is not None:
                for path in paths:
                    self._members.meet(path)
            for path in paths:
                if self._members is not None and self._members.owner(path) is not None:
                    continue
                reason = self._objection(path)
                if reason is None:
                    yield path
                else:
                    self._skipped(path, reason)

    def _objection(self, path: str) -> str | None:
        if not os.path.isfile(path):
            return _SPECIAL
        reason = self._refusal(file_name(path))
        manifest = None if reason is not None or self._members is None else self._members.unreadable_beside(path)
        return reason if manifest is None else f"it may belong to {manifest}, which cannot be read"


def _real_folders(top: str, failed: Callable[[OSError], None]) -> Iterator[tuple[str, list[str]]]:
    """A directory and all below it, links followed, each real one once, with the names in it; sorted, hidden ones left
    out.
    """
    visited: set[str] = set()
    for folder, folders, files in os.walk(top, followlinks=True, onerror=failed):
        real = os.path.realpath(folder)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield folder, sorted(name for name in files if not name.startswith("."))


def _matches(pattern: str, failed: Callable[[OSError], None]) -> Iterator[str]:
    """What a glob stands for. `**` means each real directory once: links may lead round in circles."""
    parts = pattern.split("/")
    if "**" not in parts:
        yield from glob.iglob(pattern)
        return
    above, rest = "/".join(parts[: parts.index("**")]), "/".join(parts[parts.index("**") + 1 :])
    tops = [above] if not glob.has_magic(above) else glob.glob(above)
    if pattern.startswith("/") and not above:
        tops = ["/"]
    for top in tops:
        for folder, files in _real_folders(top or ".", failed):
            inside = folder if top else folder.removeprefix(".").removeprefix("/")
            if rest:
                yield from _matches(os.path.join(glob.escape(inside), rest), failed)
            else:
                yield from (os.path.join(inside, name) for name in files)


def _read_list(name: str) -> list[Entry | Reported]:
    """The lines of a list: paths, JSON objects with the fields of `Entry`, or lines of a report; or paths that each end
    with a zero byte.
    """
    shown = "stdin" if name == STDIN else printable(name)
    try:
        raw = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        raise InvalidInput(f"the list {shown} cannot be read: {error.strerror}") from None
    check_form(raw, shown)
    content = raw.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    if content.endswith("\0"):
        return [Entry(source=path) for path in content.split("\0") if path]
    lines = content.split("\n")
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


def _parse_line(text: str, where: str) -> Entry | Reported:
    try:
        record = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"{where}: not a JSON object on a line of its own: {error}") from None
    try:
        if record.get("type") != "result":
            return _checked(msgspec.convert(record, Entry), where)
        listed = record.pop("listed", None)
        unknown = sorted(set(record) - {"type", *UploadResult.__struct_fields__})
        if unknown:
            raise InvalidInput(f"{where}: unknown keys: {printable(', '.join(unknown))}")
        result = msgspec.convert(record, UploadResult)
        return Reported(result, msgspec.convert({**(listed or {}), "source": result.source}, Entry))
    except (msgspec.ValidationError, TypeError) as error:
        raise InvalidInput(f"{where}: {printable(str(error))}") from None


def _checked(entry: Entry, where: str) -> Entry:
    if not entry.source or "\0" in entry.source:
        raise InvalidInput(f"{where}: source is empty or holds a zero byte")
    if entry.source == STDIN and not (entry.name or entry.options):
        raise InvalidInput(f"{where}: the source {STDIN} (stdin) needs a name")
    return entry
