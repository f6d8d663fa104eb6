"""Buckets of an object store: objects, open multipart uploads, and the media items they belong to.

Decides what becomes of bytes when an object is stored, replaced or removed and an upload opened, finished or aborted.
Leaves requests and answers to the store's service, and what a stored object means to each cloud.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal, Protocol

from vodfast.emulator.blobs import Blob, Content
from vodfast.emulator.media import MediaItem

if TYPE_CHECKING:
    from vodfast.emulator.world import World


Kind = Literal["Normal", "Multipart", "Appendable"]
"""How an object was put there."""


class Upload:
    """An open multipart upload. `parts` maps part numbers to content; times are Unix seconds."""

    __slots__ = ("content_type", "etags", "key", "parts", "started", "times")

    def __init__(self, key: str, started: float, content_type: str | None) -> None:
        self.key = key
        self.started = started
        self.content_type = content_type
        self.parts: dict[int, Content] = {}
        self.etags: dict[int, str] = {}
        self.times: dict[int, float] = {}

    def keep(self, number: int, content: Content, etag: str, now: float) -> None:
        """Take a part, in place of one of the same number."""
        if number in self.parts:
            self.parts[number].discard()
        self.parts[number] = content
        self.etags[number] = etag
        self.times[number] = now

    def discard(self) -> None:
        """Free every part."""
        for part in self.parts.values():
            part.discard()


class StoredObject:
    """One object of a bucket. `stored` is Unix seconds."""

    __slots__ = ("content", "content_type", "etag", "kind", "stored")

    def __init__(self, content: Content, etag: str, stored: float, content_type: str | None, kind: Kind) -> None:
        self.content = content
        self.etag = etag
        self.stored = stored
        self.content_type = content_type
        self.kind = kind


class Bucket:
    """One bucket: its objects by key and open uploads by upload id."""

    __slots__ = ("name", "objects", "region", "uploads")

    def __init__(self, name: str, region: str) -> None:
        self.name = name
        self.region = region
        self.objects: dict[str, StoredObject] = {}
        self.uploads: dict[str, Upload] = {}

    def remove(self, key: str) -> None:
        """Free an object, if it is there."""
        old = self.objects.pop(key, None)
        if old is not None:
            old.content.discard()

    def clear(self) -> None:
        """Free everything."""
        for stored in self.objects.values():
            stored.content.discard()
        for upload in self.uploads.values():
            upload.discard()
        self.objects.clear()
        self.uploads.clear()


class Owner(Protocol):
    """What an object belongs to."""

    @property
    def item(self) -> MediaItem: ...


class BucketHolder(ABC):
    """Whose buckets these are."""

    world: World
    buckets: dict[str, Bucket]

    @abstractmethod
    def session_of(self, bucket: Bucket, key: str) -> Owner | None:
        """What an object with this key belongs to."""

    def _item(self, bucket: Bucket, key: str) -> MediaItem | None:
        session = self.session_of(bucket, key)
        return session.item if session is not None else None

    def store(
        self,
        bucket: Bucket,
        key: str,
        content: Content,
        etag: str,
        content_type: str | None,
        *,
        kind: Kind = "Normal",
    ) -> None:
        """Put an object in place of whatever was there."""
        bucket.remove(key)
        bucket.objects[key] = StoredObject(content, etag, self.world.now(), content_type, kind)
        self.world.history.count("objects_stored")
        item = self._item(bucket, key)
        if item is not None:
            item.objects[key] = content
            self._stored(bucket, key)

    def append(self, bucket: Bucket, key: str, blob: Blob, etag: str) -> StoredObject:
        """Put bytes behind those of an object; that object from now on."""
        stored = bucket.objects[key]
        stored.content, stored.etag, stored.stored = Content((*stored.content.blobs, blob)), etag, self.world.now()
        item = self._item(bucket, key)
        if item is not None:
            item.objects[key] = stored.content
        return stored

    @abstractmethod
    def _stored(self, bucket: Bucket, key: str) -> None:
        """What else it means that an object of a session is there."""

    def remove(self, bucket: Bucket, key: str) -> None:
        """Delete an object, if it is there."""
        bucket.remove(key)
        item = self._item(bucket, key)
        if item is not None:
            item.objects.pop(key, None)

    def start_upload(self, bucket: Bucket, upload_id: str, key: str, content_type: str | None) -> None:
        """Open a multipart upload."""
        bucket.uploads[upload_id] = Upload(key, self.world.now(), content_type)
        item = self._item(bucket, key)
        if item is not None:
            item.open_uploads += 1

    def finish_upload(self, bucket: Bucket, upload_id: str, content: Content, etag: str) -> None:
        """The upload becomes an object."""
        upload = bucket.uploads.pop(upload_id)
        item = self._item(bucket, upload.key)
        if item is not None:
            item.open_uploads -= 1
        self.store(bucket, upload.key, content, etag, upload.content_type, kind="Multipart")

    def abort_upload(self, bucket: Bucket, upload_id: str) -> None:
        """The upload is gone, with its parts."""
        upload = bucket.uploads.pop(upload_id)
        upload.discard()
        item = self._item(bucket, upload.key)
        if item is not None:
            item.open_uploads -= 1
            item.aborted_uploads += 1
