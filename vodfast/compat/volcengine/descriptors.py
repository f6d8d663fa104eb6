"""What a message says of its own fields, in the form protobuf's `json_format` and `text_format` ask for it.

Decides the attributes of descriptors. Leaves which fields there are to the messages.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import Any, Final, NamedTuple


class WireType(NamedTuple):
    """A field's type in protobuf's two countings."""

    type: int
    cpp_type: int


DOUBLE: Final = WireType(1, 5)
FLOAT: Final = WireType(2, 6)
INT64: Final = WireType(3, 2)
INT32: Final = WireType(5, 1)
BOOL: Final = WireType(8, 7)
STRING: Final = WireType(9, 9)
MESSAGE: Final = WireType(11, 10)


def single(number: float) -> float:
    """The nearest number that fits into 32 bits, which is what a FLOAT field keeps."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)


class Options(NamedTuple):
    map_entry: bool


class FileDescriptor(NamedTuple):
    name: str
    package: str


class FieldDescriptor:
    """One field. The numbers are those scripts compare types with, on their way through messages of any kind."""

    TYPE_DOUBLE, TYPE_FLOAT, TYPE_INT64, TYPE_UINT64, TYPE_INT32, TYPE_FIXED64 = range(1, 7)
    TYPE_FIXED32, TYPE_BOOL, TYPE_STRING, TYPE_GROUP, TYPE_MESSAGE, TYPE_BYTES = range(7, 13)
    TYPE_UINT32, TYPE_ENUM, TYPE_SFIXED32, TYPE_SFIXED64, TYPE_SINT32, TYPE_SINT64 = range(13, 19)
    CPPTYPE_INT32, CPPTYPE_INT64, CPPTYPE_UINT32, CPPTYPE_UINT64, CPPTYPE_DOUBLE = range(1, 6)
    CPPTYPE_FLOAT, CPPTYPE_BOOL, CPPTYPE_ENUM, CPPTYPE_STRING, CPPTYPE_MESSAGE = range(6, 11)
    LABEL_OPTIONAL, LABEL_REQUIRED, LABEL_REPEATED = range(1, 4)
    is_required = False
    is_extension = False
    is_packed = False
    has_options = False
    enum_type = None
    containing_oneof = None
    extension_scope = None

    def __init__(
        self,
        name: str,
        number: int,
        wire: WireType,
        *,
        repeated: bool,
        default: Any,
        message_type: Descriptor | None,
        containing_type: Descriptor,
    ) -> None:
        self.name = self.json_name = name
        self.camelcase_name = name[:1].lower() + name[1:]
        self.full_name = f"{containing_type.full_name}.{name}"
        self.number = number
        self.index = len(containing_type.fields)
        self.type, self.cpp_type = wire
        self.is_repeated = repeated
        self.label = 3 if repeated else 1
        self.has_presence = message_type is not None and not repeated
        self.default_value = [] if repeated else default
        self.has_default_value = False
        self.message_type = message_type
        self.containing_type = containing_type

    def __repr__(self) -> str:
        return f"<FieldDescriptor {self.full_name}>"


class Descriptor:
    """One kind of message. `fields` are in the order of their definition."""

    is_extendable = False
    containing_type = None

    def __init__(self, name: str, full_name: str, file: FileDescriptor, *, map_entry: bool = False) -> None:
        self.name = name
        self.full_name = full_name
        self.file = file
        self.fields: list[FieldDescriptor] = []
        self.oneofs: list[Any] = []
        self.extensions: list[Any] = []
        self.has_options = map_entry
        self._options = Options(map_entry)

    def GetOptions(self) -> Options:
        return self._options

    @property
    def fields_by_name(self) -> Mapping[str, FieldDescriptor]:
        return {field.name: field for field in self.fields}

    @property
    def fields_by_number(self) -> Mapping[int, FieldDescriptor]:
        return {field.number: field for field in self.fields}

    def add(
        self, name: str, number: int, wire: WireType, *, repeated: bool, default: Any, message_type: Descriptor | None
    ) -> FieldDescriptor:
        field = FieldDescriptor(
            name, number, wire, repeated=repeated, default=default, message_type=message_type, containing_type=self
        )
        self.fields.append(field)
        return field

    def map_entry(self, name: str) -> Descriptor:
        """The kind of message a map from text to text consists of."""
        own = f"{name}Entry"
        entry = Descriptor(own, f"{self.full_name}.{own}", self.file, map_entry=True)
        for number, field in enumerate(("key", "value"), 1):
            entry.add(field, number, STRING, repeated=False, default="", message_type=None)
        return entry

    def __repr__(self) -> str:
        return f"<Descriptor {self.full_name}>"


def is_map(field: FieldDescriptor) -> bool:
    """Whether a field's values are pairs, each a message of its own where protobuf writes them."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


class EnumType:
    """Named numbers, with the functions protobuf gives them. Each is an attribute as well."""

    def __init__(self, name: str, **numbers: int) -> None:
        self._name = name
        self._numbers = numbers

    def __getattr__(self, name: str) -> int:
        try:
            return self._numbers[name]
        except KeyError:
            raise AttributeError(f"Enum {self._name} has no value defined for name {name!r}") from None

    def Name(self, number: int) -> str:
        for name, own in self._numbers.items():
            if own == number:
                return name
        raise ValueError(f"Enum {self._name} has no name defined for value {number!r}")

    def Value(self, name: str) -> int:
        if name not in self._numbers:
            raise ValueError(f"Enum {self._name} has no value defined for name {name!r}")
        return self._numbers[name]

    def keys(self) -> list[str]:
        return list(self._numbers)

    def values(self) -> list[int]:
        return list(self._numbers.values())

    def items(self) -> list[tuple[str, int]]:
        return list(self._numbers.items())
