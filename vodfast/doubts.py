"""Media that may exist: what is asked about those an earlier run may have made without hearing of it.

Decides what counts as an answer where no commit makes the media. Leaves when to ask, and that nothing is deleted or
made anew meanwhile, to `session.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from vodfast.errors import AmbiguousCommit, ErrorKind, VodfastError, retold
from vodfast.providers.contract import MediaRecord, Provider, Ticket
from vodfast.recall import has_finished
from vodfast.transfer.loops import in_thread
from vodfast.transfer.ports import AnyStore, Call, ObjectReceipt
from vodfast.transfer.sources import Source
from vodfast.transfer.steps import Finished

UNHEARD: Final = "an earlier run was never told whether it had made the media"

Perform = Callable[[Call[Any]], Awaitable[Any]]
"""Performs a call and retries it."""


def ambiguous(reason: str, error: VodfastError | None = None) -> AmbiguousCommit:
    """The end of an item of which nobody could say whether it became media; `error` is what was said instead."""
    advice = "the media may or may not exist: look for it before you upload it again"
    if error is None:
        return AmbiguousCommit(f"{reason}; {advice}")
    return retold(error, AmbiguousCommit, f"{reason}; {advice} ({error.message})")


async def made_before(provider: Provider, ticket: Ticket, perform: Perform) -> MediaRecord | None:
    """The media of a session whose objects make it, None if the service cannot be asked or does not know of it yet.

    Raises:
        VodfastError: the service could not be asked.
    """
    unheard = {entry.name: ObjectReceipt(tag="", digest=None) for entry in ticket.objects}
    lookup = provider.commit(ticket, unheard)
    if isinstance(lookup, MediaRecord):
        return None
    try:
        record: MediaRecord = await perform(lookup)
    except VodfastError as error:
        if error.kind is ErrorKind.AMBIGUOUS:
            return None
        raise
    return record


async def stored_before(store: AnyStore, source: Source, perform: Perform) -> Finished | None:
    """The object of a source, if the store has it whole and right. Stores that append ask by themselves.

    Raises:
        VodfastError: the store could not be asked.
    """
    digest = store.limits.object_digest if store.limits.part_order != "append" else None
    if digest is None:
        return None
    found: ObjectReceipt | None = await perform(store.head_object())
    if found is None or found.size is None:
        return None
    finished = Finished(found, found.size, digest, digest, found.digest)
    return finished if await in_thread(has_finished, source, finished) else None
