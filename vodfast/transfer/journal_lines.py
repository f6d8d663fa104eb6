"""The lines of one item in the journal: its session, its objects, their parts.

Decides what is written at each step of an upload, what of it is deleted, and which of it waits for the disk. Leaves
when that is, and who may work on an item, to `journal.py`, and what the lines mean to `session.py`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec

from vodfast.transfer.steps import Finished, KeptPart, KeptUpload

if TYPE_CHECKING:
    from vodfast.transfer.journal import Journal


class ItemLine(msgspec.Struct, frozen=True, kw_only=True):
    """One item as the journal has it, for listings. `updated` is Unix seconds, `outcome` as in `Entry`."""

    key: str
    cloud: str
    label: str
    state: str
    updated: float
    outcome: bytes | None


class Entry:
    """One item's lines while its claim is held.

    `state` is `new`, `applied`, `committing` or `committed`; `changed` when each source was last changed
    (`ctime_ns` by object name); `reply` the sealed answer that opened the session; `outcome` what the media became.
    `anew` is for the holder to set: the next run is to make another media, not to find this one.
    """

    def __init__(
        self,
        journal: Journal,
        key: str,
        cloud: str,
        label: str,
        state: str = "new",
        changed: dict[str, int] | None = None,
        reply: bytes | None = None,
        outcome: bytes | None = None,
        objects: dict[str, ObjectRecord] | None = None,
    ) -> None:
        self._journal = journal
        self.key = key
        self.cloud = cloud
        self.label = label
        self.state = state
        self.changed = changed or {}
        self.reply = reply
        self.outcome = outcome
        self._objects = objects or {}
        self.anew = False

    def object(self, name: str) -> ObjectRecord:
        """The lines of one object."""
        if name not in self._objects:
            self._objects[name] = ObjectRecord(self._journal, self.key, name)
        return self._objects[name]

    async def applied(self, reply: bytes, changed: dict[str, int], *, durable: bool) -> None:
        """A session is open; whatever an earlier one left is forgotten. `durable` waits for the disk."""
        earlier = self.state != "new"
        self.state, self.reply, self.changed, self._objects = "applied", reply, changed, {}
        label = _writable(self.label)
        row = (self.key, self.cloud, label, self.state, msgspec.json.encode(changed).decode(), reply, time.time())

        def work(db: sqlite3.Connection) -> None:
            if earlier:
                _drop_objects(db, self.key)
            db.execute("REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, NULL, ?)", row)

        if durable:
            await self._journal.do(work)
        else:
            self._journal.note(work, lazy=True)

    async def committing(self) -> None:
        """Every object is stored and the commit is about to be sent."""
        await self._journal.do(self._moved_to("committing"))

    def refused(self) -> None:
        """The commit was sent, and certainly not done."""
        self._journal.note(self._moved_to("applied"), lazy=True)

    def committed(self, outcome: bytes, changed: dict[str, int]) -> None:
        """The media exist. What was needed to get there is deleted."""
        self.state, self.outcome, self.changed, self.reply, self._objects = "committed", outcome, changed, None, {}
        row = (self.state, msgspec.json.encode(changed).decode(), outcome, time.time(), self.key)

        def work(db: sqlite3.Connection) -> None:
            _drop_objects(db, self.key)
            db.execute(
                "UPDATE items SET state = ?, changed = ?, reply = NULL, outcome = ?, updated = ? WHERE key = ?", row
            )

        self._journal.note(work, lazy=True)

    async def deleting(self, names: Iterable[str]) -> None:
        """These objects are about to be deleted: whatever becomes of that, they do not count as stored any more."""
        held = [name for name in names if self.object(name).finished is not None]
        for name in held:
            self.object(name).finished = None
        rows = [(self.key, name) for name in held]
        if rows:
            await self._journal.do(
                lambda db: db.executemany("UPDATE objects SET finished = NULL WHERE key = ? AND name = ?", rows)
            )

    def forget(self) -> None:
        """Nothing of this item is worth taking up."""
        self.state, self.reply, self.outcome, self._objects = "new", None, None, {}

        def work(db: sqlite3.Connection) -> None:
            _drop_objects(db, self.key)
            db.execute("DELETE FROM items WHERE key = ?", (self.key,))

        self._journal.note(work, lazy=True)

    def _moved_to(self, state: str) -> Callable[[sqlite3.Connection], None]:
        self.state = state
        row = (state, time.time(), self.key)

        def work(db: sqlite3.Connection) -> None:
            db.execute("UPDATE items SET state = ?, updated = ? WHERE key = ?", row)

        return work


class ObjectRecord:
    """One object's lines. `kept` is the unfinished upload of an earlier run, `finished` the proof that it is stored."""

    def __init__(
        self,
        journal: Journal,
        key: str,
        name: str,
        kept: KeptUpload | None = None,
        finished: Finished | None = None,
    ) -> None:
        self._journal = journal
        self._id = (key, name)
        self.kept = kept
        self.finished = finished

    async def upload(self, upload_id: str | None, part_size: int, *, durable: bool) -> None:
        """The store's id for what is under way now (None: it is no more); parts of another are forgotten. `durable`
        waits for the disk: no part may be sent under an id that could be lost.
        """
        fresh = self.kept is None or self.kept.upload_id != upload_id
        self.kept = None if upload_id is None else KeptUpload(upload_id, part_size, ())

        def work(db: sqlite3.Connection) -> None:
            if fresh:
                db.execute("DELETE FROM parts WHERE key = ? AND name = ?", self._id)
            db.execute(
                "REPLACE INTO objects (key, name, upload_id, part_size) VALUES (?, ?, ?, ?)",
                (*self._id, upload_id, part_size),
            )

        if durable:
            await self._journal.do(work)
        else:
            self._journal.note(work)

    def part(self, part: KeptPart) -> None:
        """One part is acknowledged."""
        row = (*self._id, part.receipt.index, msgspec.json.encode(part))
        self._journal.note(lambda db: db.execute("REPLACE INTO parts VALUES (?, ?, ?, ?)", row), lazy=True)

    def stored(self, finished: Finished) -> None:
        """The whole object is stored and proven."""
        in_parts = self.kept is not None
        self.finished, self.kept = finished, None
        row = (*self._id, msgspec.json.encode(finished))

        def work(db: sqlite3.Connection) -> None:
            if in_parts:
                db.execute("DELETE FROM parts WHERE key = ? AND name = ?", self._id)
            db.execute("REPLACE INTO objects (key, name, part_size, finished) VALUES (?, ?, 0, ?)", row)

        self._journal.note(work, lazy=True)


