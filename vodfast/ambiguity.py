"""Uploads that may have become media: how they end, and what is asked about those of an earlier run.

Decides what is said of one, and what counts as an answer where no commit makes the media. Leaves when to ask, and that
nothing is deleted or made anew meanwhile, to `session.py`; one lost answer within a run is `transfer/doubt.py`.
"""

from __future__ import annotations

from typing import Final

from vodfast.credentials import CachedCredentials
from vodfast.errors import AmbiguousCommit, ErrorKind, VodfastError, retold
from vodfast.providers.contract import MediaRecord, Provider, Ticket
from vodfast.recall import has_finished
from vodfast.transfer.engine import Engine
from vodfast.transfer.loops import in_thread
from vodfast.transfer.ports import AnyStore, ObjectReceipt
from vodfast.transfer.sources import Source
from vodfast.transfer.steps import Finished

UNHEARD: Final = "an earlier run was never told whether it had made the media"


def ambiguous(reason: str, error: VodfastError | None = None) -> AmbiguousCommit:
    """The end of an item of which nobody could say whether it became media; `error` is what was said instead."""
    advice = "the media may or may not exist: look for it before you upload it again"
    if error is None:
        return AmbiguousCommit(f"{reason}; {advice}")
    return retold(error, AmbiguousCommit, f"{reason}; {advice} ({error.message})")


def still_unheard(error: VodfastError) -> AmbiguousCommit:
    """`ambiguous` for an item of which an earlier run never heard, where this one fails with `error`."""
    return ambiguous(f"{UNHEARD}, and this one fails", error)


def unconfirmed(error: Exception, *, committing: bool) -> AmbiguousCommit:
    """`ambiguous` for an item whose commit was sent (`committing`), or whose last bytes have made the media, before
    `error` came of it: the service's, or anybody's mistake.
    """
    reason = (
        "the commit was sent but never confirmed"
        if committing
        else "the last bytes were taken, but their media could not be looked up"
    )
    if isinstance(error, VodfastError):
        return ambiguous(reason, error)
    return ambiguous(f"{reason}: {type(error).__name__}")


async def made_before(
    engine: Engine, provider: Provider, ticket: Ticket, account: CachedCredentials
) -> MediaRecord | None:
    """The media of a session whose objects make it, None if the service cannot be asked or does not know of it yet.

    Raises:
        VodfastError: the service could not be asked.
    """
    unheard = {entry.name: ObjectReceipt(tag="", digest=None) for entry in ticket.objects}
    lookup = provider.commit(ticket, unheard)
    if isinstance(lookup, MediaRecord):
        return None
    try:
        return await engine.call(lookup, account)
    except VodfastError as error:
        if error.kind is ErrorKind.AMBIGUOUS:
            return None
        raise


async def stored_before(
    engine: Engine, store: AnyStore, source: Source, credentials: CachedCredentials
) -> Finished | None:
    """The object of a source, if the store has it whole and right. Stores that append ask by themselves.

    Raises:
        VodfastError: the store could not be asked.
    """
    digest = store.limits.object_digest if store.limits.part_order != "append" else None
    if digest is None:
        return None
    found = await engine.call(store.head_object(), credentials)
    if found is None or found.size is None:
        return None
    finished = Finished(found, found.size, digest, digest, found.digest)
    return finished if await in_thread(has_finished, source, finished) else None
