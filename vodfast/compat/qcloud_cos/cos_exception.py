"""The exceptions of Tencent's object store SDK, for scripts that catch them where that SDK is not installed."""

from __future__ import annotations

from collections.abc import Mapping

_UNKNOWN = "Unknown"


class CosException(Exception):
    """Either of the two below."""

    def __init__(self, message: object) -> None:
        self._message = message  # `args` stay what the class was called with, so that it can be pickled

    def __str__(self) -> str:
        return str(self._message)


class CosClientError(CosException):
    """The store was not reached, or what it holds is not what was sent."""


class CosServiceError(CosException):
    """The store refused. `message` holds `code`, `message`, `resource`, `requestid` and `traceid`."""

    def __init__(self, method: str, message: Mapping[str, str], status_code: int) -> None:  # noqa: ARG002  # the vendor's signature
        super().__init__(message)
        self._origin_msg = ""
        self._digest_msg = message
        self._status_code = status_code

    def get_origin_msg(self) -> str:
        return self._origin_msg

    def get_digest_msg(self) -> Mapping[str, str]:
        return self._digest_msg

    def get_status_code(self) -> int:
        return self._status_code

    def get_error_code(self) -> str:
        return self._digest_msg.get("code", _UNKNOWN)

    def get_error_msg(self) -> str:
        return self._digest_msg.get("message", _UNKNOWN)

    def get_resource_location(self) -> str:
        return self._digest_msg.get("resource", _UNKNOWN)

    def get_trace_id(self) -> str:
        return self._digest_msg.get("traceid", _UNKNOWN)

    def get_request_id(self) -> str:
        return self._digest_msg.get("requestid", _UNKNOWN)
