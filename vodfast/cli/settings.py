"""`--set NAME=VALUE`: the options only one cloud has, checked against that cloud's typed records.

Decides how text becomes a typed value and how a wrong name or value is told. Knows no cloud: each provider's package
exports the records `UploadOptions` and `PullOptions`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import click
import msgspec

from vodfast.cli.text import printable

T = TypeVar("T")


def typed_options(cloud: str, record: str, values: Mapping[str, Any], where: str = "--set") -> Any | None:
    """An options record of a cloud from names and values, None if there are none.

    Text is converted to the field's type. `where` names the origin in messages.

    Raises:
        click.UsageError: an unknown name, or a value of the wrong type; the known names are listed.
    """
    if not values:
        return None
    options = getattr(importlib.import_module(f"vodfast.providers.{cloud}"), record)
    known = {field.encode_name: field for field in msgspec.structs.fields(options)}
    for name, value in values.items():
        if name not in known:
            listed = ", ".join(f"{key} ({_type_name(field.type)})" for key, field in known.items()) or "none"
            raise click.UsageError(f"{where}: {cloud} has no option {printable(name)!r}; known: {listed}")
        try:
            msgspec.convert(value, known[name].type, strict=False)
        except msgspec.ValidationError as error:
            raise click.UsageError(f"{where}: {name}: {printable(str(error))}") from None
    return _convert({**values}, options)


def unique(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The values by name.

    Raises:
        click.UsageError: a name was set twice.
    """
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise click.UsageError(f"--set {name} is given twice")
        values[name] = value
    return values


def _convert(values: dict[str, Any], options: type[T]) -> T:
    from vodfast.errors import VodfastError

    try:
        return msgspec.convert(values, options, strict=False)
    except (msgspec.ValidationError, VodfastError) as error:
        raise click.UsageError(f"--set: {printable(str(error))}") from None


def _type_name(kind: Any) -> str:
    names = {str: "text", int: "number", float: "number", bool: "true or false", type(None): ""}
    members = getattr(kind, "__args__", (kind,))
    return " or ".join(filter(None, (names.get(member, str(member)) for member in members)))
