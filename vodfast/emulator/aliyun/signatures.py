"""Verifiers of Alibaba signatures, rebuilt from the raw request with hashlib and hmac alone.

Decides whether a request was signed by a known key (protocol notes 2, 3, 5.5 and 5.6) and with which vendor code it is
refused. Leaves what the key may do to the services. Shares nothing with the client's signing.
"""

from __future__ import annotations

import base64
import calendar
import functools
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, quote_from_bytes

from vodfast.emulator.accounts import Account
from vodfast.emulator.messages import Request
from vodfast.emulator.service import Refusal

Find = Callable[[str], Account | None]
Pairs = Sequence[tuple[str, str]]

WINDOW = 900
"""Seconds a request's clock may differ from the server's (2, 5.9)."""

_ACS3 = re.compile(r"ACS3-HMAC-SHA256 Credential=([^,\s]+), ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")
_PAYLOAD = "UNSIGNED-PAYLOAD"


def _encode(text: str) -> str:
    return quote(text, safe="-_.~", encoding="utf-8", errors="surrogateescape")


def _latin(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "surrogateescape"), right.encode("utf-8", "surrogateescape"))


# The RPC API.


def _known(find: Find, access_key: str, token: str | None, now: float) -> Account:
    account = find(access_key)
    if account is None:
        raise Refusal("InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    if (account.token or None) != (token or None):
        raise Refusal(
            "InvalidSecurityToken.MismatchWithAccessKey", "The security token does not belong to the access key."
        )
    if account.expired(now):
        raise Refusal("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
    return account


def _check_time(text: str, now: float) -> None:
    try:
        stamp = calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        raise Refusal("InvalidTimeStamp.Format", "The specified time stamp is not well formatted.") from None
    if abs(stamp - now) > WINDOW:
        raise Refusal("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")


def rpc_canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Section 2 steps 2 to 4."""
    return "&".join(f"{_encode(name)}={_encode(value)}" for name, value in sorted(pairs))


def rpc_string_to_sign(method: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Section 2 step 5; `Signature` is left out here."""
    return f"{method}&%2F&{_encode(rpc_canonical_query(pair for pair in pairs if pair[0] != 'Signature'))}"


def rpc_signature(secret: str, text: str) -> str:
    """Section 2 step 6."""
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), "sha1")).decode()


def verify_rpc(method: str, pairs: Mapping[str, str], find: Find, now: float) -> Account:
    """The account that signed a V1 call whose parameters, those of a form body included, are `pairs` (section 2).

    Raises:
        Refusal: MissingParameter, InvalidParameter, InvalidTimeStamp.*, InvalidAccessKeyId.NotFound,
            InvalidSecurityToken.* or SignatureDoesNotMatch.
    """
    for name in ("AccessKeyId", "Signature", "Timestamp", "SignatureNonce", "SignatureMethod", "SignatureVersion"):
        if not pairs.get(name):
            raise Refusal("MissingParameter", f"{name} is mandatory for this action.")
    if pairs["SignatureMethod"] != "HMAC-SHA1" or pairs["SignatureVersion"] != "1.0":
        raise Refusal("InvalidParameter", "The signature method or version is not supported.")
    _check_time(pairs["Timestamp"], now)
    account = _known(find, pairs["AccessKeyId"], pairs.get("SecurityToken"), now)
    text = rpc_string_to_sign(method, pairs.items())
    if not _same(rpc_signature(account.secret, text), pairs["Signature"]):
        raise Refusal(
            "SignatureDoesNotMatch",
            f"Specified signature is not matched with our calculation. server string to sign is:{text}",
        )
    return account


def acs3_canonical(method: str, query: str, headers: Pairs, payload_hash: str) -> bytes:
    """Section 3 steps 1 to 5; `headers` in the order of the signed list."""
    lines = "".join(f"{name}:{value}\n" for name, value in headers)
    names = ";".join(name for name, _ in headers)
    return _latin(f"{method}\n/\n{query}\n{lines}\n{names}\n{payload_hash}")


def acs3_signature(secret: str, canonical: bytes) -> str:
    """Section 3 steps 6 and 7."""
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical).hexdigest()}"
    return hmac.digest(secret.encode(), text.encode(), "sha256").hex()


