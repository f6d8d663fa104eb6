"""Pull jobs: media the service fetches by itself (protocol notes 8.1, 8.2).

Decides how a job moves: `initial` when asked for the first time, `processing` the second, `success` or `failed` from
then on, and that a source is fetched with the entry's own headers. Leaves what is really fetched to `pulls.py`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from vodfast.emulator.blobs import Content
from vodfast.emulator.pulls import Pull, Unreachable
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.volcengine import events
from vodfast.emulator.web_address import web_host

if TYPE_CHECKING:
    from vodfast.emulator.volcengine.cloud import Application, VolcengineCloud

_STATES = ("initial", "processing", "success")
_LONGEST = {"Title": 128, "Tags": 36}


def _is_extension(value: object) -> bool:
    return isinstance(value, str) and value.startswith(".") and len(value) <= 8


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _is_map(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


_FIELDS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(
        ("SourceUrl", "CallbackArgs", "TemplateId", "Title", "Description", "Tags", "Category", "FileName",
         "UrlEncryptionAlgorithm"), lambda value: isinstance(value, str)
    ),
    "Md5": lambda value: isinstance(value, str) and bool(re.fullmatch(r"[0-9A-Fa-f]{32}", value)),
    "ClassificationId": lambda value: str(value).isdigit(),
    "StorageClass": lambda value: type(value) is int and 0 <= value <= 3,
    "RecordType": lambda value: value in (1, 2),
    "FileType": ("media", "image", "object").__contains__,
    "FileExtension": _is_extension,
    "EnableLowPriority": lambda value: isinstance(value, bool),
    "CustomURLHeaders": _is_map,
    "Templates": _is_list,
    "ImageSet": _is_list,
    "Executions": _is_list,
}  # fmt: skip
"""The fields of an entry, and what of each is well formed (8.1); those that are empty count as not given."""


class Job:
    """One pull."""

    __slots__ = ("application", "entry", "failed", "pull", "space")

    def __init__(self, space: str, entry: dict[str, Any], application: Application) -> None:
        self.space = space
        self.entry = entry
        self.application = application
        self.pull = Pull(entry["SourceUrl"], entry.get("CustomURLHeaders"))
        self.failed = False


class Jobs:
    """All pull jobs of the account."""

    def __init__(self, cloud: VolcengineCloud) -> None:
        self._cloud = cloud
        self._jobs: dict[str, Job] = {}

    def clear(self) -> None:
        self._jobs.clear()

    def submit(self, space: str, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Start a job for each entry, or none.

        Raises:
            Refusal: MissingParameter or InvalidParameter.
        """
        for entry in entries:
            _check(entry)
        answer = []
        for entry in entries:
            url = entry["SourceUrl"]
            suffix = entry.get("FileExtension") or ""
            name = entry.get("FileName") or f"{secrets.token_hex(16)}{suffix}"
            fields = entry | {"SpaceName": space, "FileName": name, "FileType": entry.get("FileType") or "media"}
            job = Job(space, entry, self._cloud.open_application(fields, "2022-01-01"))
            job_id = secrets.token_hex(16)
            self._jobs[job_id] = job
            answer.append({"JobId": job_id, "SourceUrl": url, "ImageUrls": []})
        return answer

    def describe(self, ids: list[str], call: Call) -> dict[str, Any]:
        """QueryUploadTaskInfo, moving each job on by one state."""
        known = [job_id for job_id in ids if job_id in self._jobs]
        return {
            "MediaInfoList": [self._describe(job_id, self._jobs[job_id], call) for job_id in known],
            "NotExistJobIds": [job_id for job_id in ids if job_id not in self._jobs],
        }

    def _describe(self, job_id: str, job: Job, call: Call) -> dict[str, Any]:
        state = _STATES[job.pull.advance() - 1]
        item = job.application.item
        if state == "success" and not item.committed and not job.failed:
            self._finish(job)
        place = job.application.places[0]
        return {
            "RequestId": call.request_id,
            "JobId": job_id,
            "SourceUrl": job.entry["SourceUrl"],
            "State": "failed" if job.failed else state,
            "Vid": item.media_id if item.committed else "",
            "SpaceName": job.space,
            "AccountId": "2100000000",
            "SourceInfo": self._cloud.source_info(place) if item.committed else {},
            "CallbackArgs": job.entry.get("CallbackArgs", ""),
        }

    def _finish(self, job: Job) -> None:
        try:
            data = job.pull.read()
        except Unreachable:
            job.failed = True
            return
        wanted = job.entry.get("Md5")
        if wanted and hashlib.md5(data, usedforsecurity=False).hexdigest() != wanted.lower():
            job.failed = True
            return
        application, place = job.application, job.application.places[0]
        self._cloud.store(place, Content((self._cloud.world.blobs.keep(data),)))
        self._cloud.commit(application, application.item.media_id)
        events.uploaded(
            self._cloud,
            application,
            source_info=self._cloud.source_info(place),
            context=job.entry.get("CallbackArgs", ""),
            origin="url_upload",
        )


def _check(entry: dict[str, Any]) -> None:
    given = {name: value for name, value in entry.items() if value not in (None, "")}
    if "SourceUrl" not in given:
        raise Refusal("MissingParameter", "An entry has no SourceUrl.")
    for name, value in given.items():
        if name not in _FIELDS:
            raise Refusal("InvalidParameter", f"An entry has no field {name}.")
        if not _FIELDS[name](value):
            raise Refusal("InvalidParameter", f"{name} is not well formed.")
    if not web_host(given["SourceUrl"]):
        raise Refusal("InvalidParameter", "SourceUrl is not an http or https address.")
    for name, limit in _LONGEST.items():
        if len(given.get(name, "")) > limit:
            raise Refusal("InvalidParameter", f"{name} is longer than {limit} characters.")
