"""Reference manual of the native core: checksums, mapped parts, and readers that hand them out without a copy.

Decides how bytes are touched; what is uploaded, when, and with which digest is left to the engine.
Everything here may be called from any thread; one reader serves one thread at a time. CRCs are unsigned ints.
"""

from types import TracebackType
from typing import Literal, Self, final

from typing_extensions import Buffer

def crc32(data: Buffer, value: int = 0) -> int:
    """CRC-32 as zlib, PNG and Volcengine's gateway have it (check value of `123456789`: 0xcbf43926).

    `data` is any C-contiguous buffer; from 8 KiB on the GIL is released. `value` is the checksum of what came before,
    so `crc32(b, crc32(a)) == crc32(a + b)`. Unlike zlib, `value` must be in 0..2**32-1.

    Raises:
        ValueError: `value` is out of range, or `data` is a closed `MappedPart`.
        BufferError: the buffer is not contiguous.
        TypeError: `data` is no buffer (text must be encoded first).
    """

def crc64(data: Buffer, value: int = 0) -> int:
    """CRC-64/XZ: ECMA-182 reflected, init and xor-out all ones (check value of `123456789`: 0x995dc9bbdf1939fa).

    The `x-cos-hash-crc64ecma` of COS (Tencent notes, section on CRC-64), also OSS and TOS. Otherwise as `crc32`, with
    `value` in 0..2**64-1.
    """

def crc32_combine(first: int, second: int, second_length: int) -> int:
    """CRC-32 of A + B from `first` (of A), `second` (of B) and the length of B in bytes, 0..2**63-1.

    Costs microseconds whatever the length. Nothing can be checked: wrong inputs give a wrong checksum.

    Raises:
        ValueError: an argument is out of range.
    """

def crc64_combine(first: int, second: int, second_length: int) -> int:
    """CRC-64/XZ of A + B; otherwise as `crc32_combine`."""

def crc_kernel() -> str:
    """The kernel in use: `vpclmulqdq`, `pclmulqdq` or `portable`.

    The best one this processor can run, unless the environment variable `VODFAST_CRC_KERNEL` named another when the
    module was imported. A name that is unknown or cannot run here makes the import fail with ImportError.
    """

def available_crc_kernels() -> tuple[str, ...]:
    """What this processor can run, best first; always ends with `portable`."""

def _crc_with(kernel: str, digest: Literal["crc32", "crc64"], data: Buffer, value: int = 0) -> int:
    """A checksum by one particular kernel, for tests and benchmarks.

    Raises:
        ValueError: the kernel cannot run here, or the digest is unknown.
    """

@final
class MappedPart:
    """One part of a file as read-only memory: a buffer of `length` bytes at `offset` of the file behind `fd`.

    Exactly these bytes are mapped (rounded to pages underneath), so resident memory follows the parts in use, not the
    file. The file descriptor may be closed afterwards. `length` 0 is allowed and maps nothing. Costs a
    few system calls (fstat, sigaction, mmap, madvise, later munmap).

    A file that shrinks while it is mapped does not kill the process: the missing pages read as zeros and `faulted`
    becomes true. The first mapping installs a SIGBUS handler for that; a SIGBUS anywhere else goes to the handler
    that was there before (such as faulthandler's), or kills the process as ever. If another handler was put over it
    since, the next mapping puts it back on top.
    A shrink *within* the last page raises no signal and cannot be noticed here; compare `fstat` before committing.

    Memory stays valid for as long as anything exports it: `close()` with live exports (memoryviews, readers) only
    refuses new ones, and the last release unmaps.

    Raises:
        ValueError: `offset` or `length` is negative, or the part ends beyond 2**63-1.
        OSError: `fd` cannot be mapped (`errno` says why: EBADF, EACCES, ENODEV, ENOMEM).
    """

    def __new__(cls, fd: int, offset: int, length: int) -> Self: ...
    @property
    def length(self) -> int:
        """Bytes."""

    @property
    def closed(self) -> bool:
        """Whether `close()` was called; the memory may still be held by exports."""

    @property
    def faulted(self) -> bool:
        """Whether the file was too short when mapped, or was found so when read. Stays true, also after closing.

        What was read from the part meanwhile may be zeros that were never in the file: throw it away.
        """

    def close(self) -> None:
        """Lets go of the memory, at once or with the last export. May be called again."""

    def __len__(self) -> int: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

@final
class PartReader:
    """Hands out one body slice by slice without copying it; the checksum is taken on the way, outside the GIL.

    `data` is a `MappedPart` or any C-contiguous buffer; it is held (a bytearray cannot be resized) until the reader
    is closed and the last slice is gone. `digest` is `crc32`, `crc64` or None. Fits pycurl directly: the reader itself
    as READFUNCTION, `seek` as SEEKFUNCTION.

    Pages of a mapped part that lie a mebibyte and more behind the slice handed out last are given back to the
    system, so about two mebibytes stay resident (more where the system maps larger pages); reading them again takes
    them from the page cache. `keep_pages` turns that off.

    Raises:
        ValueError: unknown digest, or a closed part.
        BufferError, TypeError: `data` is no contiguous buffer.
    """

    def __new__(cls, data: Buffer, digest: str | None = None, *, keep_pages: bool = False) -> Self: ...
    @property
    def length(self) -> int:
        """Bytes in all."""

    @property
    def sent(self) -> int:
        """Bytes handed out since the last rewind, or the offset sought to plus those handed out since."""

    @property
    def crc(self) -> int:
        """The digest of the first `sent` bytes, as they were handed out; 0 without a digest. Readable after closing."""

    @property
    def faulted(self) -> bool:
        """Whether the mapped part behind it is faulted (always false for other memory). Settled when closed."""

    @property
    def closed(self) -> bool: ...
    def read(self, limit: int) -> memoryview:
        """The next at most `limit` bytes, read-only; empty at the end. A `limit` above what is left is fine.

        The slice stays valid as long as it is kept, also after `close()`.

        Raises:
            ValueError: the limit is negative, or the reader is closed.
            RuntimeError: another thread is reading at this moment.
        """

    def __call__(self, limit: int) -> memoryview:
        """The same as `read`."""

    def rewind(self) -> None:
        """Starts again from the first byte with a fresh checksum."""

    def seek(self, offset: int, origin: int = 0) -> int:
        """Goes to `offset` (0..`length`) and makes `crc` that of everything before it; answers 0 (SEEKFUNC_OK).

        Costs a checksum over what is skipped going forward, over everything before `offset` going back.

        Raises:
            ValueError: out of range, or an `origin` other than 0 (the start).
        """

    def close(self) -> None:
        """Lets go of the data; slices already handed out keep it alive. May be called again."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

def counters() -> dict[str, int]:
    """What is alive in this process: `open_mappings` (not yet unmapped), `live_exports` of them, `open_readers`.

    All zero once everything is closed and every slice is gone.
    """
