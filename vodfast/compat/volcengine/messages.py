"""Message classes that behave like the generated ones of the vendor's package, without protobuf.

Decides what scripts may do with a message: assign fields by name, go into nested ones without making them, `add()` to
lists, read what is unset as its default, compare, copy and print. Leaves which messages there are to the modules named
`*_pb2`, and the other forms to `text_form.py` and `binary_form.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, NamedTuple, Self, SupportsIndex

from vodfast.compat.volcengine import descriptors
from vodfast.compat.volcengine.binary_form import bytes_of, read_into
from vodfast.compat.volcengine.descriptors import Descriptor, FieldDescriptor, FileDescriptor, WireType
from vodfast.compat.volcengine.text_form import text_of


class Scalar(NamedTuple):
    """A kind of plain field: the type of its values, its default, and the bounds of numbers."""

    of: type
    default: Any
    wire: WireType
    low: int = 0
    high: int = 0

    def checked(self, value: Any) -> Any:
        """The value as the field holds it.

        Raises:
            TypeError, ValueError: it is of another type, or out of range.
        """
        if self.of is str:
            if isinstance(value, bytes):
                return value.decode()
            if isinstance(value, str):
                value.encode()  # what has no UTF-8 is refused
                return value
        elif self.of is float and isinstance(value, (int, float)):
            return descriptors.single(float(value)) if self.wire is descriptors.FLOAT else float(value)
        elif self.of is not float and isinstance(value, SupportsIndex):
            number = operator.index(value)
            if self.of is int and not self.low <= number <= self.high:
                raise ValueError(f"Value out of range: {number}")
            return self.of(number)
        raise TypeError(f"{value!r} has type {type(value).__name__}, but expected {self.of.__name__}")

    def read(self, value: Any) -> Any:
        """The value out of JSON, where numbers may be text and whole numbers may have a fraction of zero.

        Raises:
            TypeError, ValueError: it is none.
        """
        if self.of is int and isinstance(value, (str, float)):
            number = float(value)
            if not number.is_integer():
                raise ValueError(f"{value!r} is not a whole number")
            return self.checked(int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else int(number))
        if self.of is float and isinstance(value, str):
            return self.checked(float(value))
        return self.checked(value)


TEXT: Final = Scalar(str, "", descriptors.STRING)
FLAG: Final = Scalar(bool, False, descriptors.BOOL)
NUMBER: Final = Scalar(float, 0.0, descriptors.DOUBLE)
SINGLE: Final = Scalar(float, 0.0, descriptors.FLOAT)
INT32: Final = Scalar(int, 0, descriptors.INT32, -(2**31), 2**31 - 1)
INT64: Final = Scalar(int, 0, descriptors.INT64, -(2**63), 2**63 - 1)


class Listed(NamedTuple):
    """A repeated field."""

    of: Scalar | type[Message]


class TextMap(NamedTuple):
    """A map from text to text."""


Kind = Scalar | Listed | TextMap | type["Message"]


class Repeated(list[Any]):
    """A repeated field's values: `append` and `extend` check them; `add` makes a message in place."""

    def __init__(self, of: Scalar | type[Message]) -> None:
        super().__init__()
        self._of = of

    def _fit(self, value: Any) -> Any:
        if isinstance(self._of, Scalar):
            return self._of.checked(value)
        if type(value) is not self._of:
            raise TypeError(f"Expected a message object, but got {value!r}.")
        return value.copy()

    def append(self, value: Any) -> Any:
        """Messages are copied; the copy is what comes back."""
        own = self._fit(value)
        super().append(own)
        return own if isinstance(own, Message) else None

    def extend(self, values: Iterable[Any]) -> None:
        super().extend([self._fit(value) for value in values])

    def MergeFrom(self, values: Iterable[Any]) -> None:
        """The same as `extend`."""
        self.extend(values)

    def insert(self, index: Any, value: Any) -> None:
        super().insert(index, self._fit(value))

    def __iadd__(self, values: Iterable[Any]) -> Self:  # type: ignore[misc]  # it takes what `append` takes
        self.extend(values)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(self._of, Scalar):
            raise TypeError("'Repeated' object does not support item assignment")
        super().__setitem__(index, [self._fit(one) for one in value] if isinstance(index, slice) else self._fit(value))

    def add(self, **fields: Any) -> Any:
        """A new message at the end, which may be changed in place.

        Raises:
            AttributeError: the values are no messages.
        """
        if isinstance(self._of, Scalar):
            raise AttributeError("'Repeated' object of plain values has no attribute 'add'")
        made = self._of(**fields)
        super().append(made)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _repeated, (self._of, list(self))


def _repeated(of: Scalar | type[Message], values: list[Any]) -> Repeated:
    made = Repeated(of)
    list.extend(made, values)
    return made


