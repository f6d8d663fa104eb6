"""Which upload is which, and what of an earlier run still holds.

Decides the idempotency key of an item, how a session's opening is kept and opened again, and whether a source still
has the bytes that were sent. Leaves the order of things to `session.py` and the lines to `transfer/journal.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

import msgspec
import xxhash

from vodfast.credentials import Credentials
from vodfast.errors import VodfastError
from vodfast.providers import upload_options
from vodfast.providers.contract import MediaRecord, MediaSpec, Provider, Ticket
from vodfast.transfer.journal import Journal
from vodfast.transfer.journal_lines import Entry
from vodfast.transfer.loops import in_thread
from vodfast.transfer.message import Request, Response
from vodfast.transfer.ports import Call, PartSpec
from vodfast.transfer.sources import Source
from vodfast.transfer.steps import Finished, KeptPart, KeptUpload

T = TypeVar("T")

_MARGIN = 60.0
"""Seconds before their expiry from which credentials count as expired."""


class Outcome(msgspec.Struct, frozen=True):
    """What an item became: the media, and the proof of each object by name."""

    record: MediaRecord
    finished: dict[str, Finished]


class Memory:
    """The journal as one account at one destination uses it. `destination(fresh)` says what must agree, besides file
    and options, for two uploads to be the same: cloud, account, place and route. An emulator's may change, so it is
    asked afresh before an earlier run is believed.
    """

    def __init__(self, journal: Journal, destination: Callable[[bool], Awaitable[str]]) -> None:
        self._journal = journal
        self._destination = destination

    @contextlib.asynccontextmanager
    async def claim(
        self, cloud: str, label: str, media: MediaSpec, sources: Mapping[str, Source]
    ) -> AsyncIterator[Entry | None]:
        """The journal's lines of an item, for this holder alone; None if it cannot be known again.

        Raises:
            VodfastError: the journal cannot be used although it could before.
        """
        known = all(source.identity is not None for source in sources.values())
        if not known or not self._journal.open():
            yield None
            return
        for fresh in (False, True):
            key = item_key(await self._destination(fresh), media, sources)
            async with self._journal.claim(key, cloud, label) as entry:
                if fresh or entry.state == "new" or key == item_key(await self._destination(True), media, sources):
                    yield entry
                    return

    async def flush(self) -> None:
        """Wait until the disk has what was noted, if it can: a process that is killed now leaves nothing behind that
        looks interrupted.
        """
        with contextlib.suppress(VodfastError):
            await self._journal.do(lambda _: None)


class Opening(msgspec.Struct, frozen=True):
    """The answer that opened a session, when it was asked for (Unix seconds), and for what: the `MediaSpec` as JSON,
    None if it holds something only the program that asked can have.
    """

    asked_at: float
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    media: bytes | None


class Recorded(Generic[T]):
    """A call for `media` whose answer is kept as it came."""

    def __init__(self, call: Call[T], media: MediaSpec) -> None:
        self._call = call
        self._media = media
        self._asked_at = 0.0
        self.opening: Opening | None = None

    def call(self) -> Call[T]:
        answered = None if self._call.answered is None else self._answered
        return replace(self._call, build=self._build, parse=self._parse, answered=answered)

    def _answered(self) -> T:
        """The caller has opened the session, and says so again next time: there is nothing to keep but that."""
        assert self._call.answered is not None
        answer = self._call.answered()
        self.opening = Opening(0.0, 200, (), b"", None)
        return answer

    def _build(self, credentials: Credentials, now: float) -> Request:
        self._asked_at = now
        return self._call.build(credentials, now)

    def _parse(self, response: Response) -> T:
        answer = self._call.parse(response)
        media: bytes | None = None
        with contextlib.suppress(TypeError, NotImplementedError):  # options of a caller's own making: `gc` only forgets
            media = msgspec.json.encode(self._media)
        self.opening = Opening(self._asked_at, response.status, response.headers, response.body, media)
        return answer


def item_key(destination: str, media: MediaSpec, sources: Mapping[str, Source]) -> str:
    """The same 32 hex digits whenever the same files are uploaded to the same place with the same options.

    A file is known by its name, device, inode, size and time of modification.
    """
    known = []
    for name, source in sorted(sources.items()):
        identity = source.identity
        if identity is not None:
            known.append((name, source.name, identity.device, identity.inode, source.size, identity.mtime_ns))
    return xxhash.xxh3_128_hexdigest(msgspec.json.encode((destination, media, known), enc_hook=repr))


def changed(sources: Mapping[str, Source]) -> dict[str, int]:
    """When each file's content or status last changed, in nanoseconds: a time that nobody can put back."""
    return {name: source.identity.ctime_ns for name, source in sources.items() if source.identity is not None}


def opening_of(entry: Entry, keys: Credentials) -> Opening | None:
    """How an item's session was opened, None if other keys opened it."""
    from vodfast.sealing import unseal

    content = None if entry.reply is None else unseal(keys, entry.key.encode(), entry.reply)
    try:
        return None if content is None else msgspec.msgpack.decode(content, type=Opening)
    except msgspec.MsgspecError:  # written by another release
        return None


def reopen(provider: Provider, media: MediaSpec, credentials: Credentials, opening: Opening) -> Ticket | None:
    """The ticket of a session opened by an earlier run, None if its answer cannot be read any more. Sends nothing."""
    call = provider.apply(media)
    if call.answered is not None:
        return call.answered()
    try:
        call.build(credentials, opening.asked_at)
        return call.parse(Response(status=opening.status, headers=opening.headers, body=opening.body))
    except VodfastError:
        return None


def expired(ticket: Ticket, now: float) -> bool:
    """Whether the store's keys of a session are of no use any more."""
    return ticket.expires_at is not None and ticket.expires_at - _MARGIN <= now


def asked_for(cloud: str, opening: Opening) -> MediaSpec | None:
    """What a session was opened for, None if that cannot be said any more."""
    if opening.media is None:
        return None
    try:
        said = msgspec.json.decode(opening.media, type=dict[str, Any])
        options = said.pop("options")
        media = msgspec.convert(said, MediaSpec)
        if options is None:
            return media
        return msgspec.structs.replace(media, options=msgspec.convert(options, upload_options(cloud)))
    except msgspec.MsgspecError:
        return None


def has_kept(source: Source, kept: KeptUpload, digest: str | None) -> bool:
    """Whether the source still has the bytes of the parts an earlier run sent, by the checksums taken then. Reads
    them at memory speed, so call it on a thread.
    """

    def holds(part: KeptPart) -> bool:
        spec = PartSpec(part.receipt.index, part.receipt.index * kept.part_size, part.receipt.length)
        return digest is not None and source.part(spec).checksum(digest) == part.digest

    return kept.part_size > 0 and all(map(holds, kept.parts))


async def unchanged_since(entry: Entry, outcome: Outcome, sources: Mapping[str, Source], check: str) -> bool:
    """Whether the files still are what became of the media; one that was touched since is read and compared, with
    `check` "hash" every one.
    """
    now = changed(sources)
    for name, source in sources.items():
        proof = outcome.finished.get(name)
        touched = entry.changed.get(name) != now[name] or check == "hash"
        if touched and (proof is None or not await in_thread(has_finished, source, proof)):
            return False
    if entry.changed != now:
        entry.committed(msgspec.json.encode(outcome), now)
    return True


def has_finished(source: Source, finished: Finished) -> bool:
    """The same of an object that is stored whole. What cannot be compared counts as another."""
    if finished.digest is None or source.size != finished.size:
        return False
    return source.part(PartSpec(0, 0, finished.size)).checksum(finished.digest) == finished.sent
