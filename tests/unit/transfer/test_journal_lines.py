"""What the journal says of an item to the process after this one, at each step of an upload."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

from vodfast.transfer.journal import FILE, Journal
from vodfast.transfer.journal_lines import Entry
from vodfast.transfer.ports import ObjectReceipt, PartReceipt
from vodfast.transfer.steps import Finished, KeptPart, KeptUpload

KEY = "0123456789abcdef" * 2
OTHER = "fedcba9876543210" * 2
PROOF = Finished(ObjectReceipt(tag="whole", digest=9), 30, "crc64", "crc64", 9)


def part(index: int) -> KeptPart:
    return KeptPart(PartReceipt(index=index, length=10, tag=f"e{index}", digest=index), index)


@contextlib.asynccontextmanager
async def claimed(directory: Path, key: str = KEY) -> AsyncIterator[Entry]:
    """An item's lines as a process of its own finds them."""
    journal = Journal(directory)
    assert journal.open()
    try:
        async with journal.claim(key, "tencent", "clip.mp4") as entry:
            yield entry
    finally:
        journal.close()


async def begun(directory: Path, *, parts: int = 2) -> None:
    """A run that came as far as some parts of the media; its cover is stored."""
    async with claimed(directory) as entry:
        await entry.applied(b"sealed", {"media": 1}, durable=True)
        media = entry.object("media")
        await media.upload("u1", 10, durable=True)
        for index in range(parts):
            media.part(part(index))
        entry.object("cover").stored(PROOF)


async def test_a_new_item_has_nothing_to_go_on_from(tmp_path: Path) -> None:
    async with claimed(tmp_path) as entry:
        assert (entry.state, entry.reply, entry.outcome, entry.changed) == ("new", None, None, {})
        assert (entry.object("media").kept, entry.object("media").finished) == (None, None)


async def test_what_was_begun_is_known_again_with_every_part_that_was_acknowledged(tmp_path: Path) -> None:
    await begun(tmp_path, parts=12)
    async with claimed(tmp_path) as entry:
        assert (entry.state, entry.reply, entry.changed) == ("applied", b"sealed", {"media": 1})
        assert entry.object("media").kept == KeptUpload("u1", 10, tuple(part(index) for index in range(12)))
        assert (entry.object("cover").kept, entry.object("cover").finished) == (None, PROOF)


async def test_another_item_knows_nothing_of_it(tmp_path: Path) -> None:
    await begun(tmp_path)
    async with claimed(tmp_path, OTHER) as entry:
        await entry.applied(b"other", {}, durable=True)
        entry.forget()
    async with claimed(tmp_path) as entry:
        assert (entry.state, len(entry.object("media").kept.parts)) == ("applied", 2)
        assert entry.object("cover").finished == PROOF


async def test_a_part_that_is_sent_again_counts_once_and_as_it_is_now(tmp_path: Path) -> None:
    await begun(tmp_path)
    again = KeptPart(PartReceipt(index=1, length=10, tag="again", digest=7), 7)
    async with claimed(tmp_path) as entry:
        entry.object("media").part(again)
    async with claimed(tmp_path) as entry:
        assert entry.object("media").kept.parts == (part(0), again)


async def test_another_upload_has_none_of_the_parts_of_the_one_before(tmp_path: Path) -> None:
    await begun(tmp_path)
    async with claimed(tmp_path) as entry:
        media = entry.object("media")
        await media.upload("u2", 20, durable=True)
        media.part(part(5))
    async with claimed(tmp_path) as entry:
        assert entry.object("media").kept == KeptUpload("u2", 20, (part(5),))


async def test_one_that_is_gone_is_not_taken_up(tmp_path: Path) -> None:
    await begun(tmp_path)
    async with claimed(tmp_path) as entry:
        await entry.object("media").upload(None, 0, durable=False)
        assert entry.object("media").kept is None
    async with claimed(tmp_path) as entry:
        assert entry.object("media").kept is None
        await entry.object("media").upload("u1", 10, durable=True)
    async with claimed(tmp_path) as entry:
        assert entry.object("media").kept == KeptUpload("u1", 10, ())


