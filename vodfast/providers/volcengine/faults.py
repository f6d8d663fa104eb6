"""What Volcengine VOD means by its error codes.

Decides kind, retry class and advice for each code of section 10 of the protocol notes; an unknown one is judged by its
family (`InvalidParameter.X`), then by the HTTP status. Leaves what is done about it to the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vodfast.errors import ErrorKind, RetryClass
from vodfast.providers.answers import Service
from vodfast.stores.verdict import Verdict

_INPUT = Verdict(ErrorKind.INVALID_INPUT)
_LATER = Verdict(ErrorKind.UNAVAILABLE, RetryClass.LATER, "try again later")
_KEYS = Verdict(ErrorKind.AUTH, advice="check the access key and its secret")
_RIGHTS = Verdict(ErrorKind.AUTH, advice="the key or token may not do this, grant it the right")
_UNSUPPORTED = Verdict(ErrorKind.UNSUPPORTED, advice="check region, endpoint and API version")
_QUOTA = Verdict(ErrorKind.THROTTLED, advice="a quota of the account is used up, have it raised")

CODES: Final[Mapping[str, Verdict]] = {
    "AccessDenied": _RIGHTS,
    "Busy": _LATER,
    "FailedOperation": Verdict(ErrorKind.UNEXPECTED),
    "FailToConnect": _LATER,
    "InternalError": _LATER,
    "InternalServiceTimeout": _LATER,
    "InvalidAccessKey": _KEYS,
    "InvalidAction": _UNSUPPORTED,
    "InvalidActionOrVersion": _UNSUPPORTED,
    "InvalidAuthorization": _KEYS,
    "InvalidCredential": _KEYS,
    "InvalidDomain": _INPUT,
    "InvalidParameter": _INPUT,
    "InvalidSecretToken": Verdict(
        ErrorKind.AUTH, RetryClass.RENEW, "the temporary credentials are invalid or expired, get new ones"
    ),
    "InvalidTimestamp": Verdict(ErrorKind.AUTH, advice="the local clock is more than 15 minutes wrong, set it"),
    "InvalidVersion": _UNSUPPORTED,
    "LackPolicy": _RIGHTS,
    "MissingAuthenticationToken": _KEYS,
    "MissingParameter": _INPUT,
    "MissingRequestInfo": _INPUT,
    "MissingSignature": _KEYS,
    "OperationDenied": _RIGHTS,
    "QuotaInsufficient": _QUOTA,
    "RequestForbidden": _RIGHTS,
    "RequestLimitExceeded": Verdict(ErrorKind.THROTTLED, RetryClass.LATER, "send fewer calls a second"),
    "ResourceInsufficient": _QUOTA,
    "ResourceInUse": Verdict(ErrorKind.CONFLICT),
    "ResourceNotFound": Verdict(ErrorKind.NOT_FOUND),
    "ResourceUnavailable": Verdict(ErrorKind.UNSUPPORTED),
    "ServiceNotFound": _UNSUPPORTED,
    "ServiceTimeout": _LATER,
    "ServiceUnavailable": _LATER,
    "SignatureDoesNotMatch": _KEYS,
    "Unauthorized": _KEYS,
    "UnsupportedOperation": Verdict(ErrorKind.UNSUPPORTED),
    "UnsupportedProtocol": _UNSUPPORTED,
    "UnsupportedRegion": _UNSUPPORTED,
}

SERVICE: Final = Service("volcengine", "Volcengine VOD", CODES, "x-tt-logid")
