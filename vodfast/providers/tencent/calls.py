"""One signed call of the Tencent Cloud VOD API: how it is built, and how its answer is opened.

Decides endpoint, headers and the envelope of answers (sections 2.1, 2.2 and 2.5 of the protocol notes). Leaves the
signature to `signing.py`, codes to `faults.py`, and what is asked and answered to `protocol.py` and `verbs.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from vodfast.credentials import Credentials
from vodfast.providers.answers import Reply
from vodfast.providers.tencent import faults, signing, wire
from vodfast.transfer.message import Request, Response, build_headers
from vodfast.transfer.ports import Call

T = TypeVar("T")

VERSION: Final = "2018-07-17"
SERVICE: Final = "vod"
CONTENT_TYPE: Final = "application/json"
TIMEOUT: Final = 60.0


def open_envelope(operation: str, response: Response) -> Reply:
    """Tell success from failure, by the body first: errors come with HTTP 200, and with any content type.

    Raises:
        VodfastError: the service refused, redirected, or answered something that is no envelope.
    """
    service = faults.SERVICE
    content = bytes(service.open(operation, response, wire.Envelope).response)
    outcome = service.open(operation, response, wire.ErrorResponse, content)
    if outcome.error is not None:
        raise service.refused(operation, response, outcome.error.code, outcome.error.message, outcome.request_id)
    if response.status != 200:
        raise service.failed(operation, response)
    return Reply(service, operation, response, content, outcome.request_id)


@dataclass(frozen=True, slots=True)
class Api:
    """The API as one account's settings see it. `region` is the access region, sent in a header only."""

    endpoint: str
    region: str
    language: str

    def request(
        self, operation: str, body: bytes, credentials: Credentials, now: float, *, seen: bool = False
    ) -> Request:
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
            seen=seen,
        )

    def call(
        self,
        operation: str,
        body: wire.Body | Mapping[str, object],
        read: Callable[[Reply], T],
        *,
        repeatable: bool = True,
        reads: bool = False,
        seen: bool = False,
    ) -> Call[T]:
        """A call with this body, whose successful answer goes through `read`. `seen` as for `Request`."""
        encoded = msgspec.json.encode(body)
        return Call(
            cloud=faults.SERVICE.cloud,
            operation=operation,
            build=lambda credentials, now: self.request(operation, encoded, credentials, now, seen=seen),
            parse=lambda response: read(open_envelope(operation, response)),
            repeatable=repeatable,
            reads=reads,
        )
