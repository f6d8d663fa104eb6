"""Messages and their exceptions, by protobuf's names, where protobuf is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vodfast.compat.volcengine.messages import Message

__all__ = ["DecodeError", "EncodeError", "Error", "Message"]


class Error(Exception):
    """Any of the two below."""


class DecodeError(Error):
    """Bytes that are no message of that kind."""


class EncodeError(Error):
    """A message that has no bytes."""


def __getattr__(name: str) -> Any:
    if name == "Message":  # which needs the exceptions above
        from vodfast.compat.volcengine.messages import Message

        return Message
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
