"""`--set NAME=VALUE` and `--service NAME=VALUE`: what only one cloud has, checked against that cloud's typed records.

Decides how text becomes a typed value and how a wrong name or value is told. Knows no cloud: each provider's package
exports the records `UploadOptions`, `PullOptions` and `RegisterOptions` as far as it has them.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import click
import msgspec

from vodfast.cli.text import printable

T = TypeVar("T")

_WORDS: Mapping[Any, str] = {str: "text", int: "a number", float: "a number", bool: "true or false", object: "JSON"}


def typed_options(cloud: str, record: str, values: Mapping[str, Any], where: str = "--set") -> Any | None:
    """An options record of a cloud from names and values, None if there are none.

    Text is converted to the field's type, as JSON where that is no text. `where` names the origin in messages.

    Raises:
        click.UsageError: an unknown name, or a value of the wrong type; the known names are listed.
    """
    if not values:
        return None
    return _convert(typed_values(cloud, option_types(cloud, record), values, where), _record(cloud, record))


def option_types(cloud: str, record: str) -> dict[str, Any]:
    """The options of a cloud that text or JSON can express, by name."""
    fields = msgspec.structs.fields(_record(cloud, record))
    return {field.encode_name: field.type for field in fields if plain(field.type)}


def _record(cloud: str, record: str) -> Any:
    package = importlib.import_module(f"vodfast.providers.{cloud}")
    return getattr(package, record, None) or getattr(importlib.import_module("vodfast.providers.contract"), record)


def typed_values(cloud: str, kinds: Mapping[str, Any], values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Values converted to the type that `kinds` has for their names.

    Raises:
        click.UsageError: as `typed_options`.
    """
    typed = {}
    for name, value in values.items():
        if name not in kinds:
            listed = ", ".join(f"{key} ({_type_name(kind)})" for key, kind in kinds.items()) or "none"
            raise click.UsageError(f"{where}: {cloud} has no option {printable(name)!r}; known: {listed}")
        try:
            typed[name] = msgspec.convert(_read(value, kinds[name]), kinds[name], strict=False)
        except msgspec.ValidationError as error:
            raise click.UsageError(f"{where}: {name} takes {_type_name(kinds[name])}{_why(error)}") from None
    return typed


def any_values(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The values by name where no record tells their types: JSON as such, `"7"` in quotes is text, so is the rest."""
    return {name: value if (value := _json(text)) is not None else text for name, text in unique(pairs).items()}


def unique(pairs: Sequence[tuple[str, str]], option: str = "--set") -> dict[str, str]:
    """The values by name.

    Raises:
        click.UsageError: a name was set twice.
    """
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise click.UsageError(f"{option} {name} is given twice")
        values[name] = value
    return values


def _why(error: msgspec.ValidationError) -> str:
    """What is wrong inside a value; nothing if it is of another type altogether, which the wanted type tells."""
    text = str(error)
    return "" if text.startswith("Expected") and " - at " not in text else f": {printable(text)}"


def plain(kind: Any) -> bool:
    """Whether text or JSON can express a type: secrets and objects with a life of their own come from Python only."""
    if kind in _WORDS or kind in (type(None), Ellipsis):
        return True
    if _is_struct(kind):
        return all(plain(field.type) for field in msgspec.structs.fields(kind))
    return get_origin(kind) is not None and all(map(plain, get_args(kind)))


def _read(value: Any, kind: Any) -> Any:
    """Text where text is wanted, else the JSON it holds; what is no JSON is left for the conversion to judge."""
    if not isinstance(value, str) or str in _members(kind):
        return value
    found = _json(value)
    return value if found is None else found


def _members(kind: Any) -> tuple[Any, ...]:
    """The types a union is made of, None left out; any other type is alone."""
    members = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return tuple(member for member in members if member is not type(None))


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def _convert(values: dict[str, Any], options: type[T]) -> T:
    from vodfast.errors import VodfastError

    try:
        return options(**values)
    except VodfastError as error:
        raise click.UsageError(f"--set: {printable(str(error))}") from None


def _type_name(kind: Any) -> str:
    """What a value of this type is called in messages."""
    members = _members(kind)
    if len(members) > 1 and all(map(_is_struct, members)):
        return f"a JSON object whose Name is {' or '.join(str(member.__struct_config__.tag) for member in members)}"
    return " or ".join(_word(member) for member in members)


def _word(kind: Any) -> str:
    if kind in _WORDS:
        return _WORDS[kind]
    if get_origin(kind) in (tuple, list):
        return f"a JSON list of {_type_name(get_args(kind)[0]).removeprefix('a ')}"
    if _is_struct(kind):
        return f"a JSON object of {', '.join(field.encode_name for field in msgspec.structs.fields(kind))}"
    return "a JSON object"


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
