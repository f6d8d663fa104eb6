"""The pieces of work that bring one object into a store, and which request each of them is.

Decides the phases of an upload in parts. Leaves their order, and what is done again, to `machine.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import msgspec

from vodfast.transfer.message import Body
from vodfast.transfer.ports import Call, ObjectStore, PartReceipt, PartSpec


class Phase(enum.Enum):
    PUT = "put"
    LIST = "list"
    CREATE = "create"
    PARTS = "parts"
    COMPLETE = "complete"
    SETTLE = "settle"
    SWEEP = "sweep"
    DISCARD = "discard"
    ABORT = "abort"
    DONE = "done"
    FAILED = "failed"


class Work(msgspec.Struct):
    """One request that is to be made until it succeeds or is given up. `part` and `body` only for streamed bodies,
    `upload_id` only to discard a stray one, `marker` only to list parts. `final` if it made the media.
    """

    phase: Phase
    attempt: int = 0
    part: PartSpec | None = None
    body: Body | None = None
    upload_id: str | None = None
    marker: str | None = None
    final: bool = False


TIDYING = (Phase.ABORT, Phase.SWEEP, Phase.DISCARD)
"""What takes back what is of no use: its failure fails nothing."""


def request(
    store: ObjectStore, work: Work, body: Body | None, upload_id: str | None, receipts: Mapping[int, PartReceipt]
) -> Call[Any]:
    """The request for a piece of work, under the upload that is on its way. `receipts` are what is joined."""
    match work:
        case Work(phase=Phase.CREATE):
            return store.create_upload()
        case Work(phase=Phase.SETTLE):
            return store.head_object()
        case Work(phase=Phase.SWEEP):
            return store.list_uploads()
        case Work(phase=Phase.DISCARD, upload_id=str(stray)):
            return store.abort_upload(stray)
        case Work(phase=Phase.PUT) if body is not None:
            return store.put_object(body)
    assert upload_id is not None
    match work:
        case Work(phase=Phase.LIST):
            return store.list_parts(upload_id, work.marker)
        case Work(phase=Phase.PARTS, part=PartSpec() as part) if body is not None:
            return store.put_part(upload_id, part, body)
        case Work(phase=Phase.COMPLETE):
            return store.complete_upload(upload_id, [receipts[index] for index in sorted(receipts)])
        case Work(phase=Phase.ABORT):
            return store.abort_upload(upload_id)
    raise AssertionError(work.phase)
