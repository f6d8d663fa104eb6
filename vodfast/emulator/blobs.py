"""Where received bytes go: windows of memory, digests, and one private directory of spool files.

Decides how a body becomes a blob with a length, an MD5 and a CRC-64, and that resident memory stays bounded: small
blobs stay in memory within a budget, larger ones go to files whose all-zero windows are left as holes. Leaves keys,
part numbers and the meaning of a blob to the services.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import itertools
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from vodfast.emulator.crc import crc32, crc64, join

WINDOW = 1 << 20
"""Bytes received before they are digested and stored."""
SMALL = 1 << 16
"""Bodies up to this size are digested on the spot; a hand-over to a thread would cost more."""
_ZEROS = bytes(WINDOW)

T = TypeVar("T")


class Blob:
    """Immutable bytes the store holds. `md5` and `crc64` are known from the intake; reading costs the disk."""

    __slots__ = ("_memory", "_path", "_store", "crc32", "crc64", "length", "md5")

    def __init__(
        self,
        store: BlobStore,
        length: int,
        md5: bytes,
        crc: int,
        crc32: int | None,
        *,
        memory: bytes | None,
        path: str | None,
    ) -> None:
        self._store = store
        self.length = length
        self.md5 = md5
        """16 bytes; empty if the store was told to leave MD5 out."""
        self.crc64 = crc
        self.crc32 = crc32
        """Known only if the writer was told to compute it."""
        self._memory = memory
        self._path = path

    @property
    def retained(self) -> bool:
        """Whether the bytes themselves were kept."""
        return self._memory is not None or self._path is not None

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes [start, stop) in pieces of at most one window.

        Raises:
            LookupError: the store does not retain bytes, or the blob was discarded.
        """
        stop = self.length if stop is None else stop
        if self._memory is not None:
            yield self._memory[start:stop]
        elif self._path is not None:
            with open(self._path, "rb") as spool:
                spool.seek(start)
                while start < stop:
                    piece = spool.read(min(WINDOW, stop - start))
                    start += len(piece)
                    yield piece
        else:
            raise LookupError("the bytes of this blob were not kept")

    def discard(self) -> None:
        """Free the memory or the file. Idempotent."""
        if self._memory is not None:
            self._store.release(self.length)
        elif self._path is not None:
            os.unlink(self._path)
        self._memory = self._path = None


