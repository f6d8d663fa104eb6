"""The NetEase account: keys, upload sessions, made media, callbacks, and which host belongs to which service.

Decides names and what a finished object becomes. Leaves the API to `vod.py`, its end users to `users.py`, the
upload nodes to `nos.py`, the bucket to its owner in `owner.py`, and that of overseas accounts to `overseas.py`.
"""

from __future__ import annotations

import re
import secrets
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from vodfast.emulator.accounts import Accounts
from vodfast.emulator.blobs import Blob, Content
from vodfast.emulator.media import MediaItem
from vodfast.emulator.messages import Request
from vodfast.emulator.netease.names import BUCKET, NOS_KEY, NOS_SECRET
from vodfast.emulator.netease.nos import Nos
from vodfast.emulator.netease.overseas import Overseas
from vodfast.emulator.netease.owner import HOST, Owner
from vodfast.emulator.netease.signatures import callback_sign, mint_token
from vodfast.emulator.netease.users import Users
from vodfast.emulator.netease.vod import Vod
from vodfast.emulator.service import Service

if TYPE_CHECKING:
    from vodfast.emulator.world import World

TOKEN_LIFE = 365 * 86400
"""Seconds; section 5.2."""
IMAGES = frozenset(("jpg", "jpeg", "png", "bmp", "gif", "webp"))

_API_HOSTS = frozenset(
    ("vcloud.163.com", "vcloud.yunxinapi.com", "vcloud-sea.yunxinapi.com", "api-sea.yunxinvcloud.com")
)
_LOOKUP_HOST = re.compile(r"wanproxy(-hz|-bj|-oversea)?\.127\.net")
_NODE_HOST = re.compile(r"(nosup-[a-z]+[0-9]+|wanproxy-web)\.127\.net")


class Session:
    """What one upload/init opened: one object name. `open` maps contexts to the chunks received under each."""

    __slots__ = ("fields", "item", "key", "lookups", "open", "revoked")

    def __init__(self, key: str, item: MediaItem, fields: dict[str, Any]) -> None:
        self.key = key
        self.item = item
        self.fields = fields
        self.open: dict[str, list[Blob]] = {}
        self.revoked = False
        self.lookups = 0

    def looked_up(self, late: int) -> bool:
        """Whether a lookup finds the media: `late` of them still do not after it was made."""
        self.lookups += self.item.committed
        return self.lookups > late

    @property
    def image(self) -> bool:
        return self.key.rpartition(".")[2] in IMAGES

    @property
    def media_field(self) -> dict[str, int]:
        """The media id under the name its kind has."""
        return {"imgId" if self.image else "vid": int(self.item.media_id)}

    def taken_over(self, request_id: str) -> bytes:
        """What the media service answers the store that reports the object."""
        return msgspec.json.encode({"code": 200, "requestId": request_id, "ret": self.media_field})


