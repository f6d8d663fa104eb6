"""One media item: its sources, its session, its result.

Decides what is opened and checked before anything is sent, and what a caller hears while an item is on its way. Leaves
the session with the service to `session.py`.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import msgspec

from vodfast.ambiguity import still_unheard
from vodfast.errors import Cancelled, ErrorInfo, ErrorKind, InvalidInput, VodfastError
from vodfast.events import AnyEvent, EventSink, Progress, Retried, UploadEnded, UploadStarted
from vodfast.items import UploadItem, UploadResult
from vodfast.package_upload import ask_parser, member_sources, open_package, open_session
from vodfast.packages import Package
from vodfast.providers.contract import MediaSpec
from vodfast.recall import Memory, Outcome, unchanged_since
from vodfast.session import Access
from vodfast.transfer.journal_lines import Entry
from vodfast.transfer.plan import STREAM_PART
from vodfast.transfer.sources import Source, StreamSource, open_source


class ItemUpload:
    """One item on its way. `run` once."""

    def __init__(self, access: Access, item: UploadItem, sink: EventSink | None, memory: Memory | None = None) -> None:
        self._access = access
        self._engine, self._provider = access.engine, access.provider
        self._item = item
        self._sink = sink
        self._memory = memory
        self._label = _label(item)
        self._task: asyncio.Task[Any] | None = None
        self._raised: BaseException | None = None
        self.pausing = False
        """See `session.Watch`; to be set before the task is cancelled."""
        self._sources: dict[str, Source] = {}
        self._package: Package | None = None
        self._asked = False
        self._total: int | None = None
        self._done: dict[str, int] = {}
        self._moved = 0

    async def run(self) -> UploadResult:
        """Upload the item.

        Raises:
            VodfastError: with `item`, `cloud` and `attempts` filled in. What was begun has been taken back, unless the
                journal has it and the same call can continue it.
            BaseException: whatever the sink raised. It has ended the upload as a cancellation does, unless that was
                over before.
        """
        self._task = asyncio.current_task()
        try:
            result = await self._run()
        except VodfastError as error:
            if self._raised is None:
                raise
            raise error from self._raised
        except asyncio.CancelledError:
            if self._raised is None:
                raise
            raise self._raised from None
        if self._raised is not None:
            self._raised.add_note(f"{self._label} was uploaded all the same: media {result.media_id}")
            raise self._raised
        return result

    async def _run(self) -> UploadResult:
        started = time.monotonic()
        try:
            media = await self._open()
            self._provider.check(media)
            outcome, resumed, reused = await self._once(media)
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
        record, finished = outcome.record, outcome.finished
        self._emit_end("done", record.media_id, None)
        proofs = {one.verified for one in finished.values()}
        return UploadResult(
            source=self._label,
            cloud=self._provider.name,
            state="done",
            media_id=record.media_id,
            url=record.url,
            cover_url=record.cover_url,
            query_id=record.query_id,
            bytes=sum(one.size for one in finished.values()),
            seconds=time.monotonic() - started,
            verified=proofs.pop() if len(proofs) == 1 else None,
            resumed=resumed,
            reused=reused,
            request_id=record.request_id,
            raw=record.raw,
        )

    async def _once(self, media: MediaSpec) -> tuple[Outcome, bool, bool]:
        """The media of this item, made now unless an earlier run did; and whether one was continued or had finished."""
        async with self._remembered(media) as entry:
            if entry is not None and self._item.force_new:
                entry.anew = True
                if entry.state == "committed":
                    entry.forget()
            if entry is not None and entry.outcome is not None:
                outcome = msgspec.json.decode(entry.outcome, type=Outcome)
                if outcome.finished.keys() - self._sources.keys():
                    media = await self._ask_parser(media)  # it found more at the time
                if await unchanged_since(entry, outcome, self._sources, self._engine.config.source_check):
                    return outcome, False, True
                entry.forget()
            try:
                media = await self._ask_parser(media)
            except VodfastError as error:
                if entry is not None and entry.state == "committing" and not entry.anew:
                    raise still_unheard(error) from error
                raise
            session = open_session(self._access, media, self._sources, self, entry, self._memory)
            outcome = await session.run()
            if self._memory is not None and entry is not None and entry.anew:
                await self._memory.flush()
            return outcome, session.resumed, False

    async def _ask_parser(self, media: MediaSpec) -> MediaSpec:
        """The media with what only the cloud's own parser finds in the manifests of a package."""
        package = self._package
        if package is None or self._asked:
            return media
        self._asked = True
        await ask_parser(package, self._access, self)
        self._sources |= member_sources(package)
        media = msgspec.structs.replace(media, members=package.specs)
        self._provider.check(media)
        return media

    def _remembered(self, media: MediaSpec) -> AbstractAsyncContextManager[Entry | None]:
        if self._memory is None:
            return nullcontext()
        return self._memory.claim(self._provider.name, self._label, media, self._sources)

    async def _open(self) -> MediaSpec:
        item = self._item
        for field, name in (("name", item.name), ("cover_name", item.cover_name)):
            if name is not None and not isinstance(name, str):
                raise InvalidInput(f"{field} must be text, not {type(name).__name__}")
        self._package = await open_package(item, self._provider)
        media: Source
        if self._package is None:
            media = open_source(item.source, item.name)
        else:
            media = self._package.manifest
            media.name = item.name or media.name
            self._sources |= member_sources(self._package)
        self._sources["media"] = media
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
            members=self._package.specs if self._package is not None else (),
            options=item.options,
        )

    async def _prime(self, source: StreamSource) -> None:
        """Read a stream's first part before anything is sent: an empty or broken stream then costs no session."""
        limit, kept = self._engine.config.part_size or STREAM_PART, 0
        await self._engine.memory.acquire(limit)
        try:
            await source.prime(limit)
            kept = source.buffered
        finally:
            self._engine.memory.release(limit - kept)

    def applied(self) -> None:
        """See `session.Watch`."""
        sizes = [source.size for source in self._sources.values()]
        known = [size for size in sizes if size is not None]
        self._total = sum(known) if len(known) == len(sizes) else None
        self._emit(UploadStarted(item=self._label, size=self._total))

    def moved(self, name: str, done: int) -> None:
        """See `session.Watch`."""
        self._moved += done - self._done.get(name, 0)
        self._done[name] = done
        if done:
            self._emit(Progress(item=self._label, done=self._moved, total=self._total))

    def retried(self, error: VodfastError, attempt: int, delay: float) -> None:
        """See `session.Watch`."""
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
        """Tell the sink. What it raises must not get between a request and its answer: it ends the upload from outside,
        and the sink hears no more.
        """
        if self._sink is None:
            return
        try:
            self._sink(event)
        except BaseException as error:
            self._sink, self._raised = None, error
            if self._task is not None and not self._task.cancelling():
                self._task.cancel()

    def _emit_end(self, state: str, media_id: str | None, error: VodfastError | None) -> None:
        info = None if error is None else ErrorInfo.of(error)
        self._emit(UploadEnded(item=self._label, state=state, media_id=media_id, error=info))

    def _close(self) -> None:
        for source in self._sources.values():
            if isinstance(source, StreamSource):
                self._engine.memory.release(source.buffered)
            source.close()


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
