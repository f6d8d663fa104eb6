"""The report: every item's final state, one JSON object a line, usable as the next run's `--from`.

Decides how the file is protected: mode 0600, never through a symbolic link, never over a file that is no report, never
by two runs at once, one write per item so that a crash leaves whole lines.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
from collections.abc import Iterable, Mapping
from typing import Any

import xxhash

from vodfast.cli.text import json_line, printable
from vodfast.errors import InvalidInput

LINE_START = re.compile(r'\s*\{\s*"type"\s*:\s*"result"')
"""How every line of a report begins."""


class Report:
    """An open report. Context manager; `trouble` says what kept lines from being written, None if nothing did.

    If `path` is also one of the lists the run reads (`lists`), new lines are appended while the run lasts, so that a
    crash loses nothing, and superseded lines are dropped at the end. Otherwise an older report is replaced.

    Raises:
        InvalidInput: the file cannot be opened, is a symbolic link or special file, holds something else, or is being
            written by another run.
    """

    def __init__(self, path: str, lists: Iterable[str] = ()) -> None:
        self.path = path
        self.trouble: str | None = None
        self._provisional = False
        self._descriptor = _open_private(path)
        try:
            _hold(path, self._descriptor)
            self._kept = any(_same_file(name, self._descriptor) for name in lists)
            _refuse_foreign(path, self._descriptor)
            if self._kept:
                _end_line(self._descriptor)
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            if (self._kept or self._provisional) and self.trouble is None:
                _drop_superseded(self.path)
        except OSError as error:
            self.trouble = error.strerror or str(error)
        finally:  # only now may another run begin
            os.close(self._descriptor)

    def begin(self, settled: Iterable[Mapping[str, Any]]) -> None:
        """Drop what an older report said and take over the lines of items that were done before.

        To be called when the run is certain to start: until then the older report stands.
        """
        if not self._kept:
            os.ftruncate(self._descriptor, 0)
            for record in settled:
                self.add(record)

    def add(self, record: Mapping[str, Any], *, provisional: bool = False) -> None:
        """Write one line at once. A provisional one is good if the run is killed, and superseded by a later one."""
        self._provisional = self._provisional or provisional
        if self.trouble is not None:
            return
        try:
            line = json_line(record)
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError as error:
            self.trouble = error.strerror or str(error)


def _open_private(path: str) -> int:
    shown = printable(path)
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise InvalidInput(f"the report {shown} is a symbolic link or no regular file: name a plain file")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise InvalidInput(f"the report {shown} cannot be opened: {error.strerror}") from None
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InvalidInput(f"the report {shown} cannot be written: {error.strerror}") from None
    return descriptor


def _hold(path: str, descriptor: int) -> None:
    """Keep other runs away until the descriptor is closed; where files cannot be locked, nobody is kept away."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InvalidInput(f"another run is writing the report {printable(path)}: name another file") from None
    except OSError:
        pass
    if not _same_file(path, descriptor):  # a run that ended just now has put its last words in the place of this file
        raise InvalidInput(f"another run was writing the report {printable(path)} until now: run this one again")


def _refuse_foreign(path: str, descriptor: int) -> None:
    """Refuse to replace a file whose first line is no report line."""
    head = os.pread(descriptor, 1 << 16, 0)
    if head and not LINE_START.match(head.decode("utf-8", "replace")):
        raise InvalidInput(f"the report {printable(path)} exists and is no report: name another file")
    os.fchmod(descriptor, 0o600)


def _end_line(descriptor: int) -> None:
    """Cut off a last line that a crash left unfinished."""
    size = os.fstat(descriptor).st_size
    while size and os.pread(descriptor, 1, size - 1) != b"\n":
        size -= 1
    os.ftruncate(descriptor, size)


def _same_file(name: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(name), os.fstat(descriptor))
    except OSError:
        return False


def _drop_superseded(path: str) -> None:
    """Keep the last line of every media item, and of every source (with the fields it was listed with) that has none,
    atomically. Only where the lines begin is held in memory.
    """
    last: dict[int, int] = {}
    with open(path, "rb") as old:
        start = 0
        for line in old:
            record = json.loads(line)
            source = [record.get("cloud"), record.get("source"), record.get("listed")]
            keys = [_digest(source), _digest([*source, record.get("media_id")])]
            for key in keys:
                last.pop(key, None)
            last[keys[bool(record.get("media_id"))]] = start
            start += len(line)
        beside = f"{path}.{os.getpid()}.new"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as new:
                for start in last.values():
                    old.seek(start)
                    new.write(old.readline())
            os.replace(beside, path)
        except BaseException:
            os.unlink(beside)
            raise


def _digest(key: list[Any]) -> int:
    return xxhash.xxh3_128_intdigest(json.dumps(key).encode())