class NeteaseCloud:
    """Both services and what they share."""

    name = "netease"

    def __init__(self, world: World) -> None:
        self.world = world
        self.accounts = Accounts(self.name)
        self.sessions: dict[str, Session] = {}
        self.contexts: dict[str, Session] = {}
        self.nonces: set[str] = set()
        self.callbacks: dict[str, dict[str, str]] = {}
        self.users = Users()
        self.vod = Vod(self)
        self.nos = Nos(self)
        self.overseas = Overseas(self)
        self.owner = Owner(self)
        self.services: tuple[Service, ...] = (self.vod, self.nos, self.overseas.oss, self.owner)

    def configure(self, callers_changed: bool) -> None:
        """Settings have changed; nothing here follows from them ahead of a call."""

    def credential_variables(self) -> dict[str, str]:
        """The vendor's clients read none (section 3.2)."""
        return {}

    def clear(self) -> None:
        """Forget everything but settings."""
        for session in self.sessions.values():
            for blobs in session.open.values():
                for blob in blobs:
                    blob.discard()
        for held in (self.sessions, self.contexts, self.callbacks):
            held.clear()
        self.nonces.clear()
        self.users.clear()
        self.overseas.clear()

    def at(self, host: str) -> Service | None:
        """The service with a vendor host name."""
        if host in _API_HOSTS:
            return self.vod
        if host == HOST:
            return self.owner
        if _LOOKUP_HOST.fullmatch(host) or _NODE_HOST.fullmatch(host) or self._is_node(host):
            return self.nos
        return self.overseas.oss if self.overseas.at(host) else None

    def _is_node(self, host: str) -> bool:
        """Whether the settings make a host an upload node: addresses are, by nothing else."""
        nodes = (node.rpartition("://")[2] for node in self.world.settings.netease_nodes)
        return any(host == node.partition(":")[0] for node in nodes)

    def recognise(self, request: Request) -> Service | None:
        """The service meant by a request to a loopback address: the vendor's client has its hosts set to one."""
        if request.path.startswith(b"/app/vod/"):
            return self.vod
        if self.overseas.recognises(request):
            return self.overseas.oss
        return self.nos if request.path == b"/lbs" or request.header("x-nos-token") is not None else None

    def open_session(self, fields: dict[str, Any]) -> Session:
        """A new object name for a file, with its registered media item."""
        name = fields["originFileName"]
        key = f"{uuid.uuid4()}.{name.rpartition('.')[2].lower()}"
        media_id = str(secrets.randbelow(9 * 10**8) + 10**8)
        item = MediaItem(self.name, media_id, fields.get("userFileName") or name, fields)
        self.sessions[key] = session = Session(key, item, fields)
        self.world.media.append(item)
        return session

    def token(self, session: Session) -> str:
        """The upload token of a session, with the fields of real ones."""
        policy = {
            "Bucket": BUCKET,
            "Object": session.key,
            "Expires": int(self.world.now()) + TOKEN_LIFE,
            "CallbackUrl": "http://vcloud.163.com/xhr/vod/nos/callback",
            "CallbackBody": f"objectName={session.key}&$(ObjectSize)",
            "Region": "HZ",
        }
        return mint_token(NOS_KEY, NOS_SECRET, msgspec.json.encode(policy))

    def start(self, session: Session) -> str:
        """A new run of bytes for an object: its context."""
        context = str(uuid.uuid4())
        session.open[context] = []
        session.item.open_uploads += 1
        self.contexts[context] = session
        return context

    def finish(self, session: Session, context: str, *, register: bool) -> None:
        """The run becomes the object; with `register` the media exists from now on."""
        blobs = session.open.pop(context)
        session.item.open_uploads -= 1
        del self.contexts[context]
        old = session.item.objects.get(session.key)
        if old is not None:
            old.discard()
        session.item.objects[session.key] = Content([blob for blob in blobs if blob.length] or blobs[:1])
        self.world.history.count("objects_stored")
        if register:
            self.register(session)

    def register(self, session: Session) -> None:
        """The media of a stored object exists from now on."""
        if not session.item.committed:
            session.item.committed = True
            self.world.history.count("media_created")
            self.world.history.count("commits")
            self._push(session)

    def _push(self, session: Session) -> None:
        """The upload event: to the upload's own URL, else to the account's (section 4.3)."""
        account = self.callbacks.get("upload", {})
        url = session.fields.get("uploadCallbackUrl") or account.get("callbackUrl") or ""
        if not url:
            return
        event = {
            "type": "upload",
            **session.media_field,
            "name": session.fields["originFileName"],
            "origAddr": f"http://{BUCKET}.vod.126.net/{BUCKET}/{session.key}",
            "user_defined": session.fields.get("userDefInfo") or "",
        }
        body = msgspec.json.encode(event)
        sign = callback_sign(body, account.get("signKey") or "vcloud")
        headers = {"Content-Type": "application/json", "sign": sign}
        media_id = session.item.media_id
        self.world.deliveries.post(url, body, headers, cloud=self.name, media_id=media_id, event=event["type"])
