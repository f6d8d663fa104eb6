"""What a client of `qcloud_vod` refuses by itself."""

from __future__ import annotations


class VodClientException(Exception):
    """A request that cannot be sent. `message` is one of the fixed texts, or what is wrong with the input."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message
