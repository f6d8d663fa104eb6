"""Every listed code, statuses, Retry-After, and what messages may show."""

from __future__ import annotations

import json
import re

import pytest

from vodfast.errors import AuthError, ConfigError, ErrorKind, InvalidInput, RetryClass, VodfastError
from vodfast.providers.tencent import faults as vod
from vodfast.providers.tencent.calls import open_envelope
from vodfast.stores.cos import faults as cos
from vodfast.stores.cos.dialect import CosStore
from vodfast.stores.verdict import MAX_RETRY_AFTER, retry_after
from vodfast.transfer.message import Response

K, R = ErrorKind, RetryClass

VOD_CODES = re.findall(
    r"\S+",
    """
    FailedOperation InternalError InvalidParameter.ExpireTime InvalidParameterValue.CoverType
    InvalidParameterValue.ExpireTime InvalidParameterValue.MediaStoragePath InvalidParameterValue.MediaType
    InvalidParameterValue.SubAppId UnauthorizedOperation InvalidParameterValue.VodSessionKey ResourceNotFound
    InvalidParameterValue.MediaManifestContent ResourceUnavailable.MasterPlaylist InvalidParameterValue.MediaUrl
    InvalidParameterValue.CoverUrl InvalidParameterValue.SessionId InvalidParameterValue.SessionIdTooLong
    InvalidParameterValue.SessionContextTooLong InvalidParameter.StorageRegion InvalidParameterValue.StorageRegion
    AuthFailure.InvalidAuthorization AuthFailure.InvalidSecretId AuthFailure.MFAFailure
    AuthFailure.SecretIdNotFound AuthFailure.SignatureExpire AuthFailure.SignatureFailure AuthFailure.TokenFailure
    AuthFailure.UnauthorizedOperation ActionOffline InvalidAction InvalidParameter InvalidParameterValue
    LimitExceeded MissingParameter NoSuchVersion RequestLimitExceeded RequestLimitExceeded.UinLimitExceeded
    RequestLimitExceeded.GlobalRegionUinLimitExceeded UnknownParameter UnsupportedOperation UnsupportedRegion
    """,
)

COS_CODES = re.findall(
    r"\S+",
    """
    BadDigest BadRequest EntitySizeNotMatch EntityTooLarge EntityTooSmall ExpiredToken IncompleteBody
    InvalidArgument InvalidBucketName InvalidDigest InvalidObjectName InvalidPart InvalidPartOrder
    InvalidRegionName InvalidRequest InvalidSHA1Digest InvalidUploadStatus InvalidURI KeyTooLong MalformedXML
    MissingRequestBodyError NotSupportedStorageClass RequestTimeout UserNetworkTooSlow BucketAccelerateNotEnabled
    AccessDenied AccessForbidden InvalidAccessKeyId InvalidObjectState RequestTimeTooSkewed SignatureDoesNotMatch
    NoSuchBucket NoSuchKey NoSuchUpload NoSuchVersion MethodNotAllowed UploadIdNotSupported PathConflict
    UploadConflict ObjectLocked BucketLocked MissingContentLength PreconditionFailed InvalidRange
    UnavailableForLegalReasons DomainAuditFailed InternalError NotImplemented ServiceUnavailable SlowDown
    """,
)


def refusal(code: str, message: str = "no", status: int = 200, **headers: str) -> VodfastError:
    body = {"Response": {"Error": {"Code": code, "Message": message}, "RequestId": "req-1"}}
    response = Response(status=status, headers=tuple(headers.items()), body=json.dumps(body).encode())
    with pytest.raises(VodfastError) as caught:
        open_envelope("ApplyUpload", response)
    return caught.value


