"""What an S3-like store says of the bytes it has taken: entity tags, CRC-64 sums, numbers, all as text.

Decides which texts are usable. Leaves where a text stands in an answer to each store, and which error an unusable one
becomes to the store's `faults.py`.
"""

from __future__ import annotations

import re
from typing import Final

_ETAG: Final = re.compile(r"[\x21-\x7e]{1,256}")
_CRC64: Final = re.compile(r"[0-9]{1,20}")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


class Unusable(ValueError):
    """An answer lacks what the next step needs; the text says what, without quoting the answer."""


def entity_tag(text: str | None) -> str:
    """An ETag, quotes included, as it goes into the list of parts.

    Raises:
        Unusable: missing, empty, with blanks or other than ASCII, or longer than 256 characters.
    """
    if text is None or not _ETAG.fullmatch(text):
        raise Unusable("no usable ETag")
    return text


def crc64_sum(text: str | None) -> int | None:
    """A CRC-64 in decimal digits; None if the store says none.

    Raises:
        Unusable: it is no 64-bit number.
    """
    if text is None:
        return None
    if not _CRC64.fullmatch(text) or int(text) >= 1 << 64:
        raise Unusable("a CRC-64 that is no 64-bit number")
    return int(text)


def is_number(text: str) -> bool:
    """Whether a text is a whole number of at most 18 ASCII digits."""
    return _NUMBER.fullmatch(text) is not None


def number(text: str | None, what: str) -> int:
    """A whole number; `what` names it in the error.

    Raises:
        Unusable: missing, or not at most 18 digits.
    """
    if text is None or not is_number(text):
        raise Unusable(f"no usable {what}")
    return int(text)
