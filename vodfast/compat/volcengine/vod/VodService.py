"""Stand-in for `volcengine.vod.VodService`: uploads, pulls, their jobs and upload tokens.

Decides how the fields of requests become arguments of the public client, and results become responses. Leaves settings
to `VodServiceConfig.py` and everything else to the client.
"""

from __future__ import annotations

import base64
import datetime
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar
from zlib import crc32

from vodfast.blocking import Client
from vodfast.compat.google.protobuf import json_format
from vodfast.compat.volcengine import Policy as Policies
from vodfast.compat.volcengine import other_calls
from vodfast.compat.volcengine.const.Const import FILE_TYPE_OBJECT
from vodfast.compat.volcengine.errors import INVALID, MISSING, NO_FILE, VodError, translated
from vodfast.compat.volcengine.messages import Message, exported
from vodfast.compat.volcengine.Policy import *  # noqa: F403  # for scripts, as `_NAMES` says
from vodfast.compat.volcengine.Policy import ComplexEncoder, Policy, SecurityToken2, Statement
from vodfast.compat.volcengine.vod.models.request import request_vod_pb2
from vodfast.compat.volcengine.vod.models.request.request_vod_pb2 import (
    VodApplyUploadInfoRequest,
    VodCommitUploadInfoRequest,
    VodParseUploadManifestRequest,
    VodQueryUploadTaskInfoRequest,
    VodUploadMaterialRequest,
    VodUploadMediaRequest,
    VodUrlUploadRequest,
)
from vodfast.compat.volcengine.vod.models.response import response_vod_pb2
from vodfast.compat.volcengine.vod.models.response.response_vod_pb2 import (
    VodApplyUploadInfoResponse,
    VodCommitUploadInfoResponse,
    VodParseUploadManifestResponse,
    VodQueryUploadTaskInfoResponse,
    VodUrlUploadResponse,
)
from vodfast.compat.volcengine.vod.VodServiceConfig import LEAST_CHUNK, VodServiceConfig
from vodfast.config import GIB, MIB
from vodfast.errors import VodfastError
from vodfast.items import UploadResult
from vodfast.packages import package_kind
from vodfast.providers.contract import JobRecord, PullItem
from vodfast.providers.volcengine import (
    Asr,
    Control,
    Execution,
    ExecutionTask,
    Image,
    Ocr,
    Operation,
    PullOptions,
    Template,
    UploadOptions,
)
from vodfast.providers.volcengine.calls import Carried
from vodfast.providers.volcengine.checks import MAX_PART_CONCURRENCY

_MESSAGES: Final = {
    name: getattr(module, name) for module in (request_vod_pb2, response_vod_pb2) for name in exported(vars(module))
}
globals().update(_MESSAGES)  # likewise

_IMPORTED: Final = {
    "FILE_TYPE_OBJECT": FILE_TYPE_OBJECT,
    "base64": base64,
    "crc32": crc32,
    "datetime": datetime,
    "os": os,
    "sys": sys,
    "time": time,
}
_NAMES: Final = [
    *json_format.__all__,
    *Policies.__all__,
    *_MESSAGES,
    *_IMPORTED,
    *("LargeFileSize", "MinChunkSize", "VodService", "VodServiceConfig"),
]
"""What scripts get that import everything from here, as some do, beside what the vendor's module has."""

MinChunkSize = LEAST_CHUNK
LargeFileSize = GIB
"""The vendor's names of its sizes; nothing depends on the second one."""

T = TypeVar("T")
M = TypeVar("M", bound=Message)

_STORAGE: Final[Mapping[int, str | None]] = {0: None, 1: "standard", 2: "archive", 3: "infrequent_access"}
_LEGACY_TYPES: Final = {"": "media", "video": "media"}
"""FileTypes of old scripts, and what they are called today."""
_TOKEN_ACTIONS: Final = ("vod:ApplyUploadInfo", "vod:CommitUploadInfo")


