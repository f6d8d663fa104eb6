"""Options that exist on NetEase VCloud VOD only.

Decides names and meaning (section 4.1 of the protocol notes); the bounds are checked in `checks.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from vodfast.providers import contract
from vodfast.stores.nos.checkpoint import Checkpoint


class UploadOptions(contract.ProviderOptions, frozen=True, kw_only=True):
    """Beside the common fields of an upload."""

    type_id: int | None = None
    """Category, 0 or more. The common field `category` is the same thing as text."""
    preset_id: int | None = None
    """Transcoding template; None takes the account's default one, which does not transcode."""
    upload_callback_url: str | None = None
    """Called when this upload is done; goes before the account's own callback."""
    callback_url: str | None = None
    """Called when transcoding is done."""
    watermark_id: int | None = None
    """Needs a `preset_id` other than the default one."""
    user_def_info: str | None = None
    """At most 256 characters, handed back in callbacks. The common field `context` is the same thing."""
    trans_offset: int | None = None
    """Where the transcoded cut begins, in seconds."""
    trans_duration: int | None = None
    """How long it is, in seconds."""
    checkpoint: Checkpoint | None = None
    """Where the upload stands, for callers who keep their own record: filled in as it goes, and gone on with if it is
    filled in already. Needs a file or other source that can be read again."""
    content_type: str | None = None
    """Media type the object is stored with, such as `video/mp4`; None leaves it to the store."""
    extra: Mapping[str, object] = {}
    """Further fields of `upload/init`, by the service's own names, sent as they are. A field that has a place of its
    own here may be given either way, not both; the file's name is always `name`."""
