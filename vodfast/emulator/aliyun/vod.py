"""The VOD API, and STS, which speaks the same way: who calls, which operation, the form of answers and errors.

Decides authentication order and shapes (protocol notes 2, 3, 4.12): ACS3 if the Authorization header says so, V1
otherwise, parameters from query and form alike. Leaves each operation to `actions.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import msgspec

from vodfast.emulator.accounts import Account
from vodfast.emulator.aliyun import parameters, signatures
from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal

if TYPE_CHECKING:
    from vodfast.emulator.aliyun.cloud import AliyunCloud

VERSION = "2017-03-21"
TELEMETRY = "ReportUploadProgress"

Perform = Callable[[str, dict[str, str], Call], dict[str, Any]]
_FORM = "application/x-www-form-urlencoded"
_COMMON = frozenset(
    ("Action", "Version", "Format", "RegionId", "Timestamp", "SignatureMethod", "SignatureVersion", "SignatureType",
     "SignatureNonce", "AccessKeyId", "SecurityToken", "Signature")
)  # fmt: skip
_STATUS = {
    "InvalidAccessKeyId.NotFound": 404,
    "InvalidAction.NotFound": 404,
    "InvalidStorage.NotFound": 404,
    "InvalidTemplateGroupId.NotFound": 404,
    "InvalidVideo.NotFound": 404,
    "Forbidden": 403,
    "Forbidden.InitFailed": 403,
    "OperationDenied": 403,
    "OperationDenied.Suspended": 403,
    "AddVideoFailed": 503,
    "ServiceUnavailable": 503,
    "ServiceUnAvailable": 503,
    "InternalError": 500,
}
"""A code that is not listed answers 400."""


class Api:
    """An API of the account as a service: its version, and its operations with the parameters each takes. `perform`
    acts on an operation's checked parameters.
    """

    cloud = "aliyun"

    def __init__(
        self, cloud: AliyunCloud, version: str, taken: Mapping[str, frozenset[str]], perform: Perform, *unsigned: str
    ) -> None:
        self._cloud = cloud
        self._version = version
        self._taken = taken
        self._perform = perform
        self._unsigned = frozenset(unsigned)
        self.operations = frozenset((*taken, *unsigned))

    def new_request_id(self) -> str:
        return str(uuid.uuid4()).upper()

    def open(self, call: Call) -> None:
        action = call.request.header("x-acs-action") or dict(parse_qsl(call.request.query)).get("Action")
        if action is None and _is_form(call):
            action = next(
                iter(self._unsigned), None
            )  # the vendor's clients put this one alone into the form, which has not come yet
        if action in self.operations:
            call.operation = action

    def answer(self, call: Call) -> Reply:
        request = call.request
        if request.method not in ("GET", "POST") or request.decoded_path() != b"/":
            raise Refusal("InvalidParameter", "The API takes GET and POST of the path / only.")
        query = _pairs(request.query)
        body = _pairs(call.body.decode("latin-1")) if _is_form(call) else []
        given = dict([*query, *body])
        if len(given) != len(query) + len(body):
            raise Refusal("InvalidParameter", "A parameter is given twice.")
        named = request.header("x-acs-action") or given.get("Action")
        call.operation = named if named in self.operations else ""
        if call.operation in self._unsigned and "Signature" not in given:
            return self._reply(call, 200, {})  # the vendor's upload client sends it unsigned (4.11)
        action, caller = self._authenticate(call, query, given)
        if self._cloud.scope(caller) is not None:
            raise Refusal("Forbidden", "An upload credential is for the object store, not for the API.")
        own = {name: value for name, value in given.items() if name not in _COMMON}
        return self._reply(call, 200, self._perform(action, parameters.check(action, self._taken[action], own), call))

    def _authenticate(self, call: Call, query: list[tuple[str, str]], given: dict[str, str]) -> tuple[str, Account]:
        request, cloud = call.request, self._cloud
        if (request.header("authorization") or "").startswith("ACS3-"):
            caller = signatures.verify_acs3(request, query, call.body, cloud.find, cloud.world.now())
            action, version = request.header("x-acs-action"), request.header("x-acs-version")
            nonce = request.header("x-acs-signature-nonce") or ""
        else:
            caller = signatures.verify_rpc(request.method, given, cloud.find, cloud.world.now())
            action, version, nonce = given.get("Action"), given.get("Version"), given["SignatureNonce"]
        if not cloud.use_nonce(caller.access_key, nonce):
            raise Refusal("SignatureNonceUsed", "Specified signature nonce was used already.")
        if not action or not version:
            raise Refusal("MissingParameter", "Action and Version are mandatory.")
        if version != self._version:
            raise Refusal("InvalidVersion", f"Specified parameter Version {version} is not valid.")
        if action not in self._taken:
            raise Refusal("InvalidAction.NotFound", f"Specified api {action} is not found.")
        return action, caller

    def _reply(self, call: Call, status: int, fields: dict[str, Any]) -> Reply:
        """JSON, or XML for the callers who do not ask for JSON, as the service does by default."""
        whole = fields | {"RequestId": call.request_id}
        if self._wants_xml(call):
            root = "Error" if "Code" in fields else f"{call.operation}Response"
            text = f"<?xml version='1.0' encoding='UTF-8'?><{root}>{_xml(whole)}</{root}>"
            return Reply(status, (("Content-Type", "text/xml;charset=utf-8"),), text.encode())
        return Reply(status, (("Content-Type", "application/json;charset=utf-8"),), msgspec.json.encode(whole))

    @staticmethod
    def _wants_xml(call: Call) -> bool:
        if (call.request.header("authorization") or "").startswith("ACS3-"):
            return False
        sent = call.body.decode("latin-1") if call.request.header("content-type") else ""
        return dict(parse_qsl(f"{call.request.query}&{sent}")).get("Format", "XML").upper() != "JSON"

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        status = refusal.status or _STATUS.get(refusal.code, 400)
        said = {"Code": refusal.code, "Message": refusal.message, "HostId": call.request.host}
        return self._reply(call, status, said)

    def throttled(self) -> Refusal:
        return Refusal("Throttling.User", "Request was denied due to user flow control.", 400)

    def expire(self, call: Call) -> None:
        """A caller's token ends; a permanent key cannot expire, and its call goes on."""
        token = call.request.header("x-acs-security-token") or dict(parse_qsl(call.request.query)).get("SecurityToken")
        for account in self._cloud.accounts.with_token(token) if token else ():
            account.end()

    def lie(self, _: Call, reply: Reply) -> Reply:
        return reply


def _is_form(call: Call) -> bool:
    return (call.request.header("content-type") or "").startswith(_FORM)


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=2000)
    except ValueError:
        raise Refusal("InvalidParameter", "The parameters are not form-encoded UTF-8.") from None


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{name}>{_xml(inner)}</{name}>" for name, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return "".join(f"<Item>{_xml(inner)}</Item>" for inner in value)
    return escape(str(value).lower() if isinstance(value, bool) else str(value))
