"""Whether an appended object is finished, when nobody has said so.

Decides what is asked of the store, for how long, and what follows when it has denied everything. Leaves the asking,
and carrying out what follows, to `append.py`.
"""

from __future__ import annotations

import enum

import msgspec

from vodfast.errors import VodfastError

_FIRST_PAUSE = 1 / 16
"""Of the settle time: how long after a lost answer the store is asked for the object a second time. Each further pause
is as long as all before it."""


class Verdict(enum.Enum):
    """What is known of the object, and what follows from it."""

    ASK_FOR_OBJECT = "the store has not been asked for the object"
    ASK_FOR_UPLOAD = "the store has not been asked how much it has of the upload"
    ASK_LATER = "the store may not have heard of the object yet"
    NEVER_FINISHED = "an earlier run left nothing: begin anew"
    REFUSED = "the last part was refused: send it again"
    UNHEARD = "the last part seems not to have arrived, and was the whole object: send it again"
    OPEN = "nobody can say"


class Doubt(msgspec.Struct):
    """A last part whose answer is lost, or an earlier run of which nothing else is known (`lost` None).

    `lost` is the failure that took the answer with it, first at `since` (seconds of the machine's clock). `no_object`
    and `no_upload` are what the store has denied from then on; neither alone proves what became of the object.
    """

    lost: VodfastError | None = None
    since: float = 0.0
    no_object: bool = False
    no_upload: bool = False

    def verdict(self, upload_id: str | None, now: float, settle_seconds: float) -> Verdict:
        """What follows from all the store has denied. `upload_id` None: the last part was the whole object."""
        if not self.no_object:
            return Verdict.ASK_FOR_OBJECT
        if upload_id is not None and not self.no_upload:
            return Verdict.ASK_FOR_UPLOAD
        if self.lost is None:
            return Verdict.NEVER_FINISHED
        if upload_id is None and (self.lost.status or 0) >= 500:
            return Verdict.REFUSED  # it answered, and would have heard of the object before
        if now - self.since < settle_seconds:
            return Verdict.ASK_LATER
        return Verdict.UNHEARD if upload_id is None else Verdict.OPEN

    def ask_again_at(self, now: float, settle_seconds: float) -> float:
        """When the store is asked for the object once more: the last time when the settle time is over."""
        waited = now - self.since
        return self.since + min(waited + max(waited, settle_seconds * _FIRST_PAUSE), settle_seconds)
