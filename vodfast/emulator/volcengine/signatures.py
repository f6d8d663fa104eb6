"""Verifiers of Volcengine signatures and tokens, rebuilt from the raw request with hashlib and hmac alone.

Decides whether a call was signed by a known key (protocol notes 3.1, 3.2 and 9.2) and with which vendor code it is
refused. Leaves what the key may do to `policies.py`. Shares nothing with the client's signing.
"""

from __future__ import annotations

import base64
import calendar
import functools
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, quote_from_bytes

from vodfast.emulator.accounts import Account
from vodfast.emulator.messages import Request
from vodfast.emulator.service import Refusal
from vodfast.emulator.volcengine.unseal import unseal

Find = Callable[[str], Account | None]

_HEADER = re.compile(
    r"HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9_]+)/request, ?"
    r"SignedHeaders=([!-+\--~]+), ?Signature=([0-9a-f]{64})"
)
_API_HOST = re.compile(r"vod(?:\.([a-z0-9-]{1,63}))?\.volcengineapi\.com")
"""No list of regions is checked (section 2)."""
HOME_REGION = "cn-north-1"
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_WINDOW = 900
"""Seconds a request's clock may differ from the server's (3.1)."""
_LEAST = frozenset(("host", "x-date"))


class Caller(NamedTuple):
    """Who signed. `policy` is that of an STS2 token, None for keys without one."""

    account: Account
    policy: str | None


def region_of(host: str) -> str | None:
    """The region an API host stands for (section 2), None for other hosts."""
    parsed = _API_HOST.fullmatch(host)
    return (parsed[1] or HOME_REGION) if parsed else None


def _hmac256(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


@functools.lru_cache(maxsize=64)
def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """3.1 step 11: no prefix before the secret."""
    return functools.reduce(_hmac256, (day, region, service, "request"), secret.encode())


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~", encoding="utf-8", errors="surrogateescape")


def pairs_of(query: str) -> list[tuple[str, str]]:
    """The decoded pairs of a query or form, `+` read as a blank.

    Raises:
        Refusal: InvalidParameter.
    """
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError:
        raise Refusal("InvalidParameter", "The parameters are not form-encoded UTF-8.") from None


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """3.1 step 7."""
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(pairs, key=lambda pair: pair[0]))


def canonical_request(
    method: str, path: bytes, pairs: Iterable[tuple[str, str]], headers: Iterable[tuple[str, str]], body_hash: str
) -> bytes:
    """3.1 step 9; `path` is decoded, `headers` in the order of the signed list."""
    listed = list(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in listed)
    names = ";".join(name for name, _ in listed)
    uri = quote_from_bytes(path, safe="/-_.~")
    return f"{method}\n{uri}\n{canonical_query(pairs)}\n{lines}\n{names}\n{body_hash}".encode("latin-1", "replace")


def string_to_sign(date: str, scope: str, canonical: bytes) -> str:
    """3.1 step 10."""
    return f"HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}"


def signed_host(authority: str) -> str:
    """3.1 step 5: ports 80 and 443 are dropped."""
    return re.sub(r":(80|443)$", "", authority)


