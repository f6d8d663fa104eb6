"""Chunks that go to NetEase's node behind one another, before those in front of them are answered."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FAST_RETRY, content
from tests.oracle import operations, the_media
from vodfast import AsyncClient, Client, TransferConfig
from vodfast.config import MIB
from vodfast.credentials import emulator_credentials
from vodfast.errors import Cancelled
from vodfast.events import Progress

SIZE = 12 * MIB + 7_777
"""13 parts of 1 MiB: the first and the last wait for answers."""
SHA256 = hashlib.sha256(content(SIZE)).hexdigest()


def is_stored_once(emulator: Any, media_id: str | None) -> None:
    item = the_media(emulator)
    assert item["media_id"] == media_id
    assert [held["sha256"] for held in item["objects"]] == [SHA256]
    assert emulator.meter()["media_created"] == 1


def test_as_many_requests_are_made_as_there_are_chunks(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    with Client("netease", config=config_for(part_size=MIB)) as client:
        result = client.upload(media_file(SIZE))
    is_stored_once(vodfast_emulator, result.media_id)
    assert operations(vodfast_emulator) == ["upload/init", "lbs"] + ["chunk"] * 13


def chunks(emulator: Any) -> int:
    return operations(emulator).count("chunk")


@pytest.mark.parametrize(("options", "under_way"), [({}, 11), ({"bandwidth": 1 << 30}, 1)], ids=["free", "paced"])
async def test_a_chunk_is_sent_before_those_in_front_of_it_are_answered(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any, options: dict[str, int], under_way: int
) -> None:
    def far_away(event: Any) -> None:
        if isinstance(event, Progress):
            vodfast_emulator.settings(latency=3600)

    async with AsyncClient("netease", config=config_for(part_size=MIB, start_connections=32, **options)) as client:
        upload = asyncio.create_task(client.upload(content(SIZE), name="clip.mp4", events=far_away))
        while chunks(vodfast_emulator) < 1 + under_way:
            await asyncio.sleep(0)
        for _ in range(100):
            await asyncio.sleep(0)
        assert chunks(vodfast_emulator) == 1 + under_way
        client.cancel()
        with pytest.raises(Cancelled):
            await upload
    assert vodfast_emulator.meter()["media_created"] == 0


def test_the_way_through_a_proxy_is_secure(vodfast_emulator: Any, tmp_path: Path) -> None:
    config = TransferConfig(
        proxy=f"http://{vodfast_emulator.endpoint}", ca_bundle=vodfast_emulator.ca, part_size=MIB, **FAST_RETRY
    )
    with Client("netease", credentials=emulator_credentials("netease"), config=config) as client:
        result = client.upload(content(SIZE), name="clip.mp4")
    is_stored_once(vodfast_emulator, result.media_id)
    assert all(record["secure"] for record in vodfast_emulator.history() if record["operation"])
    assert chunks(vodfast_emulator) == 13


FAULTS: dict[str, dict[str, Any]] = {
    "reply lost": {"action": "drop_reply"},
    "request cut": {"action": "reset", "at_byte": 99_999},
    "reply cut": {"action": "truncate_reply", "at_byte": 200},
    "reply reset": {"action": "reset", "of": "response", "at_byte": 20},
    "node in trouble": {"action": "status", "code": 502},
    "trouble in words": {"action": "error", "code": "500"},
    "throttled": {"action": "throttle"},
    "token expires": {"action": "expire_token"},
    "context lost": {"action": "status", "code": 404},
    "nonsense": {"action": "status", "code": 200, "body": "<html>"},
    "slow": {"action": "delay", "seconds": 0.05},
}


@pytest.mark.parametrize("part", [2, 3, 7, 12])
@pytest.mark.parametrize("name", FAULTS)
def test_an_upload_survives(
    config_for: Callable[..., TransferConfig],
    vodfast_emulator: Any,
    media_file: Callable[..., Path],
    name: str,
    part: int,
) -> None:
    vodfast_emulator.set_faults([{"match": {"operation": "chunk", "part_number": part}, **FAULTS[name]}])
    with Client("netease", config=config_for(part_size=MIB)) as client:
        result = client.upload(media_file(SIZE))
    is_stored_once(vodfast_emulator, result.media_id)
    assert [rule["hits"] for rule in vodfast_emulator.faults()] == [1]


@pytest.mark.parametrize("takes", [1, 1000, MIB - 1])
def test_bytes_a_node_did_not_keep_are_sent_again(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any, media_file: Callable[..., Path], takes: int
) -> None:
    settings = iter([takes])

    def cut(event: Any) -> None:
        if isinstance(event, Progress):
            vodfast_emulator.settings(netease_takes=next(settings, None))

    with Client("netease", config=config_for(part_size=MIB)) as client:
        result = client.upload(media_file(SIZE), events=cut)
    is_stored_once(vodfast_emulator, result.media_id)
    assert operations(vodfast_emulator).count("offset") >= 1


def test_a_node_that_fails_is_replaced_for_those_that_follow(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.set_faults([{"match": {"operation": "chunk", "part_number": 5}, **FAULTS["node in trouble"]}])
    with Client("netease", config=config_for(part_size=MIB)) as client:
        client.upload(media_file(SIZE))
    sent = [record for record in vodfast_emulator.history() if record["operation"] in ("chunk", "offset")]
    asked = [record["operation"] for record in sent].index("offset")
    assert {record["host"] for record in sent[:4]} == {"nosup-hz1.127.net"}
    assert [record["host"] for record in (sent[asked], sent[-1])] == ["nosup-hz2.127.net"] * 2


def test_a_node_that_takes_nothing_so_is_not_tried_again_by_the_next_upload(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.set_faults([{"match": {"operation": "chunk", "part_number": 2}, **FAULTS["reply lost"]}])
    with Client("netease", config=config_for(part_size=MIB)) as client:
        client.upload(media_file(SIZE, "first.mp4"))
        before = len(vodfast_emulator.history())
        vodfast_emulator.set_faults([{"match": {"operation": "chunk", "part_number": 2}, **FAULTS["trouble in words"]}])
        client.upload(media_file(SIZE, "second.mp4"))
    # One at a time nothing is on its way behind the one that is refused.
    assert [record["operation"] for record in vodfast_emulator.history()[before:]].count("chunk") == 14
