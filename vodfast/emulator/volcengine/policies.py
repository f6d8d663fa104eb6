"""What an STS2 token allows (protocol notes 9.2).

Decides by its Allow and Deny statements, by resources of spaces, and by the two pseudo-actions that limit uploads.
"""

from __future__ import annotations

import fnmatch
import json
import mimetypes
from collections.abc import Mapping
from typing import Any

from vodfast.emulator.service import Refusal


def check(policy: str, action: str, given: Mapping[str, str]) -> None:
    """Whether a token with this policy may make this call; an empty policy allows everything. The pseudo-actions count
    where they stand by name: a statement for every action limits nothing.

    Raises:
        Refusal: LackPolicy or InvalidSecretToken.
    """
    if not policy:
        return
    statements = _statements(policy)
    resource = f"trn:vod:*:*:space/{given.get('SpaceName', '')}"
    wanted = f"vod:{action}"
    allowed = False
    for statement in statements:
        if not _names(statement, wanted) or not _covers(statement, resource):
            continue
        if statement.get("Effect") == "Deny":
            raise Refusal("LackPolicy", f"The token denies {action}.")
        allowed = True
    if not allowed:
        raise Refusal("LackPolicy", f"The token does not allow {action} here.")
    if action == "ApplyUploadInfo":
        for statement in statements:
            if "FileNamePtn" in statement["Action"]:
                _check_name(statement["Resource"], given.get("FileName", ""))
            if "UploadPolicy" in statement["Action"]:
                _check_limits(statement["Resource"], given)


def _statements(policy: str) -> list[dict[str, Any]]:
    try:
        statements = json.loads(policy)["Statement"]
        if not all(isinstance(one["Action"], list) and isinstance(one["Resource"], list) for one in statements):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refusal("InvalidSecretToken", "The token's policy is not understood.") from None
    return list(statements)


def _names(statement: dict[str, Any], action: str) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), str(one).lower()) for one in statement["Action"])


def _covers(statement: dict[str, Any], resource: str) -> bool:
    listed = statement["Resource"]
    return not listed or any(one == resource or fnmatch.fnmatchcase(resource, str(one)) for one in listed)


def _check_name(patterns: list[Any], name: str) -> None:
    if not any(fnmatch.fnmatchcase(name, str(pattern)) for pattern in patterns):
        raise Refusal("LackPolicy", "The token does not allow this FileName.")


def _check_limits(resources: list[Any], given: Mapping[str, str]) -> None:
    size = float(given.get("FileSize") or 0)
    for resource in resources:
        try:
            limits = json.loads(resource)
            high, low = limits.get("FileSizeUpLimit"), limits.get("FileSizeBottomLimit")
            inside = (high is None or size <= float(high)) and (low is None or size >= float(low))
            inside = inside and _takes(limits, _content_type(given))
        except (ValueError, TypeError, AttributeError):
            raise Refusal("InvalidSecretToken", "The token's upload limits are not understood.") from None
        if not inside:
            raise Refusal("LackPolicy", "The token does not allow a file of this size or type.")


def _takes(limits: dict[str, Any], content_type: str) -> bool:
    allowed, denied = limits.get("ContentTypeWhiteList"), limits.get("ContentTypeBlackList") or ()
    return content_type not in denied and (not allowed or content_type in allowed)


def _content_type(given: Mapping[str, str]) -> str:
    """That of the suffix: the service is told nothing else when it is asked for an address."""
    suffix = given.get("FileExtension") or given.get("FileName", "")
    return mimetypes.guess_type(f"x{suffix[suffix.rfind('.') :]}")[0] or "application/octet-stream"