class Content:
    """The bytes of one stored object: one blob, or the parts of a multipart upload in order."""

    __slots__ = ("_sha256", "blobs", "crc64", "size")

    def __init__(self, blobs: Sequence[Blob]) -> None:
        self.blobs = tuple(blobs)
        self.size = sum(blob.length for blob in blobs)
        self.crc64 = blobs[0].crc64 if len(blobs) == 1 else join((blob.crc64, blob.length) for blob in blobs)
        self._sha256: str | None = None

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes [start, stop), across blobs."""
        stop = self.size if stop is None else stop
        offset = 0
        for blob in self.blobs:
            low, high = max(start - offset, 0), min(stop - offset, blob.length)
            if low < high:
                yield from blob.read(low, high)
            offset += blob.length

    def sha256(self) -> str | None:
        """Lower hex, computed at the first call and kept; None if the bytes were not retained."""
        if self._sha256 is None and all(blob.retained for blob in self.blobs):
            digest = hashlib.sha256()
            for piece in self.read():
                digest.update(piece)
            self._sha256 = digest.hexdigest()
        return self._sha256

    def discard(self) -> None:
        for blob in self.blobs:
            blob.discard()


class BlobStore:
    """All blobs of one emulator, in one directory (0700) that `close` removes, or the end of the process.

    `retain=False` keeps lengths and digests only; `md5=False` leaves the MD5 out: both are for benchmarks.
    """

    def __init__(self, memory_budget: int = 256 << 20) -> None:
        self.retain = True
        self.md5 = True
        self._directory = tempfile.mkdtemp(prefix="vodfast-emulator-")
        self._remove = weakref.finalize(self, _remove, self._directory, os.getpid())
        self._numbers = itertools.count(1)
        self._room = memory_budget
        self._windows: list[bytearray] = []
        self.passage = bytearray(WINDOW)
        """For bytes of which only sums are wanted, taken as they come: one for all bodies, so it stays in the cache."""
        self._threads = concurrent.futures.ThreadPoolExecutor(max(2, os.cpu_count() or 2), "vodfast-emulator-digest")

    @property
    def directory(self) -> str:
        return self._directory

    def writer(self, expected: int | None, *, crc32: bool = False) -> BlobWriter:
        """Takes in one body of `expected` bytes (None: unknown)."""
        return BlobWriter(self, expected, crc32=crc32)

    def keep(self, data: bytes) -> Blob:
        """Store bytes at hand."""
        writer = self.writer(len(data))
        writer.write(data)
        return writer.seal_now()

    def reserve(self, length: int) -> bool:
        """Take `length` bytes of the memory budget, if there is room."""
        if length > self._room:
            return False
        self._room -= length
        return True

    def release(self, length: int) -> None:
        self._room += length

    def new_path(self) -> str:
        return os.path.join(self._directory, str(next(self._numbers)))

    def take_window(self) -> bytearray:
        return self._windows.pop() if self._windows else bytearray(WINDOW)

    def return_window(self, window: bytearray) -> None:
        if window is not self.passage and len(self._windows) < 32:
            self._windows.append(window)

    def submit(self, work: Callable[[], T]) -> concurrent.futures.Future[T]:
        """Run in a thread; work submitted first is started first."""
        return self._threads.submit(work)

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        self._remove()


def _remove(directory: str, owner: int) -> None:
    if os.getpid() == owner:  # not at the end of a forked process
        shutil.rmtree(directory, ignore_errors=True)


class BlobWriter:
    """One body on its way in: fill `buffer()`, say how much with `advance()`, then seal it.

    Full windows are digested and written by threads, in order, one at a time per body; `congested` tells the
    connection to stop reading until `on_relief` is called (from a thread). If neither the bytes nor their MD5 are
    wanted they are summed at once, and what `buffer()` gave is another body's after `advance()`. `flip` corrupts the
    first byte.
    """

    __slots__ = (
        "_busy",
        "_crc",
        "_crc32",
        "_fd",
        "_filled",
        "_md5",
        "_passing",
        "_path",
        "_retain",
        "_small",
        "_store",
        "_view",
        "_window",
        "flip",
        "length",
        "on_relief",
    )

    def __init__(self, store: BlobStore, expected: int | None, *, crc32: bool = False) -> None:
        self._store = store
        self._retain = store.retain
        self._small = expected is not None and expected <= SMALL
        self._passing = not (self._small or store.retain or store.md5)
        self._window = self._first_window(expected)
        self._view = memoryview(self._window)
        self._filled = 0
        self._md5 = hashlib.md5(usedforsecurity=False) if store.md5 else None
        self._crc = 0
        self._crc32: int | None = 0 if crc32 else None
        self._fd = -1
        self._path: str | None = None
        self._busy: concurrent.futures.Future[None] | None = None
        self.length = 0
        self.flip = False
        self.on_relief: Callable[[], None] | None = None

    def _first_window(self, expected: int | None) -> bytearray:
        if self._small:
            return bytearray(expected or 1)
        return self._store.passage if self._passing else self._store.take_window()

    @property
    def congested(self) -> bool:
        return self._busy is not None and not self._busy.done() and self._filled > WINDOW // 2

    def buffer(self) -> memoryview:
        """Room for the next bytes, never empty while more bytes are expected."""
        return self._view[self._filled :]

    def advance(self, count: int) -> None:
        """`count` bytes of the last `buffer()` were filled."""
        if self.flip and self.length == 0 and count:
            self._window[0] ^= 1
        self._filled += count
        self.length += count
        if self._passing:
            self._sum(self._view[: self._filled])
            self._filled = 0
        elif self._filled == WINDOW:
            self._hand_over()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Copy bytes in."""
        with memoryview(data) as view:
            while view.nbytes:
                room = self.buffer()
                count = min(len(room), len(view))
                room[:count] = view[:count]
                self.advance(count)
                view = view[count:]  # noqa: PLW2901  (the rest of it)

    def _hand_over(self) -> None:
        if self._busy is not None:
            self._busy.result()
        window, filled = self._window, self._filled
        offset = self.length - filled
        self._busy = self._store.submit(lambda: self._take(window, filled, offset))
        relief = self.on_relief
        if relief is not None:
            self._busy.add_done_callback(lambda _: relief())
        self._window = self._store.take_window()
        self._view = memoryview(self._window)
        self._filled = 0

    def _take(self, window: bytearray, filled: int, offset: int) -> None:
        """Digest one window and spool it; runs in a thread, in order."""
        with memoryview(window)[:filled] as view:
            if self._md5 is not None:
                self._md5.update(view)
            self._sum(view)
            if self._retain and not _all_zero(window, filled):
                if self._fd < 0:
                    self._open()
                written = 0
                while written < filled:
                    written += os.pwrite(self._fd, view[written:], offset + written)
        self._store.return_window(window)

    def _sum(self, data: bytes | memoryview) -> None:
        self._crc = crc64(data, self._crc)
        if self._crc32 is not None:
            self._crc32 = crc32(data, self._crc32)

    def _open(self) -> None:
        self._path = self._store.new_path()
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)

    @property
    def instant(self) -> bool:
        """Whether `seal_now` costs microseconds."""
        return self.length <= SMALL

    def seal(self) -> concurrent.futures.Future[Blob]:
        """Finish in a thread, once every window before has been taken."""
        return self._store.submit(self.seal_now)

    def seal_now(self) -> Blob:
        """Digest what is left and make the blob. Waits for windows in threads."""
        if self._busy is not None:
            self._busy.result()
        if self.length == self._filled and self.length <= SMALL:
            return self._seal_small()
        if self._filled:
            self._take(self._window, self._filled, self.length - self._filled)
        else:
            self._store.return_window(self._window)
        if self._retain and self._fd < 0:
            self._open()
        if self._fd >= 0:
            os.ftruncate(self._fd, self.length)
            os.close(self._fd)
            self._fd = -1
        return Blob(self._store, self.length, self._digest(), self._crc, self._crc32, memory=None, path=self._path)

    def _seal_small(self) -> Blob:
        data = bytes(self._view[: self._filled])
        if self._md5 is not None:
            self._md5.update(data)
        self._sum(data)
        if not self._small:
            self._store.return_window(self._window)
        if not self._retain:
            return Blob(self._store, self.length, self._digest(), self._crc, self._crc32, memory=None, path=None)
        if self._store.reserve(len(data)):
            return Blob(self._store, self.length, self._digest(), self._crc, self._crc32, memory=data, path=None)
        self._open()
        os.write(self._fd, data)
        os.close(self._fd)
        self._fd = -1
        return Blob(self._store, self.length, self._digest(), self._crc, self._crc32, memory=None, path=self._path)

    def _digest(self) -> bytes:
        return self._md5.digest() if self._md5 is not None else b""

    def abandon(self) -> None:
        """The body will not be finished: free everything."""
        if self._busy is not None:
            self._busy.result()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._path is not None and os.path.exists(self._path):
            os.unlink(self._path)


def _all_zero(window: bytearray, filled: int) -> bool:
    if window[0]:
        return False
    return window == _ZEROS if filled == WINDOW else window.count(0, 0, filled) == filled
