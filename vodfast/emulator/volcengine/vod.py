"""The VOD API: who calls, which action and version, the envelope of answers and errors.

Decides authentication order, shapes and statuses (protocol notes 2, 3 and 10). Leaves each action to `actions.py`.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import msgspec

from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.volcengine import policies, posted, signatures
from vodfast.emulator.volcengine.actions import ACTIONS, Actions

if TYPE_CHECKING:
    from vodfast.emulator.volcengine.cloud import VolcengineCloud

_JSON = ("Content-Type", "application/json; charset=utf-8")

_ERRORS: dict[str, tuple[int, int]] = {
    "MissingParameter": (100002, 400),
    "MissingAuthenticationToken": (100003, 401),
    "MissingRequestInfo": (100004, 400),
    "MissingSignature": (100005, 401),
    "InvalidTimestamp": (100006, 400),
    "ServiceNotFound": (100007, 404),
    "InvalidActionOrVersion": (100008, 404),
    "InvalidAccessKey": (100009, 401),
    "SignatureDoesNotMatch": (100010, 401),
    "LackPolicy": (100012, 403),
    "AccessDenied": (100013, 403),
    "InternalError": (100014, 500),
    "FailToConnect": (100015, 502),
    "InternalServiceTimeout": (100016, 504),
    "InvalidSecretToken": (0, 401),
    "RequestLimitExceeded": (0, 429),
    "RequestForbidden": (0, 403),
    "ResourceNotFound": (0, 404),
    "ServiceUnavailable": (0, 503),
    "Busy": (0, 503),
    "ServiceTimeout": (0, 504),
    "Unauthorized": (0, 401),
}
"""CodeN (0 where the notes give none) and status by code; others are 400."""


class Vod:
    """The VOD API as a service."""

    cloud = "volcengine"
    operations = frozenset(ACTIONS)

    def __init__(self, cloud: VolcengineCloud) -> None:
        self._cloud = cloud
        self._actions = Actions(cloud)

    def new_request_id(self) -> str:
        return time.strftime("%Y%m%d%H%M%S") + secrets.token_hex(9).upper()

    def open(self, call: Call) -> None:
        for pair in call.request.query.split("&"):
            if pair.startswith("Action=") and pair[7:] in self.operations:
                call.operation = pair[7:]

    def answer(self, call: Call) -> Reply:
        request = call.request
        if request.decoded_path() != b"/":
            raise Refusal("ServiceNotFound", "The API has the path / only.")
        pairs = signatures.pairs_of(request.query)
        find, now = self._cloud.accounts.find, self._cloud.world.now()
        if request.header("authorization") is None and any(name == "X-Signature" for name, _ in pairs):
            caller = signatures.verify_query(request.method, pairs, find, now)
            pairs = [(name, value) for name, value in pairs if not name.startswith("X-")]
        else:
            region = signatures.region_of(request.host)
            caller = signatures.verify_header(request, call.body, find, now, region=region)
        given = posted.single(pairs)
        action, version = given.pop("Action", ""), given.pop("Version", "")
        if not action or not version:
            raise Refusal("MissingParameter", "Action and Version are required.")
        known = ACTIONS.get(action)
        if known is None or version not in known.versions:
            raise Refusal("InvalidActionOrVersion", f"There is no action {action} of version {version}.")
        call.operation = action
        if request.method == "POST":
            given |= posted.parameters(request.header("content-type") or "", bytes(call.body), known.carried)
        if request.method not in known.methods:
            raise Refusal("InvalidParameter", f"{action} is not called with {request.method}.")
        fields = known.check(given, version)
        if caller.policy is not None:
            policies.check(caller.policy, action, fields)
        result = self._actions.perform(action, version, fields, call)
        return self._envelope(call, 200, {"Result": {"Data": result}}, action, version)

    def _envelope(
        self, call: Call, status: int, more: dict[str, Any], action: str = "", version: str = "", **error: Any
    ) -> Reply:
        metadata = {
            "RequestId": call.request_id,
            "Action": action or call.operation,
            "Version": version,
            "Service": "vod",
            "Region": signatures.region_of(call.request.host) or signatures.HOME_REGION,
        } | error
        body = msgspec.json.encode({"ResponseMetadata": metadata} | more)
        return Reply(status, (_JSON, ("X-Tt-Logid", call.request_id)), body)

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        number, status = _ERRORS.get(refusal.code, (0, 400))
        error = {"CodeN": number, "Code": refusal.code, "Message": refusal.message}
        return self._envelope(call, status if refusal.status is None else refusal.status, {}, Error=error)

    def throttled(self) -> Refusal:
        return Refusal("RequestLimitExceeded", "The account's calls of this second are used up.")

    def expire(self, call: Call) -> None:
        """The next check of this caller's token fails; a permanent key cannot expire."""
        token = call.request.header("x-security-token")
        for account in self._cloud.accounts.with_token(token) if token else ():
            account.end()

    def lie(self, _: Call, reply: Reply) -> Reply:
        return reply
