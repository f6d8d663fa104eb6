"""The VOD API: who calls, which action, the envelope of answers and errors.

Decides authentication order and shapes (protocol notes 2.2 to 2.5): every answer is HTTP 200 with exactly
`application/json`, errors included. Leaves each action to `actions.py`, manifests, jobs and events to theirs.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from vodfast.emulator.accounts import Account
from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.tencent import parameters, signatures
from vodfast.emulator.tencent.actions import Actions

if TYPE_CHECKING:
    from vodfast.emulator.tencent.cloud import TencentCloud

VERSION = "2018-07-17"
_JSON = (("Content-Type", "application/json"),)
_FORM = "application/x-www-form-urlencoded"
_COMMON = frozenset(
    ("Action", "Version", "Region", "Timestamp", "Nonce", "SecretId", "Signature", "SignatureMethod", "Language",
     "RequestClient", "Token")
)  # fmt: skip


class Vod:
    """The VOD API as a service."""

    cloud = "tencent"
    operations = frozenset(parameters.ACTIONS)

    def __init__(self, cloud: TencentCloud) -> None:
        self._cloud = cloud
        self.actions = Actions(cloud)

    def new_request_id(self) -> str:
        return str(uuid.uuid4())

    def open(self, call: Call) -> None:
        action = call.request.header("x-tc-action")
        if action is None and "Action=" in call.request.query:
            action = dict(parse_qsl(call.request.query)).get("Action")
        if action in self.operations:
            call.operation = action

    def answer(self, call: Call) -> Reply:
        request = call.request
        if request.method not in ("GET", "POST") or request.decoded_path() != b"/":
            raise Refusal("InvalidParameter", "The API takes GET and POST of the path / only.")
        signed_v1 = request.header("authorization") is None and request.header("x-tc-action") is None
        action, given, caller = self._v1(call) if signed_v1 else self._tc3(call)
        if caller.scope is not None:
            raise Refusal("UnauthorizedOperation", "An upload certificate is for the object store, not for the API.")
        checked = parameters.check(action, given)
        return self._success(call, self.actions.perform(action, checked, call))

    def _tc3(self, call: Call) -> tuple[str, dict[str, Any], Account]:
        request = call.request
        account = signatures.verify_tc3(request, call.body, "vod", self._cloud.accounts.find, self._cloud.world.now())
        action = self._action(call, request.header("x-tc-action"), request.header("x-tc-version"))
        if request.method == "GET":
            return action, parameters.unflatten(action, _single(_pairs(request.query))), account
        if not (request.header("content-type") or "").startswith("application/json"):
            raise Refusal("InvalidParameter", "The content type of a POST must be application/json.")
        try:
            given = msgspec.json.decode(call.body)
        except (msgspec.DecodeError, RecursionError):
            raise Refusal("InvalidParameter", "The request body is not JSON.") from None
        if not isinstance(given, dict):
            raise Refusal("InvalidParameter", "The request body is not one JSON object.")
        return action, given, account

    def _v1(self, call: Call) -> tuple[str, dict[str, Any], Account]:
        request = call.request
        if request.method == "POST" and not (request.header("content-type") or "").startswith(_FORM):
            raise Refusal("AuthFailure.InvalidAuthorization", "The request is not signed.")
        text = request.query if request.method == "GET" else call.body.decode("latin-1")
        given = _single(_pairs(text))
        find, now = self._cloud.accounts.find, self._cloud.world.now()
        account = signatures.verify_v1(request.method, request.authority, given, find, now)
        action = self._action(call, given.get("Action"), given.get("Version"))
        own = {name: value for name, value in given.items() if name not in _COMMON}
        return action, parameters.unflatten(action, own), account

    def _action(self, call: Call, action: str | None, version: str | None) -> str:
        if not action:
            raise Refusal("MissingParameter", "The request is missing the parameter `Action`.")
        if not version:
            raise Refusal("MissingParameter", "The request is missing the parameter `Version`.")
        if version != VERSION:
            raise Refusal("NoSuchVersion", f"The version `{version}` does not exist.")
        if action not in self.operations:
            raise Refusal("InvalidAction", f"The action `{action}` does not exist.")
        call.operation = action
        return action

    def _success(self, call: Call, fields: dict[str, Any]) -> Reply:
        return _envelope(fields | {"RequestId": call.request_id})

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        error = {"Code": refusal.code, "Message": refusal.message}
        reply = _envelope({"Error": error, "RequestId": call.request_id})
        if refusal.status is not None:
            reply.status = refusal.status
        return reply

    def throttled(self) -> Refusal:
        return Refusal("RequestLimitExceeded", "Your current request times exceed the limit of 100 per second.")

    def expire(self, call: Call) -> None:
        """The next check of this caller's token fails; a permanent key cannot expire, so the call is refused."""
        token = call.request.header("x-tc-token")
        for account in self._cloud.accounts.with_token(token) if token else ():
            account.end()

    def lie(self, _: Call, reply: Reply) -> Reply:
        return reply


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=2000)
    except ValueError:
        raise Refusal("InvalidParameter", "The parameters are not form-encoded UTF-8.") from None


def _single(pairs: list[tuple[str, str]]) -> dict[str, str]:
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Refusal("InvalidParameter", "A parameter is given twice.")
    return given


def _envelope(fields: dict[str, Any]) -> Reply:
    return Reply(200, _JSON, msgspec.json.encode({"Response": fields}))
