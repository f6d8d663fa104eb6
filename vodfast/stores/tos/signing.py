"""What proves a request to the upload gateway: the `Auth` text of the apply reply, and checksums.

Nothing is signed here (section 5 of the protocol notes): `Auth` is carried as it is. Decides how the grants of one
ticket travel as credentials, the form of a CRC-32, and the merge body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from vodfast.credentials import Credentials, Secret

GRANT_KEY: Final = "upload-gateway"
"""Stands where an access key would: the gateway knows none."""

_CRC32 = re.compile(r"[0-9a-fA-F]{1,8}")


def grants(auths: Sequence[str]) -> Credentials:
    """The `Auth` texts of one ticket as credentials. They have no known expiry."""
    return Credentials.of(GRANT_KEY, msgspec.json.encode(list(auths)).decode())


@lru_cache(maxsize=256)
def _auths(secret: Secret) -> tuple[str, ...]:
    return msgspec.json.decode(secret.reveal(), type=tuple[str, ...])


def auth(credentials: Credentials, grant: int) -> str:
    """One of the `Auth` texts, for the Authorization header."""
    return _auths(credentials.secret_key)[grant]


def all_auths(credentials: Credentials) -> tuple[str, ...]:
    """Every `Auth` text, in the order of the routes."""
    return _auths(credentials.secret_key)


def crc32_text(value: int) -> str:
    """8 lower-case hex digits."""
    return f"{value:08x}"


def crc32_value(text: str) -> int | None:
    """The number behind a CRC-32 the gateway names, None if it is none."""
    return int(text, 16) if _CRC32.fullmatch(text) else None


def merge_body(sums: Iterable[int]) -> bytes:
    """The body that joins parts 1..n, from their CRC-32 in order: `1:crc,2:crc`.

    Vendor clients number from 0 or from 1 (section 5.4); the gateway takes both. We count like the part numbers.
    """
    return ",".join(f"{number}:{crc32_text(value)}" for number, value in enumerate(sums, 1)).encode()
