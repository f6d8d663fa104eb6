"""The blocking client: the same engine on a background loop.

Decides only how calls cross the thread. Every verb, argument and error is that of `AsyncClient`. Safe to use from
several threads.
"""

from __future__ import annotations

import asyncio
import functools
import queue
import sys
import warnings
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from vodfast.client import AsyncClient
from vodfast.config import TransferConfig
from vodfast.credentials import CredentialsSource
from vodfast.errors import Cancelled, ConfigError
from vodfast.events import EventSink
from vodfast.items import SourceLike, UploadItem, UploadResult
from vodfast.leftovers import Leftover
from vodfast.providers.contract import (
    JobRecord,
    MediaInfo,
    ProviderOptions,
    PullItem,
    PullTicket,
    Registered,
    RegisterItem,
)
from vodfast.transfer.loops import BackgroundLoop, in_thread
from vodfast.transfer.ports import Call

T = TypeVar("T")

_END: Any = object()
"""What comes after the last item."""


class UploadUnderWay:
    """One upload that `Client.begin` has started."""

    def __init__(self, client: Client, loop: BackgroundLoop, upload: Coroutine[Any, Any, UploadResult]) -> None:
        self._client = client  # which must not end before it
        self._loop = loop
        self._future = loop.submit(upload)

    def when_done(self, call: Callable[[], object]) -> None:
        """Have this called once it has ended in any way, on some thread; at once if it has."""
        self._future.add_done_callback(lambda _: call())

    def result(self) -> UploadResult:
        """Wait for its end.

        Raises:
            Cancelled: `cancel` ended it.
            InvalidInput: asked in a callback of the client before the end, for which it would wait for ever.
            VodfastError: as `AsyncClient.upload`.
        """
        try:
            return self._loop.wait(self._future)
        except CancelledError:
            raise Cancelled("the upload was cancelled") from None

    def cancel(self) -> None:
        """Abort this upload alone, and wait until what it had begun is taken back. Nothing, if it has ended. In a
        callback of the client it returns at once.
        """
        self._loop.cancel(self._future)


