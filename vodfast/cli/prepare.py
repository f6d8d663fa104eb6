"""From a plan to `UploadItem`s: what an entry was listed with wins over the command's options.

Decides what is refused before the first byte moves: an option the cloud refuses whatever the file (usage), not a file
the cloud refuses (that item fails alone).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click

from vodfast.cli.entries import Entry
from vodfast.cli.inputs import Plan
from vodfast.cli.settings import typed_options
from vodfast.cli.text import STDIN, printable
from vodfast.errors import VodfastError
from vodfast.file_names import file_name
from vodfast.items import UploadItem
from vodfast.package_upload import check_package, manifest_kind
from vodfast.providers.contract import MediaSpec, MemberSpec, Provider
from vodfast.providers.kinds import meant

PROBE_NAME = "probe.mp4"
"""A file name every cloud takes: tells a bad option from a bad file."""


def refusal(provider: Provider, name: str, **fields: Any) -> str | None:
    """Why the cloud refuses a file of this name with these fields of `MediaSpec`, whatever its size; None if not. A
    manifest is judged as if it had members.
    """
    try:
        kind = manifest_kind(name, fields.get("kind", "media"))
        if kind is not None:
            check_package(provider, name, kind, fields.get("options"))
            fields["members"] = (MemberSpec("segment", 1),)
        provider.check(MediaSpec(name=name, size=None, **fields))
    except VodfastError as error:
        return error.message
    return None


def unwanted(provider: Provider, name: str, kind: str, category: str | None) -> str | None:
    """Why a file found in a directory is left out, in a few words; None if it is taken."""
    if not meant(name, kind):
        return f"it does not look like {kind}"
    reason = refusal(provider, name, kind=kind)
    if reason is not None and category is not None:
        reason = refusal(provider, name, kind=kind, category=category)
    return None if reason is None else reason.partition(";")[0]


class Items:
    """The items of a plan, made one by one as they are asked for.

    `common` holds the command's options by field name (None and () are not given), `settings` the `--set` values.

    Raises:
        click.UsageError: an option the cloud refuses, or options that contradict the plan.
    """

    def __init__(self, provider: Provider, plan: Plan, common: Mapping[str, Any], settings: Mapping[str, str]) -> None:
        self._provider = provider
        self._entries = plan.entries
        self._common = {name: value for name, value in common.items() if value not in (None, (), False)}
        self._settings = settings
        typed_options(provider.name, "UploadOptions", settings)
        if "name" in self._common and len(plan.entries) > 1:
            raise click.UsageError("--name is for a single source")
        self._check_options()
        if sum(entry.source == STDIN for entry in plan.entries) > 1:
            raise click.UsageError("stdin can be uploaded once only")
        for entry in plan.entries:
            if entry.source == STDIN:
                self._check_stdin(entry)
            elif entry.options:
                self._fields(entry)

    def __iter__(self) -> Iterator[UploadItem]:
        return map(self.item, self._entries)

    def label(self, entry: Entry) -> str:
        """What the entry's result will call its source."""
        return str(self._fields(entry)["name"]) if entry.source == STDIN else entry.source

    def item(self, entry: Entry) -> UploadItem:
        """One entry with the command's options filled in."""
        source = sys.stdin.buffer if entry.source == STDIN else entry.source
        return UploadItem(source=source, **self._fields(entry))

    def _fields(self, entry: Entry) -> dict[str, Any]:
        listed = entry.given()
        own = listed.pop("options", {})
        where = f"options of {printable(entry.source)}" if own else "--set"
        options = typed_options(self._provider.name, "UploadOptions", {**self._settings, **own}, where)
        return {**self._common, **listed, "options": options}

    def _objection(self, name: str, fields: Mapping[str, Any]) -> str | None:
        spec = {key: value for key, value in fields.items() if key not in ("name", "cover", "force_new")}
        if "cover" in fields:
            spec.setdefault("cover_name", file_name(fields["cover"]))
        return refusal(self._provider, name, **spec)

    def _check_options(self) -> None:
        """The command's own options against a name the cloud takes: `--name`, the first source, or the probe."""
        fields = self._fields(Entry(source=PROBE_NAME))
        own = fields.get("name")
        first = [file_name(entry.source) for entry in self._entries[:1] if entry.source != STDIN]
        for name in [own] if own else [*first, PROBE_NAME]:
            reason = self._objection(name, fields)
            if reason is None:
                return
        raise click.UsageError(reason or "")

    def _check_stdin(self, entry: Entry) -> None:
        if sys.stdin.isatty():
            raise click.UsageError("stdin is a terminal: pipe the media into it")
        fields = self._fields(entry)
        name = fields.get("name")
        if not name:
            raise click.UsageError("stdin has no name: add --name with an extension, such as --name clip.mp4")
        reason = self._objection(name, fields)
        if reason is not None:
            raise click.UsageError(f"--name {printable(name)}: {reason}")
