"""What interrupted uploads have left in the stores, for those who will not continue them.

Decides which items count as left over: not finished, not in use, not touched for a while, opened with these keys.
Leaves taking one back to `session.py`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from vodfast.errors import VodfastError
from vodfast.recall import asked_for, opening_of, reopen
from vodfast.session import Access, MediaSession
from vodfast.transfer.journal import Journal
from vodfast.transfer.journal_lines import Entry, ItemLine


async def take_back(journal: Journal, access: Access, older_than: float) -> AsyncIterator[ItemLine]:
    """Abort and forget what was begun at this cloud with these keys and not touched for `older_than` seconds; yields
    each item as it is gone. What the store itself has dropped by now is only forgotten; what cannot be reached stays
    in the journal, and so does what may be media by now: the same upload again finds out.

    Raises:
        VodfastError: the journal cannot be used.
    """
    now = time.time()
    for line in await journal.items():
        theirs = line.cloud != access.provider.name or line.state == "committed" or line.updated > now - older_than
        if theirs or journal.in_use(line.key):
            continue
        async with journal.claim(line.key, line.cloud, line.label) as entry:
            if entry.state == "applied" and not _made(entry, access) and await _taken_back(entry, access):
                yield line


def _made(entry: Entry, access: Access) -> bool:
    """Whether an object is stored that makes the media without a commit."""
    return not access.provider.limits.needs_commit and entry.object("media").finished is not None


async def _taken_back(entry: Entry, access: Access) -> bool:
    keys = await access.account.get(time.time())
    opening = opening_of(entry, keys)
    if opening is None:
        return False
    media = asked_for(access.provider.name, opening)
    ticket = None if media is None else reopen(access.provider, media, keys, opening)
    if media is None or ticket is None:
        entry.forget()
        return True
    return await MediaSession(access, media, {}, _Silence(), entry).abandon(ticket, at_leisure=True)


class _Silence:
    """Nobody watches."""

    pausing = False

    def applied(self) -> None: ...
    def moved(self, name: str, done: int) -> None: ...
    def retried(self, error: VodfastError, attempt: int, delay: float) -> None: ...
