"""Where the bytes come from.

Decides how a path, a buffer, a file object or an iterator becomes parts, and when a source counts as changed. A sized
source hands out any part at any time; a stream is buffered one part at a time. Leaves part sizes to `plan.py`.
"""

from __future__ import annotations

import asyncio
import errno
import io
import mmap
import os
import stat
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Protocol

import msgspec

from vodfast import _native
from vodfast.errors import ErrorKind, InvalidInput, SourceChanged, VodfastError
from vodfast.file_names import file_name
from vodfast.transfer.loops import in_thread
from vodfast.transfer.message import Body, BufferedBody, DigestName, Reader
from vodfast.transfer.ports import PartSpec

_PULL = 1024 * 1024
"""Bytes asked of a file object at a time."""

_CHECKSUMS = {"crc32": _native.crc32, "crc64": _native.crc64}


class SourceIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What must not change between the first and the last read of a file."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> SourceIdentity:
        return cls(
            device=found.st_dev,
            inode=found.st_ino,
            size=found.st_size,
            mtime_ns=found.st_mtime_ns,
            ctime_ns=found.st_ctime_ns,
        )


class Source(Protocol):
    """`label` names it in messages, `name` is its file name ("" if it has none), `size` is None for a stream."""

    label: str
    name: str

    @property
    def size(self) -> int | None: ...
    @property
    def identity(self) -> SourceIdentity | None:
        """What a file is known by in a later run; None for what cannot be known again."""

    @property
    def replayable(self) -> bool:
        """Whether every byte can be read a second time."""

    def part(self, spec: PartSpec) -> Body:
        """A part of a sized source."""

    def check_unchanged(self) -> None:
        """Raises SourceChanged if the bytes may no longer be those that were sent. Costs two system calls."""

    def close(self) -> None: ...


class _BufferBody:
    """A part that lies in memory."""

    __slots__ = ("_data", "_sums", "length")

    def __init__(self, data: memoryview | bytes) -> None:
        self._data = data
        self._sums: dict[str, int] = {}
        self.length = len(data)

    def open(self, digest: DigestName | None) -> Reader:
        return _native.PartReader(self._data, digest)

    def checksum(self, digest: DigestName) -> int:
        if digest not in self._sums:
            self._sums[digest] = _CHECKSUMS[digest](self._data)
        return self._sums[digest]

    def cut(self, start: int, length: int) -> _BufferBody:
        """The bytes [start, start + length), not copied."""
        return _BufferBody(memoryview(self._data)[start : start + length])


def map_part(fd: int, offset: int, length: int, label: str) -> _native.MappedPart:
    """A part of the file `label`.

    Raises:
        InvalidInput: the device does not answer, or files of its file system cannot be mapped.
    """
    try:
        return _native.MappedPart(fd, offset, length)
    except OSError as error:
        raise InvalidInput(f"cannot be read: {_reason(error)}", item=label) from None


class MappedBody:
    """A part of a file, mapped only while it is read: `map_part` maps it, each time anew."""

    __slots__ = ("_map", "_sums", "length")

    def __init__(self, map_part: Callable[[], _native.MappedPart], length: int) -> None:
        self._map = map_part
        self._sums: dict[str, int] = {}
        self.length = length

    def open(self, digest: DigestName | None) -> Reader:
        return _native.PartReader(self._map(), digest)

    def checksum(self, digest: DigestName) -> int:
        if digest not in self._sums:
            with self._map() as part:
                found = _CHECKSUMS[digest](part)
                if part.faulted:
                    raise SourceChanged("the file was truncated while it was read: upload it again once it is complete")
            self._sums[digest] = found
        return self._sums[digest]


