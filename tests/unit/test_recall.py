"""Which upload is which: what makes two the same, and whether a source still has the bytes that were sent."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from vodfast import _native
from vodfast.credentials import Credentials
from vodfast.providers.contract import MediaSpec, Ticket
from vodfast.providers.tencent import UploadOptions
from vodfast.recall import Opening, asked_for, changed, expired, has_finished, has_kept, item_key
from vodfast.transfer.ports import ObjectReceipt, PartReceipt
from vodfast.transfer.sources import BufferSource, open_source
from vodfast.transfer.steps import Finished, KeptPart, KeptUpload

DATA = b"first" + b"again" + b"end"
MEDIA = MediaSpec(name="clip.mp4", size=len(DATA))


def key(path: Path, destination: str = "here", media: MediaSpec = MEDIA, name: str = "media") -> str:
    source = open_source(path)
    try:
        return item_key(destination, media, {name: source})
    finally:
        source.close()


def another_time(path: Path) -> Path:
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    return path


def another_inode(path: Path) -> Path:
    before = path.stat()
    copy = path.with_suffix(".copy")
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
    copy.replace(path)
    return path


def another_size(path: Path) -> Path:
    before = path.stat()
    path.write_bytes(DATA + b"more")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "clip.mp4"
    made.write_bytes(DATA)
    return made


def test_the_same_file_to_the_same_place_with_the_same_options_is_the_same_upload(path: Path) -> None:
    first = key(path)
    path.chmod(0o600)  # which leaves the bytes alone
    assert key(path) == first
    assert len(first) == 32
    assert int(first, 16) >= 0


@pytest.mark.parametrize("change", [another_time, another_inode, another_size])
def test_another_version_of_the_file_is_another_upload(path: Path, change: Callable[[Path], Path]) -> None:
    first = key(path)
    assert key(change(path)) != first


def test_what_else_differs_is_another_upload(path: Path) -> None:
    keys = {
        key(path),
        key(path, "elsewhere"),
        key(path, media=msgspec.structs.replace(MEDIA, title="another")),
        key(path, media=msgspec.structs.replace(MEDIA, options=UploadOptions(procedure="p"))),
        key(path, name="cover"),
        key(path.rename(path.with_name("other.mp4"))),
    }
    assert len(keys) == 6


def test_only_files_have_a_time_of_change(path: Path) -> None:
    source = open_source(path)
    sources = {"media": source, "cover": BufferSource(b"x", "cover", "c.png")}
    assert changed(sources) == {"media": path.stat().st_ctime_ns}
    source.close()


def kept(*parts: bytes, size: int = 5) -> KeptUpload:
    receipts = [PartReceipt(index=index, length=len(part), tag="t", digest=None) for index, part in enumerate(parts)]
    digests = map(_native.crc64, parts)
    return KeptUpload("u", size, tuple(KeptPart(receipt, digest) for receipt, digest in zip(receipts, digests)))


@pytest.mark.parametrize(
    ("upload", "digest", "same"),
    [
        (kept(b"first", b"again", b"end"), "crc64", True),
        (kept(b"first"), "crc64", True),
        (kept(b"first", b"other"), "crc64", False),
        (kept(b"again", b"first"), "crc64", False),
        (kept(b"first"), None, False),
        (kept(), None, True),
        (kept(size=0), "crc64", False),
    ],
    ids=["all", "the first", "another second", "swapped", "no checksum", "nothing sent", "appended"],
)
def test_a_source_has_what_was_sent_if_every_part_has_the_checksum_of_then(
    upload: KeptUpload, digest: str | None, same: bool
) -> None:
    assert has_kept(BufferSource(DATA, "data", "data"), upload, digest) is same


@pytest.mark.parametrize(
    ("sent", "size", "digest", "same"),
    [
        (DATA, len(DATA), "crc64", True),
        (DATA[::-1], len(DATA), "crc64", False),
        (DATA, len(DATA) - 1, "crc64", False),
        (DATA, len(DATA), None, False),
    ],
    ids=["the same", "other bytes", "another size", "no checksum"],
)
def test_a_source_is_what_was_stored_if_size_and_checksum_agree(
    sent: bytes, size: int, digest: str | None, same: bool
) -> None:
    finished = Finished(ObjectReceipt(tag="t", digest=None), size, None, digest, _native.crc64(sent))
    assert has_finished(BufferSource(DATA, "data", "data"), finished) is same


@pytest.mark.parametrize(
    ("expires_at", "gone"), [(None, False), (1061.0, False), (1060.0, True), (1000.0, True), (0.0, True)]
)
def test_keys_count_as_expired_a_minute_before_they_are(expires_at: float | None, gone: bool) -> None:
    ticket = Ticket(session="s", objects=(), credentials=Credentials.of("k", "s"), expires_at=expires_at)
    assert expired(ticket, 1000.0) is gone


@pytest.mark.parametrize("options", [None, UploadOptions(procedure="p")])
def test_what_a_session_was_opened_for_is_known_again(options: UploadOptions | None) -> None:
    media = msgspec.structs.replace(MEDIA, title="a title", tags=("a", "b"), options=options)
    opening = Opening(0.0, 200, (), b"", msgspec.json.encode(media))
    assert asked_for("tencent", opening) == media


@pytest.mark.parametrize("said", [None, b"{", b'{"name": 1, "size": 2, "options": null}', b"[]"])
def test_what_cannot_be_read_any_more_says_nothing(said: bytes | None) -> None:
    assert asked_for("tencent", Opening(0.0, 200, (), b"", said)) is None
