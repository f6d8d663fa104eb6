"""Everything one emulator knows: settings, clock, blobs, history, fault plan and the clouds.

Decides who holds what, and what `reset` clears. Lives on the server's loop; nothing here is thread-safe by itself.
"""

from __future__ import annotations

import time
import uuid
from email.utils import formatdate

from vodfast.emulator.aliyun import AliyunCloud
from vodfast.emulator.blobs import BlobStore
from vodfast.emulator.deliveries import Deliveries
from vodfast.emulator.faults import Faults
from vodfast.emulator.history import History
from vodfast.emulator.media import MediaItem
from vodfast.emulator.netease import NeteaseCloud
from vodfast.emulator.service import Cloud
from vodfast.emulator.settings import Settings
from vodfast.emulator.tencent import TencentCloud
from vodfast.emulator.volcengine import VolcengineCloud


class World:
    """The state behind all connections."""

    def __init__(self, settings: Settings) -> None:
        self.blobs = BlobStore()
        self.history = History()
        self.deliveries = Deliveries()
        self.media: list[MediaItem] = []
        self.settings = settings
        self.clouds: tuple[Cloud, ...] = (
            VolcengineCloud(self),
            NeteaseCloud(self),  # ahead of Aliyun, where one of its buckets lies
            AliyunCloud(self),
            TencentCloud(self),
        )
        self.faults = Faults(
            {
                cloud.name: frozenset().union(*(service.operations for service in cloud.services))
                for cloud in self.clouds
            }
        )
        self.generation = 0
        """Grows with every reset; stalled connections of an older generation end."""
        self.instance = uuid.uuid4().hex
        """Tells these clouds from any others, those before a reset included: their media are not the same."""
        self._date = (0, "")
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Put other settings in force."""
        callers_changed = settings.callers != self.settings.callers
        self.settings = settings
        self.blobs.retain = settings.retain
        self.blobs.md5 = settings.etag == "md5"
        for cloud in self.clouds:
            cloud.configure(callers_changed)

    def now(self) -> float:
        """The server's clock, Unix seconds."""
        return time.time() + self.settings.clock_offset

    def date(self) -> str:
        """The server's clock for the Date header."""
        second = int(self.now())
        if self._date[0] != second:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]

    def reset(self) -> None:
        """Forget media, objects, sessions, issued certificates, jobs, faults and history. Settings stay."""
        for item in self.media:
            for content in item.objects.values():
                content.discard()
        self.media.clear()
        self.history = History()
        self.deliveries = Deliveries()
        self.faults.clear()
        for cloud in self.clouds:
            cloud.clear()
        self.generation += 1
        self.instance = uuid.uuid4().hex

    def close(self) -> None:
        self.blobs.close()
