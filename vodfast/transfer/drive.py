"""Drives one object's machine: keeps its requests running, feeds it a stream's parts, writes down how far it is.

Decides when the machine is asked and what may run beside what. Leaves the order of requests to the machine and the
window, budgets and retries to the engine, which all transfers share.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from vodfast.credentials import CachedCredentials
from vodfast.errors import Cancelled, ErrorKind, SourceChanged, VodfastError
from vodfast.transfer.append import AppendMachine
from vodfast.transfer.journal_lines import ObjectRecord
from vodfast.transfer.machine import ObjectMachine
from vodfast.transfer.pipeline import Pipeline
from vodfast.transfer.plan import UploadPlan, plan_upload, stream_part_size
from vodfast.transfer.ports import AnyStore, AppendStore, ObjectStore
from vodfast.transfer.retry import refuses_keys
from vodfast.transfer.sources import Source, StreamSource
from vodfast.transfer.steps import Failed, Finished, KeptUpload, Start, Wait

if TYPE_CHECKING:
    from vodfast.transfer.engine import Engine

_log = logging.getLogger("vodfast.transfer")

_PASSING = frozenset({ErrorKind.NETWORK, ErrorKind.TLS, ErrorKind.UNAVAILABLE, ErrorKind.THROTTLED})
_LAST_PARTS = 1.0
"""Seconds in which parts that are on their way may still arrive, and need not be sent again, before a pause."""
_WORTH_A_THREAD = 1024 * 1024
"""Bytes of a part from which reading it ahead on another thread pays."""

OnRetry: TypeAlias = Callable[[VodfastError, int, float], None]
"""Told of every request that will be made again: the error, the failed attempt's number, the delay in seconds."""
OnProgress: TypeAlias = Callable[[int], None]
"""Told the acknowledged bytes of one object each time they grow."""


def passing(error: VodfastError) -> bool:
    """Whether the failure is one of the service or the way there, which a later run may not meet."""
    return error.kind in _PASSING


class Terms(NamedTuple):
    """How one object shall travel. `concurrency` bounds its parts in flight. `record` remembers how far it came, and
    where an earlier run left off; with `keep` what is stored so far outlives a failure that a later run may not meet,
    and while `pausing` a cancellation. `resumed` says that an earlier run was here, of whatever it had time to write
    down.
    """

    concurrency: int | None = None
    on_progress: OnProgress | None = None
    on_retry: OnRetry | None = None
    record: ObjectRecord | None = None
    keep: bool = False
    pausing: Callable[[], bool] = lambda: False
    resumed: bool = False


