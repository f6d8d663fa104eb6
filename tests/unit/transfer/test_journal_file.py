"""How the journal's file is opened, and how far what is written there may be relied upon."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from vodfast.errors import ConfigError
from vodfast.transfer.journal import FILE, Journal


async def test_every_write_that_is_waited_for_is_flushed_to_the_disk(tmp_path: Path) -> None:
    """What SQLite calls FULL; with less a power failure may take back what was acknowledged."""
    journal = Journal(tmp_path)
    assert journal.open()
    assert await journal.do(lambda db: db.execute("PRAGMA synchronous").fetchone()) == (2,)
    assert await journal.do(lambda db: db.execute("PRAGMA journal_mode").fetchone()) != ("wal",)
    journal.close()


@pytest.mark.parametrize("mode", [0o720, 0o702])
def test_a_directory_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    directory = tmp_path / "state"
    directory.mkdir()
    directory.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 700"):
        Journal(directory).open()


@pytest.mark.parametrize("name", [FILE, "journal.lock"])
def test_a_journal_that_is_a_link_to_elsewhere_is_not_followed(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    directory, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    directory.mkdir(mode=0o700)
    elsewhere.write_bytes(b"somebody's")
    (directory / name).symlink_to(elsewhere)
    assert not Journal(directory).open()
    assert "start over" in caplog.text
    assert elsewhere.read_bytes() == b"somebody's"
    assert stat.S_ISLNK((directory / name).lstat().st_mode)
