"""Bodies of the Tencent Cloud VOD API 2018-07-17 as they stand on the wire.

Shapes only: names, types and which fields are optional (sections 2.6 to 2.9 of the protocol notes). Leaves checks to
`protocol.py` and the emulator's own rules to the emulator.
"""

from __future__ import annotations

import msgspec


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """Common form: PascalCase names, unset parameters left out (never null). Values stay out of the repr: some of
    them are keys."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class ApplyUploadRequest(Body, frozen=True, kw_only=True):
    media_type: str
    sub_app_id: int | None = None
    media_name: str | None = None
    cover_type: str | None = None
    procedure: str | None = None
    expire_time: str | None = None
    storage_region: str | None = None
    class_id: int | None = None
    source_context: str | None = None
    session_context: str | None = None
    ext_info: str | None = None
    media_storage_path: str | None = None


class TempCertificate(Body, frozen=True, kw_only=True):
    secret_id: str
    secret_key: str
    token: str
    expired_time: int


class ApplyUploadResponse(Body, frozen=True, kw_only=True):
    storage_bucket: str
    storage_region: str
    vod_session_key: str
    media_storage_path: str
    cover_storage_path: str | None = None
    temp_certificate: TempCertificate | None = None


class CommitUploadRequest(Body, frozen=True, kw_only=True):
    vod_session_key: str
    sub_app_id: int | None = None


class CommitUploadResponse(Body, frozen=True, kw_only=True):
    file_id: str
    media_url: str | None = None
    cover_url: str | None = None


class ParseStreamingManifestRequest(Body, frozen=True, kw_only=True):
    media_manifest_content: str
    manifest_type: str


class ParseStreamingManifestResponse(Body, frozen=True, kw_only=True):
    media_segment_set: list[str] | None = None


class PullUploadRequest(Body, frozen=True, kw_only=True):
    media_url: str
    media_type: str | None = None
    sub_app_id: int | None = None
    media_name: str | None = None
    cover_url: str | None = None
    procedure: str | None = None
    expire_time: str | None = None
    storage_region: str | None = None
    class_id: int | None = None
    tasks_priority: int | None = None
    session_context: str | None = None
    session_id: str | None = None
    ext_info: str | None = None
    source_context: str | None = None
    media_storage_path: str | None = None


class PullUploadResponse(Body, frozen=True, kw_only=True):
    task_id: str


class DescribeTaskDetailRequest(Body, frozen=True, kw_only=True):
    task_id: str
    sub_app_id: int | None = None


class PullUploadTask(Body, frozen=True, kw_only=True):
    """Only what is used: the service answers null for much of the rest, and the whole answer is kept as plain data."""

    err_code: int | None = None
    message: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    progress: int | None = None


class DescribeTaskDetailResponse(Body, frozen=True, kw_only=True):
    status: str
    pull_upload_task: PullUploadTask | None = None


class DescribeMediaInfosRequest(Body, frozen=True, kw_only=True):
    file_ids: list[str]
    sub_app_id: int | None = None
    filters: list[str] | None = None


class MediaBasicInfo(Body, frozen=True, kw_only=True):
    """Only what is used, as above."""

    name: str | None = None
    create_time: str | None = None
    cover_url: str | None = None
    media_url: str | None = None
    status: str | None = None


class MediaMetaData(Body, frozen=True, kw_only=True):
    size: int | None = None
    duration: float | None = None


class MediaInfo(Body, frozen=True, kw_only=True):
    file_id: str
    basic_info: MediaBasicInfo | None = None
    meta_data: MediaMetaData | None = None


class DescribeMediaInfosResponse(Body, frozen=True, kw_only=True):
    media_info_set: list[MediaInfo] | None = None


class ModifyEventConfigRequest(Body, frozen=True, kw_only=True):
    mode: str | None = None
    notification_url: str | None = None
    upload_media_complete_event_switch: str | None = None
    sign_key: str | None = None
    sub_app_id: int | None = None


class DescribeStorageRegionsRequest(Body, frozen=True, kw_only=True):
    sub_app_id: int | None = None


class ErrorBody(Body, frozen=True, kw_only=True):
    code: str
    message: str = ""


class ErrorResponse(Body, frozen=True, kw_only=True):
    """The fields of any answer that tell success from failure."""

    error: ErrorBody | None = None
    request_id: str | None = None


class Envelope(Body, frozen=True, kw_only=True):
    """What every answer is wrapped in; the inside is read in a second step, when it is known to be no error."""

    response: msgspec.Raw
