"""Checksums: every kernel against independent implementations, combination, arguments, and the forced choice."""

from __future__ import annotations

import array
import json
import os
import random
import subprocess
import sys
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import anycrc
import fastcrc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vodfast import _native

KERNELS = _native.available_crc_kernels()
WIDTH = {"crc32": 32, "crc64": 64}
ORACLE = {"crc32": zlib.crc32, "crc64": fastcrc.crc64.xz}
OTHER_ORACLE = {"crc32": anycrc.Model("CRC32-ISO-HDLC"), "crc64": anycrc.Model("CRC64-XZ")}
OURS = {"crc32": _native.crc32, "crc64": _native.crc64}
COMBINE = {"crc32": _native.crc32_combine, "crc64": _native.crc64_combine}
CHECK_VALUES = {"crc32": 0xCBF43926, "crc64": 0x995DC9BBDF1939FA}
NOISE = random.Random(0x5EED).randbytes(1 << 21)

digests = pytest.mark.parametrize("digest", ["crc32", "crc64"])
kernels = pytest.mark.parametrize("kernel", KERNELS)


def vectors() -> list[Any]:
    path = Path(__file__).parents[2] / "vectors" / "tencent.json"
    found = json.loads(path.read_text(encoding="utf-8"))["vectors"]
    return [vector for vector in found if vector["id"].startswith("sum-")]


def test_kernels_are_listed_best_first_and_one_is_in_use() -> None:
    assert KERNELS[-1] == "portable"
    assert [name for name in ("vpclmulqdq", "pclmulqdq", "portable") if name in KERNELS] == list(KERNELS)
    assert _native.crc_kernel() == (os.environ.get("VODFAST_CRC_KERNEL") or KERNELS[0])


@digests
@kernels
def test_every_kernel_agrees_with_the_check_value_of_the_catalogue(kernel: str, digest: Any) -> None:
    assert _native._crc_with(kernel, digest, b"123456789") == CHECK_VALUES[digest]


@digests
def test_every_length_to_4096_at_every_alignment(digest: Any) -> None:
    noise = memoryview(NOISE)
    for length in range(4097):
        start = length * 7 % 64
        piece = noise[start : start + length]
        expected = ORACLE[digest](piece)
        for kernel in KERNELS:
            assert _native._crc_with(kernel, digest, piece) == expected, (kernel, start, length)


@digests
@kernels
@pytest.mark.parametrize("length", [0, 1, 15, 16, 31, 32, 63, 64, 127, 128, 511, 512, 513, 1023, 1024, 2047])
def test_every_start_within_a_cache_line(kernel: str, digest: Any, length: int) -> None:
    for start in range(65):
        piece = NOISE[start : start + length]
        expected = ORACLE[digest](piece)
        assert _native._crc_with(kernel, digest, memoryview(NOISE)[start : start + length]) == expected, start


@digests
@kernels
@pytest.mark.parametrize("length", [8191, 8192, 65537, 1 << 20, (1 << 21) - 3])
def test_every_kernel_agrees_with_the_oracle_on_large_buffers(kernel: str, digest: Any, length: int) -> None:
    assert _native._crc_with(kernel, digest, NOISE[:length]) == ORACLE[digest](NOISE[:length])


