"""Mapped parts: exact bytes at any offset, exports that outlive `close`, and errors."""

from __future__ import annotations

import ctypes
import errno
import gc
import mmap
import os
import pickle
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vodfast import _native
from vodfast._native import MappedPart

PAGE = mmap.PAGESIZE
NOISE = random.Random(0xF11E).randbytes(64 * PAGE + 123)


@pytest.fixture(scope="module")
def noise_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mapping") / "noise"
    path.write_bytes(NOISE)
    return path


def map_file(path: Path, offset: int, length: int) -> MappedPart:
    """The part outlives the descriptor."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return MappedPart(fd, offset, length)
    finally:
        os.close(fd)


def shown(size: int = 0, exports: int = 0) -> dict[str, int]:
    return {"open_mappings": size, "live_exports": exports, "open_readers": 0}


@settings(max_examples=60)
@given(st.data())
def test_shows_exactly_the_part(noise_file: Path, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(NOISE)))
    length = data.draw(st.integers(0, len(NOISE) - offset))
    with map_file(noise_file, offset, length) as part:
        assert bytes(part) == NOISE[offset : offset + length]
        assert (part.length, len(part), part.closed, part.faulted) == (length, length, False, False)
        assert _native.crc64(part) == _native.crc64(NOISE[offset : offset + length])


def test_is_read_only(noise_file: Path) -> None:
    with map_file(noise_file, 1, 100) as part:
        view = memoryview(part)
        assert view.readonly
        with pytest.raises(TypeError, match="read-only"):
            view[0] = 1
        with pytest.raises(TypeError, match="not writable"):
            (ctypes.c_char * 100).from_buffer(part)
        view.release()


def test_an_empty_part_maps_nothing(noise_file: Path) -> None:
    for offset in (0, 5, len(NOISE)):
        with map_file(noise_file, offset, 0) as part:
            assert (bytes(part), part.faulted) == (b"", False)
            assert _native.counters() == shown(1)


def test_offsets_beyond_32_bits(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    far = 20 * 2**30 + 4097
    with path.open("wb") as file:
        try:
            file.truncate(far + 100_000)
        except OSError as error:
            pytest.skip(f"this file system takes no sparse file of 20 GiB: {error}")
        file.seek(far)
        file.write(b"far away")
    with map_file(path, far, 100_000) as part:
        assert bytes(part) == b"far away" + bytes(100_000 - 8)
        assert not part.faulted


def test_close_waits_for_the_last_export(noise_file: Path) -> None:
    part = map_file(noise_file, 10, PAGE)
    one, two = memoryview(part), memoryview(part)[100:200]
    assert _native.counters() == shown(1, 2)
    part.close()
    assert part.closed
    assert _native.counters() == shown(1, 2)
    with pytest.raises(ValueError, match="closed"):
        memoryview(part)
    with pytest.raises(ValueError, match="closed"):
        part.__enter__()
    one.release()
    assert two == NOISE[110:210]
    two.release()
    assert _native.counters() == shown()
    part.close()
    assert part.closed


def test_memory_outlives_the_object(noise_file: Path) -> None:
    view = memoryview(map_file(noise_file, 3, 1000))
    gc.collect()
    assert view == NOISE[3:1003]
    piece = view[7:9]
    view.release()
    assert piece == NOISE[10:12]
    piece.release()
    assert _native.counters() == shown()


def test_a_dropped_part_is_unmapped(noise_file: Path) -> None:
    part = map_file(noise_file, 0, 10)
    assert _native.counters() == shown(1)
    del part
    assert _native.counters() == shown()


def test_closes_when_the_block_raises(noise_file: Path) -> None:
    with pytest.raises(KeyError), map_file(noise_file, 0, 10) as part:
        raise KeyError("in the middle")
    assert part.closed
    assert (part.length, part.faulted) == (10, False)


def test_more_parts_than_one_chunk_of_the_registry(noise_file: Path) -> None:
    parts = [map_file(noise_file, index, 50 + index) for index in range(300)]
    assert _native.counters() == shown(300)
    for index in random.Random(5).sample(range(300), 300):
        assert bytes(parts[index]) == NOISE[index : 50 + 2 * index]
        parts[index].close()
    again = [map_file(noise_file, 0, 5) for _ in range(300)]
    assert _native.counters() == shown(300)
    del again
    assert _native.counters() == shown()


@pytest.mark.parametrize(
    ("offset", "length", "message"),
    [
        (-1, 5, "offset of a part must be in 0"),
        (0, -5, "length of a part must be in 0"),
        (2**63, 5, "offset of a part must be in 0"),
        (0, sys.maxsize + 1, "length of a part must be in 0"),
        (2**62, sys.maxsize, "ends beyond the largest file offset"),
        (2**63 - 1, 1, "ends beyond the largest file offset"),
    ],
)
def test_refuses_impossible_ranges(noise_file: Path, offset: int, length: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        map_file(noise_file, offset, length)


def test_refuses_what_is_no_number(noise_file: Path) -> None:
    part: Any = MappedPart
    with noise_file.open("rb") as file:
        for arguments in (("1", 0, 1), (file.fileno(), "0", 1), (file.fileno(), 0, 1.5), (None, 0, 1), (file, 0, 1)):
            with pytest.raises(TypeError):
                part(*arguments)


def test_errors_of_the_system_carry_their_number(tmp_path: Path) -> None:
    closed = os.open(tmp_path, os.O_RDONLY)
    os.close(closed)
    for length in (0, 10):
        with pytest.raises(OSError, match="Bad file descriptor") as bad:
            MappedPart(closed, 0, length)
        assert bad.value.errno == errno.EBADF
    reading, writing = os.pipe()
    try:
        with pytest.raises(OSError, match="cannot map 10 bytes at 0: No such device") as pipe:
            MappedPart(reading, 0, 10)
        assert pipe.value.errno == errno.ENODEV
    finally:
        os.close(reading)
        os.close(writing)
    target = os.open(tmp_path / "write-only", os.O_WRONLY | os.O_CREAT)
    try:
        with pytest.raises(PermissionError):
            MappedPart(target, 0, 10)
        with pytest.raises(OSError, match="cannot map") as big:
            MappedPart(target, 0, 2**62)
        assert big.value.errno in (errno.ENOMEM, errno.EACCES)
    finally:
        os.close(target)
    assert _native.counters() == shown()


def test_a_file_that_is_already_too_short_is_faulted_at_once(tmp_path: Path) -> None:
    path = tmp_path / "short"
    path.write_bytes(b"x" * 100)
    with map_file(path, 90, 11) as part:
        assert part.faulted
        assert bytes(part) == b"x" * 10 + b"\0"
    with map_file(path, 3 * PAGE, 10) as part:
        assert part.faulted
        assert bytes(part) == bytes(10)
    assert part.faulted


def test_is_final_and_cannot_be_pickled(noise_file: Path) -> None:
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Sub", (MappedPart,), {})
    with map_file(noise_file, 0, 10) as part, pytest.raises(TypeError):
        pickle.dumps(part)
