"""Which of the files an invocation meets belong to a manifest that it meets as well.

Decides that such files travel with their manifest and are no media items of their own; that includes the files of a
manifest the cloud does not take. Leaves what a manifest names to `packages/`.
"""

from __future__ import annotations

import os

from vodfast.errors import InvalidInput
from vodfast.packages import package_kind
from vodfast.packages.names import named_files


class Members:
    """The manifests met so far and the files they name."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._met: set[str] = set()
        self._unreadable: dict[str, str] = {}
        self._folders: dict[str, str] = {}

    def meet(self, path: str) -> None:
        """Take note of a file that may be a manifest."""
        kind = package_kind(os.path.basename(path))
        place = self._place(path)
        if kind is None or place in self._met:
            return
        self._met.add(place)
        try:
            for named in map(self._place, named_files(path, kind)):
                if named != place:  # one that leads back to itself is still to be refused
                    self._owners.setdefault(named, path)
        except InvalidInput:
            self._unreadable[os.path.dirname(place)] = path

    def owner(self, path: str) -> str | None:
        """The manifest a file belongs to, None if it stands for itself."""
        return self._owners.get(self._place(path))

    def unreadable_beside(self, path: str) -> str | None:
        """A manifest that cannot be read in the file's directory or one above it, which may well name the file."""
        if not self._unreadable or self._place(path) in self._met:
            return None
        folder = os.path.dirname(self._place(path))
        while folder not in self._unreadable:
            above = os.path.dirname(folder)
            if above == folder:
                return None
            folder = above
        return self._unreadable[folder]

    def _place(self, path: str) -> str:
        """The same for every way to name a file but links to the file itself."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return os.path.join(self._folders[folder], name)
