"""One session with a service: apply, move every object, commit.

Decides the order of effects within a session and what is taken back when one fails: nothing is committed before every
object is proven, and what was begun in vain is aborted. Leaves what the sources are, and the item's result and events,
to `workflow.py`, requests to the provider and store, and retries to the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import lru_cache, partial
from importlib import import_module
from typing import NamedTuple, Protocol, TypeVar, cast

import msgspec

from vodfast.ambiguity import UNHEARD, ambiguous, made_before, still_unheard, stored_before, unconfirmed
from vodfast.credentials import CachedCredentials, Credentials
from vodfast.errors import ErrorKind, RetryClass, VodfastError
from vodfast.providers.contract import MediaRecord, MediaSpec, Provider, Ticket, TicketObject
from vodfast.recall import Outcome, Recorded, changed, expired, has_finished, has_kept, opening_of, reopen
from vodfast.together import together
from vodfast.transfer.drive import Terms, passing
from vodfast.transfer.engine import Engine
from vodfast.transfer.journal_lines import Entry, ObjectRecord
from vodfast.transfer.loops import in_thread, set_going
from vodfast.transfer.plan import DEFAULT_PART
from vodfast.transfer.ports import AnyStore, ObjectStore
from vodfast.transfer.sources import Source
from vodfast.transfer.steps import DAMAGED, LEFT_BEHIND, Finished

_SESSIONS = 2
"""Sessions opened for one item: a second one if the first one's credentials expired on the way, or it was an earlier
run's and is of no use any more."""
_TRANSFERS_PER_CONNECTION = 2
"""Objects under way at once for each connection there may be, so that a small object's last answer holds none up."""
_SHOWN = 5
_LEFT = "not all that was stored of it could be deleted"

_log = logging.getLogger("vodfast.session")

T = TypeVar("T")


class Watch(Protocol):
    """Told what goes on in a session. Objects go by their `TicketObject.name`."""

    @property
    def pausing(self) -> bool:
        """Whether a cancellation leaves what the journal knows of, for a later run to go on from."""

    def applied(self) -> None:
        """The service made room."""

    def moved(self, name: str, done: int) -> None:
        """`done` bytes of one object are acknowledged; fewer than before if it had to begin anew."""

    def retried(self, error: VodfastError, attempt: int, delay: float) -> None:
        """One request failed and will be made again."""


class Access(NamedTuple):
    """How a service is reached: by which engine, at which cloud, in whose name."""

    engine: Engine
    provider: Provider
    account: CachedCredentials


class Stored(NamedTuple):
    """A session whose objects are all stored, and the proof of each by name."""

    ticket: Ticket
    finished: dict[str, Finished]


class _Place(NamedTuple):
    """Where an object may go. `line` is the name of its lines in the journal."""

    name: str
    line: str
    store: AnyStore


@lru_cache(maxsize=1)
def _load_cipher() -> None:
    """Takes 20 ms, for which nobody waits while the service answers."""
    set_going(partial(import_module, "vodfast.sealing"))


