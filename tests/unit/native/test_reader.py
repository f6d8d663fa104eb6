"""Readers: every kind of source, slices that outlive them, seeking, threads, memory given back, and libcurl itself."""

from __future__ import annotations

import array
import ctypes
import gc
import io
import mmap
import os
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pycurl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vodfast import _native
from vodfast._native import MappedPart, PartReader
from vodfast.transfer.message import Reader

MIB = 1 << 20
NOISE = random.Random(0x4EAD).randbytes(200_003)
SUMS: dict[str, Callable[[Any], int]] = {"crc32": _native.crc32, "crc64": _native.crc64}


@pytest.fixture(scope="module")
def noise_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reader") / "noise"
    path.write_bytes(b"before" + NOISE + b"after")
    return path


@pytest.fixture(params=["bytes", "bytearray", "memoryview", "array", "ctypes", "mmap", "part", "view of a part"])
def source(request: pytest.FixtureRequest, noise_file: Path) -> Iterator[Any]:
    with ExitStack() as stack:
        if request.param in ("part", "view of a part"):
            file = stack.enter_context(noise_file.open("rb"))
            part = stack.enter_context(MappedPart(file.fileno(), 6, len(NOISE)))
            yield part if request.param == "part" else stack.enter_context(memoryview(part))
        elif request.param == "mmap":
            memory = stack.enter_context(mmap.mmap(-1, len(NOISE)))
            memory[:] = NOISE
            yield memory
            gc.collect()
        else:
            yield {
                "bytes": lambda: NOISE,
                "bytearray": lambda: bytearray(NOISE),
                "memoryview": lambda: memoryview(b"x" + NOISE + b"x")[1:-1],
                "array": lambda: array.array("b", NOISE),
                "ctypes": lambda: (ctypes.c_char * len(NOISE)).from_buffer_copy(NOISE),
            }[request.param]()


@pytest.mark.parametrize("digest", ["crc32", "crc64", None])
def test_hands_out_every_byte_once(source: Any, digest: str | None) -> None:
    sizes = random.Random(1)
    with PartReader(source, digest) as reader:
        assert (reader.length, reader.sent, reader.crc, reader.closed) == (len(NOISE), 0, 0, False)
        for _ in range(2):
            got = bytearray()
            while piece := reader.read(sizes.choice([1, 3, 4095, 4096, 16384, 70_000])):
                assert piece.readonly
                got += piece
                assert reader.sent == len(got)
                assert reader.crc == (SUMS[digest](got) if digest else 0)
            del piece
            assert got == NOISE
            assert len(reader.read(10)) == 0
            reader.rewind()
            assert (reader.sent, reader.crc) == (0, 0)
    assert reader.closed
    assert not reader.faulted


def test_satisfies_the_protocol_of_the_engine() -> None:
    reader: Reader = PartReader(b"abc", "crc32")
    assert bytes(reader.read(2)) == b"ab"
    reader.close()


@settings(max_examples=60)
@given(st.data())
def test_any_mix_of_reads_seeks_and_rewinds(data: st.DataObject) -> None:
    content = NOISE[: data.draw(st.integers(0, 30_000))]
    with PartReader(content, "crc64") as reader:
        at = 0
        for _ in range(data.draw(st.integers(1, 12))):
            step = data.draw(st.sampled_from(["read", "call", "seek", "rewind"]))
            if step == "rewind":
                reader.rewind()
                at = 0
            elif step == "seek":
                at = data.draw(st.integers(0, len(content)))
                assert reader.seek(at) == 0
            else:
                limit = data.draw(st.integers(0, 20_000))
                piece = reader.read(limit) if step == "read" else reader(limit)
                assert piece == content[at : at + limit]
                at += len(piece)
            assert (reader.sent, reader.crc) == (at, _native.crc64(content[:at]))


def test_refuses_wrong_arguments() -> None:
    make: Any = PartReader
    for digest in ("md5", "CRC64", "", b"crc64", 1):
        with pytest.raises(ValueError, match="the digest must be"):
            make(b"abc", digest)
    for source in ("text", None, 5, io.BytesIO(b"abc")):
        with pytest.raises(TypeError):
            make(source, "crc64")
    with pytest.raises(BufferError):
        make(memoryview(b"abcdef")[::2])
    with pytest.raises(TypeError):
        make(b"abc", None, True)
    with PartReader(b"abc", "crc32") as reader:
        limit: Any
        for limit in ("1", 1.0, None):
            with pytest.raises(TypeError):
                reader.read(limit)
        with pytest.raises(ValueError, match="must not be negative"):
            reader.read(-1)
        for offset in (-1, 4, 2**70):
            with pytest.raises(ValueError, match=r"offset to seek to must be in 0\.\.3"):
                reader.seek(offset)
        for origin in (1, 2, -1):
            with pytest.raises(ValueError, match="origin 0"):
                reader.seek(0, origin)
        assert (reader.sent, reader.crc) == (0, 0)
        assert reader.read(2**100) == b"abc"


