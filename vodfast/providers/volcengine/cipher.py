"""AES-128 in CBC mode with zero padding, for the few dozen bytes of a locally made token.

Decides nothing: FIPS 197 and the padding of section 9.2 of the protocol notes (a full block when already aligned).
The standard library has no AES and a token needs seven blocks, so a dependency is not worth it. Encryption only; not
constant in time, so not for keys whose use a stranger can time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

BLOCK: Final = 16
_ROUNDS: Final = 10


def _double(value: int) -> int:
    """Multiplication by x in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1."""
    return (value << 1) ^ (0x11B if value & 0x80 else 0)


@lru_cache(maxsize=1)
def _sbox() -> bytes:
    """Inverses in GF(2^8) (powers of the generator 3, read backwards), then the affine map."""
    powers, value = [], 1
    for _ in range(255):
        powers.append(value)
        value ^= _double(value)
    inverse = [0] * 256
    for exponent, power in enumerate(powers):
        inverse[power] = powers[-exponent % 255]
    box = bytearray()
    for item in inverse:
        mixed = 0
        for turn in range(5):
            mixed ^= (item << turn | item >> (8 - turn)) & 0xFF
        box.append(mixed ^ 0x63)
    return bytes(box)


def _round_keys(key: bytes) -> list[bytes]:
    box, words, constant = _sbox(), [key[at : at + 4] for at in range(0, BLOCK, 4)], 1
    for index in range(4, 4 * (_ROUNDS + 1)):
        word = words[-1]
        if index % 4 == 0:
            word = bytes(box[byte] for byte in word[1:] + word[:1])
            word = bytes((word[0] ^ constant, *word[1:]))
            constant = _double(constant)
        words.append(_xor(words[index - 4], word))
    return [b"".join(words[at : at + 4]) for at in range(0, len(words), 4)]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(left, right))


def _mix(column: bytes) -> bytes:
    whole = column[0] ^ column[1] ^ column[2] ^ column[3]
    return bytes(column[at] ^ whole ^ (_double(column[at] ^ column[(at + 1) % 4]) & 0xFF) for at in range(4))


def encrypt_block(keys: list[bytes], block: bytes) -> bytes:
    """One block of 16 bytes under expanded keys."""
    box, state = _sbox(), _xor(block, keys[0])
    for turn in range(1, _ROUNDS + 1):
        moved = bytes(box[state[(at + 4 * (at % 4)) % BLOCK]] for at in range(BLOCK))  # SubBytes, ShiftRows
        if turn < _ROUNDS:
            moved = b"".join(_mix(moved[at : at + 4]) for at in range(0, BLOCK, 4))
        state = _xor(moved, keys[turn])
    return state


def encrypt(data: bytes, key: bytes, start: bytes) -> bytes:
    """`data`, zero-padded to the next multiple of 16 (a whole block more if it is one), under a 16-byte key.

    Raises:
        ValueError: key or starting block are not 16 bytes.
    """
    if len(key) != BLOCK or len(start) != BLOCK:
        raise ValueError("AES-128 takes a key and a starting block of 16 bytes")
    padded = data + bytes(BLOCK - len(data) % BLOCK)
    keys, out, last = _round_keys(key), [], start
    for at in range(0, len(padded), BLOCK):
        last = encrypt_block(keys, _xor(padded[at : at + BLOCK], last))
        out.append(last)
    return b"".join(out)
