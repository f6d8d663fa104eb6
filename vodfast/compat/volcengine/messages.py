"""Message classes that behave like the generated ones of the vendor's package, without protobuf.

Decides what scripts may do with a message: assign fields by name, go into nested ones without making them, `add()` to
lists, read what is unset as its default, compare, copy and print. Leaves which messages there are to the modules named
`*_pb2`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, NamedTuple, Self


class Scalar(NamedTuple):
    """A kind of plain field: the type of its values, its default, and the bounds of numbers."""

    of: type
    default: Any
    low: int = 0
    high: int = 0

    def checked(self, value: Any) -> Any:
        """The value as the field holds it.

        Raises:
            TypeError, ValueError: it is of another type, or out of range.
        """
        if self.of is float and isinstance(value, (int, float)):
            return float(value)
        if self.of is bool and isinstance(value, (bool, int)):
            return bool(value)
        if self.of is int and isinstance(value, int):
            if not self.low <= value <= self.high:
                raise ValueError(f"Value out of range: {value}")
            return int(value)
        if self.of is str and isinstance(value, str):
            return value
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
            return float(value)
        return self.checked(value)


TEXT: Final = Scalar(str, "")
FLAG: Final = Scalar(bool, False)
NUMBER: Final = Scalar(float, 0.0)
INT32: Final = Scalar(int, 0, -(2**31), 2**31 - 1)
INT64: Final = Scalar(int, 0, -(2**63), 2**63 - 1)


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

    def append(self, value: Any) -> None:
        super().append(self._fit(value))

    def extend(self, values: Iterable[Any]) -> None:
        super().extend([self._fit(value) for value in values])

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

    def setdefault(self, key: str, default: str = "") -> str:
        if key not in self:
            self[key] = default
        return self[key]


class Message:
    """One message. Subclasses name their fields as keywords of the class, in the order of the vendor's definition."""

    __slots__ = ("_values",)
    fields: ClassVar[Mapping[str, Kind]] = {}
    _values: dict[str, Any]

    def __init_subclass__(cls, **fields: Kind) -> None:
        cls.fields = fields

    def __init__(self, **given: Any) -> None:
        object.__setattr__(self, "_values", {})
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

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f'"{name}" cannot be deleted; ClearField resets it')

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.fields]

    def ListFields(self) -> list[tuple[str, Any]]:
        """What is set to something else than its default, in the order of the definition. The first of each pair is
        the field's name, where the vendor's has a descriptor.
        """
        return [(name, self._values[name]) for name in self.fields if name in self._values and self._is_set(name)]

    def _is_set(self, name: str) -> bool:
        value, kind = self._values[name], self.fields[name]
        if isinstance(kind, Scalar):
            return bool(value != kind.default)
        return bool(value.ListFields()) if isinstance(value, Message) else bool(value)

    def HasField(self, name: str) -> bool:
        """Whether a nested message holds anything.

        Raises:
            ValueError: the field is no nested message.
        """
        kind = self.fields.get(name)
        if not isinstance(kind, type):
            raise ValueError(f'Field "{name}" of {type(self).__name__} has no presence')
        return name in self._values and self._is_set(name)

    def ClearField(self, name: str) -> None:
        """Back to the default."""
        if name not in self.fields:
            raise ValueError(f'Protocol message {type(self).__name__} has no "{name}" field.')
        self._values.pop(name, None)

    def Clear(self) -> None:
        """Every field back to its default."""
        self._values.clear()

    def MergeFrom(self, other: Self) -> None:
        """Take over what is set in another of the same type; lists grow."""
        if type(other) is not type(self):
            raise TypeError(f"Parameter to MergeFrom() must be instance of same class: {type(self).__name__}")
        for name, value in other.ListFields():
            self._fill(name, value)

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
        return made

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and dict(self.ListFields()) == dict(other.ListFields())

    __hash__ = None  # type: ignore[assignment]  # it can change

    def __repr__(self) -> str:
        return "".join(f"{line}\n" for line in _lines(self))

    __str__ = __repr__


def _empty(kind: Listed | TextMap | type[Message]) -> Any:
    if isinstance(kind, Listed):
        return Repeated(kind.of)
    return Texts() if isinstance(kind, TextMap) else kind()


def _lines(message: Message) -> Iterator[str]:
    """A message in text form, one line for each plain value."""
    for name, value in message.ListFields():
        if isinstance(value, Texts):
            for key in sorted(value):
                yield from _block(name, [f"key: {_quoted(key)}", f"value: {_quoted(value[key])}"])
        else:
            for one in value if isinstance(value, Repeated) else [value]:
                if isinstance(one, Message):
                    yield from _block(name, _lines(one))
                else:
                    yield f"{name}: {_shown(one)}"


def _block(name: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"{name} {{"
    yield from (f"  {line}" for line in lines)
    yield "}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float) and math.isfinite(value) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return str(value)


_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "'": "\\'", "\\": "\\\\"}


def _quoted(text: str) -> str:
    escaped = "".join(
        _ESCAPES.get(letter) or (letter if letter >= " " and letter != "\x7f" else f"\\{ord(letter):03o}")
        for letter in text
    )
    return f'"{escaped}"'
