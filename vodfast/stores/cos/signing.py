"""Request signatures of Tencent Cloud COS (`q-sign-algorithm=sha1`).

Decides the canonical form and the signature (section 3.2 of the protocol notes) as pure functions of their arguments;
time is passed in. Leaves the choice of headers and the validity window to `dialect.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

from vodfast.credentials import Credentials, Secret

Pairs = Iterable[tuple[str, str]]


@lru_cache(maxsize=256)
def _encoded(text: str) -> str:
    """Percent-encoded, `/` included. Cached, because the same host, names and long token come with every request."""
    return quote(text, safe="-_.~")


def canonical_pairs(pairs: Pairs) -> tuple[str, str]:
    """(`k=v&..`, `k;..`): names encoded then lower-cased, values encoded, sorted by name."""
    encoded = sorted((_encoded(name).lower(), _encoded(value)) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded), ";".join(name for name, _ in encoded)


def http_string(method: str, path: str, params: str, headers: str) -> str:
    """The request in canonical form, from canonical parameters and headers. `path` is the decoded one, with its `/`."""
    return f"{method.lower()}\n{path}\n{params}\n{headers}\n"


def string_to_sign(key_time: str, canonical: str) -> str:
    """What is signed: the validity window and the SHA-1 of the canonical request."""
    digest = hashlib.sha1(canonical.encode(), usedforsecurity=False).hexdigest()
    return f"sha1\n{key_time}\n{digest}\n"


@lru_cache(maxsize=64)
def sign_key(secret: Secret, key_time: str) -> str:
    """The key of one validity window: hex text, which is itself the next HMAC's key. Cached for requests of one
    second."""
    return hmac.digest(secret.reveal().encode(), key_time.encode(), "sha1").hex()


def signature(secret: Secret, key_time: str, canonical: str) -> str:
    """Lower hex signature of a canonical request."""
    return hmac.digest(sign_key(secret, key_time).encode(), string_to_sign(key_time, canonical).encode(), "sha1").hex()


def authorization_pairs(
    credentials: Credentials,
    method: str,
    path: str,
    params: Pairs,
    headers: Pairs,
    valid: tuple[int, int],
) -> list[tuple[str, str]]:
    """The seven pairs of a signature over exactly these parameters and headers.

    `valid` is (first, last) Unix second. Values of `params` and `headers` are the decoded ones.
    """
    params_text, param_names = canonical_pairs(params)
    headers_text, header_names = canonical_pairs(headers)
    key_time = f"{valid[0]};{valid[1]}"
    canonical = http_string(method, path, params_text, headers_text)
    return [
        ("q-sign-algorithm", "sha1"),
        ("q-ak", credentials.access_key),
        ("q-sign-time", key_time),
        ("q-key-time", key_time),
        ("q-header-list", header_names),
        ("q-url-param-list", param_names),
        ("q-signature", signature(credentials.secret_key, key_time, canonical)),
    ]
