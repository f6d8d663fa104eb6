"""Signatures of the Volcengine OpenAPI: in headers, and in the query of a pre-signed address.

Decides canonical forms and signatures (section 3 of the protocol notes) as pure functions; time is passed in. Leaves
which headers are sent to `calls.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from vodfast.credentials import Credentials, Secret

ALGORITHM: Final = "HMAC-SHA256"
_PLAIN_PORTS: Final = (":80", ":443")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*")
"""What needs no encoding, which most names and values are: looking is much quicker than encoding them."""


def encode(text: str) -> str:
    """Percent-encoded UTF-8, `/` included; only letters, digits and `-_.~` stay."""
    return text if _PLAIN.fullmatch(text) else quote(text, safe="-_.~")


def query_string(pairs: Iterable[tuple[str, str]]) -> str:
    """Encoded pairs in the order given."""
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in pairs)


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """The same sorted by name; pairs of one name keep their order."""
    return query_string(sorted(pairs, key=lambda pair: pair[0]))


def canonical_host(authority: str) -> str:
    """The host as it is signed: ports 80 and 443 drop out."""
    return authority.rpartition(":")[0] if authority.endswith(_PLAIN_PORTS) else authority


def x_date(now: float) -> str:
    """Unix seconds as `YYYYMMDDTHHMMSSZ`."""
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y%m%dT%H%M%SZ")


def credential_scope(date: str, region: str, service: str) -> str:
    """What a signature is good for; `date` is an X-Date or its first 8 characters."""
    return f"{date[:8]}/{region}/{service}/request"


def canonical_request(
    method: str, path: str, pairs: Iterable[tuple[str, str]], headers: Mapping[str, str], body_hash: str
) -> str:
    """Canonical form. `path` is decoded, `headers` are those to be signed, by lower-case name."""
    names = sorted(headers)
    lines = "".join(f"{name}:{canonical_host(headers[name]) if name == 'host' else headers[name]}\n" for name in names)
    uri = quote(path, safe="/-_.~")
    return f"{method}\n{uri}\n{canonical_query(pairs)}\n{lines}\n{';'.join(names)}\n{body_hash}"


def string_to_sign(date: str, scope: str, canonical: str) -> str:
    """What is signed: time, scope and the SHA-256 of the canonical request."""
    return f"{ALGORITHM}\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


@lru_cache(maxsize=32)
def signing_key(secret: Secret, day: str, region: str, service: str) -> bytes:
    """The key of one day, region and service; cached, because it changes once a day. No prefix before the secret."""
    key = secret.reveal().encode()
    for step in (day, region, service, "request"):
        key = hmac.digest(key, step.encode(), "sha256")
    return key


def signature(secret: Secret, date: str, region: str, service: str, canonical: str) -> str:
    """Lower hex signature of a canonical request."""
    text = string_to_sign(date, credential_scope(date, region, service), canonical)
    return hmac.digest(signing_key(secret, date[:8], region, service), text.encode(), "sha256").hex()


def authorization(
    credentials: Credentials, date: str, region: str, service: str, canonical: str, names: Iterable[str]
) -> str:
    """The value of the Authorization header; `names` are the signed headers, lower case."""
    scope = credential_scope(date, region, service)
    value = signature(credentials.secret_key, date, region, service, canonical)
    listed = ";".join(sorted(names))
    return f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={listed}, Signature={value}"


def presigned_pairs(
    credentials: Credentials,
    method: str,
    pairs: Iterable[tuple[str, str]],
    date: str,
    region: str,
    service: str,
    *,
    list_token: bool = True,
) -> list[tuple[str, str]]:
    """The pairs of a pre-signed query, `X-Signature` last. Nothing but the query is signed.

    `list_token` names a session token in X-SignedQueries, as most vendor clients do; one leaves it out (section 3.2).
    """
    scope = credential_scope(date, region, service)
    token = [("X-Security-Token", credentials.token.reveal())] if credentials.token else []
    made = [
        *pairs,
        ("X-Date", date),
        ("X-NotSignBody", ""),
        ("X-Credential", f"{credentials.access_key}/{scope}"),
        ("X-Algorithm", ALGORITHM),
        ("X-SignedHeaders", ""),
    ]
    listed = {name for name, _ in (made + token if list_token else made)} | {"X-SignedQueries"}
    made += [("X-SignedQueries", ";".join(sorted(listed))), *token]
    empty = hashlib.sha256(b"").hexdigest()
    canonical = f"{method}\n/\n{canonical_query(made)}\n\n\n\n{empty}"
    return [*made, ("X-Signature", signature(credentials.secret_key, date, region, service, canonical))]
