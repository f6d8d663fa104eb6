"""`AliyunVodUploader`: the uploads of Alibaba's upload SDK, made by vodfast.

Decides the parameters of the call that opens an upload, and what comes back, as the vendor's class does. Leaves that
call to `AcsClient`, and the bytes to the public client: it goes on with the upload that was opened.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import queue
import tempfile
import time  # noqa: F401  # the modules that scripts get from here beside the class
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from vodfast.compat.aliyunsdkcore import client
from vodfast.compat.aliyunsdkcore.auth.credentials import KeyCredential, keys_of
from vodfast.compat.aliyunsdkcore.request import AcsRequest
from vodfast.compat.aliyunsdkvod.request.v20170321 import (
    CreateUploadAttachedMediaRequest,
    CreateUploadImageRequest,
    CreateUploadVideoRequest,
    RefreshUploadVideoRequest,
)
from vodfast.compat.clients import shared_client
from vodfast.compat.voduploadsdk import playlists, web_source
from vodfast.compat.voduploadsdk.AliyunVodUtils import *  # noqa: F403  # scripts import everything from here, too
from vodfast.compat.voduploadsdk.AliyunVodUtils import (
    INTERNAL_REGIONS,
    AliyunVodException,
    AliyunVodUtils,
    catch_error,
    logger,
)
from vodfast.compat.voduploadsdk.media_request import MediaRequest
from vodfast.compat.voduploadsdk.UploadAttachedMediaRequest import UploadAttachedMediaRequest
from vodfast.compat.voduploadsdk.UploadImageRequest import UploadImageRequest
from vodfast.compat.voduploadsdk.UploadVideoRequest import UploadVideoRequest
from vodfast.config import GIB, MIB, TransferConfig
from vodfast.events import AnyEvent, Progress
from vodfast.items import SourceLike, UploadItem
from vodfast.packages import listing
from vodfast.providers.aliyun import UploadOptions, UploadToken

VOD_MAX_TITLE_LENGTH = 128
VOD_MAX_DESCRIPTION_LENGTH = 1024
_DOWNLOADS = 8
"""Segments fetched at a time."""

Info = dict[str, Any]
StartCallback = Callable[[str | None, Info], object]
"""Told the request's `uploadId` and the answer that opened the upload, before the first byte."""
_OPENINGS: Final[Mapping[str, tuple[Callable[[], AcsRequest], str]]] = {
    "video": (CreateUploadVideoRequest.CreateUploadVideoRequest, "VideoId"),
    "image": (CreateUploadImageRequest.CreateUploadImageRequest, "ImageId"),
    "attached": (CreateUploadAttachedMediaRequest.CreateUploadAttachedMediaRequest, "MediaId"),
}
"""The request that opens an upload of each media type, and the name of the id in its answer."""


