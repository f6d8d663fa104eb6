"""The Alibaba account: keys, buckets, upload sessions, and which host belongs to which service.

Decides names and scopes of what both services share, and that a stored object is the commit of its session. Leaves
the VOD API to `vod.py` and the object store to `oss.py`.
"""

from __future__ import annotations

import functools
import re
import secrets
import zlib
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from vodfast.emulator.accounts import Account, Accounts, temporary
from vodfast.emulator.aliyun import parameters, sts
from vodfast.emulator.aliyun.actions import Actions
from vodfast.emulator.aliyun.events import Events
from vodfast.emulator.aliyun.jobs import Jobs
from vodfast.emulator.aliyun.oss import KeyHolder, Oss, place
from vodfast.emulator.aliyun.signatures import WINDOW
from vodfast.emulator.aliyun.vod import TELEMETRY, VERSION, Api
from vodfast.emulator.buckets import Bucket
from vodfast.emulator.media import MediaItem
from vodfast.emulator.messages import Request
from vodfast.emulator.service import Service

if TYPE_CHECKING:
    from vodfast.emulator.world import World

HOME_REGION = "cn-shanghai"

_NONCE_MEMORY = 2 * WINDOW
"""Seconds: a request that came twice after that is refused for its date."""
_TRANSCODING = ("UploadSucc", "Transcoding", "Normal")

_API_HOST = re.compile(r"vod(?:\.([a-z0-9-]+))?\.aliyuncs\.com")
_STS_HOST = re.compile(r"sts(?:\.[a-z0-9-]+)?\.aliyuncs\.com")


class Session:
    """One media record since its create call. `kind` is `video`, `image` or `attached`; `fields` are the parameters."""

    __slots__ = ("asked", "bucket", "created", "endpoint", "fields", "item", "key", "kind", "pulled")

    def __init__(
        self,
        kind: str,
        item: MediaItem,
        bucket: Bucket,
        key: str,
        endpoint: str,
        fields: dict[str, str],
        created: float,
    ) -> None:
        self.kind = kind
        self.item = item
        self.bucket = bucket
        self.key = key
        self.endpoint = endpoint
        self.fields = fields
        self.created = created
        self.pulled = False
        self.asked = 0

    @property
    def directory(self) -> str:
        """The key's, with its final slash: what the session's credential is good for."""
        return self.key[: self.key.rfind("/") + 1]

    @property
    def status(self) -> str:
        """The media state. A video stays uploaded unless a template group is to transcode it: then each question
        finds it one step on.
        """
        if not self.item.committed:
            return "Uploading"
        if self.kind != "video":
            return "Normal"
        if self.fields.get("TemplateGroupId") in (None, "", "VOD_NO_TRANSCODE"):
            return "UploadSucc"
        self.asked = min(self.asked + 1, len(_TRANSCODING))
        return _TRANSCODING[self.asked - 1]


