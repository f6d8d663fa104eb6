"""What each VOD operation does to the account (protocol notes 4.1 to 4.10).

Decides the checks of values and the fields answered. Leaves authentication and the envelope to `vod.py`, bounds of
texts to `parameters.py`, pulled media to `jobs.py`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec

from vodfast.emulator.aliyun import parameters
from vodfast.emulator.aliyun.jobs import iso
from vodfast.emulator.aliyun.oss import object_url, storage_location
from vodfast.emulator.loopback import is_loopback
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.web_address import web_host

if TYPE_CHECKING:
    from vodfast.emulator.aliyun.cloud import AliyunCloud, Session
    from vodfast.emulator.buckets import Bucket

_VIDEO = (
    "mp4 ts 3gp mpg mpeg mpe dat vob asf avi wmv flv f4v rm rmvb mov mkv m3u8 dv gif m2t m4v mj2 mjpeg mts ogg qt swf "
    "webm aac ac3 acm aif aifc aiff amr ape caf flac m4a mp3 ra wav wma"
)
VIDEO = frozenset(_VIDEO.split())
IMAGE = frozenset(["png", "jpg", "jpeg", "gif", "heic", "webp"])
_ATTACHED = {
    "watermark": "png gif apng mov",
    "subtitle": "srt ass stl ttml vtt",
    "material": "jpg gif png mp4 mat zip apk",
}
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{6,64}")
_MARK = re.compile(r"[A-Za-z0-9_-]{1,50}")
_MARK_WINDOW = 600
"""Seconds a SessionId may not be used again (4.5)."""
_EXTEND = 512
"""Bytes of `Extend` (4.9)."""
_NESTED = {"MessageCallback": "CallbackURL", "AccelerateConfig": "Domain", "Extend": ""}
"""Objects in UserData, and their field that is an address."""
_FILE_URL = 1024
"""Bytes of an object's URL (4.7)."""


