"""Exit codes, derived from how the items ended and from nothing else.

Decides the precedence: ambiguous (6) over integrity (5) over interrupted (128 + signal) over success (0) over failures
of one class (3 or 4) over mixed failures (1). A source that changed under the upload is a failed item (1): the service
stored nothing wrong. A TLS failure is configuration (3): running again changes no certificate.
"""

from __future__ import annotations

import enum
import signal
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from vodfast.errors import ErrorKind, VodfastError


class Exit(enum.IntEnum):
    """What the shell is told."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CONFIG = 3
    UNAVAILABLE = 4
    INTEGRITY = 5
    AMBIGUOUS = 6


Outcome: TypeAlias = tuple[str, str | None]
"""State of an item and the kind of its error (None without one)."""

Tally: TypeAlias = Mapping[Outcome, int]
"""How many items ended in each way."""

GOOD_STATES = frozenset({"done", "accepted"})
CANCELLED = "cancelled"
UNFINISHED = "unfinished"
"""Uploaded and done, but the cloud was waited for and has not finished (or failed) with it."""

_ALWAYS = {ErrorKind.AMBIGUOUS.value: Exit.AMBIGUOUS, ErrorKind.INTEGRITY.value: Exit.INTEGRITY}
"""Kinds that decide as soon as one item has them, first one first."""

_ALONE = {
    ErrorKind.CONFIG.value: Exit.CONFIG,
    ErrorKind.AUTH.value: Exit.CONFIG,
    ErrorKind.TLS.value: Exit.CONFIG,
    ErrorKind.NETWORK.value: Exit.UNAVAILABLE,
    ErrorKind.THROTTLED.value: Exit.UNAVAILABLE,
    ErrorKind.UNAVAILABLE.value: Exit.UNAVAILABLE,
}
"""Kinds that decide if every failure is of the same class."""


def exit_code(tally: Tally, signum: int | None = None) -> int:
    """The exit code for a ledger. `signum` is the signal that cancelled items, if one did."""
    ends = [outcome for outcome, count in tally.items() if count]
    words = {word for outcome in ends for word in outcome}
    for kind, code in _ALWAYS.items():
        if kind in words:
            return code
    if any(state == CANCELLED or (state == UNFINISHED and signum) for state, _ in ends):
        return 128 + (signum or signal.SIGINT)
    classes = {_ALONE.get(kind or "", Exit.FAILED) for state, kind in ends if state not in GOOD_STATES}
    if not classes:
        return Exit.DONE
    return classes.pop() if len(classes) == 1 else Exit.FAILED


def error_code(error: VodfastError) -> int:
    """The exit code of a command that ended with this error instead of a ledger.

    Input refused here, before anything was sent, is usage; input refused by the service is a failure.
    """
    if error.kind in (ErrorKind.INVALID_INPUT, ErrorKind.UNSUPPORTED) and error.code is None:
        return Exit.USAGE
    state = CANCELLED if error.kind is ErrorKind.CANCELLED else "failed"
    return exit_code({(state, error.kind.value): 1})


def tally_of(outcomes: Iterable[Outcome]) -> dict[Outcome, int]:
    """Count outcomes."""
    counted: dict[Outcome, int] = {}
    for outcome in outcomes:
        counted[outcome] = counted.get(outcome, 0) + 1
    return counted
