"""What each VOD action takes and does (protocol notes 4, 7 and 8).

Decides parameters by version, the checks of values, and the fields answered. Leaves authentication and the envelope to
`vod.py`, pulled media to `jobs.py`.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.volcengine import events, manifests
from vodfast.emulator.volcengine.posted import FORM, JSON, MULTIPART
from vodfast.emulator.volcengine.signatures import region_of

if TYPE_CHECKING:
    from vodfast.emulator.volcengine.cloud import Place, VolcengineCloud

OLD, NEW = "2020-08-01", "2022-01-01"
CATEGORIES = ("video", "audio", "image", "dynamic_img", "subtitle", "font")
UPLOAD_HEADER = {"Key": "X-Upload-Trace", "Value": "vodfast-emulator"}
_FUNCTIONS = ("GetMeta", "Snapshot", "AddOptionInfo", "StartWorkflow", "CaptionUpload", "Encryption")
_INPUTS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "AddOptionInfo": dict.fromkeys(("Title", "Tags", "Description", "Category", "Format"), (str,))
    | {"ClassificationId": (int, str), "IsHlsIndexOnly": (bool,), "RecordType": (int,)},
    "Snapshot": {"SnapshotTime": (int, float)},
}
"""By function, what its fields hold (7.1); null counts as not given."""
_SUFFIX = re.compile(r"[^/]\.[A-Za-z0-9_-]{1,16}$")
_NUMBER = re.compile(r"\d{1,18}(\.\d{1,17})?([eE]\+?\d{1,2})?", re.ASCII)
"""A double as any of the vendor's clients prints it: 10000, 10000.0, 2.097152E7 (3.3)."""
_MANY = 20
_NO_EXPIRY_REGION = "ap-southeast-1"
_MAX_INT32 = 2**31 - 1
_MAX_SIZE = 10000 * (5 << 30)
"""Bytes of an object: as many parts, as large, as the gateway takes."""


