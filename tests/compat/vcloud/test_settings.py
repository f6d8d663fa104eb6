"""`vcloud.config`: what scripts assign there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.compat.vcloud.uploads import (
    BLOCK,
    KEY,
    SECRET,
)
from vodfast.compat import vcloud
from vodfast.compat.vcloud import config
from vodfast.compat.vcloud.http import Account, connected
from vodfast.config import TransferConfig


def test_settings_are_read_at_the_moment_of_the_call(
    client: vcloud.Client, vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "VCLOUD_API_HOST", "http://vcloud.yunxinapi.com")
    monkeypatch.setattr(config, "WANPROXY_HOST", "https://wanproxy-bj.127.net")
    client.query_id({"objectNames": ["a.mp4"]})
    client.get_upload_host()
    assert [record["host"] for record in vodfast_emulator.history()] == ["vcloud.yunxinapi.com", "wanproxy-bj.127.net"]
    monkeypatch.delenv("VODFAST_EMULATOR")
    monkeypatch.setattr(config, "VCLOUD_API_HOST", f"http://{vodfast_emulator.endpoint}")
    assert client.query_id({"objectNames": ["a.mp4"]}) is None
    for wrong in ("http://[::1", "http://", "https://a b/", "https://gateway.example/vcloud"):
        monkeypatch.setattr(config, "VCLOUD_API_HOST", wrong)
        assert client.query_id({"objectNames": ["a.mp4"]}) == "请求异常"


def test_the_other_settings_shape_the_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    def transfer() -> TransferConfig:
        with connected(Account(KEY, SECRET)) as opened:
            return opened._client.config

    assert (transfer().part_size, transfer().max_connections, transfer().attempts) == (BLOCK, 10, 4)
    monkeypatch.setattr(config, "_BLOCK_SIZE", 1 << 30)
    monkeypatch.setattr(config, "POOL_CONNECTIONS", 0)
    monkeypatch.setattr(config, "CONNECTION_RETRIES", 0)
    monkeypatch.setattr(config, "CONNECTION_TIMEOUT", 7)
    assert (transfer().part_size, transfer().max_connections, transfer().attempts) == (BLOCK, 1, 1)
    assert transfer().connect_timeout == 7.0


@pytest.mark.parametrize(("timeout", "seconds"), [(None, TransferConfig().connect_timeout), ((3, 30), 3.0), (0.5, 0.5)])
def test_settings_may_be_whatever_requests_takes(
    monkeypatch: pytest.MonkeyPatch, timeout: object, seconds: float
) -> None:
    monkeypatch.setattr(config, "CONNECTION_TIMEOUT", timeout)
    monkeypatch.setattr(config, "CONNECTION_RETRIES", SimpleNamespace(total=2))  # as of a `urllib3.Retry`
    with connected(Account(KEY, SECRET)) as opened:
        assert (opened._client.config.connect_timeout, opened._client.config.attempts) == (seconds, 3)
