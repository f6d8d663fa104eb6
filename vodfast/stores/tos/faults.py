"""What the upload gateway and TOS mean by a refusal.

Decides by the vendor's own rule of section 5.5: `error_code` from 5000, or without one `code` from 500, is the
gateway's trouble and worth another try, everything else ends the upload; and by what the notes say of 404, checksums
and merges. Leaves what is done about it to the engine.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from vodfast.errors import ErrorKind, RetryClass, VodfastError
from vodfast.stores.tos.wire import GatewayError, Outcome, TosError
from vodfast.stores.verdict import UNKNOWN, Verdict, by_status, redirect, refusal, unreadable
from vodfast.transfer.message import Response

GATEWAY: Final = "the Volcengine upload gateway"
TOS: Final = "Volcengine TOS"

_LATER = Verdict(ErrorKind.UNAVAILABLE, RetryClass.LATER, "try again later")
OVER: Final = Verdict(ErrorKind.SESSION_EXPIRED, RetryClass.RENEW, "the upload address is not granted any more")
REFUSED: Final = Verdict(ErrorKind.AUTH, advice="a fresh upload address is refused as well, so asking again is no use")
"""Instead of `OVER` for a grant that replaced a refused one and never worked."""
_GONE = Verdict(ErrorKind.NOT_FOUND, RetryClass.RENEW, "the upload is unknown or expired, start a new one")
_DAMAGED = Verdict(ErrorKind.INTEGRITY, RetryClass.LATER, "the bytes were damaged on the way, send them again")
_MERGE = Verdict(ErrorKind.CONFLICT, advice="the stored parts are not the ones named, upload it again")

_RETRY_FROM: Final = 5000
_RETRY_FROM_OLD: Final = 500
_BY_STATUS = {401: OVER, 403: OVER, 404: _GONE}

_BAD_MERGE = re.compile(r"invalid ?merge ?parts", re.IGNORECASE)
_BAD_SUM = re.compile(r"\bcrc(32)?\b.*\b(mismatch|match|differ|incorrect|invalid)|BadDigest", re.IGNORECASE)
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


def outcome(response: Response) -> Outcome | None:
    """The envelope's verdict, None if the body is no envelope."""
    try:
        return msgspec.json.decode(response.body, type=Outcome, strict=False)
    except _UNREADABLE:
        return None


def log_id(response: Response) -> str | None:
    return response.header("x-tt-logid")


def verdict_of(status: int, error: GatewayError) -> Verdict:
    """The meaning of one refusal of the gateway."""
    said = f"{error.error or ''} {error.message or ''}"
    code, error_code = error.code or 0, error.error_code or 0
    if _BAD_MERGE.search(said):
        return _MERGE
    if _BAD_SUM.search(said):
        return _DAMAGED
    for number in (status, code):
        if number == 429:
            return by_status(429)
        if number in _BY_STATUS:
            return _BY_STATUS[number]
    if error_code >= _RETRY_FROM or (error_code == 0 and code >= _RETRY_FROM_OLD):
        return _LATER
    known = by_status(status) if status != 200 else by_status(code) if 400 <= code < 500 else UNKNOWN
    # The gateway's own numbers decide over a 5xx status: without a retryable one it has made up its mind.
    return Verdict(known.kind) if error_code and known.retry is RetryClass.LATER else known


def gateway_fault(
    response: Response, said: Outcome | None, *, cloud: str, operation: str, again: bool = False
) -> VodfastError:
    """The error for an answer of the gateway that is no success; `again`: the grant before this one was refused too."""
    request_id = log_id(response)
    if 300 <= response.status < 400:
        return redirect(response, cloud=cloud, operation=operation, service=GATEWAY, request_id=request_id)
    error = said.error if said is not None else None
    if error is None and response.status == 200:
        return useless("neither success nor an error", response, cloud=cloud, operation=operation)
    error = error or GatewayError()
    verdict = verdict_of(response.status, error)
    if verdict is OVER and again:
        verdict = REFUSED
    number = error.error_code or error.code
    return refusal(
        verdict,
        response,
        cloud=cloud,
        operation=operation,
        service=GATEWAY,
        code=str(number) if number else None,
        message=error.message or error.error or "",
        request_id=request_id,
    )


def useless(problem: str, response: Response, *, cloud: str, operation: str) -> VodfastError:
    """The error for a 200 of the gateway that lacks what the next step needs."""
    return unreadable(problem, response, cloud=cloud, operation=operation, service=GATEWAY, request_id=log_id(response))


def tos_fault(response: Response, *, cloud: str, operation: str) -> VodfastError:
    """The error for an answer to a presigned request that is no success. TOS says its codes in JSON."""
    request_id = response.header("x-tos-request-id")
    if 300 <= response.status < 400:
        return redirect(response, cloud=cloud, operation=operation, service=TOS, request_id=request_id)
    try:
        error = msgspec.json.decode(response.body, type=TosError)
    except _UNREADABLE:
        error = TosError()
    verdict = _BY_STATUS.get(response.status) or by_status(response.status)
    return refusal(
        _DAMAGED if _BAD_SUM.search(error.code or "") else verdict,
        response,
        cloud=cloud,
        operation=operation,
        service=TOS,
        code=error.code,
        message=error.message or "",
        request_id=request_id or error.request_id,
    )


def tos_useless(problem: str, response: Response, *, cloud: str, operation: str) -> VodfastError:
    """The error for a 200 of TOS that lacks what the next step needs."""
    return unreadable(
        problem,
        response,
        cloud=cloud,
        operation=operation,
        service=TOS,
        request_id=response.header("x-tos-request-id"),
    )
