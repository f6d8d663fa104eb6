"""Every cloud: what the caller's own code raises during an upload ends it cleanly, and reaches the caller."""

from __future__ import annotations

import asyncio
import errno
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgspec
import pytest

from tests.conformance.conftest import CLOUDS, Cloud
from tests.conftest import content
from vodfast import AmbiguousCommit, AsyncClient, Client, Credentials, InvalidInput, UploadItem, _native
from vodfast.credentials import emulator_credentials
from vodfast.events import AnyEvent

Clean = Callable[[], None]
PARTS = 6
SLOW_TO_ABORT = {"action": "delay", "seconds": 0.3, "match": {"operation": "AbortMultipartUpload"}}


class Bug(Exception):
    """A mistake in the caller's code."""


def sink_that_fails_at(kind: str, told: list[AnyEvent]) -> Callable[[AnyEvent], None]:
    def sink(event: AnyEvent) -> None:
        told.append(event)
        if type(event).__name__ == kind:
            raise Bug(kind)

    return sink


@pytest.mark.parametrize("kind", ["UploadStarted", "Progress", "Retried"])
async def test_a_sink_that_raises_ends_the_upload_as_a_cancellation_does(
    vodfast_emulator: Any,
    async_cloud_client: AsyncClient,
    cloud: Cloud,
    media_file: Any,
    nothing_left: Clean,
    kind: str,
) -> None:
    if kind == "Retried":
        vodfast_emulator.set_faults([{"action": "status", "code": 503, "match": {"cloud": cloud.name, "nth": 4}}])
    path, told, before = media_file(PARTS * cloud.part), [], asyncio.all_tasks()
    with pytest.raises(Bug, match=kind):
        await async_cloud_client.upload(path, events=sink_that_fails_at(kind, told))
    nothing_left()
    assert [type(event).__name__ for event in told].index(kind) == len(told) - 1
    assert asyncio.all_tasks() == before
    engine = async_cloud_client._engine
    assert (engine.memory.held, engine.window.in_flight, engine.calls.in_flight) == (0, 0, 0)
    gc.collect()
    assert not any(_native.counters().values())
    assert (await async_cloud_client.upload(path)).state == "done"
    assert vodfast_emulator.meter()["media_created"] == 1


async def _awaited_by_nobody(_event: AnyEvent) -> None: ...


class _CalledAndAwaitedByNobody:
    async def __call__(self, _event: AnyEvent) -> None: ...


@pytest.mark.parametrize("sink", [_awaited_by_nobody, _CalledAndAwaitedByNobody(), "sink"])
async def test_a_sink_that_would_hear_of_nothing_is_refused(
    vodfast_emulator: Any, async_cloud_client: AsyncClient, sink: Any
) -> None:
    with pytest.raises(InvalidInput, match="events must be a"):
        await async_cloud_client.upload(b"media", name="a.mp4", events=sink)
    with pytest.raises(InvalidInput, match="events must be a"):
        await anext(async_cloud_client.upload_many([UploadItem(source=b"media", name="a.mp4")], events=sink))
    assert vodfast_emulator.history() == []


def test_a_sink_that_raises_too_late_is_told_which_media_there_is(
    vodfast_emulator: Any, cloud_client: Client, media_file: Any
) -> None:
    path = media_file(1000)
    with pytest.raises(Bug) as caught:
        cloud_client.upload(path, events=sink_that_fails_at("UploadEnded", []))
    (media,) = vodfast_emulator.media()
    assert caught.value.__notes__ == [f"{path} was uploaded all the same: media {media['media_id']}"]
    again = cloud_client.upload(path)
    assert (again.media_id, again.reused) == (media["media_id"], True)


def test_a_sink_that_raises_before_the_commit_has_nothing_committed(
    vodfast_emulator: Any, cloud_client: Client, cloud: Cloud, nothing_left: Clean
) -> None:
    with pytest.raises(Bug) as caught:
        cloud_client.upload(b"media", name="a.mp4", events=sink_that_fails_at("Progress", []))
    if cloud.provider().limits.needs_commit:
        nothing_left()
    else:  # the last byte has made the media, and the caller is told so
        (media,) = vodfast_emulator.media()
        assert (media["state"], media["media_id"] in caught.value.__notes__[0]) == ("committed", True)


def test_a_sink_that_raises_ends_a_batch_and_leaves_the_client_usable(
    vodfast_emulator: Any, cloud_client: Client, cloud: Cloud, media_file: Any, nothing_left: Clean
) -> None:
    path = media_file(PARTS * cloud.part)
    items = [UploadItem(source=path, title=str(number)) for number in range(5)]
    with pytest.raises(Bug):
        list(cloud_client.upload_many(items, events=sink_that_fails_at("Progress", [])))
    nothing_left()
    assert cloud_client.upload(b"x", name="b.mp4").state == "done"


