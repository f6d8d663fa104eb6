"""What ApsaraVideo VOD would refuse or silently mangle, refused before anything is sent.

Decides the bounds of every field of uploads, pulls and registrations (sections 4.1 to 4.9 of the protocol notes).
Leaves generic rules to `providers/fields.py` and the form values travel in to `texts.py`. Where the documents disagree
between characters and bytes, bytes are meant, as the error text of the service says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from vodfast.errors import Unsupported
from vodfast.providers.aliyun import media_types, texts
from vodfast.providers.aliyun.options import PullOptions, RegisterOptions, UploadOptions, UploadToken, UserData
from vodfast.providers.contract import MediaSpec, ProviderLimits, PullItem, RegisterItem
from vodfast.providers.fields import (
    MAX_INT,
    check_choice,
    check_http_url,
    check_int,
    check_size,
    check_text,
    fits,
    options_of,
    refuse,
)
from vodfast.providers.kinds import extension

CLOUD: Final = "aliyun"
MAX_PART_CONCURRENCY: Final = 128
MAX_TITLE: Final = 128
"""Bytes of UTF-8."""
MAX_DESCRIPTION: Final = 1024
MAX_EXTEND: Final = 512
MAX_TAGS: Final = 16
MAX_TAG: Final = 32
MAX_CATEGORIES: Final = 5
MAX_FILE_URL: Final = 1024

_DECIMAL = re.compile(r"[0-9]{1,18}")
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{6,64}")
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,50}")
_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")

MAX_MEMBER_PATH: Final = 900
"""Bytes of UTF-8: an object key has 1023, of which the service takes some for the directory."""


def upload_options(media: MediaSpec) -> UploadOptions:
    """The options of an upload, defaults if none were given."""
    return options_of(CLOUD, media.options, UploadOptions)


def pull_options(item: PullItem) -> PullOptions:
    """The options of a pull, defaults if none were given."""
    return options_of(CLOUD, item.options, PullOptions)


def register_options(item: RegisterItem) -> RegisterOptions:
    """The options of a registration, defaults if none were given."""
    return options_of(CLOUD, item.options, RegisterOptions)


def file_type_of(media: MediaSpec) -> str:
    """The file type in lower case, from the option or the name."""
    return (upload_options(media).file_type or extension(media.name)).lower()


def check_media(media: MediaSpec, limits: ProviderLimits) -> None:
    """The whole of `Provider.check` for an upload."""
    options = upload_options(media)
    check_text(CLOUD, "name", media.name)
    if not media.name:
        refuse(CLOUD, "name", "is missing; give a stream the name of a file, with its extension")
    if media.kind not in limits.kinds:
        raise Unsupported(f"aliyun uploads no kind {media.kind!r}, only {', '.join(limits.kinds)}", cloud=CLOUD)
    if media.cover_name is not None or media.cover_size is not None:
        raise Unsupported(
            "aliyun takes no cover file with an upload; upload the image with kind image and image_type cover first, "
            "then give its URL as cover_url in the options",
            cloud=CLOUD,
        )
    if media.storage_class:
        raise Unsupported(
            "aliyun has no place for storage_class in an upload; set a rule on the bucket in the console", cloud=CLOUD
        )
    check_size(CLOUD, "size", media.size, limits.max_bytes)
    check_int(CLOUD, "part_concurrency", options.part_concurrency, 1, MAX_PART_CONCURRENCY)
    _check_texts(media.title, media.description, media.tags)
    _check_type(media)
    _check_kind(media, options)
    if options.token is not None:
        _check_token(media, options)
    check_category(media.category)
    check_id("app_id", options.app_id)
    check_context(media.context, options.user_data)


def _check_type(media: MediaSpec) -> None:
    check_text(CLOUD, "file_type", upload_options(media).file_type)
    value = file_type_of(media)
    allowed = {"media": media_types.MEDIA | {media_types.PACKAGE}, "image": media_types.IMAGE}.get(media.kind)
    if allowed is None:
        allowed = media_types.ATTACHED[media.kind]
    if value == "mpd":
        raise Unsupported("aliyun takes no DASH manifests; upload an HLS playlist or a single file", cloud=CLOUD)
    if not value:
        refuse(CLOUD, "file_type", "is unknown: name has no extension, so give file_type")
    if value not in allowed:
        refuse(
            CLOUD,
            "file_type",
            f"{value[:20]!r} is not accepted for kind {media.kind}; one of {', '.join(sorted(allowed))}",
        )


_WITH_A_TOKEN: Final = frozenset(["file_type", "watermark", "part_concurrency", "token"])


def _check_token(media: MediaSpec, options: UploadOptions) -> None:
    """What the token's upload was opened with cannot be said again."""
    if not isinstance(options.token, UploadToken):
        refuse(CLOUD, "token", "must be vodfast.providers.aliyun.UploadToken")
    said = [name for name in ("title", "description", "tags", "category", "context") if getattr(media, name)]
    defaults = UploadOptions()
    said += [
        name
        for name in UploadOptions.__struct_fields__
        if name not in _WITH_A_TOKEN and getattr(options, name) != getattr(defaults, name)
    ]
    if said:
        refuse(CLOUD, said[0], "was decided when the token's upload was opened; leave it out")


