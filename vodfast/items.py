"""What goes in and what comes out of an upload: one item, one result.

Decides the fields callers see. `UploadResult` is also the stable schema of `--output jsonl` and of reports.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import IO, TypeAlias

import msgspec

from vodfast.errors import ErrorInfo
from vodfast.providers.contract import ProviderOptions

SourceLike: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Iterable[bytes] | AsyncIterable[bytes]"
)
"""A path, bytes-like data, a binary file object, or a sync or async iterator of buffers (whose size may be unknown)."""


class UploadItem(msgspec.Struct, frozen=True, kw_only=True):
    """One media item to upload. Fields as in `AsyncClient.upload`; `name` is needed for sources that have none."""

    source: SourceLike
    name: str | None = None
    kind: str = "media"
    title: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    category: str | None = None
    context: str | None = None
    storage_class: str | None = None
    cover: SourceLike | None = None
    cover_name: str | None = None
    options: ProviderOptions | None = None
    force_new: bool = False


class UploadResult(msgspec.Struct, frozen=True, kw_only=True, tag="result", tag_field="type"):
    """The final state of one item: `done`, `failed`, `ambiguous` or `cancelled`.

    `bytes` counts media, cover and the members of a package; `seconds` is wall time from first check to last answer.
    `verified` names the checksum the store confirmed for every object (`crc64`), or is None if it confirmed none.
    `resumed` means that an earlier run's upload was continued, `reused` that it had been finished: the media are those,
    and nothing was sent.
    Done means that the cloud has taken the item over, not that it has finished with it: `query_id` is what `media` and
    `wait_media` take to ask (None where the cloud cannot be asked), and `processing` what came of waiting, one of the
    states of `MediaInfo` (None if nobody waited).
    """

    source: str
    cloud: str
    state: str
    media_id: str | None = None
    url: str | None = None
    cover_url: str | None = None
    query_id: str | None = None
    processing: str | None = None
    bytes: int = 0
    seconds: float = 0.0
    verified: str | None = None
    resumed: bool = False
    reused: bool = False
    request_id: str | None = None
    error: ErrorInfo | None = None
    raw: Mapping[str, object] = {}
    """The cloud's whole answer for that item, where it says more than the fields above."""
