"""An exchange that is broken off: when its answer is still awaited, and that its handle serves no other one."""

from __future__ import annotations

import asyncio
from typing import Any

import pycurl
import pytest

from vodfast import _native
from vodfast.config import TransferConfig
from vodfast.transfer.curl import CurlTransport
from vodfast.transfer.message import Request


class Body:
    """One that libcurl is said to have read up to `sent`."""

    length = 10

    def __init__(self, sent: int) -> None:
        self.sent = sent

    def open(self, digest: str | None) -> Any:
        reader = _native.PartReader(b"x" * self.length, digest)
        reader.read(self.sent)
        return reader

    def checksum(self, digest: str) -> int:
        raise NotImplementedError


class Multi:
    """Holds exchanges until the test ends them."""

    closed = False

    def __init__(self) -> None:
        self.futures: dict[pycurl.Curl, asyncio.Future[pycurl.Curl]] = {}

    def add_handle(self, curl: pycurl.Curl) -> asyncio.Future[pycurl.Curl]:
        self.futures[curl] = asyncio.get_running_loop().create_future()
        return self.futures[curl]

    def remove_handle(self, curl: pycurl.Curl) -> None:
        if self.futures.pop(curl).done():
            raise RuntimeError("not registered any more")

    async def aclose(self) -> None:
        return


async def started(sent: int, **config: Any) -> tuple[CurlTransport, Multi, asyncio.Task[Any]]:
    transport = CurlTransport(TransferConfig(**config))
    transport._multi = multi = Multi()
    request = Request(operation="Put", method="PUT", url="https://h/k", headers=(), body=Body(sent))
    task = asyncio.create_task(transport.send(request))
    while not multi.futures:
        await asyncio.sleep(0)
    return transport, multi, task


async def test_an_exchange_that_ends_by_itself_leaves_its_handle_to_the_next() -> None:
    transport, multi, task = await started(10)
    ((curl, future),) = multi.futures.items()
    future.set_result(curl)
    await task
    assert transport._idle == [curl]
    await transport.aclose()


@pytest.mark.parametrize("ends_too", [False, True], ids=["under way", "just ended"])
@pytest.mark.parametrize("sent", [3, 10])
async def test_a_handle_that_was_broken_off_is_never_used_again(sent: int, ends_too: bool) -> None:
    transport, multi, task = await started(sent, settle_seconds=0.04)
    ((curl, future),) = multi.futures.items()
    task.cancel()
    if ends_too:  # in the same tick
        future.set_result(curl)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (transport._idle, multi.futures, transport.busy) == ([], {}, 0)


async def test_what_is_sent_whole_is_waited_for_because_it_may_be_carried_out() -> None:
    _, multi, task = await started(10)
    ((curl, future),) = multi.futures.items()
    task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    future.set_result(curl)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_is_not_sent_whole_is_dropped_at_once() -> None:
    _, multi, task = await started(9)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert multi.futures == {}
