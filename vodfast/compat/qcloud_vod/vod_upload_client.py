"""`VodUploadClient.upload`: one media file, with its cover or the files its manifest names, into Tencent Cloud VOD.

Decides how the official request becomes a call of the public client, and the checks with fixed texts that come before.
Leaves exceptions to `errors.py`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vodfast.compat.clients import shared_client
from vodfast.compat.qcloud_vod.common import FileUtil, StringUtil
from vodfast.compat.qcloud_vod.errors import official, sdk_exception, sdk_exception_class
from vodfast.compat.qcloud_vod.exception import VodClientException
from vodfast.compat.qcloud_vod.model import VodUploadRequest, VodUploadResponse
from vodfast.config import TransferConfig
from vodfast.errors import VodfastError
from vodfast.events import AnyEvent, EventSink, Progress
from vodfast.items import UploadResult
from vodfast.providers.tencent import UploadOptions
from vodfast.providers.tencent.media_types import PACKAGES

if TYPE_CHECKING:
    from vodfast.compat.tencentcloud.common.exception import TencentCloudSDKException

__all__ = [
    "FileUtil",
    "StringUtil",
    "TencentCloudSDKException",
    "VodClientException",
    "VodUploadClient",
    "VodUploadResponse",
    "logger",
    "logging",
    "os",
]

ProgressCallback = Callable[[int, int], None]

_RETRIES = 3
"""The official number of attempts, which stands for vodfast's own."""
_MOST_PARTS_AT_ONCE = 128

logger = logging.getLogger("qcloud_vod.vod_upload_client")


def __getattr__(name: str) -> Any:
    if name == "TencentCloudSDKException":  # which class that is depends on what is installed
        return sdk_exception_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class VodUploadClient:
    """Uploads with one pair of keys, and a token if they are temporary. Safe in many threads at once.

    `ignore_check` leaves out the checks and defaults below; `retry_time`, if it is changed, is the number of attempts
    for each request.
    """

    def __init__(self, secret_id: str, secret_key: str, token: str | None = None) -> None:
        self.secret_id = secret_id
        self.secret_key = secret_key
        self.token = token
        self.ignore_check = False
        self.retry_time = _RETRIES

    def upload(
        self, region: str, request: VodUploadRequest, progress_callback: ProgressCallback | None = None
    ) -> VodUploadResponse:
        """Upload what the request names and have the service take it over.

        `region` is where the service is asked, not where media are stored. `progress_callback` is told the bytes
        acknowledged so far and the bytes in all, of everything this call sends; it must not block.

        Raises:
            VodClientException: the request is incomplete, or a file of it cannot be sent.
            TencentCloudSDKException: the service refused or was not reached.
            CosServiceError, CosClientError: likewise the store; or a file changed while it was sent.
        """
        if not self.ignore_check:
            self._prefix_check_and_set_default_val(region, request)
        said = f"vod upload req = {request.to_json_string()}, region = {region}"
        logger.info(said)
        self._check_keys()
        try:
            result = self._upload(region, request, progress_callback)
        except VodfastError as error:
            raise official(error) from error.with_traceback(None)  # the engine's frames say nothing to a script
        response = VodUploadResponse.of(
            FileId=result.media_id,
            MediaUrl=result.url or "",
            CoverUrl=result.cover_url or "",
            RequestId=result.request_id,
        )
        said = f"vod upload CommitUpload rsp = {response.to_json_string()}"
        logger.info(said)
        return response

    @staticmethod
    def _prefix_check_and_set_default_val(region: str, request: VodUploadRequest) -> None:
        """The official checks in the official order, and the defaults written back to the request. Subclasses of
        scripts have their own.
        """
        if StringUtil.is_empty(region):
            raise VodClientException("lack region")
        if StringUtil.is_empty(request.MediaFilePath):
            raise VodClientException("lack media path")
        if not FileUtil.is_file_exist(request.MediaFilePath):
            raise VodClientException("media path is invalid")
        request.MediaType = request.MediaType or _type_of(request.MediaFilePath, "lack media type")
        request.MediaName = request.MediaName or FileUtil.get_file_name(request.MediaFilePath)
        if StringUtil.is_empty(request.CoverFilePath):
            return
        if not FileUtil.is_file_exist(request.CoverFilePath):
            raise VodClientException("cover path is invalid")
        request.CoverType = request.CoverType or _type_of(request.CoverFilePath, "lack cover type")

    def _upload(
        self, region: str, request: VodUploadRequest, progress_callback: ProgressCallback | None
    ) -> UploadResult:
        attempts = TransferConfig().attempts if self.retry_time == _RETRIES else max(1, self.retry_time)
        with shared_client(
            "tencent",
            self.secret_id,
            self.secret_key,
            self.token,
            place=None if request.SubAppId is None else str(request.SubAppId),
            settings={"region": region} if region else {},
            config=TransferConfig(attempts=attempts),
        ) as client:
            return client.upload(
                request.MediaFilePath,
                name=_name(request),
                title=request.MediaName or None,
                cover=(request.CoverFilePath or None) if request.CoverType else None,
                options=_options(request),
                force_new=True,  # the vendor makes a new media of every call
                events=_told(progress_callback),
            )

    def _check_keys(self) -> None:
        for name, value in (("id", self.secret_id), ("key", self.secret_key)):
            if value is None or not value.strip():
                raise sdk_exception("InvalidCredential", f"secret {name} should not be none or empty", None)
            if value != value.strip():
                raise sdk_exception("InvalidCredential", f"secret {name} should not contain spaces", None)


def _name(request: VodUploadRequest) -> str | None:
    """What a manifest goes by whose type is given and not to be seen from its path; None for the path's own name."""
    path, kind = os.fsdecode(request.MediaFilePath), str(request.MediaType).lower()
    if kind not in PACKAGES or FileUtil.get_file_type(path).lower() in PACKAGES:
        return None
    return f"{FileUtil.get_file_name(path)}.{kind}"


def _options(request: VodUploadRequest) -> UploadOptions:
    at_once = request.ConcurrentUploadNumber
    if at_once is not None and (isinstance(at_once, bool) or not isinstance(at_once, int) or at_once < 1):
        raise VodClientException("ConcurrentUploadNumber must be a whole number above 0")
    return UploadOptions(
        media_type=request.MediaType or None,
        cover_type=(request.CoverType or None) if request.CoverFilePath else None,
        procedure=request.Procedure,
        expire_time=request.ExpireTime or None,
        storage_region=request.StorageRegion or None,
        class_id=request.ClassId,
        source_context=request.SourceContext,
        session_context=request.SessionContext,
        ext_info=request.ExtInfo,
        media_storage_path=request.MediaStoragePath or None,
        part_concurrency=None if at_once is None else min(at_once, _MOST_PARTS_AT_ONCE),
    )


def _told(callback: ProgressCallback | None) -> EventSink | None:
    if not callback:
        return None

    def sink(event: AnyEvent) -> None:
        if isinstance(event, Progress):
            callback(event.done, event.total if event.total is not None else event.done)

    return sink


def _type_of(path: str, otherwise: str) -> str:
    extension = FileUtil.get_file_type(path)
    if not extension:
        raise VodClientException(otherwise)
    return extension
