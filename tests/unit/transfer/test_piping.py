"""When parts of an append-only object go out behind one another: where that pays, and how long not after a break."""

from __future__ import annotations

from typing import Any

import pytest

from vodfast.errors import ErrorKind, RetryClass, VodfastError
from vodfast.transfer.piping import Piping

PART = 10
LONG = 1000 * PART


class Store:
    """As much of a store as is asked."""

    def __init__(self, pipelined: int = 4) -> None:
        self.pipelined = pipelined
        self.failures = 0

    def pipeline_failed(self) -> None:
        self.failures += 1


def piping(store: Any = None, *, on: bool = True) -> Piping:
    return Piping(store or Store(), PART, on=on)


def broken(pipes: Piping, offset: int, answers: int) -> None:
    """One pipeline more, which breaks after some answers."""
    assert pipes.begin(offset, LONG)
    for _ in range(answers):
        pipes.answered()
    pipes.fail(offset)
    pipes.end()


@pytest.mark.parametrize(
    ("offset", "size", "begins"),
    [(0, 6 * PART, False), (0, 6 * PART + 1, True), (PART, 7 * PART, False), (PART, 7 * PART + 1, True)],
)
def test_one_begins_where_more_than_six_parts_are_still_to_come(offset: int, size: int, begins: bool) -> None:
    assert piping().begin(offset, size) is begins


def test_none_begins_in_a_stream_or_where_it_is_off_or_the_store_takes_one_part_at_a_time() -> None:
    assert not piping().begin(0, None)
    assert not piping(on=False).begin(0, LONG)
    assert not piping(Store(pipelined=1)).begin(0, LONG)
    assert piping(Store(pipelined=2)).begin(0, LONG)


def test_it_takes_as_many_parts_as_the_store_allows_until_it_breaks_or_ends() -> None:
    pipes = piping(Store(pipelined=3))
    assert not pipes.takes(0)
    assert pipes.begin(0, LONG)
    assert [pipes.takes(waiting) for waiting in (0, 2, 3)] == [True, True, False]
    pipes.fail(0)
    assert not pipes.takes(0)
    pipes.end()
    assert not pipes.takes(0)


def test_each_has_a_number_of_its_own() -> None:
    pipes = piping()
    numbers = []
    for _ in range(3):
        pipes.begin(0, LONG)
        numbers.append(pipes.number)
        pipes.end()
    assert numbers == [1, 2, 3]


def test_after_each_break_twice_as_many_parts_wait_for_their_answers() -> None:
    pipes, offset = piping(), 0
    for parts in (16, 32, 64):
        broken(pipes, offset, answers=15)
        assert not pipes.begin(offset + parts * PART - 1, LONG)
        offset += parts * PART


def test_one_that_brought_sixteen_parts_is_followed_by_another_at_once() -> None:
    pipes = piping()
    broken(pipes, 0, answers=15)
    broken(pipes, 16 * PART, answers=16)
    broken(pipes, 17 * PART, answers=15)  # and counts as the first break again
    assert not pipes.begin((17 + 16) * PART - 1, LONG)
    assert pipes.begin((17 + 16) * PART, LONG)


def test_what_an_earlier_one_brought_does_not_count() -> None:
    pipes = piping()
    pipes.begin(0, LONG)
    for _ in range(16):
        pipes.answered()
    pipes.end()
    broken(pipes, 20 * PART, answers=0)
    assert not pipes.begin(21 * PART, LONG)


@pytest.mark.parametrize(("answers", "told"), [(0, 1), (1, 1), (2, 0)])
def test_the_store_is_told_of_one_that_broke_before_its_second_answer(answers: int, told: int) -> None:
    store = Store()
    broken(piping(store), 0, answers)
    assert store.failures == told


def test_a_break_counts_once() -> None:
    store = Store()
    pipes = piping(store)
    assert pipes.begin(0, LONG)
    pipes.fail(0)
    pipes.fail(0)
    assert store.failures == 1
    pipes.end()
    assert pipes.begin(16 * PART, LONG)


def test_of_what_fails_in_a_break_the_first_is_its_cause_and_what_no_retry_helps_is_its_own() -> None:
    passing, final = (
        VodfastError("x", kind=ErrorKind.NETWORK, retry=retry) for retry in (RetryClass.LATER, RetryClass.NEVER)
    )
    pipes = piping()
    for _ in range(2):  # the next pipeline has a cause of its own
        pipes.begin(0, LONG)
        assert [pipes.blame(error) for error in (passing, passing, final)] == [True, False, True]
        pipes.end()
