"""Conditions of a download: whether the object is still the one meant, or has not changed since (RFC 9110, 13.1).

Decides by ETag and by time, ETags first. Leaves the vendor's words for it to the store.
"""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

from vodfast.emulator.messages import Request


def condition(request: Request, etag: str, stored: float) -> int:
    """200 if the object may be read, 304 if the reader has it already, 412 if it is not the one that was meant.

    `etag` is quoted, `stored` is Unix seconds. A date that is none counts for nothing.
    """
    wanted, known = request.header("if-match"), request.header("if-none-match")
    since, until = _seconds(request.header("if-modified-since")), _seconds(request.header("if-unmodified-since"))
    if not _named(wanted, etag) if wanted is not None else until is not None and int(stored) > until:
        return 412
    if _named(known, etag) if known is not None else since is not None and int(stored) <= since:
        return 304
    return 200


def _named(listed: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in listed.split(",")}
    return "*" in tags or etag.strip('"') in tags


def _seconds(text: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
