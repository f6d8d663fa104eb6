"""Verifiers of Tencent signatures, rebuilt from the raw request with hashlib and hmac alone.

Decides whether a request was signed by a known key (protocol notes 2.3, 2.4, 3.2, 5 and 2.9) and with which vendor
code it is refused. Leaves what the key may do to the services. Shares nothing with the client's signing.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import parse_qsl, quote, quote_from_bytes

from vodfast.emulator.accounts import Account
from vodfast.emulator.messages import Request
from vodfast.emulator.service import Refusal

Find = Callable[[str], Account | None]

_TC3 = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/,\s]+)/(\d{4}-\d\d-\d\d)/([a-z]+)/tc3_request, ?"
    r"SignedHeaders=([!-+\--~]+), ?Signature=([0-9a-f]{64})"
)
_WINDOW = 300
"""Seconds a request's clock may differ from the server's (2.3)."""
_UNSIGNED = "UNSIGNED-PAYLOAD"


def _hmac256(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


@functools.lru_cache(maxsize=64)
def _tc3_key(secret: str, date: str, service: str) -> bytes:
    return _hmac256(_hmac256(_hmac256(f"TC3{secret}".encode(), date), service), "tc3_request")


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "surrogateescape"), right.encode("utf-8", "surrogateescape"))


def _timestamp(text: str | None, now: float) -> int:
    if text is None:
        raise Refusal("MissingParameter", "The request is missing the parameter `Timestamp`.")
    if not re.fullmatch(r"\d{1,12}", text, re.ASCII):
        raise Refusal("InvalidParameter", "`Timestamp` is not a number of seconds.")
    if abs(int(text) - now) > _WINDOW:
        raise Refusal("AuthFailure.SignatureExpire", "The signature has expired: check the clock of the caller.")
    return int(text)


def _known(find: Find, access_key: str, token: str | None, now: float) -> Account:
    account = find(access_key)
    if account is None:
        raise Refusal("AuthFailure.SecretIdNotFound", "The SecretId is not found, please ensure it is correct.")
    if (account.token or None) != (token or None):
        raise Refusal("AuthFailure.TokenFailure", "The token does not belong to this SecretId.")
    if account.expired(now):
        raise Refusal("AuthFailure.TokenFailure", "The token has expired.")
    return account


def verify_tc3(request: Request, body: bytes | bytearray, service: str, find: Find, now: float) -> Account:
    """The account that signed a TC3 request (2.3).

    Any list of signed headers with at least content-type and host is accepted; header values count as sent, or
    lower-cased and trimmed as the vendor describes it.

    Raises:
        Refusal: AuthFailure.*, MissingParameter or InvalidParameter.
    """
    header = request.header("authorization")
    if not header:
        raise Refusal("AuthFailure.InvalidAuthorization", "The request has no Authorization header.")
    parsed = _TC3.fullmatch(header)
    if parsed is None:
        raise Refusal("AuthFailure.InvalidAuthorization", "The Authorization header is not well formed.")
    access_key, date, scope, names, signature = parsed.groups()
    seconds = _timestamp(request.header("x-tc-timestamp"), now)
    if date != time.strftime("%Y-%m-%d", time.gmtime(seconds)):
        raise Refusal("AuthFailure.SignatureFailure", "The date of the credential scope is not that of the timestamp.")
    if scope != service:
        raise Refusal("AuthFailure.SignatureFailure", "The service of the credential scope is not this service.")
    signed = names.split(";")
    if not {"content-type", "host"} <= set(signed):
        raise Refusal("AuthFailure.InvalidAuthorization", "SignedHeaders must contain content-type and host.")
    account = _known(find, access_key, request.header("x-tc-token"), now)
    values = [_signed_header(request, name) for name in signed]
    unsigned = request.header("x-tc-content-sha256") == _UNSIGNED
    payload = _UNSIGNED.encode() if unsigned else b"" if request.method == "GET" else body
    key = _tc3_key(account.secret, date, service)
    for fold in (str, _folded):
        canonical = tc3_canonical(
            request.method,
            request.query if request.method == "GET" else "",
            [(name, fold(value)) for name, value in zip(signed, values)],
            hashlib.sha256(payload).hexdigest(),
        )
        expected = _hmac256(key, tc3_string_to_sign(canonical, seconds, date, service)).hex()
        if hmac.compare_digest(expected, signature):
            return account
    raise Refusal("AuthFailure.SignatureFailure", "The provided credentials could not be validated: signature differs.")


def _folded(value: str) -> str:
    return value.strip().lower()


def _signed_header(request: Request, name: str) -> str:
    value = request.authority if name == "host" else request.header(name)
    if value is None:
        raise Refusal("AuthFailure.SignatureFailure", f"The signed header {name} is not in the request.")
    return value


def tc3_canonical(method: str, query: str, headers: Iterable[tuple[str, str]], payload_hash: str) -> bytes:
    """The canonical request (2.3 step 2); `headers` in the order of the signed list."""
    listed = list(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in listed)
    names = ";".join(name for name, _ in listed)
    return f"{method}\n/\n{query}\n{lines}\n{names}\n{payload_hash}".encode("latin-1", "replace")


def tc3_string_to_sign(canonical: bytes, seconds: int, date: str, service: str) -> str:
    """2.3 step 4."""
    return f"TC3-HMAC-SHA256\n{seconds}\n{date}/{service}/tc3_request\n{hashlib.sha256(canonical).hexdigest()}"


def tc3_signature(secret: str, date: str, service: str, text: str) -> str:
    """2.3 step 5."""
    return _hmac256(_tc3_key(secret, date, service), text).hex()


_V1_DIGESTS = {"HmacSHA1": "sha1", "HmacSHA256": "sha256"}


def v1_string_to_sign(method: str, authority: str, pairs: Mapping[str, str]) -> str:
    """The text a V1 signature covers (2.4): raw values, names sorted with `_` written `.`."""
    listed = "&".join(f"{name.replace('_', '.')}={pairs[name]}" for name in sorted(pairs) if name != "Signature")
    return f"{method}{authority}/?{listed}"


def v1_signature(secret: str, method: str, text: str) -> str:
    """Base64 HMAC by the SignatureMethod's name."""
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), _V1_DIGESTS[method])).decode()


