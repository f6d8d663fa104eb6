"""The exit code against a second statement of its rules, over every ledger of up to three kinds of outcome."""

from __future__ import annotations

import itertools

import pytest

from vodfast.cli.exit_codes import Exit, error_code, exit_code, tally_of
from vodfast.errors import ErrorKind, VodfastError

KINDS = [kind.value for kind in ErrorKind]
OUTCOMES = [
    ("done", None),
    ("accepted", None),
    ("ambiguous", "ambiguous"),
    ("ambiguous", None),
    ("cancelled", "cancelled"),
    ("failed", None),
    *(("failed", kind) for kind in KINDS),
]

CREDENTIALS = {"config", "auth", "tls"}
OUTAGE = {"network", "throttled", "unavailable"}


def expected(outcomes: list[tuple[str, str | None]], signum: int | None) -> int:
    states = [state for state, _ in outcomes]
    kinds = [kind for _, kind in outcomes]
    if "ambiguous" in states or "ambiguous" in kinds:
        return 6
    if "integrity" in kinds:
        return 5
    if "cancelled" in states:
        return {None: 130, 2: 130, 15: 143}[signum]
    failures = [kind for state, kind in outcomes if state == "failed"]
    if not failures:
        return 0
    if all(kind in CREDENTIALS for kind in failures):
        return 3
    if all(kind in OUTAGE for kind in failures):
        return 4
    return 1


def test_every_ledger_of_up_to_three_kinds_of_outcome() -> None:
    for length in range(4):
        for outcomes in itertools.product(OUTCOMES, repeat=length):
            for signum in (None, 2, 15):
                found = exit_code(tally_of(outcomes), signum)
                assert found == expected(list(outcomes), signum), (outcomes, signum)


def test_counts_do_not_matter_and_zero_counts_are_nothing() -> None:
    assert exit_code({("failed", "network"): 10**6, ("done", None): 1}) == 4
    assert exit_code({("failed", "network"): 0, ("ambiguous", "ambiguous"): 0, ("done", None): 1}) == 0


def test_a_signal_that_cancelled_nothing_is_no_failure() -> None:
    assert exit_code({("done", None): 3}, 2) == 0


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_an_error_instead_of_a_ledger(kind: ErrorKind) -> None:
    here = error_code(VodfastError("x", kind=kind))
    there = error_code(VodfastError("x", kind=kind, code="InvalidParameterValue"))
    usage = kind in (ErrorKind.INVALID_INPUT, ErrorKind.UNSUPPORTED)
    assert (here == Exit.USAGE) is usage
    state = "cancelled" if kind is ErrorKind.CANCELLED else "failed"
    assert there == expected([(state, kind.value)], None)
