"""Pull jobs: media the service fetches by itself (protocol notes 4.5, 4.6, 4.8).

Decides how a job moves: PENDING when asked for the first time, PROCESSING the second, SUCCESS from then on; one that is
PENDING can be cancelled. Leaves what is really fetched to `pulls.py`.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from vodfast.emulator.blobs import Content
from vodfast.emulator.pulls import Pull, Unreachable

if TYPE_CHECKING:
    from vodfast.emulator.aliyun.cloud import AliyunCloud, Session

_STATES = ("PENDING", "PROCESSING", "SUCCESS")
_MOST = 100
"""Records of one answer."""
_REMEMBERED = 365 * 86400
"""Seconds a job can be asked about."""


class Job:
    """One pull. `url` is as given, percent-encoded."""

    __slots__ = ("created", "error", "finished", "job_id", "pull", "session", "source", "url")

    def __init__(self, url: str, session: Session, created: float) -> None:
        self.job_id = secrets.token_hex(16)
        self.url = url
        self.source = unquote(url)
        self.session = session
        self.created = created
        self.pull = Pull(self.source)
        self.error: str | None = None
        self.finished: float | None = None


class Jobs:
    """All pull jobs of the account."""

    def __init__(self, cloud: AliyunCloud) -> None:
        self._cloud = cloud
        self._jobs: dict[str, Job] = {}
        self._marks: dict[str, float] = {}

    def clear(self) -> None:
        self._jobs.clear()
        self._marks.clear()

    def claim(self, mark: str, window: float) -> bool:
        """Whether a SessionId was not used within the last `window` seconds; it counts as used from now on."""
        now = self._cloud.world.now()
        if now - self._marks.get(mark, float("-inf")) < window:
            return False
        self._marks[mark] = now
        return True

    def submit(self, url: str, session: Session) -> Job:
        """Start a job for a URL as given."""
        job = Job(url, session, self._cloud.world.now())
        session.pulled = True
        self._jobs[job.job_id] = job
        return job

    def describe(self, job_ids: list[str], urls: list[str]) -> dict[str, Any]:
        """GetURLUploadInfos: every job asked for moves on by one state; of too many the latest are told."""
        since = self._cloud.world.now() - _REMEMBERED
        known = {job_id: job for job_id, job in self._jobs.items() if job.created >= since}
        if job_ids:
            found = [known[job_id] for job_id in job_ids if job_id in known]
            missing = [job_id for job_id in job_ids if job_id not in known]
        else:
            wanted = {unquote(url): url for url in urls}
            found = [job for job in known.values() if job.source in wanted][-_MOST:]
            seen = {job.source for job in known.values()}
            missing = [url for source, url in wanted.items() if source not in seen]
        return {"URLUploadInfoList": [self._info(job) for job in found], "NonExists": missing}

    def _info(self, job: Job) -> dict[str, Any]:
        status = _STATES[job.pull.advance() - 1]
        session = job.session
        if status == "SUCCESS" and job.finished is None:
            job.finished = self._cloud.world.now()
            self._finish(job)
        done = session.item.committed
        return {
            "JobId": job.job_id,
            "UploadURL": job.source,
            "MediaId": session.item.media_id if done else "",
            "FileSize": str(session.item.objects[session.key].size) if done else "",
            "Status": "UPLOAD_FAIL" if job.error is not None else status,
            "CreationTime": iso(job.created),
            "CompleteTime": iso(job.finished) if job.finished is not None else "",
            "UserData": session.fields.get("UserData", ""),
            "ErrorCode": "FileDownloadFailed" if job.error is not None else "",
            "ErrorMessage": job.error or "",
            "RegisteredMediaId": "",
        }

    def _finish(self, job: Job) -> None:
        session = job.session
        try:
            blob = self._cloud.world.blobs.keep(job.pull.read())
        except Unreachable as error:
            job.error = str(error)
        else:
            etag = f'"{secrets.token_hex(16).upper()}"'
            self._cloud.store(session.bucket, session.key, Content((blob,)), etag, None)
        self._cloud.events.pulled(job)

    def cancel(self, job_ids: list[str], urls: list[str]) -> dict[str, Any]:
        """CancelUrlUploadJobs: those still PENDING are forgotten; the others are not named."""
        sources = {unquote(url) for url in urls}
        asked = job_ids or [job.job_id for job in self._jobs.values() if job.source in sources]
        cancelled = []
        for job_id in asked:
            job = self._jobs.get(job_id)
            if job is not None and job.pull.asked <= 1:
                del self._jobs[job_id]
                cancelled.append(job_id)
                self._cloud.forget(job.session)
        known = {job.source for job in self._jobs.values()}
        gone = [url for url in urls if unquote(url) not in known] if not job_ids else []
        missing = [job_id for job_id in job_ids if job_id not in self._jobs and job_id not in cancelled]
        return {"CanceledJobs": cancelled, "NonExists": missing or ([] if cancelled else gone)}


def iso(seconds: float) -> str:
    """Unix seconds as the API writes times."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
