"""The environment without keys, and a client with the emulator's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compat.aliyunsdk.calls import KEYS
from vodfast.compat.aliyunsdkcore.client import AcsClient


@pytest.fixture(autouse=True)
def _no_keys(emulated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALIYUN_ACCESS_KEY_ID", "ALIYUN_ACCESS_KEY_SECRET"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def client() -> AcsClient:
    return AcsClient(*KEYS, "cn-shanghai", auto_retry=True, max_retry_time=3, timeout=30)
