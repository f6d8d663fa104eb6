"""The Tencent account: keys, buckets, upload sessions, and which host belongs to which service.

Decides names and scopes of what both services share. Leaves the VOD API to `vod.py` and the object store to `cos.py`.
"""

from __future__ import annotations

import functools
import re
import secrets
import zlib
from typing import TYPE_CHECKING, Any

from vodfast.emulator.accounts import Account, Accounts
from vodfast.emulator.buckets import Bucket, BucketHolder
from vodfast.emulator.media import MediaItem
from vodfast.emulator.messages import Request
from vodfast.emulator.service import Service
from vodfast.emulator.tencent.cos import Cos, place
from vodfast.emulator.tencent.events import Events
from vodfast.emulator.tencent.jobs import Jobs
from vodfast.emulator.tencent.ugc import HOST as UGC_HOST
from vodfast.emulator.tencent.ugc import Ugc
from vodfast.emulator.tencent.vod import Vod

if TYPE_CHECKING:
    from vodfast.emulator.world import World

APP_ID = 1250000000

_API_HOST = re.compile(r"vod(\.[a-z0-9-]+)?\.tencentcloudapi\.com")


class Session:
    """What one ApplyUpload opened. Keys have no leading slash; `fields` are the call's parameters."""

    __slots__ = (
        "account",
        "bucket",
        "cover_key",
        "created",
        "fields",
        "item",
        "key",
        "keys",
        "media_key",
        "sub_app",
    )

    def __init__(
        self, key: str, item: MediaItem, bucket: Bucket, media_key: str, cover_key: str | None, fields: dict[str, Any]
    ) -> None:
        self.key = key
        self.item = item
        self.bucket = bucket
        self.media_key = media_key
        self.cover_key = cover_key
        self.fields = fields
        self.sub_app: int | None = fields.get("SubAppId")
        self.keys = (media_key,) if cover_key is None else (media_key, cover_key)
        self.created = 0.0
        self.account: Account | None = None


class TencentCloud(BucketHolder):
    """Both services and what they share."""

    name = "tencent"

    def __init__(self, world: World) -> None:
        self.world = world
        self.accounts = Accounts(self.name)
        self.buckets: dict[str, Bucket] = {}
        self.sessions: dict[str, Session] = {}
        self.files: dict[str, Session] = {}
        self._by_directory: dict[str, Session] = {}
        self.jobs = Jobs(self)
        self.events = Events(self)
        self.vod = Vod(self)
        self.cos = Cos(self)
        self.ugc = Ugc(self, self.vod.actions)
        self.services: tuple[Service, ...] = (self.vod, self.cos, self.ugc)

    def configure(self, callers_changed: bool) -> None:
        """Settings have changed."""
        if callers_changed:
            self.accounts.configure(self.world.settings.callers)
        for region in self.world.settings.storage_regions:
            self.bucket_in(region)

    def credential_variables(self) -> dict[str, str]:
        """The vendor's own variables, with the emulator's permanent key."""
        account = self.accounts.permanent
        return {"TENCENTCLOUD_SECRET_ID": account.access_key, "TENCENTCLOUD_SECRET_KEY": account.secret}

    def clear(self) -> None:
        """Forget everything but settings."""
        for bucket in self.buckets.values():
            bucket.clear()
        for shared in (self.buckets, self.sessions, self.files, self._by_directory):
            shared.clear()
        self.jobs.clear()
        self.events.clear()
        self.ugc.clear()
        self.accounts.configure(self.world.settings.callers)
        self.configure(False)

    def bucket_in(self, region: str) -> Bucket:
        """The account's VOD bucket in a storage region."""
        name = _bucket_name(region)
        if name not in self.buckets:
            self.buckets[name] = Bucket(name, region)
        return self.buckets[name]

    def at(self, host: str) -> Service | None:
        """The service with a vendor host name."""
        if _API_HOST.fullmatch(host):
            return self.vod
        if host == UGC_HOST:
            return self.ugc
        return self.cos if place(host) is not None else None

    def recognise(self, request: Request) -> Service | None:
        """The service meant by a request to a loopback address: API clients may have their endpoint set to one."""
        if request.header("x-tc-action") is not None or "Action=" in request.query:
            return self.vod
        kind = request.header("content-type") or ""
        if request.method == "POST" and request.path == b"/" and kind.startswith("application/x-www-form-urlencoded"):
            return self.vod
        return None

    def open_session(self, fields: dict[str, Any], media_type: str, cover_type: str | None, bucket: Bucket) -> Session:
        """A new session with its own directory, certificate and registered media item."""
        world = self.world
        file_id = str(secrets.randbelow(9 * 10**17) + 10**18)
        zone = bucket.name.removesuffix(f"-{APP_ID}")
        path = fields.get("MediaStoragePath")
        media_key = path[1:] if path else f"{zone}/{secrets.token_hex(4)}{file_id}/f0.{media_type}"
        cover_key = f"{zone}/{secrets.token_hex(4)}{file_id}/cover.{cover_type}" if cover_type else None
        if cover_key is not None and not path:
            cover_key = f"{media_key.rpartition('/')[0]}/cover.{cover_type}"
        item = MediaItem(self.name, file_id, fields.get("MediaName") or media_key.rpartition("/")[2], fields)
        key = secrets.token_urlsafe(32) + "="
        session = Session(key, item, bucket, media_key, cover_key, fields)
        session.created = world.now()
        self.sessions[key] = session
        for name in session.keys:
            # Sessions may share a directory of the caller's choosing, so the exact keys count first.
            self._by_directory[name] = session
            if "/" in name:
                self._by_directory.setdefault(name.rpartition("/")[0], session)
        world.media.append(item)
        return session

    def certify(self, session: Session) -> Account:
        """A temporary credential for the directories of the session's objects."""
        scope = tuple(name[: name.rfind("/") + 1] or name for name in session.keys)
        expires = int(self.world.now() + self.world.settings.token_lifetime)
        session.account = self.accounts.issue(expires, (session.bucket.name, scope))
        return session.account

    def session_of(self, _: Bucket, key: str) -> Session | None:
        """The session whose directory holds a key."""
        if key in self._by_directory:
            return self._by_directory[key]
        directory = key.rpartition("/")[0]
        while directory:
            session = self._by_directory.get(directory)
            if session is not None:
                return session
            directory = directory.rpartition("/")[0]
        return None

    def _stored(self, bucket: Bucket, key: str) -> None:
        """Nothing: CommitUpload makes the media."""

    def commit(self, session: Session) -> None:
        """The media of an upload exists from now on; committing again changes nothing."""
        if not session.item.committed:
            self.make(session)
            self.events.uploaded(session)

    def make(self, session: Session) -> None:
        """The media exists from now on."""
        session.item.committed = True
        self.files[session.item.media_id] = session
        self.world.history.count("media_created")
        self.world.history.count("commits")

    def basic_info(self, session: Session) -> dict[str, Any]:
        """What events and finished pulls say of a media item."""
        return {
            "Name": session.item.name,
            "MediaUrl": self.url(session.media_key),
            "CoverUrl": self.url(session.cover_key) if session.cover_key else "",
            "SourceInfo": {"SourceType": "Upload", "SourceContext": session.fields.get("SourceContext", "")},
        }

    def url(self, key: str) -> str:
        """Where the media would be played from."""
        return f"http://{APP_ID}.vod2.myqcloud.com/{key}"


@functools.lru_cache(maxsize=256)
def _bucket_name(region: str) -> str:
    zone = "".join(word[0] for word in region.split("-"))
    return f"{zlib.crc32(region.encode()):08x}vod{zone}{APP_ID}-{APP_ID}"
