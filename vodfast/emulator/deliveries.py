"""Callbacks: what was sent where, and what came of it.

Decides the fields of a delivery's record, and that an address which is not on loopback is recorded but never called.
Leaves the body, its signature and how insistent it is to the clouds, and the sending to `outbound.py`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from vodfast.emulator import outbound
from vodfast.emulator.loopback import is_loopback
from vodfast.emulator.web_address import web_host


class Deliveries:
    """The callbacks of all clouds since the last reset."""

    def __init__(self) -> None:
        self._records: list[dict[str, Any]] = []

    def records(self) -> list[dict[str, Any]]:
        """Copies, oldest first. `status` is None while a delivery is under way, and 0 if nobody answered."""
        return [dict(record) for record in self._records]

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        cloud: str,
        media_id: str,
        event: str,
        manner: outbound.Insistence = outbound.ONCE,
    ) -> None:
        """Deliver an event of a media item, `event` by the cloud's own word for it."""
        record: dict[str, Any] = {
            "time": time.time(),
            "cloud": cloud,
            "media_id": media_id,
            "event": event,
            "url": url,
            "attempts": 0,
            "status": None,
            "error": "",
        }
        self._records.append(record)

        def tried(status: int, error: str) -> None:
            record["attempts"] += 1
            record["error"] = error
            if not error or record["attempts"] == manner.attempts:
                record["status"] = status

        if is_loopback(web_host(url)):
            outbound.post(url, body, headers, manner=manner, tried=tried)
        else:
            record |= {"status": 0, "error": "not a loopback address: the emulator does not call it"}