def cos_refusal(
    code: str,
    status: int = 400,
    message: str = "no",
    headers: tuple[tuple[str, str], ...] = (),
    resource: str = "h/k",
) -> VodfastError:
    body = (
        f"<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n<Code>{code}</Code><Message>{message}</Message>"
        f"<Resource>{resource}</Resource><RequestId>cos-1</RequestId><TraceId>t</TraceId></Error>"
    )
    call = CosStore(host="b-1.cos.ap-x.myqcloud.com", key="k").create_upload()
    with pytest.raises(VodfastError) as caught:
        call.parse(Response(status=status, headers=headers, body=body.encode()))
    return caught.value


@pytest.mark.parametrize("code", VOD_CODES)
def test_every_listed_vod_code_is_known(code: str) -> None:
    assert code in vod.CODES
    error = refusal(code)
    assert error.kind is not K.UNEXPECTED
    assert (error.code, error.request_id, error.cloud, error.operation) == (code, "req-1", "tencent", "ApplyUpload")
    assert "no" in error.message
    assert "\n" not in str(error)


@pytest.mark.parametrize("code", [*COS_CODES, "Request has expired"])
def test_every_listed_cos_code_is_known(code: str) -> None:
    assert code in cos.CODES
    error = cos_refusal(code)
    assert error.kind is not K.UNEXPECTED
    assert (error.code, error.request_id, error.operation) == (code, "cos-1", "InitiateMultipartUpload")


@pytest.mark.parametrize(
    ("code", "kind", "retry", "word"),
    [
        ("InternalError", K.UNAVAILABLE, R.LATER, "again"),
        ("InternalError.Storage", K.UNAVAILABLE, R.LATER, "again"),
        ("RequestLimitExceeded", K.THROTTLED, R.LATER, "fewer"),
        ("RequestLimitExceeded.UinLimitExceeded", K.THROTTLED, R.LATER, "fewer"),
        ("RequestLimitExceeded.SomethingNew", K.THROTTLED, R.LATER, "fewer"),
        ("LimitExceeded", K.THROTTLED, R.NEVER, "quota"),
        ("AuthFailure.SignatureExpire", K.AUTH, R.NEVER, "clock"),
        ("AuthFailure.SignatureFailure", K.AUTH, R.NEVER, "secret"),
        ("AuthFailure.TokenFailure", K.AUTH, R.RENEW, "temporary"),
        ("AuthFailure.Novel", K.AUTH, R.NEVER, "key"),
        ("InvalidParameterValue.SubAppId", K.CONFIG, R.NEVER, "place"),
        ("InvalidParameterValue.VodSessionKey", K.SESSION_EXPIRED, R.RENEW, "new one"),
        ("InvalidParameterValue.SessionId", K.CONFLICT, R.NEVER, "session_id"),
        ("ResourceNotFound", K.NOT_FOUND, R.NEVER, "refused"),
        ("ResourceNotFound.X.Y", K.NOT_FOUND, R.NEVER, "refused"),
        ("Novel", K.UNEXPECTED, R.NEVER, "refused"),
        ("", K.UNEXPECTED, R.NEVER, "refused"),
    ],
)
def test_each_code_of_the_service_has_its_kind_retry_class_and_advice(
    code: str, kind: ErrorKind, retry: RetryClass, word: str
) -> None:
    error = refusal(code)
    assert (error.kind, error.retry) == (kind, retry)
    assert word in error.message


def test_a_refusal_is_of_the_class_of_its_kind() -> None:
    assert isinstance(refusal("AuthFailure.SignatureFailure"), AuthError)
    assert isinstance(refusal("InvalidParameterValue.MediaType"), InvalidInput)
    assert isinstance(refusal("InvalidParameterValue.SubAppId"), ConfigError)
    assert isinstance(cos_refusal("SignatureDoesNotMatch", 403), AuthError)


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_an_error_body_counts_whatever_the_status_and_type(status: int) -> None:
    error = refusal("RequestLimitExceeded", status=status, **{"content-type": "application/json; charset=utf-8"})
    assert (error.kind, error.retry, error.status) == (K.THROTTLED, R.LATER, status)
    assert refusal("Novel", status=503).kind is K.UNAVAILABLE