class VodService(VodServiceConfig):
    """The service in one region, with one account's keys. Every object has its own settings."""

    def upload_media(self, request: VodUploadMediaRequest) -> VodCommitUploadInfoResponse:
        """Upload audio or video, or with `SupportParseManifest` a playlist and everything it names.

        Raises:
            VodError: it failed; nothing was committed.
        """
        options = _upload_options(
            request,
            expire_time=request.ExpireTime or None,
            upload_source=getattr(request, "VodUploadSource", None) or None,
        )
        taken_along = request.SupportParseManifest and is_playlist(request.FilePath)
        # A material is never taken for a package, and with functions given as they are it is media all the same.
        alone = not taken_along and _is_manifest(request.FilePath, request.FileName, request.FileExtension)
        return self._upload(request, options, "material" if alone else "media", _storage(request.StorageClass))

    def upload_material(self, request: VodUploadMaterialRequest) -> VodCommitUploadInfoResponse:
        """Upload a material.

        Raises:
            VodError: it failed; nothing was committed.
        """
        kind = request.FileType
        options = _upload_options(request, file_type=_LEGACY_TYPES.get(kind, kind))
        return self._upload(request, options, "material", None)

    def _upload(
        self, request: Any, options: UploadOptions, kind: str, storage: str | None
    ) -> VodCommitUploadInfoResponse:
        if not os.path.isfile(request.FilePath):
            missing = VodError(NO_FILE, request.FilePath)
            missing.add_note(f"FilePath: {request.FilePath!r}")
            raise missing

        def perform(client: Client) -> UploadResult:
            return client.upload(
                request.FilePath,
                name="".join(filter(str.isprintable, os.path.basename(request.FilePath))),  # only its suffix is sent
                kind=kind,
                context=request.CallbackArgs or None,
                storage_class=storage,
                options=options,
                force_new=True,  # a script that uploads a file twice wants two media
            )

        size = os.path.getsize(request.FilePath)
        whole_at_once = size <= LEAST_CHUNK and not is_playlist(request.FilePath)
        part_size = part_size_of(size, request.ChunkSize)
        done = self._ask(perform, request.SpaceName, part_size=part_size, remember=not whole_at_once)
        data = dict(done.raw)
        if not data:
            data = {"Mid" if (done.media_id or "").startswith("m") else "Vid": done.media_id}
        return self._answer(
            VodCommitUploadInfoResponse, "CommitUploadInfo", "2022-01-01", done.request_id, {"Data": data}
        )

    def upload_media_by_url(self, request: VodUrlUploadRequest) -> VodUrlUploadResponse:
        """Have the service fetch URLs. Accepted is not finished: ask `query_upload_task_info`.

        Raises:
            VodError: it failed.
        """
        _needed(URLSets=request.URLSets)
        for entry in request.URLSets:
            _needed(SourceUrl=entry.SourceUrl)
        items = [_pull_item(entry) for entry in request.URLSets]
        tickets = self._ask(lambda client: client.pull(items), request.SpaceName)
        data = [{"JobId": one.job_id, "SourceUrl": one.url, **one.raw} for one in tickets]
        request_id = tickets[0].request_id if tickets else None
        return self._answer(VodUrlUploadResponse, "UploadMediaByUrl", "2020-08-01", request_id, {"Data": data})

    def query_upload_task_info(self, request: VodQueryUploadTaskInfoRequest) -> VodQueryUploadTaskInfoResponse:
        """The state of jobs, whose ids are comma-separated.

        Raises:
            VodError: it failed.
        """
        _needed(JobIds=request.JobIds)
        ids = [one.strip() for one in request.JobIds.split(",")]
        records: list[JobRecord] = self._ask(lambda client: client.jobs(ids))
        data = {
            "MediaInfoList": [dict(one.raw) for one in records if one.raw],
            "NotExistJobIds": [one.job_id for one in records if not one.raw],
        }
        request_id = records[0].request_id if records else None
        return self._answer(
            VodQueryUploadTaskInfoResponse, "QueryUploadTaskInfo", "2020-08-01", request_id, {"Data": data}
        )

    def apply_upload_info(self, request: VodApplyUploadInfoRequest) -> VodApplyUploadInfoResponse:
        """Ask where an object may be sent, for scripts that send it themselves.

        Raises:
            VodError: it failed.
        """
        return self._invoke(VodApplyUploadInfoResponse, "ApplyUploadInfo", request)

    def commit_upload_info(self, request: VodCommitUploadInfoRequest) -> VodCommitUploadInfoResponse:
        """Turn an object that was sent into media. Not repeated when its answer is lost.

        Raises:
            VodError: it failed.
        """
        return self._invoke(VodCommitUploadInfoResponse, "CommitUploadInfo", request)

    def parse_upload_manifest(self, request: VodParseUploadManifestRequest) -> VodParseUploadManifestResponse:
        """The paths of the files a playlist names, as the service reads it.

        Raises:
            VodError: it failed.
        """
        return self._invoke(VodParseUploadManifestResponse, "ParseUploadManifest", request, "json")

    def _invoke(self, kind: type[M], action: str, request: Message, carried: Carried = "query") -> M:
        given = {"Version": "2022-01-01"} | {field.name: value for field, value in request.ListFields()}
        return kind.of(self._ask(lambda client: client.perform(lambda cloud: cloud.answer(action, given, carried))))

    def get_upload_sts2_with_expired_time(self, expired_time: float) -> SecurityToken2:
        """A token that allows uploads into every space for so many seconds, at least 60. Made without the service.

        Raises:
            VodError: the keys are temporary, or there are none.
        """
        return self.sign_sts2(Policy([Statement.new_allow_statement(_TOKEN_ACTIONS, [])]), expired_time)

    def get_upload_sts2(self) -> SecurityToken2:
        """The same for an hour."""
        return self.get_upload_sts2_with_expired_time(3600)

    def sign_sts2(self, policy: Policy | Mapping[str, Any] | None, expire: float) -> SecurityToken2:
        """A token with a policy of one's own, as an object or as the dictionary it stands for; without one it allows
        what the key may do.

        Raises:
            VodError: the keys are temporary, there are none, or the policy is not understood.
        """
        allowed = {"unrestricted": True} if policy is None else {"statements": _statements(policy)}
        lifetime = max(float(expire), 60.0)
        text = self._ask(lambda client: client.issue_token(lifetime, **allowed))
        issued = json.loads(text)
        token = SecurityToken2()
        token.access_key_id = issued["AccessKeyID"]
        token.secret_access_key = issued["SecretAccessKey"]
        token.session_token = issued["SessionToken"]
        token.expired_time = issued["ExpiredTime"]
        token.current_time = issued["CurrentTime"]
        return token

    def _ask(
        self,
        perform: Callable[[Client], T],
        space: str = "",
        *,
        part_size: int = LEAST_CHUNK,
        remember: bool = False,
    ) -> T:
        try:
            with self.client(space, part_size=part_size, remember=remember) as client:
                return perform(client)
        except VodfastError as error:
            raise translated(error) from error.with_traceback(None)  # the engine's frames say nothing to a script

    def _answer(self, kind: type[M], action: str, version: str, request_id: str | None, result: Mapping[str, Any]) -> M:
        metadata = {
            "RequestId": request_id,
            "Action": action,
            "Version": version,
            "Service": "vod",
            "Region": self.service_info.credentials.region,
        }
        return kind.of({"ResponseMetadata": metadata, "Result": result})