class Texts(dict[str, str]):
    """A map field: keys and values are text. An unset key reads as ""."""

    def __setitem__(self, key: str, value: str) -> None:
        super().__setitem__(TEXT.checked(key), TEXT.checked(value))

    def __missing__(self, key: str) -> str:
        self[key] = ""
        return ""

    def update(self, *given: Any, **more: str) -> None:
        for key, value in dict(*given, **more).items():
            self[key] = value

    def MergeFrom(self, other: Mapping[str, str]) -> None:
        """The same as `update`."""
        self.update(other)

    def setdefault(self, key: str, default: str = "") -> str:
        if key not in self:
            self[key] = default
        return self[key]

    def GetEntryClass(self) -> type[Message]:
        """What protobuf's `text_format` makes of each pair before it writes it."""
        return Pair


class Message:
    """One message. Subclasses name their fields as keywords of the class, in the order of the vendor's definition."""

    __slots__ = ("_present", "_values")
    fields: ClassVar[Mapping[str, Kind]] = {}
    DESCRIPTOR: ClassVar[Descriptor]
    _values: dict[str, Any]
    _present: bool
    """Whether a nested one counts as set although nothing in it is."""

    def __init_subclass__(cls, **fields: Kind) -> None:
        cls.fields = fields
        cls.DESCRIPTOR = _described(cls)
        for field in cls.DESCRIPTOR.fields:
            setattr(cls, f"{field.name.upper()}_FIELD_NUMBER", field.number)

    def __init__(self, **given: Any) -> None:
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "_present", False)
        for name, value in given.items():
            if name not in self.fields:
                raise ValueError(f'Protocol message {type(self).__name__} has no "{name}" field.')
            if value is not None:
                self._fill(name, value)

    def _fill(self, name: str, value: Any) -> None:
        kind = self.fields[name]
        if isinstance(kind, Scalar):
            setattr(self, name, value)
        elif isinstance(kind, TextMap):
            getattr(self, name).update(value)
        elif isinstance(kind, Listed):
            held = getattr(self, name)
            for one in value:
                held.append(kind.of(**one) if isinstance(one, Mapping) and not isinstance(kind.of, Scalar) else one)
        else:
            getattr(self, name).MergeFrom(kind(**value) if isinstance(value, Mapping) else value)

    def __getattr__(self, name: str) -> Any:
        kind = type(self).fields.get(name)
        if kind is None:
            raise AttributeError(name)
        if isinstance(kind, Scalar):
            return self._values.get(name, kind.default)
        if name not in self._values:
            # Made on the way into it: an empty one counts as unset until something in it is set.
            self._values[name] = _empty(kind)
        return self._values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        kind = self.fields.get(name)
        if kind is None:
            raise AttributeError(f'Protocol message {type(self).__name__} has no "{name}" field.')
        if not isinstance(kind, Scalar):
            what = "map, or repeated field" if isinstance(kind, (Listed, TextMap)) else "message field"
            raise AttributeError(f'Assignment not allowed to {what} "{name}" in protocol message object.')
        self._values[name] = kind.checked(value)
        self.SetInParent()

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f'"{name}" cannot be deleted; ClearField resets it')

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.fields]

    def SetInParent(self) -> None:
        """Count as set in the message this one is part of, even while it is empty."""
        object.__setattr__(self, "_present", True)

    def ListFields(self) -> list[tuple[FieldDescriptor, Any]]:
        """What is set, in the order of the definition; plain values are if they are not the default."""
        return [(field, self._values[field.name]) for field in self.DESCRIPTOR.fields if self._is_set(field.name)]

    def set_fields(self) -> dict[str, Any]:
        """The same by name."""
        return {field.name: value for field, value in self.ListFields()}

    def _is_set(self, name: str) -> bool:
        if name not in self._values:
            return False
        value, kind = self._values[name], self.fields[name]
        if isinstance(kind, Scalar):
            return bool(value != kind.default)
        if not isinstance(value, Message):
            return bool(value)
        return value._present or any(value._is_set(one) for one in value._values)

    def HasField(self, name: str) -> bool:
        """Whether a nested message is set.

        Raises:
            ValueError: the field is no nested message.
        """
        if not isinstance(self.fields.get(name), type):
            raise ValueError(f'Field "{name}" of {type(self).__name__} has no presence')
        return self._is_set(name)

    def ClearField(self, name: str) -> None:
        """Back to the default."""
        if name not in self.fields:
            raise ValueError(f'Protocol message {type(self).__name__} has no "{name}" field.')
        self._values.pop(name, None)
        self.SetInParent()

    def Clear(self) -> None:
        """Every field back to its default."""
        self._values.clear()
        self.SetInParent()

    def MergeFrom(self, other: Self) -> None:
        """Take over what is set in another of the same type; lists grow."""
        if type(other) is not type(self):
            raise TypeError(f"Parameter to MergeFrom() must be instance of same class: {type(self).__name__}")
        for name, value in other.set_fields().items():
            self._fill(name, value)
        self.SetInParent()

    def CopyFrom(self, other: Self) -> None:
        """Become equal to another of the same type."""
        if other is not self:
            self.Clear()
            self.MergeFrom(other)

    def copy(self) -> Self:
        """Another one with the same fields."""
        made = type(self)()
        made.MergeFrom(self)
        return made

    __copy__ = copy

    def IsInitialized(self) -> bool:
        """True: no field is required."""
        return True

    def FindInitializationErrors(self) -> list[str]:
        """None: no field is required."""
        return []

    def DiscardUnknownFields(self) -> None:
        """There are none: what has no field is left out when it is read."""

    def SerializeToString(self, *, deterministic: bool = True) -> bytes:  # noqa: ARG002  # protobuf's own signature
        """What is set, in protobuf's binary form."""
        return bytes_of(self)

    SerializePartialToString = SerializeToString

    def ByteSize(self) -> int:
        """Bytes of that form."""
        return len(bytes_of(self))

    def MergeFromString(self, serialized: bytes | bytearray | memoryview) -> int:
        """Take over what is set in another's binary form; lists grow. The number of bytes comes back.

        Raises:
            DecodeError: it is none of this kind.
        """
        data = memoryview(serialized).cast("B")
        read_into(self, data)
        self.SetInParent()
        return len(data)

    def ParseFromString(self, serialized: bytes | bytearray | memoryview) -> int:
        """The same, after everything that was set is gone."""
        self.Clear()
        return self.MergeFromString(serialized)

    @classmethod
    def FromString(cls, s: bytes | bytearray | memoryview) -> Self:
        """A message out of its binary form.

        Raises:
            DecodeError: it is none of this kind.
        """
        made = cls()
        made.MergeFromString(s)
        return made

    def WhichOneof(self, name: str) -> str | None:
        """There are no such groups of fields here.

        Raises:
            ValueError: always.
        """
        raise ValueError(f'Protocol message {type(self).__name__} has no "{name}" field.')

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """A message out of a service's JSON: exact names, unknown ones left out, null as unset.

        Raises:
            TypeError, ValueError: a value is of another kind.
        """
        made = cls()
        for name, value in data.items():
            kind = cls.fields.get(name)
            if kind is None or value is None:
                continue
            if isinstance(kind, Scalar):
                made._values[name] = kind.read(value)
            elif isinstance(kind, TextMap):
                getattr(made, name).update(value)
            elif isinstance(kind, Listed):
                of = kind.of
                list.extend(
                    getattr(made, name), [of.read(one) if isinstance(of, Scalar) else of.of(one) for one in value]
                )
            else:
                made._values[name] = kind.of(value)
                made._values[name].SetInParent()
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _revived, (type(self), self._values, self._present)

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]  # scripts print `vars()` of an answer
        """What is set, by name."""
        return self.set_fields()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.set_fields() == other.set_fields()

    __hash__ = None  # type: ignore[assignment]  # it can change

    def __repr__(self) -> str:
        return text_of(self)

    __str__ = __repr__


