"""One signed call of the ApsaraVideo VOD API: how it is built, and how its answer is opened.

Decides endpoint, common parameters, headers and the form of answers (sections 1 to 4 of the protocol notes). Leaves
signatures to `signing.py`, codes to `faults.py`, and what is asked and answered to `protocol.py` and `verbs.py`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from vodfast.credentials import Credentials
from vodfast.providers.aliyun import faults, signing, wire
from vodfast.providers.answers import Reply
from vodfast.transfer.message import Request, Response, build_headers
from vodfast.transfer.ports import Call

T = TypeVar("T")

VERSION: Final = "2017-03-21"
FORM: Final = "application/x-www-form-urlencoded"
TIMEOUT: Final = 60.0
MAX_QUERY: Final = 4096
"""Characters; longer parameters travel as a form body, which is signed as well."""


def open_reply(operation: str, response: Response) -> Reply:
    """Tell success from failure: by the status, and by a `Code` in the body whatever the status.

    Raises:
        VodfastError: the service refused, redirected, or answered something that is no JSON object.
    """
    service = faults.SERVICE
    outcome = service.open(operation, response, wire.ErrorResponse)
    code = outcome.code
    if code and (response.status != 200 or code not in ("200", "OK", "Success")):
        message = "" if code in faults.SECRETIVE else outcome.message or ""
        raise service.refused(operation, response, code, message, outcome.request_id)
    if response.status != 200:
        raise service.failed(operation, response)
    return Reply(service, operation, response, response.body, outcome.request_id)


@dataclass(frozen=True, slots=True)
class Api:
    """The API as one account's settings see it. `region` is the service region; `signature` is `ACS3` or `V1`;
    `version` is another one for another service of the vendor's."""

    endpoint: str
    region: str
    signature: str
    version: str = VERSION

    def request(
        self,
        operation: str,
        params: Iterable[tuple[str, str]],
        credentials: Credentials,
        now: float,
        nonce: str | None = None,
    ) -> Request:
        """The signed POST of one call; `nonce` is drawn anew unless given."""
        pairs = list(params)
        sign = self._acs3 if self.signature == "ACS3" else self._v1
        in_body = len(signing.canonical_query(pairs)) > MAX_QUERY
        return sign(operation, pairs, in_body, credentials, now, nonce or secrets.token_hex(16))

    def _acs3(
        self, operation: str, pairs: list[tuple[str, str]], in_body: bool, keys: Credentials, now: float, nonce: str
    ) -> Request:
        sent = signing.canonical_query(pairs)
        query, body = ("", sent.encode()) if in_body else (sent, b"")
        digest = hashlib.sha256(body).hexdigest()
        headers = [
            ("accept", "application/json"),
            ("x-acs-action", operation),
            ("x-acs-content-sha256", digest),
            ("x-acs-date", signing.timestamp(now)),
            ("x-acs-signature-nonce", nonce),
            ("x-acs-version", self.version),
        ]
        if body:
            headers.append(("content-type", FORM))
        if keys.token:
            headers += [("x-acs-accesskey-id", keys.access_key), ("x-acs-security-token", keys.token.reveal())]
        signed = [("host", self.endpoint), *headers]
        canonical = signing.acs3_canonical_request("POST", query, signed, digest)
        authorization = signing.acs3_authorization(keys, canonical, signing.signed_names(signed))
        return self._post(operation, query, body, [*headers, ("authorization", authorization)])

    def _v1(
        self, operation: str, pairs: list[tuple[str, str]], in_body: bool, keys: Credentials, now: float, nonce: str
    ) -> Request:
        common = [
            ("Action", operation),
            ("Version", self.version),
            ("Format", "JSON"),
            ("RegionId", self.region),
            ("Timestamp", signing.timestamp(now)),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureType", ""),
            ("SignatureNonce", nonce),
            ("AccessKeyId", keys.access_key),
        ]
        if keys.token:
            common.append(("SecurityToken", keys.token.reveal()))
        signature = signing.v1_signature(keys.secret_key, signing.v1_string_to_sign("POST", [*common, *pairs]))
        query = signing.canonical_query([*common, *([] if in_body else pairs)])
        body = signing.canonical_query(pairs).encode() if in_body else b""
        headers = [("accept", "application/json"), *([("content-type", FORM)] if body else [])]
        return self._post(operation, f"{query}&Signature={signing.encoded(signature)}", body, headers)

    def _post(self, operation: str, query: str, body: bytes, headers: list[tuple[str, str]]) -> Request:
        return Request(
            operation=operation,
            method="POST",
            url=f"https://{self.endpoint}/{'?' if query else ''}{query}",
            headers=build_headers(headers),
            body=body,
            timeout=TIMEOUT,
        )

    def call(
        self,
        operation: str,
        params: Iterable[tuple[str, str | int | None]],
        read: Callable[[Reply], T],
        *,
        repeatable: bool = True,
        reads: bool = False,
    ) -> Call[T]:
        """A call with these parameters (None is left out), whose successful answer goes through `read`."""
        pairs = [(name, str(value)) for name, value in params if value is not None]
        return Call(
            cloud=faults.SERVICE.cloud,
            operation=operation,
            build=lambda credentials, now: self.request(operation, pairs, credentials, now),
            parse=lambda response: read(open_reply(operation, response)),
            repeatable=repeatable,
            reads=reads,
        )
