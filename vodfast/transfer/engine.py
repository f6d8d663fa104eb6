"""Performs what the machines and providers describe: schedules, retries, reports.

Decides which request runs when, over all transfers: one window of connections, one of calls, one memory budget, one
retry budget. Leaves the order of an object's requests to `machine.py`, driving one to `drive.py` and the sockets to the
transport.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

import msgspec

from vodfast.config import TransferConfig
from vodfast.credentials import CachedCredentials, Credentials
from vodfast.errors import ErrorKind, RetryClass, VodfastError
from vodfast.transfer.clock import TOLERANCE, ahead_of_us, explained, refuses
from vodfast.transfer.drive import OnRetry, Terms, Transfer
from vodfast.transfer.loops import in_thread
from vodfast.transfer.message import Request, Response
from vodfast.transfer.pipeline import Pipeline
from vodfast.transfer.ports import AnyStore, Call
from vodfast.transfer.retry import RetryPolicy, outcome_unknown, refuses_keys
from vodfast.transfer.sources import Source
from vodfast.transfer.steps import Finished
from vodfast.transfer.window import ByteBudget, Window

T = TypeVar("T")

_READERS = 1
"""Parts read ahead at a time: in order, so that the one that is sent next is ready first."""


class Sender(Protocol):
    """What performs an exchange."""

    async def send(self, request: Request, sent: Callable[[], None] | None = None) -> Response:
        """`sent` is called when the last byte of a streamed body was handed out, perhaps again if it is sent again."""


class Transport(Sender, Protocol):
    """What performs any exchange; `curl.CurlTransport` on real sockets."""

    def pipeline(self) -> Pipeline:
        """A connection for requests that do not wait for one another, to be closed by whoever asks. Bodies that go over
        it are not paced.
        """

    async def aclose(self) -> None: ...


class Engine:
    """One account's engine on one event loop. Use it from that loop only; `aclose` ends it."""

    def __init__(self, transport: Transport, config: TransferConfig, *, rng: random.Random | None = None) -> None:
        self.config = config
        self._transport = transport
        self.retry = RetryPolicy(config, rng or random.Random())  # noqa: S311  # jitter needs no secrecy
        self.window = Window(config.start_connections, config.max_connections, time.monotonic)
        self.calls = Window(config.max_calls, config.max_calls, time.monotonic)
        self.memory = ByteBudget(config.memory_budget)
        self.ahead = 0.0
        """Seconds the service's clock is ahead, learned from a refusal that a wrong clock explains."""
        self._cleaning: set[asyncio.Task[Any]] = set()
        self._reading_ahead = asyncio.Semaphore(_READERS)

    def now(self) -> float:
        """Unix seconds by the service's clock, as far as it is known to differ from this machine's."""
        return time.time() + self.ahead

    def pipeline(self) -> Pipeline:
        """See `Transport.pipeline`."""
        return self._transport.pipeline()

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
            slot = await self.calls.acquire()
            moved = 0
            try:
                answer, _ = await self.attempt(call, credentials)
                moved = 1
            except VodfastError as error:
                if error.kind is ErrorKind.THROTTLED:
                    self.calls.throttled()
                unsettled = unsettled or (outcome_unknown(error) and not call.reads)
                error.attempts, error.unsettled = attempt, unsettled
                if error.retry is RetryClass.RENEW and credentials.renewable and not renewed:
                    renewed = True
                    delay: float | None = 0.0
                elif outcome_unknown(error) and not call.repeatable:
                    delay = None
                else:
                    delay = self.retry.delay(error, attempt)
                if delay is None:
                    raise
                if on_retry is not None:
                    on_retry(error, attempt, delay)
            else:
                self.retry.succeeded()
                return answer
            finally:
                slot.release(moved)
            await asyncio.sleep(delay)

    async def transfer(
        self, store: AnyStore, source: Source, credentials: CachedCredentials, terms: Terms | None = None
    ) -> Finished:
        """Move one source into one object.

        On failure and on cancellation the store's upload is aborted before the error leaves, within
        `config.settle_seconds`. A cancellation that arrives when the object's last request is on its way, and cannot
        be taken back, waits that long for the answer, so the result is true.

        Raises:
            VodfastError: whatever stopped it.
        """
        run = Transfer(self, store, source, credentials, terms or Terms())
        try:
            return await run.drive()
        except (Exception, asyncio.CancelledError) as error:
            if run.over and isinstance(error, VodfastError):
                raise
            await self.clean_up(run.take_back())
            if run.failure is not None and run.failure.kind is ErrorKind.AMBIGUOUS:
                raise run.failure from (None if isinstance(error, asyncio.CancelledError) else error)
            raise
        finally:
            run.release()

    async def clean_up(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Do work that must be finished even if the caller is cancelled again, within `config.settle_seconds`; None if
        it took longer.
        """
        task = asyncio.create_task(self._bounded(work))
        self._cleaning.add(task)
        task.add_done_callback(self._cleaning.discard)
        return await asyncio.shield(task)

    async def _bounded(self, work: Coroutine[Any, Any, T]) -> T | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.config.settle_seconds):
                return await work
        return None

    async def clock_offset(self, call: Call[Any], credentials: CachedCredentials) -> float:
        """Seconds the service's clock is ahead of ours, from the Date of one answer.

        Raises:
            VodfastError: the call fails for another reason than a wrong clock, or the answer has no date.
        """
        now = time.time()
        response = await self._transport.send(call.build(await credentials.get(now), now))
        offset = ahead_of_us(response, time.time())
        if offset is None:
            raise VodfastError("the answer carries no date", cloud=call.cloud, operation=call.operation)
        if abs(offset) < TOLERANCE:
            call.parse(response)
        return offset

    async def route_identity(self) -> str:
        """What tells one emulator from another, whose clouds hold other media; empty for the clouds themselves.

        Raises:
            VodfastError: the emulator cannot be reached.
        """
        route = self.config.route
        if route is None or not route.emulator:
            return ""
        url = f"{route.scheme}://localhost/_emulator/health"
        try:
            response = await self._transport.send(Request(operation="Health", method="GET", url=url, headers=()))
        except VodfastError as error:
            error.message = f"no emulator answers at {route.host}:{route.port}: start one with `vodfast emulator`"
            error.cloud = error.operation = None
            raise
        try:
            return str(msgspec.json.decode(response.body, type=dict[str, Any])["instance"])
        except (msgspec.MsgspecError, KeyError):
            return f"{route.host}:{route.port}"

    async def read_ahead(self, call: Call[Any]) -> None:
        """What is to be computed before the request can be built, beside whatever is being sent.

        Raises:
            SourceChanged: the file is shorter than it was.
        """
        if call.ahead is None:
            return
        try:
            async with self._reading_ahead:
                await in_thread(call.ahead)
        except VodfastError as error:
            _place(error, call)
            raise

    async def attempt(
        self,
        call: Call[T],
        credentials: CachedCredentials,
        keys: Credentials | None = None,
        sent: Callable[[], None] | None = None,
        through: Sender | None = None,
    ) -> tuple[T, int | None]:
        """One attempt: the answer, and the digest of a body that was streamed; `sent` as for `Transport.send`.
        `through` performs it in place of the transport.
        """
        if call.answered is not None:
            return call.answered(), None
        now = self.now()
        keys = keys or await credentials.get(now)
        try:
            request = _built(call, keys, now)
            response = await (through or self._transport).send(request, sent)
            try:
                return call.parse(response), response.sent
            except VodfastError as error:
                ahead = explained(response, time.time(), self.ahead) if refuses(error) else None
                if ahead is None:
                    raise
                again = _built(call, keys, time.time() + ahead)
                if again == request:
                    raise  # the time plays no part in it
            return await self._signed_anew(call, again, ahead)
        except VodfastError as error:
            if refuses_keys(error):
                credentials.refused(keys)
            if call.failed is not None:
                call.failed(error)
            _place(error, call)
            raise

    async def _signed_anew(self, call: Call[T], request: Request, ahead: float) -> tuple[T, int | None]:
        """A request that was refused, with another time. Only if that helps is the time believed from now on."""
        response = await self._transport.send(request)
        try:
            answer = call.parse(response)
        except VodfastError as error:
            if not refuses(error):
                self.ahead = ahead
            raise
        self.ahead = ahead
        return answer, response.sent


def _place(error: VodfastError, call: Call[Any]) -> None:
    error.cloud = error.cloud or call.cloud
    error.operation = error.operation or call.operation


def _built(call: Call[Any], keys: Credentials, now: float) -> Request:
    """The request, which libcurl must not repeat by itself where that does harm or hides what the first one did."""
    request = call.build(keys, now)
    if not call.repeatable:
        return msgspec.structs.replace(request, once=True)
    return msgspec.structs.replace(request, seen=True) if call.final else request
