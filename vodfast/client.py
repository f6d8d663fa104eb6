"""The asyncio client: every verb of one cloud, for one account.

Decides how a client is put together (cloud, place, credentials, route) and how many items run at once. Leaves one
item to `workflow.py` and the blocking face to `blocking.py`.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import weakref
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from vodfast.config import TransferConfig, config_from_env, state_directory
from vodfast.credentials import (
    CachedCredentials,
    CredentialsSource,
    find_credentials,
    for_emulator,
)
from vodfast.errors import Cancelled, InvalidInput, VodfastError
from vodfast.events import EventSink
from vodfast.items import SourceLike, UploadItem, UploadResult
from vodfast.leftovers import Leftover, take_back
from vodfast.providers import load_provider
from vodfast.providers.contract import (
    JobRecord,
    MediaInfo,
    ProviderOptions,
    PullItem,
    PullTicket,
    Registered,
    RegisterItem,
)
from vodfast.recall import Memory
from vodfast.session import Access
from vodfast.transfer.curl import CurlTransport
from vodfast.transfer.engine import Engine
from vodfast.transfer.journal import Journal
from vodfast.transfer.loops import in_thread
from vodfast.transfer.ports import Call
from vodfast.waiting import R, until_ended
from vodfast.workflow import ItemUpload, failed_result

K = TypeVar("K")
T = TypeVar("T")

_ITEMS_AT_ONCE = 64
"""Items of `upload_many` in progress: enough to keep every connection busy with small files."""


class AsyncClient:
    """Uploads media into one cloud with one account's keys.

    `cloud` is a name from `vodfast.providers.provider_names()`; `place` the sub-application (tencent), the space
    (volcengine) or the storage location (aliyun); `settings` are the cloud's own, such as `region` or `endpoint`.
    `credentials` is a `Credentials`,
    or a function that returns one; without it the environment and the vendor's files are asked. With `VODFAST_EMULATOR`
    set (or `config.route` an emulator's) everything goes to that emulator with its own keys; other keys are refused
    there unless `allow_foreign_keys`. Use one client for many uploads: it keeps connections, and `aclose` (or
    `async with`) ends it.

    Raises:
        ConfigError: no such cloud, a bad setting, or no credentials.
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
        chosen = dict(settings or {})
        if place is not None:
            chosen["place"] = place
        self._provider = load_provider(cloud, chosen)
        self.cloud = cloud
        self.config = config_from_env(config)
        emulated = self.config.route is not None and self.config.route.emulator
        if credentials is None:
            places = self._provider.credential_places
            found = for_emulator(cloud, places) if emulated else find_credentials(cloud, places)
            credentials, self.origin = found.credentials, found.origin
        else:
            self.origin = "argument"
        self._account = CachedCredentials(credentials, for_emulator=emulated and not allow_foreign_keys)
        self._transport = CurlTransport(self.config)
        self._engine = Engine(self._transport, self.config)
        self._access = Access(self._engine, self._provider, self._account)
        self._identity = (cloud, place, {name: value for name, value in chosen.items() if name != "place"})
        self._journal = Journal(state_directory(self.config)) if self.config.resume else None
        self._memory = Memory(self._journal, self._destination) if self._journal is not None else None
        if self._journal is not None:  # its thread would outlive a client that nobody closes
            weakref.finalize(self, self._journal.close, wait=False).atexit = False
        self._route: str | None = None
        self._uploads: dict[asyncio.Task[UploadResult], ItemUpload] = {}
        self._cancels = 0
        self._stops: set[asyncio.Future[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Cancel what is in flight, wait for its clean end, close every connection. Safe to call twice."""
        self._closed = True
        self.cancel()
        if self._uploads:
            await asyncio.wait(self._uploads)
        await self._engine.aclose()  # which waits for what is being taken back, and that is written down
        if self._journal is not None:
            await in_thread(self._journal.close)

    def cancel(self, *, pause: bool = False) -> None:
        """Cancel every upload in flight, and start no more of those `upload_many` was given. Each aborts what it had
        begun; with `pause`, one that the journal remembers leaves it in the store, and the same upload again goes on
        from there. One whose commit is already sent is seen through. Every `wait_jobs` and `wait_media` returns what
        it knows. Call it on the loop's thread.
        """
        self._cancels += 1
        for stop in self._stops:
            if not stop.done():
                stop.set_result(None)
        for task, upload in self._uploads.items():
            upload.pausing = upload.pausing or pause
            _cancel_once(task)

    async def upload(
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
        """Upload one media item and wait until the cloud has taken it over.

        `source` is a path, bytes-like data, a binary file object or a sync or async iterator of buffers; `name` its
        file name, whose extension tells the media type, where the source has none. `options` are the cloud's own
        (`vodfast.providers.<cloud>.UploadOptions`). A field the cloud has no place for is refused. The path of an HLS
        or DASH manifest takes along every file the manifest names, where the cloud takes packages of its kind.

        A file is uploaded once: the same call again, in this process or another, continues an upload that was
        interrupted, and returns the media of one that was finished (`reused`), unless `force_new`.

        Raises:
            InvalidInput, Unsupported: refused before anything was sent.
            SourceChanged, IntegrityError, AuthError, AmbiguousCommit, VodfastError: see `vodfast.errors`. Except for
                AmbiguousCommit nothing was committed, and what was begun has been taken back, or is in the journal and
                the same call continues it.
        """
        item = UploadItem(
            source=source,
            name=name,
            kind=kind,
            title=title,
            description=description,
            tags=tuple(_listed("tags", tags)),
            category=category,
            context=context,
            storage_class=storage_class,
            cover=cover,
            cover_name=cover_name,
            options=options,
            force_new=force_new,
        )
        task = self._start(item, events)
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if task.done() and not task.cancelled():
                return task.result()  # the cancellation came after the end, and there may be media
            if current is not None and current.cancelling():
                await self._ended(task)
                raise
            raise Cancelled("the upload was cancelled", cloud=self.cloud) from None

    async def upload_many(
        self, items: Iterable[UploadItem] | AsyncIterable[UploadItem], *, events: EventSink | None = None
    ) -> AsyncIterator[UploadResult]:
        """Upload many items side by side and yield each one's final state as it is reached, failures included.

        `items` is consumed only as fast as uploads start, so it may be endless. Leaving the iteration early cancels
        what is in flight.
        """
        _check_sink(events)
        source = _each(items)
        pending: dict[asyncio.Task[UploadResult], UploadItem] = {}
        ended: asyncio.Queue[asyncio.Task[Any]] = asyncio.Queue()
        fetch: asyncio.Task[UploadItem | None] | None = None
        more, cancels = True, self._cancels
        try:
            while more or pending:
                if more and fetch is None and len(pending) < _ITEMS_AT_ONCE:
                    fetch = asyncio.create_task(_next(source))
                    fetch.add_done_callback(ended.put_nowait)
                task = await ended.get()
                if task is not fetch:
                    yield self._result(task, pending.pop(task))
                    continue
                item, fetch = task.result(), None
                if item is None or self._cancels != cancels:
                    more = False
                else:
                    upload = self._start(item, events)
                    pending[upload] = item
                    upload.add_done_callback(ended.put_nowait)
        finally:
            unfinished: list[asyncio.Task[Any]] = [*pending, *([fetch] if fetch is not None else [])]
            for left in unfinished:
                _cancel_once(left)
            if unfinished:
                await asyncio.wait(unfinished)
            for left in unfinished:
                if not left.cancelled():
                    left.exception()  # nobody else asks for it, and asyncio would complain
            await source.aclose()

    async def pull(self, items: Sequence[PullItem | str]) -> list[PullTicket]:
        """Have the cloud fetch media by URL. Accepted is not finished: ask `jobs`."""
        asked = [PullItem(url=item) if isinstance(item, str) else item for item in _listed("items", items)]
        for item in asked:
            self._provider.check_pull(item)
        limits = self._provider.limits
        batches = _alike(
            asked, limits.pull_batch, lambda item: None if limits.mixed_pulls else (item.context, item.options)
        )
        return await self._in_turn(batches, self._provider.pull)

    async def jobs(self, job_ids: Sequence[str]) -> list[JobRecord]:
        """State of pull jobs, in the order asked."""
        batches = _batches(_listed("job_ids", job_ids), self._provider.limits.job_batch)
        return await self._in_turn(batches, self._provider.jobs)

    async def wait_jobs(self, job_ids: Sequence[str], *, timeout: float | None = None) -> list[JobRecord]:
        """`jobs`, once every job has ended (done, failed, or unknown several times over), or as they are after
        `timeout` seconds.
        """
        return await self._wait(self.jobs, job_ids, timeout)

    async def cancel_jobs(self, job_ids: Sequence[str]) -> list[str]:
        """Cancel pull jobs that have not begun; the ids of those that are cancelled."""
        batches = _batches(_listed("job_ids", job_ids), self._provider.limits.job_batch)
        return await self._in_turn(batches, self._provider.cancel_jobs)

    async def register(self, items: Sequence[RegisterItem | str]) -> list[Registered]:
        """Make media of objects that already lie in the cloud's storage, in the order asked; one that could not be
        registered comes back without `media_id`.
        """
        asked = [RegisterItem(url=item) if isinstance(item, str) else item for item in _listed("items", items)]
        for item in asked:
            self._provider.check_register(item)
        batches = _alike(asked, self._provider.limits.register_batch, lambda item: item.options)
        return await self._in_turn(batches, self._provider.register)

    async def media(self, media_ids: Sequence[str]) -> list[MediaInfo]:
        """What the cloud knows of media items, in the order asked; unknown ids come back with `found` False."""
        batches = _batches(_listed("media_ids", media_ids), self._provider.limits.media_batch)
        return await self._in_turn(batches, self._provider.media)

    async def wait_media(self, media_ids: Sequence[str], *, timeout: float | None = None) -> list[MediaInfo]:
        """`media`, once the cloud has nothing left to do with any of them, or as they are after `timeout` seconds.

        Uploaded is not finished: the cloud may still transcode or review what it has taken.
        """
        return await self._wait(self.media, media_ids, timeout)

    async def issue_token(self, lifetime: float = 3600.0, **fields: object) -> str:
        """A token with which a browser or phone may upload for `lifetime` seconds. Made locally where the cloud
        allows it, with a call where not; `fields` are the cloud's own.
        """
        now = self._engine.now()
        token = self._provider.issue_token(await self._account.get(now), now, lifetime, fields)
        return await self._usable().call(token, self._account) if isinstance(token, Call) else token

    async def set_callback(self, url: str | None, *, secret: str | None = None, **fields: object) -> None:
        """Set (or with None clear) the account's callback address. `secret` is the key the cloud shall sign callbacks
        with, as `verify_callback` takes it; `fields` are the cloud's own.
        """
        field = self._provider.limits.callback_key
        given = fields if secret is None or field is None else {**fields, field: secret}
        await self._usable().call(self._provider.set_callback(url, given), self._account)

    def verify_callback(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        """Whether a callback that arrived was signed with `secret` and is still fresh."""
        return self._provider.verify_callback(headers, body, secret, self._engine.now())

    async def invoke(self, operation: str, parameters: Mapping[str, object] | None = None) -> dict[str, Any]:
        """One operation of the cloud's own API by its name, signed, for what no verb covers: its answer in the cloud's
        own words. The parameters go out unchecked. Only a reading operation is repeated when its answer is lost.
        """
        return await self._usable().call(self._provider.invoke(operation, parameters or {}), self._account)

    async def perform(self, describe: Callable[[Any], Call[T]]) -> T:
        """A call that only this cloud's provider has: `await client.perform(lambda cloud: cloud.nodes())`. Which there
        are is in the documentation of each provider's class.
        """
        return await self._usable().call(describe(self._provider), self._account)

    async def take_back(self, older_than: float = 0.0) -> list[Leftover]:
        """Abort in the stores, and forget, what interrupted uploads have left at this cloud with this account's keys;
        nothing that is in use, or was touched within `older_than` seconds. Returns what became of each: an upload taken
        back starts over, and what may be media by now is left alone.

        Raises:
            InvalidInput: the client is closed.
            VodfastError: the journal cannot be used.
        """
        self._usable()
        if self._journal is None or not self._journal.exists() or not self._journal.open():
            return []
        return [leftover async for leftover in take_back(self._journal, self._access, older_than)]

    async def check_clock(self) -> float:
        """Seconds the service's clock is ahead of this machine's, to about a second. Costs one signed read.

        Raises:
            AuthError: the credentials are refused.
        """
        return await self._usable().clock_offset(self._provider.clock(), self._account)

    async def _in_turn(
        self, batches: Iterable[Sequence[K]], describe: Callable[[Sequence[K]], Call[tuple[T, ...]]]
    ) -> list[T]:
        """What comes of one call after the other, all answers in a row."""
        found: list[T] = []
        for batch in batches:
            found += await self._usable().call(describe(batch), self._account)
        return found

    async def _wait(
        self, ask: Callable[[Sequence[str]], Coroutine[Any, Any, list[R]]], ids: Sequence[str], timeout: float | None
    ) -> list[R]:
        """Ask until nothing is under way, or until `cancel` ends the question or the pause that is on."""
        return await until_ended(
            lambda left: self._unless_cancelled(ask(left)),
            ids,
            timeout,
            lambda seconds: self._unless_cancelled(asyncio.sleep(seconds, True)),
        )

    async def _unless_cancelled(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What comes of the work; None if `cancel` came before."""
        task = asyncio.ensure_future(work)
        stop: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stops.add(stop)
        try:
            either: list[asyncio.Future[Any]] = [task, stop]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            self._stops.discard(stop)
            task.cancel()
            await asyncio.wait([task])

    def _usable(self) -> Engine:
        """The engine, for who may use it.

        Raises:
            InvalidInput: the client is closed, or was used on another event loop before.
        """
        if self._closed:
            raise InvalidInput("the client is closed")
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        if self._loop is not loop:
            raise InvalidInput("the client belongs to another event loop: make one for each loop, and close it there")
        return self._engine

    def _start(self, item: UploadItem, events: EventSink | None) -> asyncio.Task[UploadResult]:
        self._usable()
        _check_sink(events)
        upload = ItemUpload(self._access, item, events, self._memory)
        task = asyncio.create_task(upload.run())
        self._uploads[task] = upload
        task.add_done_callback(self._uploads.pop)
        return task

    async def _destination(self, fresh: bool) -> str:
        """What two uploads must agree in to be the same, besides file and options."""
        keys = await self._account.get(self._engine.now())
        if fresh or self._route is None:
            self._route = await self._engine.route_identity()
        return msgspec.json.encode((*self._identity, keys.access_key, self._route), enc_hook=repr).decode()

    def _result(self, task: asyncio.Future[UploadResult], item: UploadItem) -> UploadResult:
        if task.cancelled():
            return failed_result(item, self.cloud, Cancelled("the upload was cancelled", cloud=self.cloud))
        error = task.exception()
        if error is None:
            return task.result()
        if isinstance(error, VodfastError):
            return failed_result(item, self.cloud, error)
        raise error

    async def _ended(self, task: asyncio.Task[UploadResult]) -> None:
        task.cancel()
        await asyncio.wait([task])


def _cancel_once(task: asyncio.Task[Any]) -> None:
    """Cancel a task that is not being cancelled: another time would cut short what it is taking back."""
    if not task.cancelling():
        task.cancel()


def _check_sink(events: EventSink | None) -> None:
    """Refuse a coroutine function: nobody would await what it returns, and it would never hear of anything."""
    if events is None:
        return
    if not callable(events):
        raise InvalidInput(f"events must be a function that takes an event, not {type(events).__name__}")
    if any(map(inspect.iscoroutinefunction, (events, type(events).__call__))):
        raise InvalidInput("events must be a plain function: put what it is given into an asyncio.Queue to await there")


def _listed(name: str, things: Sequence[T]) -> Sequence[T]:
    """The same, unless it is one text, which would be taken for a list of its letters."""
    if isinstance(things, (str, bytes)):
        raise InvalidInput(f"{name} must be a list, not one text: write [{name[:-1]}]")
    return things


async def _each(items: Iterable[UploadItem] | AsyncIterable[UploadItem]) -> AsyncGenerator[UploadItem, None]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield _one(item)
    else:
        for item in items:
            yield _one(item)


def _one(item: object) -> UploadItem:
    if not isinstance(item, UploadItem):
        raise InvalidInput(f"upload_many takes UploadItem(source=...), not {type(item).__name__}")
    return item


async def _next(source: AsyncIterator[UploadItem]) -> UploadItem | None:
    return await anext(source, None)


def _alike(things: Sequence[T], size: int, key: Callable[[T], object]) -> Iterable[Sequence[T]]:
    """Batches of neighbours that agree on what one call can say only once."""
    for _, group in itertools.groupby(things, key):
        yield from _batches(list(group), size)


def _batches(things: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    for start in range(0, len(things), size):
        yield things[start : start + size]
