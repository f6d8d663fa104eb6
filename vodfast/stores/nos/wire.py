"""Bodies of NOS direct upload as they stand on the wire (sections 5.1, 5.3 and 5.6 of the protocol notes).

Nothing is judged here: `dialect` and `faults` decide what an answer means.
"""

from __future__ import annotations

import msgspec


class NodeList(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of a node lookup: best node first, with or without a scheme."""

    upload: list[str]
    lbs: str | None = None


class ChunkReply(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to one chunk. `offset` is how many bytes the server now has; `callbackRetMsg` is base64 or empty.

    Both spellings of the request id are read: the documentation and the iOS client differ.
    """

    offset: int
    context: str = ""
    callback_ret_msg: str | None = msgspec.field(default=None, name="callbackRetMsg")
    request_id: str | None = msgspec.field(default=None, name="requestId")
    request_id_ios: str | None = msgspec.field(default=None, name="requestID")


class OffsetReply(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to an offset query."""

    offset: int
    request_id: str | None = msgspec.field(default=None, name="requestId")


class ErrorReply(msgspec.Struct, frozen=True, kw_only=True):
    """Any refusal: chunk and offset answers say `errMsg`, the node lookup says `Code` and `Message`."""

    err_msg: str | None = msgspec.field(default=None, name="errMsg")
    err_code: str | int | None = msgspec.field(default=None, name="errCode")
    code: str | int | None = msgspec.field(default=None, name="Code")
    message: str | None = msgspec.field(default=None, name="Message")
    request_id: str | None = msgspec.field(default=None, name="requestId")
    request_id_ios: str | None = msgspec.field(default=None, name="requestID")
