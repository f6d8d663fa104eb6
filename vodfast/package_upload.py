"""A package on its way: a manifest and its members, as one media item.

Decides which items are packages, what the cloud's own parser is asked, and the order of effects when members need
sessions of their own: every object is stored before the first commit, and the manifest's commit is the last. Leaves
one session to `session.py` and what a manifest names to `packages/`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack

import msgspec

from vodfast.errors import AmbiguousCommit, ErrorKind, InvalidInput, Unsupported, VodfastError, retold
from vodfast.file_names import file_name
from vodfast.items import UploadItem
from vodfast.packages import Package, collect, package_kind
from vodfast.providers.contract import MediaSpec, Provider, ProviderOptions
from vodfast.recall import Memory, Outcome, item_key, unchanged_since
from vodfast.session import Access, MediaSession, Stored, Watch
from vodfast.together import stop_if_cancelled, together
from vodfast.transfer.drive import passing
from vodfast.transfer.journal_lines import Entry
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
    own = getattr(item.source, "name", None) if path is None else path
    name = item.name or (file_name(own) if isinstance(own, str) else "")  # of an open descriptor it is a number
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


async def ask_parser(package: Package, access: Access, watch: Watch) -> None:
    """Have the cloud's own parser, where there is one, read every manifest, and take along what only it finds.

    Raises:
        InvalidInput: the cloud lists what does not exist or does not pass the gate.
        VodfastError: the cloud refuses a manifest.
    """
    for manifest in package.manifests:  # grows while it is gone through: the cloud may find another playlist
        call = access.provider.parse_manifest(manifest)
        if call is None:
            return
        try:
            listed = await access.engine.call(call, access.account, watch.retried)
        except VodfastError as error:
            error.message = f"{manifest.path}: {error.message}"
            raise
        await in_thread(package.add, manifest, listed)


def open_session(
    access: Access,
    media: MediaSpec,
    sources: Mapping[str, Source],
    watch: Watch,
    entry: Entry | None,
    memory: Memory | None,
) -> MediaSession | PackageSession:
    """The session, or sessions, in which a media item travels; arguments as `MediaSession`. `memory` is where members
    that need sessions of their own have theirs.
    """
    if media.members:
        key = item_key(access.provider.name, media, sources)
        media, members = access.provider.split_package(media, key)
        if members:
            return PackageSession(access, media, members, sources, watch, entry, None if entry is None else memory)
    return MediaSession(access, media, sources, watch, entry)


class PackageSession:
    """A package's sessions with the service: the manifest's, and one for each of `members`, which needs its own. `run`
    once, as `MediaSession`.
    """

    def __init__(
        self,
        access: Access,
        media: MediaSpec,
        members: Mapping[str, MediaSpec],
        sources: Mapping[str, Source],
        watch: Watch,
        entry: Entry | None,
        memory: Memory | None,
    ) -> None:
        self._access = access
        self._sources = sources
        self._watch = watch
        self._memory = memory
        self._specs = {f"{_MEMBER}{path}": spec for path, spec in members.items()}
        rest = {name: source for name, source in sources.items() if name not in self._specs}
        self._manifest = MediaSession(access, media, rest, _Part(self, watch), entry)
        self._applied = False
        self._claims = AsyncExitStack()
        self._entries: list[Entry] = []
        self._stored: dict[str, tuple[MediaSession, Stored]] = {}
        self._committed: dict[str, Outcome] = {}
        self.resumed = False
        """Whether anything of an earlier run was taken up."""

    async def run(self) -> Outcome:
        """Upload and commit everything, from where an earlier run left off if the journal knows of one.

        Raises:
            VodfastError: what stopped it; what was begun has been taken back, unless the journal has it and a later run
                may get further.
        """
        async with self._claims:
            try:
                outcome = await self._all()
            except VodfastError as error:
                kept = self._entries and passing(error)
                over = error.kind is not ErrorKind.AMBIGUOUS and not kept
                if over and self._committed:
                    error.message += f"; {len(self._committed)} files it names had been finished before it"
                if over and await self._access.engine.clean_up(self._take_back()):
                    self._forget()
                raise
            except (Exception, asyncio.CancelledError):
                if not self._pauses():
                    await self._access.engine.clean_up(self._take_back())
                raise
            self._forget()
            return outcome

    async def _all(self) -> Outcome:
        width = self._access.engine.config.max_connections
        await together(list(self._specs), self._move, width)
        stored = await self._manifest.move()
        self.resumed = self.resumed or self._manifest.resumed
        try:
            for source in self._sources.values():
                source.check_unchanged()
            await self._commit_members(width)
        except (Exception, asyncio.CancelledError) as error:
            kept = self._entries and passing(error) if isinstance(error, VodfastError) else self._pauses()
            if not kept:
                await self._access.engine.clean_up(self._manifest.take_back(stored.ticket))
            raise
        members = {name: outcome.finished["media"] for name, outcome in self._committed.items()}
        return await self._manifest.commit(stored, members)

    def _pauses(self) -> bool:
        return bool(self._entries) and self._watch.pausing

    async def _move(self, name: str) -> None:
        """Store one member, unless an earlier run has done so, or even committed it."""
        spec, sources = self._specs[name], {"media": self._sources[name]}
        entry = None
        if self._memory is not None:
            claim = self._memory.claim(self._access.provider.name, sources["media"].label, spec, sources)
            entry = await self._claims.enter_async_context(claim)
        if entry is not None:
            self._entries.append(entry)
            if entry.outcome is not None:
                outcome = msgspec.json.decode(entry.outcome, type=Outcome)
                if await unchanged_since(entry, outcome, sources, self._access.engine.config.source_check):
                    self.resumed = True
                    self._committed[name] = outcome
                    self._watch.moved(name, outcome.finished["media"].size)
                    return
                entry.forget()
        session = MediaSession(self._access, spec, sources, _Part(self, self._watch, name), entry)
        self._stored[name] = session, await session.move()
        self.resumed = self.resumed or session.resumed

    async def _commit_members(self, width: int) -> None:
        """One ahead of the others: what keeps the service from committing any then leaves none committed, which
        matters where a committed object cannot be deleted.
        """
        for names in (list(self._stored)[:1], list(self._stored)[1:]):
            await together(names, self._commit, width)
            stop_if_cancelled()

    async def _commit(self, name: str) -> None:
        session, stored = self._stored[name]
        try:
            self._committed[name] = await session.commit(stored)
        except AmbiguousCommit as error:
            if session.doubted:
                session.forget()  # a member more does no harm, one that never ends does
            message = f"{name.removeprefix(_MEMBER)} was never confirmed, so its manifest was not committed"
            raise retold(
                error, VodfastError, f"{message}: upload it again ({error.message})", kind=ErrorKind.UNAVAILABLE
            ) from error

    async def _take_back(self) -> bool:
        async def one(name: str) -> bool:
            session, stored = self._stored[name]
            return await session.take_back(stored.ticket)

        return all((await together(list(self._stored), one, self._access.engine.config.max_calls)).values())

    def _forget(self) -> None:
        """Members mean nothing without their manifest, and need not be known once it is committed."""
        for entry in self._entries:
            entry.forget()

    def applied(self) -> None:
        """One of the sessions is open: told once."""
        if not self._applied:
            self._applied = True
            self._watch.applied()


class _Part:
    """Hands on what one session of several has to tell, its media under the name it has in the package."""

    def __init__(self, package: PackageSession, watch: Watch, name: str | None = None) -> None:
        self._package = package
        self._watch = watch
        self._name = name

    @property
    def pausing(self) -> bool:
        return self._watch.pausing

    def applied(self) -> None:
        self._package.applied()

    def moved(self, name: str, done: int) -> None:
        self._watch.moved(self._name or name, done)

    def retried(self, error: VodfastError, attempt: int, delay: float) -> None:
        self._watch.retried(error, attempt, delay)
