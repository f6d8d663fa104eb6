"""What NetEase VCloud VOD would refuse or silently mangle, refused before anything is sent.

Decides the bounds of every field of an upload (section 4.1 of the protocol notes), and the values that follow from
two ways of saying the same thing. Leaves generic rules to `providers/fields.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from vodfast.errors import Unsupported
from vodfast.providers.contract import MediaSpec, ProviderLimits
from vodfast.providers.fields import (
    MAX_INT,
    check_http_url,
    check_int,
    check_kind,
    check_size,
    check_text,
    options_of,
    refuse,
)
from vodfast.providers.netease import wire
from vodfast.providers.netease.faults import CLOUD
from vodfast.providers.netease.options import UploadOptions
from vodfast.stores.nos.checkpoint import Checkpoint

MAX_INFO: Final = 256
MAX_CALLBACK_URL: Final = 200
"""Characters, for callback/setUrl (section 4.3)."""

_FORBIDDEN = re.compile(r'[\\/:*?"<>|]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_EXTENSION = re.compile(r".+\.[A-Za-z0-9]{1,16}")
_DECIMAL = re.compile(r"[0-9]{1,18}")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9.+-]{1,60}/[A-Za-z0-9.+-]{1,60}(?:; ?[A-Za-z0-9-]{1,30}=[A-Za-z0-9.+-]{1,60})?")


def upload_options(media: MediaSpec) -> UploadOptions:
    """The options of an upload, defaults if none were given."""
    return options_of(CLOUD, media.options, UploadOptions)


def init_body(media: MediaSpec) -> dict[str, Any]:
    """The body of upload/init for a checked upload: known fields, then the caller's own."""
    return _known_fields(media, upload_options(media)) | dict(upload_options(media).extra)


def _known_fields(media: MediaSpec, options: UploadOptions) -> dict[str, Any]:
    known = wire.InitRequest(
        origin_file_name=media.name,
        user_file_name=media.title,
        type_id=options.type_id if media.category is None else int(media.category),
        preset_id=options.preset_id,
        upload_callback_url=options.upload_callback_url,
        callback_url=options.callback_url,
        description=media.description,
        watermark_id=options.watermark_id,
        user_def_info=options.user_def_info if media.context is None else media.context,
        trans_offset=options.trans_offset,
        trans_duration=options.trans_duration,
    )
    body: dict[str, Any] = msgspec.to_builtins(known)
    return body


def check_media(media: MediaSpec, limits: ProviderLimits) -> None:
    """The whole of `Provider.check` for an upload. An empty file is allowed: the store takes it."""
    options = upload_options(media)
    _check_name(media.name)
    if media.kind not in limits.kinds:
        raise Unsupported(f"netease uploads no kind {media.kind!r}, only {' and '.join(limits.kinds)}", cloud=CLOUD)
    check_kind(CLOUD, media.kind, media.name)
    if media.name.lower().endswith((".m3u8", ".mpd")):
        raise Unsupported(
            "netease takes no package of a manifest and its segments; upload a single file, and give a preset_id that "
            "makes such a package of it",
            cloud=CLOUD,
        )
    for field, given, instead in (
        ("tags", media.tags, "put them into description or context"),
        ("storage_class", media.storage_class, "change it in the console"),
        ("cover", media.cover_name, "have a snapshot made of the finished media"),
    ):
        if given:
            raise Unsupported(f"netease has no place for {field} in an upload; {instead}", cloud=CLOUD)
    check_size(CLOUD, "size", media.size, limits.max_bytes, empty=True)
    check_text(CLOUD, "title", media.title)
    _check_description(media.description)
    _check_options(options)
    _check_checkpoint(options.checkpoint, media.size)
    _check_twice_given(media, options)
    _check_extra(_known_fields(media, options), options.extra)


def _check_name(name: str) -> None:
    """File names as Windows takes them (section 4.1), with the extension the object will have."""
    check_text(CLOUD, "name", name, limit=255)
    if not name:
        refuse(CLOUD, "name", "is missing; give a stream the name of a file, with its extension")
    if _FORBIDDEN.search(name) or name != name.strip() or name.endswith("."):
        refuse(CLOUD, "name", 'holds one of \\ / : * ? " < > | or ends in a blank or dot; rename it')
    if _RESERVED.fullmatch(name):
        refuse(CLOUD, "name", "is the name of a device on Windows, which the service refuses; rename it")
    if not _EXTENSION.fullmatch(name):
        refuse(CLOUD, "name", "has no extension; the service names the media by it")