class AliyunVodUploader:
    """Uploads with one account. Subclass it to see progress in `uploadProgressCallback`."""

    def __init__(self, accessKeyId: str | None, accessKeySecret: str | None, ecsRegionId: str | None = None) -> None:
        self._given = (accessKeyId, accessKeySecret)
        self._ecs_region = ecsRegionId
        self._threshold = self._part_size = 10 * MIB
        self.setApiRegion("cn-shanghai")

    def setApiRegion(self, apiRegion: str) -> None:
        """From now on, media are made in that region.

        Raises:
            ClientException: there are no keys.
        """
        self._vod = client.AcsClient(*self._given, apiRegion)

    def setMultipartUpload(
        self,
        multipartThreshold: int = 10 * MIB,
        multipartPartSize: int = 10 * MIB,
        multipartThreadsNum: int = 1,  # noqa: ARG002  # said below
    ) -> None:
        """Files above the threshold go in parts of that size; how many at a time is vodfast's to find out."""
        self._threshold = multipartThreshold if multipartThreshold > 0 else self._threshold
        self._part_size = multipartPartSize if multipartPartSize > 0 else self._part_size

    def setEnableCrc(self, isEnable: bool = False) -> None:
        """No effect: checksums are compared always, and cost next to nothing."""

    def uploadProgressCallback(self, consumedBytes: int, totalBytes: int | None) -> None:
        """For subclasses: bytes that have arrived, and all of them, if that is known."""

    @catch_error
    def uploadLocalVideo(
        self,
        uploadVideoRequest: UploadVideoRequest,
        startUploadCallback: StartCallback | None = None,
    ) -> Info:
        """Upload a file, and what it names if it is a playlist; the answer that opened the upload, with address and
        credentials decoded.
        """
        path = AliyunVodUtils.toUnicode(uploadVideoRequest.filePath)
        size = _readable(path)
        if _is_playlist(uploadVideoRequest):
            listing.collect(path, "m3u8")  # as below
        return self._upload_video(uploadVideoRequest, path, startUploadCallback, size)

    @catch_error
    def uploadWebVideo(
        self,
        uploadVideoRequest: UploadVideoRequest,
        startUploadCallback: StartCallback | None = None,
    ) -> str:
        """Upload what a URL has, as it comes in; the VideoId. Playlists are `uploadWebM3u8`'s."""
        if _is_playlist(uploadVideoRequest):
            said = "a playlist goes with what it names: use uploadWebM3u8"
            raise AliyunVodException("ParameterError", "InvalidParameter", said)
        with _web_file(uploadVideoRequest.filePath) as pieces:
            return str(self._upload_video(uploadVideoRequest, pieces, startUploadCallback)["VideoId"])

    @catch_error
    def uploadLocalM3u8(self, uploadVideoRequest: UploadVideoRequest, sliceFilePaths: list[str] | None = None) -> str:
        """Upload a playlist and its segments, from beside it or from `sliceFilePaths`; the VideoId."""
        index = Path(AliyunVodUtils.toUnicode(uploadVideoRequest.filePath))
        text = index.read_text("utf-8-sig")
        given = self.parseLocalM3u8(str(index)) if sliceFilePaths is None else sliceFilePaths
        slices = [AliyunVodUtils.toUnicode(one) for one in _slices(given, "files")]
        for path in slices:
            os.stat(path)  # before an upload is opened
        rewritten = sliceFilePaths is not None and playlists.leads_out(text)
        others = None if rewritten else playlists.not_named(index, text, slices)
        if others is not None:
            return self._upload_playlist(uploadVideoRequest, index, {playlists.file_name(one): one for one in others})
        named, more = playlists.by_name(text, slices)
        beside = {path: str(index.parent / path) for path in playlists.tagged(text)}
        with tempfile.TemporaryDirectory(prefix="vodfast-") as folder:
            put = {name: playlists.linked(path) for name, path in (beside | named).items() if os.path.isfile(path)}
            own = playlists.gathered(Path(folder), text, os.path.basename(uploadVideoRequest.fileName), put)
            return self._upload_playlist(uploadVideoRequest, own, more)

    @catch_error
    def uploadWebM3u8(self, uploadVideoRequest: UploadVideoRequest, sliceFileUrls: list[str] | None = None) -> str:
        """The same for a playlist behind a URL; it and its segments are fetched first."""
        url = uploadVideoRequest.filePath
        text = web_source.text(url)
        given = self.parseWebM3u8(url) if sliceFileUrls is None else sliceFileUrls
        named, others = playlists.by_name(text, _slices(given, "urls"))
        beside = {path: urllib.parse.urljoin(url, uri) for path, uri in playlists.tagged(text).items()}
        wanted = beside | named | others
        with tempfile.TemporaryDirectory(prefix="vodfast-") as folder:
            own = playlists.gathered(Path(folder), text, os.path.basename(uploadVideoRequest.fileName), {})
            files = {path: own.parent / path for path in wanted}
            with ThreadPoolExecutor(_DOWNLOADS) as pool:
                for _ in pool.map(_save, wanted.values(), files.values()):
                    pass
            return self._upload_playlist(uploadVideoRequest, own, {name: str(files[name]) for name in others})

    @catch_error
    def uploadImage(self, uploadImageRequest: UploadImageRequest, isLocalFile: bool = True) -> tuple[str, str]:
        """Upload an image from a path, or from a URL; its ImageId and ImageURL."""
        request = uploadImageRequest
        own = {"ImageType": request.imageType, "ImageExt": request.imageExt, "CateId": request.cateId}
        with _source(request, isLocalFile) as source:
            info = self._open(request, own, "image")
            self._upload(request, source, info)
        return info["ImageId"], info["ImageURL"]

    @catch_error
    def uploadAttachedMedia(
        self, uploadAttachedRequest: UploadAttachedMediaRequest, isLocalFile: bool = True
    ) -> dict[str, str]:
        """Upload a watermark, subtitle or material; its MediaId, MediaURL and FileURL."""
        request = uploadAttachedRequest
        own = {"BusinessType": request.businessType, "MediaExt": request.mediaExt, "CateIds": request.cateId}
        with _source(request, isLocalFile) as source:
            info = self._open(request, own, "attached")
            self._upload(request, source, info, kind=request.businessType)
        return {name: info[name] for name in ("MediaId", "MediaURL", "FileURL")}

    @catch_error
    def parseLocalM3u8(self, m3u8FilePath: str) -> list[str]:
        """The paths of a playlist's segments, taken to lie beside it."""
        path = AliyunVodUtils.toUnicode(m3u8FilePath)
        return playlists.named_by(path, Path(path).read_text("utf-8-sig"))

    @catch_error
    def parseWebM3u8(self, m3u8FileUrl: str) -> list[str]:
        """The URLs of a playlist's segments, taken to lie beside it."""
        return playlists.named_by(m3u8FileUrl, web_source.text(m3u8FileUrl))

    # Opening an upload.

    def _open_video(self, request: UploadVideoRequest, size: int | None = None) -> Info:
        own = {
            "FileName": os.path.basename(request.fileName),
            "FileSize": size,
            "CoverURL": request.coverURL,
            "CateId": request.cateId,
            "TemplateGroupId": request.templateGroupId,
            "WorkflowId": request.workflowId,
        }
        return self._open(request, own, "video")

    def _open(self, request: MediaRequest, own: Info, media_type: str) -> Info:
        """The answer of a CreateUpload operation, with what the vendor's class adds to it."""
        said = {
            "Title": AliyunVodUtils.subString(request.title or "", VOD_MAX_TITLE_LENGTH),
            "Description": AliyunVodUtils.subString(request.description or "", VOD_MAX_DESCRIPTION_LENGTH),
            "Tags": request.tags,
            "StorageLocation": request.storageLocation,
            "UserData": request.userData,
            "AppId": request.appId,
        }
        kind, own_id = _OPENINGS[media_type]
        opening = kind()
        for name, value in (said | own).items():
            if value:
                opening.add_query_param(name, value)
        info: Info = json.loads(self._vod.do_action_with_exception(opening))
        for name in ("UploadAddress", "UploadAuth"):
            info[f"Ori{name}"] = info[name]
            info[name] = json.loads(base64.b64decode(info[name]))
        info |= {"MediaType": media_type, "MediaId": info[own_id]}
        if media_type == "image":
            info["MediaURL"] = info["ImageURL"]
        path = web_source.shown_path(os.fsdecode(request.filePath))
        logger.info("%s, FilePath: %s, %s: %s", opening.get_action_name(), path, own_id, info["MediaId"])
        return info

    # Filling it.

    def _upload_video(
        self, request: UploadVideoRequest, source: SourceLike, start: StartCallback | None, size: int | None = None
    ) -> Info:
        info = self._open_video(request, size)
        if start:
            start(request.uploadId, info)
        self._upload(request, source, info)
        return info

    def _upload(
        self, request: MediaRequest, source: SourceLike, info: Info, *, kind: str = "media", name: str | None = None
    ) -> None:
        opened: Info = {part: info[part] for part in ("RequestId", "VideoId", "ImageId", "MediaURL") if part in info}
        for part in ("UploadAddress", "UploadAuth"):  # as they stand: the start callback may have changed them
            opened[part] = base64.b64encode(json.dumps(info[part]).encode()).decode()
        if info["MediaType"] == "attached":
            opened["MediaId"] = info["MediaId"]
        watermark = getattr(request, "isShowWatermark", None)
        options = UploadOptions(token=UploadToken.of(json.dumps(opened)), watermark=watermark)
        events: queue.SimpleQueue[AnyEvent | None] = queue.SimpleQueue()
        settings = self._vod._settings(RefreshUploadVideoRequest.RefreshUploadVideoRequest())
        settings["network"] = self._network(info["UploadAddress"]["Endpoint"])
        item = UploadItem(
            source=source,
            name="".join(filter(str.isprintable, name or os.path.basename(request.fileName))),  # it was sent before
            kind="image" if info["MediaType"] == "image" else kind,
            options=options,
        )
        account = client.credential_of(*self._given)
        assert isinstance(account, KeyCredential)
        with shared_client("aliyun", *keys_of(account), settings=settings, config=self._config(source)) as opener:
            upload = opener.begin(item, events=events.put)
            upload.when_done(lambda: events.put(None))
            try:
                while (event := events.get()) is not None:
                    if isinstance(event, Progress):
                        self.uploadProgressCallback(event.done, event.total)
            except BaseException:
                upload.cancel()
                raise
            upload.result()
        where = info["UploadAddress"]
        bucket = where["Endpoint"].replace("://", f"://{where['Bucket']}.")
        path = web_source.shown_path(os.fsdecode(request.filePath))
        done = info["MediaType"], info["MediaId"], path, bucket, where["FileName"]
        logger.info("UploadFile %s Finish, MediaId: %s, FilePath: %s, Destination: %s/%s", *done)

    def _upload_playlist(self, request: UploadVideoRequest, index: Path, others: Mapping[str, str]) -> str:
        """A playlist with what it names, after the `others` that are wanted beside it, by their names."""
        listing.collect(str(index), "m3u8")  # what cannot be taken along is found out before an upload is opened
        info = self._open_video(request)
        address = info["UploadAddress"]
        for name, path in others.items():
            own = info | {"UploadAddress": address | {"FileName": f"{address['ObjectPrefix']}{name}"}}
            self._upload(request, path, own, name=name)
        self._upload(request, index, info, name=index.name)
        return str(info["VideoId"])

    def _network(self, endpoint: str) -> str:
        """The inner one for a bucket in the region of this machine."""
        inside = self._ecs_region in INTERNAL_REGIONS and f"oss-{self._ecs_region}.aliyuncs.com" in endpoint
        return "internal" if inside else "given"

    def _config(self, source: SourceLike) -> TransferConfig:
        """Parts as set; one put for whatever is not above the threshold."""
        whole = isinstance(source, (str, Path)) and os.path.getsize(source) <= self._threshold
        size = max(self._threshold, self._part_size) if whole else self._part_size
        return TransferConfig(part_size=min(max(size, MIB), 5 * GIB), resume=False)


