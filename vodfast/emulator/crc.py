"""CRC-64/XZ and CRC-32 as the object stores report them: computing, and joining the CRC-64 of adjacent pieces.

Joining follows from the algebra of CRCs alone: appending n bytes multiplies the first checksum by x^(8n) modulo the
polynomial. Bytes are the business of fastcrc.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import fastcrc.crc32
import fastcrc.crc64

_POLYNOMIAL = 0xC96C5795D7870F42
"""ECMA-182, bit-reversed: the bit of highest value stands for x^0."""
_ONE = 1 << 63


def crc64(data: bytes | bytearray | memoryview, start: int = 0) -> int:
    """Checksum of `data`, continuing from the checksum of what came before it."""
    return fastcrc.crc64.xz(data, start)


def crc32(data: bytes | bytearray | memoryview, start: int = 0) -> int:
    """CRC-32 (that of zlib) of `data`, continuing from that of what came before it."""
    return fastcrc.crc32.iso_hdlc(data, start)


def join(pieces: Iterable[tuple[int, int]]) -> int:
    """The checksum of pieces laid end to end, from their (checksum, length in bytes); empty gives 0."""
    total = 0
    for checksum, length in pieces:
        total = _multiply(_shift(length), total) ^ checksum
    return total


def _multiply(left: int, right: int) -> int:
    product, bit = 0, _ONE
    while left:
        if left & bit:
            product ^= right
            left ^= bit
        bit >>= 1
        right = right >> 1 ^ _POLYNOMIAL if right & 1 else right >> 1
    return product


@functools.lru_cache(maxsize=256)
def _shift(length: int) -> int:
    """x^(8*length) modulo the polynomial."""
    power, square = _ONE, _ONE >> 8
    while length:
        if length & 1:
            power = _multiply(square, power)
        square = _multiply(square, square)
        length >>= 1
    return power
