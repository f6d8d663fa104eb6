"""Signatures of the NetEase VCloud VOD API and of its callbacks.

Decides the checksum of a call (section 3 of the protocol notes) and the sign of a callback (4.4) as pure functions;
time and nonce are passed in. Both rules are the vendor's. Leaves headers and bodies to `calls.py`.
"""

from __future__ import annotations

import hashlib
from typing import Final

from vodfast.credentials import Secret

DEFAULT_SIGN_KEY: Final = "vcloud"


def checksum(secret: Secret, nonce: str, cur_time: str) -> str:
    """`CheckSum`: lower hex SHA-1 of secret, nonce and time, the texts exactly as sent. The body is not covered."""
    return hashlib.sha1(f"{secret.reveal()}{nonce}{cur_time}".encode(), usedforsecurity=False).hexdigest()


def callback_sign(body: bytes, sign_key: str) -> str:
    """The `sign` header of a callback: lower hex MD5 of the body followed by the key."""
    return hashlib.md5(body + sign_key.encode(), usedforsecurity=False).hexdigest()
