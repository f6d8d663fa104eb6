"""The registry of media items, whichever cloud they belong to.

Decides the states an item can be in and what the control API shows of it. Leaves to each service when a state
changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vodfast.emulator.blobs import Content


class MediaItem:
    """One media item since it was applied for.

    `state` is `applied`, `committed` (a real cloud would show the media) or `aborted` (it had multipart uploads, all
    were aborted, and no object is left). `objects` maps keys to what is stored now. `asked` holds what the service was
    told of it, in the cloud's own words.
    """

    __slots__ = ("aborted_uploads", "asked", "cloud", "committed", "media_id", "name", "objects", "open_uploads")

    def __init__(self, cloud: str, media_id: str, name: str, asked: Mapping[str, Any]) -> None:
        self.cloud = cloud
        self.media_id = media_id
        self.name = name
        self.asked = dict(asked)
        self.committed = False
        self.open_uploads = 0
        self.aborted_uploads = 0
        self.objects: dict[str, Content] = {}

    @property
    def state(self) -> str:
        if self.committed:
            return "committed"
        if self.aborted_uploads and not self.open_uploads and not self.objects:
            return "aborted"
        return "applied"

    def describe(self) -> dict[str, Any]:
        """As the control API shows it. Computes SHA-256 of objects not asked for before: reads their bytes."""
        return {
            "cloud": self.cloud,
            "media_id": self.media_id,
            "name": self.name,
            "state": self.state,
            "open_uploads": self.open_uploads,
            "asked": self.asked,
            "objects": [
                {"key": key, "size": content.size, "sha256": content.sha256(), "crc64": str(content.crc64)}
                for key, content in self.objects.items()
            ],
        }
