"""Opening the journal where something is wrong with the place: nothing is left open, and uploads go on."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import time
from pathlib import Path

import pytest

from vodfast.errors import ConfigError
from vodfast.transfer import journal as journal_module
from vodfast.transfer.journal import FILE, Journal


def left_open(directory: Path) -> list[Path]:
    """Files in it that this process has open."""
    targets = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return [target for target in targets if target.is_relative_to(directory)]


def set_aside(directory: Path) -> list[Path]:
    return list(directory.glob(f"{FILE}.damaged-*"))


def newer(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


def test_a_journal_of_a_newer_release_is_refused_each_time_and_nothing_is_left_open(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    assert journal.open()
    journal.close()
    newer(tmp_path / "state" / FILE)
    for _ in range(3):
        with pytest.raises(ConfigError, match="newer vodfast"):
            journal.open()
    assert left_open(tmp_path) == []


def test_on_a_file_system_without_locks_there_is_no_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none_left(*_: object) -> int:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "fcntl", none_left)
    journal = Journal(tmp_path / "state")
    assert [journal.open(), journal.open()] == [False, False]
    assert [record.getMessage().endswith("No locks available") for record in caplog.records] == [True]
    assert left_open(tmp_path) == []


async def test_a_damaged_journal_that_another_process_has_just_replaced_is_not_set_aside_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, opened = Journal(tmp_path), Journal(tmp_path), journal_module.open_file
    (tmp_path / FILE).write_bytes(b"no journal at all" * 1000)

    def overtaken(path: Path) -> sqlite3.Connection:
        """Finds the damage, and then another process is faster."""
        monkeypatch.setattr(journal_module, "open_file", opened)
        try:
            return opened(path)
        finally:
            assert second.open()

    monkeypatch.setattr(journal_module, "open_file", overtaken)
    assert first.open()
    async with second.claim("0" * 32, "tencent", "clip.mp4") as entry:
        await entry.applied(b"sealed", {"media": 1}, durable=True)
    assert [item.label for item in await first.items()] == ["clip.mp4"]
    assert len(set_aside(tmp_path)) == 1
    first.close()
    second.close()


def test_every_damaged_journal_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    for content in (b"first" * 1000, b"second" * 1000):
        (tmp_path / FILE).write_bytes(content)
        journal = Journal(tmp_path)
        assert journal.open()
        journal.close()
    assert {path.read_bytes()[:5] for path in set_aside(tmp_path)} == {b"first", b"secon"}


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_claim_ends_with_the_process_that_has_it_though_one_it_forked_lives_on(tmp_path: Path) -> None:
    key, holder, other = "0" * 32, Journal(tmp_path), Journal(tmp_path)
    assert holder.open()
    assert holder._lock(key)
    forked, told = os.pipe()
    hold, release = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(told, b".")
        os.read(hold, 1)
        os._exit(0)
    os.read(forked, 1)
    assert other.open()
    assert other.in_use(key)
    holder.close_locks()  # as at the end of a process
    free = not other.in_use(key)
    os.write(release, b".")
    os.waitpid(child, 0)
    for descriptor in (forked, told, hold, release):
        os.close(descriptor)
    assert free
    holder.close()
    other.close()
