"""What a program can get wrong about a client itself: order of calls, event loops, kinds of arguments."""

from __future__ import annotations

import asyncio
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
