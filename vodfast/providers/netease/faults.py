"""What NetEase VCloud VOD means by its codes.

Decides kind, retry class and advice for each code of section 4.6 of the protocol notes; an answer without a code is
judged by its HTTP status. Leaves what is done about it to the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vodfast.errors import ErrorKind, RetryClass, VodfastError
from vodfast.stores.verdict import UNKNOWN, Verdict, by_status, redirect, refusal, unreadable
from vodfast.transfer.message import Response

SERVICE: Final = "NetEase VCloud VOD"
CLOUD: Final = "netease"
DONE: Final = 200

_ACCOUNT: Final = "see to it in the console of the account"

CODES: Final[Mapping[int, Verdict]] = {
    400: Verdict(ErrorKind.INVALID_INPUT),
    700: Verdict(ErrorKind.UNAVAILABLE, RetryClass.LATER, "try again later"),
    710: Verdict(ErrorKind.AUTH, advice="check the app key and its secret, and the local clock"),
    720: Verdict(ErrorKind.AUTH, advice=f"the account has no balance left, {_ACCOUNT}"),
    721: Verdict(ErrorKind.AUTH, advice=f"the service is not opened, {_ACCOUNT}"),
    722: Verdict(ErrorKind.AUTH, advice="the service is still under review, wait until it is opened"),
    723: Verdict(ErrorKind.THROTTLED, RetryClass.LATER, "a quota or the rate of calls is exceeded"),
}


def refused(response: Response, operation: str, code: int, message: str, request_id: str | None) -> VodfastError:
    """The error for an envelope that says no. A code nobody knows on a failing status is judged by the status."""
    verdict = CODES.get(code, UNKNOWN)
    if verdict is UNKNOWN and response.status != DONE:
        verdict = by_status(response.status)
    return refusal(
        verdict,
        response,
        cloud=CLOUD,
        operation=operation,
        service=SERVICE,
        code=str(code),
        message=message,
        request_id=request_id,
    )


def failed(response: Response, operation: str) -> VodfastError:
    """The error for a status other than 200 without an envelope."""
    if 300 <= response.status < 400:
        return redirect(response, cloud=CLOUD, operation=operation, service=SERVICE, request_id=None)
    return refusal(by_status(response.status), response, cloud=CLOUD, operation=operation, service=SERVICE)


def useless(response: Response, operation: str, problem: str, request_id: str | None = None) -> VodfastError:
    """The error for a 200 that cannot be read or lacks what the next step needs."""
    return unreadable(problem, response, cloud=CLOUD, operation=operation, service=SERVICE, request_id=request_id)
