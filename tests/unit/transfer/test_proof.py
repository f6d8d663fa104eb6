"""What proves that a store has the bytes that were sent: joined checksums, and what a list of parts says of one."""

from __future__ import annotations

import zlib

import pytest

from vodfast import _native
from vodfast.transfer.ports import PartReceipt
from vodfast.transfer.proof import StoredParts, still_there
from vodfast.transfer.steps import KeptPart

PIECES = [b"the first part", b"the second", b"and the last"]
SUMS = {"crc32": zlib.crc32, "crc64": _native.crc64}


def receipt(index: int = 0, length: int = 10, tag: str = "tag", digest: int | None = None) -> PartReceipt:
    return PartReceipt(index=index, length=length, tag=tag, digest=digest)


@pytest.mark.parametrize("name", SUMS)
def test_the_checksum_of_the_object_is_joined_from_its_parts_in_whatever_order_they_arrived(name: str) -> None:
    stored = StoredParts()
    for index in (2, 0, 1):
        piece = PIECES[index]
        stored.add(KeptPart(receipt(index, len(piece)), SUMS[name](piece)), len(piece))
    assert stored.length == sum(map(len, PIECES))
    assert stored.joined_digest(name) == SUMS[name](b"".join(PIECES))
    assert stored.joined_digest(None) is None
    stored.add(KeptPart(receipt(3), None), 10)
    assert stored.joined_digest(name) is None, "nobody knows the bytes of the fourth part"


def test_what_was_stored_of_an_upload_that_is_gone_counts_no_more() -> None:
    stored = StoredParts()
    stored.add(KeptPart(receipt(0), 1), 10)
    stored.add(KeptPart(receipt(1), 2), 10)
    stored.clear()
    assert (stored.receipts, stored.length) == ({}, 0)
    stored.add(KeptPart(receipt(0, len(PIECES[0])), _native.crc64(PIECES[0])), len(PIECES[0]))
    assert stored.joined_digest("crc64") == _native.crc64(PIECES[0])


@pytest.mark.parametrize(
    ("listed", "there"),
    [
        (None, False),
        (receipt(digest=7), True),
        (receipt(digest=8), False),
        (receipt(tag="another", digest=7), True),
        (receipt(length=9, digest=7), False),
        (receipt(length=0, digest=7), True),
        (receipt(), True),
        (receipt(tag='"tag"'), True),
        (receipt(tag="another"), False),
    ],
    ids=[
        "not listed",
        "the same digest",
        "another digest",
        "another tag, the same digest",
        "another length",
        "no length said",
        "no digest said",
        "the tag in quotes",
        "no digest, another tag",
    ],
)
def test_a_listed_part_counts_if_the_store_has_it_as_it_acknowledged_it(
    listed: PartReceipt | None, there: bool
) -> None:
    assert still_there(KeptPart(receipt(), 7), listed) is there


@pytest.mark.parametrize(("tag", "there"), [("tag", True), ("another", False)])
def test_a_part_whose_bytes_are_not_known_is_judged_by_its_tag(tag: str, there: bool) -> None:
    assert still_there(KeptPart(receipt(), None), receipt(tag=tag, digest=7)) is there
