"""What NetEase NOS means by the statuses of direct upload.

Decides kind, retry class and advice for each status of section 5.3 of the protocol notes; texts and codes of the
service are shown, never judged. Leaves what is done about it to the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from vodfast.errors import ErrorKind, RetryClass, VodfastError
from vodfast.stores.nos import wire
from vodfast.stores.verdict import Verdict, by_status, redirect, refusal, unreadable
from vodfast.transfer.message import Response

SERVICE: Final = "NetEase NOS"

CALLBACK_FAILED: Final = 520
"""The data is stored, but the media service did not take it over (section 5.3): another node would not help."""

STATUSES: Final[Mapping[int, Verdict]] = {
    403: Verdict(
        ErrorKind.SESSION_EXPIRED, RetryClass.RENEW, "the upload token is invalid or expired, a new upload is needed"
    ),
    CALLBACK_FAILED: Verdict(
        ErrorKind.UNAVAILABLE, RetryClass.LATER, "the bytes are stored, but the media service did not take them over"
    ),
}
PERHAPS_FINISHED: Final = Verdict(
    ErrorKind.UNAVAILABLE, RetryClass.LATER, "the last chunk may have arrived before and have finished the object"
)
"""The meaning of `GONE` for a last chunk (section 5.5): a request whose answer was lost may have been made twice."""
GONE: Final = (400, 404)
"""How a server may say that a context is no more; no node's own trouble."""
_LATER = Verdict(ErrorKind.UNAVAILABLE, RetryClass.LATER, "try again later")


def verdict_of(status: int) -> Verdict:
    """The meaning of a status; every 5xx is worth another try (section 5.3)."""
    return STATUSES.get(status) or (_LATER if 500 <= status < 600 else by_status(status))


def fault(response: Response, *, cloud: str, operation: str, verdict: Verdict | None = None) -> VodfastError:
    """The error for an answer that is not a success. `verdict` goes before what the status means by itself."""
    if 300 <= response.status < 400:
        return redirect(response, cloud=cloud, operation=operation, service=SERVICE, request_id=None)
    try:
        said = msgspec.json.decode(response.body, type=wire.ErrorReply)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        said = wire.ErrorReply()
    code = said.err_code if said.err_code is not None else said.code
    return refusal(
        verdict or verdict_of(response.status),
        response,
        cloud=cloud,
        operation=operation,
        service=SERVICE,
        code=None if code is None else str(code),
        message=said.err_msg or said.message or "",
        request_id=said.request_id or said.request_id_ios,
    )


def useless(problem: str, response: Response, *, cloud: str, operation: str) -> VodfastError:
    """The error for a 200 that lacks what the next step needs."""
    return unreadable(problem, response, cloud=cloud, operation=operation, service=SERVICE)