def test_refuses_everything_once_closed() -> None:
    reader = PartReader(b"abc", "crc32")
    reader.read(2)
    reader.close()
    reader.close()
    assert (reader.sent, reader.crc, reader.length, reader.closed) == (2, _native.crc32(b"ab"), 3, True)
    for use in (lambda: reader.read(1), lambda: reader(1), reader.rewind, lambda: reader.seek(0), reader.__enter__):
        with pytest.raises(ValueError, match="the reader is closed"):
            use()


def test_a_closed_part_cannot_be_read(noise_file: Path) -> None:
    with noise_file.open("rb") as file, MappedPart(file.fileno(), 0, 10) as part:
        part.close()
        with pytest.raises(ValueError, match="the part is closed"):
            PartReader(part)


def test_slices_outlive_reader_and_part(noise_file: Path) -> None:
    with noise_file.open("rb") as file:
        part = MappedPart(file.fileno(), 6, len(NOISE))
    reader = PartReader(part, "crc64")
    piece = reader.read(100_000)
    reader.close()
    part.close()
    del reader, part
    gc.collect()
    assert piece == NOISE[:100_000]
    assert _native.counters() == {"open_mappings": 1, "live_exports": 1, "open_readers": 0}
    piece.release()
    assert _native.counters() == {"open_mappings": 0, "live_exports": 0, "open_readers": 0}


def test_a_reader_alone_keeps_its_part(noise_file: Path) -> None:
    with noise_file.open("rb") as file, PartReader(MappedPart(file.fileno(), 6, len(NOISE)), "crc64") as reader:
        gc.collect()
        assert reader.read(len(NOISE)) == NOISE
    assert _native.counters() == {"open_mappings": 0, "live_exports": 0, "open_readers": 0}


def test_a_part_closed_in_the_middle_is_still_read(noise_file: Path) -> None:
    with noise_file.open("rb") as file:
        part = MappedPart(file.fileno(), 6, len(NOISE))
    with PartReader(part, "crc64") as reader:
        assert reader.read(10) == NOISE[:10]
        part.close()
        assert reader.read(len(NOISE)) == NOISE[10:]


def test_a_bytearray_cannot_be_resized_while_it_is_read() -> None:
    data = bytearray(NOISE)
    reader = PartReader(data, "crc64")
    piece = reader.read(10)
    reader.close()
    with pytest.raises(BufferError):
        data.clear()
    piece.release()
    data.clear()


def test_a_cycle_through_the_source_is_collected() -> None:
    class Holder(bytearray):
        reader: PartReader

    holder = Holder(b"abc")
    holder.reader = PartReader(holder, "crc32")
    del holder
    assert _native.counters()["open_readers"] == 1
    gc.collect()
    assert _native.counters()["open_readers"] == 0


def test_slices_of_a_memoryview_in_a_cycle_are_collected() -> None:
    class Holder:
        __slots__ = ("itself", "piece")

    for _ in range(300):  # whether it matters depends on the order in which the collector comes across them
        reader = PartReader(memoryview(NOISE), None)
        first, second = Holder(), Holder()
        first.piece, first.itself = reader.read(100)[3:], first
        second.piece, second.itself = first.piece, first
        reader.close()
        del reader, first, second
        gc.collect(0)
    assert _native.counters()["open_readers"] == 0


