"""What every store that takes numbered parts refuses, at the very edge of its limits."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from vodfast.errors import InvalidInput
from vodfast.stores.bounds import all_parts, check_single_put, part_number
from vodfast.transfer.ports import PartReceipt, PartSpec, StoreLimits

LIMITS = StoreLimits(
    min_part=1,
    max_part=10,
    max_parts=3,
    max_single_put=20,
    part_digest=None,
    object_digest=None,
    can_list_parts=False,
)


def body(length: int) -> Any:
    return SimpleNamespace(length=length)


def receipts(*indexes: int) -> list[PartReceipt]:
    return [PartReceipt(index=index, length=1, tag=str(index), digest=None) for index in indexes]


def test_one_put_takes_as_much_as_its_limit_and_no_byte_more() -> None:
    check_single_put(body(20), LIMITS)
    with pytest.raises(InvalidInput, match="at most 20"):
        check_single_put(body(21), LIMITS)


@pytest.mark.parametrize(("index", "length"), [(0, 1), (2, 10), (0, 0)])
def test_parts_are_numbered_from_one_up_to_the_limit(index: int, length: int) -> None:
    assert part_number(PartSpec(index, 0, length), body(length), LIMITS) == index + 1


@pytest.mark.parametrize(
    ("part", "length"),
    [(PartSpec(-1, 0, 1), 1), (PartSpec(3, 0, 1), 1), (PartSpec(0, 0, 11), 11), (PartSpec(0, 0, 2), 1)],
)
def test_a_part_beyond_the_limits_or_of_another_length_is_refused(part: PartSpec, length: int) -> None:
    with pytest.raises(InvalidInput, match=r"out of range|must be"):
        part_number(part, body(length), LIMITS)


def test_parts_are_joined_in_order_whatever_order_they_come_in() -> None:
    assert [part.index for part in all_parts(receipts(2, 0, 1))] == [0, 1, 2]


@pytest.mark.parametrize("indexes", [(), (1, 2), (0, 2), (0, 0, 1)])
def test_parts_that_are_not_all_there_once_are_not_joined(indexes: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match="each once"):
        all_parts(receipts(*indexes))
