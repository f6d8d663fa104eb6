"""Which files a manifest names, as quickly as reading it allows.

Decides what belongs to a package when nothing is uploaded yet, so that a search through directories takes no segment
for a media item of its own. Looks at playlists only, not at members; what `listing.py` would refuse names nothing here.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator

from vodfast.errors import InvalidInput, SourceChanged
from vodfast.file_names import on_disk
from vodfast.packages.entry import Entry, Role
from vodfast.packages.files import Directory
from vodfast.packages.gate import Refused, member_path
from vodfast.packages.listing import MAX_MANIFESTS, grammar_of, manifest_text, package_kind


def named_files(path: str, kind: str) -> Iterator[str]:
    """Every file the package of the manifest at `path` consists of besides it, as paths like `path`, there or not.

    Raises:
        InvalidInput: the manifest itself cannot be read.
    """
    folder = os.path.dirname(path)
    directory = Directory(folder or ".")
    found: set[str] = set()
    waiting = [os.path.basename(path)]
    for count in range(MAX_MANIFESTS):
        if not waiting:
            return
        manifest = waiting.pop()
        try:
            entries = grammar_of(kind).entries(manifest_text(directory.file(manifest, manifest)))
        except (Refused, FileNotFoundError, SourceChanged) as error:
            if count == 0:
                raise InvalidInput(str(error), item=path) from None
            continue
        for name, entry in _members(manifest, entries):
            if name in found:
                continue
            found.add(name)
            yield os.path.join(folder, on_disk(name))
            if package_kind(name) == kind or entry.role in (Role.PLAYLIST, Role.RENDITION):
                waiting.append(name)


def _members(manifest: str, entries: list[Entry]) -> Iterator[tuple[str, Entry]]:
    for entry in entries:
        try:
            yield posixpath.join(posixpath.dirname(manifest), member_path(entry.uri)), entry
        except Refused:
            continue
