"""Uploads through the client into Tencent Cloud VOD: every field, every key, side by side, from many threads."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from vodfast import AsyncClient, Client, Progress, TransferConfig
from vodfast.config import MIB
from vodfast.events import AnyEvent
from vodfast.providers.tencent import UploadOptions

PART = MIB
ConfigFor = Callable[..., TransferConfig]


def item(emulator: Any, media_id: str | None) -> dict[str, Any]:
    (found,) = [media for media in emulator.media() if media["media_id"] == media_id]
    assert (found["state"], found["open_uploads"]) == ("committed", 0)
    return found


def test_every_field_arrives_as_it_was_given(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    options = UploadOptions(
        media_type="MOV",
        cover_type="JPG",
        procedure="LongVideoPreset 长",
        expire_time="2099-01-01T00:00:00+08:00",
        storage_region="ap-beijing",
        session_context="session\t会话" + "s" * 900,
        ext_info='{"a": "é"}',
        media_storage_path="/shows/第一集 + & = ?.mov",
    )
    fields: dict[str, Any] = {"title": '第一集 & <one> "x" \\ 🎬', "category": "7", "context": "来" * 250}
    with Client("tencent", config=config_for(), place="1500000101") as client:
        result = client.upload(b"media", name="a.mp4", cover=b"cover", cover_name="c", options=options, **fields)
        (info,) = client.media([result.media_id or ""])
    assert item(vodfast_emulator, result.media_id)["asked"] == {
        "MediaType": "mov",
        "SubAppId": 1500000101,
        "MediaName": fields["title"],
        "CoverType": "jpg",
        "Procedure": "LongVideoPreset 长",
        "ExpireTime": "2099-01-01T00:00:00+08:00",
        "StorageRegion": "ap-beijing",
        "ClassId": 7,
        "SourceContext": fields["context"],
        "SessionContext": options.session_context,
        "ExtInfo": '{"a": "é"}',
        "MediaStoragePath": "/shows/第一集 + & = ?.mov",
    }
    assert (info.found, info.name, info.size, info.url) == (True, fields["title"], 5, result.url)
    assert result.cover_url


def test_a_bare_upload_says_no_more_than_type_and_name(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    with Client("tencent", config=config_for()) as client:
        result = client.upload(b"media", name="a.b.MP4")
    assert item(vodfast_emulator, result.media_id)["asked"] == {"MediaType": "mp4", "MediaName": "a.b"}


@pytest.mark.parametrize(
    "path", ["/a/.", "/a/./b", "/a/...", "/./a", "/a//b", "/a./b.", "/~", "/a;b=c,d", "/ä/中 文/?x&y=z#f%41+", "/%2F"]
)
@pytest.mark.parametrize("size", [5, PART + 1])
def test_a_key_is_the_one_the_service_named(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Any, path: str, size: int
) -> None:
    with Client("tencent", config=config_for(part_size=PART)) as client:
        result = client.upload(media_file(size), options=UploadOptions(media_storage_path=path))
    (stored,) = item(vodfast_emulator, result.media_id)["objects"]
    assert (stored["key"], stored["size"]) == (path[1:], size)


@pytest.mark.parametrize("place", ["leading", "after-declaration"])
@pytest.mark.parametrize("padding", [0, 65536])
def test_a_completion_padded_with_blanks_is_read_to_its_end(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Any, place: str, padding: int
) -> None:
    vodfast_emulator.settings(complete_padding=padding, complete_padding_place=place, etag="opaque")
    with Client("tencent", config=config_for(part_size=PART)) as client:
        assert client.upload(media_file(2 * PART)).verified == "crc64"


def held(operation: str, **match: Any) -> list[dict[str, Any]]:
    return [{"action": "stall", "match": {"operation": operation, **match}, "times": 0}]


async def told(client: AsyncClient, emulator: Any, acknowledged: int, **upload: Any) -> set[int | None]:
    """Cancel an upload that is held up as soon as so many bytes are acknowledged; the numbers of the parts begun."""
    reached = asyncio.Event()

    def sink(event: AnyEvent) -> None:
        if isinstance(event, Progress) and event.done == acknowledged:
            reached.set()

    task = asyncio.create_task(client.upload(events=sink, **upload))
    waiting = asyncio.create_task(reached.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    assert not task.done(), task.exception()
    task.cancel()
    await asyncio.wait([task])
    return {entry["part_number"] for entry in emulator.history() if entry["operation"] == "UploadPart"}


async def test_media_and_cover_travel_side_by_side(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Any
) -> None:
    media, cover = media_file(3 * PART), b"cover" * 100
    async with AsyncClient("tencent", config=config_for(part_size=PART)) as client:
        vodfast_emulator.set_faults(held("PutObject"))
        await told(client, vodfast_emulator, 3 * PART, source=media, cover=cover, cover_name="c.png")
        vodfast_emulator.set_faults(held("UploadPart"))
        await told(client, vodfast_emulator, len(cover), source=media, cover=cover, cover_name="c.png")


async def test_part_concurrency_is_an_upper_bound(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Any
) -> None:
    vodfast_emulator.set_faults(held("UploadPart", part_number=2))
    async with AsyncClient("tencent", config=config_for(part_size=PART)) as client:
        one = UploadOptions(part_concurrency=1)
        assert await told(client, vodfast_emulator, PART, source=media_file(5 * PART), options=one) == {1, 2}
        vodfast_emulator.restore()
        vodfast_emulator.set_faults(held("UploadPart", part_number=2))
        two = UploadOptions(part_concurrency=2)
        begun = await told(client, vodfast_emulator, 4 * PART, source=media_file(5 * PART), options=two)
        assert begun == {1, 2, 3, 4, 5}


def test_one_client_serves_many_threads(vodfast_emulator: Any, client: Client) -> None:
    contents = [bytes([number]) * (number * 40_000 + 1) for number in range(32)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda data: client.upload(data, name="a.mp4"), contents))
    assert len({result.media_id for result in results}) == len(contents)
    for data, result in zip(contents, results):
        (stored,) = item(vodfast_emulator, result.media_id)["objects"]
        assert stored["sha256"] == hashlib.sha256(data).hexdigest()
