"""What a store's limits refuse before the first byte moves.

Decides the checks that every store which takes an object in numbered parts makes of what it is asked. Leaves the
limits themselves to each store.
"""

from __future__ import annotations

from collections.abc import Sequence

from vodfast.errors import InvalidInput
from vodfast.transfer.message import Body
from vodfast.transfer.ports import PartReceipt, PartSpec, StoreLimits


def check_single_put(body: Body, limits: StoreLimits) -> None:
    """Refuse what one PUT cannot take.

    Raises:
        InvalidInput: one PUT cannot take so many bytes.
    """
    if body.length > limits.max_single_put:
        raise InvalidInput(f"one PUT takes at most {limits.max_single_put} bytes; send it in parts")


def part_number(part: PartSpec, body: Body, limits: StoreLimits) -> int:
    """The wire's number of a part, from 1.

    Raises:
        InvalidInput: the store numbers no part so, or the body is not the part, or too long for one.
    """
    number = part.index + 1
    if not 1 <= number <= limits.max_parts:
        raise InvalidInput(f"part {number} is out of range: parts are numbered 1 to {limits.max_parts}")
    if body.length != part.length or part.length > limits.max_part:
        raise InvalidInput(f"part {number} must be {part.length} bytes, at most {limits.max_part}")
    return number


def all_parts(parts: Sequence[PartReceipt]) -> list[PartReceipt]:
    """The parts to join, in order.

    Raises:
        InvalidInput: they are not all of 1..n, each once.
    """
    ordered = sorted(parts, key=lambda part: part.index)
    if not ordered or [part.index for part in ordered] != list(range(len(ordered))):
        raise InvalidInput("the parts to join are not all of 1..n, each once")
    return ordered
