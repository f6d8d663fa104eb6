"""A package on its way: a manifest and its members, as one media item.

Decides which items are packages, what the cloud's own parser is asked, and the order of effects when members need
sessions of their own: every object is stored before the first commit, and the manifest's commit is the last. Leaves
one session to `session.py` and what a manifest names to `packages/`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from vodfast.credentials import CachedCredentials
from vodfast.errors import AmbiguousCommit, ErrorKind, InvalidInput, Unsupported, VodfastError
from vodfast.items import UploadItem
from vodfast.packages import Package, collect, package_kind
from vodfast.providers.contract import MediaSpec, Provider, ProviderOptions
from vodfast.recall import Outcome, item_key
from vodfast.session import MediaSession, Stored, Watch, together
from vodfast.transfer.engine import Engine
from vodfast.transfer.journal import Entry
from vodfast.transfer.loops import in_thread
from vodfast.transfer.sources import Source

_MEMBER = "member:"


async def open_package(item: UploadItem, provider: Provider) -> Package | None:
    """The package an item is, None if it is a single file.

    Raises:
        Unsupported: this cloud takes no packages of that kind.
        InvalidInput: a manifest without a directory (bytes, a stream), or one that is refused; see `packages.collect`.
    """
    path = os.fsdecode(item.source) if isinstance(item.source, (str, os.PathLike)) else None
    name = item.name or os.path.basename(path or getattr(item.source, "name", None) or "")
    kind = manifest_kind(name, item.kind)
    if kind is None:
        return None
    check_package(provider, name, kind, item.options)
    if path is None:
        raise InvalidInput(
            f"a manifest ({kind}) is uploaded together with the files it names: give its path, not its content"
        )
    return await in_thread(collect, path, kind)


def manifest_kind(name: str, kind: str) -> str | None:
    """`m3u8` or `mpd` if an item of this name and kind is a package, else None."""
    return package_kind(name) if kind == "media" else None


def check_package(provider: Provider, name: str, kind: str, options: ProviderOptions | None) -> None:
    """Raises `Unsupported`, with the nearest alternative, if this cloud takes no packages of that kind."""
    taken = provider.limits.packages
    if kind not in taken:
        provider.check(MediaSpec(name=name, size=None, options=options))  # may know better what to do instead
        instead = f"package it as {' or '.join(taken)}" if taken else "upload a single file, such as an mp4"
        raise Unsupported(f"{provider.name} takes no {kind} packages: {instead}", cloud=provider.name)


def member_sources(package: Package) -> dict[str, Source]:
    """The members by object name, see `TicketObject.name`."""
    return {f"{_MEMBER}{path}": source for path, source in package.members.items()}


async def ask_parser(
    package: Package, engine: Engine, provider: Provider, account: CachedCredentials, watch: Watch
) -> None:
    """Have the cloud's own parser, where there is one, read every manifest, and take along what only it finds.

    Raises:
        InvalidInput: the cloud lists what does not exist or does not pass the gate.
        VodfastError: the cloud refuses a manifest.
    """
    for manifest in package.manifests:  # grows while it is gone through: the cloud may find another playlist
        call = provider.parse_manifest(manifest)
        if call is None:
            return
        try:
            listed = await engine.call(call, account, watch.retried)
        except VodfastError as error:
            error.message = f"{manifest.path}: {error.message}"
            raise
        await in_thread(package.add, manifest, listed)


def open_session(
    engine: Engine,
    provider: Provider,
    account: CachedCredentials,
    media: MediaSpec,
    sources: Mapping[str, Source],
    watch: Watch,
    entry: Entry | None,
) -> MediaSession | PackageSession:
    """The session, or sessions, in which a media item travels; arguments as `MediaSession`."""
    if media.members:
        own, members = provider.split_package(media, item_key(provider.name, media, sources))
        if members:
            return PackageSession(engine, provider, account, own, members, sources, watch, entry)
        media = own
    return MediaSession(engine, provider, account, media, sources, watch, entry)


class PackageSession:
    """A package's sessions with the service: the manifest's, and one for each of `members`, which needs its own. `run`
    once, as `MediaSession`. Of an interrupted package only the manifest's session is taken up again.
    """

    def __init__(
        self,
        engine: Engine,
        provider: Provider,
        account: CachedCredentials,
        media: MediaSpec,
        members: Mapping[str, MediaSpec],
        sources: Mapping[str, Source],
        watch: Watch,
        entry: Entry | None,
    ) -> None:
        self._engine = engine
        self._sources = sources
        self._watch = watch
        self._applied = False
        specs = {f"{_MEMBER}{path}": spec for path, spec in members.items()}
        rest = {name: source for name, source in sources.items() if name not in specs}
        self._manifest = MediaSession(engine, provider, account, media, rest, _Part(self, watch), entry)
        self._members = {
            name: MediaSession(engine, provider, account, spec, {"media": sources[name]}, _Part(self, watch, name))
            for name, spec in specs.items()
        }
        self._stored: dict[str, Stored] = {}

    @property
    def resumed(self) -> bool:
        """Whether an earlier run's session was taken up."""
        return self._manifest.resumed

    async def run(self) -> Outcome:
        """Upload and commit everything.

        Raises:
            VodfastError: what stopped it; what was begun has been taken back.
        """
        try:
            return await self._all()
        except (VodfastError, asyncio.CancelledError) as error:
            if not isinstance(error, AmbiguousCommit):
                await self._engine.clean_up(self._take_back())
            raise

    async def _all(self) -> Outcome:
        width = self._engine.config.max_connections
        await together(list(self._members), self._move, width)
        stored = await self._manifest.move()
        try:
            for source in self._sources.values():
                source.check_unchanged()
            await together(list(self._members), self._commit, width)
        except (VodfastError, asyncio.CancelledError):
            await self._engine.clean_up(self._manifest.take_back(stored.ticket))
            raise
        members = {name: moved.finished["media"] for name, moved in self._stored.items()}
        return await self._manifest.commit(stored, members)

    def applied(self) -> None:
        """One of the sessions is open: told once."""
        if not self._applied:
            self._applied = True
            self._watch.applied()

    async def _move(self, name: str) -> None:
        self._stored[name] = await self._members[name].move()

    async def _commit(self, name: str) -> None:
        try:
            await self._members[name].commit(self._stored[name])
        except AmbiguousCommit as error:
            raise VodfastError(
                f"{name.removeprefix(_MEMBER)} was never confirmed, so its manifest was not committed: upload it again "
                f"({error.message})",
                kind=ErrorKind.UNAVAILABLE,
                operation=error.operation,
                status=error.status,
                code=error.code,
                request_id=error.request_id,
                attempts=error.attempts,
            ) from error

    async def _take_back(self) -> None:
        async def one(name: str) -> None:
            await self._members[name].take_back(self._stored[name].ticket)

        await together(list(self._stored), one, self._engine.config.max_calls)


class _Part:
    """Hands on what one session of several has to tell, its media under the name it has in the package."""

    def __init__(self, package: PackageSession, watch: Watch, name: str | None = None) -> None:
        self._package = package
        self._watch = watch
        self._name = name

    def applied(self) -> None:
        self._package.applied()

    def moved(self, name: str, done: int) -> None:
        self._watch.moved(self._name or name, done)

    def retried(self, error: VodfastError, attempt: int, delay: float) -> None:
        self._watch.retried(error, attempt, delay)
