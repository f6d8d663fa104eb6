"""Whether a failed request is made again, and when.

Decides from the error's retry class, the attempts made and a budget shared by all transfers of an engine. Leaves
classification to each cloud's `faults.py` and the waiting to the engine: nothing here sleeps or reads a clock.
"""

from __future__ import annotations

import random

from vodfast.config import TransferConfig
from vodfast.errors import ErrorKind, RetryClass, VodfastError

_LONGEST_RETRY_AFTER = 300.0
_OPEN = (ErrorKind.NETWORK, ErrorKind.TLS, ErrorKind.UNAVAILABLE, ErrorKind.UNEXPECTED)
"""Kinds of failure that say nothing about a request that had arrived."""


def backoff(attempt: int, base: float, cap: float, rng: random.Random) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 1): full jitter under a doubling ceiling."""
    return rng.uniform(0.0, min(cap, base * 2.0 ** min(attempt - 1, 32)))


class RetryBudget:
    """Extra requests allowed: a fixed reserve plus a share of the successes.

    When everything fails the reserve runs out and errors surface, instead of every transfer retrying for itself.
    """

    def __init__(self, reserve: int, ratio: float) -> None:
        self._reserve = float(reserve)
        self._ratio = ratio
        self._tokens = float(reserve)

    def earn(self) -> None:
        """Count a successful request."""
        self._tokens = min(self._tokens + self._ratio, self._reserve)

    def spend(self) -> bool:
        """Take one extra request out of the budget; False if there is none left."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class RetryPolicy:
    """The decision, shared by all requests of an engine."""

    def __init__(self, config: TransferConfig, rng: random.Random) -> None:
        self._attempts = config.attempts
        self._base = config.backoff_base
        self._cap = config.backoff_cap
        self._rng = rng
        self._budget = RetryBudget(config.retry_reserve, config.retry_ratio)

    def succeeded(self) -> None:
        """Tell the budget about a successful request."""
        self._budget.earn()

    def delay(self, error: VodfastError, attempt: int) -> float | None:
        """Seconds until the next attempt after failed attempt number `attempt` (from 1), or None to give up.

        A service that names a time is given that time, plus jitter. Giving up on something that could have been
        retried turns the error's class into SPENT. Every decision writes `attempts` into the error.
        """
        error.attempts = max(error.attempts, attempt)
        if error.retry is not RetryClass.LATER:
            return None
        asked = error.retry_after or 0.0
        if attempt >= self._attempts or asked > _LONGEST_RETRY_AFTER or not self._budget.spend():
            error.retry = RetryClass.SPENT
            return None
        return asked + backoff(attempt, self._base, self._cap, self._rng)


def outcome_unknown(error: VodfastError) -> bool:
    """Whether the service may have carried out the request although it did not say so."""
    return error.reached and error.kind in _OPEN


def refuses_keys(error: VodfastError) -> bool:
    """Whether fresh credentials may help. They do not bring back an upload the store has forgotten."""
    return error.retry is RetryClass.RENEW and error.kind is not ErrorKind.NOT_FOUND