class FileSource:
    """A regular file, from `offset` to the end it has now. Keeps one descriptor open until `close`.

    A part that lies in a hole of a sparse file is sent from one page of zeros: reading the hole would fill the page
    cache with them. A write into the hole shows in the file's times like any other.
    """

    replayable = True

    def __init__(self, fd: int, label: str, *, path: str | None = None, offset: int = 0) -> None:
        self.label = label
        self.name = file_name(label)
        self._fd = fd
        self._path = path
        self._offset = offset
        found = os.fstat(fd)
        self.identity = SourceIdentity.of(found)
        self.size: int = max(0, self.identity.size - offset)
        # Looking for holes moves the file position, which a descriptor of the caller's would share.
        self._sparse = path is not None and found.st_blocks * 512 < found.st_size
        self._zeros: mmap.mmap | None = None

    def part(self, spec: PartSpec) -> Body:
        if self._sparse and spec.length and self._is_hole(self._offset + spec.offset, spec.length):
            return _BufferBody(memoryview(self._zero_pages(spec.length))[: spec.length])
        return MappedBody(lambda: map_part(self._fd, self._offset + spec.offset, spec.length, self.label), spec.length)

    def _is_hole(self, offset: int, length: int) -> bool:
        try:
            return os.lseek(self._fd, offset, os.SEEK_DATA) >= offset + length
        except OSError as error:
            return error.errno == errno.ENXIO  # no data up to the end of the file

    def _zero_pages(self, length: int) -> mmap.mmap:
        if self._zeros is None or len(self._zeros) < length:
            self._zeros = mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
        return self._zeros

    def check_unchanged(self) -> None:
        try:
            same = SourceIdentity.of(os.fstat(self._fd)) == self.identity
            if same and self._path is not None:
                found = os.stat(self._path)
                same = (found.st_dev, found.st_ino) == (self.identity.device, self.identity.inode)
        except OSError:
            same = False
        if not same:
            raise SourceChanged(
                "the file changed while it was uploaded, so nothing was committed: upload it again once it is complete",
                item=self.label,
            )

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class BufferSource:
    """Bytes in memory. The caller's buffer is not copied and must not change while it is uploaded."""

    replayable = True
    identity = None

    def __init__(self, data: Any, label: str, name: str) -> None:
        self.label = label
        self.name = name
        try:
            self._view = memoryview(data).cast("B")
        except TypeError:
            raise InvalidInput("a buffer must be contiguous bytes", item=label) from None
        self.size: int = len(self._view)

    def part(self, spec: PartSpec) -> Body:
        return _BufferBody(self._view[spec.offset : spec.offset + spec.length])

    def check_unchanged(self) -> None:
        return

    def close(self) -> None:
        self._view.release()


class StreamSource:
    """Buffers of unknown number and sizes, from a sync or an async iterator. Each byte comes by once.

    A sync iterator runs on a worker thread, so it may block. Buffers may be of any size, empty ones included. `prime`
    it first: a stream that ends within its first part becomes a sized, replayable source. `buffered` is how many bytes
    of the memory budget priming has left with the source.
    """

    def __init__(self, chunks: Iterable[Any] | AsyncIterable[Any], label: str, name: str) -> None:
        self.label = label
        self.name = name
        self.size: int | None = None
        self.identity = None
        self.replayable = False
        self.buffered = 0
        self._first: memoryview | None = None
        self._async: AsyncIterator[Any] | None = None
        self._sync: Iterator[Any] | None = None
        if isinstance(chunks, AsyncIterable):
            self._async = aiter(chunks)
        else:
            self._sync = iter(chunks)
        self._rest: memoryview = memoryview(b"")

    async def prime(self, limit: int) -> None:
        """Read the first `limit` bytes ahead, to learn whether that is all there is."""
        self._first = await self._fill(limit)
        self.buffered = len(self._first)
        if self.buffered < limit:
            self.size, self.replayable = self.buffered, True

    def hand_over(self) -> int:
        """Leave the budgeted bytes of an endless stream's first part to the caller, who frees them once it is sent."""
        handed, self.buffered = (0, self.buffered) if self.replayable else (self.buffered, 0)
        return handed

    def part(self, spec: PartSpec) -> Body:
        assert self._first is not None
        return _BufferBody(self._first[spec.offset : spec.offset + spec.length])

    async def next_part(self, limit: int) -> BufferedBody:
        """The next bytes, `limit` of them unless the stream ends before; all that was primed if that is more."""
        first, self._first = self._first or memoryview(b""), None
        if len(first) >= limit:
            return _BufferBody(first)
        more = await self._fill(limit - len(first))
        return _BufferBody(b"".join((first, more)) if first else more)

    @property
    def primed(self) -> int:
        """How many bytes have been read ahead and not been asked for yet."""
        return len(self._first or b"")

    async def _fill(self, limit: int) -> memoryview:
        if self._sync is not None:
            return await in_thread(self._fill_sync, self._sync, limit)
        assert self._async is not None
        buffer = bytearray()
        while len(buffer) < limit:
            if not self._rest:
                try:
                    piece = await anext(self._async)
                except StopAsyncIteration:
                    break
                except VodfastError:
                    raise
                except asyncio.CancelledError as error:
                    task = asyncio.current_task()
                    if task is not None and task.cancelling():
                        raise
                    raise self._failure(error) from error  # of something in the stream itself
                except Exception as error:
                    raise self._failure(error) from error
                self._rest = self._bytes(piece)
                continue
            self._take(buffer, limit)
        return memoryview(buffer).toreadonly()

    def _fill_sync(self, chunks: Iterator[Any], limit: int) -> memoryview:
        buffer = bytearray()
        while len(buffer) < limit:
            if not self._rest:
                try:
                    piece = next(chunks)
                except StopIteration:
                    break
                except VodfastError:
                    raise
                except BaseException as error:  # even what ends a program: here it would only end a thread
                    raise self._failure(error) from error
                self._rest = self._bytes(piece)
                continue
            self._take(buffer, limit)
        return memoryview(buffer).toreadonly()

    def _take(self, buffer: bytearray, limit: int) -> None:
        room = limit - len(buffer)
        buffer += self._rest[:room]
        self._rest = self._rest[room:]

    def _bytes(self, chunk: Any) -> memoryview:
        try:
            return memoryview(chunk).cast("B")
        except TypeError:
            raise InvalidInput(
                f"the stream yielded {type(chunk).__name__}: every piece must be bytes or another contiguous buffer",
                item=self.label,
            ) from None

    def _failure(self, error: BaseException) -> VodfastError:
        return InvalidInput(f"reading the source failed: {type(error).__name__}: {error}", item=self.label)

    def check_unchanged(self) -> None:
        return

    def close(self) -> None:
        self._rest = memoryview(b"")
        self._first = None


