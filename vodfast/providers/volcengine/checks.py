"""What Volcengine VOD would refuse or silently mangle, refused before anything is sent.

Decides the bounds of every field of uploads and pulls (sections 4.1, 7 and 8.1 of the protocol notes), and the values
that follow from two ways of saying the same thing. Leaves generic rules to `providers/fields.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from vodfast.errors import Unsupported
from vodfast.providers.contract import MediaSpec, ProviderLimits, PullItem
from vodfast.providers.fields import (
    MAX_INT,
    check_choice,
    check_http_url,
    check_int,
    check_kind,
    check_size,
    check_text,
    check_time,
    options_of,
    refuse,
)
from vodfast.providers.volcengine.functions import AddMaterialInfo, AddOptionInfo, Function, GetMeta, functions_text
from vodfast.providers.volcengine.options import PullOptions, UploadOptions

CLOUD: Final = "volcengine"
MAX_PART_CONCURRENCY: Final = 128
MAX_CONTEXT: Final = 512
"""Bytes."""
MAX_TITLE: Final = 512
MAX_FILE_NAME: Final = 1024
MAX_OLD_FILE_NAME: Final = 2048
"""Bytes, in the older version."""
MAX_QUERY_TEXT: Final = 8192
"""Characters of the functions' JSON: they travel in a query."""

VERSIONS: Final = ("2022-01-01", "2020-08-01")
OLD: Final = "2020-08-01"
FILE_TYPES: Final = ("media", "image", "object")
CATEGORIES: Final = ("video", "audio", "image", "dynamic_img", "subtitle", "font")
STORAGE_CLASSES: Final[Mapping[str, int]] = {"standard": 1, "archive": 2, "infrequent_access": 3}
KINDS: Final = ("media", "material", "image", "subtitle")
"""`media` is audio or video; the others are materials, two of which name their category."""

_FILE_TYPE_OF: Final[Mapping[str, str]] = {
    "image": "image",
    "dynamic_img": "image",
    "subtitle": "object",
    "font": "object",
}
_EXTENSION = re.compile(r"\.[A-Za-z0-9_-]{1,7}")
_DECIMAL = re.compile(r"[0-9]{1,18}")
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_OLD_NAME = re.compile(r"[ +?$]")
_FROM_NAME = re.compile(r"[^/]+(\.[A-Za-z0-9_-]{1,7})")
_MAX_INT32: Final = 2**31 - 1
_NO_EXPIRY_REGION: Final = "ap-southeast-1"


def upload_options(media: MediaSpec) -> UploadOptions:
    """The options of an upload, defaults if none were given."""
    return options_of(CLOUD, media.options, UploadOptions)


def pull_options(item: PullItem) -> PullOptions:
    """The options of a pull, defaults if none were given."""
    return options_of(CLOUD, item.options, PullOptions)


def is_material(media: MediaSpec) -> bool:
    return media.kind != "media"


def material_category(media: MediaSpec) -> str:
    """The category of a material: its kind, or the common field `category`."""
    return media.kind if media.kind in CATEGORIES else media.category or ""


def file_type_of(media: MediaSpec) -> str:
    """The API's FileType."""
    given = upload_options(media).file_type
    if given is not None:
        return given
    return _FILE_TYPE_OF.get(material_category(media), "media") if is_material(media) else "media"


def extension_of(media: MediaSpec) -> str:
    """The suffix with its dot; "" if there is none."""
    options = upload_options(media)
    if options.file_extension is not None:
        return options.file_extension
    found = _FROM_NAME.fullmatch((options.file_name or media.name).rpartition("/")[2])
    return found[1] if found else ""


def plain_name(name: str, version: str) -> str:
    """The last piece of a source's name, fit for an object name of this version."""
    piece = name.rpartition("/")[2]
    return _OLD_NAME.sub("_", piece) if version == OLD else piece


def storage_class_of(text: str | None) -> int | None:
    """The API's number."""
    return None if text is None else STORAGE_CLASSES[text]


def classification_of(category: str | None, classification_id: int | None) -> int | None:
    """The class of audio or video, from either way of giving it."""
    return classification_id if category is None else int(category)


def functions_text_of(media: MediaSpec) -> str | None:
    """The functions of the commit as their JSON text, None if there are none."""
    ready = upload_options(media).functions_json
    return functions_text(functions_of(media)) if ready is None else ready or None


