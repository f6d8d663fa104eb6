"""Cancelling at any moment stops soon and leaves nothing: no open upload, no object, no committed media."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from vodfast import AsyncClient, Cancelled, Client, TransferConfig, UploadItem, VodfastError
from vodfast.config import MIB

PART = MIB


def judge_nothing_left(emulator: Any) -> None:
    for media in emulator.media():
        assert (media["state"] in ("applied", "aborted"), media["open_uploads"], media["objects"]) == (True, 0, [])


def stall(operation: str, **more: Any) -> dict[str, Any]:
    return {"action": "stall", "match": {"operation": operation, **more.pop("match", {})}, "times": 0, **more}


async def when_history_shows(emulator: Any, operation: str, count: int = 1) -> None:
    # The history belongs to the emulator's own thread, which signals nothing.
    while sum(entry["operation"] == operation for entry in emulator.history()) < count:  # noqa: ASYNC110
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("moment", ["apply", "create", "part", "complete"])
async def test_a_cancelled_task_leaves_nothing(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], media_file: Any, moment: str
) -> None:
    delayed = {
        "apply": "ApplyUpload",
        "create": "InitiateMultipartUpload",
        "part": "UploadPart",
        "complete": "CompleteMultipartUpload",
    }[moment]
    vodfast_emulator.set_faults([{"action": "delay", "seconds": 0.3, "match": {"operation": delayed}, "times": 0}])
    async with AsyncClient("tencent", config=config_for(part_size=PART)) as client:
        task = asyncio.create_task(client.upload(media_file(6 * MIB)))
        previous = {"create": "ApplyUpload", "part": "InitiateMultipartUpload", "complete": "UploadPart"}
        if moment != "apply":
            await when_history_shows(vodfast_emulator, previous[moment], 6 if moment == "complete" else 1)
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    judge_nothing_left(vodfast_emulator)


async def test_a_cancellation_during_the_commit_waits_for_the_truth(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig]
) -> None:
    slow = {"action": "delay", "seconds": 0.5, "match": {"operation": "CommitUpload"}}
    vodfast_emulator.set_faults([slow])
    results = []
    async with AsyncClient("tencent", config=config_for()) as client:

        async def run() -> None:
            async for result in client.upload_many([UploadItem(source=b"x", name="a.mp4")]):
                results.append(result)

        task = asyncio.create_task(run())
        await when_history_shows(vodfast_emulator, "PutObject")
        await asyncio.sleep(0.1)
        client.cancel()
        await task
    assert [result.state for result in results] == ["done"]
    assert [media["state"] for media in vodfast_emulator.media()] == ["committed"]


async def test_closing_the_client_cancels_what_is_in_flight(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], media_file: Any
) -> None:
    vodfast_emulator.set_faults([stall("UploadPart", after_bytes=1000)])
    client = AsyncClient("tencent", config=config_for(part_size=PART))
    upload = asyncio.create_task(client.upload(media_file(6 * MIB)))
    await when_history_shows(vodfast_emulator, "InitiateMultipartUpload")
    await asyncio.sleep(0.05)
    vodfast_emulator.set_faults([])
    await client.aclose()
    with pytest.raises(Cancelled):
        await upload
    judge_nothing_left(vodfast_emulator)


async def test_a_timeout_around_an_upload_leaves_nothing(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], media_file: Any
) -> None:
    vodfast_emulator.set_faults([stall("UploadPart", after_bytes=1000)])
    async with AsyncClient("tencent", config=config_for(part_size=PART)) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await client.upload(media_file(6 * MIB))
    judge_nothing_left(vodfast_emulator)


async def test_a_cancelled_live_stream_leaves_nothing(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig]
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.001)
            yield bytes(100_000)

    async with AsyncClient("tencent", config=config_for(part_size=PART)) as client:
        task = asyncio.create_task(client.upload(endless(), name="live.mp4"))
        await when_history_shows(vodfast_emulator, "UploadPart", 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert client._engine.memory.held == 0
    judge_nothing_left(vodfast_emulator)


def test_cancel_from_another_thread_ends_a_batch(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], media_file: Any
) -> None:
    vodfast_emulator.set_faults([stall("UploadPart", after_bytes=1000)])
    path = media_file(6 * MIB)
    with Client("tencent", config=config_for(part_size=PART)) as client:
        seen = False

        def sink(event: Any) -> None:
            nonlocal seen
            if type(event).__name__ == "UploadStarted" and not seen:
                seen = True
                client.cancel()

        results = list(client.upload_many([UploadItem(source=path) for _ in range(200)], events=sink))
    assert seen
    assert len(results) < 200
    assert {result.state for result in results} == {"cancelled"}
    judge_nothing_left(vodfast_emulator)


def test_leaving_the_iteration_early_cancels_the_rest(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig]
) -> None:
    with Client("tencent", config=config_for()) as client:
        items = (UploadItem(source=bytes(1000), name=f"{number}.mp4") for number in range(10_000))
        for result in client.upload_many(items):
            assert result.state == "done"
            break
    assert vodfast_emulator.meter()["media_created"] < 500


def test_an_event_sink_that_raises_fails_that_upload_only(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig]
) -> None:
    def sink(event: Any) -> None:
        raise RuntimeError("a bug in the caller's sink")

    with Client("tencent", config=config_for()) as client:
        with pytest.raises(RuntimeError, match="caller's sink"):
            client.upload(b"x", name="a.mp4", events=sink)
        assert client.upload(b"x", name="b.mp4").state == "done"


def test_many_items_report_every_state(vodfast_emulator: Any, client: Client, media_file: Any) -> None:
    good = media_file(5000)
    items = [
        UploadItem(source=good),
        UploadItem(source="missing.mp4"),
        UploadItem(source=b"", name="empty.mp4"),
        UploadItem(source=b"x", name="wrong.exe"),
        UploadItem(source=b"y", name="fine.mp4"),
    ]
    states = {result.source: (result.state, result.error and result.error.kind) for result in client.upload_many(items)}
    assert states == {
        str(good): ("done", None),
        "missing.mp4": ("failed", "not-found"),
        "empty.mp4": ("failed", "invalid-input"),
        "wrong.exe": ("failed", "invalid-input"),
        "fine.mp4": ("done", None),
    }
    assert vodfast_emulator.meter()["media_created"] == 2


def test_a_closed_client_says_so(config_for: Callable[..., TransferConfig]) -> None:
    client = Client("tencent", config=config_for())
    client.close()
    client.close()
    with pytest.raises(VodfastError, match="closed"):
        client.upload(b"x", name="a.mp4")
