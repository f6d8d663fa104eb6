"""Pull jobs: media the service fetches by itself (protocol notes 2.9).

Decides how a job moves: WAITING when asked for the first time, PROCESSING the second, FINISH from then on, with 60000
for a source that cannot be had; that asking for events moves every job as well; and when a job is forgotten. Leaves
what is really fetched to `pulls.py`.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vodfast.emulator.blobs import Content
from vodfast.emulator.pulls import Pull, Unreachable
from vodfast.emulator.service import Refusal
from vodfast.emulator.tencent.actions import AUDIO, VIDEO, iso
from vodfast.emulator.web_address import web_host

if TYPE_CHECKING:
    from vodfast.emulator.buckets import Bucket
    from vodfast.emulator.tencent.cloud import Session, TencentCloud

_BAD_SOURCE = 60000
_STATES = ("WAITING", "PROCESSING", "FINISH")
_DEDUP = 3 * 86400
"""Seconds a SessionId may not be used again."""
_REMEMBERED = 3 * 86400
"""Seconds a job can be asked about."""
_COVERS = frozenset(("gif", "jpeg", "jpg", "png"))


class Job:
    """One pull."""

    __slots__ = ("cover", "created", "error", "fields", "finished", "pull", "session", "sub_app", "task_id")

    def __init__(self, task_id: str, fields: dict[str, Any], session: Session, created: float) -> None:
        self.task_id = task_id
        self.fields = fields
        self.sub_app: int | None = fields.get("SubAppId")
        self.session = session
        self.created = created
        self.pull = Pull(fields["MediaUrl"])
        self.cover = Pull(fields["CoverUrl"]) if fields.get("CoverUrl") else None
        self.error: str | None = None
        self.finished: float | None = None

    def advance(self) -> str:
        """The state it has come to."""
        step = self.pull.advance()
        return _STATES[step - 1 if self.cover is None else min(step, self.cover.advance()) - 1]


class Jobs:
    """All pull jobs of the account."""

    def __init__(self, cloud: TencentCloud) -> None:
        self._cloud = cloud
        self._jobs: dict[str, Job] = {}
        self._sessions: dict[str, float] = {}

    def clear(self) -> None:
        self._jobs.clear()
        self._sessions.clear()

    def submit(self, given: dict[str, Any], bucket: Bucket) -> str:
        """Start a job; its task id.

        Raises:
            Refusal: InvalidParameterValue.* of PullUpload.
        """
        if not web_host(given["MediaUrl"]):
            raise Refusal("InvalidParameterValue.MediaUrl", "`MediaUrl` is not an http or https address.")
        if given.get("CoverUrl") and not web_host(given["CoverUrl"]):
            raise Refusal("InvalidParameterValue.CoverUrl", "`CoverUrl` is not an http or https address.")
        url = urlsplit(given["MediaUrl"])
        media_type = (given.get("MediaType") or url.path.rpartition(".")[2]).lower()
        cover_type = urlsplit(given.get("CoverUrl") or "").path.rpartition(".")[2].lower()
        if media_type not in VIDEO | AUDIO or media_type == "mpd":
            raise Refusal("InvalidParameterValue.MediaType", "invalid media type")
        if not -10 <= given.get("TasksPriority", 0) <= 10:
            raise Refusal("InvalidParameterValue", "`TasksPriority` is not between -10 and 10.")
        self._claim(given.get("SessionId"))
        named = {"MediaName": url.path.rpartition("/")[2] or "pulled"} | given
        cover_type = cover_type if cover_type in _COVERS else "jpg"
        session = self._cloud.open_session(named, media_type, cover_type if given.get("CoverUrl") else None, bucket)
        job = Job(f"{bucket.name.rpartition('-')[2]}-PullUpload-{secrets.token_hex(16)}", given, session, self._now())
        self._jobs[job.task_id] = job
        return job.task_id

    def _now(self) -> float:
        return self._cloud.world.now()

    def _claim(self, session_id: str | None) -> None:
        if not session_id:
            return
        if len(session_id) > 50:
            raise Refusal("InvalidParameterValue.SessionIdTooLong", "`SessionId` is longer than 50 characters.")
        if self._now() - self._sessions.get(session_id, float("-inf")) < _DEDUP:
            raise Refusal("InvalidParameterValue.SessionId", "The SessionId was used within three days.")
        self._sessions[session_id] = self._now()

    def describe(self, task_id: str, sub_app: int | None) -> dict[str, Any]:
        """DescribeTaskDetail, moving the job on by one state.

        Raises:
            Refusal: ResourceNotFound.
        """
        job = self._jobs.get(task_id)
        if job is None or job.sub_app != sub_app or self._now() - job.created > _REMEMBERED:
            raise Refusal("ResourceNotFound", "The task does not exist.")
        status = self._advance(job)
        task = self._record(job, status)
        return {
            "TaskType": "PullUpload",
            "Status": status,
            "CreateTime": iso(job.created),
            "BeginProcessTime": iso(job.created) if status != "WAITING" else "",
            "FinishTime": iso(job.finished) if job.finished is not None else "",
            "PullUploadTask": task,
        }

    def advance(self, sub_app: int | None) -> None:
        """Move the unfinished jobs of a sub-application on by one state."""
        for job in self._jobs.values():
            if job.sub_app == sub_app and job.finished is None:
                self._advance(job)

    def _advance(self, job: Job) -> str:
        status = job.advance()
        if status == "FINISH" and job.finished is None:
            job.finished = self._now()
            self._finish(job)
            self._cloud.events.pulled(job.session, self._record(job, status))
        return status

    def _record(self, job: Job, status: str) -> dict[str, Any]:
        session, done = job.session, job.session.item.committed
        return {
            "TaskId": job.task_id,
            "Status": status,
            "ErrCode": _BAD_SOURCE if job.error is not None else 0,
            "ErrCodeExt": "",
            "Message": job.error or "",
            "FileId": session.item.media_id if done else "",
            "FileUrl": self._cloud.url(session.media_key) if done else "",
            "MediaBasicInfo": self._cloud.basic_info(session) if done else None,
            "MetaData": None,
            "ProcedureTaskId": "",
            "ReviewAudioVideoTaskId": "",
            "SessionContext": job.fields.get("SessionContext", ""),
            "SessionId": job.fields.get("SessionId", ""),
            "Progress": 50 * _STATES.index(status),
        }

    def _finish(self, job: Job) -> None:
        """Everything is fetched, or nothing is kept."""
        session = job.session
        sources = ((session.media_key, job.pull), (session.cover_key, job.cover))
        try:
            fetched = [(key, pull.read()) for key, pull in sources if key is not None and pull is not None]
        except Unreachable as error:
            job.error = str(error)
            return
        for key, data in fetched:
            blob = self._cloud.world.blobs.keep(data)
            self._cloud.store(session.bucket, key, Content((blob,)), f'"{secrets.token_hex(16)}"', None)
        self._cloud.make(session)
