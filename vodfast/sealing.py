"""Sealing what must outlive the process but may be read by nobody without the account's key.

Decides the cipher (AES-256-GCM) and its key (HKDF-SHA-256 of the account's secret key). Leaves where the sealed bytes
are kept to the journal: whoever finds that file can do nothing with it.
"""

from __future__ import annotations

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vodfast.credentials import Credentials, Secret

_NONCE = 12


def seal(credentials: Credentials, purpose: bytes, content: bytes) -> bytes:
    """`content`, for `unseal` with the same keys and the same `purpose`."""
    nonce = os.urandom(_NONCE)
    return nonce + _cipher(credentials).encrypt(nonce, content, purpose)


def unseal(credentials: Credentials, purpose: bytes, sealed: bytes) -> bytes | None:
    """What was sealed; None if it was sealed with other keys, for another purpose, or has been changed."""
    try:
        return _cipher(credentials).decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose)
    except (InvalidTag, ValueError):
        return None


def _cipher(credentials: Credentials) -> AESGCM:
    return _cipher_of(credentials.secret_key)


@lru_cache(maxsize=16)
def _cipher_of(secret: Secret) -> AESGCM:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"vodfast journal")
    return AESGCM(derive.derive(secret.reveal().encode()))
