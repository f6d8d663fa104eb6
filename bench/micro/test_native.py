"""Checksum kernels against fastcrc, readers over mapped parts, and the cost of one request signature.

Compare medians within one run; absolute numbers belong to the machine. Run with `make bench`.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import fastcrc
import pytest

from vodfast import _native

SIZES = (64, 4096, 65536, 1 << 20)
CONTESTANTS: dict[str, dict[str, Callable[[bytes], int]]] = {
    "crc32": {"vodfast": _native.crc32, "fastcrc": fastcrc.crc32.iso_hdlc},
    "crc64": {"vodfast": _native.crc64, "fastcrc": fastcrc.crc64.xz},
}
SLICE = 512 * 1024


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("digest", ["crc32", "crc64"])
@pytest.mark.parametrize("contestant", ["vodfast", "fastcrc"])
def test_checksum(benchmark: Any, digest: str, contestant: str, size: int) -> None:
    benchmark.group = f"{digest} {size} B"
    data = random.Random(size).randbytes(size)
    assert benchmark(CONTESTANTS[digest][contestant], data) == CONTESTANTS[digest]["fastcrc"](data)


@pytest.mark.parametrize("digest", ["crc32", "crc64"])
@pytest.mark.parametrize("kernel", _native.available_crc_kernels())
def test_kernel(benchmark: Any, kernel: str, digest: Any) -> None:
    benchmark.group = f"{digest} kernels, 64 KiB"
    data = random.Random(7).randbytes(65536)
    assert benchmark(_native._crc_with, kernel, digest, data) == CONTESTANTS[digest]["fastcrc"](data)


@pytest.mark.parametrize("length", [16 << 20, 2**63 - 1], ids=["one part", "longest"])
def test_combine(benchmark: Any, length: int) -> None:
    benchmark.group = "combine two checksums"
    benchmark(_native.crc64_combine, 123456789, 987654321, length)


@pytest.mark.parametrize("keep_pages", [False, True], ids=["gives back", "keeps"])
@pytest.mark.parametrize("digest", ["crc64", None])
def test_read_a_mapped_part(benchmark: Any, tmp_path: Path, digest: str | None, keep_pages: bool) -> None:
    benchmark.group = f"read a mapped 16 MiB part, digest {digest}"
    path = tmp_path / "part"
    path.write_bytes(random.Random(3).randbytes(16 << 20))

    with path.open("rb") as file:

        def read() -> int:
            with (
                _native.MappedPart(file.fileno(), 0, 16 << 20) as part,
                _native.PartReader(part, digest, keep_pages=keep_pages) as reader,
            ):
                while reader.read(SLICE):
                    pass
                return reader.sent

        assert benchmark(read) == 16 << 20


def test_hmac_of_one_request(benchmark: Any) -> None:
    """TC3's chain of four HMAC-SHA256 plus the hash of a body: the most any request is signed with."""
    benchmark.group = "signature hashing"
    body = b'{"MediaType":"mp4","SubAppId":1500000000}'

    def sign() -> str:
        key = hmac.digest(b"TC3" + b"k" * 32, b"2026-01-01", "sha256")
        key = hmac.digest(key, b"vod", "sha256")
        key = hmac.digest(key, b"tc3_request", "sha256")
        return hmac.digest(key, hashlib.sha256(body).digest(), "sha256").hex()

    assert len(benchmark(sign)) == 64


def test_percent_encoding_of_one_request(benchmark: Any) -> None:
    """COS: a key and about ten header and query names and values."""
    benchmark.group = "signature hashing"
    words = [
        "x-cos-security-token",
        "host",
        "bucket-1250000000.cos.ap-guangzhou.myqcloud.com",
        "a b/c+d=e",
        "媒体.mp4",
    ] * 2

    def encode() -> list[str]:
        return [quote(word, safe="-_.~") for word in words]

    assert len(benchmark(encode)) == 10
