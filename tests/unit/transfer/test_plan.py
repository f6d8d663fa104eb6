"""Part planning: pure arithmetic, up to the limits of a store."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodfast.config import GIB, MIB
from vodfast.errors import InvalidInput
from vodfast.transfer.plan import DEFAULT_PART, STREAM_PART, plan_upload, stream_part_size
from vodfast.transfer.ports import PartSpec, StoreLimits

LIMITS = StoreLimits(
    min_part=MIB,
    max_part=5 * GIB,
    max_parts=10_000,
    max_single_put=5 * GIB,
    part_digest="crc64",
    object_digest="crc64",
    can_list_parts=True,
)


@given(size=st.integers(0, LIMITS.max_object), part_size=st.none() | st.integers(MIB, 5 * GIB))
def test_every_plan_covers_the_object_within_the_limits(size: int, part_size: int | None) -> None:
    plan = plan_upload(size, LIMITS, part_size)
    if not plan.multipart:
        assert size <= LIMITS.max_single_put
        assert plan.part(0) == PartSpec(0, 0, size)
        return
    assert plan.part_count <= LIMITS.max_parts
    assert LIMITS.min_part <= plan.part_size <= LIMITS.max_part
    first, last = plan.part(0), plan.part(plan.part_count - 1)
    assert first.offset == 0
    assert last.offset + last.length == size
    assert 0 < last.length <= plan.part_size
    assert plan.part(plan.part_count - 2).length == plan.part_size


@pytest.mark.parametrize(
    ("size", "part_size", "count"),
    [
        (DEFAULT_PART, None, 1),
        (DEFAULT_PART + 1, None, 2),
        (MIB, MIB, 1),
        (MIB + 1, MIB, 2),
        (10 * MIB, MIB, 10),
        (10_000 * MIB, MIB, 10_000),
        (10_000 * MIB + 1, MIB, 5_001),
        (10_000 * DEFAULT_PART, None, 10_000),
        (10_000 * DEFAULT_PART + 1, None, 5_001),
        (LIMITS.max_object, None, 10_000),
    ],
)
def test_part_counts_at_the_boundaries(size: int, part_size: int | None, count: int) -> None:
    plan = plan_upload(size, LIMITS, part_size)
    assert plan.part_count == count
    assert sum(1 for _ in plan.parts()) == count


def test_a_plan_at_the_part_limit_is_contiguous() -> None:
    plan = plan_upload(10_000 * MIB, LIMITS, MIB)
    end = 0
    for index, spec in enumerate(plan.parts()):
        assert (spec.index, spec.offset) == (index, end)
        end += spec.length
    assert end == 10_000 * MIB


def test_an_object_over_the_limit_is_refused() -> None:
    with pytest.raises(InvalidInput, match="more than"):
        plan_upload(LIMITS.max_object + 1, LIMITS)


def test_a_store_with_a_small_single_put_gets_parts() -> None:
    small = msgspec.structs.replace(LIMITS, max_single_put=2 * MIB)
    assert plan_upload(2 * MIB, small).multipart is False
    assert plan_upload(2 * MIB + 1, small).multipart is True


def test_stream_parts_grow_and_stay_within_the_budget() -> None:
    budget = 256 * MIB
    sizes = [stream_part_size(index, LIMITS, budget) for index in range(10_000)]
    assert sizes[0] == STREAM_PART
    assert sizes == sorted(sizes)
    assert max(sizes) == budget // 4
    assert sum(sizes) > 500 * 10**9
    with pytest.raises(InvalidInput, match="longer than"):
        stream_part_size(10_000, LIMITS, budget)


def test_stream_parts_honour_the_override_and_the_stores_minimum() -> None:
    assert stream_part_size(0, LIMITS, 256 * MIB, 3 * MIB) == 3 * MIB
    assert stream_part_size(0, LIMITS, 16 * MIB, 64 * MIB) == 4 * MIB