def part_size_of(size: int, chunk_size: int) -> int:
    """Bytes of a part: a file goes in as many as the vendor's package cuts it into, whose last one is up to twice as
    long as the others; here they are of one size. Whole MiB, so that files of many sizes share a client.
    """
    chunk = max(chunk_size, LEAST_CHUNK)
    return chunk if size <= chunk else -(-size // (size // chunk * MIB)) * MIB


def is_playlist(path: str) -> bool:
    """Whether a file may name others that go with it."""
    return path.lower().endswith(".m3u8")


def _is_manifest(*names: str) -> bool:
    """Whether any of the names a file goes by is one that vodfast would look into."""
    return any(package_kind(name) for name in names)


def _statements(policy: Policy | Mapping[str, Any]) -> Any:
    written = json.loads(json.dumps(policy, cls=ComplexEncoder))
    if not isinstance(written, dict) or set(written) != {"Statement"}:
        raise VodError(INVALID, "a policy has statements and nothing else", code=INVALID, own=True)
    return written["Statement"]


def _needed(**fields: object) -> None:
    for name, value in fields.items():
        if not value:
            raise VodError(MISSING, f"{name} is empty", code=MISSING, own=True)


def _storage(number: int) -> str | None:
    if number not in _STORAGE:
        raise VodError(INVALID, f"StorageClass {number} is none of 0 to 3", code=INVALID, own=True)
    return _STORAGE[number]


def _upload_options(request: Any, **more: Any) -> UploadOptions:
    """What both kinds of upload say alike. Functions go as they are. Fields the vendor's package does not read may be
    missing: a script's request may be an object of its own.
    """
    parallel = getattr(request, "ParallelNum", 0)
    return UploadOptions(
        functions_json=request.Functions,
        file_name=request.FileName or None,
        file_extension=request.FileExtension or None,
        network_mode=request.ClientNetWorkMode or None,
        idc_mode=request.ClientIDCMode or None,
        host_prefer=request.UploadHostPrefer or None,
        part_concurrency=min(parallel, MAX_PART_CONCURRENCY) if parallel > 0 else None,
        commit_members=False,
        **more,
    )


def _pull_item(entry: Any) -> PullItem:
    return PullItem(
        url=entry.SourceUrl,
        title=entry.Title or None,
        context=entry.CallbackArgs or None,
        options=PullOptions(
            description=entry.Description or None,
            tags=tuple(filter(None, entry.Tags.split(","))),
            md5=entry.Md5 or None,
            template_id=entry.TemplateId or None,
            templates=tuple(
                Template(template_ids=tuple(one.TemplateIds), template_type=one.TemplateType) for one in entry.Templates
            ),
            classification_id=entry.ClassificationId or None,
            category=entry.Category or None,
            file_name=entry.FileName or None,
            file_extension=entry.FileExtension or None,
            file_type=_LEGACY_TYPES.get(entry.FileType, entry.FileType) if entry.FileType else None,
            record_type=entry.RecordType or None,
            storage_class=_storage(entry.StorageClass),
            url_encryption_algorithm=entry.UrlEncryptionAlgorithm or None,
            low_priority=entry.EnableLowPriority or None,
            headers=dict(entry.CustomURLHeaders) or None,
            images=tuple(Image(url=one.Url, file_name=one.FileName or None) for one in entry.ImageSet),
            executions=tuple(_execution(one) for one in entry.Executions),
        ),
    )


def _execution(given: Any) -> Execution:
    task, control = given.Operation.Task, given.Control
    ocr = Ocr(with_image_set=task.Ocr.WithImageSet or None, mode=task.Ocr.Mode or None)
    asr = Asr(
        type=task.Asr.Type or None,
        language=task.Asr.Language or None,
        with_speaker_info=task.Asr.WithSpeakerInfo or None,
        with_confidence=task.Asr.WithConfidence or None,
        mode=task.Asr.Mode or None,
    )
    return Execution(
        operation=Operation(
            type=given.Operation.Type,
            task=ExecutionTask(
                type=task.Type,
                ocr=ocr if task.HasField("Ocr") else None,
                asr=asr if task.HasField("Asr") else None,
            )
            if given.Operation.HasField("Task")
            else None,
        ),
        control=Control(callback_args=control.CallbackArgs or None, client_token=control.ClientToken or None)
        if given.HasField("Control")
        else None,
    )


if not TYPE_CHECKING:  # a checker would believe every name to be here

    def __getattr__(name: str) -> Any:
        if name == "__all__":
            return [*dict.fromkeys([*_NAMES, *other_calls.names(__name__)])]
        if name not in json_format.__all__:
            return other_calls.message(__name__, name)
        try:  # a script may have messages of the vendor's own as well, which only protobuf can read
            return getattr(importlib.import_module("google.protobuf.json_format"), name)
        except ImportError:
            return getattr(json_format, name)