def check_members(media: MediaSpec, limits: ProviderLimits) -> None:
    """A playlist comes with all it needs, and nothing else comes with members (section 4.10)."""
    is_package = media.kind == "media" and file_type_of(media) in limits.packages
    if is_package and not media.members:
        refuse(CLOUD, "name", "is that of a playlist, but nothing is known of its segments; give the path of the file")
    if media.members and not is_package:
        raise Unsupported(
            f"aliyun takes members with a manifest of type {', '.join(limits.packages)} only", cloud=CLOUD
        )
    for member in media.members:
        check_text(CLOUD, "members", member.path)
        check_int(CLOUD, "members", member.size, 0, limits.max_bytes)
        if len(member.path.encode()) > MAX_MEMBER_PATH:
            refuse(CLOUD, "members", f"has a path of more than {MAX_MEMBER_PATH} bytes: {member.path[:60]}...")


_MEDIA_ONLY: Final = ("cover_url", "template_group_id", "workflow_id", "reference_id", "watermark")


def _check_kind(media: MediaSpec, options: UploadOptions) -> None:
    """Options that exist for some kinds only."""
    if media.kind != "media":
        for field in _MEDIA_ONLY:
            if getattr(options, field) is not None:
                raise Unsupported(f"aliyun has no place for {field} with kind {media.kind}; leave it out", cloud=CLOUD)
    if options.watermark not in (None, True, False):
        refuse(CLOUD, "watermark", "must be True, False or None")
    check_choice(CLOUD, "image_type", options.image_type or "", ("default", "cover"), "default, cover")
    if options.image_type != "default" and media.kind != "image":
        raise Unsupported(f"aliyun has no place for image_type with kind {media.kind}; leave it out", cloud=CLOUD)
    ids = options.category_ids
    if not isinstance(ids, tuple) or len(ids) > MAX_CATEGORIES:
        refuse(CLOUD, "category_ids", f"must be a tuple of at most {MAX_CATEGORIES} numbers")
    for number in ids:
        if number is None:
            refuse(CLOUD, "category_ids", "must hold numbers")
        check_int(CLOUD, "category_ids", number, 0, MAX_INT)
    if ids and media.kind in ("media", "image"):
        raise Unsupported(f"aliyun takes one category with kind {media.kind}: give it as category", cloud=CLOUD)
    if ids and media.category is not None:
        refuse(CLOUD, "category", "and category_ids are both given; give one of them")
    check_http_url(CLOUD, "cover_url", options.cover_url)
    for field in ("template_group_id", "workflow_id"):
        check_id(field, getattr(options, field))
    if options.reference_id is not None:
        check_reference(options.reference_id)


def _check_texts(title: object, description: object, tags: object) -> None:
    check_bytes("title", title, MAX_TITLE)
    check_bytes("description", description, MAX_DESCRIPTION, lines=True)
    if isinstance(tags, str) or not isinstance(tags, Sequence) or len(tags) > MAX_TAGS:
        refuse(CLOUD, "tags", f"must be a list of at most {MAX_TAGS} texts")
    for tag in tags:
        check_text(CLOUD, "tags", tag, limit=MAX_TAG)
        if not tag or tag != tag.strip() or "," in tag:
            refuse(CLOUD, "tags", "must not be empty, hold a comma, or have blanks around them")
        _check_no_emoji("tags", tag)


def check_bytes(field: str, value: object, limit: int, *, lines: bool = False) -> None:
    """None, or text without emoji of at most `limit` bytes of UTF-8."""
    check_text(CLOUD, field, value, lines=lines)
    if isinstance(value, str):
        size = len(value.encode())
        if size > limit:
            refuse(CLOUD, field, f"has {size} bytes of UTF-8, at most {limit} are allowed")
        _check_no_emoji(field, value)


