"""What Tencent Cloud VOD would refuse or silently mangle, refused before anything is sent.

Decides the bounds of every field of uploads and pulls (sections 2.6 and 2.9 of the protocol notes), and the values
that follow from two ways of saying the same thing. Leaves generic rules to `providers/fields.py`.
"""

from __future__ import annotations

import re
from typing import Final

from vodfast.errors import Unsupported
from vodfast.providers.contract import MediaSpec, ProviderLimits, PullItem
from vodfast.providers.fields import (
    MAX_INT,
    check_choice,
    check_http_url,
    check_int,
    check_size,
    check_text,
    check_time,
    options_of,
    refuse,
)
from vodfast.providers.kinds import extension
from vodfast.providers.tencent.media_types import COVER, MEDIA, PACKAGES, PULLABLE
from vodfast.providers.tencent.options import PullOptions, UploadOptions

CLOUD: Final = "tencent"
MAX_PART_CONCURRENCY: Final = 128

_REGION = re.compile(r"[a-z0-9-]{1,64}")
_DECIMAL = re.compile(r"[0-9]{1,18}")


def upload_options(media: MediaSpec) -> UploadOptions:
    """The options of an upload, defaults if none were given."""
    return options_of(CLOUD, media.options, UploadOptions)


def pull_options(item: PullItem) -> PullOptions:
    """The options of a pull, defaults if none were given."""
    return options_of(CLOUD, item.options, PullOptions)


def media_type_of(media: MediaSpec) -> str:
    return (upload_options(media).media_type or extension(media.name)).lower()


def cover_type_of(media: MediaSpec) -> str | None:
    if media.cover_name is None:
        return None
    return (upload_options(media).cover_type or extension(media.cover_name)).lower()


def class_id_of(category: str | None, class_id: int | None) -> int | None:
    """The category as the service's number, from either way of giving it."""
    return class_id if category is None else int(category)


def check_media(media: MediaSpec, limits: ProviderLimits) -> None:
    """The whole of `Provider.check` for an upload."""
    options = upload_options(media)
    _check_common(media, limits)
    _check_shared(options, media.category, media.context, media.title)
    for field, value in (("media_type", options.media_type), ("cover_type", options.cover_type)):
        check_text(CLOUD, field, value)
    check_int(CLOUD, "part_concurrency", options.part_concurrency, 1, MAX_PART_CONCURRENCY)
    if media.cover_name is None and (options.cover_type is not None or media.cover_size is not None):
        refuse(CLOUD, "cover_type" if options.cover_type is not None else "cover_size", "is given without a cover")
    if extension(media.name) in PACKAGES:
        _check_package(media, limits)
    else:
        _check_type("media_type", media_type_of(media), MEDIA, "name")
    cover_type = cover_type_of(media)
    if cover_type is not None:
        _check_type("cover_type", cover_type, COVER, "cover_name")


def _check_common(media: MediaSpec, limits: ProviderLimits) -> None:
    for field, value in (("name", media.name), ("cover_name", media.cover_name)):
        check_text(CLOUD, field, value)
    if not media.name:
        refuse(CLOUD, "name", "is missing; give a stream the name of a file, with its extension")
    if media.kind not in limits.kinds:
        raise Unsupported(
            f"tencent uploads no kind {media.kind!r}, only media; give an image as the cover of a media item",
            cloud=CLOUD,
        )
    for field, given, instead in (
        ("description", media.description, "put the text into title or context"),
        ("tags", media.tags, "put them into context, which comes back in the upload event"),
        ("storage_class", media.storage_class, "change the class of the finished media in the console"),
    ):
        if given:
            raise Unsupported(f"tencent has no place for {field} in an upload; {instead}", cloud=CLOUD)
    for field, size in (("size", media.size), ("cover_size", media.cover_size)):
        check_size(CLOUD, field, size, limits.max_bytes)


def _check_shared(
    options: UploadOptions | PullOptions, category: str | None, context: str | None, title: str | None
) -> None:
    """The fields uploads and pulls have in common."""
    check_text(CLOUD, "title", title)
    check_text(CLOUD, "context", context, limit=250, lines=True)
    check_text(CLOUD, "source_context", options.source_context, limit=250, lines=True)
    check_text(CLOUD, "session_context", options.session_context, limit=1000, lines=True)
    check_text(CLOUD, "procedure", options.procedure)
    check_text(CLOUD, "ext_info", options.ext_info, lines=True)
    check_time(CLOUD, "expire_time", options.expire_time)
    check_storage_region(options.storage_region)
    _check_storage_path(options.media_storage_path)
    check_int(CLOUD, "class_id", options.class_id, 0, MAX_INT)
    check_text(CLOUD, "category", category)
    if category is not None and not _DECIMAL.fullmatch(category):
        refuse(CLOUD, "category", "must be the number of a category (its ClassId) in decimal digits")
    if category is not None and options.class_id is not None and int(category) != options.class_id:
        refuse(CLOUD, "category", "and class_id name different categories; give one of them")
    if context is not None and options.source_context is not None and context != options.source_context:
        refuse(CLOUD, "context", "and source_context differ; give one of them")


def _check_package(media: MediaSpec, limits: ProviderLimits) -> None:
    """A manifest and its members (section 2.7)."""
    if media_type_of(media) != extension(media.name):
        refuse(CLOUD, "media_type", f"must be {extension(media.name)}, like the name of the manifest")
    for member in media.members:
        if member.size > limits.max_bytes:
            refuse(CLOUD, "members", f"hold {member.path}, of {member.size} bytes, more than can be stored")


def _check_type(field: str, value: str, allowed: frozenset[str], name_field: str) -> None:
    if value in PACKAGES:
        refuse(
            CLOUD, field, f"is {value}, which goes with a manifest: give the path of one whose name ends in .{value}"
        )
    if not value:
        refuse(CLOUD, field, f"is unknown: {name_field} has no extension, so give {field}")
    if value not in allowed:
        refuse(CLOUD, field, f"{value[:20]!r} is not accepted here; one of {', '.join(sorted(allowed))}")


def check_storage_region(value: object) -> None:
    if value is not None and (not isinstance(value, str) or not _REGION.fullmatch(value)):
        refuse(CLOUD, "storage_region", "must be the name of a region such as ap-chongqing")


def _check_storage_path(value: object) -> None:
    if value is None:
        return
    check_text(CLOUD, "media_storage_path", value)
    if not str(value).startswith("/") or ".." in str(value).split("/") or str(value).endswith("/") or value == "/.":
        refuse(CLOUD, "media_storage_path", 'must begin with "/", name a file and hold no ".."')


def check_pull(item: PullItem) -> None:
    """The whole of `Provider.check_pull`. A pull takes HLS, which an upload does not, but no DASH."""
    options = pull_options(item)
    if item.url is None or item.url == "":
        refuse(CLOUD, "url", "is missing")
    check_http_url(CLOUD, "url", item.url)
    check_http_url(CLOUD, "cover_url", item.cover_url)
    check_text(CLOUD, "media_type", item.media_type)
    _check_shared(options, item.category, item.context, item.title)
    check_int(CLOUD, "tasks_priority", options.tasks_priority, -10, 10)
    check_text(CLOUD, "session_id", options.session_id, limit=50)
    given = item.media_type if item.media_type is not None else extension(item.url.partition("?")[0].partition("#")[0])
    if given.lower() == "mpd":
        raise Unsupported("tencent pulls no DASH manifests; pull an HLS playlist or a single file", cloud=CLOUD)
    if item.media_type is not None:
        check_choice(CLOUD, "media_type", given.lower(), PULLABLE, ", ".join(sorted(PULLABLE)))
