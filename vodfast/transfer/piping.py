"""Which parts of an append-only object go out before those in front of them are answered.

Decides when that begins to pay, when it has come to an end, and when it may be tried again. Leaves the parts and what
their answers mean to `append.py`, the connection to `pipeline.py`.
"""

from __future__ import annotations

from vodfast.errors import RetryClass, VodfastError
from vodfast.transfer.ports import AppendStore

_WORTH_IT = 6
"""Parts still to come from which a connection of their own pays: making one costs two round trips."""
_STEADY = 16
"""Parts that wait for answers again after a pipeline broke, and twice as many after each further break; but one that
has brought so many is taken up again at once, since servers end every connection some time.
"""
_GOES = 2
"""Answers after which a store is known to take parts behind one another."""


class Piping:
    """The pipelines of one object, one after the other. `on` False: every part waits for the answer to the last."""

    def __init__(self, store: AppendStore, part_size: int, *, on: bool) -> None:
        self._store = store
        self._part_size = part_size
        self._on = on
        self.number = 0
        """Of the pipeline under way, or the last one."""
        self.broken = False
        """Whether the answers that are still to come from it mean nothing."""
        self._under_way = False
        self._answered = 0
        self._blamed = False
        self._breaks = 0
        self._not_before = 0

    def end(self) -> None:
        """Nothing of it is under way any more."""
        self._under_way = self.broken = self._blamed = False

    def begin(self, offset: int, size: int | None) -> bool:
        """Whether the part at `offset` begins a pipeline, in an object whose upload has a name."""
        self._under_way = (
            self._on
            and size is not None
            and size - offset > _WORTH_IT * self._part_size
            and offset >= self._not_before
            and self._store.pipelined > 1
        )
        if self._under_way:
            self.number += 1
            self._answered = 0
        return self._under_way

    def takes(self, waiting: int) -> bool:
        """Whether another part may follow the `waiting` ones."""
        return self._under_way and not self.broken and waiting < self._store.pipelined

    def answered(self) -> None:
        """The store has a part that was sent in it."""
        self._answered += 1

    def fail(self, offset: int) -> None:
        """Something went wrong when the store was at `offset`."""
        if self.broken:
            return
        self.broken = True
        if self._answered >= _STEADY:
            self._breaks = 0
            return
        self._not_before = offset + (_STEADY << self._breaks) * self._part_size
        self._breaks += 1
        if self._answered < _GOES:
            self._store.pipeline_failed()

    def blame(self, error: VodfastError) -> bool:
        """Whether this is what broke it: of the failures that follow, those a retry can help are its consequences."""
        first, self._blamed = not self._blamed, True
        return first or error.retry is RetryClass.NEVER
