"""What the bytes cost on their way out: cutting into parts, mapping, handing out slices with and without a digest."""

import random

import pytest

from vodfast import _native
from vodfast.config import GIB, MIB
from vodfast.stores.cos.dialect import COS_LIMITS
from vodfast.transfer.plan import plan_upload

PART = 16 * MIB
SLICE = MIB


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data-path") / "part"
    path.write_bytes(random.Random(16).randbytes(PART))
    with path.open("rb") as stream:
        yield stream


def drained(reader):
    while reader.read(SLICE):
        pass
    return reader.sent


@pytest.mark.parametrize("size", [64 * 1024, GIB, 40 * 1024 * GIB])
def test_plan(benchmark, size):
    plan = benchmark(plan_upload, size, COS_LIMITS)
    assert plan.part_count <= COS_LIMITS.max_parts


def test_walk_ten_thousand_parts(benchmark):
    plan = plan_upload(10_000 * 16 * MIB, COS_LIMITS)
    assert benchmark(lambda: sum(part.length for part in plan.parts())) == plan.size


@pytest.mark.parametrize("digest", [None, "crc32", "crc64"])
def test_read_mapped_part(benchmark, file, digest):
    def whole():
        with _native.MappedPart(file.fileno(), 0, PART) as part:
            reader = _native.PartReader(part, digest)
            sent = drained(reader)
            reader.close()
            return sent

    assert benchmark(whole) == PART


def test_slice(benchmark):
    """One slice of a small body without a digest: the fixed cost of a read callback."""
    reader = _native.PartReader(bytes(65536))

    def one():
        reader.rewind()
        return reader.read(65536)

    assert len(benchmark(one)) == 65536


@pytest.mark.parametrize("digest", ["crc32_combine", "crc64_combine"])
def test_combine(benchmark, digest):
    assert benchmark(getattr(_native, digest), 0x12345678, 0x9ABCDEF0, PART) >= 0
