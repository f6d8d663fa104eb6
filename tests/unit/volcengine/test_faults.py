"""Every listed code, the gateway's own rule, statuses, and what messages may show."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from vodfast.errors import AuthError, ErrorKind, IntegrityError, InvalidInput, RetryClass, VodfastError
from vodfast.providers.volcengine import faults as vod
from vodfast.providers.volcengine.calls import open_envelope
from vodfast.stores.tos import faults as tos
from vodfast.stores.tos.wire import GatewayError
from vodfast.transfer.message import Response

K, R = ErrorKind, RetryClass

CODES = re.findall(
    r"\S+",
    """
    MissingParameter MissingAuthenticationToken MissingRequestInfo MissingSignature InvalidTimestamp ServiceNotFound
    InvalidActionOrVersion InvalidAccessKey SignatureDoesNotMatch LackPolicy AccessDenied InternalError FailToConnect
    InternalServiceTimeout InvalidAuthorization InvalidCredential InvalidSecretToken InvalidAction InvalidVersion
    InvalidParameter InvalidDomain UnsupportedProtocol UnsupportedRegion UnsupportedOperation RequestLimitExceeded
    RequestForbidden OperationDenied ResourceNotFound ResourceInUse FailedOperation Unauthorized ServiceUnavailable
    ResourceUnavailable ResourceInsufficient QuotaInsufficient ServiceTimeout Busy
    """,
)


def refusal(code: str, message: str = "no", status: int = 400, **headers: str) -> VodfastError:
    metadata = {"RequestId": "req-1", "Error": {"CodeN": 1, "Code": code, "Message": message}}
    body = json.dumps({"ResponseMetadata": metadata}).encode()
    with pytest.raises(VodfastError) as caught:
        open_envelope("ApplyUploadInfo", Response(status=status, headers=tuple(headers.items()), body=body))
    return caught.value


def test_every_code_of_the_notes_is_known() -> None:
    assert set(CODES) == set(vod.CODES)


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("code", CODES)
def test_codes_decide_over_the_status(code: str, status: int) -> None:
    error = refusal(code, status=status)
    assert (error.kind, error.retry) == (vod.CODES[code].kind, vod.CODES[code].retry)
    assert (error.code, error.request_id, error.operation, error.cloud) == (
        code, "req-1", "ApplyUploadInfo", "volcengine"
    )  # fmt: skip
    assert error.message.startswith("Volcengine VOD refused ApplyUploadInfo: no")


RETRIED = {
    "InternalError", "FailToConnect", "InternalServiceTimeout", "RequestLimitExceeded", "ServiceUnavailable",
    "ServiceTimeout", "Busy",
}  # fmt: skip


def test_what_is_tried_again() -> None:
    assert {code for code in CODES if vod.CODES[code].retry is R.LATER} == RETRIED
    assert {code for code in CODES if vod.CODES[code].retry is R.RENEW} == {"InvalidSecretToken"}


def test_an_unknown_code_is_judged_by_its_family_then_by_its_status() -> None:
    assert vod.SERVICE.verdict_of("InvalidParameter.SpaceName").kind is K.INVALID_INPUT
    assert isinstance(refusal("InvalidParameter.SpaceName"), InvalidInput)
    assert (refusal("Strange", status=503).kind, refusal("Strange", status=503).retry) == (K.UNAVAILABLE, R.LATER)
    assert (refusal("Strange", status=200).kind, refusal("Strange", status=200).retry) == (K.UNEXPECTED, R.NEVER)
    assert isinstance(refusal("Strange", status=403), AuthError)
    assert refusal("RequestLimitExceeded", status=429, **{"retry-after": "3"}).retry_after == 3.0


def test_messages_show_no_secrets_and_one_line() -> None:
    error = refusal("AccessDenied", "denied\r\nfor key=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9 at http://h/?a=b&c=d")
    assert "\n" not in error.message
    assert "eyJhbGci" not in error.message
    assert "a=b" not in error.message


@pytest.mark.parametrize(
    ("status", "body", "kind", "retry"),
    [
        (200, b"", K.UNEXPECTED, R.LATER),
        (200, b"<html>", K.UNEXPECTED, R.LATER),
        (200, b"[]", K.UNEXPECTED, R.LATER),
        (200, b'{"Result":{}}', K.UNEXPECTED, R.LATER),
        (200, b'{"ResponseMetadata":5}', K.UNEXPECTED, R.LATER),
        (200, b"[" * 100_000, K.UNEXPECTED, R.LATER),
        (200, b" " * (8 << 20) + b"{}", K.UNEXPECTED, R.LATER),
        (502, b"bad gateway", K.UNAVAILABLE, R.LATER),
        (503, b'{"ResponseMetadata":{}}', K.UNAVAILABLE, R.LATER),
        (401, b"", K.AUTH, R.NEVER),
        (404, b"", K.NOT_FOUND, R.NEVER),
    ],
)
def test_answers_that_are_no_envelope(status: int, body: bytes, kind: ErrorKind, retry: RetryClass) -> None:
    with pytest.raises(VodfastError) as caught:
        open_envelope("CommitUploadInfo", Response(status=status, headers=(), body=body))
    assert (caught.value.kind, caught.value.retry) == (kind, retry)


def test_an_empty_error_is_success() -> None:
    body = b'{"ResponseMetadata":{"RequestId":"r","Error":{"CodeN":0,"Code":"","Message":""}},"Result":null}'
    assert open_envelope("X", Response(status=200, headers=(), body=body)).content == b"{}"


def test_redirects_are_not_followed() -> None:
    response = Response(status=307, headers=(("location", "https://evil.example/?token=abc"),), body=b"")
    with pytest.raises(VodfastError, match=r"evil\.example") as caught:
        open_envelope("X", response)
    for error in (
        caught.value,
        tos.gateway_fault(response, None, cloud="volcengine", operation="X"),
        tos.tos_fault(response, cloud="volcengine", operation="X"),
    ):
        assert (error.retry, error.reached) == (R.NEVER, False)
        assert "abc" not in error.message


@pytest.mark.parametrize(
    ("status", "error", "kind", "retry"),
    [
        (200, {"error_code": 5000}, K.UNAVAILABLE, R.LATER),
        (200, {"error_code": 4999}, K.UNEXPECTED, R.NEVER),
        (200, {"error_code": 0, "code": 500}, K.UNAVAILABLE, R.LATER),
        (200, {"code": 499}, K.UNEXPECTED, R.NEVER),
        (200, {"error_code": 4100, "code": 500}, K.UNEXPECTED, R.NEVER),
        (500, {"error_code": 4100}, K.UNAVAILABLE, R.NEVER),
        (500, {}, K.UNAVAILABLE, R.LATER),
        (400, {"error_code": 5001}, K.UNAVAILABLE, R.LATER),
        (400, {"error_code": 4000}, K.INVALID_INPUT, R.NEVER),
        (200, {"code": 400, "error_code": 4000}, K.INVALID_INPUT, R.NEVER),
        (401, {}, K.SESSION_EXPIRED, R.RENEW),
        (403, {"error_code": 4030}, K.SESSION_EXPIRED, R.RENEW),
        (200, {"code": 403, "error_code": 4030}, K.SESSION_EXPIRED, R.RENEW),
        (404, {}, K.NOT_FOUND, R.RENEW),
        (429, {"error_code": 4290}, K.THROTTLED, R.LATER),
        (200, {"code": 429}, K.THROTTLED, R.LATER),
        (400, {"message": "InvalidMergeParts"}, K.CONFLICT, R.NEVER),
        (400, {"error": "invalid merge parts: 2", "error_code": 5000}, K.CONFLICT, R.NEVER),
        (400, {"message": "crc32 mismatch", "error_code": 4001}, K.INTEGRITY, R.LATER),
    ],
)
def test_the_gateways_rule(status: int, error: dict[str, Any], kind: ErrorKind, retry: RetryClass) -> None:
    verdict = tos.verdict_of(status, GatewayError(**error))
    assert (verdict.kind, verdict.retry) == (kind, retry)
    body = json.dumps({"success": 1, "error": error}).encode()
    response = Response(status=status, headers=(("x-tt-logid", "log-1"),), body=body)
    fault = tos.gateway_fault(response, tos.outcome(response), cloud="volcengine", operation="UploadPart")
    assert (fault.kind, fault.retry, fault.request_id) == (kind, retry, "log-1")
    assert isinstance(fault, IntegrityError) is (kind is K.INTEGRITY)


@pytest.mark.parametrize(
    ("status", "body", "kind", "retry", "code"),
    [
        (403, b'{"Code":"AccessDenied","Message":"m","RequestId":"r"}', K.SESSION_EXPIRED, R.RENEW, "AccessDenied"),
        (404, b'{"Code":"NoSuchUpload"}', K.NOT_FOUND, R.RENEW, "NoSuchUpload"),
        (400, b'{"Code":"BadDigest"}', K.INTEGRITY, R.LATER, "BadDigest"),
        (400, b"<xml>", K.INVALID_INPUT, R.NEVER, None),
        (503, b"", K.UNAVAILABLE, R.LATER, None),
        (429, b"", K.THROTTLED, R.LATER, None),
    ],
)
def test_a_refusal_inside_a_vpc_has_its_kind_and_retry_class(
    status: int, body: bytes, kind: ErrorKind, retry: RetryClass, code: str | None
) -> None:
    response = Response(status=status, headers=(("x-tos-request-id", "t-1"),), body=body)
    error = tos.tos_fault(response, cloud="volcengine", operation="VpcPutObject")
    assert (error.kind, error.retry, error.code, error.request_id) == (kind, retry, code, "t-1")