def open_source(source: Any, name: str | None = None) -> Source:
    """Open whatever the caller gave: a path, bytes-like data, a binary file object, or an iterator of buffers.

    A regular file is mapped; a pipe or device is read as a stream. A file object on a regular file is taken from its
    present position without moving it. The caller's file objects are never closed.

    Raises:
        InvalidInput: no such file, no permission, a directory, a text or closed file, or nothing that can be read.
    """
    if isinstance(source, (str, os.PathLike)):
        return _open_path(os.fspath(source), name)
    if isinstance(source, io.TextIOBase):
        raise InvalidInput("the file was opened as text: open it in binary mode ('rb')", item=_label(source, name))
    if hasattr(source, "read"):
        if getattr(source, "closed", False) is True:
            raise InvalidInput("the file is closed already", item=_label(source, name))
        return _open_file(source, name)
    if isinstance(source, AsyncIterable):
        return StreamSource(source, name or "stream", name or "")
    try:
        memoryview(source).release()
    except TypeError:
        pass
    else:
        return BufferSource(source, name or "bytes", name or "")
    if isinstance(source, Iterable):
        return StreamSource(source, name or "stream", name or "")
    raise InvalidInput(
        f"cannot upload a {type(source).__name__}: give a path, bytes, a binary file or an iterator of buffers"
    )


def _open_path(path: str | bytes, name: str | None) -> Source:
    text = os.fsdecode(path)
    if not text:
        raise InvalidInput("the path is an empty text: name a file")
    if "\0" in text:
        raise InvalidInput("a path cannot hold a NUL character", item=text.replace("\0", "\\0"))
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise InvalidInput("is a directory: name the files in it", item=text)
        if not stat.S_ISREG(mode):
            return StreamSource(_pieces(path), text, name or file_name(text))
        source = FileSource(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), text, path=text)
    except FileNotFoundError:
        raise InvalidInput("no such file", kind=ErrorKind.NOT_FOUND, item=text) from None
    except OSError as error:
        raise InvalidInput(f"cannot be opened: {_reason(error)}", item=text) from None
    source.name = name or source.name
    return source


def _reason(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else "unknown error"


def _pieces(path: str | bytes) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as pipe:
        while piece := pipe.read(_PULL):
            yield piece


def _open_file(file: Any, name: str | None) -> Source:
    label = _label(file, name)
    own_name = name or (file_name(label) if isinstance(getattr(file, "name", None), str) else "")
    if isinstance(file, io.BytesIO):
        return BufferSource(file.getbuffer()[file.tell() :], label, own_name)
    if _is_plain_file(file):
        try:
            if file.writable():
                file.flush()
            source = FileSource(os.dup(file.fileno()), label, offset=file.tell())
        except OSError as error:
            raise InvalidInput(f"cannot be read: {_reason(error)}", item=label) from None
        source.name = own_name
        return source
    return StreamSource(_reads(file), label, own_name)


def _reads(file: Any) -> Iterator[Any]:
    """A generator, in which a `read` that raises StopIteration fails instead of passing for the end."""
    while (piece := file.read(_PULL)) != b"":
        yield piece


def _is_plain_file(file: Any) -> bool:
    """Whether the bytes of the file object are those of its descriptor, which a gzip reader's, say, are not."""
    raw = file.raw if isinstance(file, io.BufferedReader | io.BufferedRandom) else file
    return isinstance(raw, io.FileIO) and stat.S_ISREG(os.fstat(raw.fileno()).st_mode)


def _label(file: Any, name: str | None) -> str:
    own = getattr(file, "name", None)
    return own if isinstance(own, str) and own else name or "stream"