class Transfer:
    """Drives one machine: keeps its requests running and feeds it a stream's parts."""

    def __init__(
        self, engine: Engine, store: AnyStore, source: Source, credentials: CachedCredentials, terms: Terms
    ) -> None:
        self._engine = engine
        self._store = store
        self._source = source
        self._credentials = credentials
        self._terms = terms
        self._record = terms.record
        size = source.size
        plan = None if size is None else plan_upload(size, store.limits, engine.config.part_size)
        kept = self._record.kept if self._record is not None else None
        if kept is not None and kept.part_size and size is not None:
            plan = UploadPlan(size, kept.part_size)
        self._part_size = plan.part_size if plan is not None and store.limits.part_order != "append" else 0
        self._machine = self._machine_for(plan, kept)
        self._noted = self._machine.upload_id
        self.failure: VodfastError | None = None
        self._begun = 0
        self._running: dict[asyncio.Task[tuple[Any, int | None]], Start] = {}
        # Tokens of the parts that wait for a slot, and what is done once one of them has it.
        self._queue: set[int] = set()
        self._shorter: asyncio.Future[None] | None = None
        # The connection of the parts that go out behind one another, and the number their machine gave it.
        self._pipeline: Pipeline | None = None
        self._pipelined = 0
        self._feeding: asyncio.Task[None] | None = None
        self._fed = 0
        # Bytes of the memory budget held by stream parts that are not acknowledged yet.
        self._held = source.hand_over() if isinstance(source, StreamSource) else 0
        self._reported = 0

    def _machine_for(self, plan: UploadPlan | None, kept: KeptUpload | None) -> ObjectMachine | AppendMachine:
        """The machine for the kind of store."""
        terms, part_body = self._terms, None if plan is None else self._source.part
        if self._store.limits.part_order == "append":
            appending = cast(AppendStore, self._store)
            if kept is None and appending.begun is not None:
                kept = KeptUpload(appending.begun, 0, ())
            return AppendMachine(
                appending,
                self._decide,
                plan=plan,
                part_body=part_body,
                kept=kept,
                resumed=terms.resumed,
                settle_seconds=self._engine.config.settle_seconds,
                pipelines=self._engine.config.bandwidth is None,  # they know no pace
            )
        return ObjectMachine(
            cast(ObjectStore, self._store),
            self._decide,
            plan=plan,
            part_body=part_body,
            concurrency=terms.concurrency,
            kept=kept,
            strays=terms.resumed,
            keeps=lambda error: terms.pausing() if error.kind is ErrorKind.CANCELLED else terms.keep and passing(error),
        )

    async def drive(self) -> Finished:
        """Until the machine ends."""
        loop, task = asyncio.get_running_loop(), cast("asyncio.Task[Any]", asyncio.current_task())
        while True:
            if self._machine.failing or not self._machine.ended:  # of what is finished there is nothing to go on with
                await self._remember()
                if task.cancelling():
                    await asyncio.sleep(0)  # a cancellation that is due comes before the next request, not after
            step = self._machine.poll(loop.time())
            if isinstance(step, Finished):
                if self._record is not None:
                    self._record.stored(step)
                self._say_what_is_left()
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
                self._running[asyncio.create_task(self._perform(step))] = step
                if step.weight:
                    self._queue.add(step.token)
                    await self._window_room(step)

    async def _remember(self) -> None:
        """Write down what is new. An upload's id is on disk before anything more is sent under it."""
        news, record = self._machine.take_news(), self._record
        if record is None:
            return
        for part in news:
            record.part(part)
        if self._machine.upload_id != self._noted:
            first = self._noted is None or self._machine.upload_id is None
            self._noted = self._machine.upload_id
            await record.upload(self._noted, self._part_size, durable=first)

    @property
    def over(self) -> bool:
        """Whether the machine has said its last word: nothing runs, and what it could take back is taken back."""
        return self._machine.ended

    async def take_back(self) -> None:
        """After cancellation, or what nobody expected: stop what runs, then abort what was started, unless it is kept.
        Requests that may leave something behind are let finish, for half the time there is: the other half is for
        taking it back.
        """
        self._machine.cancel()
        await self._stop_feeding()
        self._drop_bodies()
        loop = asyncio.get_running_loop()
        half = self._engine.config.settle_seconds / 2
        patience = min(_LAST_PARTS, half) if self._terms.pausing() else half
        waited = loop.call_later(patience, self._drop, tuple(self._running))
        try:
            await self.drive()
        except VodfastError as error:
            self.failure = error
        finally:
            waited.cancel()
            if self._record is None:
                self._say_what_is_left()

    def _say_what_is_left(self) -> None:
        """For those whom nobody will tell by an error, nor `gc` relieve of it."""
        if self._machine.left_behind is not None:
            _log.warning(
                "parts of %s could not be deleted and stay in the store: %s",
                self._source.label,
                self._machine.left_behind,
            )

    def release(self) -> None:
        """Give back what unsent stream parts still hold, and the connection of those that went out in order."""
        self._release(self._held)
        if self._pipeline is not None:
            self._pipeline.close()

    def _release(self, amount: int) -> None:
        self._held -= amount
        self._engine.memory.release(amount)

    async def _window_room(self, latest: Start) -> None:
        """Start no more requests than the window can take soon: the rest would only queue, and memory with them. Those
        that are read ahead queue a window's worth early, so that they are ready when the others end.
        """
        await asyncio.sleep(0)  # the request that was just started takes its slot, if there is one
        if len(self._queue) >= (1 if latest.call.ahead is None else self._engine.window.limit):
            self._shorter = asyncio.get_running_loop().create_future()
            try:
                await self._collect(None)
            finally:
                self._shorter = None

    def _leave_queue(self, token: int) -> None:
        self._queue.discard(token)
        if self._shorter is not None and not self._shorter.done():
            self._shorter.set_result(None)

    async def _run_alone(self, start: Start) -> None:
        try:
            answer, sent = await self._perform(start)
        except VodfastError as error:
            self._failed(start, error)
        except (Exception, asyncio.CancelledError):
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
        window = self._engine.window if start.weight else self._engine.calls
        if start.weight >= _WORTH_A_THREAD:
            await self._engine.read_ahead(start.call)
        # A renewal is a call itself: waiting for it with a place in the window held could wait forever.
        keys = await self._credentials.get(self._engine.now())
        slot = await window.acquire()
        self._begun = start.token
        self._leave_queue(start.token)
        moved = 0
        try:
            through = self._pipeline_of(start) if start.pipeline else None
            answer, sent = await self._engine.attempt(start.call, self._credentials, keys, slot.sent, through)
            if start.weight:
                self._source.check_unchanged()
            moved = start.weight or 1
            return answer, sent
        except VodfastError as error:
            if error.kind is ErrorKind.THROTTLED:
                window.throttled()
            raise
        finally:
            slot.release(moved)

    def _pipeline_of(self, start: Start) -> Pipeline:
        """The connection a part goes out on, with those before it."""
        if self._pipeline is None or start.pipeline != self._pipelined:
            if self._pipeline is not None:
                self._pipeline.close()
            self._pipeline, self._pipelined = self._engine.pipeline(), start.pipeline
        return self._pipeline

    async def _wait(self, step: Wait, now: float) -> None:
        if step.hungry and self._feeding is None:
            self._feeding = asyncio.create_task(self._feed())
        await self._collect(None if step.until is None else max(0.0, step.until - now))

    async def _collect(self, timeout: float | None) -> None:
        """Wait until something ends (or `timeout`), and tell the machine."""
        waits: set[asyncio.Future[Any]] = set(self._running)
        if self._shorter is not None:
            waits.add(self._shorter)
        if self._feeding is not None:
            waits.add(self._feeding)
            if self._held and not self._running:
                await asyncio.sleep(0)  # a feed that has just been started gets to its waiting place
                self._engine.memory.hurry(self)
        if not waits:
            await asyncio.sleep(timeout or 0.0)
            return
        done, _ = await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if self._feeding in done:
            feeding, self._feeding = self._feeding, None
            feeding.result()
        for task in [task for task in self._running if task in done]:  # in the order they were begun
            self._report(task)

    def _report(self, task: asyncio.Task[tuple[Any, int | None]]) -> None:
        start = self._running.pop(task)
        self._queue.discard(start.token)
        if task.cancelled():
            self._machine.on_dropped(start.token)
            self._after_report()
            return
        error = task.exception()
        if error is None:
            self._succeeded(start, *task.result())
        elif isinstance(error, VodfastError):
            self._failed(start, error)
        else:
            self._machine.on_dropped(start.token)
            raise error

    def _succeeded(self, start: Start, answer: Any, sent: int | None) -> None:
        self._engine.retry.succeeded()
        before = self._machine.acknowledged
        self._machine.on_response(start.token, answer, sent)
        acknowledged = self._machine.acknowledged
        if acknowledged > before:
            self._release(min(self._held, acknowledged - before))
        if acknowledged > self._reported:
            self._reported = acknowledged
            if self._terms.on_progress is not None:
                self._terms.on_progress(acknowledged)
        self._after_report()

    def _failed(self, start: Start, error: VodfastError) -> None:
        self._machine.on_failure(start.token, error, asyncio.get_running_loop().time())
        self._after_report()

    def _after_report(self) -> None:
        if self._machine.moot:
            self._drop_bodies()

    def _drop_bodies(self) -> None:
        """Parts under way are of no use; creations and completions are let finish, they may leave an id."""
        self._drop(tuple(task for task, start in self._running.items() if start.weight))

    def _drop(self, tasks: Iterable[asyncio.Task[tuple[Any, int | None]]]) -> None:
        for task in tasks:
            task.cancel()

    def _decide(self, error: VodfastError, attempt: int) -> float | None:
        if refuses_keys(error) and self._credentials.renewable and attempt < self._engine.config.attempts:
            delay: float | None = 0.0
        else:
            delay = self._engine.retry.delay(error, attempt)
        if delay is not None and self._terms.on_retry is not None:
            self._terms.on_retry(error, attempt, delay)
        return delay

    async def _feed(self) -> None:
        """Buffer the stream's next part, within the memory budget, and offer it."""
        engine, config, stream = self._engine, self._engine.config, self._source
        assert isinstance(stream, StreamSource)
        try:
            limit = stream_part_size(self._fed, self._store.limits, config.memory_budget, config.part_size)
            primed = stream.primed  # in the budget since; the store may want more of a first part
            lacking, kept = max(0, limit - primed), 0
            if lacking:
                await engine.memory.acquire(lacking, self)
            try:
                body = await stream.next_part(limit)
                kept = body.length - primed
            finally:
                engine.memory.release(lacking - kept)
        except VodfastError as error:
            self._machine.fail(error)
        else:
            self._held += kept
            self._fed += 1
            self._machine.offer(body, last=body.length < limit)
        self._after_report()

    async def _stop_feeding(self) -> None:
        if self._feeding is not None:
            self._feeding.cancel()
            await asyncio.wait([self._feeding])
            self._feeding = None
