"""Stand-in for the requests of `volcengine.vod`: those of uploads, pulls and their jobs.

Decides names and types of their fields, in the order of the vendor's definition.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vodfast.compat.volcengine import other_calls
from vodfast.compat.volcengine.messages import FLAG, INT32, INT64, NUMBER, TEXT, Listed, Message
from vodfast.compat.volcengine.vod.models.business.vod_upload_pb2 import VodUrlUploadURLSet


class VodUploadMediaRequest(
    Message,
    SpaceName=TEXT,
    FilePath=TEXT,
    CallbackArgs=TEXT,
    Functions=TEXT,
    FileName=TEXT,
    StorageClass=INT32,
    FileExtension=TEXT,
    VodUploadSource=TEXT,
    UploadStrategy=INT32,
    ParallelNum=INT32,
    ClientNetWorkMode=TEXT,
    ClientIDCMode=TEXT,
    ExpireTime=TEXT,
    UploadHostPrefer=TEXT,
    ChunkSize=INT64,
    SupportParseManifest=FLAG,
):
    """What `VodService.upload_media` takes."""

    __slots__ = ()


class VodUploadMaterialRequest(
    Message,
    SpaceName=TEXT,
    FilePath=TEXT,
    CallbackArgs=TEXT,
    Functions=TEXT,
    FileType=TEXT,
    FileName=TEXT,
    FileExtension=TEXT,
    UploadStrategy=INT32,
    ParallelNum=INT32,
    ClientNetWorkMode=TEXT,
    ClientIDCMode=TEXT,
    UploadHostPrefer=TEXT,
    ChunkSize=INT64,
):
    """What `VodService.upload_material` takes."""

    __slots__ = ()


class VodUrlUploadRequest(
    Message,
    SpaceName=TEXT,
    URLSets=Listed(VodUrlUploadURLSet),
):
    """What `VodService.upload_media_by_url` takes."""

    __slots__ = ()


class VodApplyUploadInfoRequest(
    Message,
    SpaceName=TEXT,
    SessionKey=TEXT,
    FileSize=NUMBER,
    FileType=TEXT,
    FileName=TEXT,
    StorageClass=INT32,
    FileExtension=TEXT,
    ClientNetWorkMode=TEXT,
    ClientIDCMode=TEXT,
    NeedFallback=FLAG,
    UploadHostPrefer=TEXT,
):
    """What `VodService.apply_upload_info` takes."""

    __slots__ = ()


class VodCommitUploadInfoRequest(
    Message,
    SpaceName=TEXT,
    SessionKey=TEXT,
    CallbackArgs=TEXT,
    Functions=TEXT,
    VodUploadSource=TEXT,
    ExpireTime=TEXT,
):
    """What `VodService.commit_upload_info` takes."""

    __slots__ = ()


class VodQueryUploadTaskInfoRequest(
    Message,
    JobIds=TEXT,
):
    """What `VodService.query_upload_task_info` takes: `JobIds` is comma-separated."""

    __slots__ = ()


class VodParseUploadManifestRequest(
    Message,
    SpaceName=TEXT,
    ManifestType=TEXT,
    ManifestContent=TEXT,
):
    """What `VodService.parse_upload_manifest` takes."""

    __slots__ = ()


if not TYPE_CHECKING:  # a checker would believe every name to be here
    __getattr__ = partial(other_calls.message, __name__)
