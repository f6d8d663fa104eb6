"""Answers of the small commands: records on stdout as a table of fields, one JSON document, or JSON lines.

Decides the forms. Leaves which fields matter to each command.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import click

from vodfast.cli.text import json_line, printable

output_option = click.option(
    "--output",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="Form of the answer on stdout.",
)


def show(records: Iterable[Mapping[str, Any]], output: str, columns: Iterable[str], nothing: str = "") -> None:
    """Print records: all fields as JSON, or the named columns that hold something, tab-separated. `nothing` is what to
    tell a reader if there are none.
    """
    listed = list(records)
    if nothing and not listed and output == "text":
        click.echo(nothing, err=True)
    stream = sys.stdout.buffer
    if output == "json":
        stream.write(json_line(listed, indent=2))
    for record in listed:
        if output == "jsonl":
            stream.write(json_line(record))
        elif output == "text":
            cells = [printable(str(record[name])) for name in columns if record.get(name) not in (None, "")]
            stream.write(("\t".join(cells) + "\n").encode())
    stream.flush()


class Told:
    """Records that come one by one, shown as they come, so that a command that is killed has told what it knew.

    One JSON document, and records that may still change (`at_once` false), are shown when the block is left, in
    whatever way.
    """

    def __init__(self, output: str, columns: Sequence[str], *, at_once: bool = True) -> None:
        self.records: list[dict[str, Any]] = []
        self._output = output
        self._columns = columns
        self._at_once = at_once and output != "json"

    def add(self, record: dict[str, Any]) -> None:
        """One more."""
        self.records.append(record)
        if self._at_once:
            show([record], self._output, self._columns)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if not self._at_once:
            show(self.records, self._output, self._columns)