class Actions:
    """The operations, by name."""

    def __init__(self, cloud: AliyunCloud) -> None:
        self._cloud = cloud
        self._table: dict[str, Callable[[dict[str, str], Call], dict[str, Any]]] = {
            "CreateUploadVideo": self._create_video,
            "RefreshUploadVideo": self._refresh,
            "CreateUploadImage": self._create_image,
            "CreateUploadAttachedMedia": self._create_attached,
            "UploadMediaByURL": self._pull,
            "GetURLUploadInfos": lambda given, _: cloud.jobs.describe(*_asked(given, "UploadURLs")),
            "CancelUrlUploadJobs": lambda given, _: cloud.jobs.cancel(*_asked(given, "UploadUrls")),
            "RegisterMedia": self._register,
            "DeleteMultipartUpload": self._delete_parts,
            "GetMezzanineInfo": self._mezzanine,
            "GetVideoInfo": self._video,
            "SetMessageCallback": self._callback,
        }

    def perform(self, action: str, given: dict[str, str], call: Call) -> dict[str, Any]:
        """The fields of a successful answer, without RequestId.

        Raises:
            Refusal: with the operation's own codes.
        """
        return self._table[action](given, call)

    def _create_video(self, given: dict[str, str], call: Call) -> dict[str, Any]:
        file_type = _extension(given["FileName"])
        if file_type not in VIDEO:
            raise Refusal("InvalidFileName.Extension", "The file extension is illegal.")
        reference = given.get("ReferenceId")
        if reference is not None and (not _REFERENCE.fullmatch(reference) or reference in self._cloud.references):
            raise Refusal("InvalidParameter.ReferenceId", "The ReferenceId is not well formed, or in use.")
        session = self._open("video", given, file_type, call)
        if reference is not None:
            self._cloud.references[reference] = session
        return {"VideoId": session.item.media_id} | self._address(session)

    def _create_image(self, given: dict[str, str], call: Call) -> dict[str, Any]:
        if given["ImageType"] not in ("default", "cover", "watermark"):
            raise Refusal("InvalidParameter.ImageType", "The ImageType is not valid.")
        file_type = (given.get("ImageExt") or _extension(given.get("OriginalFileName", "")) or "png").lower()
        if file_type not in IMAGE:
            raise Refusal("InvalidParameter.ImageExt", "The ImageExt is not valid.")
        session = self._open("image", given, file_type, call)
        url = object_url(session.bucket, session.key)
        return {"ImageId": session.item.media_id, "ImageURL": url, "FileURL": url} | self._address(session)

    def _create_attached(self, given: dict[str, str], call: Call) -> dict[str, Any]:
        allowed = _ATTACHED.get(given["BusinessType"])
        if allowed is None:
            raise Refusal("InvalidParameter.BusinessType", "The BusinessType is not valid.")
        file_type = (given.get("MediaExt") or _extension(given.get("FileName", ""))).lower()
        if file_type not in allowed.split():
            raise Refusal("InvalidParameter.MediaExt", "The MediaExt is not valid for this BusinessType.")
        if not re.fullmatch(r"(?:\d{1,18}(?:,\d{1,18}){0,4})?", given.get("CateIds", ""), re.ASCII):
            raise Refusal("InvalidParameter.CateIds", "CateIds takes up to five numbers.")
        session = self._open("attached", given, file_type, call)
        url = object_url(session.bucket, session.key)
        return {"MediaId": session.item.media_id, "MediaURL": url, "FileURL": url} | self._address(session)

    def _open(self, kind: str, given: dict[str, str], file_type: str, call: Call) -> Session:
        bucket = self._bucket(given, call)
        data = _user_data(given.get("UserData"))
        endpoint = f"https://oss-{bucket.region}.aliyuncs.com"
        accelerate = data.get("AccelerateConfig")
        if isinstance(accelerate, dict) and accelerate.get("Domain"):
            endpoint = str(accelerate["Domain"])
        if is_loopback(call.request.host):
            # Whoever came by address has no way to the vendor's names.
            endpoint = f"http://{call.request.authority}"
        session = self._cloud.open_session(kind, given, file_type, bucket, endpoint)
        call.media_id = session.item.media_id
        return session

    def _bucket(self, given: dict[str, str], call: Call) -> Bucket:
        own = self._cloud.bucket_in(self._cloud.region_of(call.request.host))
        if given.get("StorageLocation") not in (None, storage_location(own)):
            raise Refusal("InvalidStorage.NotFound", "The StorageLocation does not exist in this region.")
        return own

    def _address(self, session: Session) -> dict[str, str]:
        account = self._cloud.certify(session)
        expires_at = account.expires_at or 0.0
        address = {"Endpoint": session.endpoint, "Bucket": session.bucket.name, "FileName": session.key}
        if session.key.endswith(".m3u8"):
            address["ObjectPrefix"] = session.directory
        auth = {
            "AccessKeyId": account.access_key,
            "AccessKeySecret": account.secret,
            "SecurityToken": account.token,
            "Expiration": str(max(int(expires_at - self._cloud.world.now()), 1)),
            "ExpireUTCTime": iso(expires_at),
            "Region": session.bucket.region,
        }
        return {"UploadAddress": _packed(address), "UploadAuth": _packed(auth)}

    def _refresh(self, given: dict[str, str], call: Call) -> dict[str, Any]:
        if "VideoId" in given:
            session = self._cloud.sessions.get(given["VideoId"])
        elif "ReferenceId" in given:
            session = self._cloud.references.get(given["ReferenceId"])
        else:
            raise Refusal("MissingParameter", "VideoId is mandatory for this action.")
        if session is None or session.kind != "video":
            raise Refusal("InvalidVideo.NotFound", "The video does not exist.")
        call.media_id = session.item.media_id
        return {"VideoId": session.item.media_id} | self._address(session)

    def _pull(self, given: dict[str, str], call: Call) -> dict[str, Any]:
        urls = given["UploadURLs"].split(",")
        if not 1 <= len(urls) <= 20:
            raise Refusal("InvalidParameter.UploadURLs", "UploadURLs takes 1 to 20 addresses.")
        entries = [
            parameters.check_entry("UploadMetadatas", one) for one in _objects(given.get("UploadMetadatas", "[]"))
        ]
        metadata = {entry.get("SourceURL"): entry for entry in entries}
        bucket = self._bucket(given, call)
        _user_data(given.get("UserData"))
        shared = {name: value for name, value in given.items() if name not in ("UploadURLs", "UploadMetadatas")}
        plans = []
        for url in urls:
            if not web_host(unquote(url)):
                raise Refusal("InvalidParameter.UploadURLs", "An address is not http or https, or not percent-encoded.")
            source = urlsplit(unquote(url))
            entry = metadata.get(url, {})
            if entry and not entry.get("Title"):
                raise Refusal("MissingParameter", "Title is mandatory in UploadMetadatas.")
            file_type = (entry.get("FileExtension") or _extension(source.path)).lower()
            if file_type not in VIDEO:
                raise Refusal("InvalidFileName.Extension", "The file extension is illegal.")
            title = entry.get("Title") or source.path.rpartition("/")[2]
            plans.append((url, file_type, shared | entry | {"Title": title}))
        mark = given.get("SessionId")
        if mark is not None and not (_MARK.fullmatch(mark) and self._cloud.jobs.claim(mark, _MARK_WINDOW)):
            raise Refusal("InvalidParameter.SessionId", "The SessionId is not well formed, or was used just now.")
        jobs = []
        for url, file_type, fields in plans:
            session = self._cloud.open_session("video", fields, file_type, bucket, "")
            jobs.append({"JobId": self._cloud.jobs.submit(url, session).job_id, "SourceURL": url})
        return {"UploadJobs": jobs}

    def _register(self, given: dict[str, str], _: Call) -> dict[str, Any]:
        entries = [parameters.check_entry("RegisterMetadatas", one) for one in _objects(given["RegisterMetadatas"])]
        if not 1 <= len(entries) <= 10:
            raise Refusal("InvalidParameter.RegisterMetadatas", "RegisterMetadatas takes 1 to 10 objects.")
        if any(not entry.get("FileURL") or not entry.get("Title") for entry in entries):
            raise Refusal("MissingParameter", "FileURL and Title are mandatory in RegisterMetadatas.")
        if any(len(entry["FileURL"].encode(errors="surrogatepass")) > _FILE_URL for entry in entries):
            raise Refusal("LengthExceededMax", f"FileURL is longer than {_FILE_URL} bytes.")
        _user_data(given.get("UserData"))
        done, failed = [], []
        shared = {name: value for name, value in given.items() if name != "RegisterMetadatas"}
        for entry in entries:
            url = entry["FileURL"]
            found = self._registered(url, shared | entry)
            if found is None:
                failed.append(url)
            else:
                session, new = found
                done.append({"FileURL": url, "MediaId": session.item.media_id, "NewRegister": new})
        return {"RegisteredMediaList": done, "FailedFileURLs": failed}

    def _registered(self, url: str, fields: dict[str, str]) -> tuple[Session, bool] | None:
        host, _, path = (url.partition("://")[2] if "://" in url else url).partition("/")
        key = unquote(path)
        for bucket in self._cloud.buckets.values():
            if storage_location(bucket) == host and key in bucket.objects:
                return self._cloud.adopt(bucket, key, fields)
        return None

    def _delete_parts(self, given: dict[str, str], call: Call) -> dict[str, Any]:
        session = self._cloud.sessions.get(given["MediaId"])
        if given["MediaType"] != "video":
            raise Refusal("InvalidParameter.MediaType", "The MediaType is not valid.")
        if session is None or session.kind != "video":
            raise Refusal("InvalidVideo.NotFound", "The video does not exist.", 400)
        call.media_id = session.item.media_id
        open_ids = [name for name, upload in session.bucket.uploads.items() if upload.key == session.key]
        if not open_ids:
            raise Refusal("InvalidMultipartUpload.NotFound", "The multipart upload does not exist.")
        for upload_id in open_ids:
            self._cloud.abort_upload(session.bucket, upload_id)
        return {}

    def _find(self, given: dict[str, str], call: Call) -> Session:
        session = self._cloud.sessions.get(given["VideoId"])
        if session is None or session.kind != "video":
            raise Refusal("InvalidVideo.NotFound", "The video does not exist.")
        call.media_id = session.item.media_id
        return session

    def _mezzanine(self, given: dict[str, str], call: Call) -> dict[str, Any]:
        session = self._find(given, call)
        stored = session.bucket.objects.get(session.key)
        mezzanine = {
            "VideoId": session.item.media_id,
            "Status": "Normal" if stored else "Uploading",
            "Size": stored.content.size if stored else 0,
            "FileName": session.key,
            "FileURL": object_url(session.bucket, session.key),
            "Duration": "0.0",
            "CreationTime": iso(session.created),
            "OutputType": given.get("OutputType", "oss"),
        }
        return {"Mezzanine": mezzanine}

    def _video(self, given: dict[str, str], call: Call) -> dict[str, Any]:
        session = self._find(given, call)
        stored = session.bucket.objects.get(session.key)
        fields = session.fields
        video = {
            "VideoId": session.item.media_id,
            "Title": session.item.name,
            "Description": fields.get("Description", ""),
            "Tags": fields.get("Tags", ""),
            "CateId": int(fields.get("CateId", "0")),
            "CoverURL": fields.get("CoverURL", ""),
            "Status": session.status,
            "Size": stored.content.size if stored else 0,
            "Duration": 0.0,
            "CreationTime": iso(session.created),
            "ModificationTime": iso(stored.stored if stored else session.created),
            "StorageLocation": storage_location(session.bucket),
            "AppId": fields.get("AppId", "app-1000000"),
            "ReferenceId": fields.get("ReferenceId", ""),
            "TemplateGroupId": fields.get("TemplateGroupId", ""),
            "UserData": fields.get("UserData", ""),
        }
        return {"Video": video}

    def _callback(self, given: dict[str, str], _: Call) -> dict[str, Any]:
        if given["CallbackType"] not in ("HTTP", "MNS"):
            raise Refusal("InvalidParameter.CallbackType", "The CallbackType is not valid.")
        http = given["CallbackType"] == "HTTP"
        if http and not web_host(given.get("CallbackURL", "")):
            raise Refusal("InvalidParameter.CallbackURL", "The CallbackURL is not valid.")
        if not http and not (given.get("MnsEndpoint") and given.get("MnsQueueName")):
            raise Refusal("MissingParameter", "MnsEndpoint and MnsQueueName are mandatory for this CallbackType.")
        if given.get("AuthSwitch", "off") not in ("on", "off") or len(given.get("AuthKey", "")) > 32:
            raise Refusal("InvalidParameter", "AuthSwitch or AuthKey is not valid.")
        self._cloud.events.configure(given)
        return {}


