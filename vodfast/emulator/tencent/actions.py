"""What each VOD action does to the account (protocol notes 2.6 to 2.9).

Decides the checks of values and the fields answered. Leaves authentication and the envelope to `vod.py`, manifests to
`manifests.py`, pulled media to `jobs.py`, events to `events.py`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.tencent import manifests

if TYPE_CHECKING:
    from vodfast.emulator.accounts import Account
    from vodfast.emulator.buckets import Bucket
    from vodfast.emulator.tencent.cloud import Session, TencentCloud

_VIDEO_TYPES = (
    "wmv rm mov mpeg mp4 3gp flv avi rmvb ts asf mpg webm mkv m3u8 wm asx ram mpe vob dat mp4v m4v f4v mxf qt ogg mpd"
)
_AUDIO_TYPES = "mp3 m4a flac ogg wav ra aac amr"
_COVER_TYPES = "jpg jpeg png gif bmp tiff ai cdr eps tif heif"
VIDEO, AUDIO, COVER = (frozenset(types.split()) for types in (_VIDEO_TYPES, _AUDIO_TYPES, _COVER_TYPES))
_LONGEST = {"SourceContext": 250, "SessionContext": 1000}
_FILTERS = {"basicInfo": "BasicInfo", "metaData": "MetaData"}
_MANY = 20


class Actions:
    """The actions, by name."""

    def __init__(self, cloud: TencentCloud) -> None:
        self._cloud = cloud
        self._table: dict[str, Callable[[dict[str, Any], Call], dict[str, Any]]] = {
            "ApplyUpload": self._apply,
            "CommitUpload": self._commit,
            "ParseStreamingManifest": self._parse,
            "PullUpload": self._pull,
            "DescribeTaskDetail": self._task,
            "DescribeMediaInfos": self._infos,
            "DeleteMedia": self._delete,
            "ModifyEventConfig": lambda given, _: cloud.events.configure(given),
            "PullEvents": lambda given, _: cloud.events.pull(given.get("SubAppId")),
            "ConfirmEvents": lambda given, _: cloud.events.confirm(given["EventHandles"]),
            "DescribeSubAppIds": self._sub_apps,
            "DescribeStorageRegions": self._regions,
        }

    def perform(self, action: str, given: dict[str, Any], call: Call) -> dict[str, Any]:
        """The fields of a successful answer, without RequestId.

        Raises:
            Refusal: with the action's own codes.
        """
        self.check_sub_app(given.get("SubAppId"))
        return self._table[action](given, call)

    def check_sub_app(self, sub_app: int | None) -> None:
        """Refuse a sub-application that does not exist."""
        if sub_app is not None and sub_app not in self._cloud.world.settings.sub_apps:
            raise Refusal("InvalidParameterValue.SubAppId", f"The sub-application {sub_app} does not exist.")

    def _apply(self, given: dict[str, Any], call: Call) -> dict[str, Any]:
        session = self.open(given)
        call.media_id = session.item.media_id
        return {
            "StorageBucket": session.bucket.name,
            "StorageRegion": session.bucket.region,
            "VodSessionKey": session.key,
            "MediaStoragePath": f"/{session.media_key}",
            "CoverStoragePath": f"/{session.cover_key}" if session.cover_key else "",
            "TempCertificate": certificate(self._cloud.certify(session), lambda name: name[0].upper() + name[1:]),
        }

    def open(self, given: dict[str, Any]) -> Session:
        """A session for an upload with these parameters.

        Raises:
            Refusal: InvalidParameterValue.*
        """
        media_type = given["MediaType"].lower()
        if media_type not in VIDEO | AUDIO:
            raise Refusal("InvalidParameterValue.MediaType", "invalid media type")
        cover_type = given["CoverType"].lower() if given.get("CoverType") else None
        if cover_type is not None and cover_type not in COVER:
            raise Refusal("InvalidParameterValue.CoverType", "invalid cover type")
        return self._cloud.open_session(given, media_type, cover_type, self._place(given, "InvalidParameterValue"))

    def _place(self, given: dict[str, Any], family: str) -> Bucket:
        """Checks ApplyUpload and PullUpload share, and the bucket of the storage region."""
        for name, most in _LONGEST.items():
            if len(given.get(name, "")) > most:
                raise Refusal("InvalidParameterValue", f"`{name}` is longer than {most} characters.")
        if given.get("ExpireTime") and not is_time(given["ExpireTime"]):
            raise Refusal("InvalidParameterValue.ExpireTime", "`ExpireTime` is not an ISO 8601 time.")
        path = given.get("MediaStoragePath")
        if path and not self._cloud.world.settings.storage_paths:
            raise Refusal("InvalidParameterValue.MediaStoragePath", "The application is not in FileID + Path mode.")
        if path and (not path.startswith("/") or path.endswith("/") or ".." in path.split("/")):
            raise Refusal(
                "InvalidParameterValue.MediaStoragePath", "`MediaStoragePath` must be a path beginning with /."
            )
        regions = self._cloud.world.settings.storage_regions
        region = given.get("StorageRegion") or regions[0]
        if region not in regions:
            raise Refusal(f"{family}.StorageRegion", f"The storage region {region} is not activated.")
        return self._cloud.bucket_in(region)

    def _commit(self, given: dict[str, Any], call: Call) -> dict[str, Any]:
        session = self._cloud.sessions.get(given["VodSessionKey"])
        if session is None:
            raise Refusal("InvalidParameterValue.VodSessionKey", "The VodSessionKey is not valid.")
        call.media_id = session.item.media_id
        if session.sub_app != given.get("SubAppId"):
            raise Refusal("InvalidParameterValue.SubAppId", "The SubAppId is not the one the upload was applied with.")
        self.finish(session)
        return {
            "FileId": session.item.media_id,
            "MediaUrl": self._cloud.url(session.media_key),
            "CoverUrl": self._cloud.url(session.cover_key) if session.cover_key else "",
        }

    def finish(self, session: Session) -> None:
        """Make the media of a session, once; it must be stored.

        Raises:
            Refusal: ResourceNotFound.
        """
        for key in (session.media_key, session.cover_key):
            if key is not None and key not in session.bucket.objects:
                raise Refusal("ResourceNotFound", "The uploaded file is not in the store.")
        self._cloud.commit(session)

    def _parse(self, given: dict[str, Any], _: Call) -> dict[str, Any]:
        kind = given.get("ManifestType") or "m3u8"
        if kind not in manifests.PARSERS:
            raise Refusal("InvalidParameterValue", "`ManifestType` is neither m3u8 nor mpd.")
        return {"MediaSegmentSet": manifests.members(given["MediaManifestContent"], kind)}

    def _pull(self, given: dict[str, Any], _: Call) -> dict[str, Any]:
        if len(given.get("SessionContext", "")) > _LONGEST["SessionContext"]:
            raise Refusal("InvalidParameterValue.SessionContextTooLong", "`SessionContext` is too long.")
        bucket = self._place(given, "InvalidParameterValue")
        return {"TaskId": self._cloud.jobs.submit(given, bucket)}

    def _task(self, given: dict[str, Any], _: Call) -> dict[str, Any]:
        return self._cloud.jobs.describe(given["TaskId"], given.get("SubAppId"))

    def _file(self, file_id: str, sub_app: int | None) -> Session | None:
        session = self._cloud.files.get(file_id)
        return session if session is not None and session.sub_app == sub_app else None

    def _infos(self, given: dict[str, Any], _: Call) -> dict[str, Any]:
        wanted = list(dict.fromkeys(given["FileIds"]))
        if not 1 <= len(wanted) <= _MANY:
            raise Refusal("InvalidParameterValue.FileIds", f"`FileIds` takes 1 to {_MANY} ids.")
        names = [_FILTERS[name] for name in given.get("Filters") or _FILTERS if name in _FILTERS]
        found = {file_id: self._file(file_id, given.get("SubAppId")) for file_id in wanted}
        return {
            "MediaInfoSet": [self._info(session, names) for session in found.values() if session is not None],
            "NotExistFileIdSet": [file_id for file_id, session in found.items() if session is None],
        }

    def _info(self, session: Session, names: list[str]) -> dict[str, Any]:
        media_type = session.media_key.rpartition(".")[2]
        stored = session.bucket.objects[session.media_key]
        sections = {
            "BasicInfo": {
                "Name": session.item.name,
                "Description": "",
                "CreateTime": iso(session.created),
                "UpdateTime": iso(stored.stored),
                "ExpireTime": session.fields.get("ExpireTime") or "9999-12-31T23:59:59Z",
                "ClassId": session.fields.get("ClassId", 0),
                "ClassName": "Other",
                "ClassPath": "Other",
                "CoverUrl": self._cloud.url(session.cover_key) if session.cover_key else "",
                "Type": media_type,
                "MediaUrl": self._cloud.url(session.media_key),
                "SourceInfo": {
                    "SourceType": "Upload",
                    "SourceContext": session.fields.get("SourceContext", ""),
                },
                "StorageRegion": session.bucket.region,
                "StoragePath": session.fields.get("MediaStoragePath", ""),
                "TagSet": [],
                "Vid": "",
                "Category": "Video" if media_type in VIDEO else "Audio",
                "Status": "Normal",
                "StorageClass": "STANDARD",
            },
            "MetaData": {"Size": stored.content.size, "Container": media_type, "Duration": 0.0},
        }
        return {"FileId": session.item.media_id} | {name: sections[name] for name in names}

    def _delete(self, given: dict[str, Any], _: Call) -> dict[str, Any]:
        session = self._file(given["FileId"], given.get("SubAppId"))
        if session is None:
            raise Refusal("ResourceNotFound", "The file does not exist.")
        for key in list(session.item.objects):
            self._cloud.remove(session.bucket, key)
        del self._cloud.files[session.item.media_id]
        self._cloud.world.media.remove(session.item)
        self._cloud.events.deleted(session)
        return {}

    def _sub_apps(self, given: dict[str, Any], _: Call) -> dict[str, Any]:
        settings = self._cloud.world.settings
        said = {"Status": "On", "Mode": "fileid+path" if settings.storage_paths else "fileid"}
        apps = [
            {"SubAppId": number, "SubAppIdName": f"app-{number}", "Name": f"app-{number}"} | said
            for number in settings.sub_apps
        ]
        wanted = [app for app in apps if given.get("Name") in (None, app["Name"])]
        start = given.get("Offset", 0)
        return {"SubAppIdInfoSet": wanted[start : start + given.get("Limit", 200)], "TotalCount": len(wanted)}

    def _regions(self, _: dict[str, Any], _call: Call) -> dict[str, Any]:
        regions = self._cloud.world.settings.storage_regions
        infos = [
            {
                "Region": region,
                "Description": region,
                "Status": "opened",
                "IsDefault": region == regions[0],
                "Area": "Chinese Mainland",
            }
            for region in regions
        ]
        return {"StorageRegionInfos": infos}


def certificate(account: Account, spell: Callable[[str], str]) -> dict[str, Any]:
    """A temporary credential as answers have it, names spelt in their way from `secretId` and so on."""
    fields = {
        "secretId": account.access_key,
        "secretKey": account.secret,
        "token": account.token,
        "expiredTime": int(account.expires_at or 0),
    }
    return {spell(name): value for name, value in fields.items()}


_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", re.ASCII)


def is_time(text: str) -> bool:
    """Whether a text is an ISO 8601 time with its zone."""
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def iso(seconds: float) -> str:
    """Unix seconds as the API writes times."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
