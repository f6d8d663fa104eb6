"""What the journal promises: one media for one file and one set of options, nothing believed that may be untrue."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.conftest import content
from tests.resume.conftest import CLOUDS, Cloud, Upload, count
from vodfast import AsyncClient, Client
from vodfast.credentials import Credentials
from vodfast.errors import ConfigError, VodfastError
from vodfast.transfer.journal import FILE, Journal

TENCENT = CLOUDS[0]
on_tencent = pytest.mark.parametrize("cloud", [TENCENT], ids=str)


def directory() -> Path:
    return Path(os.environ["VODFAST_STATE_DIR"])


def test_a_finished_upload_is_not_made_again(upload: Upload) -> None:
    first = upload.run()
    before = len(upload.emulator.history())
    second = upload.run()
    assert (second.media_id, second.url, second.bytes) == (first.media_id, first.url, first.bytes)
    assert (first.reused, second.reused) == (False, True)
    assert len(upload.judge(second)) == before


def test_force_new_makes_another_and_is_remembered(upload: Upload) -> None:
    first = upload.run()
    second = upload.run(force_new=True)
    assert first.media_id != second.media_id
    assert upload.run().media_id == second.media_id
    assert upload.emulator.meter()["media_created"] == 2


@pytest.mark.parametrize("difference", ["title", "file", "journal", "emulator"])
@on_tencent
def test_what_differs_is_another_upload(upload: Upload, tmp_path: Path, difference: str) -> None:
    config = upload.settings()
    upload.run(config)
    fields: dict[str, Any] = {}
    if difference == "title":
        fields["title"] = "another"
    elif difference == "file":
        upload.path.write_bytes(upload.path.read_bytes()[::-1])
    elif difference == "journal":
        config = msgspec.structs.replace(config, state_dir=str(tmp_path / "elsewhere"))
    else:
        upload.emulator.reset()
    assert not upload.run(config, **fields).reused


def test_after_the_service_was_in_trouble(upload: Upload) -> None:
    upload.broken_off()
    before = len(upload.emulator.history())
    result = upload.run()
    assert result.resumed
    history = upload.judge(result)
    assert count(history, upload.cloud.apply) == 1
    assert count(history[before:], upload.cloud.part) == 3


@on_tencent
def test_other_part_sizes_do_not_disturb_what_was_begun(upload: Upload) -> None:
    upload.broken_off()
    before = len(upload.emulator.history())
    result = upload.run(upload.settings(part_size=None))
    assert count(upload.judge(result)[before:], "UploadPart") == 3


@on_tencent
def test_a_file_that_was_only_touched_is_read_and_believed(upload: Upload) -> None:
    upload.broken_off()
    upload.path.chmod(0o640)
    result = upload.run()
    assert result.resumed
    upload.judge(result)
    upload.path.chmod(0o600)
    assert upload.run().reused


@pytest.mark.parametrize("finished", [False, True])
def test_a_rewrite_with_the_old_times_put_back_is_found_out(upload: Upload, finished: bool) -> None:
    before = upload.path.stat()
    if finished:
        upload.run()
    else:
        upload.broken_off()
    with upload.path.open("r+b") as file:
        file.write(b"changed!")
    os.utime(upload.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (upload.path.stat().st_size, upload.path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    result = upload.run()
    assert (result.resumed, result.reused) == (False, False)
    (held,) = upload.media(result)["objects"]
    assert held["sha256"] == upload.sha256()


@pytest.mark.parametrize("source_check", ["stat", "hash"])
@on_tencent
def test_source_check_hash_reads_even_what_was_not_touched(upload: Upload, source_check: str) -> None:
    upload.broken_off()
    result = upload.run(upload.settings(source_check=source_check))
    assert result.resumed
    upload.judge(result)


@pytest.mark.parametrize("cloud", CLOUDS[:3], ids=str)
def test_an_upload_the_store_has_forgotten_begins_anew(upload: Upload) -> None:
    upload.broken_off()
    upload.emulator.set_faults(
        [{"action": "status", "code": 404, "body": _unknown_upload(upload.cloud), "match": {"operation": "ListParts"}}]
    )
    result = upload.run()
    (held,) = upload.media(result)["objects"]
    assert held["sha256"] == upload.sha256()


@on_tencent
def test_credentials_that_have_expired_make_a_new_session(upload: Upload) -> None:
    upload.broken_off()
    upload.emulator.set_faults([{"action": "expire_token", "match": {"operation": "ListParts"}}])
    result = upload.run()
    assert result.state == "done"
    assert count(upload.emulator.history(), "ApplyUpload") == 2


@pytest.mark.parametrize("cloud", CLOUDS[1:2], ids=str)
def test_a_session_expired_by_the_clock_is_renewed_where_the_cloud_can(upload: Upload) -> None:
    upload.broken_off()
    upload.emulator.set_faults([{"action": "expire_token", "match": {"operation": "ListParts"}}])
    result = upload.run()
    history = upload.judge(result)
    assert count(history, "CreateUploadVideo") == 1
    assert count(history, "RefreshUploadVideo") == 1


async def test_the_same_file_twice_at_once_is_one_upload(upload: Upload) -> None:
    config = upload.settings()
    async with (
        AsyncClient(upload.cloud.name, place=upload.cloud.place, config=config) as one,
        AsyncClient(upload.cloud.name, place=upload.cloud.place, config=config) as other,
    ):
        results = await asyncio.gather(one.upload(upload.path), one.upload(upload.path), other.upload(upload.path))
    assert sorted(result.reused for result in results) == [False, True, True]
    assert {result.media_id for result in results} == {results[0].media_id}
    upload.judge(results[0])


def test_what_nobody_will_continue_can_be_taken_back(upload: Upload) -> None:
    upload.broken_off()
    with Client(upload.cloud.name, place=upload.cloud.place, config=upload.settings()) as client:
        assert client.take_back(older_than=3600) == []
        assert [item.label for item in client.take_back()] == [str(upload.path)]
        assert client.take_back() == []
    if upload.cloud.name in ("tencent", "aliyun"):  # the others have no word for it: their stores forget by themselves
        assert sum(media["open_uploads"] for media in upload.emulator.media()) == 0
    result = upload.run()
    assert not result.resumed


@on_tencent
def test_only_the_account_s_own_is_taken_back(upload: Upload) -> None:
    upload.broken_off()
    other = Credentials.of("vodfast-emulator-other", "vodfast-emulator-other-secret")
    with Client(upload.cloud.name, credentials=other, config=upload.settings()) as client:
        assert client.take_back() == []
    with Client("aliyun", config=upload.settings()) as client:
        assert client.take_back() == []


def test_the_journal_is_for_its_owner_only(upload: Upload, umask: None) -> None:
    upload.broken_off()
    assert stat.S_IMODE(directory().stat().st_mode) == 0o700
    for file in directory().iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


@pytest.fixture
def umask() -> Any:
    before = os.umask(0)
    yield
    os.umask(before)


def test_nothing_that_grants_an_upload_can_be_read_in_it(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets: set[bytes] = set()
    wrap = Credentials.of

    def spy(access_key: str, secret_key: str, token: str | None = None, expires_at: float | None = None) -> Credentials:
        secrets.update(text.encode() for text in (secret_key, token) if text)
        return wrap(access_key, secret_key, token, expires_at)

    monkeypatch.setattr(Credentials, "of", staticmethod(spy))
    upload.broken_off()
    held = b"".join(file.read_bytes() for file in directory().iterdir())
    assert secrets
    assert not [secret for secret in secrets if secret in held]


@pytest.mark.parametrize("damage", ["garbage", "foreign"])
@on_tencent
def test_a_damaged_journal_is_set_aside(upload: Upload, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    directory().mkdir(mode=0o700)
    path = directory() / FILE
    if damage == "garbage":
        path.write_bytes(content(9000))
    else:
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE something (else_entirely TEXT)")
        db.close()
    assert not upload.run().reused
    assert upload.run().reused
    assert len(list(directory().glob(f"{FILE}.damaged-*"))) == 1
    assert "set aside" in caplog.text or "damaged" in caplog.text


@on_tencent
def test_a_journal_of_a_newer_release_is_left_alone(upload: Upload) -> None:
    upload.run()
    with sqlite3.connect(directory() / FILE) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ConfigError, match="newer vodfast"):
        upload.run()


@on_tencent
def test_a_directory_others_may_write_to_is_refused(upload: Upload) -> None:
    directory().mkdir()
    directory().chmod(0o777)
    with pytest.raises(ConfigError, match="VODFAST_STATE_DIR"):
        upload.run()


@on_tencent
def test_without_a_place_for_it_uploads_go_on_unremembered(upload: Upload, caplog: pytest.LogCaptureFixture) -> None:
    directory().write_bytes(b"a file where the directory should be")
    assert [upload.run().reused for _ in range(2)] == [False, False]
    assert "start over" in caplog.text


@on_tencent
def test_resume_false_leaves_no_trace(upload: Upload) -> None:
    assert [upload.run(upload.settings(resume=False)).reused for _ in range(2)] == [False, False]
    assert not directory().exists()


async def test_a_failed_write_fails_what_waits_for_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    assert journal.open()

    def full(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    journal.note(full)
    with pytest.raises(VodfastError, match="full"):
        await journal.items()
    journal.close()


@pytest.mark.parametrize("cloud", [cloud for cloud in CLOUDS if cloud.last == "CompleteMultipartUpload"], ids=str)
async def test_a_journal_that_breaks_in_mid_upload_leaves_nothing_in_the_store(upload: Upload) -> None:
    """Its disk is full when the upload's id is to be written down."""

    def full(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async with AsyncClient(upload.cloud.name, config=upload.settings(), place=upload.cloud.place) as client:

        def fill(event: Any) -> None:
            if type(event).__name__ == "UploadStarted":
                client._journal.note(full)

        before = asyncio.all_tasks()
        with pytest.raises(VodfastError, match="disk is full"):
            await client.upload(upload.path, events=fill)
        assert asyncio.all_tasks() == before
        assert (client._engine.memory.held, client._engine.window.in_flight) == (0, 0)
    (media,) = upload.emulator.media()
    assert (media["objects"], media["open_uploads"]) == ([], 0)


async def test_whatever_goes_wrong_in_a_write_nobody_waits_for_ever(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    assert journal.open()
    journal.note(lambda db: db.execute("SELECT ?", ("\udcff",)))
    with pytest.raises(VodfastError, match="surrogates"):
        await journal.items()
    journal.close()


def test_a_path_that_is_no_text_is_remembered_like_any_other(
    client: Client, vodfast_emulator: Any, tmp_path: Path
) -> None:
    path = tmp_path / "\udcff" / "clip.mp4"
    path.parent.mkdir()
    path.write_bytes(b"media")
    first, second = client.upload(path), client.upload(path)
    assert (first.source, second.reused, second.media_id) == (str(path), True, first.media_id)
    assert vodfast_emulator.meter()["media_created"] == 1

    async def known() -> list[str]:
        journal = Journal(directory())
        journal.open()
        try:
            return [item.label for item in await journal.items()]
        finally:
            journal.close()

    assert asyncio.run(known()) == [str(path)]


async def test_everybody_a_failed_write_concerns_gets_an_error_of_his_own(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    assert journal.open()

    def full(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    waiting = [journal.do(full), journal.do(full), journal.items()]
    errors = await asyncio.gather(*waiting, return_exceptions=True)
    with pytest.raises(VodfastError) as later:
        await journal.items()
    journal.close()
    assert all(isinstance(error, VodfastError) for error in errors)
    assert len({id(error) for error in [*errors, later.value]}) == 4


async def test_items_are_listed_the_latest_first(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    journal.open()
    for number in range(3):
        async with journal.claim(f"{number:032x}", "tencent", f"{number}.mp4") as entry:
            await entry.applied(b"sealed", {"media": 1}, durable=True)
    assert [item.label for item in await journal.items()] == ["2.mp4", "1.mp4", "0.mp4"]
    journal.close()


def _unknown_upload(cloud: Cloud) -> str:
    if cloud.name == "volcengine":
        return '{"success":1,"error":{"code":404,"error":"UploadNotFound","message":"no such upload"},"payload":{}}'
    return "<Error><Code>NoSuchUpload</Code><Message>gone</Message><RequestId>r</RequestId></Error>"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_forked_while_the_journal_is_written_has_the_use_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vodfast.transfer.journal_file._BUSY", 1.0)
    journal = Journal(tmp_path / "state")
    assert journal.open()
    writing, forking = threading.Event(), threading.Event()
    os.register_at_fork(before=forking.set)

    def work(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM items")
        writing.set()
        assert forking.wait(60)

    journal.note(work)
    assert writing.wait(60)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            own = Journal(tmp_path / "state")
            code = int(not own.open())
            asyncio.run(own.items())
        except VodfastError:
            code = 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    journal.close()
