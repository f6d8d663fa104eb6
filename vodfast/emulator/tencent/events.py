"""Event notifications: configuration, the pull queue and HTTP pushes (protocol notes 2.9).

Decides when an event is made, its shape, and the `Sign`/`T` of a push. Leaves the sending to `deliveries.py`.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from vodfast.emulator.service import Refusal
from vodfast.emulator.tencent.signatures import callback_sign
from vodfast.emulator.web_address import web_host

if TYPE_CHECKING:
    from vodfast.emulator.tencent.cloud import Session, TencentCloud

_PUSH_LIFE = 600
"""Seconds until `T` of a push (2.9)."""
_AT_ONCE = 16
_KEPT = 4 * 86400.0
"""Seconds an event waits to be pulled and confirmed."""
_HIDDEN = 30.0
"""Seconds a pulled event stays away from the queue if it is not confirmed."""
_WORDS = {
    "Mode": ("PUSH", "PULL"),
    "UploadMediaCompleteEventSwitch": ("ON", "OFF"),
    "DeleteMediaCompleteEventSwitch": ("ON", "OFF"),
}


class Events:
    """The account's event configuration and queue."""

    def __init__(self, cloud: TencentCloud) -> None:
        self._cloud = cloud
        self._config: dict[str, str] = {}
        self._queue: dict[str, dict[str, Any]] = {}
        self._made: dict[str, float] = {}
        self._visible: dict[str, float] = {}
        self.clear()

    def clear(self) -> None:
        self._config = {
            "Mode": "PULL",
            "UploadMediaCompleteEventSwitch": "ON",
            "DeleteMediaCompleteEventSwitch": "OFF",
            "NotificationUrl": "",
            "SignKey": "",
        }
        for held in (self._queue, self._made, self._visible):
            held.clear()

    def configure(self, given: dict[str, Any]) -> dict[str, Any]:
        """ModifyEventConfig: only what is given changes.

        Raises:
            Refusal: InvalidParameterValue.
        """
        for name, words in _WORDS.items():
            if given.get(name, words[0]) not in words:
                raise Refusal("InvalidParameterValue", f"`{name}` is neither {words[0]} nor {words[1]}.")
        url = given.get("NotificationUrl")
        if url and not web_host(url):
            raise Refusal("InvalidParameterValue", "`NotificationUrl` is not an http or https address.")
        if not re.fullmatch(r"[A-Za-z0-9]{0,32}", given.get("SignKey", "")):
            raise Refusal("InvalidParameterValue", "`SignKey` takes up to 32 letters and digits.")
        self._config |= {name: value for name, value in given.items() if name in self._config}
        return {}

    def uploaded(self, session: Session) -> None:
        """A media item was committed."""
        self._tell(
            "UploadMediaCompleteEventSwitch",
            "NewFileUpload",
            session,
            {
                "FileUploadEvent": {
                    "FileId": session.item.media_id,
                    "MediaBasicInfo": self._cloud.basic_info(session),
                    "ProcedureTaskId": "",
                    "ReviewAudioVideoTaskId": "",
                    "MetaData": None,
                }
            },
        )

    def pulled(self, session: Session, task: dict[str, Any]) -> None:
        """A pull came to its end, `task` as DescribeTaskDetail has it."""
        self._tell("UploadMediaCompleteEventSwitch", "PullComplete", session, {"PullCompleteEvent": task})

    def deleted(self, session: Session) -> None:
        """A media item was deleted."""
        gone = {
            "FileIdSet": [session.item.media_id],
            "FileDeleteResultInfo": [{"FileId": session.item.media_id, "DeleteParts": []}],
        }
        self._tell("DeleteMediaCompleteEventSwitch", "FileDeleted", session, {"FileDeleteEvent": gone})

    def _tell(self, switch: str, kind: str, session: Session, more: dict[str, Any]) -> None:
        if self._config[switch] != "ON":
            return
        handle = secrets.token_hex(16)
        event: dict[str, Any] = {"EventHandle": handle, "EventType": kind} | more
        if self._config["Mode"] == "PULL":
            self._queue[handle] = event
            self._made[handle] = self._cloud.world.now()
        else:
            self._push(event, session)

    def _push(self, event: dict[str, Any], session: Session) -> None:
        url = self._config["NotificationUrl"]
        if not url:
            return
        headers = {"Content-Type": "application/json"}
        if self._config["SignKey"]:
            expiry = int(self._cloud.world.now()) + _PUSH_LIFE
            headers |= {"Sign": callback_sign(self._config["SignKey"], expiry), "T": str(expiry)}
        self._cloud.world.deliveries.post(
            url,
            msgspec.json.encode(event),
            headers,
            cloud=self._cloud.name,
            media_id=session.item.media_id,
            event=event["EventType"],
        )

    def pull(self, sub_app: int | None) -> dict[str, Any]:
        """PullEvents: what is visible, hidden for a while after. Answers at once instead of holding the call."""
        self._cloud.jobs.advance(sub_app)
        now = self._cloud.world.now()
        self._drop([handle for handle, made in self._made.items() if now - made > _KEPT])
        shown = [event for handle, event in self._queue.items() if self._visible.get(handle, 0.0) <= now][:_AT_ONCE]
        for event in shown:
            self._visible[event["EventHandle"]] = now + _HIDDEN
        return {"EventSet": shown or None}

    def confirm(self, handles: list[str]) -> dict[str, Any]:
        """ConfirmEvents.

        Raises:
            Refusal: InvalidParameterValue.
        """
        if not 1 <= len(handles) <= _AT_ONCE:
            raise Refusal("InvalidParameterValue", f"`EventHandles` takes 1 to {_AT_ONCE} handles.")
        self._drop(handles)
        return {}

    def _drop(self, handles: list[str]) -> None:
        for handle in handles:
            self._queue.pop(handle, None)
            self._made.pop(handle, None)
            self._visible.pop(handle, None)
