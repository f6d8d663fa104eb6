"""Options that exist on Volcengine VOD only.

Decides names and meaning (sections 4.1, 7 and 8.1 of the protocol notes); the bounds are checked in `checks.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from vodfast.providers import contract
from vodfast.providers.volcengine.functions import AnyFunction
from vodfast.providers.volcengine.wire import Execution, Image, Template


class UploadOptions(contract.ProviderOptions, frozen=True, kw_only=True):
    """Beside the common fields of an upload."""

    file_name: str | None = None
    """Object key, at most 1024 characters, with a suffix; uploading the same one again overwrites. None: a random
    name. Version 2020-08-01 takes 2048 bytes, and no blank, `+`, `?` or `$`."""
    file_extension: str | None = None
    """Suffix of a random name, such as `.mp4`; None takes that of the source's name."""
    file_type: str | None = None
    """`media`, `image` (materials only) or `object`; None follows from kind and category."""
    classification_id: int | None = None
    """Class of audio or video, from 0. The common field `category` is the same thing as text there."""
    format: str | None = None
    """Format of a material, such as `vtt`; None takes the suffix."""
    functions: tuple[AnyFunction, ...] = ()
    """Performed at the commit, in this order."""
    functions_json: str | None = None
    """The functions as the service's own JSON array, sent as it is, "" for none. Nothing is added from the common
    fields then, so they and `functions` stay empty and a material needs no category."""
    get_meta_mode: int | None = None
    """1 extracts metadata after the commit in any case. Not in version 2020-08-01."""
    expire_time: str | None = None
    """ISO 8601 time at which audio or video is deleted. Not in version 2020-08-01, not in ap-southeast-1."""
    upload_source: str | None = None
    """`VodUploadSource`, handed back in the event."""
    network_mode: str | None = None
    """`vpc-inner` asks for addresses inside a VPC; the size must be known."""
    idc_mode: str | None = None
    host_prefer: str | None = None
    """Upload host to prefer."""
    need_fallback: bool = True
    """Whether the service may name fallback hosts."""
    commit_members: bool = True
    """Whether each file a playlist names is committed as an object, which the vendor's Go and Java packages do. Without
    it is stored under its name and no more, as the vendor's Python package has it, which saves a call for each."""
    part_concurrency: int | None = None
    """Parts of one object in flight, 1 to 128; None leaves it to the engine."""


class PullOptions(contract.PullOptions, frozen=True, kw_only=True):
    """Beside the common fields of a pull."""

    description: str | None = None
    tags: tuple[str, ...] = ()
    """Joined with commas at most 36 characters."""
    md5: str | None = None
    """32 hex digits; the service compares."""
    template_id: str | None = None
    templates: tuple[Template, ...] = ()
    classification_id: int | None = None
    file_name: str | None = None
    file_extension: str | None = None
    """Such as `.mp4`. The common field `media_type` is the same thing without the dot."""
    file_type: str | None = None
    record_type: int | None = None
    """1 audio or video (the default), 2 material; the common field `category` is then one of the words for materials.
    """
    category: str | None = None
    """The service's own Category, as it is. The common field `category` means the class of audio or video there, and
    this one with a `record_type` of 2."""
    storage_class: str | None = None
    url_encryption_algorithm: str | None = None
    low_priority: bool | None = None
    headers: Mapping[str, str] | None = None
    """Headers the service sends when it fetches the URL."""
    images: tuple[Image, ...] = ()
    executions: tuple[Execution, ...] = ()
