"""Temporary upload tokens of the form STS2, made here without asking the service.

Decides the token's inside (section 9.2 of the protocol notes): temporary key, sealed secret, policy, signature. The
vendor's choice of MD5, of the key as starting block and of one fixed key is its format, not ours. Time and randomness
are passed in. Leaves which policy is wanted to `verbs.py`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import string
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

import msgspec

from vodfast.credentials import Credentials

MIN_LIFETIME: Final = 60
"""Seconds; the vendor's rule raises anything less to this."""
UPLOAD_ACTIONS: Final = ("vod:ApplyUploadInfo", "vod:CommitUploadInfo")
_BLOCK: Final = 16
_SECRET_KEY: Final = b"bytedance-isgood"
_LETTERS: Final = string.ascii_letters
_BLANKED: Final = str.maketrans("", "", "=/+-")


class Randomness(msgspec.Struct, frozen=True):
    """What one token draws: 32 hex digits for its key, 32 letters for its secret."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return "Randomness(...)"


def draw() -> Randomness:
    """From the system's cryptographic source."""
    return Randomness(uuid.uuid4().hex, "".join(secrets.choice(_LETTERS) for _ in range(32)))


def policy_text(statements: Sequence[Mapping[str, Any]] | None) -> str:
    """A policy as it stands in a token, nothing if there is none. Blanks inside values stay: the text is verified as it
    travels.
    """
    return "" if statements is None else _json({"Statement": list(statements)})


def allow(actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    """One statement. No resources means all."""
    return {"Action": list(actions), "Effect": "Allow", "Resource": list(resources)}


def space_resource(space: str) -> str:
    """The name of a space in a policy."""
    return f"trn:vod:*:*:space/{space}"


def issue(
    credentials: Credentials,
    now: float,
    lifetime: float,
    policy: str,
    drawn: Randomness,
    zone: tzinfo | None = None,
) -> dict[str, str]:
    """The five fields of a token. `lifetime` is seconds, raised to 60; times are shown in `zone`, None for local."""
    started = int(now)
    until = started + max(int(lifetime), MIN_LIFETIME)
    key = _md5(credentials.secret_key.reveal())
    access_key = "AKTP" + base64.b64encode(drawn.key.encode()).decode().translate(_BLANKED)
    secret_key = base64.b64encode(encrypt(drawn.secret.encode(), _SECRET_KEY, _SECRET_KEY)).decode()
    sealed = base64.b64encode(encrypt(secret_key.encode(), key, key)).decode()
    text = f"{credentials.access_key}|{access_key}|{until}|{sealed}|{policy}"
    inside = {
        "AccessKeyId": access_key,
        "ExpiredTime": until,
        "LTAccessKeyId": credentials.access_key,
        "PolicyString": policy,
        "Signature": hmac.digest(key, text.encode(), "sha256").hex(),
        "SignedSecretAccessKey": sealed,
    }
    return {
        "AccessKeyID": access_key,
        "SecretAccessKey": secret_key,
        "SessionToken": "STS2" + base64.b64encode(_json(inside).encode()).decode(),
        "ExpiredTime": _shown(until, zone),
        "CurrentTime": _shown(started, zone),
    }


def encrypt(data: bytes, key: bytes, start: bytes) -> bytes:
    """AES-128-CBC of `data`, zero-padded to the next multiple of 16 bytes (a whole block more if it is one)."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # 20 ms that only tokens pay

    cipher = Cipher(algorithms.AES128(key), modes.CBC(start)).encryptor()
    return cipher.update(data + bytes(_BLOCK - len(data) % _BLOCK)) + cipher.finalize()


def _md5(secret: str) -> bytes:
    return hashlib.md5(secret.encode(), usedforsecurity=False).digest()


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _shown(seconds: int, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(seconds, zone).astimezone(zone).isoformat(timespec="seconds")
