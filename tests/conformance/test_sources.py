"""Every cloud x every kind of source x sync and asyncio x sizes around every boundary: the very bytes must arrive."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import CLOUDS, Cloud
from tests.conftest import content
from vodfast import AsyncClient, Client, InvalidInput, SourceChanged, TransferConfig
from vodfast.config import MIB

SIZES: dict[str, Callable[[int], int]] = {
    "1": lambda part: 1,
    "1 MiB - 1": lambda part: MIB - 1,
    "1 MiB": lambda part: MIB,
    "1 MiB + 1": lambda part: MIB + 1,
    "one part": lambda part: part,
    "two parts": lambda part: 2 * part,
    "two parts + 1": lambda part: 2 * part + 1,
}
"""As the cloud's part size decides."""


def as_path(path: Path) -> Any:
    return path


def as_text_path(path: Path) -> Any:
    return str(path)


def as_bytes(path: Path) -> Any:
    return path.read_bytes()


def as_bytearray(path: Path) -> Any:
    return bytearray(path.read_bytes())


def as_memoryview(path: Path) -> Any:
    return memoryview(path.read_bytes())


def as_open_file(path: Path) -> Any:
    return path.open("rb")


def as_unbuffered_file(path: Path) -> Any:
    return path.open("rb", buffering=0)


def as_bytesio(path: Path) -> Any:
    return io.BytesIO(path.read_bytes())


def as_pipe(path: Path) -> Any:
    read, write = os.pipe()

    def fill() -> None:
        with open(write, "wb") as sink:
            sink.write(path.read_bytes())

    threading.Thread(target=fill).start()
    return open(read, "rb")


def as_generator(path: Path) -> Any:
    data = path.read_bytes()

    def pieces() -> Iterator[bytes]:
        step = 70_001
        for start in range(0, len(data), step):
            yield data[start : start + step]
            yield b""

    return pieces()


def as_list(path: Path) -> Any:
    return [path.read_bytes()]


def as_async_generator(path: Path) -> Any:
    data = path.read_bytes()

    async def pieces() -> AsyncIterator[Any]:
        step = 700_001
        for start in range(0, len(data), step):
            await asyncio.sleep(0)
            yield memoryview(data)[start : start + step]

    return pieces()


SOURCES = [
    as_path,
    as_text_path,
    as_bytes,
    as_bytearray,
    as_memoryview,
    as_open_file,
    as_unbuffered_file,
    as_bytesio,
    as_pipe,
    as_generator,
    as_list,
    as_async_generator,
]

Judge = Callable[..., None]


def closed_file() -> Any:
    file = io.BytesIO(b"media")
    file.close()
    return file


def close(source: Any) -> None:
    if hasattr(source, "close") and not hasattr(source, "send"):
        source.close()


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
@pytest.mark.parametrize("make", SOURCES, ids=lambda make: make.__name__)
def test_every_kind_of_source_arrives_from_blocking_code(
    cloud_client: Client, cloud: Cloud, media_file: Any, judge: Judge, make: Any, size: Any
) -> None:
    bytes_ = size(cloud.part)
    source = make(media_file(bytes_))
    result = cloud_client.upload(source, name="clip.mp4")
    close(source)
    judge(result, content(bytes_))


@pytest.mark.parametrize("size", [SIZES["1"], SIZES["two parts"], SIZES["two parts + 1"]])
@pytest.mark.parametrize("make", SOURCES, ids=lambda make: make.__name__)
async def test_every_kind_of_source_arrives_from_asyncio(
    async_cloud_client: AsyncClient, cloud: Cloud, media_file: Any, judge: Judge, make: Any, size: Any
) -> None:
    bytes_ = size(cloud.part)
    source = make(media_file(bytes_))
    result = await async_cloud_client.upload(source, name="clip.mp4")
    close(source)
    judge(result, content(bytes_))


@pytest.mark.parametrize("make", SOURCES, ids=lambda make: make.__name__)
def test_an_empty_source_arrives_or_is_refused_before_anything_is_sent(
    vodfast_emulator: Any, cloud_client: Client, cloud: Cloud, media_file: Any, judge: Judge, make: Any
) -> None:
    source = make(media_file(0))
    if cloud.takes(size=0):
        judge(cloud_client.upload(source, name="clip.mp4"), b"")
    else:
        with pytest.raises(InvalidInput, match=r"empty|0 bytes"):
            cloud_client.upload(source, name="clip.mp4")
        assert vodfast_emulator.history() == []
    close(source)


@pytest.mark.parametrize("multiple", [1, 3])
def test_an_object_of_whole_parts_has_no_empty_last_one(
    vodfast_emulator: Any, cloud_client: Client, cloud: Cloud, judge: Judge, multiple: int
) -> None:
    size = multiple * cloud.part
    judge(cloud_client.upload(as_generator_of(size), name="clip.mp4"), content(size))
    bodies = [record["bytes"] for record in vodfast_emulator.history() if record["bytes"] >= cloud.part]
    assert bodies == [cloud.part] * multiple


def as_generator_of(size: int) -> Iterator[bytes]:
    data = content(size)
    return (data[start : start + 500_000] for start in range(0, size, 500_000))


