"""Sources: what a part holds, what counts as changed, and holes of sparse files."""

from __future__ import annotations

import errno
import io
import os
import zlib
from pathlib import Path

import pytest

from vodfast import InvalidInput, SourceChanged, _native
from vodfast._native import crc64
from vodfast.config import MIB
from vodfast.transfer.message import Body
from vodfast.transfer.ports import PartSpec
from vodfast.transfer.sources import FileSource, StreamSource, open_source

PART = MIB


def read(body: Body) -> bytes:
    reader = body.open("crc64")
    data = b""
    while piece := reader.read(100_000):
        data += piece
    assert reader.crc == crc64(data)
    reader.close()
    return data


@pytest.fixture
def sparse(tmp_path: Path) -> Path:
    """1 MiB of data, 3 MiB of hole, half a MiB of data, hole to the end."""
    path = tmp_path / "sparse.mp4"
    with path.open("wb") as file:
        file.write(b"a" * PART)
        file.seek(4 * PART)
        file.write(b"b" * (PART // 2))
        file.truncate(6 * PART + 123)
    return path


def test_every_part_of_a_sparse_file_is_what_reading_it_gives(sparse: Path) -> None:
    whole = sparse.read_bytes()
    source = open_source(str(sparse))
    assert isinstance(source, FileSource)
    for index in range(7):
        spec = PartSpec(index, index * PART, min(PART, len(whole) - index * PART))
        assert read(source.part(spec)) == whole[spec.offset : spec.offset + spec.length]
    source.close()


def test_a_hole_is_not_read_through_the_page_cache(sparse: Path) -> None:
    source = open_source(str(sparse))
    if os.stat(sparse).st_blocks * 512 >= os.stat(sparse).st_size:
        pytest.skip("this file system keeps no holes")
    kinds = [type(source.part(PartSpec(index, index * PART, PART))).__name__ for index in range(6)]
    assert kinds == ["MappedBody", "_BufferBody", "_BufferBody", "_BufferBody", "MappedBody", "_BufferBody"]
    source.close()


def test_a_write_into_a_hole_is_a_change(sparse: Path) -> None:
    source = open_source(str(sparse))
    source.check_unchanged()
    with sparse.open("r+b") as file:
        file.seek(2 * PART)
        file.write(b"x")
    with pytest.raises(SourceChanged):
        source.check_unchanged()
    source.close()


def test_the_callers_file_position_is_left_alone_even_in_a_sparse_file(sparse: Path) -> None:
    with sparse.open("rb") as file:
        file.seek(10)
        source = open_source(file)
        assert read(source.part(PartSpec(0, PART, PART))) == sparse.read_bytes()[PART + 10 : 2 * PART + 10]
        assert file.tell() == 10
        source.close()


async def test_a_stream_that_ends_early_becomes_sized_and_replayable() -> None:
    stream = StreamSource(iter([b"abc", b"", bytearray(b"def")]), "s", "s")
    await stream.prime(100)
    assert (stream.size, stream.replayable, stream.buffered) == (6, True, 6)
    for _ in range(2):
        assert read(stream.part(PartSpec(0, 0, 6))) == b"abcdef"


async def test_a_longer_stream_is_cut_at_exactly_the_limit() -> None:
    stream = StreamSource(iter([b"a" * 7, b"b" * 7]), "s", "s")
    await stream.prime(5)
    assert (stream.size, stream.replayable) == (None, False)
    parts = [read(await stream.next_part(5)) for _ in range(4)]
    assert parts == [b"aaaaa", b"aabbb", b"bbbb", b""]


def test_checksums_ahead_of_sending_are_those_of_the_bytes(tmp_path: Path) -> None:

    path = tmp_path / "f.mp4"
    path.write_bytes(bytes(range(256)) * 100)
    source = open_source(path)
    body = source.part(PartSpec(0, 1000, 5000))
    assert body.checksum("crc32") == zlib.crc32(path.read_bytes()[1000:6000])
    assert body.checksum("crc64") == crc64(path.read_bytes()[1000:6000])
    source.close()


def test_a_source_goes_by_the_name_it_is_given_or_else_by_its_own(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"a")
    with path.open("rb") as file:
        named = [open_source(source, "other.mov") for source in (path, file, io.BytesIO(b"a"), b"a")]
        own = [open_source(source) for source in (path, file, io.BytesIO(b"a"), b"a")]
    assert [source.name for source in named] == ["other.mov"] * 4
    assert [source.name for source in own] == ["clip.mp4", "clip.mp4", "", ""]
    for source in (*named, *own):
        source.close()


def test_a_closed_source_has_let_go_of_its_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"a")
    descriptor = os.open(path, os.O_RDONLY)
    source = FileSource(descriptor, str(path))
    for _ in range(2):
        source.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.fixture
def broken_device(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: int) -> None:
        raise OSError(errno.EIO, "cannot map 1 bytes at 0: Input/output error")

    monkeypatch.setattr(_native, "MappedPart", unreadable)


@pytest.mark.usefixtures("broken_device")
def test_a_file_whose_device_does_not_answer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"a")
    source = open_source(path)
    body = source.part(PartSpec(0, 0, 1))
    for read_it in (lambda: body.open(None), lambda: body.checksum("crc64")):
        with pytest.raises(InvalidInput, match=r"clip\.mp4: cannot be read: input/output error"):
            read_it()
    source.close()


@pytest.mark.parametrize("mode", ["wb", "ab"])
def test_a_file_that_is_open_for_writing_only_is_refused(tmp_path: Path, mode: str) -> None:
    with open(tmp_path / "clip.mp4", mode, buffering=0) as file:
        file.write(b"a")
        source = open_source(file)
        with pytest.raises(InvalidInput, match="cannot be read: permission denied"):
            source.part(PartSpec(0, 0, 1)).open(None)
        source.close()


def test_a_file_object_that_cannot_be_opened_once_more_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    path = tmp_path / "clip.mp4"
    path.write_bytes(b"a")
    monkeypatch.setattr(os, "dup", full)
    with path.open("rb") as file, pytest.raises(InvalidInput, match=r"clip\.mp4: cannot be read: too many open files"):
        open_source(file)


async def test_a_part_in_memory_knows_its_checksums_and_can_be_cut() -> None:
    stream = StreamSource(iter([b"abcdef"]), "s", "s")
    body = await stream.next_part(6)
    for _ in range(2):
        assert (body.checksum("crc32"), body.checksum("crc64")) == (zlib.crc32(b"abcdef"), crc64(b"abcdef"))
    cut = body.cut(1, 3)
    assert (cut.length, read(cut), read(body)) == (3, b"bcd", b"abcdef")


def test_a_checksum_of_a_file_that_was_truncated_is_none(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"a" * 100_000)
    source = open_source(path)
    body = source.part(PartSpec(0, 0, 100_000))
    os.truncate(path, 10)
    for _ in range(2):
        with pytest.raises(SourceChanged, match="truncated while it was read"):
            body.checksum("crc64")
    source.close()