def verify_acs3(request: Request, query: Pairs, body: bytes | bytearray, find: Find, now: float) -> Account:
    """The account that signed an ACS3 call (section 3). `query` are the decoded parameters of the URL.

    Any list of signed headers is accepted that has `host`, every `x-acs-` header and, with a body, `content-type`.

    Raises:
        Refusal: as above, and IncompleteSignature for a header that is not well formed.
    """
    parsed = _ACS3.fullmatch(request.header("authorization") or "")
    if parsed is None:
        raise Refusal("IncompleteSignature", "The Authorization header is not well formed.")
    access_key, listed, signature = parsed.groups()
    names = listed.split(";")
    needed = {"host"} | {name for name, _ in request.headers() if name.startswith("x-acs-")}
    if body:
        needed.add("content-type")
    if not needed <= set(names) or names != sorted(set(names)):
        raise Refusal("IncompleteSignature", "SignedHeaders lacks a header that must be signed, or is not sorted.")
    for name in ("x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256", "x-acs-version"):
        if not request.header(name):
            raise Refusal("MissingParameter", f"The header {name} is mandatory.")
    _check_time(request.header("x-acs-date") or "", now)
    digest = request.header("x-acs-content-sha256") or ""
    account = _known(find, access_key, request.header("x-acs-security-token"), now)
    if request.header("x-acs-accesskey-id") not in (None, access_key):
        raise Refusal("InvalidAccessKeyId.NotFound", "The access key differs from the one that signed.")
    headers = []
    for name in names:
        value = request.authority if name == "host" else request.header(name)
        if value is None:
            raise Refusal("IncompleteSignature", f"The signed header {name} is not in the request.")
        headers.append((name, value.strip()))
    canonical = acs3_canonical(request.method, rpc_canonical_query(query), headers, digest)
    if not hmac.compare_digest(acs3_signature(account.secret, canonical), signature):
        raise Refusal("SignatureDoesNotMatch", "Specified signature does not match our calculation.")
    if digest != hashlib.sha256(body).hexdigest():
        raise Refusal("SignatureDoesNotMatch", "The body is not the one that x-acs-content-sha256 was made of.")
    return account


# The object store.

_V1_SIGNED = frozenset(
    [
        "acl", "append", "callback", "callback-var", "delete", "encryption", "location", "objectMeta", "partNumber",
        "policy", "position", "restore", "security-token", "sequential", "stat", "symlink", "tagging", "uploadId",
        "uploads", "versionId", "versioning", "versions", "x-oss-process", "x-oss-traffic-limit", "x-oss-request-payer",
        "response-content-type", "response-content-language", "response-expires", "response-cache-control",
        "response-content-disposition", "response-content-encoding",
    ]
)  # fmt: skip


def _store_account(find: Find, access_key: str, token: str | None, now: float) -> Account:
    account = find(access_key)
    if account is None or (account.token and not token):
        raise Refusal("InvalidAccessKeyId", "The OSS Access Key Id you provided does not exist in our records.")
    if (account.token or None) != (token or None):
        raise Refusal("InvalidSecurityToken", "The security token you provided is invalid.")
    if account.expired(now):
        raise Refusal("SecurityTokenExpired", "The security token you provided has expired.")
    return account


def oss1_string_to_sign(
    method: str, resource: tuple[str, bytes], query: Pairs, headers: Mapping[str, str], date: str
) -> bytes:
    """Section 5.5. `resource` is bucket and decoded key, `date` the Date or, in the query form, the expiry."""
    bucket, key = resource
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-oss-"))
    chosen = sorted((name, value) for name, value in query if name in _V1_SIGNED)
    listed = "&".join(f"{name}={value}" if value else name for name, value in chosen)
    head = f"{method}\n{headers.get('content-md5', '')}\n{headers.get('content-type', '')}\n{date}\n{lines}"
    where = f"/{bucket}/".encode() if bucket else b"/"
    tail = f"?{listed}".encode("utf-8", "surrogateescape") if listed else b""
    return _latin(head) + where + key + tail


def oss1_signature(secret: str, text: bytes) -> str:
    """Base64 of HMAC-SHA1 (5.5)."""
    return base64.b64encode(hmac.digest(secret.encode(), text, "sha1")).decode()


def oss4_canonical(
    method: str, resource: tuple[str, bytes], query: Pairs, headers: Mapping[str, str], additional: Collection[str]
) -> bytes:
    """Section 5.6 steps 2 to 6; `headers` by lower-case name."""
    bucket, key = resource
    path = f"/{bucket}/{quote_from_bytes(key, safe='-_.~/')}" if bucket else "/"
    pairs = sorted((_encode(name), _encode(value)) for name, value in query)
    listed = "&".join(f"{name}={value}" if value else name for name, value in pairs)
    signed = [
        name
        for name in sorted(headers)
        if name.startswith("x-oss-") or name in ("content-type", "content-md5") or name in additional
    ]
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in signed)
    return _latin(f"{method}\n{path}\n{listed}\n{lines}\n{';'.join(sorted(additional))}\n{_PAYLOAD}")