@pytest.mark.parametrize("cloud", [cloud for cloud in CLOUDS if cloud.takes_back], ids=lambda cloud: cloud.name)
async def test_cancelling_what_is_being_taken_back_does_not_cut_that_short(
    vodfast_emulator: Any, async_cloud_client: AsyncClient, cloud: Cloud, media_file: Any, nothing_left: Clean
) -> None:
    vodfast_emulator.set_faults([SLOW_TO_ABORT])
    sink = sink_that_fails_at("Progress", [])
    task = asyncio.create_task(async_cloud_client.upload(media_file(PARTS * cloud.part), events=sink))
    while not vodfast_emulator.faults()[0]["hits"]:
        await asyncio.sleep(0.005)
    async_cloud_client.cancel()
    with pytest.raises(Bug):
        await task
    nothing_left()


@pytest.mark.parametrize("cloud", [cloud for cloud in CLOUDS if cloud.takes_back], ids=lambda cloud: cloud.name)
async def test_closing_waits_for_what_a_task_cancelled_twice_has_left_to_take_back(
    vodfast_emulator: Any, config_for: Any, cloud: Cloud, media_file: Any, nothing_left: Clean
) -> None:
    vodfast_emulator.set_faults([SLOW_TO_ABORT])
    path, config = media_file(PARTS * cloud.part), config_for(part_size=cloud.part, settle_seconds=3600)
    async with asyncio.timeout(60):
        async with AsyncClient(cloud.name, config=config, place=cloud.place) as client:
            task = asyncio.create_task(
                client.upload(path, events=lambda event: hasattr(event, "done") and task.cancel())
            )
            while not vodfast_emulator.faults()[0]["hits"]:
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    nothing_left()


