"""What ApsaraVideo VOD means by its error codes.

Decides kind, retry class and advice for each code of sections 2 and 4.12 of the protocol notes. An unknown code is
judged by the nearest known prefix, then by its HTTP status. Leaves what is done about it to the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vodfast.errors import ErrorKind, RetryClass
from vodfast.providers.answers import Service
from vodfast.stores.verdict import Verdict

CLOUD: Final = "aliyun"

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

SECRETIVE: Final = frozenset(["SignatureDoesNotMatch", "IncompleteSignature"])
"""Their message holds the service's string to sign, in which a token may stand."""

SERVICE: Final = Service(CLOUD, "ApsaraVideo VOD", CODES)
