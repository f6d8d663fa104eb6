"""Where a vendor's own client goes wrong and any cloud's could: vodfast does not, on any cloud that applies.

What only one cloud can show stands in its own tests; `docs/weaknesses.md` lists them all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import Cloud
from tests.oracle import called
from vodfast import Client, TransferConfig
from vodfast.compat.voduploadsdk.web_source import NotFetched, opened
from vodfast.providers import aliyun

STORING = {"volcengine": "DirectUpload", "netease": "chunk"}
JOINING = {"volcengine": "MergeParts"}
HOSTS = {
    "volcengine": (".volcengineapi.com", ".volcvod.com"),
    "aliyun": (".aliyuncs.com",),
    "tencent": (".tencentcloudapi.com", ".myqcloud.com"),
    "netease": (".163.com", ".163yun.com", ".127.net"),
}


def test_a_store_that_falls_silent_does_not_hang_an_upload(
    open_client: Callable[..., Any], judge: Callable[..., None], vodfast_emulator: Any, cloud: Cloud
) -> None:
    """Of two chunks on NetEase, because after the last one the service is asked for a while what became of it."""
    operation = STORING.get(cloud.name, "PutObject")
    data = bytes(cloud.part + 1) if cloud.name == "netease" else b"12345"
    vodfast_emulator.set_faults([{"action": "stall", "match": {"operation": operation}}])
    with open_client(stall_timeout=1.0) as client:
        judge(client.upload(data, name="clip.mp4"), data)
    assert len(called(vodfast_emulator, operation)) == (3 if cloud.name == "netease" else 2)


def test_a_store_that_takes_its_time_over_the_whole_object_is_not_asked_twice(
    open_client: Callable[..., Any], judge: Callable[..., None], vodfast_emulator: Any, cloud: Cloud
) -> None:
    """Joining parts may take minutes in which no byte moves. NetEase joins nothing: its last chunk ends the object."""
    operation = JOINING.get(cloud.name, "CompleteMultipartUpload" if cloud.name != "netease" else "video/query")
    vodfast_emulator.settings(netease_callback="silent")
    vodfast_emulator.set_faults([{"action": "delay", "seconds": 2.0, "match": {"operation": operation}}])
    data = bytes(2 * cloud.part)
    with open_client(stall_timeout=1.0) as client:
        judge(client.upload(data, name="clip.mp4"), data)
    assert len(called(vodfast_emulator, operation)) == 1


def test_nobody_else_is_told_of_an_upload_and_no_path_leaves_the_machine(
    cloud: Cloud, cloud_client: Client, vodfast_emulator: Any, tmp_path: Path
) -> None:
    path = tmp_path / "private folder" / "clip.mp4"
    path.parent.mkdir()
    path.write_bytes(b"12345")
    assert cloud_client.upload(path).state == "done"
    hosts = {record["host"] for record in vodfast_emulator.history()}
    assert {host for host in hosts if not host.endswith(HOSTS[cloud.name])} == set()
    told = json.dumps([vodfast_emulator.history(), vodfast_emulator.media()])
    assert "private" not in told
    assert tmp_path.name not in told


def test_one_kind_of_result_for_every_kind_of_upload(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any
) -> None:
    with Client("aliyun", config=config_for()) as client:
        results = [
            client.upload(b"a", name="a.mp4"),
            client.upload(b"b", name="b.png", kind="image", options=aliyun.UploadOptions(image_type="cover")),
            client.upload(b"c", name="c.gif", kind="watermark"),
            client.upload(Path(__file__).parents[1] / "media" / "hls" / "master.m3u8"),
        ]
    assert {type(result) for result in results} == {type(results[0])}
    assert {result.media_id for result in results} == {item["media_id"] for item in vodfast_emulator.media()}


def test_a_file_of_the_web_comes_from_a_server_somebody_vouches_for(
    vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://{vodfast_emulator.endpoint}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")
    with (
        pytest.raises(NotFetched, match="CERTIFICATE_VERIFY_FAILED"),
        opened("https://vod.cn-shanghai.aliyuncs.com/a.mp4"),
    ):
        pass
    assert vodfast_emulator.history() == []
