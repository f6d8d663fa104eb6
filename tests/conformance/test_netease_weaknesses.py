"""Where the vendor's own client goes wrong, vodfast must not: each case here made that client lose or damage media.

What is shown elsewhere: sizes that are multiples of a chunk and empty files, lost answers, tokens that expire, https
by default and batches in `test_netease.py`; names that need escaping in `tests/unit/netease/test_nos_store.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import content
from tests.oracle import called, the_media
from vodfast import Client, TransferConfig
from vodfast.config import MIB
from vodfast.errors import AuthError, ErrorKind, VodfastError

SIZE = 2 * MIB + 7_777


@pytest.fixture
def client(config_for: Callable[..., TransferConfig]) -> Iterator[Client]:
    with Client("netease", config=config_for(part_size=MIB)) as opened:
        yield opened


def arrives(client: Client, emulator: Any, path: Path) -> None:
    result = client.upload(path)
    item = the_media(emulator)
    assert item["objects"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert result.media_id == item["media_id"]
    assert emulator.meter()["media_created"] == 1


@pytest.mark.parametrize("body", ['{"requestId":"r","errMsg":"busy"}', "<html>Bad Gateway</html>", ""])
@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_refused_chunk_leaves_no_hole_whatever_the_refusal_looks_like(
    client: Client, vodfast_emulator: Any, media_file: Callable[..., Path], body: str, part: int
) -> None:
    match = {"operation": "chunk", "part_number": part}
    vodfast_emulator.set_faults([{"match": match, "action": "status", "code": 503, "body": body}])
    arrives(client, vodfast_emulator, media_file(SIZE))
    assert called(vodfast_emulator, "chunk")[part - 1]["fault"]


def test_bytes_a_node_did_not_keep_are_sent_again(
    client: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.settings(netease_takes=700_001)
    arrives(client, vodfast_emulator, media_file(SIZE))
    offsets = [record["path"].partition("offset=")[2].partition("&")[0] for record in called(vodfast_emulator, "chunk")]
    assert [int(offset) for offset in offsets] == [0, 700_001, 1_400_002, 2_100_003]


def test_bytes_of_a_stream_that_a_node_did_not_keep_are_sent_again(client: Client, vodfast_emulator: Any) -> None:
    vodfast_emulator.settings(netease_takes=700_001)
    data = content(SIZE)
    client.upload((data[start : start + 100_000] for start in range(0, SIZE, 100_000)), name="live.mp4")
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_context_the_server_forgot_is_not_used_again(
    client: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.set_faults(
        [
            {"match": {"operation": "chunk", "part_number": 2}, "action": "status", "code": 503},
            {"match": {"operation": "offset"}, "action": "status", "code": 404},
        ]
    )
    arrives(client, vodfast_emulator, media_file(SIZE))
    paths = [record["path"] for record in called(vodfast_emulator, "chunk")]
    assert ["context=" in path for path in paths] == [False, True, False, True, True]
    assert "offset=0&" in paths[2]


def test_a_token_refused_when_the_offset_is_asked_leads_to_a_new_upload(
    client: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.set_faults(
        [
            {"match": {"operation": "chunk", "part_number": 2}, "action": "status", "code": 503},
            {"match": {"operation": "offset"}, "action": "expire_token"},
        ]
    )
    arrives(client, vodfast_emulator, media_file(SIZE))
    assert len(called(vodfast_emulator, "upload/init")) == 2


def test_a_dead_token_is_used_by_no_later_upload(
    client: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    path = media_file(SIZE)
    dead = {"match": {"operation": "chunk"}, "action": "expire_token", "times": 2}
    vodfast_emulator.set_faults([dead])
    with pytest.raises(VodfastError) as caught:
        client.upload(path)
    assert caught.value.kind is ErrorKind.SESSION_EXPIRED
    arrives(client, vodfast_emulator, path)


def test_one_node_is_enough(client: Client, vodfast_emulator: Any, media_file: Callable[..., Path]) -> None:
    vodfast_emulator.settings(netease_nodes=["nosup-hz1.127.net"])
    vodfast_emulator.set_faults([{"match": {"operation": "chunk"}, "action": "status", "code": 502, "times": 2}])
    arrives(client, vodfast_emulator, media_file(SIZE))
    assert {record["host"] for record in called(vodfast_emulator, "chunk")} == {"nosup-hz1.127.net"}


def test_a_node_that_failed_is_not_tried_again_for_every_chunk(
    client: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.set_faults([{"match": {"operation": "chunk"}, "action": "status", "code": 502}])
    path = media_file(SIZE)
    arrives(client, vodfast_emulator, path)
    client.upload(path, force_new=True)
    hosts = [record["host"] for record in called(vodfast_emulator, "chunk")]
    assert hosts == ["nosup-hz1.127.net"] + ["nosup-hz2.127.net"] * 6
    assert len(called(vodfast_emulator, "lbs")) == 1


@pytest.mark.parametrize("status", [404, 400])
def test_a_last_chunk_that_was_sent_twice_costs_no_second_upload(
    client: Client, vodfast_emulator: Any, media_file: Callable[..., Path], status: int
) -> None:
    vodfast_emulator.set_faults(
        [
            {"match": {"operation": "chunk", "nth": 3}, "action": "drop_reply"},
            {"match": {"operation": "chunk", "nth": 4}, "action": "status", "code": status},
        ]
    )
    arrives(client, vodfast_emulator, media_file(SIZE))
    assert sum(record["bytes"] for record in called(vodfast_emulator, "chunk")) <= SIZE + 2 * 7_777
    assert len(called(vodfast_emulator, "video/query")) == 1


def test_every_call_has_a_nonce_and_a_time_of_its_own(client: Client, vodfast_emulator: Any) -> None:
    vodfast_emulator.settings(netease_nonce_once=True, netease_freshness=300, netease_callback="silent")
    for _ in range(2):
        client.upload(b"x", name="clip.mp4")
    assert vodfast_emulator.meter()["media_created"] == 2


def test_a_failed_init_ends_the_upload_before_anything_else_is_asked(client: Client, vodfast_emulator: Any) -> None:
    vodfast_emulator.set_faults([{"match": {"operation": "upload/init"}, "action": "error", "code": "710"}])
    with pytest.raises(AuthError):
        client.upload(b"x", name="clip.mp4")
    assert [record["operation"] for record in vodfast_emulator.history()] == ["upload/init"]


def test_nothing_found_is_an_answer_and_no_crash(client: Client) -> None:
    (found,) = client.media(["none.mp4"])
    assert not found.found


def test_every_name_of_a_lookup_is_answered_in_order(client: Client, vodfast_emulator: Any) -> None:
    names = [str(client.upload(data, name="clip.mp4").url).rpartition("/")[2] for data in (b"a", b"b", b"c")]
    ids = {item["objects"][0]["key"]: item["media_id"] for item in vodfast_emulator.media()}
    asked = [names[2], "none.mp4", names[0], names[1]]
    found = client.media(asked)
    assert [one.found for one in found] == [True, False, True, True]
    assert [one.media_id for one in found if one.found] == [ids[name] for name in asked if name in ids]


def test_files_of_the_same_name_and_time_are_different_uploads(
    client: Client, vodfast_emulator: Any, tmp_path: Path
) -> None:
    paths = [tmp_path / folder / "clip.mp4" for folder in ("a", "b")]
    for number, path in enumerate(paths):
        path.parent.mkdir()
        path.write_bytes(bytes([number]) * SIZE)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    vodfast_emulator.set_faults([{"match": {"operation": "chunk", "part_number": 2}, "action": "status", "code": 400}])
    with pytest.raises(VodfastError):
        client.upload(paths[0])
    arrives(client, vodfast_emulator, paths[1])


def test_clients_with_different_settings_live_side_by_side(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any
) -> None:
    with (
        Client("netease", config=config_for(), settings={"endpoint": "vcloud.yunxinapi.com"}) as one,
        Client("netease", config=config_for(), settings={"node": "wanproxy-web.127.net", "https": False}) as other,
    ):
        one.upload(b"x", name="clip.mp4")
        other.upload(b"x", name="clip.mp4")
        one.upload(b"x", name="clip.mp4")
    hosts = [record["host"] for record in called(vodfast_emulator, "upload/init")]
    assert hosts == ["vcloud.yunxinapi.com", "vcloud.163.com", "vcloud.yunxinapi.com"]
    assert len(called(vodfast_emulator, "lbs")) == 1


def test_neither_token_nor_secret_is_shown_when_an_upload_fails(client: Client, vodfast_emulator: Any) -> None:
    vodfast_emulator.set_faults([{"match": {"operation": "chunk"}, "action": "status", "code": 400, "times": 0}])
    token = json.loads(client.issue_token(name="clip.mp4"))["xNosToken"]
    with pytest.raises(VodfastError) as caught:
        client.upload(b"x", name="clip.mp4")
    shown = f"{caught.value} {caught.value!r} {caught.value.context}"
    assert "UPLOAD " not in shown
    assert token.split(":")[0].removeprefix("UPLOAD ") not in shown
