"""What proves that a store has the bytes that were sent.

Decides how checksums and tags are compared and joined. Leaves what follows from a difference to the machines.
"""

from __future__ import annotations

from collections.abc import Mapping

from vodfast import _native
from vodfast.transfer.ports import PartReceipt
from vodfast.transfer.steps import KeptPart

_COMBINE = {"crc32": _native.crc32_combine, "crc64": _native.crc64_combine}


def joined_digest(name: str, parts: Mapping[int, tuple[int, int]]) -> int:
    """The digest of the whole object, joined from digest and length of its parts by index."""
    combine, whole = _COMBINE[name], 0
    for index in sorted(parts):
        digest, length = parts[index]
        whole = combine(whole, digest, length)
    return whole


def still_there(part: KeptPart, listed: PartReceipt | None) -> bool:
    """Whether the store has a part as it acknowledged it. A list without digests is judged by its tags."""
    if listed is None or listed.length not in (0, part.receipt.length):
        return False
    if listed.digest is not None and part.digest is not None:
        return listed.digest == part.digest
    return listed.tag.strip('"') == part.receipt.tag.strip('"')
