"""What runs beside what while one object travels: parts sent while answers are awaited, and parts read ahead."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from vodfast.config import MIB, TransferConfig
from vodfast.credentials import CachedCredentials, Credentials
from vodfast.errors import SourceChanged
from vodfast.transfer.engine import Engine
from vodfast.transfer.message import Body, Request, Response
from vodfast.transfer.ports import Call, ObjectReceipt, PartReceipt, PartSpec, StoreLimits
from vodfast.transfer.sources import BufferSource

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
