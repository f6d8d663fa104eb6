"""Texts that go with the codes of errors which do not come from the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_TEXTS: Final[Mapping[str, str]] = {
    "SDK_INVALID_REGION_ID": "No endpoint is known for that region.",
    "SDK_SERVER_UNREACHABLE": "The server cannot be reached.",
    "SDK_INVALID_REQUEST": "This is no AcsRequest: give an object of a request class.",
    "SDK_MISSING_ENDPOINTS_FILER": "The list of endpoints is missing.",
    "SDK_UNKNOWN_SERVER_ERROR": "The server's answer names no error.",
    "SDK_INVALID_CREDENTIAL": "Need a ak&secret pair, a credential, or ALIYUN_ACCESS_KEY_ID and "
    "ALIYUN_ACCESS_KEY_SECRET in the environment.",
    "SDK_INVALID_SESSION_EXPIRATION": "A session may last from {0} to {1} seconds.",
}


def get_msg(code: str) -> str | None:
    """The text for the name of a constant in `error_code`."""
    return _TEXTS.get(code)