@pytest.mark.parametrize(
    ("code", "status", "kind", "retry"),
    [
        ("ExpiredToken", 400, K.SESSION_EXPIRED, R.RENEW),
        ("ExpiredToken", 403, K.SESSION_EXPIRED, R.RENEW),
        ("Request has expired", 403, K.SESSION_EXPIRED, R.RENEW),
        ("RequestTimeTooSkewed", 403, K.AUTH, R.NEVER),
        ("RequestTimeout", 400, K.NETWORK, R.LATER),
        ("UserNetworkTooSlow", 400, K.NETWORK, R.LATER),
        ("BadDigest", 400, K.INTEGRITY, R.LATER),
        ("SlowDown", 503, K.THROTTLED, R.LATER),
        ("InternalError", 500, K.UNAVAILABLE, R.LATER),
        ("InternalError", 200, K.UNAVAILABLE, R.LATER),
        ("Novel", 200, K.UNAVAILABLE, R.LATER),
        ("Novel", 503, K.UNAVAILABLE, R.LATER),
        ("Novel", 429, K.THROTTLED, R.LATER),
        ("Novel", 418, K.UNEXPECTED, R.NEVER),
        ("NoSuchUpload", 404, K.NOT_FOUND, R.NEVER),
        ("NotImplemented", 501, K.UNSUPPORTED, R.NEVER),
        ("SignatureDoesNotMatch", 403, K.AUTH, R.NEVER),
    ],
)
def test_each_code_of_the_store_has_its_kind_and_retry_class(
    code: str, status: int, kind: ErrorKind, retry: RetryClass
) -> None:
    error = cos_refusal(code, status)
    assert (error.kind, error.retry, error.status) == (kind, retry, status)


def test_an_expired_certificate_may_hide_in_access_denied() -> None:
    assert cos_refusal("AccessDenied", 403, "Request has expired").retry is R.RENEW
    assert cos_refusal("AccessDenied", 403, "Access Denied.").retry is R.NEVER
    assert "clock" in cos_refusal("RequestTimeTooSkewed", 403).message


STATUSES = [
    (400, K.INVALID_INPUT, R.NEVER), (401, K.AUTH, R.NEVER), (403, K.AUTH, R.NEVER), (404, K.NOT_FOUND, R.NEVER),
    (408, K.NETWORK, R.LATER), (409, K.CONFLICT, R.NEVER), (411, K.INVALID_INPUT, R.NEVER),
    (412, K.CONFLICT, R.NEVER), (413, K.INVALID_INPUT, R.NEVER), (416, K.INVALID_INPUT, R.NEVER),
    (429, K.THROTTLED, R.LATER), (500, K.UNAVAILABLE, R.LATER), (502, K.UNAVAILABLE, R.LATER),
    (503, K.UNAVAILABLE, R.LATER), (504, K.UNAVAILABLE, R.LATER), (599, K.UNAVAILABLE, R.LATER),
    (302, K.UNEXPECTED, R.NEVER), (307, K.UNEXPECTED, R.NEVER), (204, K.UNEXPECTED, R.NEVER),
]  # fmt: skip


@pytest.mark.parametrize(("status", "kind", "retry"), STATUSES)
def test_a_status_without_a_usable_body_decides_by_itself(status: int, kind: ErrorKind, retry: RetryClass) -> None:
    create = CosStore(host="b-1.cos.ap-x.myqcloud.com", key="k").create_upload()
    for body in (b"", b"<html>gateway</html>", b"{}", b"<Error><Code/></Error>"):
        response = Response(status=status, headers=(), body=body)
        with pytest.raises(VodfastError) as vod_error:
            open_envelope("CommitUpload", response)
        with pytest.raises(VodfastError) as cos_error:
            create.parse(response)
        for caught in (vod_error, cos_error):
            assert (caught.value.kind, caught.value.retry, caught.value.status) == (kind, retry, status)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