class Client:
    """`AsyncClient` for code without an event loop. `close` (or `with`) ends it and its thread.

    Events are delivered on the background thread.

    Raises:
        ConfigError: as `AsyncClient`; or gevent or eventlet has put greenlets in the place of threads.
    """

    def __init__(
        self,
        cloud: str,
        *,
        credentials: CredentialsSource | None = None,
        config: TransferConfig | None = None,
        place: str | None = None,
        settings: Mapping[str, object] | None = None,
        allow_foreign_keys: bool = False,
    ) -> None:
        _check_threads()
        self._client = AsyncClient(
            cloud,
            credentials=credentials,
            config=config,
            place=place,
            settings=settings,
            allow_foreign_keys=allow_foreign_keys,
        )
        self._loop = BackgroundLoop()
        self._closed = False
        self._finalizer = weakref.finalize(self, _dropped, self._client, self._loop)
        self._finalizer.atexit = False  # what is in flight ends with the process

    @property
    def cloud(self) -> str:
        return self._client.cloud

    @property
    def origin(self) -> str:
        """Where the credentials came from."""
        return self._client.origin

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel what is in flight, wait for its clean end, stop the thread. Safe to call twice. Nothing in a forked
        process, whose parent has all that.

        Raises:
            InvalidInput: called in a callback of the client, for whose end it would wait for ever.
        """
        self._loop.require_elsewhere()
        if not self._closed and self._loop.alive:
            self._closed = True
            self._finalizer.detach()
            try:
                self._loop.run(self._client.aclose())
            finally:  # Ctrl-C may have cut that short
                self._loop.close()

    def cancel(self, *, pause: bool = False) -> None:
        """See `AsyncClient.cancel`. From any thread or a signal handler; returns at once."""
        self._loop.call(functools.partial(self._client.cancel, pause=pause))

    def upload(
        self,
        source: SourceLike,
        *,
        name: str | None = None,
        kind: str = "media",
        title: str | None = None,
        description: str | None = None,
        tags: Sequence[str] = (),
        category: str | None = None,
        context: str | None = None,
        storage_class: str | None = None,
        cover: SourceLike | None = None,
        cover_name: str | None = None,
        options: ProviderOptions | None = None,
        force_new: bool = False,
        events: EventSink | None = None,
    ) -> UploadResult:
        """See `AsyncClient.upload`."""
        return self._loop.run(
            self._client.upload(
                source,
                name=name,
                kind=kind,
                title=title,
                description=description,
                tags=tags,
                category=category,
                context=context,
                storage_class=storage_class,
                cover=cover,
                cover_name=cover_name,
                options=options,
                force_new=force_new,
                events=events,
            )
        )

    def begin(self, item: UploadItem, *, events: EventSink | None = None) -> UploadUnderWay:
        """Start an upload and return at once, for a thread that has something else to do meanwhile."""
        return UploadUnderWay(self, self._loop, self._client.upload(**msgspec.structs.asdict(item), events=events))

    def upload_many(self, items: Iterable[UploadItem], *, events: EventSink | None = None) -> Iterator[UploadResult]:
        """See `AsyncClient.upload_many`. An iterator is consumed on worker threads, so it may block."""
        results: queue.SimpleQueue[UploadResult | BaseException | None] = queue.SimpleQueue()

        async def pump() -> None:
            try:
                async for result in self._client.upload_many(_off_loop(items), events=events):
                    results.put(result)
            except asyncio.CancelledError:
                results.put(Cancelled("the uploads were cancelled", cloud=self.cloud))
                raise
            except BaseException as error:
                results.put(error)
            else:
                results.put(None)

        future = self._loop.submit(pump())
        try:
            while (found := results.get()) is not None:
                if isinstance(found, BaseException):
                    raise found
                yield found
        finally:
            self._loop.cancel(future)

    def pull(self, items: Sequence[PullItem | str]) -> list[PullTicket]:
        """See `AsyncClient.pull`."""
        return self._loop.run(self._client.pull(items))

    def jobs(self, job_ids: Sequence[str]) -> list[JobRecord]:
        """See `AsyncClient.jobs`."""
        return self._loop.run(self._client.jobs(job_ids))

    def wait_jobs(self, job_ids: Sequence[str], *, timeout: float | None = None) -> list[JobRecord]:
        """See `AsyncClient.wait_jobs`."""
        return self._loop.run(self._client.wait_jobs(job_ids, timeout=timeout))

    def cancel_jobs(self, job_ids: Sequence[str]) -> list[str]:
        """See `AsyncClient.cancel_jobs`."""
        return self._loop.run(self._client.cancel_jobs(job_ids))

    def register(self, items: Sequence[RegisterItem | str]) -> list[Registered]:
        """See `AsyncClient.register`."""
        return self._loop.run(self._client.register(items))

    def media(self, media_ids: Sequence[str]) -> list[MediaInfo]:
        """See `AsyncClient.media`."""
        return self._loop.run(self._client.media(media_ids))

    def wait_media(self, media_ids: Sequence[str], *, timeout: float | None = None) -> list[MediaInfo]:
        """See `AsyncClient.wait_media`."""
        return self._loop.run(self._client.wait_media(media_ids, timeout=timeout))

    def issue_token(self, lifetime: float = 3600.0, **fields: Any) -> str:
        """See `AsyncClient.issue_token`."""
        return self._loop.run(self._client.issue_token(lifetime, **fields))

    def set_callback(self, url: str | None, *, secret: str | None = None, **fields: Any) -> None:
        """See `AsyncClient.set_callback`."""
        self._loop.run(self._client.set_callback(url, secret=secret, **fields))

    def verify_callback(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        """See `AsyncClient.verify_callback`."""
        return self._client.verify_callback(headers, body, secret)

    def invoke(self, operation: str, parameters: Mapping[str, object] | None = None) -> dict[str, Any]:
        """See `AsyncClient.invoke`."""
        return self._loop.run(self._client.invoke(operation, parameters))

    def perform(self, describe: Callable[[Any], Call[T]]) -> T:
        """See `AsyncClient.perform`."""
        return self._loop.run(self._client.perform(describe))

    def take_back(self, older_than: float = 0.0) -> list[Leftover]:
        """See `AsyncClient.take_back`."""
        return self._loop.run(self._client.take_back(older_than))

    def check_clock(self) -> float:
        """See `AsyncClient.check_clock`."""
        return self._loop.run(self._client.check_clock())


def _check_threads() -> None:
    """A greenlet in the place of the background thread would run its loop and never give way to who waits for it."""
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    if gevent is not None and any(map(gevent.is_module_patched, ("threading", "queue"))):
        who, instead = "gevent", "monkey.patch_all(thread=False, queue=False)"
    elif eventlet is not None and eventlet.is_monkey_patched("thread"):
        who, instead = "eventlet", "monkey_patch(thread=False)"
    else:
        return
    raise ConfigError(f"{who} has replaced threads, which vodfast needs: use {instead}, or upload in a process apart")


def _dropped(client: AsyncClient, loop: BackgroundLoop) -> None:
    """End what a client that nobody has closed left running: a thread, connections, the journal."""
    if loop.close_after(client.aclose()):
        said = "a vodfast.Client was never closed: use it in a with statement, or close it"
        warnings.warn(said, ResourceWarning, stacklevel=2)


async def _off_loop(items: Iterable[UploadItem]) -> AsyncIterator[UploadItem]:
    if isinstance(items, Sequence):
        for item in items:
            yield item
        return
    source = iter(items)
    while (found := await in_thread(next, source, _END)) is not _END:
        yield found