@pytest.mark.parametrize("more", [-1, 0, 1, MIB + 1])
def test_a_stream_in_parts_smaller_than_the_store_takes(
    cloud: Cloud, config_for: Callable[..., TransferConfig], judge: Judge, more: int
) -> None:
    size = cloud.part + more
    with Client(cloud.name, config=config_for(part_size=MIB), place=cloud.place) as opened:
        judge(opened.upload(as_generator_of(size), name="clip.mp4"), content(size))


def test_an_open_file_is_taken_from_its_position_and_left_where_it_was(
    cloud_client: Client, media_file: Any, judge: Judge
) -> None:
    with media_file(5000).open("rb") as file:
        file.seek(1234)
        result = cloud_client.upload(file)
        assert file.tell() == 1234
    judge(result, content(5000)[1234:])


def test_a_gzip_reader_is_sent_as_what_it_reads(cloud_client: Client, tmp_path: Path, judge: Judge) -> None:
    path = tmp_path / "clip.mp4.gz"
    path.write_bytes(gzip.compress(content(300_000)))
    with gzip.open(path, "rb") as file:
        result = cloud_client.upload(file, name="clip.mp4")
    judge(result, content(300_000))


def test_a_fifo_is_read_as_a_stream(cloud_client: Client, tmp_path: Path, judge: Judge) -> None:
    path = tmp_path / "pipe.mp4"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(content(3 * MIB)))
    writer.start()
    result = cloud_client.upload(path)
    writer.join()
    judge(result, content(3 * MIB))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (12, "cannot upload a int"),
        (None, "cannot upload a NoneType"),
        (io.StringIO("text"), "binary mode"),
        ("no-such-file.mp4", "no such file"),
        ("a\0b.mp4", "NUL"),
        (memoryview(b"abcdef")[::2], "contiguous"),
        (["text"], "must be bytes"),
        ("", "empty text"),
        (closed_file(), "closed already"),
    ],
    ids=["int", "none", "text file", "missing", "nul", "strided", "text pieces", "empty", "closed"],
)
def test_what_cannot_be_read_is_refused_by_name(
    vodfast_emulator: Any, cloud_client: Client, source: Any, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        cloud_client.upload(source, name="clip.mp4")
    assert vodfast_emulator.history() == []


def test_a_stream_that_breaks_leaves_nothing(
    cloud_client: Client, cloud: Cloud, nothing_left: Callable[[], None]
) -> None:
    def pieces() -> Iterator[bytes]:
        yield content(2 * cloud.part + MIB)
        raise OSError("the camera was unplugged")

    with pytest.raises(InvalidInput, match="camera was unplugged") as caught:
        cloud_client.upload(pieces(), name="live.mp4")
    assert isinstance(caught.value.__cause__, OSError)
    nothing_left()


def test_a_file_that_grows_while_it_is_read_makes_no_media(
    open_client: Any, cloud: Cloud, media_file: Any, nothing_left: Callable[[], None]
) -> None:
    path = media_file(3 * cloud.part)

    def grow(event: Any) -> None:
        if type(event).__name__ == "Progress":
            with path.open("ab") as file:
                file.write(b"more")

    with open_client(max_connections=1, start_connections=1) as cloud_client, pytest.raises(SourceChanged):
        cloud_client.upload(path, events=grow)
    nothing_left()


@pytest.mark.parametrize(
    "cloud", [cloud for cloud in CLOUDS if cloud.provider().limits.needs_commit], ids=lambda cloud: cloud.name
)
def test_a_file_that_changes_once_it_is_stored_is_not_committed(
    cloud_client: Client, media_file: Any, nothing_left: Callable[[], None]
) -> None:
    path = media_file(1000)

    def grow(event: Any) -> None:
        if type(event).__name__ == "Progress":
            assert event.done == 1000
            with path.open("ab") as file:
                file.write(b"more")

    with pytest.raises(SourceChanged):
        cloud_client.upload(path, events=grow)
    nothing_left()


def test_a_stream_is_held_to_the_memory_budget(open_client: Any, cloud: Cloud) -> None:
    yielded = most_ahead = acknowledged = 0
    budget, size = 16 * MIB, 64 * MIB

    def pieces() -> Iterator[bytes]:
        nonlocal yielded, most_ahead
        for _ in range(size // MIB):
            yielded += MIB
            most_ahead = max(most_ahead, yielded - acknowledged)
            yield content(MIB)

    def watch(event: Any) -> None:
        nonlocal acknowledged
        acknowledged = getattr(event, "done", acknowledged)

    with open_client(memory_budget=budget) as cloud_client:
        result = cloud_client.upload(pieces(), name="live.mp4", events=watch)
    assert result.bytes == size
    assert most_ahead <= budget + 2 * MIB


@pytest.mark.parametrize("count", [3, 12])
async def test_more_streams_than_the_budget_can_hold_make_progress_all_the_same(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], count: int, cloud: Cloud
) -> None:
    def pieces(number: int) -> Iterator[bytes]:
        for _ in range(20):
            yield bytes([number]) * MIB

    async with AsyncClient(cloud.name, config=config_for(memory_budget=16 * MIB), place=cloud.place) as cloud_client:
        async with asyncio.timeout(60):
            results = await asyncio.gather(*(cloud_client.upload(pieces(n), name=f"{n}.mp4") for n in range(count)))
        assert cloud_client._engine.memory.held == 0
    assert [result.bytes for result in results] == [20 * MIB] * count
    assert vodfast_emulator.meter()["media_created"] == count
