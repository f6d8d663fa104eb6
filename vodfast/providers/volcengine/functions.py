"""Functions that Volcengine VOD performs when an upload is committed, as typed values.

Decides their names and fields (section 7.1 of the protocol notes) and their JSON text. Leaves bounds to `checks.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeAlias

import msgspec

from vodfast.providers.volcengine.wire import Template


class Function(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="pascal",
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="Name",
    tag=True,
):
    """What they have in common: fields left unset are not sent. As JSON, `Name` is the name of the class."""

    function_name: ClassVar[str]

    def as_dict(self) -> dict[str, Any]:
        """As the service wants it: `{"Name": ..., "Input": {...}}`, without an empty `Input`."""
        given = msgspec.to_builtins(self)
        del given["Name"]  # the class's, which tells two kinds of AddOptionInfo apart
        return {"Name": self.function_name, "Input": given} if given else {"Name": self.function_name}


class GetMeta(Function, frozen=True, kw_only=True):
    """Extract metadata. Comes first in a material's functions."""

    function_name = "GetMeta"


class Snapshot(Function, frozen=True):
    """Take the poster from this second; without it, from the first frame."""

    function_name = "Snapshot"

    seconds: float | None = msgspec.field(default=None, name="SnapshotTime")


class AddOptionInfo(Function, frozen=True, kw_only=True):
    """Describe audio or video. The common fields of an upload say the same; give either."""

    function_name = "AddOptionInfo"

    title: str | None = None
    """At most 512 characters."""
    tags: str | None = None
    """Comma-separated."""
    description: str | None = None
    classification_id: int | None = None
    is_hls_index_only: bool | None = None


class AddMaterialInfo(Function, frozen=True, kw_only=True):
    """Describe a material: `record_type` 2, and a `category`."""

    function_name = "AddOptionInfo"

    category: str
    """`video`, `audio`, `image`, `dynamic_img`, `subtitle` or `font`."""
    record_type: int = msgspec.field(default_factory=lambda: 2)  # a plain default would be left out
    title: str | None = None
    tags: str | None = None
    description: str | None = None
    format: str | None = None


class StartWorkflow(Function, frozen=True, kw_only=True):
    """Start a workflow by its id, or templates. It runs on its own and never fails the commit."""

    function_name = "StartWorkflow"

    template_id: str | None = None
    templates: tuple[Template, ...] | None = None


class CaptionUpload(Function, frozen=True, kw_only=True):
    """Bind what is uploaded to a video as its caption."""

    function_name = "CaptionUpload"

    title: str | None = None
    format: str | None = None
    vid: str | None = None
    fid: str | None = None
    language: str | None = None
    source: str | None = None
    tag: str | None = None
    action_type: str | None = None
    store_uri: str | None = None
    auto_publish: bool | None = None


class Encryption(Function, frozen=True, kw_only=True):
    """Encrypt; both values are the service's own texts."""

    function_name = "Encryption"

    config: Mapping[str, str] | None = None
    policy_params: str | None = None


AnyFunction: TypeAlias = (
    GetMeta | Snapshot | AddOptionInfo | AddMaterialInfo | StartWorkflow | CaptionUpload | Encryption
)


def functions_text(functions: Iterable[Function]) -> str | None:
    """The JSON array of the commit, None if there are none."""
    listed = [function.as_dict() for function in functions]
    return json.dumps(listed, allow_nan=False) if listed else None
