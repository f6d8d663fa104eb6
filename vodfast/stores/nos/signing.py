"""Signatures of NOS's S3-like interface, which is open to a bucket's owner only.

Decides the canonical resource and the `Authorization` header (section 6 of the protocol notes) as pure functions; time
is passed in. An upload does without: its token is the whole authorisation, and gives no access here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from vodfast.credentials import Credentials

Pairs = Iterable[tuple[str, str]]

_NAMES: Final = (
    "acl location versioning versions versionId uploadId uploads partNumber delete deduplication crop resize"
)
_SUBRESOURCES: Final = frozenset(_NAMES.split())
"""Query parameters that are signed; the others are not."""
_ZONE: Final = 8 * 3600
"""Seconds the vendor's `Date` is ahead of UTC."""


def date_of(now: float) -> str:
    """A Unix time as the `Date` header has it, which is no HTTP date."""
    return time.strftime("%a, %d %b %Y %H:%M:%S Asia/Shanghai", time.gmtime(now + _ZONE))


def quoted(text: str) -> str:
    """Percent-encoded, slashes included, but for `*`."""
    return quote(text, safe="*")


def canonical_resource(bucket: str, key: str, params: Pairs) -> str:
    """Bucket, key and signed parameters; a parameter without a value stands alone."""
    chosen = sorted((name, value) for name, value in params if name in _SUBRESOURCES)
    listed = "&".join(f"{name}={quoted(value)}" if value else name for name, value in chosen)
    return f"/{bucket}/{quoted(key.strip('/'))}{'?' if listed else ''}{listed}" if bucket else "/"


def string_to_sign(method: str, resource: str, headers: Pairs, date: str) -> str:
    """`headers` as they will be sent; blanks and quotes around a value do not count. `Expires` goes before `date`."""
    given = {name.lower(): value.strip().strip('"') for name, value in headers}
    own = "".join(f"{name}:{given[name]}\n" for name in sorted(given) if name.startswith("x-nos-"))
    when = given.get("expires") or date
    return f"{method}\n{given.get('content-md5', '')}\n{given.get('content-type', '')}\n{when}\n{own}{resource}"


def signed_headers(
    credentials: Credentials,
    now: float,
    method: str,
    target: tuple[str, str],
    params: Pairs,
    headers: Pairs,
    body: bytes | None,
) -> list[tuple[str, str]]:
    """`headers` with date, MD5 of the body (an empty one included) and signature. `target` is bucket and key."""
    signed = [*headers, ("date", date_of(now))]
    if body is not None:
        signed.append(("content-md5", hashlib.md5(body, usedforsecurity=False).hexdigest()))
    text = string_to_sign(method, canonical_resource(*target, params), signed, date_of(now))
    digest = hmac.digest(credentials.secret_key.reveal().encode(), text.encode(), "sha256")
    return [*signed, ("authorization", f"NOS {credentials.access_key}:{base64.b64encode(digest).decode()}")]
