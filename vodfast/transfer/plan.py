"""Cutting an object into parts.

Decides single PUT or multipart and the part size, from the size and the store's limits alone. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from vodfast.config import MIB
from vodfast.errors import InvalidInput
from vodfast.transfer.ports import PartSpec, StoreLimits

DEFAULT_PART = 16 * MIB
"""Large enough that a request's fixed cost vanishes, small enough that a lost one costs little to repeat."""

STREAM_PART = 8 * MIB
_STREAM_STEP = 1000


class UploadPlan(msgspec.Struct, frozen=True):
    """How an object of known size is sent: `part_size` 0 means one PUT."""

    size: int
    part_size: int

    @property
    def multipart(self) -> bool:
        return self.part_size > 0

    @property
    def part_count(self) -> int:
        return -(-self.size // self.part_size) if self.part_size else 1

    def part(self, index: int) -> PartSpec:
        offset = index * self.part_size
        return PartSpec(index, offset, min(self.part_size or self.size, self.size - offset))

    def parts(self) -> Iterator[PartSpec]:
        """Every part in order, made as asked for: a plan of 10,000 parts weighs nothing."""
        return map(self.part, range(self.part_count))


def plan_upload(size: int, limits: StoreLimits, part_size: int | None = None) -> UploadPlan:
    """Choose how to send `size` bytes.

    A `part_size` given is kept unless the store's limits force a larger one (too many parts otherwise) or a smaller
    one. Without it parts are 16 MiB, doubled until the store's part count suffices.

    Raises:
        InvalidInput: the object is larger than the store takes.
    """
    if size > limits.max_object:
        raise InvalidInput(f"{size} bytes are more than the {limits.max_object} this store takes for one object")
    chosen = part_size or DEFAULT_PART
    while chosen * limits.max_parts < size:
        chosen *= 2
    chosen = min(max(chosen, limits.min_part), limits.max_part)
    if size <= min(chosen, limits.max_single_put):
        return UploadPlan(size, 0)
    return UploadPlan(size, chosen)


def stream_part_size(index: int, limits: StoreLimits, memory_budget: int, part_size: int | None = None) -> int:
    """Size of part `index` of a stream whose end is unknown.

    Parts start at 8 MiB and double every 1000 parts, so that an endless stream meets the limit of the store's part
    count late: with the default budget after 500 GB. A part never takes more than a quarter of the memory budget.

    Raises:
        InvalidInput: the store takes no more parts.
    """
    if index >= limits.max_parts:
        raise InvalidInput(
            f"the stream is longer than {limits.max_parts} parts: raise memory_budget or part_size, or upload a file"
        )
    grown = part_size or STREAM_PART << min(index // _STREAM_STEP, 16)
    ceiling = max(min(memory_budget // 4, limits.max_part), limits.min_part)
    return max(min(grown, ceiling), limits.min_part)