def _check_date(text: str | None, day: str, now: float, life: int = _WINDOW) -> str:
    if text is None:
        raise Refusal("MissingRequestInfo", "The request has no X-Date.")
    if not _DATE.fullmatch(text):
        raise Refusal("InvalidTimestamp", "X-Date is not a time.")
    try:
        seconds = calendar.timegm(time.strptime(text, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Refusal("InvalidTimestamp", "X-Date is not a time.") from None
    if not -_WINDOW <= now - seconds <= life:
        raise Refusal("InvalidTimestamp", "The request has expired: check the clock of the caller.")
    if text[:8] != day:
        raise Refusal("InvalidCredential", "The date of the credential scope is not that of X-Date.")
    return text


def verify_header(
    request: Request, body: bytes | bytearray, find: Find, now: float, *, region: str | None, service: str = "vod"
) -> Caller:
    """The caller that signed a request in its headers (3.1); `region` is the one the host stands for, None for any.

    Any list of signed headers with at least host and x-date is accepted, and values count as sent or with inner
    blanks collapsed: clients in other languages sign so.

    Raises:
        Refusal: with a code of section 10.
    """
    header = request.header("authorization")
    if not header:
        raise Refusal("MissingAuthenticationToken", "The request is not signed.")
    parsed = _HEADER.fullmatch(header)
    if parsed is None:
        raise Refusal("InvalidAuthorization", "The Authorization header is not well formed.")
    access_key, day, scope_region, scope_service, names, given = parsed.groups()
    date = _check_date(request.header("x-date"), day, now)
    if scope_service != service or region not in (None, scope_region):
        raise Refusal("InvalidCredential", "Region or service of the credential scope are not those of this host.")
    signed = names.split(";")
    if not set(signed) >= _LEAST or len(set(signed)) != len(signed):
        raise Refusal("InvalidAuthorization", "SignedHeaders must contain host and x-date, and no name twice.")
    body_hash = hashlib.sha256(body).hexdigest()
    claimed = request.header("x-content-sha256")
    if claimed is not None and claimed != body_hash:
        raise Refusal("SignatureDoesNotMatch", "X-Content-Sha256 is not the hash of the body.")
    caller = _known(access_key, request.header("x-security-token"), find, now)
    values = [_value(request, name) for name in signed]
    pairs = pairs_of(request.query)
    key = signing_key(caller.account.secret, day, scope_region, scope_service)
    for fold in (str, _collapsed):
        canonical = canonical_request(
            request.method,
            request.decoded_path(),
            pairs,
            [(name, fold(value)) for name, value in zip(signed, values)],
            body_hash,
        )
        text = string_to_sign(date, f"{day}/{scope_region}/{scope_service}/request", canonical)
        if hmac.compare_digest(_hmac256(key, text).hex(), given):
            return caller
    raise Refusal("SignatureDoesNotMatch", "The signature calculated from the request differs from the one given.")


def _collapsed(value: str) -> str:
    return " ".join(value.split())


def _value(request: Request, name: str) -> str:
    value = signed_host(request.authority) if name == "host" else request.header(name)
    if value is None:
        raise Refusal("SignatureDoesNotMatch", f"The signed header {name} is not in the request.")
    return value


def _known(access_key: str, token: str | None, find: Find, now: float) -> Caller:
    if token is not None and token.startswith("STS2"):
        caller = open_token(token, find, now)
        if caller.account.access_key != access_key:
            raise Refusal("InvalidSecretToken", "The token belongs to another access key.")
        return caller
    account = find(access_key)
    if account is None:
        raise Refusal("InvalidAccessKey", "The access key is not known.")
    if (account.token or None) != (token or None) or account.expired(now):
        raise Refusal("InvalidSecretToken", "The token does not belong to this access key, or has expired.")
    return Caller(account, None)


_TOKEN_FIELDS = {
    "AccessKeyId": str,
    "ExpiredTime": int,
    "LTAccessKeyId": str,
    "PolicyString": str,
    "Signature": str,
    "SignedSecretAccessKey": str,
}


def open_token(token: str, find: Find, now: float) -> Caller:
    """What an STS2 token makes of its holder (9.2), once it is found genuine and in force.

    Raises:
        Refusal: InvalidSecretToken.
    """
    try:
        fields: Any = json.loads(base64.b64decode(token.removeprefix("STS2"), validate=True))
        if not all(type(fields[name]) is kind for name, kind in _TOKEN_FIELDS.items()):
            raise ValueError
        sealed = base64.b64decode(fields["SignedSecretAccessKey"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refusal("InvalidSecretToken", "The token is not well formed.") from None
    issuer = find(fields["LTAccessKeyId"])
    if issuer is None or issuer.token is not None:
        raise Refusal("InvalidSecretToken", "The token's issuer is not known.")
    key = hashlib.md5(issuer.secret.encode(), usedforsecurity=False).digest()
    text = "|".join(
        (fields["LTAccessKeyId"], fields["AccessKeyId"], str(fields["ExpiredTime"]), fields["SignedSecretAccessKey"],
         fields["PolicyString"])
    )  # fmt: skip
    if not hmac.compare_digest(_hmac256(key, text).hex(), fields["Signature"]):
        raise Refusal("InvalidSecretToken", "The token's signature differs.")
    if now >= fields["ExpiredTime"]:
        raise Refusal("InvalidSecretToken", "The token has expired.")
    try:
        secret = unseal(sealed, key, key).decode()
    except ValueError:
        raise Refusal("InvalidSecretToken", "The token's secret cannot be opened.") from None
    account = Account(
        access_key=fields["AccessKeyId"], secret=secret, token=token, expires_at=float(fields["ExpiredTime"])
    )
    return Caller(account, fields["PolicyString"])


def verify_query(method: str, pairs: list[tuple[str, str]], find: Find, now: float, service: str = "vod") -> Caller:
    """The caller that signed a query (3.2), which has an `X-Signature`. Every pair but that is covered, whatever
    `X-SignedQueries` lists.

    Raises:
        Refusal: with a code of section 10.
    """
    given = dict(pairs)
    credential = re.fullmatch(r"([^/]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9_]+)/request", given.get("X-Credential", ""))
    if given.get("X-Algorithm") != "HMAC-SHA256" or credential is None:
        raise Refusal("MissingSignature", "The query is not signed.")
    access_key, day, region, scope_service = credential.groups()
    if scope_service != service:
        raise Refusal("InvalidCredential", "The service of the credential scope is not that of this host.")
    expires = given.get("X-Expires", "900")
    if not re.fullmatch(r"\d{1,9}", expires, re.ASCII):
        raise Refusal("InvalidTimestamp", "X-Expires is not a number of seconds.")
    date = _check_date(given.get("X-Date"), day, now, int(expires))
    caller = _known(access_key, given.get("X-Security-Token"), find, now)
    covered = [(name, value) for name, value in pairs if name != "X-Signature"]
    canonical = canonical_request(method, b"/", covered, (), hashlib.sha256(b"").hexdigest())
    # The empty header block counts as one empty line more than `canonical_request` writes for no headers.
    canonical = canonical.replace(b"\n\n\n", b"\n\n\n\n", 1)
    text = string_to_sign(date, f"{day}/{region}/{scope_service}/request", canonical)
    key = signing_key(caller.account.secret, day, region, scope_service)
    if not hmac.compare_digest(_hmac256(key, text).hex().encode(), given["X-Signature"].encode()):
        raise Refusal("SignatureDoesNotMatch", "The signature calculated from the query differs from the one given.")
    return caller
