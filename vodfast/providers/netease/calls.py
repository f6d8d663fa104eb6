"""One signed call of the NetEase VCloud VOD API: how it is built, and how its answer is opened.

Decides headers and the envelope of answers (sections 3 and 4 of the protocol notes). Leaves the checksum to
`signing.py`, codes to `faults.py`, and what is asked and answered to `protocol.py` and `verbs.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from vodfast.credentials import Credentials
from vodfast.errors import CredentialsError
from vodfast.providers.answers import Reply
from vodfast.providers.netease import faults, signing, wire
from vodfast.transfer.message import Request, Response, build_headers
from vodfast.transfer.ports import Call

T = TypeVar("T")

CONTENT_TYPE: Final = "application/json;charset=utf-8"
TIMEOUT: Final = 30.0


def open_envelope(operation: str, response: Response) -> Reply:
    """Tell success from failure, by the code in the body: errors come with HTTP 200.

    Raises:
        VodfastError: the service refused, redirected, or answered something that is no envelope.
    """
    service = faults.SERVICE
    envelope = service.open(operation, response, wire.Envelope)
    if envelope.code != faults.DONE:
        raise service.refused(operation, response, str(envelope.code), envelope.msg or "", envelope.request_id)
    if response.status != 200:
        raise service.failed(operation, response)
    return Reply(service, operation, response, bytes(envelope.ret) or b"{}", envelope.request_id)


def new_nonce() -> str:
    """A fresh nonce: 32 hex characters, well under the 128 the service takes."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Api:
    """The API as one account's settings see it."""

    endpoint: str
    https: bool = True
    nonce: Callable[[], str] = new_nonce

    def request(self, operation: str, body: bytes, credentials: Credentials, now: float) -> Request:
        """The signed POST of one call, with a nonce and time of its own. A token in the credentials is for the store
        and stays out."""
        nonce, cur_time = self.nonce(), str(int(now))
        return Request(
            operation=operation,
            method="POST",
            url=f"{'https' if self.https else 'http'}://{self.endpoint}/app/vod/{operation}",
            headers=build_headers(
                [
                    ("content-type", CONTENT_TYPE),
                    ("appkey", credentials.access_key),
                    ("nonce", nonce),
                    ("curtime", cur_time),
                    ("checksum", signing.checksum(credentials.secret_key, nonce, cur_time)),
                ]
            ),
            body=body,
            timeout=TIMEOUT,
        )

    def call(
        self,
        operation: str,
        body: wire.Body | Mapping[str, Any],
        read: Callable[[Reply], T],
        *,
        repeatable: bool = True,
        reads: bool = False,
    ) -> Call[T]:
        """A call with this body, whose successful answer goes through `read`. Those of `verbs.py` are all harmless to
        repeat."""
        encoded = msgspec.json.encode(body)
        return Call(
            cloud=faults.CLOUD,
            operation=operation,
            build=lambda credentials, now: self.request(operation, encoded, credentials, now),
            parse=lambda response: read(open_envelope(operation, response)),
            repeatable=repeatable,
            reads=reads,
        )


def permanent(credentials: Credentials) -> Credentials:
    """The caller's keys, which can be nothing but permanent here (section 3.2).

    Raises:
        CredentialsError: they carry a token, which this API has no place for.
    """
    if credentials.token:
        raise CredentialsError(
            "netease has no temporary keys: give the app key and its secret only", cloud=faults.CLOUD
        )
    return credentials