def functions_of(media: MediaSpec) -> tuple[Function, ...]:
    """The functions of the commit: those given, then what the common fields say. GetMeta comes first in a material."""
    options = upload_options(media)
    given = list(options.functions)
    tags = ",".join(media.tags) or None
    if is_material(media):
        given.sort(key=lambda function: not isinstance(function, GetMeta))
        if not any(isinstance(function, AddMaterialInfo) for function in given):
            suffix = extension_of(media).removeprefix(".")
            given.append(
                AddMaterialInfo(
                    category=material_category(media),
                    title=media.title or media.name.rpartition("/")[2],
                    tags=tags,
                    description=media.description,
                    format=options.format or suffix or None,
                )
            )
        return tuple(given)
    number = classification_of(media.category, options.classification_id)
    if media.title or tags or media.description or number is not None:
        given.append(
            AddOptionInfo(
                title=media.title or None, tags=tags, description=media.description or None, classification_id=number
            )
        )
    return tuple(given)


def check_media(media: MediaSpec, limits: ProviderLimits, version: str, region: str) -> None:
    """The whole of `Provider.check` for an upload, except for the place."""
    options = upload_options(media)
    _check_shape("options", options)
    _check_common(media, limits)
    _check_category(media, options)
    _check_names(media, options, version)
    _check_functions(media, options)
    check_int(CLOUD, "part_concurrency", options.part_concurrency, 1, MAX_PART_CONCURRENCY)
    check_choice(CLOUD, "file_type", options.file_type, FILE_TYPES, ", ".join(FILE_TYPES))
    if options.file_type == "image" and not is_material(media) and options.functions_json is None:
        refuse(CLOUD, "file_type", "image is for materials only: give the kind image or material")
    if options.format is not None and not is_material(media):
        refuse(CLOUD, "format", "is for materials only")
    check_choice(CLOUD, "network_mode", options.network_mode, ("vpc-inner",), "vpc-inner")
    if options.network_mode is not None and media.size is None:
        refuse(CLOUD, "network_mode", "vpc-inner needs a source of known size")
    check_int(CLOUD, "get_meta_mode", options.get_meta_mode, 0, _MAX_INT32)
    check_time(CLOUD, "expire_time", options.expire_time)
    for field in ("format", "upload_source", "idc_mode", "host_prefer"):
        check_text(CLOUD, field, getattr(options, field), limit=256)
    for field, chosen in (
        ("get_meta_mode", options.get_meta_mode),
        ("expire_time", options.expire_time),
        ("storage_class", media.storage_class),
        ("network_mode", options.network_mode),
        ("idc_mode", options.idc_mode),
        ("host_prefer", options.host_prefer),
        ("need_fallback", None if options.need_fallback else False),
    ):
        if chosen is not None and version == OLD:
            raise Unsupported(f"version {OLD} of the API has no place for {field}; use {VERSIONS[0]}", cloud=CLOUD)
    if options.expire_time is not None and file_type_of(media) != "media":
        raise Unsupported("volcengine has no expire_time for images and objects, only for audio and video", cloud=CLOUD)
    if options.expire_time is not None and region == _NO_EXPIRY_REGION:
        raise Unsupported(f"volcengine has no expire_time in {region}; delete the media yourself", cloud=CLOUD)


def _check_shape(field: str, value: msgspec.Struct) -> None:
    """Every field of the type it is declared with, all the way down."""
    try:
        msgspec.convert(msgspec.to_builtins(value), type(value))
    except (msgspec.ValidationError, TypeError, OverflowError) as error:
        refuse(CLOUD, field, f"are not as declared: {error}")


def _check_common(media: MediaSpec, limits: ProviderLimits) -> None:
    check_text(CLOUD, "name", media.name)
    if not media.name:
        refuse(CLOUD, "name", "is missing; give a stream the name of a file, with its suffix")
    if media.kind not in limits.kinds:
        raise Unsupported(
            f"volcengine uploads no kind {str(media.kind)[:20]!r}; it takes {', '.join(limits.kinds)}", cloud=CLOUD
        )
    check_kind(CLOUD, media.kind, media.name)
    if media.cover_name is not None or media.cover_size is not None:
        raise Unsupported(
            "volcengine has no place for a cover in an upload; use the function Snapshot, or upload an image",
            cloud=CLOUD,
        )
    check_text(CLOUD, "title", media.title, limit=MAX_TITLE)
    check_text(CLOUD, "description", media.description, lines=True)
    for tag in media.tags:
        check_text(CLOUD, "tags", tag)
        if not tag or "," in tag:
            refuse(CLOUD, "tags", "must be words without commas: they are sent comma-separated")
    _check_context(media.context)
    check_choice(CLOUD, "storage_class", media.storage_class, STORAGE_CLASSES, ", ".join(STORAGE_CLASSES))
    check_size(CLOUD, "size", media.size, limits.max_bytes)
    for member in media.members:
        check_size(CLOUD, f"size of {member.path!r}", member.size, limits.max_bytes)


