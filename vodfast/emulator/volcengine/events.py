"""The FileUploadComplete event, posted to the account's callback address (protocol notes 8.4).

Decides when an event is made and its fields. The vendor documents no signature of its events, so none is sent.
Leaves the sending to `deliveries.py`.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from vodfast.emulator.volcengine.cloud import Application, VolcengineCloud

EVENT: Final = "FileUploadComplete"


def uploaded(
    cloud: VolcengineCloud,
    application: Application,
    *,
    source_info: dict[str, Any],
    context: str,
    origin: str,
) -> None:
    """Audio or video exists since now: tell whoever wants to know. `origin` is the event's VodUploadSource."""
    url = cloud.world.settings.volcengine_callback_url
    if not url:
        return
    described: Any = next((one["Input"] for one in application.functions if one["Name"] == "AddOptionInfo"), {})
    event: dict[str, Any] = {
        "Code": "Success",
        "Message": "",
        "Vid": application.item.media_id,
        "Mid": "",
        "SpaceName": application.fields["SpaceName"],
        "OptionInfo": described,
        "SourceInfo": source_info,
        "VodUploadSource": origin,
        "PosterUri": application.poster,
        "PlayUrl": "",
        "WorkflowInfo": [],
    }
    if context:
        event["CallbackArgs"] = context
    body = {
        "RequestId": secrets.token_hex(16).upper(),
        "Version": "1.0",
        "EventType": EVENT,
        "EventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(cloud.world.now())),
        "Data": event,
    }
    cloud.world.deliveries.post(
        url,
        msgspec.json.encode(body),
        {"Content-Type": "application/json"},
        cloud=cloud.name,
        media_id=application.item.media_id,
        event=EVENT,
    )
