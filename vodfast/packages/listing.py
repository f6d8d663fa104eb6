"""Everything a package consists of, found by reading its manifests.

Decides which manifests are read and in which order, what is uploaded once although it is named often, and where a
listing becomes absurd. Leaves the grammars to `hls.py` and `dash.py`, paths to `gate.py` and the disk to `files.py`.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Final, Protocol, cast

from vodfast.errors import ErrorKind, InvalidInput
from vodfast.file_names import file_name
from vodfast.packages.entry import Entry, Role
from vodfast.packages.files import Directory, MemberSource
from vodfast.packages.gate import Refused, member_path
from vodfast.providers.contract import ManifestSpec, MemberSpec

MAX_MANIFEST: Final = 16 * 1024 * 1024
"""Bytes of one manifest."""
MAX_MANIFESTS: Final = 1000
MAX_MEMBERS: Final = 100_000
MAX_DEPTH: Final = 8
"""How deep playlists may name playlists."""
_SHOWN: Final = 120


_GRAMMARS: Final[Mapping[str, str]] = {"m3u8": "vodfast.packages.hls", "mpd": "vodfast.packages.dash"}
"""The module that reads manifests of a kind. Loaded with the first of them, since most uploads are no packages."""


class Grammar(Protocol):
    """How manifests of a kind are read."""

    def entries(self, text: str) -> list[Entry]:
        """Everything a manifest names."""

    def plays(self, text: str, found: Sequence[Entry]) -> bool:
        """Whether any of that can be played."""


def grammar_of(kind: str) -> Grammar:
    """The grammar of one of the kinds `package_kind` tells."""
    return cast("Grammar", import_module(_GRAMMARS[kind]))


def package_kind(name: str) -> str | None:
    """`m3u8` or `mpd` if a file of this name is a manifest, whatever the case of its extension; None if it is none."""
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    return extension if extension in _GRAMMARS else None


class Package:
    """One manifest and what it needs. `members` are sources by path relative to the manifest's directory; `manifests`
    are the texts, the top one first. Listed once, by `collect`; `add` takes what a cloud's parser finds beyond it.
    """

    def __init__(self, path: str, kind: str) -> None:
        self.kind = kind
        self.members: dict[str, MemberSource] = {}
        self.manifests: list[ManifestSpec] = []
        self._directory = Directory(os.path.dirname(path) or ".")
        self._label = path
        real = os.path.realpath(path)
        self.manifest = Directory(os.path.dirname(real)).file(os.path.basename(real), path)
        self._absent: set[str] = set()

    @property
    def specs(self) -> tuple[MemberSpec, ...]:
        """The members as a provider needs them."""
        return tuple(MemberSpec(path, source.size) for path, source in self.members.items())

    def read(self, path: str, source: MemberSource, ancestors: tuple[str, ...]) -> None:
        """Read a manifest and everything below it. `ancestors` are the playlists that led here, the top one first."""
        try:
            if len(self.manifests) == MAX_MANIFESTS:
                raise Refused(f"is one of more than {MAX_MANIFESTS} playlists")
            if len(ancestors) == MAX_DEPTH:
                raise Refused(f"lies more than {MAX_DEPTH} playlists deep")
            manifest = ManifestSpec(self.kind, path, manifest_text(source))
            self.manifests.append(manifest)
            grammar = grammar_of(self.kind)
            entries = grammar.entries(manifest.text)
            if not grammar.plays(manifest.text, entries):
                raise Refused("names nothing to play: it has no segment and no playlist")
            for entry in entries:
                self._take(manifest, entry, (*ancestors, path))
        except Refused as refused:
            raise _blame(path, refused) from None

    def add(self, manifest: ManifestSpec, entries: Iterable[str]) -> None:
        """Take what a cloud's own parser finds in a manifest; most of it is known already. A playlist that only the
        cloud finds is read, and stands at the end of `manifests`.

        Raises:
            InvalidInput: an entry does not pass the gate, or there is no such file.
        """
        for uri in entries:
            try:
                path = _path(manifest, uri)
                if path not in self._absent and path != self.manifests[0].path:
                    self._take(manifest, Entry(uri), (self.manifests[0].path,))
            except Refused as refused:
                raise _blame(manifest.path, refused) from None

    def _take(self, manifest: ManifestSpec, entry: Entry, ancestors: tuple[str, ...]) -> None:
        path = _path(manifest, entry.uri)
        if entry.role is Role.MENTION:
            return
        if path in ancestors:
            raise Refused("leads in a circle: the playlist names itself, by itself or through others", entry.uri)
        if path in self.members:
            return
        try:
            source = self._found(manifest, entry.uri, path)
        except InvalidInput as error:
            if error.kind is ErrorKind.NOT_FOUND and entry.role is Role.OPTIONAL:
                self._absent.add(path)
                return
            raise
        kind = package_kind(path)
        if kind is not None and kind != self.kind:
            raise Refused(f"is a manifest of another kind than {self.kind}", entry.uri)
        if kind or entry.role is Role.PLAYLIST or (entry.role is Role.RENDITION and _is_playlist(source)):
            self.read(path, source, ancestors)

    def _found(self, manifest: ManifestSpec, uri: str, path: str) -> MemberSource:
        if len(self.members) == MAX_MEMBERS:
            raise Refused(f"is one of more than {MAX_MEMBERS} files", uri)
        label = posixpath.join(os.path.dirname(self._label), path)
        try:
            source = self._directory.file(path, label)
        except FileNotFoundError:
            raise InvalidInput(
                f"{_shown(manifest.path)} names {_shown(uri)}, but there is no such file ({path})",
                kind=ErrorKind.NOT_FOUND,
                context={"missing": label},
            ) from None
        except Refused as refused:
            raise Refused(str(refused), uri) from None
        self.members[path] = source
        return source


def collect(path: str, kind: str) -> Package:
    """List the package whose manifest, of this kind, lies at `path`: every member is found, passes the gate and is a
    regular file.

    Blocks on the disk: about 0.1 ms for each member.

    Raises:
        InvalidInput: the manifest or one it names cannot be read or understood, or an entry is refused or missing; the
            message names both.
        SourceChanged: a manifest changed while it was read.
    """
    if "\0" in path:
        raise InvalidInput("a path cannot hold a NUL character", item=path.replace("\0", "\\0"))
    try:
        package = Package(path, kind)
    except FileNotFoundError:
        raise InvalidInput("no such file", kind=ErrorKind.NOT_FOUND, item=path) from None
    except Refused as refused:
        raise InvalidInput(str(refused), item=path) from None
    try:
        package.read(file_name(path), package.manifest, ())
    except InvalidInput as error:
        error.item = path
        raise
    return package


def manifest_text(source: MemberSource) -> str:
    """The text of a manifest.

    Raises:
        Refused: it is too long, or not UTF-8.
    """
    if source.size > MAX_MANIFEST:
        raise Refused(f"is longer than {MAX_MANIFEST} bytes")
    try:
        return source.read(MAX_MANIFEST).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("is not UTF-8: save it as UTF-8") from None


def _is_playlist(source: MemberSource) -> bool:
    return source.read(10).removeprefix(b"\xef\xbb\xbf").startswith(b"#EXTM3U")


def _path(manifest: ManifestSpec, uri: str) -> str:
    return posixpath.join(posixpath.dirname(manifest.path), member_path(uri))


def _blame(manifest: str, refused: Refused) -> InvalidInput:
    what = f"the entry {_shown(refused.entry)} of {_shown(manifest)}" if refused.entry else _shown(manifest)
    return InvalidInput(f"{what} {refused}")


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 2]}..")
