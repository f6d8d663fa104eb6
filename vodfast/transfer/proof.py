"""What proves that a store has the bytes that were sent.

Decides how checksums and tags are compared and joined. Leaves what follows from a difference to the machines.
"""

from __future__ import annotations

from vodfast import _native
from vodfast.transfer.ports import PartReceipt
from vodfast.transfer.steps import KeptPart

_COMBINE = {"crc32": _native.crc32_combine, "crc64": _native.crc64_combine}


class StoredParts:
    """The parts of one object that the store has acknowledged. `receipts` by index, `length` in bytes."""

    def __init__(self) -> None:
        self.receipts: dict[int, PartReceipt] = {}
        self.length = 0
        self._digests: dict[int, tuple[int, int]] = {}

    def add(self, part: KeptPart, length: int) -> None:
        """One more; `length` is that of the bytes sent."""
        index = part.receipt.index
        self.receipts[index] = part.receipt
        self.length += length
        if part.digest is not None:
            self._digests[index] = (part.digest, length)

    def kept(self) -> dict[int, KeptPart]:
        """All of them by index, as a later run would know them."""
        return {
            index: KeptPart(receipt, self._digests[index][0] if index in self._digests else None)
            for index, receipt in self.receipts.items()
        }

    def clear(self) -> None:
        self.receipts.clear()
        self.length = 0
        self._digests.clear()

    def joined_digest(self, name: str | None) -> int | None:
        """The checksum `name` of the whole object, joined from those of its parts; None if one is unknown."""
        if name is None or len(self._digests) != len(self.receipts):
            return None
        combine, whole = _COMBINE[name], 0
        for index in sorted(self._digests):
            digest, length = self._digests[index]
            whole = combine(whole, digest, length)
        return whole


def still_there(part: KeptPart, listed: PartReceipt | None) -> bool:
    """Whether the store has a part as it acknowledged it. A list without digests is judged by its tags."""
    if listed is None or listed.length not in (0, part.receipt.length):
        return False
    if listed.digest is not None and part.digest is not None:
        return listed.digest == part.digest
    return listed.tag.strip('"') == part.receipt.tag.strip('"')
