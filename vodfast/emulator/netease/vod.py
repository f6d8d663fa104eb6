"""The VCloud VOD API: who calls, which call, the envelope of answers and refusals.

Decides the checks of values and the fields answered (protocol notes 3 and 4): every answer is HTTP 200 with the
outcome in `code`. Leaves sessions and media to `cloud.py`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from vodfast.emulator.messages import Reply
from vodfast.emulator.netease import signatures
from vodfast.emulator.netease.names import BUCKET
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.web_address import web_host

if TYPE_CHECKING:
    from vodfast.emulator.netease.cloud import NeteaseCloud

_PREFIX = b"/app/vod/"
_JSON = (("Content-Type", "application/json;charset=utf-8"),)
_TEXTS = ("originFileName", "userFileName", "uploadCallbackUrl", "callbackUrl", "description", "userDefInfo")
_NUMBERS = ("typeId", "presetId", "watermarkId", "transOffset", "transDuration")
_WINDOWS = re.compile(r'[\\/:*?"<>|\x00-\x1f]|[ .]$|^(con|prn|aux|nul|(com|lpt)[0-9])\.', re.IGNORECASE)
"""What no file may be called there: characters, a last blank or dot, the names of devices."""
_EVENTS = {1: "transcode", 2: "upload", 5: "merge", 6: "cut"}


class Vod:
    """The API as a service."""

    cloud = "netease"

    def __init__(self, cloud: NeteaseCloud) -> None:
        self._cloud = cloud
        self._table: dict[str, Callable[[dict[str, Any], Call], dict[str, Any]]] = {
            "upload/init": self._init,
            "video/query": self._query,
            "upload/setcallback": lambda given, _: self._set_callback("upload", given),
            "transcode/setcallback": lambda given, _: self._set_callback("transcode", given),
            "callback/setUrl": lambda given, _: self._set_url(given),
            "thirdpart/user/create": lambda given, _: cloud.users.create(given),
        }
        self.operations = frozenset(self._table)

    def new_request_id(self) -> str:
        return f"vod{uuid.uuid4()}"

    def open(self, call: Call) -> None:
        path = call.request.path
        name = path.removeprefix(_PREFIX).decode("latin-1") if path.startswith(_PREFIX) else ""
        if name in self._table:
            call.operation = name

    def answer(self, call: Call) -> Reply:
        request = call.request
        if not call.operation or request.method != "POST":
            raise Refusal("400", "There is no such call.", 404)
        self._authenticate(call)
        strict = self._cloud.world.settings.netease_strict
        if strict and not (request.header("content-type") or "").startswith("application/json"):
            raise Refusal("400", "The content type must be application/json.")
        try:
            given = msgspec.json.decode(call.body)
        except (msgspec.DecodeError, RecursionError):
            raise Refusal("400", "The request body is not JSON.") from None
        if not isinstance(given, dict):
            raise Refusal("400", "The request body is not one JSON object.")
        found = self._table[call.operation](given, call)
        return _envelope({"code": 200, "requestId": call.request_id, "ret": found})

    def _authenticate(self, call: Call) -> None:
        """By the checksum of the account's key; without one, a user of the account may be calling."""
        request, settings = call.request, self._cloud.world.settings
        if request.header("checksum") is None and request.header("accid") is not None:
            self._cloud.users.verify(request, call.operation, self._cloud.accounts.find)
            return
        signatures.verify_call(
            request,
            self._cloud.accounts.find,
            self._cloud.world.now(),
            settings.netease_freshness,
            self._cloud.nonces if settings.netease_nonce_once else None,
        )

    def _init(self, given: dict[str, Any], call: Call) -> dict[str, Any]:
        fields = {name: value for name, value in given.items() if value is not None}
        for name in _TEXTS:
            if not isinstance(fields.get(name, ""), str):
                raise Refusal("400", f"{name} is not text.")
        for name in _NUMBERS:
            self._check_number(name, fields.get(name, 0))
        name = fields.get("originFileName", "")
        if "." not in name.strip(".") or _WINDOWS.search(name):
            raise Refusal("400", "originFileName is not a file name with an extension.")
        if len(fields.get("userDefInfo", "")) > 256:
            raise Refusal("400", "userDefInfo has more than 256 characters.")
        for address in ("uploadCallbackUrl", "callbackUrl"):
            if fields.get(address) and not web_host(fields[address]):
                raise Refusal("400", f"{address} is not an http address.")
        if "watermarkId" in fields and "presetId" not in fields:
            raise Refusal("400", "watermarkId needs a presetId.")
        session = self._cloud.open_session(fields)
        call.media_id = session.item.media_id
        if self._cloud.world.settings.netease_storage == "oss":
            return self._cloud.overseas.grant(session)
        return {"xNosToken": self._cloud.token(session), "bucket": BUCKET, "object": session.key}

    def _check_number(self, name: str, value: object) -> None:
        """Whole numbers; clients are seen to send them as text, which only a strict server minds (4.1)."""
        lenient = not self._cloud.world.settings.netease_strict
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return
        if not (lenient and isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value)):
            raise Refusal("400", f"{name} is not a whole number.")

    def _query(self, given: dict[str, Any], _: Call) -> dict[str, Any]:
        names = given.get("objectNames")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise Refusal("400", "objectNames is not a list of names.")
        sessions = [self._cloud.sessions.get(name) for name in names]
        late = self._cloud.world.settings.netease_late
        made = [session for session in sessions if session is not None and session.looked_up(late)]
        return {
            "count": len(made),
            "list": [{"objectName": session.key} | session.media_field for session in made],
        }

    def _set_callback(self, event: str, given: dict[str, Any]) -> dict[str, Any]:
        url, key = given.get("callbackUrl"), given.get("signKey") or ""
        if not isinstance(url, str) or not web_host(url):
            raise Refusal("400", "callbackUrl is not an http address.")
        if not isinstance(key, str) or not re.fullmatch(r"[A-Za-z0-9]{0,32}", key):
            raise Refusal("400", "signKey takes up to 32 letters and digits.")
        self._cloud.callbacks[event] = {"callbackUrl": url, "signKey": key}
        return {}

    def _set_url(self, given: dict[str, Any]) -> dict[str, Any]:
        event = given.get("type")
        if type(event) is not int or event not in _EVENTS:
            raise Refusal("400", "type is none of 1, 2, 5 and 6.")
        if isinstance(given.get("callbackUrl"), str) and len(given["callbackUrl"]) > 200:
            raise Refusal("400", "callbackUrl has more than 200 characters.")
        return self._set_callback(_EVENTS[event], given)

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        code = int(refusal.code) if refusal.code.isdigit() else 700
        reply = _envelope({"code": code, "requestId": call.request_id, "msg": refusal.message})
        reply.status = refusal.status or 200
        return reply

    def throttled(self) -> Refusal:
        return Refusal("723", "The quota of calls is exceeded.")

    def expire(self, call: Call) -> None:
        """Nothing an API call carries can expire."""

    def lie(self, _: Call, reply: Reply) -> Reply:
        return reply


def _envelope(fields: dict[str, Any]) -> Reply:
    return Reply(200, _JSON, msgspec.json.encode(fields))
