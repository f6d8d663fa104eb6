"""Opening the journal where something is wrong with the place: nothing is left open, and uploads go on."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from pathlib import Path

import pytest

from vodfast.errors import ConfigError
from vodfast.transfer.journal import FILE, Journal


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def newer(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


def test_a_journal_of_a_newer_release_is_refused_each_time_and_nothing_is_left_open(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    assert journal.open()
    journal.close()
    newer(tmp_path / "state" / FILE)
    before = descriptors()
    for _ in range(3):
        with pytest.raises(ConfigError, match="newer vodfast"):
            journal.open()
    assert descriptors() == before


def test_on_a_file_system_without_locks_there_is_no_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none_left(*_: object) -> int:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    before = descriptors()
    monkeypatch.setattr(fcntl, "fcntl", none_left)
    journal = Journal(tmp_path / "state")
    assert [journal.open(), journal.open()] == [False, False]
    assert "No locks available" in caplog.text
    assert descriptors() == before
