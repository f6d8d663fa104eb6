"""Parameters of the VOD actions: names, types, which are required.

Decides what is UnknownParameter, MissingParameter and InvalidParameter (protocol notes 2.5 to 2.9). Leaves values to
the actions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vodfast.emulator.service import Refusal

Kind = str
"""`text`, `integer`, `texts`; a final `!` marks a required one."""

_PULL_AND_APPLY = {
    "MediaType": "text", "SubAppId": "integer", "MediaName": "text", "Procedure": "text", "ExpireTime": "text",
    "StorageRegion": "text", "ClassId": "integer", "SourceContext": "text", "SessionContext": "text",
    "ExtInfo": "text", "MediaStoragePath": "text",
}  # fmt: skip

ACTIONS: Mapping[str, Mapping[str, Kind]] = {
    "ApplyUpload": _PULL_AND_APPLY | {"MediaType": "text!", "CoverType": "text"},
    "CommitUpload": {"VodSessionKey": "text!", "SubAppId": "integer"},
    "ParseStreamingManifest": {"MediaManifestContent": "text!", "ManifestType": "text"},
    "PullUpload": _PULL_AND_APPLY
    | {"MediaUrl": "text!", "CoverUrl": "text", "TasksPriority": "integer", "SessionId": "text"},
    "DescribeTaskDetail": {"TaskId": "text!", "SubAppId": "integer"},
    "DescribeMediaInfos": {"FileIds": "texts!", "SubAppId": "integer", "Filters": "texts"},
    "DeleteMedia": {"FileId": "text!", "SubAppId": "integer"},
    "ModifyEventConfig": {
        "Mode": "text", "NotificationUrl": "text", "UploadMediaCompleteEventSwitch": "text",
        "DeleteMediaCompleteEventSwitch": "text", "SignKey": "text", "SubAppId": "integer",
    },
    "PullEvents": {"ExtInfo": "text", "SubAppId": "integer"},
    "ConfirmEvents": {"EventHandles": "texts!", "ExtInfo": "text", "SubAppId": "integer"},
    "DescribeSubAppIds": {"Name": "text", "Offset": "integer", "Limit": "integer"},
    "DescribeStorageRegions": {"SubAppId": "integer"},
}  # fmt: skip


def check(action: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a call, with their types made sure of. Null counts as not given.

    Raises:
        Refusal: UnknownParameter, MissingParameter or InvalidParameter.
    """
    known = ACTIONS[action]
    for name in given:
        if name not in known:
            raise Refusal("UnknownParameter", f"The parameter `{name}` is not recognized.")
    present = {name: value for name, value in given.items() if value is not None}
    for name, kind in known.items():
        if kind.endswith("!") and name not in present:
            raise Refusal("MissingParameter", f"The request is missing a required parameter `{name}`.")
    for name, value in present.items():
        if not _fits(known[name].rstrip("!"), value):
            raise Refusal("InvalidParameter", f"The value type of parameter `{name}` is not valid.")
    return present


def _fits(kind: Kind, value: Any) -> bool:
    if kind == "integer":
        return type(value) is int and 0 <= abs(value) < 1 << 63
    if kind == "texts":
        return isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    return isinstance(value, str)


_INDEXED = re.compile(r"([A-Za-z]+)\.(\d{1,4})")


def unflatten(action: str, pairs: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a GET or V1 call (2.2): `FileIds.0=..` back into lists, digits back into numbers.

    Raises:
        Refusal: InvalidParameter for list indexes that are not 0, 1, 2..
    """
    known = ACTIONS[action]
    given: dict[str, Any] = {}
    lists: dict[str, dict[int, str]] = {}
    for name, value in pairs.items():
        indexed = _INDEXED.fullmatch(name)
        if indexed is not None:
            lists.setdefault(indexed[1], {})[int(indexed[2])] = value
        elif known.get(name, "").startswith("integer") and re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
            given[name] = int(value)
        else:
            given[name] = value
    for name, entries in lists.items():
        if sorted(entries) != list(range(len(entries))):
            raise Refusal("InvalidParameter", f"The indexes of parameter `{name}` are not 0, 1, 2..")
        given[name] = [entries[index] for index in range(len(entries))]
    return given