class Action(NamedTuple):
    """An action's versions and methods; `required` and `optional` parameters, some of the newest version only.

    `carried`: the content types of a body that may hold the parameters of a POST.
    """

    versions: tuple[str, ...]
    methods: tuple[str, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    newest: tuple[str, ...] = ()
    carried: tuple[str, ...] = (FORM,)

    def check(self, given: Mapping[str, str], version: str) -> dict[str, str]:
        """The parameters, empty ones left out.

        Raises:
            Refusal: MissingParameter or InvalidParameter.
        """
        known = {*self.required, *self.optional, *(self.newest if version == NEW else ())}
        for name in given:
            if name not in known:
                raise Refusal("InvalidParameter", f"The parameter `{name}` is not known in version {version}.")
        fields = {name: value for name, value in given.items() if value != ""}
        for name in self.required:
            if name not in fields:
                raise Refusal("MissingParameter", f"The parameter `{name}` is required.")
        return fields


ACTIONS: Mapping[str, Action] = {
    "ApplyUploadInfo": Action(
        (NEW, OLD),
        ("GET",),
        ("SpaceName",),
        ("SessionKey", "FileSize", "FileType", "FileName"),
        ("FileExtension", "StorageClass", "ClientNetWorkMode", "ClientIDCMode", "NeedFallback", "UploadHostPrefer"),
    ),
    "CommitUploadInfo": Action(
        (NEW, OLD),
        ("GET",),
        ("SpaceName", "SessionKey"),
        ("CallbackArgs", "Functions", "VodUploadSource"),
        ("GetMetaMode", "ExpireTime"),
    ),
    "ParseUploadManifest": Action(
        (NEW,), ("POST",), ("SpaceName", "ManifestContent"), ("ManifestType",), carried=(JSON,)
    ),
    "UploadMediaByUrl": Action((OLD,), ("POST",), ("SpaceName", "URLSets")),
    "QueryUploadTaskInfo": Action((OLD,), ("GET", "POST"), ("JobIds",), carried=(FORM, MULTIPART)),
}


class Actions:
    """The actions, by name."""

    def __init__(self, cloud: VolcengineCloud) -> None:
        self._cloud = cloud
        self._table: dict[str, Callable[[str, dict[str, str], Call], Any]] = {
            "ApplyUploadInfo": self._apply,
            "CommitUploadInfo": self._commit,
            "ParseUploadManifest": self._parse_manifest,
            "UploadMediaByUrl": self._pull,
            "QueryUploadTaskInfo": self._jobs,
        }

    def perform(self, action: str, version: str, given: dict[str, str], call: Call) -> Any:
        """`Result.Data` of a successful answer.

        Raises:
            Refusal: with the action's own codes.
        """
        spaces = self._cloud.world.settings.volcengine_spaces
        if spaces and given.get("SpaceName", spaces[0]) not in spaces:
            raise Refusal("InvalidParameter", "The space does not exist.")
        return self._table[action](version, given, call)

    # Apply

    def _apply(self, version: str, given: dict[str, str], call: Call) -> dict[str, Any]:
        _check_apply(version, given)
        key = given.get("SessionKey")
        if key is not None:
            application = self._session(key, given).application
        else:
            application = self._cloud.open_application(given, version)
        call.media_id = application.item.media_id
        settings = self._cloud.world.settings
        addresses = [self._address(place) for place in application.places]
        answer: dict[str, Any] = {"UploadAddress": addresses[0]}
        if version == OLD:
            return answer
        if len(addresses) > 1:
            names = ("MainUploadAddresses", "BackupUploadAddresses", "FallbackUploadAddresses")
            wanted = given.get("NeedFallback", "").lower() == "true"
            shown = addresses if wanted else addresses[:-1]
            answer["CandidateUploadAddresses"] = {name: [address] for name, address in zip(names, shown)}
        if given.get("ClientNetWorkMode") == "vpc-inner" and settings.volcengine_vpc != "off":
            size = int(float(given["FileSize"]))
            presigned = self._cloud.tos.presign(application.places[0], settings.volcengine_vpc, size)
            answer["VpcTosUploadAddress"] = presigned
        return answer

    def _address(self, place: Place) -> dict[str, Any]:
        return {
            "StoreInfos": [{"StoreUri": place.uri, "Auth": self._cloud.grant(place)}],
            "UploadHosts": list(place.hosts),
            "UploadHeader": [UPLOAD_HEADER] if self._cloud.world.settings.volcengine_upload_header else [],
            "SessionKey": place.session_key,
        }

    def _session(self, key: str, given: dict[str, str]) -> Place:
        place = self._cloud.sessions.get(key)
        if place is None or place.application.fields["SpaceName"] != given["SpaceName"]:
            raise Refusal("ResourceNotFound", "The SessionKey is not one of this space.")
        return place

    # Commit

    def _commit(self, version: str, given: dict[str, str], call: Call) -> dict[str, Any]:
        place = self._session(given["SessionKey"], given)
        application = place.application
        call.media_id = application.item.media_id
        if version != application.version:
            raise Refusal("InvalidParameter", "Apply and commit are of different versions.")
        if len(given.get("CallbackArgs", "").encode()) > 512:
            raise Refusal("InvalidParameter", "CallbackArgs is longer than 512 bytes.")
        mode = given.get("GetMetaMode", "0")
        if not re.fullmatch(r"\d{1,10}", mode, re.ASCII) or int(mode) > _MAX_INT32:
            raise Refusal("InvalidParameter", "GetMetaMode is not a number.")
        _check_time(given.get("ExpireTime"))
        functions = parse_functions(given.get("Functions"))
        stored = self._cloud.objects.get(place.uri)
        if stored is None and not place.quick:
            raise Refusal("FailedOperation", "Nothing was uploaded to the address of this SessionKey.")
        described: dict[str, Any] = next((one["Input"] for one in functions if one["Name"] == "AddOptionInfo"), {})
        kind = application.fields.get("FileType", "media")
        if "ExpireTime" in given and (kind != "media" or region_of(call.request.host) == _NO_EXPIRY_REGION):
            raise Refusal("InvalidParameter", "ExpireTime is for audio and video, and not in every region.")
        material = described.get("RecordType") == 2 or kind in ("image", "object")
        names = [one["Name"] for one in functions]
        if material and "GetMeta" in names[1:]:
            raise Refusal("InvalidParameter", "GetMeta comes first in the functions of a material, and once.")
        fresh = not application.item.committed
        if fresh:
            application.functions = functions
            told = {name: text for name, text in given.items() if name != "SessionKey"}
            application.item.asked |= told | {"Functions": functions}
            stem = application.item.media_id[3:]
            if "Snapshot" in names:
                application.poster = f"tos-cn-p-000000/{secrets.token_hex(8)}"
            self._cloud.commit(application, f"m02{stem}" if material else application.item.media_id)
        media_id = application.item.media_id
        call.media_id = media_id
        if kind == "object":
            return {"Mid": media_id}
        source_info = self._cloud.source_info(place)
        if fresh and not material:
            events.uploaded(
                self._cloud,
                application,
                source_info=source_info,
                context=given.get("CallbackArgs", ""),
                origin=given.get("VodUploadSource", "upload"),
            )
        return {
            "Mid" if material else "Vid": media_id,
            "PosterUri": application.poster,
            "SourceInfo": source_info,
        }

    # Manifests

    def _parse_manifest(self, _: str, given: dict[str, str], _call: Call) -> dict[str, Any]:
        if given.get("ManifestType", "m3u8") != "m3u8":
            raise Refusal("InvalidParameter", "ManifestType is not m3u8.")
        return {"MediaSegments": manifests.members(given["ManifestContent"])}

    # Pull and jobs

    def _pull(self, _: str, given: dict[str, str], _call: Call) -> list[dict[str, Any]]:
        try:
            entries = json.loads(given["URLSets"])
        except (ValueError, RecursionError):
            raise Refusal("InvalidParameter", "URLSets is not JSON.") from None
        if not isinstance(entries, list) or not 1 <= len(entries) <= _MANY:
            raise Refusal("InvalidParameter", f"URLSets takes 1 to {_MANY} entries.")
        if not all(isinstance(entry, dict) for entry in entries):
            raise Refusal("InvalidParameter", "URLSets is not a list of entries.")
        return self._cloud.jobs.submit(given["SpaceName"], entries)

    def _jobs(self, _: str, given: dict[str, str], call: Call) -> dict[str, Any]:
        ids = given["JobIds"].split(",")
        if len(ids) > _MANY or not all(ids):
            raise Refusal("InvalidParameter", f"JobIds takes 1 to {_MANY} ids.")
        return self._cloud.jobs.describe(ids, call)


def _check_apply(version: str, given: dict[str, str]) -> None:
    size = given.get("FileSize")
    if size is not None and not (_NUMBER.fullmatch(size) and float(size) <= _MAX_SIZE):
        raise Refusal("InvalidParameter", "FileSize is not a number of bytes that could be uploaded.")
    if given.get("FileType", "media") not in ("media", "image", "object"):
        raise Refusal("InvalidParameter", "FileType is not media, image or object.")
    if given.get("StorageClass", "0") not in ("0", "1", "2", "3"):
        raise Refusal("InvalidParameter", "StorageClass is not 0 to 3.")
    if given.get("NeedFallback", "true").lower() not in ("true", "false"):
        raise Refusal("InvalidParameter", "NeedFallback is not a boolean.")
    mode = given.get("ClientNetWorkMode")
    if mode not in (None, "vpc-inner"):
        raise Refusal("InvalidParameter", "ClientNetWorkMode is not vpc-inner.")
    if mode is not None and size is None:
        raise Refusal("MissingParameter", "ClientNetWorkMode vpc-inner needs FileSize.")
    name, extension = given.get("FileName"), given.get("FileExtension")
    if extension is not None and not (extension.startswith(".") and 2 <= len(extension) <= 8):
        raise Refusal("InvalidParameter", "FileExtension must begin with a dot and have at most 8 characters.")
    if name is not None and (_is_long(version, name) or (version == OLD and re.search(r"^/|[ +?$]", name))):
        raise Refusal("InvalidParameter", "FileName is too long or holds characters that are not allowed.")
    if version == NEW and not (extension or (name is not None and _SUFFIX.search(name))):
        raise Refusal("InvalidParameter", "Give a FileName with a suffix, or FileExtension.")


def _is_long(version: str, name: str) -> bool:
    """Whether an object key is too long: the older version counts bytes (4.1)."""
    return len(name.encode(errors="surrogateescape")) > 2048 if version == OLD else len(name) > 1024


def _check_time(text: str | None) -> None:
    if text is None:
        return
    try:
        aware = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise Refusal("InvalidParameter", "ExpireTime is not an ISO 8601 time.")


def parse_functions(text: str | None) -> list[dict[str, Any]]:
    """The functions of a commit, each with its `Input`.

    Raises:
        Refusal: InvalidParameter.
    """
    if text is None:
        return []
    try:
        functions = json.loads(text)
        parsed = [{"Name": one["Name"], "Input": one.get("Input", {})} for one in functions]
        if not isinstance(functions, list) or not all(isinstance(one["Input"], dict) for one in parsed):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refusal("InvalidParameter", "Functions is not a JSON array of functions.") from None
    for one in parsed:
        if one["Name"] not in _FUNCTIONS:
            raise Refusal("InvalidParameter", "Functions names one that does not exist.")
        for name, kinds in _INPUTS.get(one["Name"], {}).items():
            if not isinstance(one["Input"].get(name), (*kinds, NoneType)):
                raise Refusal("InvalidParameter", f"{name} in {one['Name']} is of another type.")
        if one["Name"] == "AddOptionInfo":
            _check_description(one["Input"])
    return parsed


def _check_description(given: dict[str, Any]) -> None:
    if len(given.get("Title") or "") > 512:
        raise Refusal("InvalidParameter", "Title is longer than 512 characters.")
    if given.get("RecordType", 1) not in (1, 2):
        raise Refusal("InvalidParameter", "RecordType is neither 1 nor 2.")
    if given.get("RecordType") == 2 and given.get("Category") not in CATEGORIES:
        raise Refusal("InvalidParameter", "A material needs a Category.")
