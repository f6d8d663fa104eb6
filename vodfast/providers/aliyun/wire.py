"""Bodies of the ApsaraVideo VOD API 2017-03-21 as they stand on the wire.

Shapes only: names, types and which fields are optional (section 4 of the protocol notes). Leaves checks to `checks.py`
and the emulator's own rules to the emulator. Requests are flat parameters; what is structured in them is JSON text.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any

import msgspec


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """Common form: PascalCase names, unset fields left out. Values stay out of the repr: some of them are keys."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class CreateUploadResponse(Body, frozen=True, kw_only=True):
    """Of CreateUploadVideo, RefreshUploadVideo, CreateUploadImage and CreateUploadAttachedMedia together: each answers
    one of the ids."""

    upload_address: str
    upload_auth: str
    video_id: str | None = None
    image_id: str | None = None
    media_id: str | None = None
    image_url: str | None = msgspec.field(default=None, name="ImageURL")
    media_url: str | None = msgspec.field(default=None, name="MediaURL")
    file_url: str | None = msgspec.field(default=None, name="FileURL")


class UploadAddress(Body, frozen=True, kw_only=True):
    """`endpoint` comes with its scheme; `file_name` is the object key. `object_prefix` is said for HLS only: what the
    keys of its members begin with."""

    endpoint: str
    bucket: str
    file_name: str
    object_prefix: str | None = None


class UploadAuth(Body, frozen=True, kw_only=True):
    """`expiration` is a number of seconds as text or number, not a date."""

    access_key_id: str
    access_key_secret: str
    security_token: str
    expiration: str | int | None = None
    expire_utc_time: str | None = msgspec.field(default=None, name="ExpireUTCTime")
    region: str | None = None


class UserData(Body, frozen=True, kw_only=True):
    message_callback: MessageCallback | None = None
    extend: dict[str, Any] | None = None
    accelerate_config: AccelerateConfig | None = None


class MessageCallback(Body, frozen=True, kw_only=True):
    callback_url: str = msgspec.field(name="CallbackURL")
    callback_type: str


class AccelerateConfig(Body, frozen=True, kw_only=True):
    type: str
    domain: str


class UploadMetadata(Body, frozen=True, kw_only=True):
    """One entry of `UploadMetadatas`; `source_url` is encoded exactly as in `UploadURLs`."""

    source_url: str = msgspec.field(name="SourceURL")
    title: str
    file_size: int | None = None
    description: str | None = None
    cover_url: str | None = msgspec.field(default=None, name="CoverURL")
    cate_id: int | None = None
    tags: str | None = None
    template_group_id: str | None = None
    workflow_id: str | None = None
    file_extension: str | None = None


class UploadJob(Body, frozen=True, kw_only=True):
    job_id: str
    source_url: str | None = msgspec.field(default=None, name="SourceURL")


class UploadMediaByUrlResponse(Body, frozen=True, kw_only=True):
    upload_jobs: list[UploadJob]


class UrlUploadInfo(Body, frozen=True, kw_only=True):
    """Only what is used; the whole entry is kept as plain data."""

    job_id: str
    status: str = ""
    upload_url: str | None = msgspec.field(default=None, name="UploadURL")
    media_id: str | None = None
    creation_time: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class GetUrlUploadInfosResponse(Body, frozen=True, kw_only=True):
    infos: list[UrlUploadInfo] | None = msgspec.field(default=None, name="URLUploadInfoList")
    non_exists: list[str] | None = None


class CancelUrlUploadJobsResponse(Body, frozen=True, kw_only=True):
    canceled_jobs: list[str] | None = None
    non_exists: list[str] | None = None


class RegisterMetadata(Body, frozen=True, kw_only=True):
    file_url: str = msgspec.field(name="FileURL")
    title: str
    description: str | None = None
    tags: str | None = None
    cover_url: str | None = msgspec.field(default=None, name="CoverURL")
    cate_id: int | None = None


class RegisteredMedia(Body, frozen=True, kw_only=True):
    file_url: str = msgspec.field(name="FileURL")
    media_id: str
    new_register: bool | None = None


class RegisterMediaResponse(Body, frozen=True, kw_only=True):
    registered_media_list: list[RegisteredMedia] | None = None
    failed_file_urls: list[str] | None = msgspec.field(default=None, name="FailedFileURLs")


class Video(Body, frozen=True, kw_only=True):
    """Only what is used, as above."""

    title: str | None = None
    status: str | None = None
    cover_url: str | None = msgspec.field(default=None, name="CoverURL")
    size: int | None = None
    duration: float | None = None
    creation_time: str | None = None


class GetVideoInfoResponse(Body, frozen=True, kw_only=True):
    video: Video


class Mezzanine(Body, frozen=True, kw_only=True):
    """The file as it was uploaded; some numbers come as text."""

    status: str | None = None
    size: int | str | None = None
    duration: float | str | None = None
    file_name: str | None = None
    file_url: str | None = msgspec.field(default=None, name="FileURL")
    creation_time: str | None = None


class GetMezzanineInfoResponse(Body, frozen=True, kw_only=True):
    mezzanine: Mezzanine


class ErrorResponse(Body, frozen=True, kw_only=True):
    """The fields of any answer that tell success from failure."""

    request_id: str | None = None
    code: str | None = None
    message: str | None = None


class AssumeRoleResponse(Body, frozen=True, kw_only=True):
    """Of STS 2015-04-01."""

    credentials: AssumedCredentials


class AssumedCredentials(Body, frozen=True, kw_only=True):
    """`expiration` is a date."""

    access_key_id: str
    access_key_secret: str
    security_token: str
    expiration: Annotated[datetime.datetime, msgspec.Meta(tz=True)]
