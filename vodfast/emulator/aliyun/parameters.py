"""Parameters of the VOD operations: names, types, which are required, and the bounds of texts.

Decides MissingParameter, InvalidParameter, LengthExceededMax, TagsExceededMax and IllegalCharacters (protocol notes
4.1 to 4.12). Leaves the meaning of values to the operations. Names nobody has are refused, so that a misspelt one is
found here and not in the cloud, which ignores them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vodfast.emulator.service import Refusal

_IGNORED = frozenset(["OwnerId", "OwnerAccount", "ResourceOwnerId", "ResourceOwnerAccount"])
_MEDIA = "Description Tags StorageLocation UserData AppId"
_EXTRAS = "EnableFirstFrameCover GenerateThumbnail"

OPERATIONS: Mapping[str, frozenset[str]] = {
    name: frozenset(parameters.split())
    for name, parameters in {
        "CreateUploadVideo": f"{_MEDIA} {_EXTRAS} FileName! FileSize CoverURL CateId TemplateGroupId WorkflowId "
        "ReferenceId Title!",
        "RefreshUploadVideo": "VideoId ReferenceId",
        "CreateUploadImage": f"{_MEDIA} Title ImageType! ImageExt OriginalFileName CateId",
        "CreateUploadAttachedMedia": f"{_MEDIA} Title BusinessType! MediaExt CateIds FileName FileSize",
        "UploadMediaByURL": f"UploadURLs! UploadMetadatas TemplateGroupId WorkflowId StorageLocation UserData AppId "
        f"SessionId {_EXTRAS}",
        "GetURLUploadInfos": "JobIds UploadURLs",
        "CancelUrlUploadJobs": "JobIds UploadUrls",
        "RegisterMedia": "RegisterMetadatas! TemplateGroupId WorkflowId UserData",
        "DeleteMultipartUpload": "MediaId! MediaType!",
        "GetMezzanineInfo": "VideoId! OutputType AuthTimeout AdditionType",
        "GetVideoInfo": "VideoId!",
        "SetMessageCallback": "CallbackType! CallbackURL EventTypeList AuthSwitch AuthKey MnsEndpoint "
        "MnsQueueName AppId",
    }.items()
}
"""Operation to names; a final `!` marks a required one."""

_INTEGERS = {"FileSize": r"\d{1,18}", "CateId": r"-?\d{1,18}", "AuthTimeout": r"\d{1,18}"}
_LONGEST = {"Title": 128, "Description": 1024}
"""Bytes of UTF-8 (section 4)."""
_EMOJI = re.compile("[\U0001f000-\U0001faff]")


def check(operation: str, names: frozenset[str], given: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a call that takes `names`, the empty ones left out.

    Raises:
        Refusal: MissingParameter, InvalidParameter, LengthExceededMax, TagsExceededMax or IllegalCharacters.
    """
    known = {name.rstrip("!") for name in names} | _IGNORED
    for name in given:
        if name not in known:
            raise Refusal("InvalidParameter", f"The parameter {name} is not known to {operation}.")
    present = {name: value for name, value in given.items() if value != ""}
    for name in names:
        if name.endswith("!") and name[:-1] not in present:
            raise Refusal("MissingParameter", f"{name[:-1]} is mandatory for this action.")
    for name, value in present.items():
        _check_number(name, value)
    check_texts(present)
    return present


def _check_number(name: str, value: str) -> None:
    if name in _INTEGERS and not re.fullmatch(_INTEGERS[name], value, re.ASCII):
        raise Refusal("InvalidParameter", f"The parameter {name} is not a number.")


METADATA: Mapping[str, frozenset[str]] = {
    "UploadMetadatas": frozenset(
        ("SourceURL", "Title", "FileSize", "Description", "CoverURL", "CateId", "Tags", "TemplateGroupId", "WorkflowId",
         "FileExtension")
    ),
    "RegisterMetadatas": frozenset(("FileURL", "Title", "Description", "Tags", "CoverURL", "CateId")),
}  # fmt: skip
"""Fields of the entries of those parameters (4.5, 4.7)."""


def check_entry(parameter: str, entry: Mapping[str, Any]) -> dict[str, str]:
    """The fields of one entry as text, the empty ones left out; numbers may come as numbers.

    Raises:
        Refusal: InvalidParameter, LengthExceededMax, TagsExceededMax or IllegalCharacters.
    """
    for name, value in entry.items():
        if name not in METADATA[parameter]:
            raise Refusal("InvalidParameter", f"{parameter} has no field {name}.")
        if not isinstance(value, str) and not (name in _INTEGERS and type(value) is int):
            raise Refusal("InvalidParameter", f"The field {name} in {parameter} is of another type.")
    given = {name: str(value) for name, value in entry.items() if value != ""}
    for name, value in given.items():
        _check_number(name, value)
    check_texts(given)
    return given


def check_texts(given: Mapping[str, str]) -> None:
    """The bounds of texts, wherever they stand: in parameters or in metadata."""
    for name, most in _LONGEST.items():
        text = given.get(name, "")
        if len(text.encode(errors="surrogateescape")) > most:
            raise Refusal("LengthExceededMax", f"The parameter {name} is longer than {most} bytes.")
        if _EMOJI.search(text):
            raise Refusal("IllegalCharacters", f"The parameter {name} holds characters that are not allowed.")
    tags = [tag for tag in given.get("Tags", "").split(",") if tag]
    if len(tags) > 16:
        raise Refusal("TagsExceededMax", "There are more than 16 tags.")
    if any(len(tag) > 32 for tag in tags):
        raise Refusal("LengthExceededMax", "A tag is longer than 32 characters.")