def _check_no_emoji(field: str, value: str) -> None:
    if texts.EMOJI.search(value):
        refuse(CLOUD, field, "holds emoji, which the service refuses; remove them")


def check_category(value: object) -> None:
    """None, or a category's number as decimal digits."""
    if value is not None and not fits(_DECIMAL, value):
        refuse(CLOUD, "category", "must be the number of a category (its CateId) in decimal digits")


def check_reference(value: object) -> None:
    """The mark callers give a video, which is unique in the account."""
    if not fits(_REFERENCE, value):
        refuse(CLOUD, "reference_id", "must be 6 to 64 letters, digits, - and _")


def check_id(field: str, value: object) -> None:
    """None, or an id as the service writes them."""
    if value is not None and not fits(_ID, value):
        refuse(CLOUD, field, "must be 1 to 128 letters, digits, `.`, `-` and `_`")


def check_context(context: object, data: object) -> None:
    """The event context, whether it comes as common field or inside the user data."""
    check_text(CLOUD, "context", context, lines=True)
    if data is not None and not isinstance(data, UserData):
        refuse(CLOUD, "user_data", "must be vodfast.providers.aliyun.UserData")
    if data is not None:
        check_http_url(CLOUD, "callback_url", data.callback_url)
        check_http_url(CLOUD, "accelerate_domain", data.accelerate_domain)
        if context is not None and data.extend is not None:
            refuse(CLOUD, "context", "and user_data.extend are both given; give one of them")
    extend = texts.extend_of(context if isinstance(context, str) else None, data)
    if extend is not None and len(texts.json_text(extend).encode()) > MAX_EXTEND:
        refuse(CLOUD, "context", f"or user_data.extend has more than {MAX_EXTEND} bytes as JSON; shorten it")


def check_pull(item: PullItem) -> None:
    """The whole of `Provider.check_pull`. A pull takes HLS as an upload does, but no DASH."""
    options = pull_options(item)
    if item.url is None or item.url == "":
        refuse(CLOUD, "url", "is missing")
    check_http_url(CLOUD, "url", item.url)
    check_http_url(CLOUD, "cover_url", item.cover_url)
    _check_texts(item.title, options.description, options.tags)
    check_category(item.category)
    check_context(item.context, options.user_data)
    check_int(CLOUD, "file_size", options.file_size, 1, MAX_INT)
    for field in ("template_group_id", "workflow_id", "app_id"):
        check_id(field, getattr(options, field))
    if options.session_id is not None and not fits(_SESSION, options.session_id):
        refuse(CLOUD, "session_id", "must be 1 to 50 letters, digits, - and _")
    check_text(CLOUD, "media_type", item.media_type)
    given = item.media_type if item.media_type is not None else extension(urlsplit(item.url).path)
    if given.lower() == "mpd":
        raise Unsupported("aliyun pulls no DASH manifests; pull an HLS playlist or a single file", cloud=CLOUD)
    allowed = media_types.MEDIA | {media_types.PACKAGE}
    if item.media_type is not None:
        check_choice(CLOUD, "media_type", given.lower(), allowed, ", ".join(sorted(allowed)))


def check_register(item: RegisterItem) -> None:
    """The whole of `Provider.check_register`: an object URL with or without its scheme."""
    options = register_options(item)
    check_text(CLOUD, "url", item.url)
    url = item.url or ""
    check_http_url(CLOUD, "url", url if "://" in url else f"https://{url}")
    if len(url.encode()) > MAX_FILE_URL:
        refuse(CLOUD, "url", f"has more than {MAX_FILE_URL} bytes")
    check_http_url(CLOUD, "cover_url", item.cover_url)
    _check_texts(item.title, item.description, item.tags)
    check_category(item.category)
    check_context(None, options.user_data)
    for field in ("template_group_id", "workflow_id"):
        check_id(field, getattr(options, field))


def check_url_list(field: str, urls: object, most: int) -> tuple[str, ...]:
    """The same for complete URLs."""
    if isinstance(urls, str) or not isinstance(urls, Sequence) or not 1 <= len(urls) <= most:
        refuse(CLOUD, field, f"must be a list of 1 to {most} URLs for one call")
    if not all(isinstance(value, str) and "://" in value for value in urls):
        refuse(CLOUD, field, "holds ids and URLs; ask for them in calls of their own")
    for value in urls:
        check_http_url(CLOUD, field, value)
    return tuple(urls)