@digests
@settings(max_examples=60)
@given(data=st.binary(max_size=2000), cuts=st.lists(st.integers(0, 2000), max_size=5))
def test_a_buffer_may_be_split_anywhere(digest: Any, data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for kernel in KERNELS:
        crc = 0
        for start, end in pairwise(edges):
            crc = _native._crc_with(kernel, digest, data[start:end], crc)
        assert crc == OTHER_ORACLE[digest].calc(data), kernel


@digests
@settings(max_examples=40)
@given(value=st.integers(0, 2**64 - 1), data=st.binary(max_size=600))
def test_continues_from_any_value(digest: Any, value: int, data: bytes) -> None:
    value %= 2 ** WIDTH[digest]
    expected = zlib.crc32(data, value) if digest == "crc32" else OTHER_ORACLE[digest].calc(data, value)
    for kernel in KERNELS:
        assert _native._crc_with(kernel, digest, data, value) == expected, kernel


@digests
@settings(max_examples=40)
@given(first=st.binary(max_size=700), second=st.binary(max_size=700))
def test_two_sums_combine_to_that_of_the_whole(digest: Any, first: bytes, second: bytes) -> None:
    crc = OURS[digest]
    assert COMBINE[digest](crc(first), crc(second), len(second)) == crc(first + second)


@digests
@settings(max_examples=40)
@given(
    first=st.integers(0, 2**64 - 1),
    second=st.integers(0, 2**64 - 1),
    a=st.integers(0, 2**62),
    b=st.integers(0, 2**62 - 1),
)
def test_combine_is_associative_in_length(digest: Any, first: int, second: int, a: int, b: int) -> None:
    first, second = first % 2 ** WIDTH[digest], second % 2 ** WIDTH[digest]
    combine = COMBINE[digest]
    # Carrying over a and then b bytes is carrying over a + b bytes.
    assert combine(combine(first, 0, a), second, b) == combine(first, second, a + b)


@digests
@settings(max_examples=40)
@given(
    first=st.integers(0, 2**64 - 1),
    second=st.integers(0, 2**64 - 1),
    length=st.integers(0, 2**50),
)
def test_combine_against_another_implementation(digest: Any, first: int, second: int, length: int) -> None:
    first, second = first % 2 ** WIDTH[digest], second % 2 ** WIDTH[digest]
    expected = OTHER_ORACLE[digest].combine(first, second, length)
    assert COMBINE[digest](first, second, length) == expected


@digests
def test_combine_takes_the_largest_length(digest: Any) -> None:
    largest = 2**63 - 1
    half = 2**62
    combine = COMBINE[digest]
    assert combine(1, 2, largest) == combine(combine(1, 0, half), 2, half - 1)


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: str(vector["id"]))
def test_the_sums_are_those_of_the_vendors_store(vector: Any) -> None:
    given_, expected = vector["input"], vector["expected"]
    if "data_hex" in given_:
        data = bytes.fromhex(given_["data_hex"])
    else:
        pattern = bytes.fromhex(given_["data_rule"]["pattern_hex"])
        length = given_["data_rule"]["repeat_to_length"]
        data = (pattern * (length // len(pattern) + 1))[:length]
    for kernel in KERNELS:
        assert _native._crc_with(kernel, "crc64", data) == int(expected["crc64ecma"])
    if "split_at" in expected:
        first, second = data[: expected["split_at"]], data[expected["split_at"] :]
        assert _native.crc64(first) == int(expected["crc64_first"])
        assert _native.crc64(second) == int(expected["crc64_second"])
        assert _native.crc64_combine(
            int(expected["crc64_first"]), int(expected["crc64_second"]), int(expected["second_length"])
        ) == int(expected["crc64ecma"])


def test_there_are_vendor_vectors() -> None:
    assert len(vectors()) >= 4


@digests
def test_takes_every_kind_of_buffer(digest: Any) -> None:
    numbers = array.array("I", range(1000))
    table = memoryview(bytes(120)).cast("B", (10, 12))
    for data in (b"", bytearray(), b"abc", bytearray(NOISE[:9000]), memoryview(NOISE)[3:20000], numbers, table):
        assert OURS[digest](data) == ORACLE[digest](bytes(data))


@digests
def test_refuses_what_is_no_contiguous_buffer(digest: Any) -> None:
    crc: Any = OURS[digest]
    with pytest.raises(BufferError):
        crc(memoryview(NOISE)[:100:2])
    for wrong in ("text", None, 7, [1, 2]):
        with pytest.raises(TypeError):
            crc(wrong)


@digests
def test_refuses_numbers_out_of_range(digest: Any) -> None:
    crc: Any = OURS[digest]
    combine: Any = COMBINE[digest]
    over = 2 ** WIDTH[digest]
    assert crc(b"", over - 1) == over - 1
    for wrong in (-1, over, 2**200):
        with pytest.raises(ValueError, match="must be in 0"):
            crc(b"x", wrong)
        with pytest.raises(ValueError, match="first checksum"):
            combine(wrong, 0, 1)
        with pytest.raises(ValueError, match="second checksum"):
            combine(0, wrong, 1)
    for wrong in (-1, 2**63):
        with pytest.raises(ValueError, match="second length"):
            combine(0, 0, wrong)
    for text in ("1", 1.0, None):
        with pytest.raises(TypeError):
            crc(b"x", text)
        with pytest.raises(TypeError):
            combine(0, 0, text)


def test_refuses_unknown_kernels_and_digests() -> None:
    with pytest.raises(ValueError, match="no CRC kernel 'abacus'"):
        _native._crc_with("abacus", "crc64", b"")
    wrong: Any = "md5"
    with pytest.raises(ValueError, match="not 'md5'"):
        _native._crc_with("portable", wrong, b"")


def run_with_kernel(name: str) -> subprocess.CompletedProcess[str]:
    code = (
        "from vodfast import _native as n; data = bytes(range(256)) * 40;"
        "print(n.crc_kernel(), n.crc32(data), n.crc64(data))"
    )
    environment = {**os.environ, "VODFAST_CRC_KERNEL": name}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kernel", [*KERNELS, ""])
def test_the_environment_forces_a_kernel(kernel: str) -> None:
    data = bytes(range(256)) * 40
    done = run_with_kernel(kernel)
    assert done.stdout.split() == [kernel or KERNELS[0], str(zlib.crc32(data)), str(fastcrc.crc64.xz(data))], done


def test_an_unknown_kernel_in_the_environment_fails_the_import() -> None:
    done = run_with_kernel("abacus")
    assert done.returncode == 1
    assert "ImportError: VODFAST_CRC_KERNEL: no CRC kernel 'abacus' on this machine; there are" in done.stderr
