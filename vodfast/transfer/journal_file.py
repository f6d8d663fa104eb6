"""The journal's file: its tables, and how it is opened.

Decides what counts as a journal, as damaged, and as another release's, and that no process is forked while SQLite is at
work. Leaves the lines to `journal.py`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

from vodfast.errors import ConfigError

_APPLICATION = 0x766F6466
_VERSION = 1
_BUSY = 60.0
"""Seconds another process may hold the file."""
_CHECKED_WHOLE = 16 * 1024 * 1024
"""A file up to this size is checked for damage at every opening; a larger one only for being a journal."""

_TABLES = """
CREATE TABLE items (key TEXT PRIMARY KEY, cloud TEXT NOT NULL, label TEXT NOT NULL, state TEXT NOT NULL,
    changed TEXT NOT NULL, reply BLOB, outcome BLOB, updated REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE objects (key TEXT, name TEXT, upload_id TEXT, part_size INTEGER NOT NULL, finished BLOB,
    PRIMARY KEY (key, name)) WITHOUT ROWID;
CREATE TABLE parts (key TEXT, name TEXT, number INTEGER, part BLOB NOT NULL,
    PRIMARY KEY (key, name, number)) WITHOUT ROWID;
"""

at_work = threading.Lock()
"""Held while SQLite does anything, and while the process forks: a child would inherit what SQLite believes of the locks
on the file, and wait for a thread that it does not have.
"""
os.register_at_fork(before=at_work.acquire, after_in_parent=at_work.release, after_in_child=at_work.release)


def open_file(path: Path) -> sqlite3.Connection:
    """A connection to the journal at `path`, whose tables are made if it is empty.

    Raises:
        ConfigError: a newer release wrote it.
        sqlite3.DatabaseError: it is damaged, or no journal; as `sqlite3.OperationalError`, it cannot be used just now.
    """
    with at_work:
        return _opened(path)


def close_file(db: sqlite3.Connection) -> None:
    """Let go of the journal's file."""
    with at_work:
        db.close()


def _opened(path: Path) -> sqlite3.Connection:
    # The rollback journal, not WAL: SQLite 3.7.0 to 3.51.2 can damage a WAL file that several processes reset.
    db = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_mode = PERSIST")  # a file less to make and delete at each flush
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables == 0:
            _create(db)
        ((application,), (version,)) = (
            db.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        )
        if application != _APPLICATION:
            raise sqlite3.DatabaseError("it is not a journal of vodfast")
        if version > _VERSION:
            raise ConfigError(f"the journal {path} was written by a newer vodfast: update, or move it away")
        if path.stat().st_size <= _CHECKED_WHOLE:
            (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
    except BaseException:
        db.close()
        raise
    return db


def _create(db: sqlite3.Connection) -> None:
    try:
        db.executescript(
            f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id = {_APPLICATION}; "
            f"PRAGMA user_version = {_VERSION}; COMMIT;"
        )
    except sqlite3.OperationalError:
        db.rollback()
        if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:  # else another process was first
            raise
