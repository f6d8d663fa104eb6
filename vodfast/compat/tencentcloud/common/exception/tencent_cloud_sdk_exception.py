"""The exception of Tencent's API SDK, for scripts that catch it where that SDK is not installed."""

from __future__ import annotations


class TencentCloudSDKException(Exception):
    """A refusal of the API, or a failure to reach it. `requestId` is None if the service never answered."""

    def __init__(self, code: str | None = None, message: str | None = None, requestId: str | None = None) -> None:
        self.code = code  # `args` stay what the class was called with
        self.message = message
        self.requestId = requestId

    def __str__(self) -> str:
        return f"[TencentCloudSDKException] code:{self.code} message:{self.message} requestId:{self.requestId}"

    def get_code(self) -> str | None:
        return self.code

    def get_message(self) -> str | None:
        return self.message

    def get_request_id(self) -> str | None:
        return self.requestId
