"""Messages as text, the way protobuf prints them.

Decides order, indentation, numbers and escapes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

from vodfast.compat.volcengine.descriptors import FLOAT, FieldDescriptor, is_map, single

_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "'": "\\'", "\\": "\\\\"}


def text_of(message: Any) -> str:
    """One line for each plain value that is set."""
    return "".join(f"{line}\n" for line in _lines(message))


def _lines(message: Any) -> Iterator[str]:
    for field, value in message.ListFields():
        name = field.name
        if is_map(field):
            for key in sorted(value, key=downwards):
                yield from _block(name, [f"key: {_quoted(key)}", f"value: {_quoted(value[key])}"])
        else:
            for one in value if field.is_repeated else [value]:
                if field.message_type is not None:
                    yield from _block(name, _lines(one))
                else:
                    yield f"{name}: {_shown(field, one)}"


def downwards(key: str) -> bytes:
    """Sorts as protobuf does: from the highest byte down, yet the shorter of two that begin alike first."""
    return bytes(255 - byte for byte in key.encode())


def _block(name: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"{name} {{"
    yield from (f"  {line}" for line in lines)
    yield "}"


def _shown(field: FieldDescriptor, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float) and math.isfinite(value):
        narrow = field.cpp_type == FLOAT.cpp_type
        short = f"{value:.6g}" if narrow else f"{value:.15g}"
        exact = single(float(short)) if narrow else float(short)
        if exact == value:
            return short
        return f"{value:.9g}" if narrow else f"{value:.17g}"
    return str(value)


def _quoted(text: str) -> str:
    escaped = "".join(
        _ESCAPES.get(letter) or (letter if letter >= " " and letter != "\x7f" else f"\\{ord(letter):03o}")
        for letter in text
    )
    return f'"{escaped}"'
