"""What runs beside what while one object travels: parts sent while answers are awaited, and parts read ahead."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from vodfast.config import MIB, TransferConfig
from vodfast.credentials import CachedCredentials, Credentials
from vodfast.errors import ErrorKind, RetryClass, SourceChanged, VodfastError
from vodfast.transfer.drive import Terms
from vodfast.transfer.engine import Engine
from vodfast.transfer.message import Body, Request, Response
from vodfast.transfer.ports import Call, ObjectReceipt, PartReceipt, PartSpec, StoreLimits
from vodfast.transfer.sources import BufferSource, StreamSource

KEYS = CachedCredentials(Credentials.of("key", "secret"))
WINDOW = 4
PARTS = 20


class Store:
    """Has parts of 1 MiB only, and notes which were read ahead, on which thread."""

    limits = StoreLimits(
        min_part=MIB,
        max_part=MIB,
        max_parts=100,
        max_single_put=MIB,
        part_digest=None,
        object_digest=None,
        can_list_parts=False,
    )

    def __init__(self, ahead: Callable[[int], None] | None = None) -> None:
        self._ahead = ahead
        self.read: list[int] = []
        self.threads: set[int] = set()

    def _call(self, operation: str, answer: Any, body: Body | None = None, ahead: Any = None) -> Call[Any]:
        request = Request(operation=operation, method="PUT", url="https://h/", headers=(), body=body)
        return Call(cloud="model", operation=operation, build=lambda *_: request, parse=lambda _: answer, ahead=ahead)

    def create_upload(self) -> Call[str]:
        return self._call("create", "u")

    def put_part(self, upload_id: str, part: PartSpec, body: Body) -> Call[PartReceipt]:
        receipt = PartReceipt(index=part.index, length=part.length, tag="t", digest=None)
        return self._call(
            f"part {part.index}", receipt, body, (lambda: self._note(part.index)) if self._ahead else None
        )

    def _note(self, index: int) -> None:
        assert self._ahead is not None
        self.read.append(index)
        self.threads.add(threading.get_ident())
        self._ahead(index)

    def complete_upload(self, upload_id: str, parts: Sequence[PartReceipt]) -> Call[ObjectReceipt]:
        return self._call("complete", ObjectReceipt(tag="t", digest=None))

    def abort_upload(self, upload_id: str) -> Call[None]:
        return self._call("abort", None)


class Transport:
    """Takes parts, and answers none of them before `answering` is set."""

    def __init__(self, *, out: bool) -> None:
        self._out = out
        self.answering = asyncio.Event()
        self.begun: list[str] = []

    async def send(self, request: Request, sent: Callable[[], None] | None = None) -> Response:
        self.begun.append(request.operation)
        if request.operation.startswith("part"):
            if self._out and sent is not None:
                sent()
            await self.answering.wait()
        return Response(status=200, headers=(), body=b"")

    async def aclose(self) -> None:
        return


async def at_last(what: Callable[[], int], value: int) -> None:
    """Wait until it is `value`, and see that it stays so."""
    while what() < value:
        await asyncio.sleep(0)
    for _ in range(100):  # nothing here leaves the loop
        await asyncio.sleep(0)
    assert what() == value


def transfer(transport: Transport, store: Any) -> asyncio.Task[Any]:
    config = TransferConfig(start_connections=WINDOW, max_connections=WINDOW * 4, part_size=MIB)
    source = BufferSource(bytes(PARTS * MIB), "film", "film.mp4")
    return asyncio.create_task(Engine(transport, config).transfer(store, source, KEYS))


@pytest.mark.parametrize(("out", "in_flight"), [(False, WINDOW), (True, WINDOW + WINDOW // 4)])
async def test_the_line_does_not_rest_while_answers_are_awaited(out: bool, in_flight: int) -> None:
    transport = Transport(out=out)
    run = transfer(transport, Store())
    await at_last(lambda: len(transport.begun), 1 + in_flight)
    assert transport.begun == ["create", *(f"part {index}" for index in range(in_flight))]
    transport.answering.set()
    assert (await asyncio.wait_for(run, 60)).size == PARTS * MIB
    assert sorted(transport.begun) == sorted(["create", *(f"part {index}" for index in range(PARTS)), "complete"])


async def test_parts_that_need_it_are_read_ahead_in_order_beside_those_under_way() -> None:
    store, transport = Store(lambda _: None), Transport(out=False)
    run = transfer(transport, store)
    await at_last(lambda: len(store.read), 2 * WINDOW)
    assert transport.begun == ["create", *(f"part {index}" for index in range(WINDOW))]
    assert store.read == list(range(2 * WINDOW))
    assert threading.get_ident() not in store.threads
    transport.answering.set()
    await asyncio.wait_for(run, 60)
    assert store.read == list(range(PARTS))


async def test_a_part_that_cannot_be_read_ahead_ends_the_upload_and_says_where() -> None:
    def truncated(index: int) -> None:
        if index == 2:
            raise SourceChanged("the file was truncated")

    transport = Transport(out=False)
    run = transfer(transport, Store(truncated))
    with pytest.raises(SourceChanged) as caught:
        await asyncio.wait_for(run, 60)
    assert (caught.value.cloud, caught.value.operation) == ("model", "part 2")
    assert transport.begun[-1] == "abort"


class Uneven(Transport):
    """Fails each request as often as `failures` says of its operation, with what that makes."""

    def __init__(self, failures: dict[str, list[VodfastError]]) -> None:
        super().__init__(out=False)
        self.answering.set()
        self.failures = failures
        self.broken_off: list[str] = []

    async def send(self, request: Request, sent: Callable[[], None] | None = None) -> Response:
        due = self.failures.get(request.operation)
        if due:
            self.begun.append(request.operation)
            for _ in range(5):  # others are on their way meanwhile
                await asyncio.sleep(0)
            raise due.pop(0)
        try:
            return await super().send(request, sent)
        except asyncio.CancelledError:
            self.broken_off.append(request.operation)
            raise


def trouble(kind: ErrorKind, retry: RetryClass = RetryClass.LATER) -> VodfastError:
    return VodfastError("trouble", kind=kind, retry=retry)


def engine_on(transport: Transport, **fields: Any) -> Engine:
    config = {"part_size": MIB, "backoff_base": 0.0, "backoff_cap": 0.0, "start_connections": WINDOW}
    return Engine(transport, TransferConfig(**{**config, **fields}))


FILM = bytes(PARTS * MIB)


def film() -> BufferSource:
    return BufferSource(FILM, "film", "film.mp4")


async def test_a_throttled_part_halves_the_window_and_other_trouble_leaves_it() -> None:
    for kind, limit in ((ErrorKind.UNAVAILABLE, WINDOW), (ErrorKind.THROTTLED, WINDOW // 2)):
        engine = engine_on(Uneven({"part 1": [trouble(kind)]}), max_connections=WINDOW)
        await engine.transfer(Store(), film(), KEYS)
        assert engine.window.limit == limit
        assert engine.window.in_flight == 0


async def test_parts_that_arrive_earn_the_extra_requests_of_those_that_do_not() -> None:
    transport = Uneven({f"part {index}": [trouble(ErrorKind.UNAVAILABLE)] for index in range(PARTS)})
    engine = engine_on(transport, retry_reserve=PARTS // 2, retry_ratio=1.0, max_connections=WINDOW)
    assert (await engine.transfer(Store(), film(), KEYS)).size == PARTS * MIB
    assert len(transport.begun) == 2 * PARTS + 2


async def test_progress_only_grows_and_ends_with_the_last_part() -> None:
    told: list[int] = []
    transport = Uneven({"part 3": [trouble(ErrorKind.UNAVAILABLE)]})
    await engine_on(transport).transfer(Store(), film(), KEYS, Terms(on_progress=told.append))
    assert told == [count * MIB for count in range(1, PARTS + 1)]


@pytest.mark.parametrize(
    ("keep", "kind", "aborted"),
    [
        (True, ErrorKind.UNAVAILABLE, False),
        (True, ErrorKind.NETWORK, False),
        (True, ErrorKind.TLS, False),
        (True, ErrorKind.THROTTLED, False),
        (True, ErrorKind.AUTH, True),
        (True, ErrorKind.INVALID_INPUT, True),
        (False, ErrorKind.UNAVAILABLE, True),
    ],
)
async def test_parts_are_kept_for_a_later_run_only_after_what_that_run_may_not_meet(
    keep: bool, kind: ErrorKind, aborted: bool
) -> None:
    transport = Uneven({"part 1": [trouble(kind, RetryClass.NEVER)]})
    engine = engine_on(transport)
    with pytest.raises(VodfastError, match="trouble"):
        await engine.transfer(Store(), film(), KEYS, Terms(keep=keep))
    assert ("abort" in transport.begun) is aborted
    assert engine.window.in_flight == 0


@pytest.mark.parametrize(("pausing", "aborted"), [(True, False), (False, True)])
async def test_a_cancellation_leaves_parts_only_while_pausing(pausing: bool, aborted: bool) -> None:
    transport = Transport(out=False)
    engine = engine_on(transport, max_connections=WINDOW)
    run = asyncio.create_task(engine.transfer(Store(), film(), KEYS, Terms(pausing=lambda: pausing)))
    await at_last(lambda: len(transport.begun), 1 + WINDOW)
    run.cancel()
    await asyncio.wait([run])
    assert run.cancelled()
    assert ("abort" in transport.begun) is aborted
    assert engine.window.in_flight == 0


async def test_parts_under_way_are_broken_off_once_one_has_failed_for_good() -> None:
    transport = Uneven({"part 3": [trouble(ErrorKind.AUTH, RetryClass.NEVER)]})
    transport.answering.clear()
    with pytest.raises(VodfastError, match="trouble"):
        await engine_on(transport, max_connections=WINDOW).transfer(Store(), film(), KEYS)
    assert {"part 0", "part 1", "part 2"} <= set(transport.broken_off)
    assert transport.begun[-1] == "abort"


async def test_keys_that_are_refused_are_renewed_for_a_part_without_a_pause() -> None:
    delays: list[float] = []
    transport = Uneven({"part 2": [trouble(ErrorKind.AUTH, RetryClass.RENEW)]})
    keys = CachedCredentials(lambda: Credentials.of("key", "secret"))
    terms = Terms(on_retry=lambda _error, _attempt, delay: delays.append(delay))
    await engine_on(transport, backoff_base=10.0, backoff_cap=10.0).transfer(Store(), film(), keys, terms)
    assert delays == [0.0]


async def test_keys_that_are_refused_for_ever_end_the_upload() -> None:
    refused = [trouble(ErrorKind.AUTH, RetryClass.RENEW) for _ in range(20)]
    transport = Uneven({"part 2": refused})
    keys = CachedCredentials(lambda: Credentials.of("key", "secret"))
    with pytest.raises(VodfastError, match="trouble"):
        await engine_on(transport, attempts=4).transfer(Store(), film(), keys)
    assert transport.begun.count("part 2") == 4


@pytest.mark.parametrize("breaks", [True, False])
async def test_a_stream_gives_back_all_the_memory_it_was_given(breaks: bool) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(PARTS):
            yield bytes(MIB)
        if breaks:
            raise OSError("unplugged")

    engine = engine_on(Uneven({"part 3": [trouble(ErrorKind.UNAVAILABLE)]}), memory_budget=16 * MIB)
    stream = StreamSource(pieces(), "stream", "live.mp4")
    await engine.memory.acquire(MIB)
    await stream.prime(MIB)
    run = asyncio.create_task(engine.transfer(Store(), stream, KEYS))
    await asyncio.wait([run])
    assert ("unplugged" in str(run.exception())) if breaks else (run.result().size == PARTS * MIB)
    assert (engine.memory.held, engine.window.in_flight, engine.calls.in_flight) == (0, 0, 0)
