"""A blocking client that is used where waiting for it would never end, or in a process that is not its own."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
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
