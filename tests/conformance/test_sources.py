"""Every kind of source x sync and asyncio x sizes around every boundary: the emulator must hold the very bytes."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vodfast import AsyncClient, Client, InvalidInput, TransferConfig, UploadResult
from vodfast.config import MIB

SIZES = [1, MIB - 1, MIB, MIB + 1, 4 * MIB, 4 * MIB + 1]
"""Parts are 2 MiB here: 4 MiB is an exact multiple of the part size."""

PART = 2 * MIB


def content(size: int) -> bytes:
    block = b"".join(number.to_bytes(4, "big") for number in range(25_013))
    return (block * (size // len(block) + 1))[:size]


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


def as_iterator(path: Path) -> Any:
    data = path.read_bytes()

    def pieces() -> Iterator[bytes]:
        step = 70_001
        for start in range(0, len(data), step):
            yield data[start : start + step]
            yield b""

    return pieces()


def as_async_iterator(path: Path) -> Any:
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
    as_iterator,
    as_async_iterator,
]


def judge(emulator: Any, result: UploadResult, data: bytes) -> None:
    assert result.state == "done"
    assert result.bytes == len(data)
    assert result.verified == "crc64"
    (media,) = emulator.media()
    assert (media["state"], media["media_id"], media["open_uploads"]) == ("committed", result.media_id, 0)
    (stored,) = media["objects"]
    assert stored["size"] == len(data)
    assert stored["sha256"] == hashlib.sha256(data).hexdigest()
    assert emulator.meter()["commits"] == 1


def close(source: Any) -> None:
    if hasattr(source, "close") and not hasattr(source, "send"):
        source.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("make", SOURCES, ids=lambda make: make.__name__)
def test_blocking(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], media_file: Any, make: Any, size: int
) -> None:
    source = make(media_file(size))
    with Client("tencent", config=config_for(part_size=PART)) as client:
        result = client.upload(source, name="clip.mp4")
    close(source)
    judge(vodfast_emulator, result, content(size))


@pytest.mark.parametrize("size", [1, 4 * MIB, 4 * MIB + 1])
@pytest.mark.parametrize("make", SOURCES, ids=lambda make: make.__name__)
async def test_asyncio(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], media_file: Any, make: Any, size: int
) -> None:
    source = make(media_file(size))
    async with AsyncClient("tencent", config=config_for(part_size=PART)) as client:
        result = await client.upload(source, name="clip.mp4")
    close(source)
    judge(vodfast_emulator, result, content(size))


@pytest.mark.parametrize("make", SOURCES, ids=lambda make: make.__name__)
def test_an_empty_source_is_refused_before_anything_is_sent(
    vodfast_emulator: Any, client: Client, media_file: Any, make: Any
) -> None:
    source = make(media_file(0))
    with pytest.raises(InvalidInput, match=r"empty|0 bytes"):
        client.upload(source, name="clip.mp4")
    close(source)
    assert vodfast_emulator.history() == []


def test_an_open_file_is_taken_from_its_position_and_left_where_it_was(
    vodfast_emulator: Any, client: Client, media_file: Any
) -> None:
    with media_file(5000).open("rb") as file:
        file.seek(1234)
        result = client.upload(file)
        assert file.tell() == 1234
    judge(vodfast_emulator, result, content(5000)[1234:])


def test_a_gzip_reader_is_sent_as_what_it_reads(vodfast_emulator: Any, client: Client, tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "clip.mp4.gz"
    path.write_bytes(gzip.compress(content(300_000)))
    with gzip.open(path, "rb") as file:
        result = client.upload(file, name="clip.mp4")
    judge(vodfast_emulator, result, content(300_000))


def test_a_fifo_is_read_as_a_stream(vodfast_emulator: Any, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "pipe.mp4"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(content(3 * MIB)))
    writer.start()
    result = client.upload(path)
    writer.join()
    judge(vodfast_emulator, result, content(3 * MIB))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (12, "cannot upload a int"),
        (None, "cannot upload a NoneType"),
        (io.StringIO("text"), "binary mode"),
        ("no-such-file.mp4", "no such file"),
        ("a\0b.mp4", "NUL"),
        (memoryview(b"abcdef")[::2], "contiguous"),
        (iter(["text"]), "must be bytes"),
    ],
    ids=["int", "none", "text file", "missing", "nul", "strided", "text pieces"],
)
def test_what_cannot_be_read_is_refused_by_name(vodfast_emulator: Any, client: Client, source: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        client.upload(source, name="clip.mp4")
    assert vodfast_emulator.history() == []


def test_a_stream_that_breaks_leaves_nothing(vodfast_emulator: Any, config_for: Any) -> None:
    def pieces() -> Iterator[bytes]:
        yield content(5 * MIB)
        raise OSError("the camera was unplugged")

    with (
        Client("tencent", config=config_for(part_size=MIB)) as client,
        pytest.raises(InvalidInput, match="camera was unplugged") as caught,
    ):
        client.upload(pieces(), name="live.mp4")
    assert isinstance(caught.value.__cause__, OSError)
    (media,) = vodfast_emulator.media()
    assert (media["state"], media["open_uploads"], media["objects"]) == ("aborted", 0, [])


def test_a_stream_is_held_to_the_memory_budget(vodfast_emulator: Any, config_for: Any) -> None:
    yielded = 0
    most_ahead = 0
    acknowledged = 0

    def pieces() -> Iterator[bytes]:
        nonlocal yielded, most_ahead
        for _ in range(64):
            yielded += MIB
            most_ahead = max(most_ahead, yielded - acknowledged)
            yield content(MIB)

    def watch(event: Any) -> None:
        nonlocal acknowledged
        acknowledged = getattr(event, "done", acknowledged)

    config = config_for(part_size=MIB, memory_budget=16 * MIB)
    with Client("tencent", config=config) as client:
        result = client.upload(pieces(), name="live.mp4", events=watch)
    assert result.bytes == 64 * MIB
    assert most_ahead <= 18 * MIB


def test_a_storage_path_of_ones_own_with_a_cover(vodfast_emulator: Any, client: Client) -> None:
    from vodfast.providers.tencent import UploadOptions

    for name in ("one", "two"):
        options = UploadOptions(media_storage_path=f"/shows/{name}.mp4")
        result = client.upload(
            name.encode(), name="clip.mp4", cover=b"png", cover_name="cover.png", options=options, title=name
        )
        assert result.cover_url
    first, second = vodfast_emulator.media()
    assert {stored["key"] for stored in first["objects"]} > {"shows/one.mp4"}
    assert {stored["key"] for stored in second["objects"]} > {"shows/two.mp4"}
    assert (len(first["objects"]), len(second["objects"])) == (2, 2)


@pytest.mark.parametrize("cloud", ["tencent", "netease"])
@pytest.mark.parametrize("count", [3, 12])
async def test_more_streams_than_the_budget_can_hold_make_progress_all_the_same(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], count: int, cloud: str
) -> None:
    def pieces(number: int) -> Iterator[bytes]:
        for _ in range(20):
            yield bytes([number]) * MIB

    async with AsyncClient(cloud, config=config_for(memory_budget=16 * MIB)) as client:
        async with asyncio.timeout(60):
            results = await asyncio.gather(*(client.upload(pieces(n), name=f"{n}.mp4") for n in range(count)))
        assert client._engine.memory.held == 0
    assert [result.bytes for result in results] == [20 * MIB] * count
    assert vodfast_emulator.meter()["media_created"] == count