def test_redirects_name_the_host_and_nothing_else(status: int) -> None:
    location = "https://evil.example:9/path?q-signature=canary&x-cos-security-token=canary"
    response = Response(status=status, headers=(("location", location),), body=b"")
    for parse in (
        lambda: open_envelope("ApplyUpload", response),
        lambda: CosStore(host="b-1.cos.ap-x.myqcloud.com", key="k").abort_upload("u").parse(response),
        lambda: CosStore(host="b-1.cos.ap-x.myqcloud.com", key="k").head_object().parse(response),
    ):
        with pytest.raises(VodfastError, match=r"evil\.example") as caught:
            parse()
        assert caught.value.retry is R.NEVER
        assert not caught.value.reached
        assert "canary" not in str(caught.value)


def test_a_redirect_with_a_broken_location() -> None:
    response = Response(status=302, headers=(("location", "https://[::1"),), body=b"")
    with pytest.raises(VodfastError, match="does not name"):
        open_envelope("ApplyUpload", response)


def test_the_vendors_own_words_stand_apart() -> None:
    for error in (refusal("InternalError", "try\nthat"), cos_refusal("InternalError", 500, "try that")):
        assert error.context["vendor_message"] == "try that"
        assert error.message != "try that"
    assert refusal("InternalError", "").context == {}


def test_the_store_tells_which_object_and_its_own_trace() -> None:
    told = {"vendor_message": "no", "resource": "h/k", "trace_id": "t"}
    assert cos_refusal("AccessDenied", 403).context == told
    odd = cos_refusal("AccessDenied", 403, resource=f"h/a\u2028b?sign=s{'x' * 2000}").context
    assert odd["resource"] == "h/a\\u2028b"
    assert cos_refusal("AccessDenied", 403, resource="").context == {"vendor_message": "no", "trace_id": "t"}


def test_messages_show_no_secrets_and_stay_on_one_line() -> None:
    token = "fakeTokenA0123abcdefghijklmnopqrstuvwxyz"
    message = f"bad https://h/p?sign={token}&a=b\r\nInjected: {token} end " + "x y " * 400
    for error in (refusal("InternalError", message), cos_refusal("InternalError", 500, message.replace("&", "&amp;"))):
        text = str(error)
        assert token not in text
        assert "sign=" not in text
        assert not re.search(r"[\r\n]", text)
        assert len(text) < 600


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("7", None, 7.0),
        (" 7 ", None, 7.0),
        ("0", None, 0.0),
        ("99999999999999999999", None, MAX_RETRY_AFTER),
        ("Fri, 20 Nov 2026 10:00:30 GMT", "Fri, 20 Nov 2026 10:00:00 GMT", 30.0),
        ("Fri, 20 Nov 2026 09:00:00 GMT", "Fri, 20 Nov 2026 10:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2099 10:00:30 GMT", "Fri, 20 Nov 2026 10:00:00 GMT", MAX_RETRY_AFTER),
        ("Fri, 20 Nov 2026 10:00:30 GMT", None, None),
        ("Fri, 20 Nov 2026 10:00:30", "Fri, 20 Nov 2026 10:00:00 GMT", None),
        ("-5", None, None),
        ("soon", None, None),
        ("٣", None, None),
        ("1e9", None, None),
        ("nan", None, None),
        ("", None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, date: str | None, seconds: float | None) -> None:
    headers = (("retry-after", value), *((("date", date),) if date else ()))
    assert retry_after(Response(status=503, headers=headers, body=b"")) == seconds
    error = refusal("InternalError", **dict(headers))
    assert error.retry_after == seconds
    assert cos_refusal("SlowDown", 503, headers=headers).retry_after == seconds


def test_the_store_s_request_id_is_taken_from_the_header() -> None:
    error = cos_refusal("SlowDown", 503, headers=(("x-cos-request-id", "NWQ_abc=="),))
    assert error.request_id == "NWQ_abc=="
    assert cos_refusal("SlowDown", 503, headers=(("x-cos-request-id", "a b\tc"),)).request_id is None
