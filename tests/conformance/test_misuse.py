"""What a program can get wrong about a client itself: order of calls, event loops, kinds of arguments."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.conformance.conftest import Cloud
from vodfast import AsyncClient, Client, InvalidInput, TransferConfig, UploadItem

Config = Callable[..., TransferConfig]


async def test_a_closed_client_sends_nothing(vodfast_emulator: Any, config_for: Config, cloud: Cloud) -> None:
    client = AsyncClient(cloud.name, config=config_for(), place=cloud.place)
    await client.upload(b"media", name="clip.mp4")
    await client.aclose()
    before = len(vodfast_emulator.history())
    for ask in (lambda: client.upload(b"media", name="clip.mp4"), lambda: client.invoke("X"), client.check_clock):
        with pytest.raises(InvalidInput, match="closed"):
            await ask()
    await client.aclose()
    assert len(vodfast_emulator.history()) == before


def test_a_client_stays_with_its_event_loop(vodfast_emulator: Any, config_for: Config, cloud: Cloud) -> None:
    client = AsyncClient(cloud.name, config=config_for(), place=cloud.place)
    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.run(client.upload(b"media", name="clip.mp4"))
        before = len(vodfast_emulator.history())
        with pytest.raises(InvalidInput, match="another event loop"):
            second.run(client.upload(b"media", name="clip.mp4"))
        assert len(vodfast_emulator.history()) == before
        first.run(client.aclose())


def ours() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name in ("vodfast", "vodfast-journal")]


def dropped(make: Callable[[], object]) -> list[threading.Thread]:
    """The threads of a client that is made, used and forgotten; once they have ended."""
    before = ours()
    make()
    gc.collect()
    started = [thread for thread in ours() if thread not in before]
    for thread in started:
        thread.join(30)
    return started


def test_a_client_that_nobody_closes_ends_with_its_last_reference(
    vodfast_emulator: Any, config_for: Config, cloud: Cloud, media_file: Any
) -> None:
    def use() -> None:
        client = Client(cloud.name, config=config_for(), place=cloud.place)
        assert client.upload(media_file(1000)).state == "done"

    with pytest.warns(ResourceWarning, match="never closed"):
        started = dropped(use)
    assert not any(thread.is_alive() for thread in started)


def test_an_asyncio_client_that_nobody_closes_leaves_no_thread(
    vodfast_emulator: Any, config_for: Config, cloud: Cloud, media_file: Any
) -> None:
    async def use() -> None:
        await AsyncClient(cloud.name, config=config_for(), place=cloud.place).upload(media_file(1000))

    assert not any(thread.is_alive() for thread in dropped(lambda: asyncio.run(use())))


def test_what_a_client_has_begun_keeps_it_open(
    vodfast_emulator: Any, config_for: Config, cloud: Cloud, media_file: Any
) -> None:
    upload = Client(cloud.name, config=config_for(), place=cloud.place).begin(UploadItem(source=media_file(1000)))
    gc.collect()
    assert upload.result().state == "done"
    upload._client.close()


def test_results_that_are_left_lying_outlive_the_client_in_silence(cloud_client: Client, config_for: Config) -> None:
    with Client(cloud_client.cloud, config=cloud_client._client.config, place=cloud_client._client._identity[1]) as own:
        results = own.upload_many(UploadItem(source=b"media", name=f"{number}.mp4") for number in range(500))
        next(results)
    results.close()
    with pytest.raises(InvalidInput, match="closed"):
        next(own.upload_many([]))


@pytest.mark.parametrize("odd", [None, "clip.mp4", 5, b"media"])
async def test_items_that_are_none_are_refused_after_those_before_them(
    async_cloud_client: AsyncClient, vodfast_emulator: Any, odd: Any
) -> None:
    async def items() -> AsyncIterator[Any]:
        yield odd

    for given in (items(), [odd]):
        with pytest.raises(InvalidInput, match=r"takes UploadItem\(source=...\), not"):
            await anext(async_cloud_client.upload_many(given))
    assert vodfast_emulator.history() == []


def test_an_iterator_that_gives_none_does_not_end_there_in_silence(cloud_client: Client) -> None:
    def items() -> Iterator[Any]:
        yield None
        yield UploadItem(source=b"media", name="clip.mp4")

    with pytest.raises(InvalidInput, match="not NoneType"):
        list(cloud_client.upload_many(items()))


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.media("abc"),
        lambda client: client.jobs("abc"),
        lambda client: client.cancel_jobs("abc"),
        lambda client: client.pull("https://e.com/a.mp4"),
        lambda client: client.register("oss://bucket/a.mp4"),
    ],
    ids=["media", "jobs", "cancel_jobs", "pull", "register"],
)
def test_one_text_is_not_taken_for_a_list_of_letters(vodfast_emulator: Any, cloud_client: Client, ask: Any) -> None:
    with pytest.raises(InvalidInput, match="must be a list, not one text"):
        ask(cloud_client)
    assert vodfast_emulator.history() == []