@functools.lru_cache(maxsize=256)
def oss4_key(secret: str, date: str, region: str) -> bytes:
    """Section 5.6 step 8."""
    key = f"aliyun_v4{secret}".encode()
    for word in (date, region, "oss", "aliyun_v4_request"):
        key = hmac.new(key, word.encode(), "sha256").digest()
    return key


def oss4_string_to_sign(stamp: str, region: str, canonical: bytes) -> bytes:
    """Section 5.6 step 7."""
    scope = f"{stamp[:8]}/{region}/oss/aliyun_v4_request"
    return f"OSS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}".encode()


def oss4_signature(secret: str, stamp: str, region: str, canonical: bytes) -> str:
    """Section 5.6 step 9."""
    text = oss4_string_to_sign(stamp, region, canonical)
    return hmac.new(oss4_key(secret, stamp[:8], region), text, "sha256").hexdigest()


def verify_oss(
    request: Request, resource: tuple[str, bytes], region: str, query: Pairs, find: Find, now: float
) -> Account:
    """The account that signed a request to the store, by header or query, V1 or V4 (5.5, 5.6). `query` is decoded.

    Raises:
        Refusal: AccessDenied, InvalidArgument, InvalidAccessKeyId, InvalidSecurityToken, SecurityTokenExpired,
            RequestTimeTooSkewed or SignatureDoesNotMatch.
    """
    given = dict(query)
    if len(given) != len(query):
        raise Refusal("InvalidArgument", "A query parameter is given twice.")
    header = request.header("authorization") or ""
    if header.startswith("OSS4-HMAC-SHA256 "):
        return _verify_v4_header(request, header, resource, region, query, find, now)
    if header.startswith("OSS "):
        return _verify_v1_header(request, header, resource, query, find, now)
    if header:
        raise Refusal("InvalidArgument", "The Authorization header is of no kind that is known here.")
    if "x-oss-signature" in given:
        return _verify_v4_query(request, given, resource, region, find, now)
    if "OSSAccessKeyId" in given:
        return _verify_v1_query(request, given, resource, query, find, now)
    raise Refusal("AccessDenied", "Anonymous access is forbidden: the request is not signed.")


def _mismatch(account: Account, signature: str, text: bytes) -> Refusal:
    """The refusal, with what the server would have signed (5.9)."""
    return Refusal(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.",
        details=(
            ("OSSAccessKeyId", account.access_key),
            ("SignatureProvided", signature),
            ("StringToSign", text.decode(errors="replace")),
            ("StringToSignBytes", text.hex(" ").upper()),
        ),
    )


def _check_skew(stamp: float, now: float) -> None:
    if abs(stamp - now) > WINDOW:
        raise Refusal(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            details=(("RequestTime", _shown(stamp)), ("ServerTime", _shown(now))),
        )


