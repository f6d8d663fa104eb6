"""Options that exist on Tencent Cloud VOD only.

Decides names and meaning (sections 2.6 and 2.9 of the protocol notes); the bounds are checked in `checks.py`.
"""

from __future__ import annotations

from vodfast.providers import contract


class UploadOptions(contract.ProviderOptions, frozen=True, kw_only=True):
    """Beside the common fields of an upload."""

    media_type: str | None = None
    """File type such as `mp4`; None takes it from the file name's last extension."""
    cover_type: str | None = None
    """The same for the cover."""
    procedure: str | None = None
    """Name of a task flow to run after the commit."""
    expire_time: str | None = None
    """ISO 8601 time at which the media is deleted, such as `2030-01-01T00:00:00Z`; `9999-12-31T23:59:59Z` is never."""
    storage_region: str | None = None
    """Storage region, which must be activated in the account; None lets the service choose the nearest."""
    class_id: int | None = None
    """Category, 0 or more. The common field `category` is the same thing as text."""
    source_context: str | None = None
    """At most 250 characters, handed back in the upload event. The common field `context` is the same thing."""
    session_context: str | None = None
    """At most 1000 characters, handed back in the task flow's event."""
    ext_info: str | None = None
    media_storage_path: str | None = None
    """Path that begins with `/`; only for sub-applications in the mode "FileID + Path"."""
    part_concurrency: int | None = None
    """Parts of one object in flight, 1 to 128; None leaves it to the engine."""


class PullOptions(contract.PullOptions, frozen=True, kw_only=True):
    """Beside the common fields of a pull; names as in `UploadOptions`."""

    procedure: str | None = None
    expire_time: str | None = None
    storage_region: str | None = None
    class_id: int | None = None
    tasks_priority: int | None = None
    """-10 (last) to 10 (first)."""
    source_context: str | None = None
    session_context: str | None = None
    session_id: str | None = None
    """At most 50 characters. The service refuses a second pull with the same id for some days, which makes the call
    safe to repeat."""
    ext_info: str | None = None
    media_storage_path: str | None = None
