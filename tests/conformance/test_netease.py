"""Whole uploads to NetEase against the emulator, judged by what it stored and by its history."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import content
from tests.oracle import operations, the_media
from vodfast import AsyncClient, Client, TransferConfig
from vodfast.config import MIB
from vodfast.credentials import emulator_credentials
from vodfast.errors import AmbiguousCommit, Cancelled, ErrorKind, SourceChanged, VodfastError
from vodfast.events import Progress
from vodfast.providers.netease import UploadOptions
from vodfast.transfer.message import Request, Response

CHUNK = 4 * MIB


@pytest.fixture
def netease(config_for: Callable[..., TransferConfig]) -> Iterator[Client]:
    with Client("netease", config=config_for()) as opened:
        yield opened


SIZES = [0, 1, 70_000, CHUNK, CHUNK + 1, 2 * CHUNK]


@pytest.mark.parametrize("size", SIZES)
def test_a_file_of_any_size_arrives(
    netease: Client, vodfast_emulator: Any, media_file: Callable[..., Path], size: int
) -> None:
    result = netease.upload(media_file(size))
    item = the_media(vodfast_emulator)
    assert (result.state, result.media_id, result.bytes) == ("done", item["media_id"], size)
    assert item["open_uploads"] == 0
    (held,) = item["objects"]
    assert (held["size"], held["sha256"]) == (size, hashlib.sha256(content(size)).hexdigest())
    assert result.url is not None
    assert result.url.endswith(held["key"])
    chunks = max(1, -(-size // CHUNK))
    assert operations(vodfast_emulator) == ["upload/init", "lbs"] + ["chunk"] * chunks


def as_iterator(data: bytes) -> Any:
    return (data[start : start + 300_000] for start in range(0, len(data), 300_000))


@pytest.mark.parametrize("size", [2 * CHUNK, 3 * CHUNK + 7])
def test_a_stream_goes_in_chunks_of_4_mib_by_default(netease: Client, vodfast_emulator: Any, size: int) -> None:
    netease.upload(as_iterator(content(size)), name="clip.mp4")
    (held,) = the_media(vodfast_emulator)["objects"]
    assert held["sha256"] == hashlib.sha256(content(size)).hexdigest()
    sizes = [record["bytes"] for record in vodfast_emulator.history() if record["operation"] == "chunk"]
    assert sizes == [CHUNK] * (size // CHUNK) + ([size % CHUNK] if size % CHUNK else [])


def test_nodes_are_looked_up_once_for_many_uploads(netease: Client, vodfast_emulator: Any) -> None:
    for number in range(3):
        netease.upload(b"x" * number, name="clip.mp4")
    assert operations(vodfast_emulator).count("lbs") == 1


def test_fields_arrive_unchanged(netease: Client, vodfast_emulator: Any) -> None:
    result = netease.upload(
        b"pixels",
        name="logo.png",
        kind="image",
        title="标题",
        context="u=1",
        category="7",
        description="words",
        options=UploadOptions(
            preset_id=3,
            watermark_id=1,
            trans_offset=4,
            trans_duration=5,
            upload_callback_url="http://a.example/u",
            callback_url="http://a.example/t",
            extra={"futureField": [1, "二"]},
        ),
    )
    assert the_media(vodfast_emulator)["asked"] == {
        "originFileName": "logo.png",
        "userFileName": "标题",
        "typeId": 7,
        "presetId": 3,
        "uploadCallbackUrl": "http://a.example/u",
        "callbackUrl": "http://a.example/t",
        "description": "words",
        "watermarkId": 1,
        "userDefInfo": "u=1",
        "transOffset": 4,
        "transDuration": 5,
        "futureField": [1, "二"],
    }
    assert the_media(vodfast_emulator)["name"] == "标题"
    (found,) = netease.media([str(result.url).rpartition("/")[2]])
    assert (found.found, found.media_id, found.raw["imgId"]) == (True, result.media_id, int(str(result.media_id)))


def test_media_answers_every_name_in_the_order_asked(netease: Client) -> None:
    names = [str(netease.upload(b"x", name="clip.mp4").url).rpartition("/")[2] for _ in range(2)]
    found = netease.media([names[1], "none.mp4", names[0], names[1]])
    assert [info.found for info in found] == [True, False, True, True]
    assert [info.name for info in found] == [names[1], None, names[0], names[1]]


@pytest.mark.parametrize("way", ["relayed", "silent"])
def test_the_media_id_comes_relayed_or_by_query(netease: Client, vodfast_emulator: Any, way: str) -> None:
    vodfast_emulator.settings(netease_callback=way)
    result = netease.upload(b"x", name="clip.mp4")
    assert result.media_id == the_media(vodfast_emulator)["media_id"]
    assert operations(vodfast_emulator).count("video/query") == (way == "silent")


def test_a_takeover_that_fails_for_good_is_a_failure_and_makes_no_media(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any
) -> None:
    vodfast_emulator.settings(netease_callback="failing")
    with (
        Client("netease", config=config_for(attempts=2)) as client,
        pytest.raises(VodfastError, match="did not take them over"),
    ):
        client.upload(b"x", name="clip.mp4")
    assert operations(vodfast_emulator).count("video/query") == 2
    assert all(item["state"] == "applied" for item in vodfast_emulator.media())


FAULTS: dict[str, dict[str, Any]] = {
    "reply lost in the middle": {"match": {"operation": "chunk", "part_number": 2}, "action": "drop_reply"},
    "reply to the last lost": {"match": {"operation": "chunk", "part_number": 3}, "action": "drop_reply"},
    "first reply lost": {"match": {"operation": "chunk", "part_number": 1}, "action": "drop_reply"},
    "request cut": {"match": {"operation": "chunk", "part_number": 2}, "action": "reset", "at_byte": 99999},
    "last request cut": {"match": {"operation": "chunk", "part_number": 3}, "action": "reset", "at_byte": 3},
    "node in trouble": {"match": {"operation": "chunk", "part_number": 2}, "action": "status", "code": 502},
    "trouble in words": {"match": {"operation": "chunk"}, "action": "error", "code": "500", "times": 2},
    "answer cut": {"match": {"operation": "chunk", "part_number": 2}, "action": "truncate_reply", "at_byte": 200},
    "lookup fails": {"match": {"operation": "lbs"}, "action": "status", "code": 503, "times": 2},
    "nonsense lookup": {"match": {"operation": "lbs"}, "action": "status", "code": 200, "body": "<html>"},
    "token expires": {"match": {"operation": "chunk", "part_number": 2}, "action": "expire_token"},
    "context lost": {"match": {"operation": "chunk", "part_number": 2}, "action": "status", "code": 404},
    "throttled": {"match": {"operation": "upload/init"}, "action": "throttle"},
    "init lost": {"match": {"operation": "upload/init"}, "action": "drop_reply"},
    "takeover failed": {"match": {"operation": "chunk", "part_number": 3}, "action": "status", "code": 520},
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_upload_survives(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any, media_file: Callable[..., Path], name: str
) -> None:
    size = 2 * MIB + 7_777
    vodfast_emulator.set_faults([FAULTS[name]])
    with Client("netease", config=config_for(part_size=MIB)) as client:
        result = client.upload(media_file(size))
    (held,) = the_media(vodfast_emulator)["objects"]
    assert held["sha256"] == hashlib.sha256(content(size)).hexdigest()
    assert result.media_id == the_media(vodfast_emulator)["media_id"]
    assert vodfast_emulator.meter()["media_created"] == 1


def test_a_dead_node_is_replaced_by_the_next(
    netease: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.set_faults([FAULTS["node in trouble"]])
    netease.upload(media_file(2 * CHUNK + 1))
    hosts = [record["host"] for record in vodfast_emulator.history() if record["operation"] in ("chunk", "offset")]
    assert hosts == ["nosup-hz1.127.net"] * 2 + ["nosup-hz2.127.net"] * 3


def test_a_lookup_host_that_fails_is_replaced_by_the_next(netease: Client, vodfast_emulator: Any) -> None:
    vodfast_emulator.set_faults([FAULTS["lookup fails"]])
    netease.upload(b"x", name="clip.mp4")
    hosts = [record["host"] for record in vodfast_emulator.history() if record["operation"] == "lbs"]
    assert hosts == ["wanproxy.127.net", "wanproxy-hz.127.net", "wanproxy-bj.127.net"]


def test_one_media_even_if_nobody_can_say_so(netease: Client, vodfast_emulator: Any) -> None:
    vodfast_emulator.set_faults(
        [
            {"match": {"operation": "chunk"}, "action": "drop_reply"},
            {"match": {"operation": "video/query"}, "action": "error", "code": "710", "times": 0},
        ]
    )
    with pytest.raises(AmbiguousCommit):
        netease.upload(b"x", name="clip.mp4")
    assert vodfast_emulator.meter()["media_created"] == 1


def test_a_file_that_changes_makes_no_media(
    netease: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    path = media_file(2 * CHUNK)

    def grow(event: Any) -> None:
        if isinstance(event, Progress):
            with path.open("ab") as file:
                file.write(b"more")

    with pytest.raises(SourceChanged):
        netease.upload(path, events=grow)
    assert vodfast_emulator.meter()["media_created"] == 0


def test_wrong_keys_are_refused_and_a_fixed_node_needs_no_lookup(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any
) -> None:
    settings = {"node": "wanproxy-web.127.net"}
    with Client("netease", config=config_for(), settings=settings) as client:
        client.upload(b"x", name="clip.mp4")
        assert operations(vodfast_emulator) == ["upload/init", "chunk"]
    vodfast_emulator.settings(netease_freshness=300, netease_strict=True, netease_nonce_once=True, clock_offset=1e6)
    with Client("netease", config=config_for()) as client:
        with pytest.raises(VodfastError) as caught:
            client.upload(b"x", name="clip.mp4")
        assert caught.value.kind is ErrorKind.AUTH
        assert abs(client.check_clock() - 1e6) < 3
    vodfast_emulator.settings(clock_offset=0)
    with Client("netease", config=config_for()) as client:
        client.upload(b"x", name="clip.mp4")
        client.upload(b"x", name="clip.mp4")


def test_everything_is_https_by_default(vodfast_emulator: Any) -> None:
    config = TransferConfig(proxy=f"http://{vodfast_emulator.endpoint}", ca_bundle=vodfast_emulator.ca)
    with Client("netease", credentials=emulator_credentials("netease"), config=config) as client:
        client.upload(content(CHUNK + 9), name="clip.mp4")
    calls = [record for record in vodfast_emulator.history() if record["operation"]]
    assert [record["operation"] for record in calls] == ["upload/init", "lbs", "chunk", "chunk"]
    assert all(record["secure"] for record in calls)


def test_callbacks_and_tokens(netease: Client, vodfast_emulator: Any) -> None:
    netease.set_callback("http://127.0.0.1:9/up", sign_key="abc123")
    netease.set_callback("http://127.0.0.1:9/tr", event="transcode")
    netease.set_callback("http://127.0.0.1:9/mg", event="merge", sign_key="k")
    assert operations(vodfast_emulator) == ["upload/setcallback", "transcode/setcallback", "callback/setUrl"]
    assert '"xNosToken":"UPLOAD ' in netease.issue_token(name="clip.mp4", title="t")


class Announcing:
    """A transport that tells when the last chunk is on its way."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.last_sent = asyncio.Event()

    async def send(self, request: Request, _sent: object = None) -> Response:
        if "complete=true" in request.url:
            self.last_sent.set()
        return await self.inner.send(request)

    async def aclose(self) -> None:
        await self.inner.aclose()


