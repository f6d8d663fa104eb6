"""What a machine tells the engine to do next, and what an upload leaves behind.

Decides the words between the engine and the machines (`machine.py`, `append.py`) and the records of an upload that
outlive it. Leaves when each is said to the machines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from vodfast.errors import AmbiguousCommit, ErrorKind, VodfastError, retold
from vodfast.transfer.ports import Call, ObjectReceipt, PartReceipt

LEFT_BEHIND = "left_behind"
"""What stands in the context of an error under this name could not be taken back."""

DAMAGED = "damaged"
"""What stands in the context of an error under this name is known to be wrong with the object, whether or not it has
made media: a later run sends it again.
"""

RetryDecision: TypeAlias = Callable[[VodfastError, int], float | None]
"""`RetryPolicy.delay`: seconds until the next attempt, None to give up."""


class Start(msgspec.Struct, frozen=True):
    """Perform `call` now and report under `token`. `weight` is the bytes of its streamed body, `alone` says that
    nothing else of this object can run beside it, `final` that its effect cannot be taken back: once it is on its way,
    a cancellation waits for the answer. Those with the same `pipeline`, if it is not 0, go out in order on one
    connection that is theirs, before those before them are answered.
    """

    token: int
    call: Call[Any]
    weight: int
    alone: bool
    final: bool = False
    pipeline: int = 0


class Wait(msgspec.Struct, frozen=True):
    """Nothing to start: ask again at `until` (None: when something was reported). `hungry`: a stream part is wanted."""

    until: float | None
    hungry: bool


class Finished(msgspec.Struct, frozen=True):
    """The object is stored and proven. `verified` is the name of the checksum the store confirmed, None if none;
    `sent` the checksum named `digest` over all bytes as they were sent, both None if it is not known.
    """

    receipt: ObjectReceipt
    size: int
    verified: str | None
    digest: str | None = None
    sent: int | None = None


class KeptPart(msgspec.Struct, frozen=True):
    """A part the store has acknowledged, and the digest of the bytes as they were sent."""

    receipt: PartReceipt
    digest: int | None


class KeptUpload(msgspec.Struct, frozen=True):
    """What an earlier run knew of an unfinished upload. `part_size` 0: the store appends, and says itself how far."""

    upload_id: str
    part_size: int
    parts: tuple[KeptPart, ...]


class Failed(msgspec.Struct, frozen=True):
    """The object is not stored and nothing of it is left behind (or `error` says what could not be taken back)."""

    error: VodfastError


def in_doubt(reason: str, error: VodfastError | None = None) -> AmbiguousCommit:
    """The end of an object whose last request made the media, or not: nobody could say. `error` is what the service
    said of it, if anything.
    """
    message = f"{reason}; it would have made the media, which may or may not exist: look for it before you try again"
    if error is None:
        return AmbiguousCommit(message)
    wrong = {DAMAGED: reason} if error.kind in (ErrorKind.SOURCE_CHANGED, ErrorKind.INTEGRITY) else None
    return retold(error, AmbiguousCommit, message, context=wrong)


Step: TypeAlias = Start | Wait | Finished | Failed