def load_entry(journal: Journal, db: sqlite3.Connection, key: str, cloud: str, label: str) -> Entry:
    """What is known of an item, which is nothing if its entry is new."""
    row = db.execute("SELECT state, changed, reply, outcome FROM items WHERE key = ?", (key,)).fetchone()
    if row is None:
        return Entry(journal, key, cloud, label)
    state, changed, reply, outcome = row
    parts: dict[str, list[KeptPart]] = {}
    for name, part in db.execute("SELECT name, part FROM parts WHERE key = ? ORDER BY name, number", (key,)):
        parts.setdefault(name, []).append(msgspec.json.decode(part, type=KeptPart))
    objects = {}
    found = db.execute("SELECT name, upload_id, part_size, finished FROM objects WHERE key = ?", (key,))
    for name, upload_id, part_size, finished in found:
        objects[name] = ObjectRecord(
            journal,
            key,
            name,
            kept=None if upload_id is None else KeptUpload(upload_id, part_size, tuple(parts.get(name, ()))),
            finished=None if finished is None else msgspec.json.decode(finished, type=Finished),
        )
    return Entry(
        journal, key, cloud, label, state, msgspec.json.decode(changed, type=dict[str, int]), reply, outcome, objects
    )


def load_items(db: sqlite3.Connection) -> list[ItemLine]:
    """Every item, the latest first."""
    rows = db.execute("SELECT key, cloud, label, state, updated, outcome FROM items ORDER BY updated DESC, key")
    return [
        ItemLine(key=key, cloud=cloud, label=_readable(label), state=state, updated=updated, outcome=outcome)
        for key, cloud, label, state, updated, outcome in rows
    ]


def _writable(label: str) -> str | bytes:
    """A label as SQLite takes it: a path that is no text goes as its bytes."""
    try:
        label.encode()
        return label
    except UnicodeEncodeError:
        return label.encode("utf-8", "surrogateescape")


def _readable(label: str | bytes) -> str:
    return label if isinstance(label, str) else label.decode("utf-8", "surrogateescape")


def _drop_objects(db: sqlite3.Connection, key: str) -> None:
    db.execute("DELETE FROM parts WHERE key = ?", (key,))
    db.execute("DELETE FROM objects WHERE key = ?", (key,))
