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


SIDELINE = (Phase.SWEEP, Phase.DISCARD)
"""Tidying that goes on beside the parts: its failure fails nothing."""


def request(
    store: ObjectStore, work: Work, body: Body | None, upload_id: str | None, receipts: Mapping[int, PartReceipt]
) -> Call[Any]:
    """The request for a piece of work, under the upload that is on its way. `receipts` are what is joined."""
    if work.phase is Phase.CREATE:
        return store.create_upload()
    if work.phase is Phase.SETTLE:
        return store.head_object()
    if work.phase is Phase.SWEEP:
        return store.list_uploads()
    if work.phase is Phase.DISCARD:
        assert work.upload_id is not None
        return store.abort_upload(work.upload_id)
    if work.phase is Phase.PUT:
        assert body is not None
        return store.put_object(body)
    assert upload_id is not None
    if work.phase is Phase.LIST:
        return store.list_parts(upload_id, work.marker)
    if work.phase is Phase.PARTS:
        assert body is not None
        assert work.part is not None
        return store.put_part(upload_id, work.part, body)
    if work.phase is Phase.COMPLETE:
        return store.complete_upload(upload_id, [receipts[index] for index in sorted(receipts)])
    return store.abort_upload(upload_id)
