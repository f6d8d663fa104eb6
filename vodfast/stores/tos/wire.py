"""Bodies of the upload gateway and of presigned TOS calls as they stand on the wire (sections 5.3, 5.4 and 6).

Shapes only. Some numbers come as text and text as numbers; the reader is lax about that.
"""

from __future__ import annotations

import msgspec


class GatewayError(msgspec.Struct, frozen=True, kw_only=True):
    code: int | None = None
    error: str | None = None
    error_code: int | None = None
    message: str | None = None


class PartMeta(msgspec.Struct, frozen=True, kw_only=True):
    content_type: str | None = msgspec.field(default=None, name="ObjectContentType")


class ListedPart(msgspec.Struct, frozen=True, kw_only=True):
    """`part_number` and `partNumber` are both in use. The size is not said by every gateway."""

    part_number: int | str | None = None
    part_number_too: int | str | None = msgspec.field(default=None, name="partNumber")
    crc32: str | None = None
    size: int | None = None


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What any operation answers; each uses its own fields."""

    upload_id: str | None = msgspec.field(default=None, name="uploadID")
    part_number: int | str | None = None
    crc32: str | None = None
    meta: PartMeta | None = None
    parts: list[ListedPart] | None = msgspec.field(default=None, name="partList")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """`success` 0 means success; its absence is a failure."""

    success: int | None = None
    error: GatewayError | None = None


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    payload: Payload | None = None


class CompletedPart(msgspec.Struct, frozen=True, kw_only=True, rename={"number": "PartNumber", "etag": "ETag"}):
    number: int
    etag: str


class CompletedParts(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    parts: list[CompletedPart]


class TosError(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    code: str | None = None
    message: str | None = None
    request_id: str | None = None
