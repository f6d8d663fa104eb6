"""Performs what the machines and providers describe: schedules, retries, reports.

Decides which request runs when, over all transfers: one window of connections, one of calls, one memory budget, one
retry budget. Leaves the order of an object's requests to `machine.py` and the sockets to the transport.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Coroutine
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from vodfast.config import TransferConfig
from vodfast.credentials import CachedCredentials, Credentials
from vodfast.errors import Cancelled, ErrorKind, RetryClass, SourceChanged, VodfastError
from vodfast.transfer.append import AppendMachine
from vodfast.transfer.machine import Failed, Finished, ObjectMachine, RetryDecision, Start, Wait
from vodfast.transfer.message import Request, Response
from vodfast.transfer.plan import UploadPlan, plan_upload, stream_part_size
from vodfast.transfer.ports import AnyStore, AppendStore, Call, ObjectStore
from vodfast.transfer.retry import RetryPolicy, outcome_unknown
from vodfast.transfer.sources import Source, StreamSource, read_failure
from vodfast.transfer.window import ByteBudget, Window

T = TypeVar("T")

_CLOCK_TOLERANCE = 60.0
"""Seconds of clock difference from which a refused signature is explained by the clock."""

OnRetry: TypeAlias = Callable[[VodfastError, int, float], None]
"""Told of every request that will be made again: the error, the failed attempt's number, the delay in seconds."""
OnProgress: TypeAlias = Callable[[int], None]
"""Told the acknowledged bytes of one object each time they grow."""


class Transport(Protocol):
    """What performs an exchange; `curl.CurlTransport` on real sockets."""

    async def send(self, request: Request) -> Response: ...
    async def aclose(self) -> None: ...


class Engine:
    """One account's engine on one event loop. Use it from that loop only; `aclose` ends it."""

    def __init__(self, transport: Transport, config: TransferConfig, *, rng: random.Random | None = None) -> None:
        self.config = config
        self._transport = transport
        # Jitter needs no secrecy.
        self._retry = RetryPolicy(config, rng or random.Random())  # noqa: S311
        self._connections = Window(config.start_connections, config.max_connections, time.monotonic)
        self._calls = Window(config.max_calls, config.max_calls, time.monotonic)
        self.memory = ByteBudget(config.memory_budget)
        self._cleaning: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """The window's present size."""
        return self._connections.limit

    async def aclose(self) -> None:
        """Wait for clean-up under way, then close every connection."""
        while self._cleaning:
            await asyncio.wait(self._cleaning)
        await self._transport.aclose()

    async def call(self, call: Call[T], credentials: CachedCredentials, on_retry: OnRetry | None = None) -> T:
        """Perform a control-plane call, again if that can help and is harmless.

        Raises:
            VodfastError: of the last attempt, with the attempts counted; `unsettled` if one of them may have worked.
        """
        attempt, unsettled, renewed = 0, False, False
        while True:
            attempt += 1
            await self._calls.acquire()
            moved = 0
            try:
                answer, _ = await self._attempt(call, credentials)
                moved = 1
            except VodfastError as error:
                if error.kind is ErrorKind.THROTTLED:
                    self._calls.throttled()
                unsettled = unsettled or (outcome_unknown(error) and not call.reads)
                error.attempts, error.unsettled = attempt, unsettled
                if error.retry is RetryClass.RENEW and credentials.renewable and not renewed:
                    renewed = True
                    delay: float | None = 0.0
                elif outcome_unknown(error) and not call.repeatable:
                    delay = None
                else:
                    delay = self._retry.delay(error, attempt)
                if delay is None:
                    raise
                if on_retry is not None:
                    on_retry(error, attempt, delay)
            else:
                self._retry.succeeded()
                return answer
            finally:
                self._calls.release(moved)
            await asyncio.sleep(delay)

    async def transfer(
        self,
        store: AnyStore,
        source: Source,
        credentials: CachedCredentials,
        *,
        concurrency: int | None = None,
        on_progress: OnProgress | None = None,
        on_retry: OnRetry | None = None,
    ) -> Finished:
        """Move one source into one object. `concurrency` bounds its parts in flight.

        On failure and on cancellation the store's upload is aborted before the error leaves, within
        `config.settle_seconds`. A cancellation that arrives when the object's last request is on its way, and cannot
        be taken back, waits that long for the answer, so the result is true.

        Raises:
            VodfastError: whatever stopped it.
        """
        run = _Transfer(self, store, source, credentials, concurrency, on_progress, on_retry)
        try:
            return await run.drive()
        except asyncio.CancelledError:
            await self.clean_up(run.take_back())
            if run.failure is not None and run.failure.kind is ErrorKind.AMBIGUOUS:
                raise run.failure from None
            raise
        finally:
            run.release_memory()

    async def clean_up(self, work: Coroutine[Any, Any, None]) -> None:
        """Do work that must be finished even if the caller is cancelled again, within `config.settle_seconds`."""
        task = asyncio.create_task(self._bounded(work))
        self._cleaning.add(task)
        task.add_done_callback(self._cleaning.discard)
        await asyncio.shield(task)

    async def _bounded(self, work: Coroutine[Any, Any, None]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.config.settle_seconds):
                await work

    async def attempt_once(self, call: Call[T], credentials: CachedCredentials) -> T:
        """One attempt without retries, for best-effort clean-up."""
        answer, _ = await self._attempt(call, credentials)
        return answer

    async def clock_offset(self, call: Call[Any], credentials: CachedCredentials) -> float:
        """Seconds the service's clock is ahead of ours, from the Date of one answer.

        Raises:
            VodfastError: the call fails for another reason than a wrong clock, or the answer has no date.
        """
        before = time.time()
        response = await self._transport.send(call.build(await credentials.get(before), before))
        middle = (before + time.time()) / 2
        try:
            stamp = parsedate_to_datetime(response.header("date") or "").timestamp()
        except ValueError:
            raise VodfastError("the answer carries no date", cloud=call.cloud, operation=call.operation) from None
        # The header counts whole seconds, so on average the moment was half a second later.
        offset = stamp + 0.5 - middle
        if abs(offset) < _CLOCK_TOLERANCE:
            call.parse(response)
        return offset

    async def _attempt(
        self, call: Call[T], credentials: CachedCredentials, keys: Credentials | None = None
    ) -> tuple[T, int | None]:
        if call.answered is not None:
            return call.answered(), None
        now = time.time()
        keys = keys or await credentials.get(now)
        try:
            response = await self._transport.send(call.build(keys, now))
            return call.parse(response), response.sent
        except VodfastError as error:
            error.cloud = error.cloud or call.cloud
            error.operation = error.operation or call.operation
            if error.retry is RetryClass.RENEW:
                credentials.refused(keys)
            if call.failed is not None:
                call.failed(error)
            raise


