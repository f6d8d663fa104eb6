"""The files of a package on disk, opened without ever leaving their directory.

Decides where a relative path leads after its links are resolved, and that a file is the same each time it is opened.
Nothing stays open between two parts, so a package may have more files than a process may open. Leaves what a path may
look like to `gate.py`.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from vodfast import _native
from vodfast.errors import SourceChanged
from vodfast.file_names import file_name, on_disk
from vodfast.packages.gate import Refused
from vodfast.transfer.message import Body
from vodfast.transfer.ports import PartSpec
from vodfast.transfer.sources import MappedBody, Source, SourceIdentity, map_part

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class Directory:
    """The directory of a manifest, after resolving links."""

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)

    def file(self, path: str, label: str) -> MemberSource:
        """The regular file a relative path leads to.

        Raises:
            FileNotFoundError: there is none.
            Refused: it leads out of the directory through a link, is no regular file, or cannot be opened.
        """
        try:
            real = os.path.realpath(os.path.join(self.path, on_disk(path)), strict=True)
            inside = os.path.join(self.path, "")
            if not real.startswith(inside):
                raise Refused("leads out of the manifest's directory through a link", path)
            return MemberSource(self.path, real.removeprefix(inside), label)
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(path) from None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise Refused("is a link that leads in a circle", path) from None
            raise Refused(f"cannot be opened: {(error.strerror or 'unknown error').lower()}", path) from None


class MemberSource:
    """One file of a package as a `transfer.sources.Source`, identified when it was listed.

    `root` and `path` together hold no link, so each opening goes down from `root` one folder at a time and follows
    none: whoever swaps a folder for a link in the meantime gains nothing.
    """

    replayable = True

    def __init__(self, root: str, path: str, label: str) -> None:
        self.label = label
        self.name = file_name(label)
        self.real = os.path.join(root, path)
        self._root = root
        self._path = path
        descriptor = _open_beneath(root, path)
        try:
            found = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Refused("is not a regular file", path)
        self.identity = SourceIdentity.of(found)
        self.size: int = self.identity.size

    def read(self, limit: int) -> bytes:
        """Up to `limit` bytes from the beginning.

        Raises:
            SourceChanged: it is not the file any more that was listed.
        """
        with open(self._open(), "rb") as file:
            return file.read(limit)

    def part(self, spec: PartSpec) -> Body:
        return MappedBody(lambda: self._map(spec), spec.length)

    def check_unchanged(self) -> None:
        try:
            same = SourceIdentity.of(os.stat(self.real, follow_symlinks=False)) == self.identity
        except OSError:
            same = False
        if not same:
            raise self._changed()

    def close(self) -> None:
        return

    def _map(self, spec: PartSpec) -> _native.MappedPart:
        descriptor = self._open()
        try:
            return map_part(descriptor, spec.offset, spec.length, self.label)
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        try:
            descriptor = _open_beneath(self._root, self._path)
        except OSError:
            raise self._changed() from None
        if SourceIdentity.of(os.fstat(descriptor)) == self.identity:
            return descriptor
        os.close(descriptor)
        raise self._changed()

    def _changed(self) -> SourceChanged:
        return SourceChanged(
            "the file changed while it was uploaded, so nothing was committed: upload it again once it is complete",
            item=self.label,
        )


if TYPE_CHECKING:
    _is_source: type[Source] = MemberSource


def _open_beneath(root: str, path: str) -> int:
    """Open a file below a directory without following any link on the way; the caller closes the descriptor."""
    *folders, name = path.split("/")
    at = os.open(root, _FOLDER)
    try:
        for folder in folders:
            above, at = at, os.open(folder, _FOLDER, dir_fd=at)
            os.close(above)
        return os.open(name, _FILE, dir_fd=at)
    finally:
        os.close(at)
