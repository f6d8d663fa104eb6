"""One signed call of the Volcengine VOD API: how it is built, and how its answer is opened.

Decides endpoint, parameters, headers and the envelope of answers (sections 2, 3.1, 3.3 and 10 of the protocol notes).
Leaves the signature to `signing.py`, codes to `faults.py`, and what is asked and answered to `protocol.py` and
`verbs.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

import msgspec

from vodfast.credentials import Credentials
from vodfast.providers.answers import Reply
from vodfast.providers.volcengine import faults, signing, wire
from vodfast.transfer.message import Request, Response, build_headers
from vodfast.transfer.ports import Call

T = TypeVar("T")

SERVICE: Final = "vod"
Carried = Literal["query", "form", "json"]
"""Where a call's parameters travel: in the address of a GET, or as the body of a POST."""
_CONTENT_TYPES: Final[Mapping[Carried, str]] = {
    "form": "application/x-www-form-urlencoded",
    "json": "application/json",
}
TIMEOUT: Final = 60.0


def open_envelope(operation: str, response: Response) -> Reply:
    """Tell success from failure, by the body first: errors come with any status.

    Raises:
        VodfastError: the service refused, redirected, or answered something that is no envelope.
    """
    service = faults.SERVICE
    envelope = service.open(operation, response, wire.Envelope, strict=False)
    request_id, error = envelope.response_metadata.request_id, envelope.response_metadata.error
    if error is not None and (error.code or response.status != 200):
        raise service.refused(operation, response, error.code or "", error.message or "", request_id)
    if response.status != 200:
        raise service.failed(operation, response)
    result = bytes(envelope.result)
    content = b"{}" if result == b"null" else result
    return Reply(service, operation, response, content, request_id, strict=False)


def parameters(body: wire.Body | Mapping[str, object]) -> list[tuple[str, str]]:
    """The fields of a body as text, in their order; those that are unset stay out."""
    fields = msgspec.to_builtins(body)
    return [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in fields.items()
        if value is not None
    ]


@dataclass(frozen=True, slots=True)
class Api:
    """The API as one account's settings see it."""

    endpoint: str
    region: str

    def request(
        self,
        operation: str,
        version: str,
        pairs: list[tuple[str, str]],
        credentials: Credentials,
        now: float,
        *,
        carried: Carried = "query",
        seen: bool = False,
    ) -> Request:
        """The signed request of one call."""
        content_type = _CONTENT_TYPES.get(carried)
        method = "GET" if content_type is None else "POST"
        query = [("Action", operation), ("Version", version), *(pairs if carried == "query" else ())]
        body = b""
        if carried == "form":
            body = signing.query_string(pairs).encode()
        elif carried == "json":
            body = msgspec.json.encode(dict(pairs))
        date = signing.x_date(now)
        signed = {"host": self.endpoint, "x-date": date, "x-content-sha256": hashlib.sha256(body).hexdigest()}
        if content_type is not None:
            signed["content-type"] = content_type
        if credentials.token:
            signed["x-security-token"] = credentials.token.reveal()
        canonical = signing.canonical_request(method, "/", query, signed, signed["x-content-sha256"])
        headers = [(name, value) for name, value in signed.items() if name != "host"]
        headers.append(
            ("authorization", signing.authorization(credentials, date, self.region, SERVICE, canonical, signed))
        )
        return Request(
            operation=operation,
            method=method,
            url=f"https://{self.endpoint}/?{signing.query_string(query)}",
            headers=build_headers(headers),
            body=None if content_type is None else body,
            timeout=TIMEOUT,
            seen=seen,
        )

    def call(
        self,
        operation: str,
        version: str,
        body: wire.Body | Mapping[str, object],
        read: Callable[[Reply], T],
        *,
        carried: Carried = "query",
        repeatable: bool = True,
        reads: bool = False,
        seen: bool = False,
    ) -> Call[T]:
        """A call with these parameters, whose successful answer goes through `read`. `seen` as for `Request`."""
        pairs = parameters(body)

        def build(credentials: Credentials, now: float) -> Request:
            return self.request(operation, version, pairs, credentials, now, carried=carried, seen=seen)

        return Call(
            cloud=faults.SERVICE.cloud,
            operation=operation,
            build=build,
            parse=lambda response: read(open_envelope(operation, response)),
            repeatable=repeatable,
            reads=reads,
        )