def _is_playlist(request: UploadVideoRequest) -> bool:
    return request.fileName.endswith(".m3u8")


def _readable(path: str) -> int:
    """The size of a file that can be read, found out before an upload is opened for it."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
    if not size:
        raise _empty(path)
    return size


def _empty(source: str) -> AliyunVodException:
    return AliyunVodException("ParameterError", "InvalidParameter", f"{source} is empty: the service cannot process it")


@contextlib.contextmanager
def _web_file(url: str) -> Iterator[Iterator[bytes]]:
    """What a URL has; its first bytes are there before an upload is opened for it."""
    with web_source.opened(url) as pieces:
        first = next(filter(None, pieces), None)
        if first is None:
            raise _empty(url)
        yield itertools.chain([first], pieces)


@contextlib.contextmanager
def _source(request: MediaRequest, local: bool) -> Iterator[SourceLike]:
    """The file of a request, known to be there before an upload is opened for it."""
    if local:
        path = AliyunVodUtils.toUnicode(request.filePath)
        _readable(path)
        yield path
    else:
        with _web_file(request.filePath) as pieces:
            yield pieces


def _slices(slices: object, kind: str) -> list[str]:
    if not isinstance(slices, list) or not slices:
        said = f"there must be a list of at least one of the {kind} the playlist names"
        raise AliyunVodException("InvalidM3u8SliceFile", f"M3u8 slice {kind} invalid", said)
    return slices


def _save(url: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        web_source.save(url, path)
    except web_source.NotFetched as error:
        raise AliyunVodException("FileDownloadError", "Download M3u8 File Error", str(error)) from None
