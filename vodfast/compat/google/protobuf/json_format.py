"""Messages to JSON and back, by protobuf's names.

Decides spelling and errors as protobuf's own module does, for the messages of the Volcengine stand-in; protobuf's own
takes these messages, too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from vodfast.compat.volcengine import descriptors
from vodfast.compat.volcengine.descriptors import FieldDescriptor, is_map
from vodfast.compat.volcengine.messages import Listed, Message

__all__ = [
    "Error",
    "MessageToDict",
    "MessageToJson",
    "Parse",
    "ParseDict",
    "ParseError",
    "SerializeToJsonError",
    "json",
    "math",
]

AnyMessage = TypeVar("AnyMessage", bound=Message)
_NAMES: Final = {math.inf: "Infinity", -math.inf: "-Infinity"}


class Error(Exception):
    """Of this module."""


class SerializeToJsonError(Error):
    """A message that has no JSON."""


class ParseError(Error):
    """JSON that is not of that message."""


def MessageToJson(
    message: Message,
    preserving_proto_field_name: bool = False,
    indent: int | None = 2,
    sort_keys: bool = False,
    use_integers_for_enums: bool = False,
    descriptor_pool: object = None,
    ensure_ascii: bool = True,
    always_print_fields_with_no_presence: bool = False,
) -> str:
    """The message as JSON text. 64-bit numbers are texts in it."""
    plain = MessageToDict(
        message,
        always_print_fields_with_no_presence,
        preserving_proto_field_name,
        use_integers_for_enums,
        descriptor_pool,
    )
    return json.dumps(plain, indent=indent, sort_keys=sort_keys, ensure_ascii=ensure_ascii)


def MessageToDict(
    message: Message,
    always_print_fields_with_no_presence: bool = False,
    preserving_proto_field_name: bool = False,
    use_integers_for_enums: bool = False,
    descriptor_pool: object = None,  # noqa: ARG001  # there are no descriptors but the messages' own
) -> dict[str, Any]:
    """The message as plain data."""
    options = (always_print_fields_with_no_presence, preserving_proto_field_name, use_integers_for_enums)
    made: dict[str, Any] = {}
    for field, value in message.ListFields():
        if is_map(field):
            made[field.json_name] = dict(value)
        else:
            plain = [_plain(field, one, options) for one in (value if field.is_repeated else [value])]
            made[field.json_name] = plain if field.is_repeated else plain[0]
    if always_print_fields_with_no_presence:
        for field in message.DESCRIPTOR.fields:
            if not field.has_presence and field.json_name not in made:
                unset = {} if is_map(field) else field.default_value
                made[field.json_name] = unset if field.is_repeated else _plain(field, unset, options)
    return made


def _plain(field: FieldDescriptor, value: Any, options: tuple[bool, bool, bool]) -> Any:
    if isinstance(value, Message):
        return MessageToDict(value, *options)
    if field.cpp_type == descriptors.INT64.cpp_type:
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return _NAMES.get(value, "NaN")
        if field.cpp_type == descriptors.FLOAT.cpp_type:
            shown = (float(f"{value:.{digits}g}") for digits in range(6, 10))
            return next(number for number in shown if descriptors.single(number) == value)
    return value


def Parse(
    text: str | bytes,
    message: AnyMessage,
    ignore_unknown_fields: bool = False,
    descriptor_pool: object = None,
    max_recursion_depth: int = 100,
) -> AnyMessage:
    """Fill the message from JSON text.

    Raises:
        ParseError: it is none, or not of this message.
    """
    try:
        plain = json.loads(text)
    except ValueError as error:
        raise ParseError(f"Failed to load JSON: {error}") from None
    return ParseDict(plain, message, ignore_unknown_fields, descriptor_pool, max_recursion_depth)


def ParseDict(
    js_dict: Mapping[str, Any],
    message: AnyMessage,
    ignore_unknown_fields: bool = False,
    descriptor_pool: object = None,  # noqa: ARG001  # as above
    max_recursion_depth: int = 100,  # noqa: ARG001  # messages nest only as deep as they are declared
) -> AnyMessage:
    """Fill the message from plain data.

    Raises:
        ParseError: it is not of this message.
    """
    if not ignore_unknown_fields:
        _check_names(js_dict, type(message))
    try:
        read = type(message).of(js_dict)
    except (TypeError, ValueError, AttributeError) as error:
        raise ParseError(f"Failed to parse {type(message).__name__}: {error}") from None
    for name, value in js_dict.items():
        if value is None or (name in message.DESCRIPTOR.fields_by_name and name in read.set_fields()):
            message.ClearField(name)
    message.MergeFrom(read)
    return message


def _check_names(given: object, kind: type[Message]) -> None:
    if not isinstance(given, Mapping):
        raise ParseError(f"{kind.__name__} must be an object, not {given!r}")
    for name, value in given.items():
        of = kind.fields.get(name)
        if of is None:
            raise ParseError(f'Message type "{kind.DESCRIPTOR.full_name}" has no field named "{name}"')
        nested = of.of if isinstance(of, Listed) else of
        if isinstance(nested, type) and issubclass(nested, Message) and value is not None:
            for one in value if isinstance(of, Listed) and isinstance(value, list) else [value]:
                _check_names(one, nested)
