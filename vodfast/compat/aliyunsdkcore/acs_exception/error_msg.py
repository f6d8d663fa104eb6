"""Texts that go with the codes of errors which do not come from the service.

They are the vendor's, because scripts compare them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_TEXTS: Final[Mapping[str, str]] = {
    "SDK_INVALID_REGION_ID": "Can not find endpoint to access.",
    "SDK_SERVER_UNREACHABLE": "Unable to connect server",
    "SDK_INVALID_REQUEST": "The request is not a valid AcsRequest.",
    "SDK_MISSING_ENDPOINTS_FILER": "Internal endpoints info is missing.",
    "SDK_UNKNOWN_SERVER_ERROR": "Can not parse error message from server response.",
    "SDK_INVALID_CREDENTIAL": "Need a ak&secret pair or public_key_id&private_key pair to auth.",
    "SDK_INVALID_SESSION_EXPIRATION": "Session expiration must between {0} and {1} seconds",
}


def get_msg(code: str) -> str | None:
    """The text for the name of a constant in `error_code`."""
    return _TEXTS.get(code)
