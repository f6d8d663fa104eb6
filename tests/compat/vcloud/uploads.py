"""What tests of NetEase's stand-in share: the emulator's keys, uploads that break off, and the records they leave."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.netease_client import NeteaseClient, Upload
from vodfast.compat import vcloud
from vodfast.compat.vcloud import config

KEY = "vodfast-emulator-netease"
SECRET = f"{KEY}-secret"
BLOCK = 4 << 20
BODY = {"originFileName": "beauty.mp4"}


def failing(emulator: Any, **match: Any) -> None:
    """From the next such request on the service is down."""
    rule = {"match": {"operation": "chunk", **match}, "action": "status", "code": 503, "times": 0}
    emulator.set_faults([rule, {"match": {"operation": "offset"}, "action": "status", "code": 503, "times": 0}])


def record_path(folder: Path, path: Path) -> Path:
    """As the original names it."""
    return folder / base64.b64encode(f"{os.path.getmtime(path)}/{path.name}".encode()).decode()


def broken_off(
    client: vcloud.Client, emulator: Any, monkeypatch: pytest.MonkeyPatch, path: Path, *, part: int = 2
) -> None:
    """An upload that failed at a part."""
    monkeypatch.setattr(config, "CONNECTION_RETRIES", 0)
    failing(emulator, part_number=part)
    assert client.upload_file(BODY, str(path)) is None
    emulator.set_faults([])


def chunks_of_the_original(emulator: Any, init: vcloud.UploadInit, data: bytes) -> str:
    sender, upload = NeteaseClient(emulator.endpoint), Upload(init.bucket, init.objectName, init.xNosToken)
    for start in range(0, len(data), BLOCK):
        sender.put(upload, start, data[start : start + BLOCK])
    return upload.context