def verify_v1(method: str, authority: str, pairs: Mapping[str, str], find: Find, now: float) -> Account:
    """The account that signed a V1 request whose parameters, decoded, are `pairs` (2.4).

    Raises:
        Refusal: AuthFailure.*, MissingParameter or InvalidParameter.
    """
    for name in ("SecretId", "Signature", "Timestamp", "Nonce"):
        if not pairs.get(name):
            raise Refusal("MissingParameter", f"The request is missing the parameter `{name}`.")
    chosen = pairs.get("SignatureMethod", "HmacSHA1")
    if chosen not in _V1_DIGESTS:
        raise Refusal("InvalidParameter", "`SignatureMethod` is neither HmacSHA1 nor HmacSHA256.")
    _timestamp(pairs["Timestamp"], now)
    account = _known(find, pairs["SecretId"], pairs.get("Token"), now)
    expected = v1_signature(account.secret, chosen, v1_string_to_sign(method, authority, pairs))
    if not _same(expected, pairs["Signature"]):
        raise Refusal(
            "AuthFailure.SignatureFailure", "The provided credentials could not be validated: signature differs."
        )
    return account


_COS_FIELDS = (
    "q-sign-algorithm",
    "q-ak",
    "q-sign-time",
    "q-key-time",
    "q-header-list",
    "q-url-param-list",
    "q-signature",
)
_COS_TIME = re.compile(r"(\d{1,12});(\d{1,12})", re.ASCII)
_COS_TOKEN = "x-cos-security-token"  # noqa: S105  (a header's name)


def verify_cos(request: Request, query: list[tuple[str, str]], find: Find, now: float) -> Account:
    """The account that signed a COS request, in the header or in the query (3.2).

    The host counts with and without its port. A certificate past its life is 400 ExpiredToken, because the notes'
    table (3.4) lists that code under 400.

    Raises:
        Refusal: AccessDenied, InvalidArgument, InvalidAccessKeyId, RequestTimeTooSkewed, `Request has expired`,
            ExpiredToken or SignatureDoesNotMatch.
    """
    given = dict(query)
    header = request.header("authorization")
    if header:
        fields = dict(pair.partition("=")[::2] for pair in header.split("&"))
        token = request.header(_COS_TOKEN)
    else:
        fields = {name: given[name] for name in _COS_FIELDS if name in given}
        token = given.get(_COS_TOKEN) or request.header(_COS_TOKEN)
    if not fields:
        raise Refusal("AccessDenied", "Anonymous access is forbidden: the request is not signed.")
    if any(name not in fields for name in _COS_FIELDS) or fields["q-sign-algorithm"] != "sha1":
        raise Refusal("InvalidArgument", "The signature is not well formed: all seven q- fields are needed.")
    for name in ("q-sign-time", "q-key-time"):
        _check_time(fields[name], now)
    account = find(fields["q-ak"])
    if account is None or (account.token or None) != (token or None):
        raise Refusal("InvalidAccessKeyId", "The access key, with the token given, is not known.")
    if account.expired(now):
        raise Refusal("ExpiredToken", "The security token has expired.")
    for host in _cos_hosts(request):
        text = cos_http_string(request.method, request.decoded_path(), _chosen(request, query, fields, host))
        if hmac.compare_digest(
            cos_signature(account.secret, fields, text), fields["q-signature"].encode("latin-1", "replace")
        ):
            return account
    raise Refusal("SignatureDoesNotMatch", "The signature calculated from the request differs from the one given.")


def _check_time(text: str, now: float) -> None:
    parsed = _COS_TIME.fullmatch(text)
    if parsed is None or int(parsed[1]) > int(parsed[2]):
        raise Refusal("InvalidArgument", "The signature's time range is not well formed.")
    if now < int(parsed[1]):
        raise Refusal("RequestTimeTooSkewed", "The signature is not valid yet: check the clock of the caller.")
    if now > int(parsed[2]):
        raise Refusal("Request has expired", "Request has expired")


