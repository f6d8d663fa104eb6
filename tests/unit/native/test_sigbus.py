"""Files that shrink under a mapping: zeros and a mark instead of death, and every other SIGBUS as deadly as before."""

from __future__ import annotations

import mmap
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from vodfast import _native
from vodfast._native import MappedPart, PartReader

PAGE = mmap.PAGESIZE
NOISE = random.Random(0xB05).randbytes(40 * PAGE)


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    path = tmp_path / "shrinking"
    path.write_bytes(NOISE)
    descriptor = os.open(path, os.O_RDWR)
    yield descriptor
    os.close(descriptor)


def cut(data: bytes, at: int) -> bytes:
    return data[:at] + bytes(len(data) - at)


@pytest.mark.parametrize("kernel", _native.available_crc_kernels())
def test_a_checksum_runs_over_the_edge(fd: int, kernel: str) -> None:
    with MappedPart(fd, 100, 30 * PAGE) as part:
        os.ftruncate(fd, 10 * PAGE)
        expected = cut(NOISE[100 : 100 + 30 * PAGE], 10 * PAGE - 100)
        assert not part.faulted
        assert _native._crc_with(kernel, "crc64", part) == _native.crc64(expected)
        assert part.faulted
    assert part.faulted


def test_a_copy_runs_over_the_edge(fd: int) -> None:
    with MappedPart(fd, 0, 40 * PAGE) as part:
        os.ftruncate(fd, 0)
        assert bytes(memoryview(part)) == bytes(40 * PAGE)
        assert part.faulted


def test_only_the_mapping_that_was_hit_is_marked(fd: int) -> None:
    with MappedPart(fd, 0, 5 * PAGE) as kept, MappedPart(fd, 5 * PAGE, 35 * PAGE) as hit:
        os.ftruncate(fd, 20 * PAGE)
        assert bytes(kept) == NOISE[: 5 * PAGE]
        assert bytes(hit) == cut(NOISE[5 * PAGE :], 15 * PAGE)
        assert (kept.faulted, hit.faulted) == (False, True)


def test_a_later_mapping_in_the_same_slot_starts_clean(fd: int) -> None:
    with MappedPart(fd, 0, 40 * PAGE) as part:
        os.ftruncate(fd, 0)
        bytes(part)
        assert part.faulted
    os.ftruncate(fd, 40 * PAGE)
    with MappedPart(fd, 0, 40 * PAGE) as again:
        assert bytes(again) == bytes(40 * PAGE)
        assert not again.faulted
    assert part.faulted


def test_backwards_and_in_many_threads(fd: int) -> None:
    """Lower pages are hit after higher ones, by threads at once."""
    with MappedPart(fd, 0, 40 * PAGE) as part:
        os.ftruncate(fd, 4 * PAGE)
        view = memoryview(part)
        wrong: list[int] = []
        start = threading.Barrier(4)

        def read(turn: int) -> None:
            start.wait()
            for page in reversed(range(turn, 40, 4)):
                piece = bytes(view[page * PAGE : (page + 1) * PAGE])
                expected = NOISE[page * PAGE : (page + 1) * PAGE] if page < 4 else bytes(PAGE)
                if piece != expected:
                    wrong.append(page)

        threads = [threading.Thread(target=read, args=(turn,)) for turn in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        view.release()
        assert wrong == []
        assert part.faulted


@pytest.mark.parametrize("digest", ["crc32", "crc64", None])
def test_a_reader_tells(fd: int, digest: str | None) -> None:
    with MappedPart(fd, 7, 39 * PAGE) as part, PartReader(part, digest) as reader:
        first = bytes(reader.read(2 * PAGE))
        assert (first, reader.faulted) == (NOISE[7 : 7 + 2 * PAGE], False)
        os.ftruncate(fd, 20 * PAGE)
        rest = b"".join(bytes(piece) for piece in iter(lambda: reader.read(5000), b""))
        assert first + rest == cut(NOISE[7 : 7 + 39 * PAGE], 20 * PAGE - 7)
        assert reader.faulted
        assert reader.crc == (getattr(_native, digest)(first + rest) if digest else 0)
        reader.rewind()
        assert reader.faulted
    assert reader.faulted


def test_a_view_of_a_part_tells_as_well(fd: int) -> None:
    with MappedPart(fd, 0, 40 * PAGE) as part, memoryview(part) as view, PartReader(view[PAGE:], "crc64") as reader:
        os.ftruncate(fd, 2 * PAGE)
        assert bytes(reader.read(40 * PAGE)) == cut(NOISE[PAGE:], PAGE)
        assert reader.faulted


SETUP = f"""
import faulthandler, mmap, os, signal, sys, tempfile
from vodfast._native import MappedPart
PAGE = {PAGE}
file = tempfile.TemporaryFile()
file.write(b"x" * PAGE * 4)
file.flush()
def ours():
    return MappedPart(file.fileno(), 0, PAGE * 4)
def survive():
    with ours() as part:
        os.ftruncate(file.fileno(), 0)
        assert bytes(part) == bytes(PAGE * 4) and part.faulted
    os.ftruncate(file.fileno(), PAGE * 4)
def foreign_fault():
    strange = mmap.mmap(file.fileno(), PAGE * 4, prot=mmap.PROT_READ)
    os.ftruncate(file.fileno(), 0)
    print("before", flush=True)
    strange[PAGE]
    print("after", flush=True)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SETUP + textwrap.dedent(code)], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    "code",
    [
        "survive(); foreign_fault()",
        "part = ours(); survive(); foreign_fault()",
        "signal.signal(signal.SIGBUS, signal.SIG_IGN); survive(); foreign_fault()",
    ],
    ids=["after ours was closed", "while ours is open", "ignored before"],
)
def test_a_foreign_fault_still_kills(code: str) -> None:
    done = run(code)
    assert (done.returncode, done.stdout) == (-signal.SIGBUS, "before\n"), done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "faulthandler.enable(); survive(); foreign_fault()",
        "survive(); faulthandler.enable(); survive(); foreign_fault()",
        "survive(); faulthandler.enable(); foreign_fault()",
    ],
    ids=["enabled before", "enabled between mappings", "enabled after"],
)
def test_faulthandler_keeps_its_say(code: str) -> None:
    done = run(code)
    assert (done.returncode, done.stdout) == (-signal.SIGBUS, "before\n"), done.stderr
    assert done.stderr.count("Fatal Python error: Bus error") == 1


def test_a_signal_that_is_sent_reaches_the_handler_before() -> None:
    done = run(
        """
        heard = []
        signal.signal(signal.SIGBUS, lambda number, frame: heard.append(number))
        survive()
        os.kill(os.getpid(), signal.SIGBUS)
        print(heard == [signal.SIGBUS])
        survive()
        """
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_a_signal_that_is_sent_kills_by_default() -> None:
    done = run("survive(); print('before', flush=True); os.kill(os.getpid(), signal.SIGBUS); print('after')")
    assert (done.returncode, done.stdout) == (-signal.SIGBUS, "before\n"), done.stderr


def test_an_ignored_signal_stays_ignored() -> None:
    done = run(
        "signal.signal(signal.SIGBUS, signal.SIG_IGN); survive(); os.kill(os.getpid(), signal.SIGBUS); print('after')"
    )
    assert (done.returncode, done.stdout) == (0, "after\n"), done.stderr


def test_the_guard_works_after_a_fork() -> None:
    done = run(
        """
        part = ours()
        child = os.fork()
        if not child:
            os.ftruncate(file.fileno(), 0)
            os._exit(0 if bytes(part) == bytes(PAGE * 4) and part.faulted else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        print(part.faulted)
        """
    )
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
