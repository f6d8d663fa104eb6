"""Checks of what callers give, before anything is sent.

Decides what text, whole numbers and URLs may hold on any cloud: no control characters, no lone surrogates, the right
Python type, within bounds; and that options are the cloud's own. Leaves which field has which bounds to each provider.
Every refusal names the field and never quotes a value.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NoReturn, TypeVar
from urllib.parse import urlsplit

import msgspec

from vodfast.errors import InvalidInput
from vodfast.providers.kinds import other_kind

Options = TypeVar("Options", bound=msgspec.Struct)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_TAB = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_OPERATION = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}(?:/[A-Za-z][A-Za-z0-9]{0,63})?")
_READS = ("get", "list", "describe", "search", "query")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def refuse(cloud: str, field: str, problem: str) -> NoReturn:
    """Raise `InvalidInput` for one field, whose name is also in its `context`."""
    raise InvalidInput(f"{field} {problem}", cloud=cloud, context={"field": field})


def options_of(cloud: str, given: msgspec.Struct | None, shape: type[Options]) -> Options:
    """The options given, or the cloud's defaults if there are none.

    Raises:
        InvalidInput: they are another cloud's, or those of another verb.
    """
    options = given or shape()
    if not isinstance(options, shape):
        raise InvalidInput(f"options for {cloud} must be vodfast.providers.{cloud}.{shape.__name__}", cloud=cloud)
    return options


def check_text(cloud: str, field: str, value: object, *, limit: int | None = None, tabs: bool = False) -> None:
    """`value` is None or text of at most `limit` characters that can be sent anywhere."""
    if value is None:
        return
    if not isinstance(value, str):
        refuse(cloud, field, f"must be text, not {type(value).__name__}")
    if (_CONTROL_BUT_TAB if tabs else _CONTROL).search(value):
        refuse(cloud, field, "holds a line break or another control character; remove it")
    if _SURROGATE.search(value):
        refuse(cloud, field, "holds characters that cannot be encoded as UTF-8; rename it or give another text")
    if limit is not None and len(value) > limit:
        refuse(cloud, field, f"has {len(value)} characters, at most {limit} are allowed")


def check_operation(cloud: str, operation: object) -> bool:
    """`operation` is the name of an API operation; whether that name is one of a read."""
    if not isinstance(operation, str) or not _OPERATION.fullmatch(operation):
        refuse(cloud, "operation", "must be a name such as GetVideoInfo")
    return operation.rpartition("/")[2].lower().startswith(_READS)


def check_plain(cloud: str, field: str, value: object) -> None:
    """`value` can be written as JSON."""
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        refuse(cloud, field, "must hold plain data only: text, numbers, True, False, None, lists and objects of them")


def check_int(cloud: str, field: str, value: object, low: int, high: int) -> None:
    """`value` is None or a whole number within the bounds; True and False are no numbers."""
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        refuse(cloud, field, f"must be a whole number from {low} to {high}")


def check_choice(cloud: str, field: str, value: object, choices: Container[str], shown: str) -> None:
    """`value` is None or one of the words."""
    if value is not None and (not isinstance(value, str) or value not in choices):
        refuse(cloud, field, f"must be one of {shown}")


def check_kind(cloud: str, kind: str, name: str) -> None:
    """A picture or subtitle is not named like something else. Media may be: services tell by themselves what it is."""
    other = None if kind == "media" else other_kind(name, kind)
    if other is not None:
        refuse(cloud, "kind", f"is {kind}, but the name ends like that of {other}")


def check_http_url(cloud: str, field: str, value: object) -> None:
    """`value` is None or an absolute http or https URL with a host."""
    if value is None:
        return
    check_text(cloud, field, value)
    try:
        parts = urlsplit(str(value))
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or str(value) != str(value).strip():
        refuse(cloud, field, "must be a complete http or https URL")
