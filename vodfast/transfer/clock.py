"""How far a service's clock is ahead of this machine's, as its answers tell.

Decides which answer is believed and which refusal a wrong clock explains. Leaves making the request again, signed with
the right time, to the engine.
"""

from __future__ import annotations

from typing import Final

from vodfast.errors import ErrorKind, VodfastError
from vodfast.transfer.message import Response

TOLERANCE: Final = 60.0
"""Seconds of difference from which a refusal may come from the clock. No service minds fewer than 300."""
FURTHEST: Final = 2 * 86400.0
"""Seconds; a machine or a server that is further off has no clock at all, and is not followed."""

_REFUSALS: Final = (ErrorKind.AUTH, ErrorKind.SESSION_EXPIRED)


def ahead_of_us(response: Response, arrived: float) -> float | None:
    """Seconds the clock of an answer that arrived at Unix time `arrived` is ahead, to about a second; None if the
    answer does not tell, or a cache gave it.
    """
    if response.header("age") is not None:
        return None
    from email.utils import parsedate_to_datetime  # a refusal is rare

    try:
        stamp = parsedate_to_datetime(response.header("date") or "").timestamp()
    except (ValueError, OverflowError):
        return None
    return stamp + 0.5 - arrived  # the header counts whole seconds


def refuses(error: VodfastError) -> bool:
    """Whether the service refused the signature or the credentials, which it also does for their time."""
    return error.kind in _REFUSALS


def explained(response: Response, arrived: float, ahead: float) -> float | None:
    """How far the clock really is ahead if that explains why a request signed `ahead` of us was refused, else None."""
    found = ahead_of_us(response, arrived)
    if found is None or abs(found) > FURTHEST or abs(found - ahead) < TOLERANCE:
        return None
    return found
