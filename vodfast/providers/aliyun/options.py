"""Options that exist on ApsaraVideo VOD only.

Decides names and meaning (sections 4.1 to 4.9 of the protocol notes); the bounds are checked in `checks.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from vodfast.credentials import Secret
from vodfast.errors import InvalidInput
from vodfast.providers import contract


class UserData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the service keeps with a media item (section 4.9)."""

    callback_url: str | None = None
    """Where the events of this item go, instead of the account's callback."""
    extend: Mapping[str, object] | None = None
    """Any JSON object of at most 512 bytes, handed back unchanged in events. The common field `context` is the same
    place: it travels as `{"context": text}`."""
    accelerate_domain: str | None = None
    """URL of an acceleration endpoint such as `https://oss-accelerate.aliyuncs.com`; the account must have it."""


class UploadToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An upload that is open already: what `issue_token` gave, or the service itself answered to a CreateUpload
    operation. `content` is that JSON text; `media_id` tells one token from another where it may be seen.
    """

    media_id: str
    content: Secret

    @classmethod
    def of(cls, text: str) -> UploadToken:
        """
        Raises:
            InvalidInput: not the JSON object of such an answer. The message quotes nothing of it.
        """
        try:
            fields = msgspec.json.decode(text, type=dict[str, object])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            fields = {}
        for name in ("VideoId", "ImageId", "MediaId"):
            media_id = fields.get(name)
            if isinstance(media_id, str) and media_id:
                return cls(media_id, Secret(text))
        raise InvalidInput("the token is not the JSON object that issue_token gives", cloud="aliyun")


class UploadOptions(contract.ProviderOptions, frozen=True, kw_only=True):
    """Beside the common fields of an upload."""

    file_type: str | None = None
    """File type such as `mp4`; None takes it from the file name's last extension."""
    cover_url: str | None = None
    """URL of a cover; media only."""
    template_group_id: str | None = None
    """Media only; `VOD_NO_TRANSCODE` transcodes nothing."""
    workflow_id: str | None = None
    """Media only; wins over `template_group_id`."""
    reference_id: str | None = None
    """Media only: 6 to 64 letters, digits, `-` and `_`, unique in the account."""
    image_type: str = "default"
    """`default` or `cover`; images only."""
    category_ids: tuple[int, ...] = ()
    """At most 5; subtitles, watermarks and material only. The others have one, the common field `category`."""
    app_id: str | None = None
    """Application; None is the service's default one."""
    user_data: UserData | None = None
    token: UploadToken | None = None
    """Goes on with an upload that is open already, instead of opening one. What was said when it was opened stands, so
    title, description, tags and the other fields of the media are left out."""
    watermark: bool | None = None
    """Media only: False leaves out the watermarks of the template, None does as the template says."""
    part_concurrency: int | None = None
    """Parts of one object in flight, 1 to 128; None leaves it to the engine."""


class PullOptions(contract.PullOptions, frozen=True, kw_only=True):
    """Beside the common fields of a pull. Items of one call share them."""

    description: str | None = None
    tags: tuple[str, ...] = ()
    file_size: int | None = None
    template_group_id: str | None = None
    workflow_id: str | None = None
    app_id: str | None = None
    user_data: UserData | None = None
    session_id: str | None = None
    """At most 50 letters, digits, `-` and `_`. The service refuses a second call with the same mark for 10 minutes,
    which makes the call safe to repeat."""


class RegisterOptions(contract.RegisterOptions, frozen=True, kw_only=True):
    """Beside the common fields of `register`. Items of one call share them."""

    template_group_id: str | None = None
    """None transcodes nothing."""
    workflow_id: str | None = None
    user_data: UserData | None = None
