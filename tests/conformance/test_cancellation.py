"""Every cloud: cancelling at any moment stops soon, tells the truth, and leaves nothing that can be taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.conformance.conftest import CLOUDS, Cloud
from tests.conftest import content
from vodfast import AmbiguousCommit, AsyncClient, Cancelled, Client, TransferConfig, UploadItem, VodfastError

ConfigFor = Callable[..., TransferConfig]
Clean = Callable[[], None]


def opened(cloud: Cloud, config_for: ConfigFor, **fields: Any) -> AsyncClient:
    """A cloud_client that sends one request after the other, so that the same one is always the k-th."""
    single = {"max_connections": 1, "start_connections": 1, "part_size": cloud.part}
    return AsyncClient(cloud.name, config=config_for(**{**single, **fields}), place=cloud.place)


async def when(condition: Callable[[], bool]) -> None:
    # What is waited for happens on the emulator's own thread, which signals nothing.
    while not condition():
        await asyncio.sleep(0.005)


def slow(cloud: Cloud, nth: int) -> dict[str, Any]:
    return {"action": "delay", "seconds": 0.15, "match": {"cloud": cloud.name, "nth": nth}}


def stall(cloud: Cloud, nth: int) -> dict[str, Any]:
    return {"action": "stall", "match": {"cloud": cloud.name, "nth": nth}}


def hit(emulator: Any) -> bool:
    return bool(emulator.faults()[0]["hits"])


CANCELS: dict[str, Callable[[AsyncClient, asyncio.Task[Any]], object]] = {
    "task": lambda cloud_client, task: task.cancel(),
    "cloud_client": lambda cloud_client, task: cloud_client.cancel(),
}


@pytest.mark.parametrize("how", CANCELS)
async def test_whichever_request_is_under_way(
    vodfast_emulator: Any, config_for: ConfigFor, cloud: Cloud, nothing_left: Clean, media_file: Any, how: str
) -> None:
    path = media_file(2 * cloud.part + 1)
    async with opened(cloud, config_for) as cloud_client:
        await cloud_client.upload(path)
    requests = len(vodfast_emulator.history())
    assert requests >= 5
    for nth in range(1, requests + 1):
        vodfast_emulator.restore()
        vodfast_emulator.set_faults([slow(cloud, nth)])
        async with opened(cloud, config_for) as cloud_client:
            task = asyncio.create_task(cloud_client.upload(path))
            await when(lambda: hit(vodfast_emulator))
            CANCELS[how](cloud_client, task)
            if nth < requests:
                with pytest.raises(asyncio.CancelledError if how == "task" else Cancelled):
                    await task
                nothing_left()
            else:  # what makes the media is seen through or taken back, and the truth is told
                (result,) = await asyncio.gather(task, return_exceptions=True)
                made = [media["media_id"] for media in vodfast_emulator.media() if media["state"] == "committed"]
                assert made == ([] if isinstance(result, (Cancelled, asyncio.CancelledError)) else [result.media_id])
            assert cloud_client._engine.memory.held == 0


@pytest.mark.parametrize("how", CANCELS)
async def test_a_request_that_never_ends(
    vodfast_emulator: Any, config_for: ConfigFor, cloud: Cloud, nothing_left: Clean, media_file: Any, how: str
) -> None:
    """Whichever it is, until the last: if that gets no answer, nobody knows whether there is media."""
    path = media_file(2 * cloud.part + 1)
    async with opened(cloud, config_for) as cloud_client:
        await cloud_client.upload(path)
    requests = len(vodfast_emulator.history())
    for nth in range(1, requests + 1):
        vodfast_emulator.restore()
        vodfast_emulator.set_faults([stall(cloud, nth)])
        async with opened(cloud, config_for, settle_seconds=0.3) as cloud_client:
            task = asyncio.create_task(cloud_client.upload(path))
            await when(lambda: hit(vodfast_emulator))
            CANCELS[how](cloud_client, task)
            with pytest.raises((asyncio.CancelledError, Cancelled, AmbiguousCommit)) as caught:
                await task
            assert caught.type is not AmbiguousCommit or nth == requests
            if nth < requests:
                nothing_left()
            assert vodfast_emulator.meter()["media_created"] == 0
            assert cloud_client._engine.memory.held == 0


async def test_closing_the_client_cancels_what_is_in_flight(
    vodfast_emulator: Any, config_for: ConfigFor, cloud: Cloud, media_file: Any, nothing_left: Clean
) -> None:
    vodfast_emulator.set_faults([stall(cloud, 3)])
    cloud_client = opened(cloud, config_for)
    upload = asyncio.create_task(cloud_client.upload(media_file(2 * cloud.part + 1)))
    await when(lambda: hit(vodfast_emulator))
    await cloud_client.aclose()
    with pytest.raises(Cancelled):
        await upload
    nothing_left()


async def test_a_cancellation_after_the_end_is_too_late(
    vodfast_emulator: Any, config_for: ConfigFor, cloud: Cloud, media_file: Any
) -> None:
    """The upload has ended, and whoever waits for it has not been woken yet."""
    async with opened(cloud, config_for) as cloud_client:
        start = cloud_client._start

        def started(*given: Any) -> asyncio.Task[Any]:
            upload = start(*given)
            upload.add_done_callback(lambda _: task.cancel())
            return upload

        cloud_client._start = started
        task = asyncio.create_task(cloud_client.upload(media_file(1000)))
        result = await task
    assert [media["media_id"] for media in vodfast_emulator.media()] == [result.media_id]


async def test_a_timeout_around_an_upload_leaves_nothing(
    vodfast_emulator: Any, config_for: ConfigFor, cloud: Cloud, media_file: Any, nothing_left: Clean
) -> None:
    vodfast_emulator.set_faults([stall(cloud, 3)])
    async with opened(cloud, config_for) as cloud_client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await cloud_client.upload(media_file(2 * cloud.part + 1))
    nothing_left()


async def test_a_cancelled_live_stream_leaves_nothing(
    vodfast_emulator: Any, config_for: ConfigFor, cloud: Cloud, nothing_left: Clean
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)
            yield bytes(1_000_000)

    async with AsyncClient(cloud.name, config=config_for(part_size=cloud.part), place=cloud.place) as cloud_client:
        moved = asyncio.Event()
        task = asyncio.create_task(
            cloud_client.upload(endless(), name="live.mp4", events=lambda event: told(event, moved))
        )
        await moved.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert cloud_client._engine.memory.held == 0
    nothing_left()


def told(event: Any, moved: asyncio.Event) -> None:
    if getattr(event, "done", 0):
        moved.set()


def test_cancel_from_another_thread_ends_a_batch(
    vodfast_emulator: Any, cloud_client: Client, cloud: Cloud, media_file: Any, nothing_left: Clean
) -> None:
    vodfast_emulator.set_faults([slow(cloud, 1) | {"times": 0}])
    path = media_file(2 * cloud.part + 1)
    seen = False

    def sink(event: Any) -> None:
        nonlocal seen
        if type(event).__name__ == "UploadStarted" and not seen:
            seen = True
            cloud_client.cancel()

    results = list(cloud_client.upload_many([UploadItem(source=path) for _ in range(200)], events=sink))
    assert seen
    assert len(results) < 200
    assert {result.state for result in results} == {"cancelled"}
    nothing_left()


def test_leaving_the_iteration_early_cancels_the_rest(vodfast_emulator: Any, cloud_client: Client) -> None:
    items = (UploadItem(source=bytes(1000), name=f"{number}.mp4") for number in range(10_000))
    for result in cloud_client.upload_many(items):
        assert result.state == "done"
        break
    assert vodfast_emulator.meter()["media_created"] < 500


def test_an_event_sink_that_raises_fails_that_upload_only(cloud_client: Client) -> None:
    def sink(event: Any) -> None:
        raise RuntimeError("a bug in the caller's sink")

    with pytest.raises(RuntimeError, match="caller's sink"):
        cloud_client.upload(b"x", name="a.mp4", events=sink)
    assert cloud_client.upload(b"x", name="b.mp4").state == "done"


def test_many_items_report_every_state(
    vodfast_emulator: Any, cloud_client: Client, cloud: Cloud, media_file: Any
) -> None:
    good = media_file(5000)

    def broken() -> Iterator[bytes]:
        yield content(10)
        raise OSError("unplugged")

    items = [
        UploadItem(source=good),
        UploadItem(source="missing.mp4"),
        UploadItem(source=broken(), name="broken.mp4"),
        UploadItem(source=b"x", name="no-extension"),
        UploadItem(source=b"y", name="fine.mp4"),
    ]
    states = {
        result.source: (result.state, result.error and result.error.kind) for result in cloud_client.upload_many(items)
    }
    assert states == {
        str(good): ("done", None),
        "missing.mp4": ("failed", "not-found"),
        "broken.mp4": ("failed", "invalid-input"),
        "no-extension": ("failed", "invalid-input"),
        "fine.mp4": ("done", None),
    }
    assert vodfast_emulator.meter()["media_created"] == 2


@pytest.mark.parametrize("cloud", CLOUDS[:1], ids=["any"])
def test_a_closed_client_says_so(config_for: ConfigFor, cloud: Cloud) -> None:
    cloud_client = Client(cloud.name, config=config_for(), place=cloud.place)
    cloud_client.close()
    cloud_client.close()
    with pytest.raises(VodfastError, match="closed"):
        cloud_client.upload(b"x", name="a.mp4")
