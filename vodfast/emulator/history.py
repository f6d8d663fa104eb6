"""What happened, in order, and what it would have cost.

Decides the fields of a history record and the counters of the meter. Tests judge by these, never by a client's word.
Secrets and signature values never enter.
"""

from __future__ import annotations

import collections
import time
from typing import Any

from vodfast.emulator.service import Call


class History:
    """Append-only list of finished exchanges."""

    def __init__(self) -> None:
        self._records: list[dict[str, Any]] = []
        self._calls: collections.Counter[str] = collections.Counter()
        self._counts: collections.Counter[str] = collections.Counter()

    def append(self, record: dict[str, Any]) -> None:
        """Number the record (`seq`, from 1) and keep it; its call and its bytes are metered."""
        record["seq"] = len(self._records) + 1
        self._records.append(record)
        if record["operation"]:
            self._calls[f"{record['cloud']}.{record['operation']}"] += 1
        self._counts["requests"] += 1
        self._counts["bytes_received"] += record["bytes"]

    def count(self, what: str, amount: int = 1) -> None:
        """Meter an effect: `media_created`, `parts_stored`, `objects_stored`, `commits`."""
        self._counts[what] += amount

    def records(self) -> list[dict[str, Any]]:
        """Copies, oldest first."""
        return [dict(record) for record in self._records]

    def meter(self) -> dict[str, Any]:
        """Counters; those that never moved are 0."""
        names = ("requests", "bytes_received", "media_created", "parts_stored", "objects_stored", "commits")
        return {name: self._counts[name] for name in names} | {"calls": dict(sorted(self._calls.items()))}


def record_of(call: Call, *, status: int, code: str, fault: str | None, secure: bool) -> dict[str, Any]:
    """One exchange as a record; `status` 0 means that no answer was written. `time` is the machine's clock."""
    request = call.request
    query = "&".join(pair for pair in request.query.split("&") if pair and not _is_secret(pair))
    path = request.path.decode("latin-1")
    return {
        "time": time.time(),
        "cloud": call.service.cloud,
        "operation": call.operation,
        "method": request.method,
        "host": request.host,
        "path": f"{path}?{query}" if query else path,
        "status": status,
        "code": code,
        "request_id": call.request_id,
        "bytes": call.received,
        "upload_id": call.upload_id,
        "part_number": call.part_number,
        "media_id": call.media_id,
        "fault": fault,
        "secure": secure,
    }


_SECRET = ("q-", "x-cos-security-token", "signature=", "secretid=", "token=", "sessionkey=", "x-tos-", "x-signature=",
           "x-security-token=",
           "securitytoken=", "security-token=", "x-oss-")  # fmt: skip


def _is_secret(pair: str) -> bool:
    return pair.lower().startswith(_SECRET)
