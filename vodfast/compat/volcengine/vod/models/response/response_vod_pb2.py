"""Stand-in for the responses of `volcengine.vod`: those of uploads, pulls and their jobs.

Decides names and types of their fields. What the service left out reads as "", 0 or empty.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vodfast.compat.volcengine import other_calls
from vodfast.compat.volcengine.base.models.base.base_pb2 import ResponseMetadata
from vodfast.compat.volcengine.messages import Message
from vodfast.compat.volcengine.vod.models.business.vod_upload_pb2 import (
    VodApplyUploadInfoResult,
    VodCommitUploadInfoResult,
    VodParseUploadManifestResult,
    VodQueryData,
    VodUrlResponseData,
)


class VodApplyUploadInfoResponse(
    Message,
    ResponseMetadata=ResponseMetadata,
    Result=VodApplyUploadInfoResult,
):
    """What `apply_upload_info` answers."""

    __slots__ = ()


class VodCommitUploadInfoResponse(
    Message,
    ResponseMetadata=ResponseMetadata,
    Result=VodCommitUploadInfoResult,
):
    """What `upload_media` and `upload_material` answer."""

    __slots__ = ()


class VodUrlUploadResponse(
    Message,
    ResponseMetadata=ResponseMetadata,
    Result=VodUrlResponseData,
):
    """What `upload_media_by_url` answers."""

    __slots__ = ()


class VodQueryUploadTaskInfoResponse(
    Message,
    ResponseMetadata=ResponseMetadata,
    Result=VodQueryData,
):
    """What `query_upload_task_info` answers."""

    __slots__ = ()


class VodParseUploadManifestResponse(
    Message,
    ResponseMetadata=ResponseMetadata,
    Result=VodParseUploadManifestResult,
):
    """What `parse_upload_manifest` answers."""

    __slots__ = ()


if not TYPE_CHECKING:  # a checker would believe every name to be here
    __getattr__ = partial(other_calls.message, __name__)
