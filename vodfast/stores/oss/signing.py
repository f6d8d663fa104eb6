"""Request signatures of Alibaba Cloud OSS, V4 and the older V1.

Decides canonical forms and signatures (sections 5.5 and 5.6 of the protocol notes) as pure functions of their
arguments; time is passed in. Leaves the choice of requests to `dialect.py`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from vodfast.credentials import Credentials, Secret

Pairs = Iterable[tuple[str, str]]

VERSIONS: Final = ("V4", "V1")
V4: Final = "OSS4-HMAC-SHA256"
UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"

_SUBRESOURCES: Final = (
    "acl append callback callback-var delete encryption location objectMeta partNumber policy position restore "
    "security-token sequential stat symlink tagging uploadId uploads versionId versioning versions x-oss-process "
    "x-oss-request-payer x-oss-traffic-limit response-cache-control response-content-disposition "
    "response-content-encoding response-content-language response-content-type response-expires"
)
SUBRESOURCES: Final = frozenset(_SUBRESOURCES.split())
"""The query parameters V1 covers; the others are not signed."""
_DEFAULT_SIGNED: Final = frozenset(["content-type", "content-md5"])


def v1_resource(bucket: str, key: str, params: Pairs) -> str:
    """V1: bucket and key as they are, then the sub-resources among the parameters."""
    chosen = sorted((name, value) for name, value in params if name in SUBRESOURCES)
    query = "&".join(f"{name}={value}" if value else name for name, value in chosen)
    return f"/{bucket}/{key}{'?' if query else ''}{query}"


def v1_string_to_sign(method: str, resource: str, headers: Pairs, date: str) -> str:
    """V1. `date` is that of the Date header, or the expiry in Unix seconds for a signature in the query."""
    given = dict(headers)
    own = "".join(f"{name}:{value}\n" for name, value in sorted(given.items()) if name.startswith("x-oss-"))
    return f"{method}\n{given.get('content-md5', '')}\n{given.get('content-type', '')}\n{date}\n{own}{resource}"


def v1_signature(secret: Secret, text: str) -> str:
    """Base64 of an HMAC-SHA1."""
    return base64.b64encode(hmac.digest(secret.reveal().encode(), text.encode(), "sha1")).decode()


@lru_cache(maxsize=256)
def _encoded(text: str) -> str:
    """Percent-encoded, `/` included. Cached, because the same names and ids come with every request."""
    return quote(text, safe="-_.~")


def v4_canonical_request(
    method: str, bucket: str, key: str, params: Pairs, headers: Pairs, additional: Collection[str] = ()
) -> str:
    """V4 canonical form. Names of `headers` are in lower case; those signed are `x-oss-*`, content type and MD5, and
    the additional ones. Values of `params` are the decoded ones."""
    path = quote(f"/{bucket}/{key}", safe="-_.~/")
    encoded = sorted((_encoded(name), _encoded(value)) for name, value in params)
    query = "&".join(f"{name}={value}" if value else name for name, value in encoded)
    lines = "".join(
        f"{name}:{value.strip()}\n"
        for name, value in sorted(headers)
        if name.startswith("x-oss-") or name in _DEFAULT_SIGNED or name in additional
    )
    return f"{method}\n{path}\n{query}\n{lines}\n{';'.join(sorted(additional))}\n{UNSIGNED_PAYLOAD}"


def v4_stamp(now: float) -> str:
    """A Unix time as `x-oss-date` has it."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))


def v4_scope(stamp: str, region: str) -> str:
    """What the signing key is good for: one day and one region."""
    return f"{stamp[:8]}/{region}/oss/aliyun_v4_request"


def v4_string_to_sign(stamp: str, scope: str, canonical: str) -> str:
    """What is signed: time, scope and the SHA-256 of the canonical request."""
    return f"{V4}\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


@lru_cache(maxsize=32)
def v4_key(secret: Secret, date: str, region: str) -> bytes:
    """The key of one day (`YYYYMMDD`) and region; cached, because it changes once a day."""
    key = f"aliyun_v4{secret.reveal()}".encode()
    for step in (date, region, "oss", "aliyun_v4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    return key


def v4_signature(secret: Secret, stamp: str, region: str, canonical: str) -> str:
    """Lower hex signature of a canonical request."""
    text = v4_string_to_sign(stamp, v4_scope(stamp, region), canonical)
    return hmac.digest(v4_key(secret, stamp[:8], region), text.encode(), "sha256").hex()


def signed_headers(
    version: str,
    credentials: Credentials,
    now: float,
    region: str,
    method: str,
    target: tuple[str, str],
    params: Pairs,
    headers: Pairs,
) -> list[tuple[str, str]]:
    """`headers` with everything a signature of that version needs, at Unix time `now`. `target` is bucket and key, the
    key empty for the bucket itself."""
    signed = list(headers)
    if credentials.token:
        signed.append(("x-oss-security-token", credentials.token.reveal()))
    if version == "V1":
        from email.utils import formatdate  # V4 is what is used

        date = formatdate(int(now), usegmt=True)
        text = v1_string_to_sign(method, v1_resource(*target, params), signed, date)
        value = f"OSS {credentials.access_key}:{v1_signature(credentials.secret_key, text)}"
        return [*signed, ("date", date), ("authorization", value)]
    stamp = v4_stamp(now)
    signed += [("x-oss-content-sha256", UNSIGNED_PAYLOAD), ("x-oss-date", stamp)]
    canonical = v4_canonical_request(method, *target, params, signed)
    signature = v4_signature(credentials.secret_key, stamp, region, canonical)
    value = f"{V4} Credential={credentials.access_key}/{v4_scope(stamp, region)},Signature={signature}"
    return [*signed, ("authorization", value)]
