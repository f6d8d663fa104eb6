"""One session with a service: apply, move every object, commit.

Decides the order of effects within a session and what is taken back when one fails: nothing is committed before every
object is proven, and what was begun in vain is aborted. Leaves what the sources are, and the item's result and events,
to `workflow.py`, requests to the provider and store, and retries to the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Protocol

from vodfast.credentials import CachedCredentials, Credentials
from vodfast.errors import AmbiguousCommit, ErrorKind, RetryClass, VodfastError
from vodfast.providers.contract import MediaRecord, MediaSpec, Provider, Ticket, TicketObject
from vodfast.transfer.engine import Engine
from vodfast.transfer.machine import Finished
from vodfast.transfer.sources import Source

_SESSIONS = 2
"""Sessions opened for one item: a second one if the first one's credentials expired on the way."""


class Watch(Protocol):
    """Told what goes on in a session. Objects go by their `TicketObject.name`."""

    def applied(self) -> None:
        """The service made room."""

    def moved(self, name: str, done: int) -> None:
        """`done` bytes of one object are acknowledged; fewer than before if it had to begin anew."""

    def retried(self, error: VodfastError, attempt: int, delay: float) -> None:
        """One request failed and will be made again."""


class MediaSession:
    """One media item's session. `sources` go by object name: `media`, `cover`, `member:<path>`. `run` once."""

    def __init__(
        self,
        engine: Engine,
        provider: Provider,
        account: CachedCredentials,
        media: MediaSpec,
        sources: Mapping[str, Source],
        watch: Watch,
    ) -> None:
        self._engine = engine
        self._provider = provider
        self._account = account
        self._media = media
        self._sources = sources
        self._watch = watch

    async def run(self) -> tuple[MediaRecord, dict[str, Finished]]:
        """Upload and commit.

        Raises:
            VodfastError: what stopped it; what was begun has been taken back.
        """
        for session in range(1, _SESSIONS + 1):
            ticket = await self._engine.call(self._provider.apply(self._media), self._account, self._watch.retried)
            if session == 1:
                self._watch.applied()
            try:
                finished = await self._transfer(ticket)
                if self._provider.limits.needs_commit:
                    for source in self._sources.values():
                        source.check_unchanged()
            except VodfastError as error:
                await self._engine.clean_up(self._take_back(ticket))
                replayable = all(source.replayable for source in self._sources.values())
                if error.retry is not RetryClass.RENEW or session == _SESSIONS or not replayable:
                    raise
                for name in self._sources:
                    self._watch.moved(name, 0)
            except asyncio.CancelledError:
                await self._engine.clean_up(self._take_back(ticket))
                raise
            else:
                return await self._commit(ticket, finished), finished
        raise AssertionError("the last session returns or raises")

    async def _transfer(self, ticket: Ticket) -> dict[str, Finished]:
        entries = {entry.name: entry for entry in ticket.objects}
        missing = self._sources.keys() - entries.keys()
        if missing:
            raise VodfastError(
                f"the service made no room for the {' and '.join(sorted(missing))}",
                operation="apply",
                request_id=ticket.request_id,
            )
        credentials = self._store_credentials(ticket)
        if len(entries) == 1:
            return {name: await self._object(entry, credentials) for name, entry in entries.items()}
        return await _together(
            {name: asyncio.ensure_future(self._object(entry, credentials)) for name, entry in entries.items()}
        )

    async def _object(self, entry: TicketObject, credentials: CachedCredentials) -> Finished:
        source, places = self._sources[entry.name], [entry.store, *entry.fallbacks]
        while True:
            try:
                return await self._engine.transfer(
                    places.pop(0),
                    source,
                    credentials,
                    concurrency=self._provider.part_concurrency(self._media),
                    on_progress=lambda done: self._watch.moved(entry.name, done),
                    on_retry=self._watch.retried,
                )
            except VodfastError as error:
                helpless = error.retry is RetryClass.SPENT or not error.reached
                if not places or not helpless or not source.replayable:
                    raise
                self._watch.moved(entry.name, 0)
                self._watch.retried(error, error.attempts, 0.0)

    def _store_credentials(self, ticket: Ticket) -> CachedCredentials:
        """The ticket's credentials, renewed before they expire where the service can do that."""
        if not (self._provider.limits.can_renew and ticket.renewable):
            return CachedCredentials(ticket.credentials)
        first = [ticket.credentials]

        async def load() -> Credentials:
            if first:
                return first.pop()
            renewed = await self._engine.call(self._provider.renew(ticket), self._account, self._watch.retried)
            return renewed.credentials

        return CachedCredentials(load)

    async def _commit(self, ticket: Ticket, finished: Mapping[str, Finished]) -> MediaRecord:
        """Commit, and see it through: a cancellation that arrives now waits for the answer, so the result is true."""
        receipts = {name: one.receipt for name, one in finished.items()}
        commit = self._provider.commit(ticket, receipts)
        if isinstance(commit, MediaRecord):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0)  # a cancellation that came with the last answer is too late
            return commit
        call = asyncio.ensure_future(self._engine.call(commit, self._account, self._watch.retried))
        try:
            try:
                return await asyncio.shield(call)
            except asyncio.CancelledError:
                await asyncio.wait([call], timeout=self._engine.config.settle_seconds)
                if not call.done():
                    call.cancel()
                    raise _ambiguous(None) from None
                return call.result()
        except VodfastError as error:
            if error.unsettled:
                raise _ambiguous(error) from error
            if error.kind is not ErrorKind.AMBIGUOUS:
                await self._engine.clean_up(self._take_back(ticket))
            raise

    async def _take_back(self, ticket: Ticket) -> None:
        """Delete what is stored of a session that will not be committed: best effort, the store may not allow it."""
        credentials = CachedCredentials(ticket.credentials)
        for store in [place for entry in ticket.objects for place in (entry.store, *entry.fallbacks)]:
            with contextlib.suppress(VodfastError):
                await self._engine.attempt_once(store.delete_object(), credentials)


def _ambiguous(error: VodfastError | None) -> AmbiguousCommit:
    advice = "the media may or may not exist: look for it before you upload it again"
    if error is None:
        return AmbiguousCommit(f"the commit was sent but not confirmed before the upload was cancelled; {advice}")
    return AmbiguousCommit(
        f"the commit was sent but never confirmed; {advice} ({error.message})",
        cloud=error.cloud,
        operation=error.operation,
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        attempts=error.attempts,
    )


async def _together(tasks: dict[str, asyncio.Future[Finished]]) -> dict[str, Finished]:
    """All or none: the first failure cancels the others and waits until they have cleaned up."""
    try:
        await asyncio.wait(tasks.values(), return_when=asyncio.FIRST_EXCEPTION)
        failed = [task for task in tasks.values() if task.done() and not task.cancelled() and task.exception()]
        if failed:
            failed[0].result()
        return {name: task.result() for name, task in tasks.items()}
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
