"""`--from FILE` of `pull` and `register`: URLs, one a line, or JSON objects with the fields of an item.

Decides how a line is read and how a wrong one is told, with its number. Fields a line has win over the command's own.
"""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vodfast.cli.text import STDIN, printable

if TYPE_CHECKING:
    import msgspec

T = TypeVar("T", bound="msgspec.Struct")

_JSON_LIST = re.compile(rb'\s*\[\s*\{\s*"')

list_option = click.option(
    "--from",
    "lists",
    multiple=True,
    metavar="FILE",
    type=click.Path(allow_dash=True),
    help="A list of URLs, or of JSON objects with url and any of the fields; - is stdin.",
)


def items_of(
    urls: Sequence[str],
    lists: Sequence[str],
    item: type[T],
    *,
    cloud: str,
    record: str,
    common: Mapping[str, Any],
    settings: Mapping[str, str],
) -> list[T]:
    """Items for the URLs of the command line and of its lists, each once, in the order given.

    `item` is the type of an item, `record` the name of its options.

    Raises:
        click.UsageError: no URL at all, a list that cannot be read, or a line with unknown or wrong fields.
    """
    import msgspec

    from vodfast.cli.settings import typed_options

    given: dict[tuple[str, str], T] = {}
    for where, fields in [("", {"url": url}) for url in urls] + [line for name in lists for line in _lines(name)]:
        own = fields.pop("options", {})
        unknown = sorted(fields.keys() - set(item.__struct_fields__))
        if unknown:
            raise click.UsageError(f"{where}: unknown fields: {printable(', '.join(unknown))}")
        if not fields.get("url") or not isinstance(own, dict):
            raise click.UsageError(f"{where}: it needs a url, and options are an object")
        options = typed_options(cloud, record, {**settings, **own}, f"{where}: options" if own else "--set")
        try:
            made = msgspec.structs.replace(msgspec.convert({**common, **fields}, item), options=options)
        except msgspec.ValidationError as error:
            raise click.UsageError(f"{where}: {printable(str(error))}") from None
        given.setdefault((fields["url"], repr(fields)), made)
    if not given:
        raise click.UsageError("name at least one URL, or a list with --from FILE")
    return list(given.values())


def check_form(raw: bytes, shown: str) -> None:
    """Refuse what is no list of lines but looks like one to whoever made it.

    Raises:
        InvalidInput: text in UTF-16, or one JSON list.
    """
    from vodfast.errors import InvalidInput

    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InvalidInput(f"the list {shown} is in UTF-16: save it as UTF-8")
    if _JSON_LIST.match(raw):
        raise InvalidInput(f"the list {shown} is one JSON list: write each of its objects on a line of its own")


def _lines(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    shown = "stdin" if name == STDIN else printable(name)
    try:
        raw = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
        check_form(raw, shown)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise click.UsageError(f"the list {shown} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"the list {shown} is no text in UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):  # JSON may hold what else Unicode calls the end of a line
        if line.strip():
            where = f"{shown}, line {number}"
            yield where, _object(line, where) if line.lstrip().startswith("{") else {"url": line.strip()}


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise click.UsageError(f"{where}: not a JSON object on a line of its own: {error}") from None
    return found
