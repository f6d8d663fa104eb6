"""Event notifications: what is told to whom when a file has arrived (protocol notes 4.8, 4.9, 8).

Decides which event is made, its shape, and the `X-VOD-` headers of a signed one. Leaves the sending to
`deliveries.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vodfast.emulator.aliyun.jobs import Job, iso
from vodfast.emulator.aliyun.oss import object_url
from vodfast.emulator.aliyun.signatures import callback_signature
from vodfast.emulator.outbound import Insistence

if TYPE_CHECKING:
    from vodfast.emulator.aliyun.cloud import AliyunCloud, Session

_TYPES = {
    "video": ("FileUploadComplete", "VideoId", "FileUrl"),
    "image": ("ImageUploadComplete", "ImageId", "FileURL"),
    "attached": ("AttachedMediaUploadComplete", "AttachedMediaId", "FileURL"),
}
"""By kind of session: event, name of the id, name of the URL."""
_MANNER = Insistence(attempts=3, patience=5.0, taken=(200,))
"""Only a 200 within five seconds counts (section 8)."""


class Events:
    """The account's callback configuration."""

    def __init__(self, cloud: AliyunCloud) -> None:
        self._cloud = cloud
        self._config: dict[str, str] = {}

    def clear(self) -> None:
        self._config = {}

    def configure(self, given: dict[str, str]) -> None:
        """SetMessageCallback, already checked."""
        self._config = dict(given)

    def uploaded(self, session: Session) -> None:
        """The object of a session was stored for the first time."""
        event_type, id_name, url_name = _TYPES[session.kind]
        event = {id_name: session.item.media_id, url_name: object_url(session.bucket, session.key)}
        if session.kind != "video":
            event |= {"Status": "success"}
        self._tell(event_type, session, event)

    def pulled(self, job: Job) -> None:
        """A pull job has ended."""
        self._tell(
            "UploadByURLComplete",
            job.session,
            {
                "VideoId": job.session.item.media_id,
                "JobId": job.job_id,
                "SourceURL": job.source,
                "Status": "fail" if job.error else "success",
                "ErrorCode": "FileDownloadFailed" if job.error else "",
                "ErrorMessage": job.error or "",
            },
        )

    def _tell(self, event_type: str, session: Session, event: dict[str, Any]) -> None:
        data = msgspec.json.decode(session.fields.get("UserData", "{}"))
        own = _nested(data, "MessageCallback").get("CallbackURL")
        wanted = self._config.get("EventTypeList", "ALL").split(",")
        general = self._config.get("CallbackURL") if "ALL" in wanted or event_type in wanted else None
        url = own or general
        if not url:
            return
        stored = session.bucket.objects.get(session.key)
        event = {"EventTime": iso(self._cloud.world.now()), "EventType": event_type} | event
        event["Size"] = stored.content.size if stored else 0
        if "Extend" in data:
            event["Extend"] = msgspec.json.encode(_nested(data, "Extend")).decode()
        headers = {"Content-Type": "application/json"}
        if self._config.get("AuthSwitch") == "on" and self._config.get("AuthKey"):
            now = int(self._cloud.world.now())
            signature = callback_signature(url, now, self._config["AuthKey"])
            headers |= {"X-VOD-TIMESTAMP": str(now), "X-VOD-SIGNATURE": signature}
        self._cloud.world.deliveries.post(
            url,
            msgspec.json.encode(event),
            headers,
            cloud=self._cloud.name,
            media_id=session.item.media_id,
            event=event_type,
            manner=_MANNER,
        )


def _nested(data: Any, name: str) -> dict[str, Any]:
    """A value of UserData, given as object or as JSON text."""
    value = data.get(name) if isinstance(data, dict) else None
    if isinstance(value, str):
        value = msgspec.json.decode(value)
    return value if isinstance(value, dict) else {}
