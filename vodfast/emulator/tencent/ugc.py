"""The API behind the vendor's browser and phone clients: apply and commit with an upload signature.

Decides what such a signature allows and the shape of answers (protocol notes 5): a resumed session gets a new
certificate for the same paths. Leaves the signature's proof to `signatures.py`, sessions and media to `actions.py`.
The numbers of its errors are this emulator's own: none is documented, and all that counts is that they are not 0.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.tencent import signatures
from vodfast.emulator.tencent.actions import Actions, certificate

if TYPE_CHECKING:
    from vodfast.emulator.tencent.cloud import Session, TencentCloud

HOST = "vod2.qcloud.com"
_PATH = b"/v3/index.php"
_HEADERS = (("Content-Type", "application/json"), ("Access-Control-Allow-Origin", "*"))
_FORBIDDEN = re.compile(r'[\\/:*?"<>|]')
_NUMBERS = {"classId": "ClassId", "vodSubAppId": "SubAppId"}
_TEXTS = {
    "procedure": "Procedure",
    "sourceContext": "SourceContext",
    "sessionContext": "SessionContext",
    "storageRegion": "StorageRegion",
}
_ERRORS = {
    "InvalidAction": 10000,
    "InvalidParameter": 10001,
    "MissingParameter": 10002,
    "AuthFailure.InvalidAuthorization": 10010,
    "AuthFailure.SecretIdNotFound": 10011,
    "AuthFailure.SignatureFailure": 10012,
    "AuthFailure.SignatureExpire": 10013,
    "AuthFailure.SignatureUsed": 10014,
    "InvalidParameterValue.VodSessionKey": 10020,
    "ResourceNotFound": 10021,
    "RequestLimitExceeded": 10030,
}
"""By the API's name for the like; others are 10009."""


class Ugc:
    """The API as a service."""

    cloud = "tencent"
    operations = frozenset(("ApplyUploadUGC", "CommitUploadUGC"))

    def __init__(self, cloud: TencentCloud, actions: Actions) -> None:
        self._cloud = cloud
        self._actions = actions
        self._used: dict[str, str] = {}

    def clear(self) -> None:
        """Forget which one-time signatures were used."""
        self._used.clear()

    def new_request_id(self) -> str:
        return str(uuid.uuid4())

    def open(self, call: Call) -> None:
        action = dict(parse_qsl(call.request.query)).get("Action")
        if action in self.operations:
            call.operation = action

    def answer(self, call: Call) -> Reply:
        request = call.request
        if request.method != "POST" or request.decoded_path() != _PATH or not call.operation:
            raise Refusal("InvalidAction", "There is no such call.")
        try:
            given = msgspec.json.decode(call.body, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError):
            raise Refusal("InvalidParameter", "The request body is not one JSON object.") from None
        signature = _text(given, "signature")
        allowed = signatures.verify_ugc(signature, self._cloud.accounts.find, self._cloud.world.now())
        if call.operation == "CommitUploadUGC":
            session = self._session(given, allowed)
            call.media_id = session.item.media_id
            self._actions.finish(session)
            return _envelope(self._made(session))
        session = self._opened_with(signature, given, allowed)
        call.media_id = session.item.media_id
        return _envelope(self._opened(session))

    def _opened_with(self, signature: str, given: dict[str, Any], allowed: dict[str, str]) -> Session:
        """A new session, or the one named. A one-time signature opens one, and serves it to its end."""
        once, named = allowed.get("oneTimeValid") == "1", given.get("vodSessionKey")
        if once and self._used.get(signature, named) != named:
            raise Refusal("AuthFailure.SignatureUsed", "The upload signature is for one upload, and was used.")
        session = self._session(given, allowed) if named else self._apply(given, allowed)
        if once:
            self._used[signature] = session.key
        return session

    def _apply(self, given: dict[str, Any], allowed: dict[str, str]) -> Session:
        name = _text(given, "videoName")
        if _FORBIDDEN.search(name):
            raise Refusal("InvalidParameter", "videoName holds a character that no name may have.")
        fields: dict[str, Any] = {"MediaType": _text(given, "videoType"), "MediaName": name}
        if given.get("coverType"):
            fields["CoverType"] = _text(given, "coverType")
        fields |= {own: allowed[name] for name, own in _TEXTS.items() if name in allowed}
        fields |= {own: int(allowed[name]) for name, own in _NUMBERS.items() if name in allowed}
        self._actions.check_sub_app(fields.get("SubAppId"))
        return self._actions.open(fields)

    def _session(self, given: dict[str, Any], allowed: dict[str, str]) -> Session:
        session = self._cloud.sessions.get(_text(given, "vodSessionKey"))
        if session is None or session.sub_app != (int(allowed["vodSubAppId"]) if "vodSubAppId" in allowed else None):
            raise Refusal("InvalidParameterValue.VodSessionKey", "The vodSessionKey is not valid.")
        return session

    def _opened(self, session: Session) -> dict[str, Any]:
        bucket, _, app_id = session.bucket.name.rpartition("-")
        places = {"video": session.media_key, "cover": session.cover_key}
        return {
            name: {"storagePath": f"/{key}", "storageSignature": ""} for name, key in places.items() if key is not None
        } | {
            "storageAppId": int(app_id),
            "storageBucket": bucket,
            "storageRegion": session.bucket.region,
            "storageRegionV5": session.bucket.region,
            "domain": HOST,
            "vodSessionKey": session.key,
            "tempCertificate": certificate(self._cloud.certify(session), str),
            "appId": int(app_id),
            "timestamp": int(self._cloud.world.now()),
        }

    def _made(self, session: Session) -> dict[str, Any]:
        places = {"video": session.media_key, "cover": session.cover_key}
        urls = {name: {"url": self._cloud.url(key)} for name, key in places.items() if key is not None}
        return {"fileId": session.item.media_id} | urls

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        body = {"code": _ERRORS.get(refusal.code, 10009), "message": refusal.message, "requestId": call.request_id}
        return Reply(refusal.status or 200, _HEADERS, msgspec.json.encode(body))

    def throttled(self) -> Refusal:
        return Refusal("RequestLimitExceeded", "Too many requests.")

    def expire(self, call: Call) -> None:
        """Nothing a call carries can expire but by its own date."""

    def lie(self, _: Call, reply: Reply) -> Reply:
        return reply


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not value:
        raise Refusal("MissingParameter", f"{name} is missing.")
    if not isinstance(value, str):
        raise Refusal("InvalidParameter", f"{name} is not text.")
    return value


def _envelope(data: dict[str, Any]) -> Reply:
    return Reply(200, _HEADERS, msgspec.json.encode({"code": 0, "message": "ok", "data": data}))