def _check_context(value: object) -> None:
    check_text(CLOUD, "context", value, lines=True)
    if value is not None and len(str(value).encode()) > MAX_CONTEXT:
        refuse(CLOUD, "context", f"has more than {MAX_CONTEXT} bytes")


def _check_category(media: MediaSpec, options: UploadOptions) -> None:
    check_text(CLOUD, "category", media.category)
    if is_material(media):
        if options.classification_id is not None:
            raise Unsupported("volcengine has no classification_id for materials, only for kind media", cloud=CLOUD)
        if media.kind in CATEGORIES and media.category not in (None, media.kind):
            refuse(CLOUD, "category", f"of kind {media.kind} is {media.kind}; give the kind material for another one")
        category = material_category(media)
        if category not in CATEGORIES and options.functions_json is None:
            refuse(CLOUD, "category", f"of a material must be one of {', '.join(CATEGORIES)}")
        return
    _check_class(media.category, options.classification_id)


def _check_class(category: str | None, classification_id: int | None) -> None:
    check_int(CLOUD, "classification_id", classification_id, 0, MAX_INT)
    if category is None:
        return
    if not _DECIMAL.fullmatch(category):
        refuse(CLOUD, "category", "must be the number of a class (its ClassificationId) in decimal digits")
    if classification_id is not None and int(category) != classification_id:
        refuse(CLOUD, "category", "and classification_id name different classes; give one of them")


def _check_names(media: MediaSpec, options: UploadOptions, version: str) -> None:
    check_file_name(options.file_name, MAX_FILE_NAME if version != OLD else MAX_OLD_FILE_NAME)
    check_extension(options.file_extension)
    if version == OLD:
        if options.file_extension is not None:
            raise Unsupported(f"version {OLD} of the API has no place for file_extension; use file_name", cloud=CLOUD)
        name = options.file_name or ""
        if len(name.encode()) > MAX_OLD_FILE_NAME:
            refuse(CLOUD, "file_name", f"has more than {MAX_OLD_FILE_NAME} bytes")
        if name.startswith("/") or _OLD_NAME.search(name):
            refuse(CLOUD, "file_name", 'must not begin with "/", nor hold a blank, "+", "?" or "$" in this version')
        return
    named = options.file_name is not None and options.file_extension is None
    if named and not _FROM_NAME.fullmatch(str(options.file_name).rpartition("/")[2]):
        refuse(CLOUD, "file_name", "must end in a suffix such as .mp4, or file_extension name one")
    if media.kind == "media" and extension_of(media).lower() == ".mpd":
        raise Unsupported(
            "volcengine takes no DASH manifest with its segments; upload a single file, or an HLS package", cloud=CLOUD
        )
    if not extension_of(media):
        refuse(CLOUD, "file_extension", "is unknown: the name has no suffix, so give one such as .mp4")


def check_file_name(value: object, limit: int = MAX_FILE_NAME) -> None:
    """None, or an object key of at most `limit` characters that can be addressed."""
    if value is None:
        return
    check_text(CLOUD, "file_name", value, limit=limit)
    if not value or any(segment in (".", "..") for segment in str(value).split("/")):
        refuse(CLOUD, "file_name", 'must not be empty and have no "." or ".." between slashes')


def check_extension(value: object) -> None:
    """None, or a suffix of at most 8 characters with its dot."""
    if value is not None and (not isinstance(value, str) or not _EXTENSION.fullmatch(value)):
        refuse(CLOUD, "file_extension", "must be a dot and 1 to 7 letters or digits, such as .mp4")


