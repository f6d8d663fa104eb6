"""What the reports of earlier runs say: which items need no upload any more, and which are still to be uploaded.

Decides that the last word on an item counts, and that fields an item was listed with come from the newest list that
has it, or else from the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from vodfast.cli.entries import Entry, Reported
from vodfast.cli.text import STDIN, printable
from vodfast.errors import InvalidInput


class Reports:
    """The lines of reports, in the order they were read, seen from a run to `cloud`."""

    def __init__(self, lines: Sequence[Reported], cloud: str) -> None:
        self._lines = lines
        self._last: dict[str, dict[str, Reported]] = {}
        self._media: dict[str, set[str | None]] = {}
        self._decided: set[str] = set()
        for line in lines:
            if line.result.cloud == cloud and line.result.source != STDIN:
                self._last.setdefault(line.entry.identity, {})[line.entry.fields] = line
                if line.done:
                    self._media.setdefault(line.entry.identity, set()).add(line.result.media_id)

    def unsettled(self, named: Sequence[Entry]) -> Iterator[Entry]:
        """What of that is still to be uploaded.

        A source that is named without fields but was listed with some is left to `unfinished`. One that is named with
        several sets of fields is settled by a report that does not tell them apart if it has as many media.
        """
        wanted: dict[str, set[str]] = {}
        for entry in named:
            wanted.setdefault(entry.identity, set()).add(entry.fields)
        for entry in named:
            last = self._last.get(entry.identity, {})
            line = last.get(entry.fields) or last.get("")
            if line is None and last and not entry.fields:
                continue
            self._decided.add(entry.identity)
            told_apart = entry.fields in last or len(wanted[entry.identity]) == 1
            enough = told_apart or len(self._media.get(entry.identity, ())) >= len(wanted[entry.identity])
            if line is None or not line.done or not enough:
                yield entry

    def settled(self) -> list[dict[str, Any]]:
        """The lines of what is done."""
        return [line.record() for lines in self._last.values() for line in lines.values() if line.done]

    def unfinished(self, note: Callable[[str], None]) -> Iterator[Entry]:
        """What was reported and is not named otherwise, each once: uploads that have not come to their end here.

        Raises:
            InvalidInput: stdin is among them.
        """
        newest = {(line.entry.identity, line.entry.fields): line for line in self._lines}
        for line in self._still(newest.values()):
            if line.entry.source == STDIN:
                raise InvalidInput("the report holds an upload of stdin that did not succeed: pipe it in again as -")
            if line.result.state == "ambiguous":
                shown = printable(line.entry.source)
                note(f"{shown} ended ambiguous before: look for a second media item afterwards")
            yield line.entry

    def _still(self, newest: Iterable[Reported]) -> Iterator[Reported]:
        for line in newest:
            identity, fields = line.entry.identity, line.entry.fields
            if identity in self._decided or (identity == STDIN and line.done):
                continue
            here = self._last.get(identity, {}).get(fields)
            if here is None or not here.done:
                yield line
