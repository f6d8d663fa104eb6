"""What interrupted uploads have left in the stores, for those who will not continue them.

Decides which items count as left over (not finished, not in use, not touched for a while, opened with these keys) and
which of them may be media. Leaves taking one back to `session.py`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Literal, TypeAlias

import msgspec

from vodfast.errors import VodfastError
from vodfast.recall import asked_for, opening_of, reopen
from vodfast.session import Access, MediaSession
from vodfast.transfer.journal import Journal
from vodfast.transfer.journal_lines import Entry

Fate: TypeAlias = Literal["aborted", "ambiguous", "interrupted"]


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """One item that was left over, by its label, and what became of it.

    `aborted`: taken back and forgotten. `ambiguous`: it may be media, so it was left alone; the same upload again finds
    out, and with `force_new` makes another. `interrupted`: it could not be taken back now, and stays in the journal.
    """

    cloud: str
    label: str
    state: Fate


async def take_back(journal: Journal, access: Access, older_than: float) -> AsyncIterator[Leftover]:
    """Abort and forget what was begun at this cloud with these keys and not touched for `older_than` seconds; yields
    each item as it is decided. What the store itself has dropped by now is only forgotten.

    Raises:
        VodfastError: the journal cannot be used.
    """
    now = time.time()
    for line in await journal.items():
        theirs = line.cloud != access.provider.name or line.state == "committed" or line.updated > now - older_than
        if theirs or journal.in_use(line.key):
            continue
        async with journal.claim(line.key, line.cloud, line.label) as entry:
            state = await _fate(entry, access)
            if state is not None:
                yield Leftover(cloud=line.cloud, label=line.label, state=state)


async def _fate(entry: Entry, access: Access) -> Fate | None:
    """What becomes of an item, None if it is finished meanwhile or another account's."""
    if entry.state not in ("applied", "committing"):
        return None
    keys = await access.account.get(time.time())
    opening = opening_of(entry, keys)
    if opening is None:
        return None
    if entry.state == "committing" or _made(entry, access):
        return "ambiguous"
    media = asked_for(access.provider.name, opening)
    ticket = None if media is None else reopen(access.provider, media, keys, opening)
    if media is None or ticket is None:
        entry.forget()
        return "aborted"
    gone = await MediaSession(access, media, {}, _Silence(), entry).abandon(ticket, at_leisure=True)
    return "aborted" if gone else "interrupted"


def _made(entry: Entry, access: Access) -> bool:
    """Whether an object is stored that makes the media without a commit."""
    return not access.provider.limits.needs_commit and entry.object("media").finished is not None


class _Silence:
    """Nobody watches."""

    pausing = False

    def applied(self) -> None: ...
    def moved(self, name: str, done: int) -> None: ...
    def retried(self, error: VodfastError, attempt: int, delay: float) -> None: ...
