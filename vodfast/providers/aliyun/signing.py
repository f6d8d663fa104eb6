"""Signatures of the Alibaba Cloud RPC API, ACS3 and the older V1, and of callbacks.

Decides canonical forms and signatures (sections 2, 3 and 8 of the protocol notes) as pure functions; time and nonces
are passed in. Leaves headers and parameters to `calls.py`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from vodfast.credentials import Credentials, Secret

Pairs = Iterable[tuple[str, str]]

ACS3: Final = "ACS3-HMAC-SHA256"


def encoded(text: str) -> str:
    """Percent-encoded UTF-8; letters, digits, `-`, `_`, `.` and `~` stay."""
    return quote(text, safe="-_.~")


def canonical_query(pairs: Pairs) -> str:
    """`name=value` joined with `&`, sorted by the names as they are before encoding."""
    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in sorted(pairs))


def timestamp(now: float) -> str:
    """A Unix time as the API writes times."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))


def v1_string_to_sign(method: str, pairs: Pairs) -> str:
    """V1: every parameter but `Signature`, form fields included."""
    return f"{method}&%2F&{encoded(canonical_query(pairs))}"


def v1_signature(secret: Secret, text: str) -> str:
    """Base64 of an HMAC-SHA1 whose key is the secret with `&` behind it."""
    return base64.b64encode(hmac.digest(f"{secret.reveal()}&".encode(), text.encode(), "sha1")).decode()


def acs3_canonical_request(method: str, query: str, headers: Pairs, payload_hash: str) -> str:
    """ACS3 canonical form of a request for `/`; `headers` are all those to be signed, names in lower case."""
    listed = sorted((name, value.strip()) for name, value in headers)
    lines = "".join(f"{name}:{value}\n" for name, value in listed)
    return f"{method}\n/\n{query}\n{lines}\n{signed_names(listed)}\n{payload_hash}"


def signed_names(headers: Pairs) -> str:
    """The names as SignedHeaders lists them."""
    return ";".join(sorted(name for name, _ in headers))


def acs3_string_to_sign(canonical: str) -> str:
    """The algorithm and the SHA-256 of the canonical request; there is no scope."""
    return f"{ACS3}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def acs3_authorization(credentials: Credentials, canonical: str, names: str) -> str:
    """The value of the Authorization header. The secret is the key as it stands: none is derived."""
    key = credentials.secret_key.reveal().encode()
    value = hmac.digest(key, acs3_string_to_sign(canonical).encode(), "sha256").hex()
    return f"{ACS3} Credential={credentials.access_key},SignedHeaders={names},Signature={value}"


def callback_signature(url: str, seconds: str, key: str) -> str:
    """`X-VOD-SIGNATURE` (section 8). The vendor's rule: it proves knowledge of the key and does not cover the body."""
    return hashlib.md5(f"{url}|{seconds}|{key}".encode(), usedforsecurity=False).hexdigest()
