"""Parameters and answers of the Volcengine VOD API as they stand on the wire (sections 3.3, 4, 7 and 8).

Shapes only. Requests are flat: every field becomes one query or form value, unset ones are left out. Answers are read
laxly (numbers may come as text, null means absent), only the fields that are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """Common form: PascalCase names. Values stay out of the repr: some of them grant uploads."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class ApplyUploadInfoRequest(Body, frozen=True, kw_only=True):
    space_name: str
    session_key: str | None = None
    file_size: int | None = None
    file_type: str | None = None
    file_name: str | None = None
    storage_class: int | None = None
    file_extension: str | None = None
    client_net_work_mode: str | None = None
    client_id_c_mode: str | None = msgspec.field(default=None, name="ClientIDCMode")
    need_fallback: bool | None = None
    upload_host_prefer: str | None = None


class CommitUploadInfoRequest(Body, frozen=True, kw_only=True):
    space_name: str
    session_key: str = ""
    callback_args: str | None = None
    functions: str | None = None
    get_meta_mode: int | None = None
    expire_time: str | None = None
    vod_upload_source: str | None = None


class UploadMediaByUrlRequest(Body, frozen=True, kw_only=True):
    space_name: str
    url_sets: str = msgspec.field(name="URLSets")


class ParseUploadManifestRequest(Body, frozen=True, kw_only=True):
    space_name: str
    manifest_type: str
    manifest_content: str


class QueryUploadTaskInfoRequest(Body, frozen=True, kw_only=True):
    job_ids: str


class Template(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Templates to run: `template_type` is `imp` or `transcode`."""

    template_ids: tuple[str, ...]
    template_type: str


class Image(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str
    file_name: str | None = None


class Ocr(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    with_image_set: bool | None = None
    mode: str | None = None


class Asr(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    type: str | None = None
    language: str | None = None
    with_speaker_info: str | None = None
    """`true` or `false`, as text; likewise the next one."""
    with_confidence: str | None = None
    mode: str | None = None


class ExecutionTask(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    type: str
    ocr: Ocr | None = None
    asr: Asr | None = None


class Operation(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    type: str
    task: ExecutionTask | None = None


class Control(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    callback_args: str | None = None
    client_token: str | None = None


class Execution(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Processing to start once the media is there."""

    operation: Operation
    control: Control | None = None


class UrlEntry(Body, frozen=True, kw_only=True):
    """One URL to fetch. 64-bit numbers travel as text."""

    source_url: str
    callback_args: str | None = None
    md5: str | None = None
    template_id: str | None = None
    title: str | None = None
    description: str | None = None
    tags: str | None = None
    category: str | None = None
    file_name: str | None = None
    classification_id: str | None = None
    storage_class: int | None = None
    file_extension: str | None = None
    url_encryption_algorithm: str | None = None
    enable_low_priority: bool | None = None
    custom_url_headers: Mapping[str, str] | None = msgspec.field(default=None, name="CustomURLHeaders")
    templates: tuple[Template, ...] | None = None
    file_type: str | None = None
    image_set: tuple[Image, ...] | None = None
    executions: tuple[Execution, ...] | None = None
    record_type: int | None = None


class Pair(Body, frozen=True, kw_only=True):
    key: str | None = None
    value: str | None = None


class StoreInfo(Body, frozen=True, kw_only=True):
    store_uri: str | None = None
    auth: str | None = None


class Address(Body, frozen=True, kw_only=True):
    store_infos: list[StoreInfo] | None = None
    upload_hosts: list[str] | None = None
    upload_header: list[Pair] | None = None
    session_key: str | None = None


class Candidates(Body, frozen=True, kw_only=True):
    main_upload_addresses: list[Address] | None = None
    backup_upload_addresses: list[Address] | None = None
    fallback_upload_addresses: list[Address] | None = None


class PartUploadInfo(Body, frozen=True, kw_only=True):
    part_size: int | None = None
    part_put_urls: list[str] | None = None
    complete_part_url: str | None = None
    complete_url_headers: dict[str, str] | None = None


class VpcAddress(Body, frozen=True, kw_only=True):
    upload_mode: str | None = None
    put_url: str | None = None
    put_url_headers: dict[str, str] | None = None
    quick_complete_mode: str | None = None
    part_upload_info: PartUploadInfo | None = None


class ApplyData(Body, frozen=True, kw_only=True):
    upload_address: Address | None = None
    candidate_upload_addresses: Candidates | None = None
    vpc_tos_upload_address: VpcAddress | None = None


class ApplyResult(Body, frozen=True, kw_only=True):
    data: ApplyData | None = None


class CommitData(Body, frozen=True, kw_only=True):
    vid: str | None = None
    mid: str | None = None
    poster_uri: str | None = None


class CommitResult(Body, frozen=True, kw_only=True):
    data: CommitData | None = None


class RawCommitResult(Body, frozen=True, kw_only=True):
    data: dict[str, Any] | None = None


class ManifestData(Body, frozen=True, kw_only=True):
    media_segments: list[str] | None = None


class ManifestResult(Body, frozen=True, kw_only=True):
    data: ManifestData | None = None


class PulledUrl(Body, frozen=True, kw_only=True):
    job_id: str | None = None
    source_url: str | None = None
    image_urls: list[str] | None = None


class PullResult(Body, frozen=True, kw_only=True):
    data: list[PulledUrl] | None = None


class JobState(Body, frozen=True, kw_only=True):
    job_id: str
    source_url: str | None = None
    state: str | None = None
    vid: str | None = None


class JobsData(Body, frozen=True, kw_only=True):
    media_info_list: list[JobState] | None = None
    not_exist_job_ids: list[str] | None = None


class JobsResult(Body, frozen=True, kw_only=True):
    data: JobsData | None = None


class RawJobs(Body, frozen=True, kw_only=True):
    media_info_list: list[dict[str, Any]] | None = None


class RawJobsResult(Body, frozen=True, kw_only=True):
    data: RawJobs | None = None


class ErrorBody(Body, frozen=True, kw_only=True):
    code: str | None = None
    message: str | None = None


class Metadata(Body, frozen=True, kw_only=True):
    request_id: str | None = None
    error: ErrorBody | None = None


class Envelope(Body, frozen=True, kw_only=True):
    """What every answer is wrapped in; the result is read in a second step, when it is known to be no error."""

    response_metadata: Metadata
    result: msgspec.Raw = msgspec.Raw(b"{}")


class Session(Body, frozen=True, kw_only=True):
    """What this cloud must remember between apply and commit; it travels as `Ticket.session`.

    `keys` are the SessionKeys by route. The rest are the parameters of a renewed apply and of the commit, None where
    there is none.
    """

    keys: tuple[str, ...]
    apply: ApplyUploadInfoRequest
    commit: CommitUploadInfoRequest | None
