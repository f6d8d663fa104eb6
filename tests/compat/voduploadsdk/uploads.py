"""What tests of Alibaba's upload stand-in share: the emulator's keys, an uploader that keeps its progress, and what the
emulator holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vodfast.compat.voduploadsdk.AliyunVodUploader import AliyunVodUploader

MIB = 1024 * 1024
KEYS = ("vodfast-emulator-aliyun", "vodfast-emulator-aliyun-secret")
Make = Callable[[str, int], Path]


class Watched(AliyunVodUploader):
    def __init__(self, *keys: str) -> None:
        super().__init__(*(keys or KEYS))
        self.progress: list[tuple[int, int | None]] = []

    def uploadProgressCallback(self, consumedBytes: int, totalBytes: int | None) -> None:
        self.progress.append((consumedBytes, totalBytes))


def holds(emulator: Any, media_id: str, *files: Path) -> dict[str, Any]:
    (media,) = [media for media in emulator.media() if media["media_id"] == media_id]
    stored = sorted(item["sha256"] for item in media["objects"])
    assert stored == sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
    assert (media["state"], media["open_uploads"]) == ("committed", 0)
    found: dict[str, Any] = media
    return found