def _check_functions(media: MediaSpec, options: UploadOptions) -> None:
    if options.functions_json is not None:
        _check_ready_functions(media, options, options.functions_json)
        return
    for function in options.functions:
        if not isinstance(function, Function):
            refuse(CLOUD, "functions", "must be values such as vodfast.providers.volcengine.Snapshot")
        _check_shape("functions", function)
        for field, value in msgspec.structs.asdict(function).items():
            if isinstance(value, str):
                check_text(CLOUD, f"functions: {field}", value, lines=True)
    own = [one for one in options.functions if isinstance(one, (AddOptionInfo, AddMaterialInfo))]
    said = bool(media.title or media.tags or media.description or options.format)
    if not is_material(media):
        said = said or media.category is not None or options.classification_id is not None
    if own and said:
        refuse(CLOUD, "functions", "and the common fields both describe the media; give either")
    wanted = AddMaterialInfo if is_material(media) else AddOptionInfo
    for one in own:
        if not isinstance(one, wanted) or len(own) > 1:
            refuse(CLOUD, "functions", f"takes at most one description, a {wanted.__name__} for kind {media.kind}")
        check_text(CLOUD, "functions: title", one.title, limit=MAX_TITLE)
        if isinstance(one, AddMaterialInfo):
            check_choice(CLOUD, "functions: category", one.category, CATEGORIES, ", ".join(CATEGORIES))
            check_int(CLOUD, "functions: record_type", one.record_type, 2, 2)
    try:
        text = functions_text(functions_of(media)) or ""
    except ValueError:
        refuse(CLOUD, "functions", "hold a number that is not finite")
    if len(text) > MAX_QUERY_TEXT:
        refuse(CLOUD, "functions", f"make {len(text)} characters with the common fields, at most {MAX_QUERY_TEXT} fit")


def _check_ready_functions(media: MediaSpec, options: UploadOptions, text: str) -> None:
    said = (media.title, media.tags, media.description, media.category, options.classification_id, options.format)
    if options.functions or any(said):
        refuse(CLOUD, "functions_json", "goes as it is: leave out functions, and what the common fields would add")
    check_text(CLOUD, "functions_json", text, limit=MAX_QUERY_TEXT, lines=True)
    try:
        given = json.loads(text or "[]")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, list) or not all(isinstance(one, dict) and one.get("Name") for one in given):
        refuse(CLOUD, "functions_json", "must be a JSON array of objects with a Name, or empty for no functions")


def check_pull(item: PullItem) -> None:
    """The whole of `Provider.check_pull`, except for the place."""
    options = pull_options(item)
    _check_shape("options", options)
    if item.url is None or item.url == "":
        refuse(CLOUD, "url", "is missing")
    check_http_url(CLOUD, "url", item.url)
    if item.cover_url is not None:
        raise Unsupported("volcengine has no place for cover_url in a pull; pull it as an image", cloud=CLOUD)
    check_text(CLOUD, "title", item.title, limit=128)
    _check_context(item.context)
    check_text(CLOUD, "media_type", item.media_type)
    if item.media_type is not None:
        check_extension(f".{item.media_type}")
    check_extension(options.file_extension)
    if None not in (item.media_type, options.file_extension) and f".{item.media_type}" != options.file_extension:
        refuse(CLOUD, "media_type", "and file_extension differ; give one of them")
    check_file_name(options.file_name)
    check_text(CLOUD, "tags", ",".join(options.tags), limit=36)
    check_choice(CLOUD, "file_type", options.file_type, FILE_TYPES, ", ".join(FILE_TYPES))
    check_int(CLOUD, "record_type", options.record_type, 1, 2)
    check_choice(CLOUD, "storage_class", options.storage_class, STORAGE_CLASSES, ", ".join(STORAGE_CLASSES))
    if options.md5 is not None and not _MD5.fullmatch(options.md5):
        refuse(CLOUD, "md5", "must be 32 hex digits")
    for field in ("description", "template_id", "url_encryption_algorithm", "category"):
        check_text(CLOUD, field, getattr(options, field), lines=field == "description")
    for name, value in (options.headers or {}).items():  # they travel in a body; which can be headers, the service says
        if name == "":
            refuse(CLOUD, "headers", "have one without a name")
        check_text(CLOUD, "headers", name)
        check_text(CLOUD, f"header {name}", value)
    if None not in (item.category, options.category):
        refuse(CLOUD, "category", "is given twice, as a common field and as an option; give one of them")
    if options.record_type == 2:
        if (options.category or item.category) not in CATEGORIES:
            refuse(CLOUD, "category", f"of a material must be one of {', '.join(CATEGORIES)}")
        if options.classification_id is not None:
            raise Unsupported("volcengine has no classification_id for materials", cloud=CLOUD)
    else:
        check_text(CLOUD, "category", item.category)
        _check_class(item.category, options.classification_id)
