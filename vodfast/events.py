"""What happens during an upload, as typed records.

Decides the records and that a sink is a plain callable. Leaves to the CLI and to callers how they are shown.
Byte counts are acknowledged bytes: a part counts when the store has answered for it, so progress never exceeds the
total, and goes back only where an upload begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from vodfast.errors import ErrorInfo


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Common to all events: `item` is the name of the file or stream as the caller gave it."""

    item: str


class UploadStarted(Event, frozen=True, kw_only=True, tag="started"):
    """The session is open. `size` is the bytes of all objects of the item, None while a stream's end is unknown."""

    size: int | None


class Progress(Event, frozen=True, kw_only=True, tag="progress"):
    """`done` of `total` bytes are acknowledged, over all objects of the item. Fewer than before where an upload begins
    anew, at another address or in another session."""

    done: int
    total: int | None


class Retried(Event, frozen=True, kw_only=True, tag="retried"):
    """One request failed and will be made again after `delay` seconds."""

    operation: str
    attempt: int
    delay: float
    error: ErrorInfo


class UploadEnded(Event, frozen=True, kw_only=True, tag="ended"):
    """The item reached its final state: `done`, `failed`, `ambiguous` or `cancelled`."""

    state: str
    media_id: str | None
    error: ErrorInfo | None


AnyEvent: TypeAlias = UploadStarted | Progress | Retried | UploadEnded
EventSink: TypeAlias = Callable[[AnyEvent], None]
"""Called on the event loop's thread, in order; it must not block. What it raises ends the upload as
a cancellation does, reaches whoever waits for the upload, and is the last the sink hears of it.
"""
