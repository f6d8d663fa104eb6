"""Signatures of the Tencent Cloud API and of upload tokens.

Decides canonical forms and signatures (sections 2.3, 2.4 and 5 of the protocol notes) as pure functions; time and
randomness are passed in. Leaves headers and bodies to `calls.py` and `verbs.py`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import urlencode

from vodfast.credentials import Credentials, Secret

TC3: Final = "TC3-HMAC-SHA256"
SIGNED_HEADERS: Final = "content-type;host"
UNSIGNED_PAYLOAD: Final = b"UNSIGNED-PAYLOAD"
"""Given as the payload, it is hashed as a word: that is how the service defines the unsigned mode."""

V1_DIGESTS: Final[Mapping[str, str]] = {"HmacSHA1": "sha1", "HmacSHA256": "sha256"}


def canonical_request(method: str, query: str, content_type: str, host: str, payload: bytes) -> str:
    """TC3 canonical form. `query` as sent (GET) or empty (POST); `payload` the body of a POST, empty for GET."""
    digest = hashlib.sha256(payload).hexdigest()
    return f"{method}\n/\n{query}\ncontent-type:{content_type}\nhost:{host}\n\n{SIGNED_HEADERS}\n{digest}"


@lru_cache(maxsize=32)
def utc_date(timestamp: int) -> str:
    """The day of a Unix second in UTC, `YYYY-MM-DD`."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")


def credential_scope(timestamp: int, service: str) -> str:
    """What the signing key is good for: one day and one service."""
    return f"{utc_date(timestamp)}/{service}/tc3_request"


def string_to_sign(timestamp: int, service: str, canonical: str) -> str:
    """What is signed: time, scope and the SHA-256 of the canonical request."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{TC3}\n{timestamp}\n{credential_scope(timestamp, service)}\n{digest}"


@lru_cache(maxsize=32)
def signing_key(secret: Secret, date: str, service: str) -> bytes:
    """The key of one day and service; cached, because it changes once a day."""
    key = b"TC3" + secret.reveal().encode()
    for step in (date, service, "tc3_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    return key


def tc3_signature(secret: Secret, timestamp: int, service: str, canonical: str) -> str:
    """Lower hex signature of a canonical request."""
    key = signing_key(secret, utc_date(timestamp), service)
    return hmac.digest(key, string_to_sign(timestamp, service, canonical).encode(), "sha256").hex()


def tc3_authorization(credentials: Credentials, timestamp: int, service: str, canonical: str) -> str:
    """The value of the Authorization header for a canonical request, at Unix second `timestamp`."""
    scope = credential_scope(timestamp, service)
    value = tc3_signature(credentials.secret_key, timestamp, service, canonical)
    return f"{TC3} Credential={credentials.access_key}/{scope}, SignedHeaders={SIGNED_HEADERS}, Signature={value}"


def flatten(params: Mapping[str, object]) -> list[tuple[str, str]]:
    """Nested parameters as the form and query modes of the API want them: `FileIds.0`, `Filter.Name`."""
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        if isinstance(value, Mapping):
            pairs += flatten({f"{name}.{inner}": item for inner, item in value.items()})
        elif isinstance(value, Sequence) and not isinstance(value, str):
            pairs += flatten({f"{name}.{index}": item for index, item in enumerate(value)})
        else:
            pairs.append((name, str(value)))
    return pairs


def v1_string_to_sign(method: str, host: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The older form: all parameters, common ones included, sorted by name and joined raw."""
    joined = "&".join(f"{name.replace('_', '.')}={value}" for name, value in sorted(pairs))
    return f"{method}{host}/?{joined}"


def v1_signature(secret: Secret, signature_method: str, text: str) -> str:
    """Base64 signature; `signature_method` is `HmacSHA1` or `HmacSHA256`."""
    digest = hmac.digest(secret.reveal().encode(), text.encode(), V1_DIGESTS[signature_method])
    return base64.b64encode(digest).decode()


def ugc_original(access_key: str, now: int, until: int, random: int, options: Iterable[tuple[str, str]]) -> str:
    """The signed text of an upload token: the four required fields, then the options in the order given."""
    required = (
        ("secretId", access_key),
        ("currentTimeStamp", str(now)),
        ("expireTime", str(until)),
        ("random", str(random)),
    )
    return urlencode([*required, *options])


def ugc_signature(secret: Secret, original: str) -> str:
    """Base64 of the HMAC-SHA1's 20 bytes followed by the signed text itself."""
    digest = hmac.digest(secret.reveal().encode(), original.encode(), "sha1")
    return base64.b64encode(digest + original.encode()).decode()


def callback_sign(sign_key: str, expires: str) -> str:
    """`Sign` of an event pushed by the service: MD5 of the key and the expiry `T` (section 2.9). A rule of the vendor:
    it proves knowledge of the key and says nothing about the body."""
    return hashlib.md5(f"{sign_key}{expires}".encode(), usedforsecurity=False).hexdigest()