@pytest.mark.parametrize("keep_pages", [False, True])
def test_pages_behind_the_reader_are_given_back(tmp_path: Path, keep_pages: bool) -> None:
    path = tmp_path / "large"
    size = 16 * MIB
    path.write_bytes(NOISE * (size // len(NOISE) + 1))
    start = 4097
    with path.open("rb") as file, MappedPart(file.fileno(), start, size - start) as part:
        content = path.read_bytes()[start:size]
        with PartReader(part, "crc64", keep_pages=keep_pages) as reader:
            for _ in range(2):
                peak, got = 0, bytearray()
                while piece := reader.read(300_001):
                    got += piece
                    if reader.sent % 4 == 0:
                        peak = max(peak, resident(part))
                del piece
                assert got == content
                assert reader.crc == _native.crc64(content)
                assert (peak > 13 * MIB) if keep_pages else (MIB <= peak <= 6 * MIB), peak
                reader.rewind()
            reader.seek(15 * MIB)
            assert reader.crc == _native.crc64(content[: 15 * MIB])
            assert keep_pages or resident(part) <= 6 * MIB


def resident(part: MappedPart) -> int:
    """Bytes of the mapping behind `part` that are in this process's page tables."""
    with memoryview(part) as view:
        buffer = _address(view)
    with Path("/proc/self/smaps").open(encoding="ascii") as lines:
        inside = False
        for line in lines:
            head = line.split()[0]
            if "-" in head:
                low, high = (int(text, 16) for text in head.split("-"))
                inside = low <= buffer < high
            elif inside and head == "Rss:":
                return int(line.split()[1]) * 1024
    raise AssertionError("the mapping is not listed")


class _PyBuffer(ctypes.Structure):
    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("rest", ctypes.c_byte * 128),
    ]


def _address(view: memoryview) -> int:
    found = _PyBuffer()
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(view), ctypes.byref(found), 0)
    address = found.buf
    ctypes.pythonapi.PyBuffer_Release(ctypes.byref(found))
    return int(address or 0)


def test_two_threads_at_one_reader_are_told_or_served() -> None:
    content = NOISE * 40
    reader = PartReader(content, "crc64")
    pieces: list[int] = []
    told: set[str] = set()

    def drain() -> None:
        while True:
            try:
                piece = reader.read(MIB)
            except RuntimeError as error:
                told.add(str(error))
                continue
            if not piece:
                return
            pieces.append(len(piece))

    threads = [threading.Thread(target=drain) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(pieces) == len(content)
    assert reader.crc == _native.crc64(content)
    assert told <= {"the reader is in use by another thread: give each thread its own"}
    reader.close()


def test_closing_while_another_thread_reads_is_safe(noise_file: Path) -> None:
    for _ in range(20):
        with noise_file.open("rb") as file:
            part = MappedPart(file.fileno(), 6, len(NOISE))
        reader = PartReader(part, "crc64")
        started = threading.Event()
        wrong: list[bytes] = []

        def drain(reader: PartReader = reader, started: threading.Event = started, wrong: list[bytes] = wrong) -> None:
            at = 0
            started.set()
            try:
                while piece := reader.read(20_000):
                    if piece != NOISE[at : at + len(piece)]:
                        wrong.append(bytes(piece))
                    at += len(piece)
            except ValueError as error:
                if "the reader is closed" not in str(error):
                    raise

        thread = threading.Thread(target=drain)
        thread.start()
        started.wait()
        reader.close()
        part.close()
        thread.join()
        assert wrong == []


@pytest.mark.parametrize("truncated", [False, True])
def test_libcurl_reads_it_and_rewinds_it(tmp_path: Path, truncated: bool) -> None:
    """A server that answers the first request with a reset makes libcurl send again: it seeks, then reads anew."""
    path = tmp_path / "body"
    path.write_bytes(NOISE)
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener, path.open("r+b") as file:
        server = threading.Thread(target=serve_once, args=(listener, received))
        server.start()
        curl = pycurl.Curl()
        answer = io.BytesIO()
        with MappedPart(file.fileno(), 0, len(NOISE)) as part, PartReader(part, "crc64") as reader:
            if truncated:
                os.ftruncate(file.fileno(), 65536)
            curl.setopt(pycurl.URL, f"http://127.0.0.1:{listener.getsockname()[1]}/")
            curl.setopt(pycurl.PROXY, "")
            curl.setopt(pycurl.UPLOAD, 1)
            curl.setopt(pycurl.INFILESIZE_LARGE, reader.length)
            curl.setopt(pycurl.READFUNCTION, reader)
            curl.setopt(pycurl.SEEKFUNCTION, reader.seek)
            curl.setopt(pycurl.HTTPHEADER, ["Expect:"])
            curl.setopt(pycurl.FOLLOWLOCATION, 1)
            curl.setopt(pycurl.WRITEDATA, answer)
            try:
                curl.perform()
            finally:
                curl.close()
                server.join()
            expected = NOISE[:65536] + bytes(len(NOISE) - 65536) if truncated else NOISE
            assert received == [expected, expected]
            assert (reader.sent, reader.crc) == (len(NOISE), _native.crc64(expected))
            assert reader.faulted == truncated
    assert answer.getvalue() == b"ok"


def serve_once(listener: socket.socket, received: list[bytes]) -> None:
    """Takes a body, redirects with 307 to itself, takes the body again, answers ok."""
    for answer in (b"HTTP/1.1 307 Again\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", b""):
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as stream:
            length = 0
            while (line := stream.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            received.append(stream.read(length))
            connection.sendall(answer or b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
