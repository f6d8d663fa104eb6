"""A blocking client that is used where waiting for it would never end, or in a process that is not its own."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest

from vodfast import AsyncClient, Cancelled, Client, InvalidInput, TransferConfig, UploadItem
from vodfast.blocking import UploadUnderWay
from vodfast.events import AnyEvent

IN_CALLBACK = "a callback cannot wait for the client that calls it"


class Begun:
    """An upload whose sink does something with that very upload at its first event."""

    def __init__(self, client: Client, act: Callable[[UploadUnderWay], object]) -> None:
        ready = threading.Event()

        def sink(_: AnyEvent) -> None:
            assert ready.wait(60)
            act(self.upload)

        self.upload = client.begin(UploadItem(source=b"media", name="clip.mp4"), events=sink)
        ready.set()


def test_an_upload_can_be_cancelled_in_its_own_callback(client: Client, vodfast_emulator: Any) -> None:
    begun = Begun(client, lambda upload: upload.cancel())
    with pytest.raises(Cancelled):
        begun.upload.result()
    client.close()
    assert vodfast_emulator.meter()["media_created"] == 0


def test_an_upload_does_not_wait_for_itself(client: Client) -> None:
    begun = Begun(client, lambda upload: upload.result())
    with pytest.raises(InvalidInput, match=IN_CALLBACK):
        begun.upload.result()
    assert client.upload(b"media", name="clip.mp4").state == "done"


def test_what_has_ended_can_be_asked_for_in_a_callback(client: Client) -> None:
    first = client.begin(UploadItem(source=b"media", name="first.mp4"))
    first.result()
    seen = []
    client.upload(b"media", name="clip.mp4", events=lambda _: seen.append(first.result().state))
    assert set(seen) == {"done"}


@pytest.fixture
def by_hand() -> Iterator[None]:
    """Garbage is collected where the test says so."""
    gc.disable()
    yield
    gc.enable()


def test_results_left_lying_may_be_collected_on_the_clients_own_thread(client: Client, by_hand: None) -> None:
    class Holder:
        def __init__(self) -> None:
            self.results = client.upload_many(UploadItem(source=b"media", name=f"{n}.mp4") for n in range(100))
            self.cycle = self
            next(self.results)

    Holder()
    assert client.upload(b"media", name="clip.mp4", events=lambda _: gc.collect()).state == "done"


def test_a_client_that_a_callback_tried_to_close_can_be_closed(config_for: Callable[..., TransferConfig]) -> None:
    before = threading.enumerate()
    client = Client("tencent", config=config_for())
    with pytest.raises(InvalidInput, match=IN_CALLBACK):
        client.upload(b"media", name="clip.mp4", events=lambda _: client.close())
    client.close()
    client.close()
    assert [thread for thread in threading.enumerate() if thread not in before and thread.name == "vodfast"] == []


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_closing_it_in_a_forked_process_is_no_mistake_and_using_it_is(client: Client) -> None:
    client.upload(b"media", name="clip.mp4")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            try:
                client.upload(b"media", name="clip.mp4")
            except InvalidInput:
                client.close()
                code = 7
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert client.upload(b"media", name="clip.mp4").state == "done"


async def test_a_closed_client_does_not_open_its_journal_again(
    async_client: AsyncClient, media_file: Callable[..., Any]
) -> None:
    await async_client.upload(media_file(1000))
    await async_client.aclose()
    with pytest.raises(InvalidInput, match="the client is closed"):
        await async_client.take_back()
    assert "vodfast-journal" not in [thread.name for thread in threading.enumerate()]


@pytest.fixture
def silent(vodfast_emulator: Any) -> Callable[[], bool]:
    """No question about media is answered; whether one was asked."""
    fault = {"action": "stall", "match": {"operation": "DescribeMediaInfos"}, "times": 0}
    vodfast_emulator.set_faults([fault])
    return lambda: bool(vodfast_emulator.faults()[0]["hits"])


async def test_a_question_that_is_open_when_the_client_is_closed_ends_as_no_cancellation_of_who_asked(
    async_client: AsyncClient, silent: Callable[[], bool]
) -> None:
    asking = asyncio.create_task(async_client.media(["a"]))
    while not silent():
        await asyncio.sleep(0.005)
    await async_client.aclose()
    with pytest.raises(Cancelled, match="closed before the answer came"):
        await asking
    assert not asking.cancelled()


async def test_who_is_cancelled_with_a_question_open_is_cancelled(
    async_client: AsyncClient, silent: Callable[[], bool]
) -> None:
    asking = asyncio.create_task(async_client.media(["a"]))
    while not silent():
        await asyncio.sleep(0.005)
    asking.cancel()
    await async_client.aclose()
    with pytest.raises(asyncio.CancelledError):
        await asking


def test_threads_may_close_a_client_together_while_another_one_waits(
    client: Client, silent: Callable[[], bool]
) -> None:
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(client.media, ["a"])
        while not silent():
            wait([asking], timeout=0.005)
        closing = [pool.submit(client.close) for _ in range(4)]
        assert [one.exception() for one in closing] == [None] * 4
        assert isinstance(asking.exception(), Cancelled)


async def test_a_retry_that_comes_after_the_end_opens_no_connection(async_client: AsyncClient) -> None:
    engine = async_client._engine
    await async_client.media(["a"])
    await async_client.aclose()
    with pytest.raises(Cancelled):
        await engine.call(async_client._provider.media(["a"]), async_client._account)
    assert async_client._transport._multi is None


def test_ctrl_c_while_it_closes_ends_its_thread_all_the_same(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(closing: Coroutine[Any, Any, None]) -> None:
        closing.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(client._loop, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.close()
    assert not client._loop.alive
