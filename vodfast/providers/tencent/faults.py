"""What Tencent Cloud VOD means by its error codes.

Decides kind, retry class and advice for each code of section 2.5 of the protocol notes. An unknown code is judged by
the nearest known prefix, an answer without a code by its HTTP status. Leaves what is done about it to the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vodfast.errors import ErrorKind, RetryClass
from vodfast.providers.answers import Service
from vodfast.stores.verdict import Verdict

_INPUT = Verdict(ErrorKind.INVALID_INPUT)
_LATER = Verdict(ErrorKind.UNAVAILABLE, RetryClass.LATER, "try again later")
_THROTTLED = Verdict(ErrorKind.THROTTLED, RetryClass.LATER, "send fewer calls a second")
_KEYS = Verdict(ErrorKind.AUTH, advice="check the access key and its secret")
_RIGHTS = Verdict(ErrorKind.AUTH, advice="the key may not do this, grant it the right")
_UNSUPPORTED = Verdict(ErrorKind.UNSUPPORTED, advice="check region and endpoint")


def _input(advice: str) -> Verdict:
    return Verdict(ErrorKind.INVALID_INPUT, advice=advice)


CODES: Final[Mapping[str, Verdict]] = {
    "ActionOffline": _UNSUPPORTED,
    "AuthFailure": _KEYS,
    "AuthFailure.InvalidAuthorization": _KEYS,
    "AuthFailure.InvalidSecretId": _KEYS,
    "AuthFailure.MFAFailure": Verdict(ErrorKind.AUTH, advice="the account wants a second factor, use an API key"),
    "AuthFailure.SecretIdNotFound": _KEYS,
    "AuthFailure.SignatureExpire": Verdict(
        ErrorKind.AUTH, advice="the local clock is more than 5 minutes wrong, set it"
    ),
    "AuthFailure.SignatureFailure": _KEYS,
    "AuthFailure.TokenFailure": Verdict(
        ErrorKind.AUTH, RetryClass.RENEW, "the temporary credentials are invalid or expired, get new ones"
    ),
    "AuthFailure.UnauthorizedOperation": _RIGHTS,
    "FailedOperation": _LATER,
    "InternalError": _LATER,
    "InvalidAction": _UNSUPPORTED,
    "InvalidParameter": _INPUT,
    "InvalidParameter.ExpireTime": _input("check expire_time"),
    "InvalidParameter.StorageRegion": _input("check storage_region: it must be activated in the account"),
    "InvalidParameterValue": _INPUT,
    "InvalidParameterValue.CoverType": _input("check the cover's file type"),
    "InvalidParameterValue.CoverUrl": _input("check cover_url"),
    "InvalidParameterValue.ExpireTime": _input("check expire_time"),
    "InvalidParameterValue.MediaManifestContent": _input("check the manifest"),
    "InvalidParameterValue.MediaStoragePath": _input(
        "check media_storage_path: it needs a sub-application in the mode FileID + Path"
    ),
    "InvalidParameterValue.MediaType": _input("check the file type"),
    "InvalidParameterValue.MediaUrl": _input("check the URL"),
    "InvalidParameterValue.SessionContextTooLong": _input("shorten session_context"),
    "InvalidParameterValue.SessionId": Verdict(
        ErrorKind.CONFLICT, advice="a pull with this session_id was accepted before, look for its job"
    ),
    "InvalidParameterValue.SessionIdTooLong": _input("shorten session_id"),
    "InvalidParameterValue.StorageRegion": _input("check storage_region: it must be activated in the account"),
    "InvalidParameterValue.SubAppId": Verdict(
        ErrorKind.CONFIG, advice="check the sub-application id given as place; newer accounts must give one"
    ),
    "InvalidParameterValue.VodSessionKey": Verdict(
        ErrorKind.SESSION_EXPIRED, RetryClass.RENEW, "the upload session is unknown or over, start a new one"
    ),
    "LimitExceeded": Verdict(ErrorKind.THROTTLED, advice="a quota of the account is used up, have it raised"),
    "MissingParameter": _INPUT,
    "NoSuchVersion": _UNSUPPORTED,
    "RequestLimitExceeded": _THROTTLED,
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded": _THROTTLED,
    "RequestLimitExceeded.UinLimitExceeded": _THROTTLED,
    "ResourceNotFound": Verdict(ErrorKind.NOT_FOUND),
    "ResourceUnavailable.MasterPlaylist": Verdict(ErrorKind.UNSUPPORTED, advice="give one rendition's playlist"),
    "UnauthorizedOperation": _RIGHTS,
    "UnknownParameter": _INPUT,
    "UnsupportedOperation": Verdict(ErrorKind.UNSUPPORTED),
    "UnsupportedRegion": _UNSUPPORTED,
}

SERVICE: Final = Service("tencent", "Tencent Cloud VOD", CODES)