def _check_description(text: object) -> None:
    """Free text, which may have lines."""
    if isinstance(text, str):
        text = re.sub(r"\r?\n", " ", text)
    check_text(CLOUD, "description", text, lines=True)


def _check_options(options: UploadOptions) -> None:
    for field in ("type_id", "preset_id", "watermark_id", "trans_offset", "trans_duration"):
        check_int(CLOUD, field, getattr(options, field), 0, MAX_INT)
    for field in ("upload_callback_url", "callback_url"):
        check_http_url(CLOUD, field, getattr(options, field))
    if options.watermark_id is not None and options.preset_id is None:
        refuse(CLOUD, "watermark_id", "needs a preset_id: the default template does not transcode")
    check_text(CLOUD, "content_type", options.content_type)
    if options.content_type is not None and not _MEDIA_TYPE.fullmatch(options.content_type):
        refuse(CLOUD, "content_type", "must be a media type such as video/mp4")


def _check_checkpoint(checkpoint: Checkpoint | None, size: int | None) -> None:
    """An upload can be gone on with only from the very same bytes, of which their number is what can be told."""
    if checkpoint is None:
        return
    if not isinstance(checkpoint, Checkpoint):
        refuse(CLOUD, "checkpoint", "must be a vodfast.providers.netease.Checkpoint")
    if checkpoint.open and size is None:
        refuse(CLOUD, "checkpoint", "needs a source whose size is known, such as a file")
    if checkpoint.open and checkpoint.size not in (None, size):
        refuse(CLOUD, "checkpoint", f"is of an upload of {checkpoint.size} bytes, but the source has {size}")


def _check_extra(known: dict[str, Any], extra: Any) -> None:
    """Fields by the service's own names: JSON, and none that is given in another way as well."""
    if not hasattr(extra, "items") or not all(isinstance(name, str) for name in extra):
        refuse(CLOUD, "extra", "must map names of fields to values")
    taken = sorted(name for name in extra if name in known)
    if taken:
        refuse(CLOUD, "extra", f"holds {', '.join(taken)}, which is given in another way already")
    try:
        msgspec.json.encode(dict(extra))
    except (TypeError, ValueError, OverflowError, RecursionError):
        refuse(CLOUD, "extra", "holds something that is no JSON")


def _check_twice_given(media: MediaSpec, options: UploadOptions) -> None:
    """Fields that can be given in the common words and in the cloud's own."""
    for field, text in (("context", media.context), ("user_def_info", options.user_def_info)):
        check_text(CLOUD, field, text, limit=MAX_INFO, lines=True)
    if None not in (media.context, options.user_def_info) and media.context != options.user_def_info:
        refuse(CLOUD, "context", "and user_def_info differ; give one of them")
    check_text(CLOUD, "category", media.category)
    if media.category is not None and not _DECIMAL.fullmatch(media.category):
        refuse(CLOUD, "category", "must be the number of a category (its typeId) in decimal digits")
    if media.category is not None and options.type_id not in (None, int(media.category)):
        refuse(CLOUD, "category", "and type_id name different categories; give one of them")


def check_object_names(names: object, most: int) -> tuple[str, ...]:
    """A sequence of 1 to `most` object names, as a tuple."""
    if isinstance(names, str) or not isinstance(names, Sequence) or not 1 <= len(names) <= most:
        refuse(CLOUD, "media_ids", f"must be a list of 1 to {most} object names for one call")
    for name in names:
        check_text(CLOUD, "media_ids", name, limit=1024)
        if not name or name != name.strip():
            refuse(CLOUD, "media_ids", "holds an empty name or one with blanks around it")
        if _DECIMAL.fullmatch(name):
            refuse(
                CLOUD,
                "media_ids",
                "holds a number: netease looks media up by object name, the last part of the upload's url",
            )
    return tuple(names)