def exported(module: Mapping[str, Any]) -> Iterator[str]:
    """What a script gets that imports everything from a module of messages: those of its own, and named numbers."""
    for name, value in module.items():
        if type(value) in (int, descriptors.EnumType) or getattr(value, "__module__", None) == module["__name__"]:
            yield name


def _revived(kind: type[Message], values: dict[str, Any], present: bool) -> Message:
    made = kind()
    made._values.update(values)
    if present:
        made.SetInParent()
    return made


def _empty(kind: Listed | TextMap | type[Message]) -> Any:
    if isinstance(kind, Listed):
        return Repeated(kind.of)
    return Texts() if isinstance(kind, TextMap) else kind()


def _described(kind: type[Message]) -> Descriptor:
    """The descriptor of a class; its full name follows from the module, as it does in the vendor's package."""
    folders = kind.__module__.rpartition(".volcengine.")[2].split(".")[:-1]
    package = ".".join(["Volcengine", *(folder.capitalize() for folder in folders)])
    file = FileDescriptor("/".join(["volcengine", *folders]), package)
    own = Descriptor(kind.__name__, f"{package}.{kind.__name__}", file)
    for number, (name, field) in enumerate(kind.fields.items(), 1):
        of = field.of if isinstance(field, Listed) else field
        if isinstance(of, Scalar):
            wire, message_type = of.wire, None
        else:
            wire = descriptors.MESSAGE
            message_type = own.map_entry(name) if isinstance(of, TextMap) else of.DESCRIPTOR
        repeated = isinstance(field, (Listed, TextMap))
        default = of.default if isinstance(of, Scalar) else None
        own.add(name, number, wire, repeated=repeated, default=default, message_type=message_type)
    return own


class Pair(Message, key=TEXT, value=TEXT):
    """One entry of a map, as a message."""

    __slots__ = ()