def _shown(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _verify_v1_header(
    request: Request, header: str, resource: tuple[str, bytes], query: Pairs, find: Find, now: float
) -> Account:
    access_key, colon, signature = header.removeprefix("OSS ").strip().partition(":")
    date = request.header("x-oss-date") or request.header("date") or ""
    if not colon:
        raise Refusal("AccessDenied", "The Authorization header is not well formed.")
    try:
        stamp = parsedate_to_datetime(date).timestamp()
    except ValueError:
        raise Refusal("AccessDenied", "The Date is missing or not well formed.") from None
    _check_skew(stamp, now)
    account = _store_account(find, access_key, request.header("x-oss-security-token"), now)
    text = oss1_string_to_sign(request.method, resource, query, dict(request.headers()), date)
    if not _same(oss1_signature(account.secret, text), signature):
        raise _mismatch(account, signature, text)
    return account


def _verify_v1_query(
    request: Request, given: Mapping[str, str], resource: tuple[str, bytes], query: Pairs, find: Find, now: float
) -> Account:
    expires = given.get("Expires", "")
    if not re.fullmatch(r"\d{1,12}", expires, re.ASCII):
        raise Refusal("AccessDenied", "Query-string authentication needs Signature, Expires and OSSAccessKeyId.")
    if now > int(expires):
        raise Refusal("AccessDenied", "Request has expired.")
    account = _store_account(find, given["OSSAccessKeyId"], given.get("security-token"), now)
    text = oss1_string_to_sign(request.method, resource, query, dict(request.headers()), expires)
    signature = given.get("Signature", "")
    if not _same(oss1_signature(account.secret, text), signature):
        raise _mismatch(account, signature, text)
    return account


def _check_v4(credential: str, stamp: str, region: str) -> tuple[str, int]:
    """Access key and Unix time of a V4 signature."""
    access_key, _, scope = credential.partition("/")
    if not re.fullmatch(r"\d{8}T\d{6}Z", stamp, re.ASCII):
        raise Refusal("InvalidArgument", "The x-oss-date is not well formed.")
    try:
        seconds = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Refusal("InvalidArgument", "The x-oss-date is not well formed.") from None
    if scope != f"{stamp[:8]}/{region}/oss/aliyun_v4_request":
        raise Refusal("InvalidArgument", "The date, region or product of the signature's scope is not this one.")
    return access_key, seconds


def _verify_v4_header(
    request: Request, header: str, resource: tuple[str, bytes], region: str, query: Pairs, find: Find, now: float
) -> Account:
    fields: dict[str, str] = {}
    for pair in header.partition(" ")[2].split(","):
        name, _, value = pair.strip().partition("=")
        if (name, value) == ("AdditionalHeaders", ""):
            raise Refusal("InvalidArgument", "AdditionalHeaders is empty.", details=(("EC", "0002-00000209"),))
        if not value or name in fields:
            raise Refusal("InvalidArgument", "The Authorization header is not well formed.")
        fields[name] = value
    if not {"Credential", "Signature"} <= fields.keys() <= {"Credential", "Signature", "AdditionalHeaders"}:
        raise Refusal("InvalidArgument", "The Authorization header is not well formed.")
    if request.header("x-oss-content-sha256") != _PAYLOAD:
        raise Refusal("InvalidArgument", "x-oss-content-sha256 must be UNSIGNED-PAYLOAD.")
    stamp = request.header("x-oss-date") or ""
    access_key, seconds = _check_v4(fields["Credential"], stamp, region)
    _check_skew(seconds, now)
    account = _store_account(find, access_key, request.header("x-oss-security-token"), now)
    additional = [name for name in fields.get("AdditionalHeaders", "").split(";") if name]
    headers = dict(request.headers())
    if "host" in additional:
        headers["host"] = request.authority
    if any(name not in headers for name in additional):
        raise Refusal("InvalidArgument", "An additional header is not in the request.")
    canonical = oss4_canonical(request.method, resource, query, headers, additional)
    if not _same(oss4_signature(account.secret, stamp, region, canonical), fields["Signature"]):
        raise _mismatch(account, fields["Signature"], oss4_string_to_sign(stamp, region, canonical))
    return account


def _verify_v4_query(
    request: Request, given: Mapping[str, str], resource: tuple[str, bytes], region: str, find: Find, now: float
) -> Account:
    stamp, lifetime = given.get("x-oss-date", ""), given.get("x-oss-expires", "")
    if given.get("x-oss-signature-version") != "OSS4-HMAC-SHA256" or not re.fullmatch(r"\d{1,6}", lifetime, re.ASCII):
        raise Refusal("InvalidArgument", "The signature in the query is not well formed.")
    access_key, seconds = _check_v4(given.get("x-oss-credential", ""), stamp, region)
    if seconds - now > WINDOW or now > seconds + int(lifetime):
        raise Refusal("AccessDenied", "Request has expired.")
    account = _store_account(find, access_key, given.get("x-oss-security-token"), now)
    additional = [name for name in given.get("x-oss-additional-headers", "").split(";") if name]
    headers = dict(request.headers()) | {"host": request.authority}
    signed = [(name, value) for name, value in given.items() if name != "x-oss-signature"]
    canonical = oss4_canonical(request.method, resource, signed, headers, additional)
    if not _same(oss4_signature(account.secret, stamp, region, canonical), given["x-oss-signature"]):
        raise _mismatch(account, given["x-oss-signature"], oss4_string_to_sign(stamp, region, canonical))
    return account


def callback_signature(url: str, seconds: int, key: str) -> str:
    """`X-VOD-SIGNATURE` (section 8)."""
    return hashlib.md5(f"{url}|{seconds}|{key}".encode(), usedforsecurity=False).hexdigest()
