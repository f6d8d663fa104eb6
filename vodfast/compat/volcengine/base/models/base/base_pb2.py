"""Stand-in for what every answer of the service says of itself.

Decides names and types of the fields, in the order of the vendor's definition.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vodfast.compat.volcengine import other_calls
from vodfast.compat.volcengine.messages import TEXT, Message


class ResponseError(
    Message,
    Code=TEXT,
    Message=TEXT,
):
    """Empty on success."""

    __slots__ = ()


class ResponseMetadata(
    Message,
    RequestId=TEXT,
    Action=TEXT,
    Version=TEXT,
    Service=TEXT,
    Region=TEXT,
    Error=ResponseError,
):
    """What an answer says of itself."""

    __slots__ = ()


if not TYPE_CHECKING:  # a checker would believe every name to be here
    __getattr__ = partial(other_calls.message, __name__)
