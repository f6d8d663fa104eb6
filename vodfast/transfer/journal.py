"""What survives the process: unfinished uploads and the media they became, in one SQLite file.

Decides when a line is durable, and that one process at a time works on an item (a lock of the operating system, which
dies with its holder). Leaves the tables to `journal_file.py` and the lines to `journal_lines.py`. The file is 0600, in
a directory of 0700; it holds no key, and what grants upload rights only sealed by the caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import queue
import sqlite3
import stat
import struct
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from vodfast.errors import ConfigError, ErrorKind, VodfastError
from vodfast.transfer.journal_file import at_work, close_file, open_file
from vodfast.transfer.journal_lines import Entry, ItemLine, load_entry, load_items

T = TypeVar("T")

_log = logging.getLogger("vodfast.journal")

FILE = "journal.db"
_LOCKS = "journal.lock"
_ANY_KEY = "f" * 32
_LINGER = 0.05
"""Seconds lazy notes wait for others: what a killed process may forget of the parts that were acknowledged last."""
_GATHER, _CROWD = 0.005, 8
"""Seconds even those who wait are made to wait for others, after a batch of more than that many: the journal's thread
then wakes seldom, and leaves the interpreter to the event loop."""
_FIRST_LOOK, _LONGEST_LOOK = 0.02, 0.5


class Journal:
    """One process's hand on the journal of a directory, which is made if need be. Any number of processes and clients
    may have one each. Nothing is opened before the first use; `close` ends it.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = Path(directory)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._locks = -1
        self._held: set[str] = set()
        self._crowd = 0
        self._failure: Exception | None = None
        _journals.add(self)

    def exists(self) -> bool:
        """Whether there is one already."""
        return (self.directory / FILE).exists()

    def open(self) -> bool:
        """Open it, once. False, with a warning in the log, if the directory cannot be written or has no locks: then
        nothing can be taken up again, which is no reason not to upload.

        Raises:
            ConfigError: the directory belongs to somebody else or others may write to it, or the file was written by a
                newer release.
        """
        if self._thread is not None:
            return True
        if self._failure is not None:
            return False
        try:
            db = self._open_files()
        except (OSError, sqlite3.Error) as error:
            self._failure = error
            reason = error.strerror if isinstance(error, OSError) else error
            _log.warning("no journal in %s, so interrupted uploads start over: %s", self.directory, reason)
            return False
        self._thread = threading.Thread(target=self._work, args=[db], name="vodfast-journal", daemon=True)
        self._thread.start()
        return True

    def close(self, *, wait: bool = True) -> None:
        """Write what is waiting and let go. To `wait` for that blocks for one flush to disk."""
        if self._thread is not None:
            self._jobs.put(None)
            if wait:
                self._thread.join()
                self._thread = None

    @contextlib.asynccontextmanager
    async def claim(self, key: str, cloud: str, label: str) -> AsyncIterator[Entry]:
        """The item's lines, for this holder alone: waits while another process or task works on the same item.

        Raises:
            VodfastError: the journal cannot be read or written.
        """
        pause = _FIRST_LOOK
        while not self._lock(key):
            self.note(_nothing)  # what the holder has noted, if it is this very process, is not to wait any longer
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_LOOK)
        try:
            yield await self._ask(lambda db: load_entry(self, db, key, cloud, label), early=True)
        finally:
            # The next holder must see what this one has noted.
            self._jobs.put(_Job(_nothing, lambda *_: self._unlock(key), lazy=True))

    def in_use(self, key: str) -> bool:
        """Whether somebody holds the claim of an item just now."""
        free = self._lock(key)
        if free:
            self._unlock(key)
        return not free

    async def items(self) -> list[ItemLine]:
        """Every item, the latest first."""
        return await self.do(load_items)

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on the journal's thread and wait until what it wrote is on disk.

        Raises:
            VodfastError: it could not be.
        """
        return await self._ask(work, early=False)

    async def _ask(self, work: Callable[[sqlite3.Connection], T], *, early: bool) -> T:
        """`early` answers as soon as the work is done: enough for what only reads, and sees everything noted before."""
        if self._failure is not None:
            raise _unusable(self._failure)
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()

        def settle(value: Any, error: Exception | None) -> None:
            if outcome.done():
                return
            if error is not None:
                outcome.set_exception(_unusable(error))  # one each: whoever catches it names its own item in it
            else:
                outcome.set_result(value)

        def report(value: Any, error: Exception | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, value, error)

        self._jobs.put(_Job(work, report, early))
        return await outcome

    def note(self, work: Callable[[sqlite3.Connection], object], *, lazy: bool = False) -> None:
        """Run `work` soon, in order with everything else, and do not wait. If it fails, the next `do` does. What is
        `lazy` lets the next that is not take it along, so that small uploads share a flush to disk.
        """
        self._jobs.put(_Job(work, None, lazy=lazy))

    # The journal's thread.

    def _work(self, db: sqlite3.Connection) -> None:
        try:
            ended = False
            while not ended:
                batch, ended = self._batch()
                if batch:
                    with at_work:
                        self._write(db, batch)
        finally:
            close_file(db)
            self.close_locks()

    def _batch(self) -> tuple[list[_Job], bool]:
        """All there is to do now; what comes while it is written to disk makes up the next batch. Lazy notes wait for
        company, and so does everything, for a moment, where there has just been much.
        """
        batch: list[_Job] = []
        until = 0.0
        while True:
            try:
                job = self._jobs.get(timeout=max(0.0, until - time.monotonic()) if batch else None)
            except queue.Empty:
                self._crowd = len(batch)
                return batch, False
            if job is None:
                return batch, True
            if self._crowd > _CROWD:
                if not batch:
                    time.sleep(_GATHER)  # without waking for each
                until = 0.0
            elif not job.lazy:
                until = 0.0
            elif not batch:
                until = time.monotonic() + _LINGER
            batch.append(job)

    def _write(self, db: sqlite3.Connection, batch: list[_Job]) -> None:
        values: list[object] = []
        failure = self._failure
        try:
            if failure is None:
                db.execute("BEGIN IMMEDIATE")
                for job in batch:
                    values.append(job.work(db))
                    if job.early and job.report is not None:
                        job.report(values[-1], None)
                db.execute("COMMIT")
        except Exception as error:  # the thread must live on: somebody waits for each job
            self._failure = failure = error
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
        for index, job in enumerate(batch):
            if job.report is not None:
                job.report(values[index] if failure is None else None, failure)

    def _open_files(self) -> sqlite3.Connection:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_owner()
        self._locks = os.open(self.directory / _LOCKS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            self.in_use(_ANY_KEY)  # fails where there are no locks
            return self._open_file()
        except BaseException:
            self.close_locks()
            raise

    def _open_file(self) -> sqlite3.Connection:
        path = self.directory / FILE
        try:
            return _opened(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self._range_lock(_ANY_KEY, fcntl.F_WRLCK, fcntl.F_OFD_SETLKW)
        try:
            return _opened(path)  # another process may have set the damaged one aside by now
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            aside = path.with_name(f"{FILE}.damaged-{time.time_ns()}")
            path.rename(aside)
            _log.warning("the journal was damaged; it is kept as %s and a new one begun: %s", aside, error)
            return _opened(path)
        finally:
            self._range_lock(_ANY_KEY, fcntl.F_UNLCK)

    def _check_owner(self) -> None:
        found = self.directory.stat()
        if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ConfigError(
                f"the state directory {self.directory} belongs to somebody else or others may write to it: chmod 700 "
                "it, or name another with VODFAST_STATE_DIR"
            )

    # Who works on an item.

    def _lock(self, key: str) -> bool:
        if key in self._held or not self._range_lock(key, fcntl.F_WRLCK):
            return False
        self._held.add(key)
        return True

    def _unlock(self, key: str) -> None:
        self._held.discard(key)
        if self._locks >= 0:
            self._range_lock(key, fcntl.F_UNLCK)

    def close_locks(self) -> None:
        """Let go of the file of locks."""
        if self._locks >= 0:
            os.close(self._locks)
            self._locks = -1

    def _range_lock(self, key: str, kind: int, command: int = fcntl.F_OFD_SETLK) -> bool:
        """Lock or free one byte, at the place the key says, for this open file description; `F_OFD_SETLKW` waits."""
        start = int(key[:15], 16)
        try:
            fcntl.fcntl(self._locks, command, struct.pack("@hhqqi4x", kind, os.SEEK_SET, start, 1, 0))
        except (BlockingIOError, PermissionError):
            return False
        return True


_journals: weakref.WeakSet[Journal] = weakref.WeakSet()


def _leave_locks() -> None:
    """In a forked process: locks go with the file description, so they would outlive the parent in it."""
    for journal in _journals:
        journal.close_locks()


os.register_at_fork(after_in_child=_leave_locks)


class _Job(msgspec.Struct, frozen=True):
    """Work for the journal's thread; `report` gets its value or the failure, None if nobody waits. It is told at once
    if `early`, otherwise when it is on disk. A `lazy` one may be written a moment later than the others.
    """

    work: Callable[[sqlite3.Connection], object]
    report: Callable[[Any, Exception | None], None] | None
    early: bool = False
    lazy: bool = False


def _opened(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    return open_file(path)


def _nothing(_: sqlite3.Connection) -> None:
    """No work: what matters is that everything before it is on disk."""


def _unusable(error: Exception) -> VodfastError:
    return VodfastError(
        f"the journal cannot be used ({error}): make room or mend its directory, or upload without one "
        "(resume=False, --no-resume)",
        kind=ErrorKind.CONFIG,
    )