@pytest.mark.parametrize("size", [CHUNK + 1, 0])
async def test_a_cancellation_waits_for_the_last_chunk_once_it_is_on_its_way(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any, size: int
) -> None:
    vodfast_emulator.set_faults(
        [{"match": {"operation": "chunk", "nth": 2 if size else 1}, "action": "delay", "seconds": 0.2}]
    )
    async with AsyncClient("netease", config=config_for()) as client:
        client._engine._transport = transport = Announcing(client._transport)
        upload = asyncio.create_task(client.upload(content(size), name="clip.mp4"))
        await transport.last_sent.wait()
        client.cancel()
        result = await upload
    assert (result.state, result.media_id) == ("done", the_media(vodfast_emulator)["media_id"])


async def test_a_cancelled_upload_whose_last_answer_never_comes_is_ambiguous(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any
) -> None:
    vodfast_emulator.set_faults([{"match": {"operation": "chunk"}, "action": "stall", "after_bytes": 1}])
    async with AsyncClient("netease", config=config_for(settle_seconds=0.2)) as client:
        client._engine._transport = transport = Announcing(client._transport)
        upload = asyncio.create_task(client.upload(b"xyz", name="clip.mp4"))
        await transport.last_sent.wait()
        client.cancel()
        with pytest.raises(AmbiguousCommit):
            await upload


async def test_a_cancellation_before_the_last_chunk_makes_no_media(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any
) -> None:
    async with AsyncClient("netease", config=config_for()) as client:

        def stop(event: Any) -> None:
            if isinstance(event, Progress):
                client.cancel()

        with pytest.raises(Cancelled):
            await client.upload(content(CHUNK + 1), name="clip.mp4", events=stop)
    assert operations(vodfast_emulator) == ["upload/init", "lbs", "chunk"]
    assert vodfast_emulator.meter()["media_created"] == 0