def _machine(
    store: AnyStore, retry: RetryDecision, source: Source, plan: UploadPlan | None, concurrency: int | None
) -> ObjectMachine | AppendMachine:
    """The machine for the kind of store."""
    part_body = None if plan is None else source.part
    if store.limits.part_order == "append":
        return AppendMachine(cast(AppendStore, store), retry, plan=plan, part_body=part_body)
    return ObjectMachine(cast(ObjectStore, store), retry, plan=plan, part_body=part_body, concurrency=concurrency)


class _Transfer:
    """Drives one machine: keeps its requests running and feeds it a stream's parts."""

    def __init__(
        self,
        engine: Engine,
        store: AnyStore,
        source: Source,
        credentials: CachedCredentials,
        concurrency: int | None,
        on_progress: OnProgress | None,
        on_retry: OnRetry | None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._source = source
        self._credentials = credentials
        self._on_progress = on_progress
        self._on_retry = on_retry
        size, config = source.size, engine.config
        plan = None if size is None else plan_upload(size, store.limits, config.part_size)
        self._machine = _machine(store, self._decide, source, plan, concurrency)
        self.failure: VodfastError | None = None
        self._begun = 0
        self._running: dict[asyncio.Task[tuple[Any, int | None]], Start] = {}
        self._feeding: asyncio.Task[None] | None = None
        self._fed = 0
        # Bytes of the memory budget held by stream parts that are not acknowledged yet.
        self._held = source.hand_over() if isinstance(source, StreamSource) else 0
        self._reported = 0

    async def drive(self) -> Finished:
        """Until the machine ends."""
        loop = asyncio.get_running_loop()
        while True:
            step = self._machine.poll(loop.time())
            if isinstance(step, Finished):
                return step
            if isinstance(step, Failed):
                await self._stop_feeding()
                raise step.error
            if isinstance(step, Wait):
                await self._wait(step, loop.time())
            elif step.final:
                await self._see_through(step)
            elif step.alone:
                await self._run_alone(step)
            else:
                task = asyncio.create_task(self._perform(step))
                self._running[task] = step
                await self._window_room()

    async def take_back(self) -> None:
        """After cancellation: stop what runs, then abort what was started."""
        self._machine.cancel()
        await self._stop_feeding()
        self._drop_bodies()
        try:
            await self.drive()
        except VodfastError as error:
            self.failure = error

    def release_memory(self) -> None:
        """Give back what unsent stream parts still hold."""
        self._release(self._held)

    def _release(self, amount: int) -> None:
        self._held -= amount
        self._engine.memory.release(amount)

    async def _window_room(self) -> None:
        """Start no more requests than the window can take soon: the rest would only queue, and memory with them."""
        waiting = sum(1 for start in self._running.values() if start.weight) - self._engine._connections.limit
        if waiting >= 1:
            await self._collect(None)

    async def _run_alone(self, start: Start) -> None:
        try:
            answer, sent = await self._perform(start)
        except VodfastError as error:
            self._failed(start, error)
        except asyncio.CancelledError:
            self._machine.on_dropped(start.token)
            raise
        else:
            self._succeeded(start, answer, sent)

    async def _see_through(self, start: Start) -> None:
        """Perform what cannot be taken back. Before it the source is checked a last time; a cancellation waits for the
        answer once the request is on its way."""
        try:
            await asyncio.sleep(0)  # a cancellation that is already due comes before, not after
            self._source.check_unchanged()
        except asyncio.CancelledError:
            self._failed(start, Cancelled("the upload was cancelled", reached=False))
            raise
        except SourceChanged as error:
            error.reached = False
            self._failed(start, error)
            return
        task = asyncio.create_task(self._perform(start))
        cancelled = False
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
            if self._begun == start.token:
                await asyncio.wait([task], timeout=self._engine.config.settle_seconds)
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
        if not task.cancelled():
            self._running[task] = start
            self._report(task)
        elif self._begun == start.token:
            self._machine.on_dropped(start.token)
        else:
            self._failed(start, Cancelled("the upload was cancelled", reached=False))
        if cancelled and (self._machine.failing or not self._machine.ended):
            raise asyncio.CancelledError

    async def _perform(self, start: Start) -> tuple[Any, int | None]:
        window = self._engine._connections if start.weight else self._engine._calls
        # A renewal is a call itself: waiting for it with a place in the window held could wait forever.
        keys = await self._credentials.get(time.time())
        await window.acquire()
        self._begun = start.token
        moved = 0
        try:
            answer, sent = await self._engine._attempt(start.call, self._credentials, keys)
            if start.weight:
                self._source.check_unchanged()
            moved = start.weight or 1
            return answer, sent
        except VodfastError as error:
            if error.kind is ErrorKind.THROTTLED:
                window.throttled()
            raise
        finally:
            window.release(moved)

    async def _wait(self, step: Wait, now: float) -> None:
        if step.hungry and self._feeding is None:
            self._feeding = asyncio.create_task(self._feed())
        await self._collect(None if step.until is None else max(0.0, step.until - now))

    async def _collect(self, timeout: float | None) -> None:
        """Wait until something ends (or `timeout`), and tell the machine."""
        waits: set[asyncio.Task[Any]] = set(self._running)
        if self._feeding is not None:
            waits.add(self._feeding)
            if self._held and not self._running:
                await asyncio.sleep(0)  # a feed that has just been started gets to its waiting place
                self._engine.memory.hurry(self)
        if not waits:
            await asyncio.sleep(timeout or 0.0)
            return
        done, _ = await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task is self._feeding:
                self._feeding = None
                task.result()
            else:
                self._report(task)

    def _report(self, task: asyncio.Task[tuple[Any, int | None]]) -> None:
        start = self._running.pop(task)
        if task.cancelled():
            self._machine.on_dropped(start.token)
            return
        error = task.exception()
        if error is None:
            self._succeeded(start, *task.result())
        elif isinstance(error, VodfastError):
            self._failed(start, error)
        else:
            raise error

    def _succeeded(self, start: Start, answer: Any, sent: int | None) -> None:
        self._engine._retry.succeeded()
        before = self._machine.acknowledged
        self._machine.on_response(start.token, answer, sent)
        acknowledged = self._machine.acknowledged
        if acknowledged > before:
            self._release(min(self._held, acknowledged - before))
        if acknowledged > self._reported:
            self._reported = acknowledged
            if self._on_progress is not None:
                self._on_progress(acknowledged)
        self._after_report()

    def _failed(self, start: Start, error: VodfastError) -> None:
        self._machine.on_failure(start.token, error, asyncio.get_running_loop().time())
        self._after_report()

    def _after_report(self) -> None:
        if self._machine.failing:
            self._drop_bodies()

    def _drop_bodies(self) -> None:
        """Parts of a failed object are of no use; creations and completions are let finish, they may leave an id."""
        for task, start in self._running.items():
            if start.weight:
                task.cancel()

    def _decide(self, error: VodfastError, attempt: int) -> float | None:
        if error.retry is RetryClass.RENEW and self._credentials.renewable and attempt < self._engine.config.attempts:
            delay: float | None = 0.0
        else:
            delay = self._engine._retry.delay(error, attempt)
        if delay is not None and self._on_retry is not None:
            self._on_retry(error, attempt, delay)
        return delay

    async def _feed(self) -> None:
        """Buffer the stream's next part, within the memory budget, and offer it."""
        engine, config, stream = self._engine, self._engine.config, self._source
        assert isinstance(stream, StreamSource)
        try:
            limit = stream_part_size(self._fed, self._store.limits, config.memory_budget, config.part_size)
            if self._fed == 0:
                body, kept = await stream.next_part(limit), 0
            else:
                await engine.memory.acquire(limit, self)
                kept = 0
                try:
                    body = await stream.next_part(limit)
                    kept = body.length
                finally:
                    engine.memory.release(limit - kept)
        except VodfastError as error:
            self._machine.fail(error)
        except Exception as error:
            failure = read_failure(error, self._source.label)
            failure.__cause__ = error
            self._machine.fail(failure)
        else:
            self._held += kept
            self._fed += 1
            self._machine.offer(body, last=self._fed > 1 and body.length < limit)
        self._after_report()

    async def _stop_feeding(self) -> None:
        if self._feeding is not None:
            self._feeding.cancel()
            await asyncio.wait([self._feeding])
            self._feeding = None
