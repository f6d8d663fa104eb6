"""Checks of what callers give, before anything is sent.

Decides what text, numbers, times, lists of ids and URLs may hold on any cloud: no control characters, no lone
surrogates, the right Python type, within bounds; and that options are the cloud's own. Leaves which field has which
bounds to each provider. Every refusal names the field and never quotes a value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from typing import Final, NoReturn, TypeVar
from urllib.parse import urlsplit

import msgspec

from vodfast.errors import ConfigError, InvalidInput
from vodfast.providers.kinds import other_kind

Options = TypeVar("Options", bound=msgspec.Struct)

MAX_INT: Final = 2**63 - 1

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_OPERATION = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}(?:/[A-Za-z][A-Za-z0-9_]{0,63})?")
_READS = ("get", "list", "describe", "search", "query")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})", re.ASCII)
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


def check_text(cloud: str, field: str, value: object, *, limit: int | None = None, lines: bool = False) -> None:
    """`value` is None or text of at most `limit` characters that can be sent anywhere; with `lines` it may be several
    lines, with tabs, which must not end up in a header.
    """
    if value is None:
        return
    if not isinstance(value, str):
        refuse(cloud, field, f"must be text, not {type(value).__name__}")
    if (_CONTROL_IN_LINES if lines else _CONTROL).search(value):
        refuse(cloud, field, f"holds a {'control' if lines else 'line break or another control'} character; remove it")
    if _SURROGATE.search(value):
        refuse(cloud, field, "holds characters that cannot be encoded as UTF-8; rename it or give another text")
    if limit is not None and len(value) > limit:
        refuse(cloud, field, f"has {len(value)} characters, at most {limit} are allowed")


def check_operation(cloud: str, operation: object) -> bool:
    """`operation` is the name of an API operation; whether that name is one of a read."""
    if not isinstance(operation, str) or not _OPERATION.fullmatch(operation):
        refuse(cloud, "operation", "must be a name as the service spells it, such as GetVideoInfo or video/query")
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


def check_time(cloud: str, field: str, value: object) -> None:
    """`value` is None or a real date and time in ISO 8601 with `Z` or an offset. Whether it is past is the service's
    clock's business."""
    if value is None:
        return
    try:
        if isinstance(value, str) and _TIME.fullmatch(value):
            datetime.fromisoformat(value)
            return
    except ValueError:
        pass
    refuse(cloud, field, "must be a date and time such as 2030-01-01T00:00:00Z")


def check_seconds(cloud: str, field: str, value: object) -> None:
    """`value` is a finite number; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        refuse(cloud, field, "must be a number of seconds")


def check_size(cloud: str, field: str, size: object, most: int, *, empty: bool = False) -> None:
    """`size` is None or a number of bytes that can be stored; 0 only if `empty` files are taken."""
    check_int(cloud, field, size, 0, MAX_INT)
    if size == 0 and not empty:
        refuse(cloud, field, "is 0: an empty file cannot be processed")
    if isinstance(size, int) and size > most:
        refuse(cloud, field, f"is {size} bytes, at most {most} can be stored")


def check_id_list(cloud: str, field: str, ids: object, most: int, *, joined: bool = False) -> tuple[str, ...]:
    """A sequence of 1 to `most` ids, as a tuple. Those that travel `joined` with commas hold none."""
    if isinstance(ids, str) or not isinstance(ids, Sequence) or not 1 <= len(ids) <= most:
        refuse(cloud, field, f"must be a list of 1 to {most} ids for one call")
    for value in ids:
        check_text(cloud, field, value, limit=256)
        if not value or value != value.strip() or (joined and "," in value):
            refuse(cloud, field, f"holds an empty id or one with {'a comma or ' if joined else ''}blanks around it")
    return tuple(ids)


def check_known(cloud: str, verb: str, fields: Mapping[str, object], names: Sequence[str]) -> None:
    """Refuse fields a verb does not have."""
    unknown = sorted(str(name) for name in fields if name not in names)
    if unknown:
        raise InvalidInput(
            f"{verb} on {cloud} knows no field {', '.join(unknown)}; it takes {', '.join(names)}", cloud=cloud
        )


def authority(cloud: str, endpoint: object, example: str) -> str:
    """`host` or `host:port` exactly as the Host header will have it: lower case, without the port 443.

    Raises:
        ConfigError: it is neither.
    """
    host, colon, port = endpoint.lower().partition(":") if isinstance(endpoint, str) else ("", "", "")
    port_ok = not colon or (re.fullmatch(r"[0-9]{1,5}", port) is not None and 0 < int(port) < 65536)
    if not _HOST.fullmatch(host) or ".." in host or not port_ok:
        raise ConfigError(f"endpoint must be a host name such as {example}, without scheme or path", cloud=cloud)
    return f"{host}:{int(port)}" if colon and int(port) != 443 else host


def fits(pattern: re.Pattern[str], value: object) -> bool:
    """Whether `value` is text of that form."""
    return isinstance(value, str) and pattern.fullmatch(value) is not None


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
