"""Where the bytes of an overseas account lie: one bucket of Aliyun OSS (protocol notes 7).

Decides which temporary key opens which object, and the callback by which the media service learns that one is stored.
Leaves signatures, multipart uploads and the store's answers to the emulated OSS.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

import msgspec

from vodfast.emulator.accounts import Account, temporary
from vodfast.emulator.aliyun.oss import KeyHolder, Oss, place
from vodfast.emulator.buckets import Bucket
from vodfast.emulator.messages import Reply, Request
from vodfast.emulator.multipart import Target
from vodfast.emulator.netease.names import OVERSEAS_BUCKET, OVERSEAS_CALLBACK, OVERSEAS_REGION
from vodfast.emulator.service import Call, Refusal

if TYPE_CHECKING:
    from vodfast.emulator.media import MediaItem
    from vodfast.emulator.netease.cloud import NeteaseCloud, Session

_FINISHING = frozenset(("PutObject", "CompleteMultipartUpload"))
_CALLBACK_BODY = "objectName=${object}&size=${size}"


class Owner(NamedTuple):
    """A session as the store sees it: a temporary key reaches its one object."""

    item: MediaItem
    bucket: Bucket
    directory: str


class Overseas(KeyHolder):
    """The bucket and its temporary keys."""

    def __init__(self, cloud: NeteaseCloud) -> None:
        self._cloud = cloud
        self.world = cloud.world
        self.bucket = Bucket(OVERSEAS_BUCKET, OVERSEAS_REGION)
        self.buckets = {OVERSEAS_BUCKET: self.bucket}
        self._certificates: dict[str, tuple[Account, Session]] = {}
        self.oss = OverseasOss(self)

    def clear(self) -> None:
        """Forget objects, open uploads and keys."""
        self.bucket.clear()
        self._certificates.clear()

    def at(self, host: str) -> bool:
        """Whether a host name is the bucket's."""
        return (place(host) or ("",))[0] == OVERSEAS_BUCKET

    def recognises(self, request: Request) -> bool:
        """Whether a request to a loopback address means the bucket, in path style."""
        signed = (request.header("authorization") or "").startswith(("OSS ", "OSS4-"))
        return signed and request.path.startswith(f"/{OVERSEAS_BUCKET}/".encode())

    def grant(self, session: Session) -> dict[str, Any]:
        """What upload/init answers: a fresh temporary key for the session's object, and the callback to ask for."""
        account = temporary("STS.", float(int(self.world.now() + self.world.settings.token_lifetime)))
        self._certificates[account.access_key] = (account, session)
        callback = {
            "callbackUrl": OVERSEAS_CALLBACK,
            "callbackBody": _CALLBACK_BODY,
            "callbackBodyType": "application/x-www-form-urlencoded",
        }
        return {
            "storageType": "oss",
            "bucket": OVERSEAS_BUCKET,
            "object": session.key,
            "host": f"https://oss-{OVERSEAS_REGION}.aliyuncs.com",
            "accessKeyId": account.access_key,
            "accessKeySecret": account.secret,
            "securityToken": account.token,
            "callback": base64.b64encode(msgspec.json.encode(callback)).decode(),
        }

    def find(self, access_key: str) -> Account | None:
        """A temporary key; the service's own ones are nobody's to use."""
        issued = self._certificates.get(access_key)
        return issued[0] if issued else None

    def scope(self, account: Account) -> Owner | None:
        """The one object a key is for."""
        issued = self._certificates.get(account.access_key)
        return self._owner(issued[1]) if issued else None

    def session_of(self, _: Bucket, key: str) -> Owner | None:
        """The upload whose object has this key."""
        session = self._cloud.sessions.get(key)
        return self._owner(session) if session is not None else None

    def _owner(self, session: Session) -> Owner:
        return Owner(session.item, self.bucket, session.key)

    def _stored(self, bucket: Bucket, key: str) -> None:
        """Nothing: it is no media before the callback."""

    def called_back(self, callback: dict[str, str], key: str, request_id: str) -> bytes:
        """What the media service answers the store's callback for an object.

        Raises:
            Refusal: CallbackFailed; the object is stored all the same.
        """
        way = self.world.settings.netease_callback
        size = self.bucket.objects[key].content.size
        said = callback["callbackBody"].replace("${object}", key).replace("${size}", str(size))
        named = parse_qs(said).get("objectName", [""])[0]
        if way == "failing" or callback["callbackUrl"] != OVERSEAS_CALLBACK or named != key:
            raise Refusal("CallbackFailed", "Error status : 502.", 203)
        session = self._cloud.sessions[key]
        self._cloud.register(session)
        return session.taken_over(request_id) if way == "relayed" else b'{"code":200}'


class OverseasOss(Oss):
    """The store, which makes the callback that a request asks for."""

    cloud = "netease"
    calls_back = True

    def __init__(self, holder: Overseas) -> None:
        super().__init__(holder)
        self._holder = holder

    def open(self, call: Call) -> None:
        super().open(call)
        target = call.context
        assert isinstance(target, Target)
        owner = self._holder.scope(target.account)
        if target.key and (owner is None or target.key != owner.directory):
            raise Refusal("AccessDenied", "The temporary key is for its own object only.")
        if call.request.header("x-oss-callback") is not None:
            _callback_of(call.request)

    def answer(self, call: Call) -> Reply:
        reply = super().answer(call)
        target = call.context
        assert isinstance(target, Target)
        if call.operation not in _FINISHING or call.request.header("x-oss-callback") is None:
            return reply
        answered = self._holder.called_back(_callback_of(call.request), target.key, call.request_id)
        kept = tuple(pair for pair in reply.headers if pair[0] != "Content-Type")
        return Reply(reply.status, (("Content-Type", "application/json"), *kept), answered)


def _callback_of(request: Request) -> dict[str, str]:
    """The callback a request asks for.

    Raises:
        Refusal: InvalidArgument.
    """
    try:
        given = msgspec.json.decode(base64.b64decode(request.header("x-oss-callback") or "", validate=True))
        asked: dict[str, str] = msgspec.convert(given, dict[str, str])
    except (ValueError, RecursionError):
        raise Refusal("InvalidArgument", "The callback configuration is not base64 of a JSON object.") from None
    if not asked.get("callbackUrl") or not asked.get("callbackBody"):
        raise Refusal("InvalidArgument", "The callback configuration has no callbackUrl or no callbackBody.")
    return asked
