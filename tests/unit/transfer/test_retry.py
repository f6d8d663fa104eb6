"""Retry decisions: bounded, budgeted, jittered, and obedient to Retry-After."""

import random

import pytest

from vodfast.config import TransferConfig
from vodfast.errors import ErrorKind, RetryClass, VodfastError
from vodfast.transfer.retry import RetryBudget, RetryPolicy, backoff, outcome_unknown, refuses_keys


def later(**facts: object) -> VodfastError:
    return VodfastError("busy", kind=ErrorKind.UNAVAILABLE, retry=RetryClass.LATER, **facts)


def policy(**fields: object) -> RetryPolicy:
    return RetryPolicy(TransferConfig(**fields), random.Random(7))


def test_backoff_is_full_jitter_under_a_doubling_ceiling() -> None:
    rng = random.Random(1)
    for attempt in range(1, 60):
        draws = [backoff(attempt, 0.2, 20.0, rng) for _ in range(50)]
        ceiling = min(20.0, 0.2 * 2 ** (attempt - 1))
        assert all(0 <= draw <= ceiling for draw in draws)
        assert max(draws) > ceiling / 2 > min(draws)


def test_gives_up_after_the_configured_attempts_and_says_spent() -> None:
    chosen = policy(attempts=3)
    error = later()
    assert chosen.delay(error, 1) is not None
    assert chosen.delay(error, 2) is not None
    assert chosen.delay(error, 3) is None
    assert error.retry is RetryClass.SPENT
    assert error.attempts == 3


@pytest.mark.parametrize("retry", [RetryClass.NEVER, RetryClass.RENEW, RetryClass.SPENT])
def test_only_later_is_retried(retry: RetryClass) -> None:
    assert policy().delay(VodfastError("no", retry=retry), 1) is None


def test_retry_after_is_the_floor_and_an_absurd_one_gives_up() -> None:
    assert (policy().delay(later(retry_after=7.0), 1) or 0) >= 7.0
    assert (policy().delay(later(retry_after=300.0), 1) or 0) >= 300.0
    assert policy().delay(later(retry_after=301.0), 1) is None


def test_a_service_that_names_no_time_is_asked_again_within_the_backoff() -> None:
    chosen = policy(backoff_base=0.5)
    assert all((chosen.delay(later(), 1) or 0) <= 0.5 for _ in range(20))


def test_when_everything_fails_the_budget_stops_the_storm() -> None:
    chosen = policy(retry_reserve=20, attempts=100)
    granted = sum(chosen.delay(later(), 1) is not None for _ in range(1000))
    assert granted == 20
    for _ in range(100):
        chosen.succeeded()
    assert chosen.delay(later(), 1) is not None


def test_successes_earn_retries_at_the_ratio_but_never_above_the_reserve() -> None:
    budget = RetryBudget(reserve=10, ratio=0.1)
    while budget.spend():
        pass
    for _ in range(50):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) in (4, 5)  # 50 tenths, give or take the last rounding
    for _ in range(10_000):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) == 10


@pytest.mark.parametrize(
    ("kind", "reached", "unknown"),
    [
        (ErrorKind.NETWORK, True, True),
        (ErrorKind.NETWORK, False, False),
        (ErrorKind.TLS, True, True),
        (ErrorKind.TLS, False, False),
        (ErrorKind.UNAVAILABLE, True, True),
        (ErrorKind.UNEXPECTED, True, True),
        (ErrorKind.THROTTLED, True, False),
        (ErrorKind.AUTH, True, False),
        (ErrorKind.INVALID_INPUT, True, False),
    ],
)
def test_which_failures_leave_the_outcome_open(kind: ErrorKind, reached: bool, unknown: bool) -> None:
    assert outcome_unknown(VodfastError("x", kind=kind, reached=reached)) is unknown


@pytest.mark.parametrize(
    ("kind", "retry", "refused"),
    [
        (ErrorKind.AUTH, RetryClass.RENEW, True),
        (ErrorKind.SESSION_EXPIRED, RetryClass.RENEW, True),
        (ErrorKind.NOT_FOUND, RetryClass.RENEW, False),
        (ErrorKind.AUTH, RetryClass.NEVER, False),
        (ErrorKind.UNAVAILABLE, RetryClass.LATER, False),
    ],
)
def test_fresh_keys_may_help_unless_the_upload_is_forgotten(kind: ErrorKind, retry: RetryClass, refused: bool) -> None:
    assert refuses_keys(VodfastError("x", kind=kind, retry=retry)) is refused