@pytest.mark.parametrize(
    "cloud",
    [cloud for cloud in CLOUDS if cloud.provider().limits.needs_commit or not cloud.takes_back],
    ids=lambda cloud: cloud.name,
)
async def test_a_mistake_of_ours_in_reading_the_last_answer_takes_no_media_back(
    vodfast_emulator: Any,
    async_cloud_client: AsyncClient,
    cloud: Cloud,
    media_file: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the media are made by an answer that cannot be taken back, nobody deletes what may be media for a bug."""
    path, engine = media_file(PARTS * cloud.part), async_cloud_client._engine
    attempt = engine.attempt

    async def misread(call: Any, *rest: Any) -> Any:
        answer = await attempt(call, *rest)
        if vodfast_emulator.meter()["media_created"]:
            raise Bug("no such field")
        return answer

    monkeypatch.setattr(engine, "attempt", misread)
    async with asyncio.timeout(60):
        with pytest.raises(AmbiguousCommit) as caught:
            await async_cloud_client.upload(path)
    assert isinstance(caught.value.__cause__, Bug)
    (media,) = vodfast_emulator.media()
    assert (media["state"], len(media["objects"])) == ("committed", 1)
    assert (engine.memory.held, engine.window.in_flight, engine.calls.in_flight) == (0, 0, 0)


async def test_a_mistake_of_ours_in_reading_an_answer_before_that_is_taken_back(
    vodfast_emulator: Any,
    async_cloud_client: AsyncClient,
    cloud: Cloud,
    media_file: Any,
    monkeypatch: pytest.MonkeyPatch,
    nothing_left: Clean,
) -> None:
    path, engine, answers = media_file(PARTS * cloud.part), async_cloud_client._engine, 0
    attempt = engine.attempt

    async def misread(call: Any, *rest: Any) -> Any:
        nonlocal answers
        answer = await attempt(call, *rest)
        answers += 1
        if answers == 4:
            raise Bug("no such field")
        return answer

    monkeypatch.setattr(engine, "attempt", misread)
    async with asyncio.timeout(5):
        with pytest.raises(Bug):
            await async_cloud_client.upload(path)
    nothing_left()
    assert (engine.memory.held, engine.window.in_flight, engine.calls.in_flight) == (0, 0, 0)


def pieces(cloud: Cloud, error: BaseException) -> Iterator[bytes]:
    yield content(2 * cloud.part)
    yield content(cloud.part // 2)
    raise error


async def async_pieces(cloud: Cloud, error: BaseException) -> AsyncIterator[bytes]:
    for piece in (content(2 * cloud.part), content(cloud.part // 2)):
        yield piece
    raise error


class Reader:
    """A file object whose `read` fails."""

    def __init__(self, cloud: Cloud, error: BaseException) -> None:
        self._pieces = iter([content(2 * cloud.part), content(cloud.part // 2)])
        self._error = error

    def read(self, size: int) -> bytes:
        piece = next(self._pieces, None)
        if piece is None:
            raise self._error
        return piece


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (pieces, Bug("unplugged")),
        (pieces, SystemExit(3)),
        (pieces, KeyboardInterrupt()),
        (pieces, asyncio.CancelledError()),
        (async_pieces, Bug("unplugged")),
        (async_pieces, asyncio.CancelledError()),
        (async_pieces, TimeoutError("the camera")),
        (Reader, Bug("unplugged")),
        (Reader, StopIteration()),
        (Reader, SystemExit(3)),
    ],
    ids=lambda value: value.__name__ if callable(value) else type(value).__name__,
)
def test_a_source_that_raises_fails_that_upload_and_says_so(
    cloud_client: Client, cloud: Cloud, nothing_left: Clean, source: Any, error: BaseException
) -> None:
    with pytest.raises(InvalidInput, match="reading the source failed"):
        cloud_client.upload(source(cloud, error), name="live.mp4")
    nothing_left()
    assert cloud_client._client._engine.memory.held == 0
    assert cloud_client.upload(b"x", name="b.mp4").state == "done"


def test_a_source_that_raises_fails_none_of_the_others(
    vodfast_emulator: Any, cloud_client: Client, cloud: Cloud
) -> None:
    items = [
        UploadItem(source=pieces(cloud, SystemExit(3)), name="exit.mp4"),
        UploadItem(source=async_pieces(cloud, asyncio.CancelledError()), name="cancelled.mp4"),
        UploadItem(source=b"x", name="fine.mp4"),
    ]
    results = {result.source: result for result in cloud_client.upload_many(items)}
    assert {name: result.state for name, result in results.items()} == {
        "exit.mp4": "failed",
        "cancelled.mp4": "failed",
        "fine.mp4": "done",
    }
    assert vodfast_emulator.meter()["media_created"] == 1


@pytest.mark.parametrize("error", [Bug("no more"), SystemExit(3), KeyboardInterrupt()], ids=lambda e: type(e).__name__)
def test_an_iterator_of_items_that_raises_ends_the_batch(
    cloud_client: Client, cloud: Cloud, media_file: Any, nothing_left: Clean, error: BaseException
) -> None:
    path = media_file(PARTS * cloud.part)

    def items() -> Iterator[UploadItem]:
        yield UploadItem(source=path)
        raise error

    with pytest.raises(type(error)) as caught:
        list(cloud_client.upload_many(items()))
    assert caught.value is error
    nothing_left()
    assert cloud_client.upload(b"x", name="b.mp4").state == "done"


async def test_a_credentials_function_that_raises_in_mid_upload_leaves_nothing(
    vodfast_emulator: Any, config_for: Any, cloud: Cloud, media_file: Any, nothing_left: Clean
) -> None:
    """Its keys last a minute at most, so every call with the account's keys asks it again."""
    path, asked, sound, kept = media_file(PARTS * cloud.part), 0, 0, emulator_credentials(cloud.name)

    def load() -> Credentials:
        nonlocal asked
        asked += 1
        if asked > sound:
            raise Bug("the vault is sealed")
        return msgspec.structs.replace(kept, expires_at=time.time() + 1)

    async def once() -> Any:
        nonlocal asked
        asked = 0
        vodfast_emulator.restore()
        config = config_for(part_size=cloud.part, resume=False)
        async with AsyncClient(cloud.name, credentials=load, config=config, place=cloud.place) as client:
            before = asyncio.all_tasks()
            try:
                return await client.upload(path)
            finally:
                assert asyncio.all_tasks() == before
                assert (client._engine.memory.held, client._engine.window.in_flight) == (0, 0)

    sound = 1000
    assert (await once()).state == "done"
    total = asked
    for sound in range(total):
        if sound < total - 1:
            with pytest.raises(Bug, match="vault is sealed"):
                await once()
            nothing_left()
        else:  # as far as anybody can tell, the call that makes the media, or looks for it, may have been heard
            with pytest.raises((Bug, AmbiguousCommit)) as caught:
                await once()
            assert isinstance(caught.value.__cause__ or caught.value, Bug)


def test_a_file_that_cannot_be_read_fails_none_of_the_others(
    cloud_client: Client, media_file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad, map_part = media_file(1000, "good.mp4"), media_file(2000, "bad.mp4"), _native.MappedPart

    def unreadable(fd: int, offset: int, length: int) -> _native.MappedPart:
        if length == 2000:
            raise OSError(errno.EIO, "cannot map 2000 bytes at 0: Input/output error")
        return map_part(fd, offset, length)

    monkeypatch.setattr(_native, "MappedPart", unreadable)
    results = {
        result.source: result for result in cloud_client.upload_many([UploadItem(source=bad), UploadItem(source=good)])
    }
    assert (results[str(bad)].state, results[str(good)].state) == ("failed", "done")
    error = results[str(bad)].error
    assert error is not None
    assert "cannot be read: input/output error" in error.message
