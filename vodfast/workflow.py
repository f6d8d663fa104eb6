"""One media item: check, apply, transfer, commit.

Decides the order of effects and what is taken back when one fails: nothing is sent before every check has passed,
nothing is committed before every object is proven, and what was begun in vain is aborted. Leaves requests to the
provider and store, and retries to the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping

from vodfast.credentials import CachedCredentials, Credentials
from vodfast.errors import (
    AmbiguousCommit,
    Cancelled,
    ErrorInfo,
    ErrorKind,
    RetryClass,
    VodfastError,
)
from vodfast.events import AnyEvent, EventSink, Progress, Retried, UploadEnded, UploadStarted
from vodfast.items import UploadItem, UploadResult
from vodfast.providers.contract import MediaRecord, MediaSpec, Provider, Ticket
from vodfast.transfer.engine import Engine
from vodfast.transfer.machine import Finished
from vodfast.transfer.plan import STREAM_PART
from vodfast.transfer.sources import Source, StreamSource, open_source, read_failure

_SESSIONS = 2
"""Sessions opened for one item: a second one if the first one's credentials expired on the way."""


class ItemUpload:
    """One item on its way. `run` once."""

    def __init__(
        self,
        engine: Engine,
        provider: Provider,
        account: CachedCredentials,
        item: UploadItem,
        sink: EventSink | None,
    ) -> None:
        self._engine = engine
        self._provider = provider
        self._account = account
        self._item = item
        self._sink = sink
        self._label = _label(item)
        self._sources: dict[str, Source] = {}
        self._done: dict[str, int] = {}

    async def run(self) -> UploadResult:
        """Upload the item.

        Raises:
            VodfastError: with `item`, `cloud` and `attempts` filled in. What was begun has been taken back.
        """
        started = time.monotonic()
        try:
            media = await self._open()
            self._provider.check(media)
            record, finished = await self._sessions(media)
        except VodfastError as error:
            error.item = error.item or self._label
            error.cloud = error.cloud or self._provider.name
            self._emit_end("ambiguous" if error.kind is ErrorKind.AMBIGUOUS else "failed", None, error)
            raise
        except asyncio.CancelledError:
            self._emit_end("cancelled", None, Cancelled("the upload was cancelled", item=self._label))
            raise
        finally:
            self._close()
        self._emit_end("done", record.media_id, None)
        proofs = {one.verified for one in finished.values()}
        return UploadResult(
            source=self._label,
            cloud=self._provider.name,
            state="done",
            media_id=record.media_id,
            url=record.url,
            cover_url=record.cover_url,
            bytes=sum(one.size for one in finished.values()),
            seconds=time.monotonic() - started,
            verified=proofs.pop() if len(proofs) == 1 else None,
            request_id=record.request_id,
        )

    async def _open(self) -> MediaSpec:
        item = self._item
        self._sources["media"] = media = open_source(item.source, item.name)
        cover: Source | None = None
        if item.cover is not None:
            self._sources["cover"] = cover = open_source(item.cover, item.cover_name)
        for source in self._sources.values():
            if isinstance(source, StreamSource):
                await self._prime(source)
        return MediaSpec(
            name=media.name,
            size=media.size,
            kind=item.kind,
            title=item.title,
            description=item.description,
            tags=item.tags,
            category=item.category,
            context=item.context,
            storage_class=item.storage_class,
            cover_name=cover.name if cover is not None else None,
            cover_size=cover.size if cover is not None else None,
            options=item.options,
        )

    async def _prime(self, source: StreamSource) -> None:
        """Read a stream's first part before anything is sent: an empty or broken stream then costs no session."""
        limit, kept = self._engine.config.part_size or STREAM_PART, 0
        await self._engine.memory.acquire(limit)
        try:
            await source.prime(limit)
            kept = source.buffered
        except VodfastError:
            raise
        except Exception as error:
            raise read_failure(error, self._label) from error
        finally:
            self._engine.memory.release(limit - kept)

    async def _sessions(self, media: MediaSpec) -> tuple[MediaRecord, dict[str, Finished]]:
        for session in range(1, _SESSIONS + 1):
            ticket = await self._engine.call(self._provider.apply(media), self._account, self._on_retry)
            if session == 1:
                self._emit(UploadStarted(item=self._label, size=self._total()))
            try:
                finished = await self._transfer(ticket, media)
                if self._provider.limits.needs_commit:
                    for source in self._sources.values():
                        source.check_unchanged()
            except VodfastError as error:
                await self._engine.clean_up(self._take_back(ticket))
                replayable = all(source.replayable for source in self._sources.values())
                if error.retry is not RetryClass.RENEW or session == _SESSIONS or not replayable:
                    raise
                self._done.clear()
            except asyncio.CancelledError:
                await self._engine.clean_up(self._take_back(ticket))
                raise
            else:
                return await self._commit(ticket, finished), finished
        raise AssertionError("the last session returns or raises")

    async def _transfer(self, ticket: Ticket, media: MediaSpec) -> dict[str, Finished]:
        credentials = self._store_credentials(ticket)
        concurrency = self._provider.part_concurrency(media)

        async def one(role: str) -> Finished:
            entry = next(entry for entry in ticket.objects if entry.role == role)
            source, places = self._sources[role], [entry.store, *entry.fallbacks]
            while True:
                try:
                    return await self._engine.transfer(
                        places.pop(0),
                        source,
                        credentials,
                        concurrency=concurrency,
                        on_progress=lambda done: self._progress(role, done),
                        on_retry=self._on_retry,
                    )
                except VodfastError as error:
                    helpless = error.retry is RetryClass.SPENT or not error.reached
                    if not places or not helpless or not source.replayable:
                        raise
                    self._done.pop(role, None)
                    self._on_retry(error, error.attempts, 0.0)

        roles = [entry.role for entry in ticket.objects]
        missing = self._sources.keys() - set(roles)
        if missing:
            raise VodfastError(
                f"the service made no room for the {' and '.join(sorted(missing))}",
                operation="apply",
                request_id=ticket.request_id,
            )
        if len(roles) == 1:
            return {roles[0]: await one(roles[0])}
        return await _together({role: asyncio.ensure_future(one(role)) for role in roles})

    def _store_credentials(self, ticket: Ticket) -> CachedCredentials:
        """The ticket's credentials, renewed before they expire where the service can do that."""
        if not (self._provider.limits.can_renew and ticket.renewable):
            return CachedCredentials(ticket.credentials)
        first = [ticket.credentials]

        async def load() -> Credentials:
            if first:
                return first.pop()
            renewed = await self._engine.call(self._provider.renew(ticket), self._account, self._on_retry)
            return renewed.credentials

        return CachedCredentials(load)

    async def _commit(self, ticket: Ticket, finished: Mapping[str, Finished]) -> MediaRecord:
        """Commit, and see it through: a cancellation that arrives now waits for the answer, so the result is true."""
        receipts = {role: one.receipt for role, one in finished.items()}
        commit = self._provider.commit(ticket, receipts)
        if isinstance(commit, MediaRecord):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0)  # a cancellation that came with the last answer is too late
            return commit
        call = asyncio.ensure_future(self._engine.call(commit, self._account, self._on_retry))
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

    def _total(self) -> int | None:
        sizes = [source.size for source in self._sources.values()]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    def _progress(self, role: str, done: int) -> None:
        self._done[role] = done
        self._emit(Progress(item=self._label, done=sum(self._done.values()), total=self._total()))

    def _on_retry(self, error: VodfastError, attempt: int, delay: float) -> None:
        self._emit(
            Retried(
                item=self._label,
                operation=error.operation or "",
                attempt=attempt,
                delay=delay,
                error=ErrorInfo.of(error),
            )
        )

    def _emit(self, event: AnyEvent) -> None:
        if self._sink is not None:
            self._sink(event)

    def _emit_end(self, state: str, media_id: str | None, error: VodfastError | None) -> None:
        info = None if error is None else ErrorInfo.of(error)
        self._emit(UploadEnded(item=self._label, state=state, media_id=media_id, error=info))

    def _close(self) -> None:
        for source in self._sources.values():
            if isinstance(source, StreamSource):
                self._engine.memory.release(source.buffered)
            source.close()


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
        return {role: task.result() for role, task in tasks.items()}
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


def _label(item: UploadItem) -> str:
    """How an item is called in messages and results before it is open."""
    if isinstance(item.source, str):
        return item.source
    if hasattr(item.source, "__fspath__"):
        return str(item.source)
    own = getattr(item.source, "name", None)
    return item.name or (own if isinstance(own, str) else "stream")


def failed_result(item: UploadItem, cloud: str, error: VodfastError) -> UploadResult:
    """The final state of an item that did not make it."""
    states = {ErrorKind.AMBIGUOUS: "ambiguous", ErrorKind.CANCELLED: "cancelled"}
    return UploadResult(
        source=_label(item),
        cloud=cloud,
        state=states.get(error.kind, "failed"),
        request_id=error.request_id,
        error=ErrorInfo.of(error),
    )