def _asked(given: dict[str, str], urls: str) -> tuple[list[str], list[str]]:
    """Job ids and URLs, of which the ids count if both are given, up to ten each."""
    ids = [one for one in given.get("JobIds", "").split(",") if one]
    addresses = [one for one in given.get(urls, "").split(",") if one]
    if not ids and not addresses:
        raise Refusal("MissingParameter", f"JobIds or {urls} is mandatory for this action.")
    if len(ids or addresses) > 10:
        raise Refusal("InvalidParameter", "At most 10 jobs can be named.")
    return ids, addresses if not ids else []


def _extension(name: str) -> str:
    _, dot, last = name.rpartition("/")[2].rpartition(".")
    return last.lower() if dot else ""


def _packed(fields: dict[str, Any]) -> str:
    return base64.b64encode(msgspec.json.encode(fields)).decode()


def _objects(text: str) -> list[dict[str, Any]]:
    try:
        return msgspec.json.decode(text, type=list[dict[str, Any]])
    except (msgspec.DecodeError, RecursionError):
        raise Refusal("InvalidParameter", "A parameter is not the JSON text of an array of objects.") from None


def _user_data(text: str | None) -> dict[str, Any]:
    """UserData, whose nested values come as objects or as JSON text in text (4.9)."""
    if text is None:
        return {}
    try:
        fields = msgspec.json.decode(text, type=dict[str, Any])
        for name, value in fields.items():
            fields[name] = msgspec.json.decode(value) if isinstance(value, str) else value
    except (msgspec.DecodeError, RecursionError):
        raise Refusal("InvalidParameter.UserData", "UserData is not the JSON text of an object.") from None
    for name, key in _NESTED.items():
        if not isinstance(fields.get(name, {}), dict):
            raise Refusal("InvalidParameter.UserData", f"{name} in UserData is not an object.")
        if key and not web_host(fields.get(name, {}).get(key, "http://none/")):
            raise Refusal("InvalidParameter.UserData", f"{key} in UserData is not an http address.")
    if len(msgspec.json.encode(fields.get("Extend", {}))) > _EXTEND:
        raise Refusal("LengthExceededMax", f"Extend is longer than {_EXTEND} bytes.")
    return fields