def _cos_hosts(request: Request) -> tuple[str, ...]:
    plain = request.authority.lower().rpartition(":")[0] if ":" in request.authority else request.host
    return tuple(dict.fromkeys((request.authority, request.authority.lower(), plain)))


def _chosen(
    request: Request, query: list[tuple[str, str]], fields: Mapping[str, str], host: str
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The parameters and headers that the lists name, with raw values; those not present stay out."""
    wanted = set(fields["q-url-param-list"].split(";"))
    parameters = [(name, value) for name, value in query if _encoded(name).lower() in wanted]
    headers = []
    for name in fields["q-header-list"].split(";"):
        value = host if name == "host" else request.header(name)
        if name and value is not None:
            headers.append((name, value))
    return parameters, headers


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~", encoding="utf-8", errors="surrogateescape")


def _encoded_header(value: str) -> str:
    return quote_from_bytes(value.encode("latin-1", "replace"), safe="-_.~")


def cos_http_string(
    method: str, path: bytes, chosen: tuple[Iterable[tuple[str, str]], Iterable[tuple[str, str]]]
) -> bytes:
    """HttpString (3.2 steps 3 to 5) of a decoded path, and the parameters and headers to be covered."""
    parameters, headers = chosen
    pairs = sorted((_encoded(name).lower(), _encoded(value)) for name, value in parameters)
    lines = sorted((name.lower(), _encoded_header(value)) for name, value in headers)
    listed = ("&".join(f"{name}={value}" for name, value in group).encode() for group in (pairs, lines))
    return b"\n".join((method.lower().encode(), path, *listed, b""))


def cos_signature(secret: str, fields: Mapping[str, str], http_string: bytes) -> bytes:
    """Lower hex (3.2 steps 2 and 6)."""
    key = hmac.new(secret.encode(), fields["q-key-time"].encode("latin-1", "replace"), "sha1").hexdigest()
    text = f"sha1\n{fields['q-sign-time']}\n{hashlib.sha1(http_string, usedforsecurity=False).hexdigest()}\n"
    return hmac.new(key.encode(), text.encode("latin-1", "replace"), "sha1").hexdigest().encode()


_UGC_LONGEST = 7776000
"""Seconds (section 5)."""


def _between(low: int, high: int) -> Callable[[str], bool]:
    return lambda text: bool(re.fullmatch(r"-?[0-9]{1,18}", text)) and low <= int(text) <= high


def _at_most(longest: int) -> Callable[[str], bool]:
    return lambda text: len(text) <= longest


_UGC_FIELDS: Mapping[str, Callable[[str], bool]] = {
    "secretId": bool,
    "currentTimeStamp": _between(0, 1 << 40),
    "expireTime": _between(0, 1 << 40),
    "random": _between(0, 2**32 - 1),
    "classId": _between(0, 1 << 59),
    "procedure": bool,
    "taskPriority": _between(-10, 10),
    "taskNotifyMode": ("Finish", "Change", "None").__contains__,
    "sourceContext": _at_most(250),
    "oneTimeValid": ("0", "1").__contains__,
    "vodSubAppId": _between(1, 1 << 59),
    "sessionContext": _at_most(1000),
    "storageRegion": bool,
}
"""What an upload signature may say (section 5), and what of each is well formed."""


def verify_ugc(signature: str, find: Find, now: float) -> dict[str, str]:
    """The fields of an upload signature for browsers and phones (section 5), once it is found genuine and in force.

    Raises:
        Refusal: AuthFailure.*.
    """
    try:
        raw = base64.b64decode(signature, validate=True)
        fields = dict(parse_qsl(raw[20:].decode(), keep_blank_values=True, strict_parsing=True))
        start, end = int(fields["currentTimeStamp"]), int(fields["expireTime"])
        if "random" not in fields or not all(
            good(fields[name]) for name, good in _UGC_FIELDS.items() if name in fields
        ):
            raise ValueError
    except (ValueError, KeyError):
        raise Refusal("AuthFailure.InvalidAuthorization", "The upload signature is not well formed.") from None
    account = find(fields.get("secretId", ""))
    if account is None:
        raise Refusal("AuthFailure.SecretIdNotFound", "The SecretId of the upload signature is not known.")
    if not hmac.compare_digest(hmac.digest(account.secret.encode(), raw[20:], "sha1"), raw[:20]):
        raise Refusal("AuthFailure.SignatureFailure", "The upload signature differs.")
    if not start <= end <= start + _UGC_LONGEST or now > end:
        raise Refusal("AuthFailure.SignatureExpire", "The upload signature has expired or lasts too long.")
    return fields


def callback_sign(sign_key: str, expiry: int) -> str:
    """`Sign` of an event push: MD5 of the key followed by `T` (2.9)."""
    return hashlib.md5(f"{sign_key}{expiry}".encode(), usedforsecurity=False).hexdigest()