async def test_an_object_that_is_stored_needs_no_parts_any_more(tmp_path: Path) -> None:
    await begun(tmp_path)
    async with claimed(tmp_path) as entry:
        entry.object("media").stored(PROOF)
        assert (entry.object("media").kept, entry.object("media").finished) == (None, PROOF)
    async with claimed(tmp_path) as entry:
        assert (entry.object("media").kept, entry.object("media").finished) == (None, PROOF)
    assert rows(tmp_path, "parts") == 0


async def test_an_object_about_to_be_deleted_does_not_count_as_stored(tmp_path: Path) -> None:
    await begun(tmp_path)
    async with claimed(tmp_path) as entry:
        await entry.deleting(iter(["cover", "media"]))
        assert entry.object("cover").finished is None
    async with claimed(tmp_path) as entry:
        assert entry.object("cover").finished is None
        assert entry.object("media").kept is not None


async def test_a_new_session_has_none_of_the_objects_of_the_one_before(tmp_path: Path) -> None:
    await begun(tmp_path)
    async with claimed(tmp_path) as entry:
        await entry.applied(b"second", {"media": 2}, durable=False)
        assert entry.object("media").kept is None
    async with claimed(tmp_path) as entry:
        assert (entry.state, entry.reply, entry.changed) == ("applied", b"second", {"media": 2})
        assert (entry.object("media").kept, entry.object("cover").finished) == (None, None)


async def test_a_commit_that_was_sent_is_remembered_until_it_is_refused(tmp_path: Path) -> None:
    await begun(tmp_path)
    async with claimed(tmp_path) as entry:
        await entry.committing()
        assert entry.state == "committing"
    async with claimed(tmp_path) as entry:
        assert (entry.state, entry.reply) == ("committing", b"sealed")
        entry.refused()
        assert entry.state == "applied"
    async with claimed(tmp_path) as entry:
        assert (entry.state, entry.reply) == ("applied", b"sealed")
        assert entry.object("media").kept is not None


async def test_of_media_only_the_outcome_is_kept(tmp_path: Path) -> None:
    await begun(tmp_path)
    async with claimed(tmp_path) as entry:
        entry.committed(b"media 7", {"media": 3})
        assert (entry.state, entry.reply, entry.outcome) == ("committed", None, b"media 7")
    async with claimed(tmp_path) as entry:
        assert (entry.state, entry.reply, entry.outcome) == ("committed", None, b"media 7")
        assert entry.changed == {"media": 3}
    assert (rows(tmp_path, "objects"), rows(tmp_path, "parts")) == (0, 0)


async def test_what_is_forgotten_is_new(tmp_path: Path) -> None:
    await begun(tmp_path)
    async with claimed(tmp_path) as entry:
        entry.forget()
        assert (entry.state, entry.reply, entry.object("media").kept) == ("new", None, None)
    async with claimed(tmp_path) as entry:
        assert (entry.state, entry.reply, entry.object("media").kept) == ("new", None, None)
    assert [rows(tmp_path, table) for table in ("items", "objects", "parts")] == [0, 0, 0]


async def test_what_waits_for_the_disk_can_be_read_by_another_process_at_once(tmp_path: Path) -> None:
    async with claimed(tmp_path) as entry:
        await entry.applied(b"sealed", {}, durable=True)
        assert rows(tmp_path, "items") == 1
        await entry.object("media").upload("u1", 10, durable=True)
        assert rows(tmp_path, "objects") == 1
        await entry.committing()
        with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as db:
            assert db.execute("SELECT state FROM items").fetchall() == [("committing",)]


async def test_an_item_is_for_one_holder_at_a_time_and_the_next_sees_what_it_did(tmp_path: Path) -> None:
    seen: list[str] = []

    async def second() -> None:
        async with claimed(tmp_path) as entry:
            seen.append(entry.state)

    one, other = Journal(tmp_path), Journal(tmp_path)
    assert one.open()
    assert other.open()
    async with one.claim(KEY, "tencent", "clip.mp4") as entry:
        assert [journal.in_use(KEY) for journal in (one, other)] == [True, True]
        assert not one.in_use(OTHER)
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0)
        await entry.applied(b"sealed", {}, durable=False)
    await asyncio.wait_for(waiting, 60)
    assert seen == ["applied"]
    await one.do(lambda _: None)
    assert [journal.in_use(KEY) for journal in (one, other)] == [False, False]
    one.close()
    other.close()


def rows(directory: Path, table: str) -> int:
    with contextlib.closing(sqlite3.connect(directory / FILE)) as db:
        (count,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count)
