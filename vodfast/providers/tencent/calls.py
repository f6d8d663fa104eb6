"""One signed call of the Tencent Cloud VOD API: how it is built, and how its answer is opened.

Decides endpoint, headers and the envelope of answers (sections 2.1, 2.2 and 2.5 of the protocol notes). Leaves the
signature to `signing.py`, codes to `faults.py`, and what is asked and answered to `protocol.py` and `verbs.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from vodfast.credentials import Credentials
from vodfast.errors import VodfastError
from vodfast.providers.tencent import faults, signing, wire
from vodfast.transfer.message import Request, Response, build_headers
from vodfast.transfer.ports import Call

T = TypeVar("T")
B = TypeVar("B", bound=wire.Body)

VERSION: Final = "2018-07-17"
SERVICE: Final = "vod"
CONTENT_TYPE: Final = "application/json"
TIMEOUT: Final = 60.0
MAX_REPLY: Final = 8 * 1024 * 1024
"""Bytes; an answer longer than this is not read."""

_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Reply:
    """The inside of a successful envelope, not yet read."""

    operation: str
    response: Response
    content: bytes
    request_id: str | None

    def read(self, shape: type[B]) -> B:
        """The answer as `shape`.

        Raises:
            VodfastError: a field is missing or of the wrong type; the message names it.
        """
        try:
            return msgspec.json.decode(self.content, type=shape)
        except _UNREADABLE as error:
            detail = str(error) if isinstance(error, msgspec.ValidationError) else "broken JSON"
            raise self.useless(detail) from None

    def fields(self) -> dict[str, Any]:
        """The answer as plain data."""
        try:
            return msgspec.json.decode(self.content, type=dict[str, Any])
        except _UNREADABLE:
            raise self.useless("broken JSON") from None

    def useless(self, problem: str) -> VodfastError:
        """The error for this answer, which says what is wrong with it; to be raised by the caller."""
        return faults.useless(self.response, self.operation, problem, self.request_id)


def open_envelope(operation: str, response: Response) -> Reply:
    """Tell success from failure, by the body first: errors come with HTTP 200, and with any content type.

    Raises:
        VodfastError: the service refused, redirected, or answered something that is no envelope.
    """
    if len(response.body) > MAX_REPLY:
        raise faults.useless(response, operation, f"more than {MAX_REPLY} bytes")
    try:
        content = bytes(msgspec.json.decode(response.body, type=wire.Envelope).response)
        outcome = msgspec.json.decode(content, type=wire.ErrorResponse)
    except _UNREADABLE:
        if response.status != 200:
            raise faults.failed(response, operation) from None
        raise faults.useless(response, operation, "no JSON envelope of this API") from None
    if outcome.error is not None:
        raise faults.refused(response, operation, outcome.error, outcome.request_id)
    if response.status != 200:
        raise faults.failed(response, operation)
    return Reply(operation=operation, response=response, content=content, request_id=outcome.request_id)


@dataclass(frozen=True, slots=True)
class Api:
    """The API as one account's settings see it. `region` is the access region, sent in a header only."""

    endpoint: str
    region: str
    language: str

    def request(self, operation: str, body: bytes, credentials: Credentials, now: float) -> Request:
        """The signed POST of one call. The token of temporary credentials is sent beside the signature."""
        timestamp = int(now)
        canonical = signing.canonical_request("POST", "", CONTENT_TYPE, self.endpoint, body)
        headers = [
            ("content-type", CONTENT_TYPE),
            ("authorization", signing.tc3_authorization(credentials, timestamp, SERVICE, canonical)),
            ("x-tc-action", operation),
            ("x-tc-version", VERSION),
            ("x-tc-timestamp", str(timestamp)),
            ("x-tc-region", self.region),
            ("x-tc-language", self.language),
        ]
        if credentials.token:
            headers.append(("x-tc-token", credentials.token.reveal()))
        return Request(
            operation=operation,
            method="POST",
            url=f"https://{self.endpoint}/",
            headers=build_headers(headers),
            body=body,
            timeout=TIMEOUT,
        )

    def call(
        self,
        operation: str,
        body: wire.Body | Mapping[str, object],
        read: Callable[[Reply], T],
        *,
        repeatable: bool = True,
        reads: bool = False,
    ) -> Call[T]:
        """A call with this body, whose successful answer goes through `read`."""
        encoded = msgspec.json.encode(body)
        return Call(
            cloud="tencent",
            operation=operation,
            build=lambda credentials, now: self.request(operation, encoded, credentials, now),
            parse=lambda response: read(open_envelope(operation, response)),
            repeatable=repeatable,
            reads=reads,
        )