class AliyunCloud(KeyHolder):
    """Both services and what they share."""

    name = "aliyun"

    def __init__(self, world: World) -> None:
        self.world = world
        self.accounts = Accounts(self.name)
        self.buckets: dict[str, Bucket] = {}
        self.sessions: dict[str, Session] = {}
        self.references: dict[str, Session] = {}
        self._certificates: dict[str, tuple[Account, Session]] = {}
        self._by_directory: dict[tuple[str, str], Session] = {}
        self._nonces: dict[tuple[str, str], float] = {}
        self.jobs = Jobs(self)
        self.events = Events(self)
        self.vod = Api(self, VERSION, parameters.OPERATIONS, Actions(self).perform, TELEMETRY)
        self.sts = Api(self, sts.VERSION, sts.OPERATIONS, lambda _, given, call: sts.perform(self, given, call))
        self.oss = Oss(self)
        self.services: tuple[Service, ...] = (self.vod, self.sts, self.oss)

    def configure(self, callers_changed: bool) -> None:
        """Settings have changed."""
        if callers_changed:
            self.accounts.configure(self.world.settings.callers)
        self.bucket_in(HOME_REGION)

    def credential_variables(self) -> dict[str, str]:
        """The vendor's own variables, with the emulator's permanent key."""
        account = self.accounts.permanent
        key, secret = account.access_key, account.secret
        return {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": secret,
            "ALIYUN_ACCESS_KEY_ID": key,
            "ALIYUN_ACCESS_KEY_SECRET": secret,
        }

    def clear(self) -> None:
        """Forget everything but settings."""
        for bucket in self.buckets.values():
            bucket.clear()
        for shared in (self.buckets, self.sessions, self.references):
            shared.clear()
        self._certificates.clear()
        self._by_directory.clear()
        self._nonces.clear()
        self.jobs.clear()
        self.events.clear()
        self.accounts.configure(self.world.settings.callers)
        self.configure(False)

    def bucket_in(self, region: str) -> Bucket:
        """The account's VOD bucket of a region."""
        name = _bucket_name(region)
        if name not in self.buckets:
            self.buckets[name] = Bucket(name, region)
        return self.buckets[name]

    def at(self, host: str) -> Service | None:
        """The service with a vendor host name."""
        if _API_HOST.fullmatch(host):
            return self.vod
        if _STS_HOST.fullmatch(host):
            return self.sts
        return self.oss if place(host) is not None else None

    def region_of(self, host: str) -> str:
        """The service region that a host of the API stands for."""
        parsed = _API_HOST.fullmatch(host)
        return (parsed[1] if parsed else None) or HOME_REGION

    def recognise(self, request: Request) -> Service | None:
        """The service meant by a request to a loopback address: endpoints may be set to one."""
        authorization = request.header("authorization") or ""
        if authorization.startswith("ACS3-") or "SignatureNonce=" in request.query:
            version = request.header("x-acs-version") or dict(parse_qsl(request.query)).get("Version")
            return self.sts if version == sts.VERSION else self.vod
        signed = ("OSSAccessKeyId=", "x-oss-signature=")
        if authorization.startswith(("OSS ", "OSS4-")) or any(mark in request.query for mark in signed):
            return self.oss
        return None

    def find(self, access_key: str) -> Account | None:
        """A credential of any sort."""
        issued = self._certificates.get(access_key)
        return issued[0] if issued else self.accounts.find(access_key)

    def scope(self, account: Account) -> Session | None:
        """The session a credential is limited to, None for keys of the account itself."""
        issued = self._certificates.get(account.access_key)
        return issued[1] if issued else None

    def use_nonce(self, access_key: str, nonce: str) -> bool:
        """Whether a nonce is new; it counts as used from now on."""
        now = self.world.now()
        while self._nonces and next(iter(self._nonces.values())) < now - _NONCE_MEMORY:
            del self._nonces[next(iter(self._nonces))]
        if (access_key, nonce) in self._nonces:
            return False
        self._nonces[access_key, nonce] = now
        return True

    def open_session(self, kind: str, fields: dict[str, str], file_type: str, bucket: Bucket, endpoint: str) -> Session:
        """A new media record with a key of its own."""
        media_id = secrets.token_hex(16)
        folder = {"video": "sv", "image": "image", "attached": "attached"}[kind]
        key = f"{folder}/{secrets.token_hex(4)}-{secrets.token_hex(4)}/{secrets.token_hex(8)}.{file_type}"
        name = fields.get("Title") or fields.get("FileName") or key.rpartition("/")[2]
        item = MediaItem(self.name, media_id, name, fields)
        session = Session(kind, item, bucket, key, endpoint, fields, self.world.now())
        self.sessions[media_id] = session
        self._by_directory[bucket.name, session.directory] = session
        self.world.media.append(item)
        return session

    def adopt(self, bucket: Bucket, key: str, fields: dict[str, str]) -> tuple[Session, bool]:
        """The media of an object that is there, and whether it was made just now."""
        title = fields["Title"]
        session = self.session_of(bucket, key)
        if session is not None and session.key == key:
            return session, False
        for known in self.sessions.values():
            if known.bucket is bucket and known.key == key:
                return known, False
        item = MediaItem(self.name, secrets.token_hex(16), title, fields)
        session = Session("video", item, bucket, key, "", fields, self.world.now())
        item.objects[key] = bucket.objects[key].content
        item.committed = True
        self.sessions[item.media_id] = session
        self.world.media.append(item)
        self.world.history.count("media_created")
        return session, True

    def forget(self, session: Session) -> None:
        """Take back a media record that came to nothing."""
        del self.sessions[session.item.media_id]
        self.world.media.remove(session.item)

    def certify(self, session: Session) -> Account:
        """A fresh temporary credential for the session's directory; older ones live on until they expire."""
        account = temporary("STS.", float(int(self.world.now() + self.world.settings.token_lifetime)))
        self._certificates[account.access_key] = (account, session)
        return account

    def session_of(self, bucket: Bucket, key: str) -> Session | None:
        """The session whose directory holds a key, directly or further down."""
        end = key.rfind("/")
        while end > 0:
            session = self._by_directory.get((bucket.name, key[: end + 1]))
            if session is not None:
                return session
            end = key.rfind("/", 0, end)
        return None

    def _stored(self, bucket: Bucket, key: str) -> None:
        """The object of a session makes its media."""
        session = self.session_of(bucket, key)
        if session is not None and key == session.key and not session.item.committed:
            session.item.committed = True
            self.world.history.count("media_created")
            if not session.pulled:
                self.events.uploaded(session)

    def remove(self, bucket: Bucket, key: str) -> None:
        """Delete an object, if it is there. Its media goes with it."""
        super().remove(bucket, key)
        session = self.session_of(bucket, key)
        if session is not None:
            session.item.committed = session.item.committed and key != session.key


@functools.lru_cache(maxsize=256)
def _bucket_name(region: str) -> str:
    return f"outin-{zlib.crc32(region.encode()):08x}00163e1a"