class MediaSession:
    """One media item's session. `sources` go by object name: `media`, `cover`, `member:<path>`. `entry` is the item's
    lines in the journal, None to remember nothing. `run` once.
    """

    def __init__(
        self,
        access: Access,
        media: MediaSpec,
        sources: Mapping[str, Source],
        watch: Watch,
        entry: Entry | None = None,
    ) -> None:
        self._engine, self._provider, self._account = access
        self._media = media
        self._sources = sources
        self._watch = watch
        self._entry = entry
        self._touched: set[str] = set()
        self._held: set[str] = set()
        self.resumed = False
        """Whether an earlier run's session was taken up."""
        self.doubted = False
        """Whether that run sent what makes the media and never heard of it: there may be media of this session."""

    async def run(self) -> Outcome:
        """Upload and commit, from where an earlier run left off if the journal knows of one.

        Raises:
            VodfastError: what stopped it. What was begun has been taken back, unless the journal has it and a later run
                may get further.
        """
        return await self._sessions(self._upload)

    async def move(self) -> Stored:
        """Store every object and commit nothing: `commit` or `take_back` is due.

        Raises:
            VodfastError: as `run`.
        """
        return await self._sessions(self._store)

    async def commit(self, stored: Stored, beside: Mapping[str, Finished] | None = None) -> Outcome:
        """Commit what `move` has stored. `beside` is the proof of what belongs to the media but lies in other sessions.

        Raises:
            VodfastError: as `run`.
        """
        try:
            return await self._commit(stored, beside or {})
        except VodfastError as error:
            await self._settle(stored.ticket, error)
            raise
        except (Exception, asyncio.CancelledError):
            await self._withdraw(stored.ticket)
            raise

    async def _sessions(self, work: Callable[[Ticket], Awaitable[T]]) -> T:
        """Open a session and work in it; a second one if the first was of no use."""
        for session in range(1, _SESSIONS + 1):
            ticket = await self._take_up() if session == 1 else None
            self.resumed = ticket is not None
            if ticket is None:
                ticket = await self._apply()
            self._touched.clear()
            if session == 1:
                self._watch.applied()
            try:
                return await work(ticket)
            except VodfastError as error:
                if await self._settle(ticket, error) or session == _SESSIONS:
                    raise
                for name in self._sources:
                    self._watch.moved(name, 0)
            except (Exception, asyncio.CancelledError):
                await self._withdraw(ticket)
                raise
        raise AssertionError("the last session returns or raises")

    async def _upload(self, ticket: Ticket) -> Outcome:
        if self.doubted and self._entry is not None and not self._provider.limits.needs_commit:
            record = await made_before(self._engine, self._provider, ticket, self._account)
            if record is not None:
                outcome = Outcome(record, {})
                self._entry.committed(msgspec.json.encode(outcome), changed(self._sources))
                return outcome
        return await self._commit(await self._store(ticket), {})

    async def _store(self, ticket: Ticket) -> Stored:
        finished = await self._transfer(ticket)
        if self._provider.limits.needs_commit:
            for source in self._sources.values():
                source.check_unchanged()
        return Stored(ticket, finished)

    async def _commit(self, stored: Stored, beside: Mapping[str, Finished]) -> Outcome:
        if self._provider.limits.needs_commit and self._entry is not None and not self._entry.anew:
            await self._entry.committing()
        outcome = Outcome(await self._confirm(stored), {**stored.finished, **beside})
        if self._entry is not None:
            self._entry.committed(msgspec.json.encode(outcome), changed(self._sources))
        return outcome

    async def _settle(self, ticket: Ticket, error: VodfastError) -> bool:
        """What becomes of a session that failed; False if another one may do better."""
        entry, kind = self._entry, error.kind
        if kind is ErrorKind.AMBIGUOUS:
            if entry is not None and DAMAGED not in error.context:
                await entry.committing()
            elif entry is not None:
                entry.refused()  # whatever media there is of it, it is not this one
            return True
        if self.doubted:
            if kind in (ErrorKind.CANCELLED, ErrorKind.SOURCE_CHANGED):
                return True
            raise still_unheard(error) from error
        if entry is not None and entry.state == "committing":
            entry.refused()
        if entry is not None and passing(error):
            if any(self._is_kept(entry, place) for place in _places(ticket)):
                error.message += "; what is stored is kept, and the same upload again goes on from there"
            return True
        gone = await self._engine.clean_up(self.take_back(ticket))
        left = not gone or LEFT_BEHIND in error.context or self._open_still(ticket)
        if left:
            error.message += f"; {_LEFT}"
        elif entry is not None and kind is not ErrorKind.CANCELLED:
            entry.forget()
        stale = self.resumed and kind not in (ErrorKind.CANCELLED, ErrorKind.SOURCE_CHANGED, ErrorKind.CONFIG)
        replayable = all(source.replayable for source in self._sources.values())
        over = not replayable or not (stale or error.retry is RetryClass.RENEW)
        if left and not over:
            _log.warning("an upload of %s may begin anew: %s", self._media.name, error)
        return over

    def _open_still(self, ticket: Ticket) -> bool:
        """Whether an object, cancelled for another's failure, could not abort its upload: only the journal says so."""
        entry = self._entry
        return entry is not None and any(
            entry.object(place.line).kept is not None and place.store.limits.part_order != "append"
            for place in _places(ticket)
        )

    def _is_kept(self, entry: Entry, place: _Place) -> bool:
        record = entry.object(place.line)
        return record.kept is not None or (place.name != "media" and record.finished is not None)

    # Opening.

    async def _apply(self) -> Ticket:
        recorded = Recorded(self._provider.apply(self._media), self._media)
        if self._entry is not None:
            _load_cipher()
        ticket = await self._engine.call(recorded.call(), self._account, self._watch.retried)
        if self._entry is not None and recorded.opening is not None:
            keys = await self._account.get(self._engine.now())
            from vodfast.sealing import seal

            sealed = seal(keys, self._entry.key.encode(), msgspec.msgpack.encode(recorded.opening))
            # Where there is no commit, the first object makes the media: its session must not be lost. Nor one in
            # which parts are stored: nobody else could find and discard them.
            part_size = self._engine.config.part_size or DEFAULT_PART
            in_parts = any(source.size is None or source.size > part_size for source in self._sources.values())
            durable = in_parts or not self._provider.limits.needs_commit
            await self._entry.applied(sealed, changed(self._sources), durable=durable)
        return ticket

    async def _take_up(self) -> Ticket | None:
        """The session an earlier run left, if it is still good and the sources still have the bytes it sent."""
        entry = self._entry
        if entry is None or entry.reply is None:
            return None
        now = self._engine.now()
        keys = await self._account.get(now)
        opening = opening_of(entry, keys)
        ticket = None if opening is None else reopen(self._provider, self._media, keys, opening)
        # A commit needs no key of the store, and nothing but the session says whether it was done.
        doubted = entry.state == "committing" and not entry.anew
        if ticket is None and doubted:
            raise ambiguous(f"{UNHEARD}, in a session that these keys do not open")
        stale = ticket is not None and expired(ticket, now) and not self._renews(ticket)
        if ticket is None or (stale and not doubted) or (entry.state == "committing" and entry.anew):
            entry.forget()
            return None
        if not await self._same_bytes(entry, ticket):
            if doubted:
                entry.forget()
                _log.warning("%s has changed since an earlier run, which may have made media of it", entry.label)
            elif not await self.abandon(ticket):
                _log.warning("%s has changed since an earlier run, and of that %s", entry.label, _LEFT)
            return None
        self.doubted = doubted
        return ticket

    async def _same_bytes(self, entry: Entry, ticket: Ticket) -> bool:
        """Files that have not been touched since are believed, unless the configuration says to read them."""
        now = changed(self._sources)
        for name, line, store in _places(ticket):
            record, source = entry.object(line), self._sources[name]
            if entry.changed.get(name) == now[name] and self._engine.config.source_check == "stat":
                continue
            if record.finished is not None and not await in_thread(has_finished, source, record.finished):
                return False
            if record.kept is not None and not await in_thread(has_kept, source, record.kept, store.limits.part_digest):
                return False
        return True

    def forget(self) -> None:
        """Begin anew next time, whatever became of this session."""
        if self._entry is not None:
            self._entry.forget()

    async def abandon(self, ticket: Ticket, *, at_leisure: bool = False) -> bool:
        """Take back what an earlier run left in the session of `ticket`, and forget it; False if that did not succeed
        now but may later, so it is remembered. It has `settle_seconds`, or all the time it needs.
        """
        assert self._entry is not None
        work = self._abandon(self._entry, ticket)
        gone = await (work if at_leisure else self._engine.clean_up(work))
        if gone:
            self._entry.forget()
        return bool(gone)

    async def _abandon(self, entry: Entry, ticket: Ticket) -> bool:
        """Abort the uploads the journal knows of, and those whose id the earlier run never heard."""
        credentials, places = self._store_credentials(ticket), list(_places(ticket))
        self._touched |= {place.line for place in places}

        async def abort(index: int) -> bool:
            kept, store = entry.object(places[index].line).kept, places[index].store
            try:
                if store.limits.part_order == "append":
                    # There is nothing to abort, and one that finished after all is media.
                    return await self._engine.call(store.head_object(), credentials) is None
                objects = cast(ObjectStore, store)
                found = await self._engine.call(objects.list_uploads(), credentials)
                for upload_id in {*found, *([kept.upload_id] if kept is not None else [])}:
                    await self._engine.call(objects.abort_upload(upload_id), credentials)
            except VodfastError as error:
                return not _may_pass(error)
            return True

        gone = all((await together(range(len(places)), abort, self._engine.config.max_calls)).values())
        return await self.take_back(ticket) and gone

    # Moving the objects.

    async def _transfer(self, ticket: Ticket) -> dict[str, Finished]:
        entries = {entry.name: entry for entry in ticket.objects}
        missing = self._sources.keys() - entries.keys()
        if missing:
            raise VodfastError(
                f"the service made no room for the {' and '.join(sorted(missing)[:_SHOWN])}",
                operation="apply",
                request_id=ticket.request_id,
            )
        credentials = self._store_credentials(ticket)

        async def one(name: str) -> Finished:
            return await self._object(entries[name], credentials)

        width = self._engine.config.max_connections * _TRANSFERS_PER_CONNECTION
        members = [name for name in entries if name != "media"] if self._media.members else []
        finished = await together(members, one, width)
        if members:
            for source in self._sources.values():
                source.check_unchanged()  # where nothing is committed, the manifest alone makes the media
        return finished | await together([name for name in entries if name not in finished], one, width)

    async def _object(self, entry: TicketObject, credentials: CachedCredentials) -> Finished:
        source = self._sources[entry.name]
        places = [(line, store, self._record(line)) for _, line, store in _object_places(entry)]
        # Where an earlier run left something comes first.
        places.sort(key=lambda place: place[2] is None or place[2].kept is None)
        for line, _, record in places:
            if record is not None and record.finished is not None:
                self._touched.add(line)
                self._watch.moved(entry.name, record.finished.size)
                return record.finished
        if self.doubted:
            found = await stored_before(self._engine, entry.store, source, credentials)
            if found is not None:
                return found
        while True:
            line, store, record = places.pop(0)
            self._touched.add(line)
            terms = Terms(
                concurrency=self._provider.part_concurrency(self._media),
                on_progress=lambda done: self._watch.moved(entry.name, done),
                on_retry=self._watch.retried,
                record=record,
                keep=record is not None and not places,
                pausing=self._pauses,
                resumed=self.resumed,
            )
            try:
                finished = await self._engine.transfer(store, source, credentials, terms)
                self._held.add(line)
                return finished
            except VodfastError as error:
                helpless = error.retry is RetryClass.SPENT or not error.reached
                if not places or not helpless or not source.replayable:
                    raise
                self._watch.moved(entry.name, 0)
                self._watch.retried(error, error.attempts, 0.0)

    def _pauses(self) -> bool:
        return self._entry is not None and self._watch.pausing

    def _record(self, line: str) -> ObjectRecord | None:
        return None if self._entry is None else self._entry.object(line)

    def _renews(self, ticket: Ticket) -> bool:
        return self._provider.limits.can_renew and ticket.renewable

    def _store_credentials(self, ticket: Ticket) -> CachedCredentials:
        """The ticket's credentials, renewed before they expire where the service can do that."""
        if not self._renews(ticket):
            return CachedCredentials(ticket.credentials)
        first = [] if expired(ticket, self._engine.now()) else [ticket.credentials]

        async def load() -> Credentials:
            if first:
                return first.pop()
            renewed = await self._engine.call(self._provider.renew(ticket), self._account, self._watch.retried)
            return renewed.credentials

        return CachedCredentials(load)

    async def _confirm(self, stored: Stored) -> MediaRecord:
        """Commit, and see it through: a cancellation that arrives now waits for the answer, so the result is true."""
        receipts = {name: one.receipt for name, one in stored.finished.items()}
        commit = self._provider.commit(stored.ticket, receipts)
        if isinstance(commit, MediaRecord):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0)  # a cancellation that came with the last answer is too late
            return commit
        committing = self._provider.limits.needs_commit
        if committing:  # while nothing is sent, a credentials function may fail, and a cancellation be due already
            await self._account.get(self._engine.now())
            await asyncio.sleep(0)
        call = asyncio.ensure_future(self._engine.call(commit, self._account, self._watch.retried))
        try:
            try:
                return await asyncio.shield(call)
            except asyncio.CancelledError:
                await asyncio.wait([call], timeout=self._engine.config.settle_seconds)
                if not call.done():
                    call.cancel()
                    raise ambiguous("the commit was sent but not confirmed before the upload was cancelled") from None
                return call.result()
        except Exception as error:
            if isinstance(error, VodfastError) and (
                error.kind is ErrorKind.AMBIGUOUS or (committing and not error.unsettled)
            ):
                raise
            raise unconfirmed(error, committing=committing) from error

    async def take_back(self, ticket: Ticket) -> bool:
        """Delete what may be stored of a session that will not be committed, where the store allows it. False if
        something is left that could be deleted later. What may have become media stays.
        """
        if self.doubted:
            return False
        credentials = self._store_credentials(ticket)
        places = [place for place in _places(ticket) if place.line in self._touched]
        try:
            if self._entry is not None:
                await self._entry.deleting(place.line for place in places)
        except VodfastError:
            return False

        async def delete(index: int) -> bool:
            try:
                await self._engine.call(places[index].store.delete_object(), credentials)
            except VodfastError as error:
                return not _may_pass(error) and places[index].line not in self._held
            return True

        return all((await together(range(len(places)), delete, self._engine.config.max_calls)).values())

    async def _withdraw(self, ticket: Ticket) -> None:
        """`take_back`, after a cancellation that is more than a pause, or after what nobody expected. What is left is
        in the journal, or else is said here.
        """
        if self._pauses():
            return
        if not await self._engine.clean_up(self.take_back(ticket)) and self._entry is None:
            _log.warning("an upload of %s was cancelled, and %s", self._media.name, _LEFT)


def _may_pass(error: VodfastError) -> bool:
    """Whether what could not be deleted now may be deleted later: nobody has said no for good."""
    unsure = (ErrorKind.UNEXPECTED, ErrorKind.CONFLICT)
    return passing(error) or error.retry is RetryClass.SPENT or error.kind in unsure


def _object_places(entry: TicketObject) -> Iterator[_Place]:
    """Every place an object may go."""
    yield _Place(entry.name, entry.name, entry.store)
    for number, store in enumerate(entry.fallbacks, 1):
        yield _Place(entry.name, f"{entry.name}#{number}", store)


def _places(ticket: Ticket) -> Iterator[_Place]:
    for entry in ticket.objects:
        yield from _object_places(entry)
