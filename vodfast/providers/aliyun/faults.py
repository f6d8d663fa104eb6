"""What ApsaraVideo VOD means by its error codes.

Decides kind, retry class and advice for each code of sections 2 and 4.12 of the protocol notes. An unknown code is
judged by the nearest known prefix, then by its HTTP status. Leaves what is done about it to the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vodfast.errors import ErrorKind, RetryClass, VodfastError
from vodfast.providers.aliyun.wire import ErrorResponse
from vodfast.stores.verdict import UNKNOWN, Verdict, by_status, redirect, refusal, unreadable
from vodfast.transfer.message import Response

CLOUD: Final = "aliyun"
SERVICE: Final = "ApsaraVideo VOD"

_INPUT = Verdict(ErrorKind.INVALID_INPUT)
_LATER = Verdict(ErrorKind.UNAVAILABLE, RetryClass.LATER, "try again later")
_THROTTLED = Verdict(ErrorKind.THROTTLED, RetryClass.LATER, "send fewer calls a second")
_KEYS = Verdict(ErrorKind.AUTH, advice="check the access key and its secret")
_RIGHTS = Verdict(ErrorKind.AUTH, advice="the key may not do this, grant it the right or activate the service")
_CLOCK = Verdict(ErrorKind.AUTH, advice="the local clock is more than 15 minutes wrong, set it")
_TOKEN = Verdict(ErrorKind.AUTH, RetryClass.RENEW, "the temporary credentials are invalid or expired, get new ones")
_GONE = Verdict(ErrorKind.NOT_FOUND)


def _input(advice: str) -> Verdict:
    return Verdict(ErrorKind.INVALID_INPUT, advice=advice)


CODES: Final[Mapping[str, Verdict]] = {
    "AccessDenied": _RIGHTS,
    "AddVideoFailed": _LATER,
    "Forbidden": _RIGHTS,
    "Forbidden.InitFailed": Verdict(ErrorKind.AUTH, advice="the service is not set up, open its console once"),
    "IllegalCharacters": _input("remove emoji and control characters from the texts"),
    "IncompleteSignature": _KEYS,
    "InternalError": _LATER,
    "InvalidAccessKeyId": _KEYS,
    "InvalidAccessKeySecret": _KEYS,
    "InvalidAction.NotFound": Verdict(ErrorKind.UNSUPPORTED, advice="check region and endpoint"),
    "InvalidFile.NotFound": _GONE,
    "InvalidFileName.Extension": _input("check the file type"),
    "InvalidMultipartUpload.NotFound": _GONE,
    "InvalidParameter": _INPUT,
    "InvalidParameter.ReferenceId": Verdict(
        ErrorKind.CONFLICT, advice="reference_id must be new in the account: the media may exist already, look for it"
    ),
    "InvalidParameter.SessionId": Verdict(
        ErrorKind.CONFLICT, advice="a pull with this session_id was accepted in the last 10 minutes, look for its jobs"
    ),
    "InvalidParameter.UploadURLs": _input("check the URLs"),
    "InvalidSecurityToken": _TOKEN,
    "InvalidStorage.NotFound": Verdict(
        ErrorKind.CONFIG, advice="check the storage location given as place: it must belong to this region"
    ),
    "InvalidTemplateGroupId.NotFound": _input("check template_group_id"),
    "InvalidTimeStamp.Expired": _CLOCK,
    "InvalidTimeStamp.Format": _CLOCK,
    "InvalidVersion": Verdict(ErrorKind.UNSUPPORTED, advice="check region and endpoint"),
    "InvalidVideo.Damaged": Verdict(ErrorKind.CONFLICT, advice="the stored file cannot be used, upload it again"),
    "InvalidVideo.NotFound": _GONE,
    "LengthExceededMax": _input("shorten the texts"),
    "MissingParameter": _INPUT,
    "OperationDenied": _RIGHTS,
    "OperationDenied.Suspended": Verdict(ErrorKind.AUTH, advice="the account is suspended, settle its bill"),
    "ServiceUnAvailable": _LATER,
    "ServiceUnavailable": _LATER,
    "SignatureDoesNotMatch": _KEYS,
    "SignatureNonceUsed": Verdict(ErrorKind.UNAVAILABLE, RetryClass.LATER, "try again"),
    "TagsExceededMax": _input("give at most 16 tags"),
    "Throttling": _THROTTLED,
}

_SECRETIVE = frozenset(["SignatureDoesNotMatch", "IncompleteSignature"])
"""Their message holds the service's string to sign, in which a token may stand."""


def verdict_of(code: str) -> Verdict:
    """The meaning of a code, or of its family if the exact one is not known."""
    while code not in CODES and "." in code:
        code = code.rpartition(".")[0]
    return CODES.get(code, UNKNOWN)


def refused(response: Response, operation: str, said: ErrorResponse) -> VodfastError:
    """The error for an answer with a `Code`. One that nobody knows is judged by the status."""
    code = said.code or ""
    verdict = verdict_of(code)
    if verdict is UNKNOWN and response.status != 200:
        verdict = by_status(response.status)
    return refusal(
        verdict,
        response,
        cloud=CLOUD,
        operation=operation,
        service=SERVICE,
        code=code,
        message="" if code in _SECRETIVE else said.message or "",
        request_id=said.request_id,
    )


def failed(response: Response, operation: str) -> VodfastError:
    """The error for a status other than 200 without an error body."""
    if 300 <= response.status < 400:
        return redirect(response, cloud=CLOUD, operation=operation, service=SERVICE, request_id=None)
    return refusal(by_status(response.status), response, cloud=CLOUD, operation=operation, service=SERVICE)


def useless(response: Response, operation: str, problem: str, request_id: str | None = None) -> VodfastError:
    """The error for a 200 that cannot be read or lacks what the next step needs."""
    return unreadable(problem, response, cloud=CLOUD, operation=operation, service=SERVICE, request_id=request_id)
