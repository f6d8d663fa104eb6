"""Messages as bytes, the way protobuf writes them.

Decides tags, varints and order: fields by number, entries of maps by key, against the order of the text form. What is
read and has no field is left out.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from vodfast.compat.google.protobuf.message import DecodeError
from vodfast.compat.volcengine.descriptors import (
    BOOL,
    DOUBLE,
    FLOAT,
    INT32,
    INT64,
    MESSAGE,
    STRING,
    FieldDescriptor,
    is_map,
)
from vodfast.compat.volcengine.text_form import downwards

_VARINT, _EIGHT_BYTES, _MEASURED, _FOUR_BYTES = 0, 1, 2, 5
_SHAPES: Final = {
    INT32.type: _VARINT, INT64.type: _VARINT, BOOL.type: _VARINT, DOUBLE.type: _EIGHT_BYTES, FLOAT.type: _FOUR_BYTES,
    STRING.type: _MEASURED, MESSAGE.type: _MEASURED,
}  # fmt: skip
"""How a field's type is laid out."""
_WIDTHS: Final = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}
_LONGEST_VARINT: Final = 10
_SIXTY_FOUR: Final = 1 << 64

Payload: TypeAlias = int | memoryview


def bytes_of(message: Any) -> bytes:
    """What is set, as bytes."""
    written = bytearray()
    for field, value in sorted(message.ListFields(), key=lambda found: int(found[0].number)):
        if is_map(field):
            key, content = field.message_type.fields
            for name in sorted(value, key=downwards, reverse=True):
                entry = _tagged(key, name) + _tagged(content, value[name])
                written += _tag(field) + _varint(len(entry)) + entry
        else:
            for one in value if field.is_repeated else [value]:
                written += _tagged(field, one)
    return bytes(written)


def _tag(field: FieldDescriptor) -> bytes:
    return _varint(field.number << 3 | _SHAPES[field.type])


def _tagged(field: FieldDescriptor, value: Any) -> bytes:
    if field.type == DOUBLE.type:
        return _tag(field) + struct.pack("<d", value)
    if field.type == FLOAT.type:
        return _tag(field) + struct.pack("<f", value)
    if _SHAPES[field.type] == _VARINT:
        return _tag(field) + _varint(int(value) % _SIXTY_FOUR)
    content = value.encode() if field.type == STRING.type else bytes_of(value)
    return _tag(field) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def read_into(message: Any, data: memoryview) -> None:
    """Take over what the bytes hold: plain values replace, lists grow, nested messages are filled.

    Raises:
        DecodeError: they are no message of that kind; with the class of protobuf, if a script has it loaded.
    """
    try:
        _read_into(message, data)
    except (ValueError, struct.error):
        found = getattr(sys.modules.get("google.protobuf.message"), "DecodeError", DecodeError)
        raise found("Error parsing message") from None


def _read_into(message: Any, data: memoryview) -> None:
    fields = message.DESCRIPTOR.fields_by_number
    for number, shape, payload in _pieces(data):
        field = fields.get(number)
        if field is None or shape != _SHAPES[field.type]:
            continue
        if is_map(field):
            parts = list(_pieces(_view(payload)))
            if all(part in (1, 2) and layout == _MEASURED for part, layout, _ in parts):
                entry = {1: "", 2: ""} | {part: str(_view(text), "utf-8") for part, _, text in parts}
                getattr(message, field.name)[entry[1]] = entry[2]
        elif field.type == MESSAGE.type:
            nested = getattr(message, field.name)
            nested = nested.add() if field.is_repeated else nested
            nested.SetInParent()
            _read_into(nested, _view(payload))
        elif field.is_repeated:
            getattr(message, field.name).append(_value(field, payload))
        else:
            setattr(message, field.name, _value(field, payload))


def _view(payload: Payload) -> memoryview:
    assert isinstance(payload, memoryview)  # its shape says so
    return payload


def _value(field: FieldDescriptor, payload: Payload) -> Any:
    if isinstance(payload, int):
        if field.type == BOOL.type:
            return payload != 0
        bits = 32 if field.type == INT32.type else 64
        low = payload % (1 << bits)
        return low - (1 << bits) if low >> (bits - 1) else low
    if field.type == STRING.type:
        return str(payload, "utf-8")
    (number,) = struct.unpack("<d" if field.type == DOUBLE.type else "<f", payload)
    return number


def _pieces(data: memoryview) -> Iterator[tuple[int, int, Payload]]:
    """Number, layout and content of each field."""
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        number, shape = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise ValueError("a field without a number")
        if shape == _VARINT:
            content, at = _read_varint(data, at)
            yield number, shape, content
            continue
        if shape == _MEASURED:
            width, at = _read_varint(data, at)
        elif shape in _WIDTHS:
            width = _WIDTHS[shape]
        else:
            raise ValueError("a layout nobody writes")
        if at + width > len(data):
            raise ValueError("cut short")
        yield number, shape, data[at : at + width]
        at += width


def _read_varint(data: memoryview, at: int) -> tuple[int, int]:
    number = 0
    for place in range(_LONGEST_VARINT):
        if at + place >= len(data):
            break
        byte = data[at + place]
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return number % _SIXTY_FOUR, at + place + 1
    raise ValueError("a number without an end")
