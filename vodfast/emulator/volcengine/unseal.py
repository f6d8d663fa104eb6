"""AES-128-CBC decryption, to look into locally made tokens (protocol notes 9.2).

The inverse cipher of FIPS 197 with its table spelled out; shares nothing with the client's encryption. Zero padding.
"""

from __future__ import annotations

import functools

_SBOX = bytes.fromhex(
    "637c777bf26b6fc53001672bfed7ab76ca82c97dfa5947f0add4a2af9ca472c0b7fd9326363ff7cc34a5e5f171d83115"
    "04c723c31896059a071280e2eb27b27509832c1a1b6e5aa0523bd6b329e32f8453d100ed20fcb15b6acbbe394a4c58cf"
    "d0efaafb434d338545f9027f503c9fa851a3408f929d38f5bcb6da2110fff3d2cd0c13ec5f974417c4a77e3d645d1973"
    "60814fdc222a908846eeb814de5e0bdbe0323a0a4906245cc2d3ac629195e479e7c8376d8dd54ea96c56f4ea657aae08"
    "ba78252e1ca6b4c6e8dd741f4bbd8b8a703eb5664803f60e613557b986c11d9ee1f8981169d98e949b1e87e9ce5528df"
    "8ca1890dbfe6426841992d0fb054bb16"
)
_INVERSE = bytes(_SBOX.index(value) for value in range(256))


def _times(left: int, right: int) -> int:
    product = 0
    while right:
        if right & 1:
            product ^= left
        left = (left << 1) ^ (0x11B if left & 0x80 else 0)
        right >>= 1
    return product


_BY = {factor: bytes(_times(value, factor) for value in range(256)) for factor in (9, 11, 13, 14)}


@functools.lru_cache(maxsize=16)
def _schedule(key: bytes) -> tuple[bytes, ...]:
    words = [list(key[at : at + 4]) for at in (0, 4, 8, 12)]
    constant = 1
    for index in range(4, 44):
        word = list(words[-1])
        if index % 4 == 0:
            word = [_SBOX[value] for value in (*word[1:], word[0])]
            word[0] ^= constant
            constant = _times(constant, 2)
        words.append([one ^ other for one, other in zip(words[index - 4], word)])
    return tuple(b"".join(bytes(word) for word in words[at : at + 4]) for at in range(0, 44, 4))


def _unmix(state: bytes) -> bytes:
    out = bytearray()
    for at in range(0, 16, 4):
        column = state[at : at + 4]
        for row in range(4):
            a, b, c, d = (column[(row + step) % 4] for step in range(4))
            out.append(_BY[14][a] ^ _BY[11][b] ^ _BY[13][c] ^ _BY[9][d])
    return bytes(out)


def _block(keys: tuple[bytes, ...], block: bytes) -> bytes:
    state = bytes(one ^ other for one, other in zip(block, keys[10]))
    for turn in range(9, -1, -1):
        moved = bytes(_INVERSE[state[(at - 4 * (at % 4)) % 16]] for at in range(16))
        state = bytes(one ^ other for one, other in zip(moved, keys[turn]))
        if turn:
            state = _unmix(state)
    return state


def unseal(data: bytes, key: bytes, start: bytes) -> bytes:
    """The plain bytes, zero padding removed.

    Raises:
        ValueError: the data is no whole number of blocks.
    """
    if not data or len(data) % 16:
        raise ValueError("not a whole number of blocks")
    keys, out, last = _schedule(key), [], start
    for at in range(0, len(data), 16):
        block = data[at : at + 16]
        out.append(bytes(one ^ other for one, other in zip(_block(keys, block), last)))
        last = block
    return b"".join(out).rstrip(b"\x00")
