"""Control-plane calls: what is asked again, what never is, and what one call leaves to the next."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from vodfast.config import TransferConfig
from vodfast.credentials import CachedCredentials, Credentials
from vodfast.errors import AuthError, ErrorKind, RetryClass, VodfastError
from vodfast.transfer.engine import Engine
from vodfast.transfer.message import Request, Response
from vodfast.transfer.ports import Call

KEYS = CachedCredentials(Credentials.of("key", "secret"))


def throttled() -> VodfastError:
    return VodfastError("slow down", kind=ErrorKind.THROTTLED, retry=RetryClass.LATER)


def lost() -> VodfastError:
    return VodfastError("reset", kind=ErrorKind.NETWORK, retry=RetryClass.LATER)


def not_arrived() -> VodfastError:
    return VodfastError("no connection", kind=ErrorKind.NETWORK, retry=RetryClass.LATER, reached=False)


def refused() -> VodfastError:
    return VodfastError("no", kind=ErrorKind.INVALID_INPUT)


def expired() -> VodfastError:
    return AuthError("the key has expired", retry=RetryClass.RENEW)


class Service:
    """Answers each request with the next outcome: an error to raise, or None for success."""

    def __init__(self, *outcomes: Callable[[], VodfastError] | None) -> None:
        self.outcomes = list(outcomes)
        self.keys: list[str] = []

    async def send(self, request: Request, _sent: object = None) -> Response:
        self.keys.append(dict(request.headers)["x-key"])
        outcome = self.outcomes.pop(0)
        if outcome is not None:
            raise outcome()
        return Response(status=200, headers=(), body=b"")

    async def aclose(self) -> None:
        return


def call(**fields: Any) -> Call[str]:
    def build(keys: Credentials, _now: float) -> Request:
        headers = (("x-key", keys.access_key),)
        return Request(operation="Do", method="GET", url="https://h.example/", headers=headers)

    return Call(cloud="c", operation="Do", build=build, parse=lambda _: "done", **fields)


def engine(service: Service, **fields: Any) -> Engine:
    config = TransferConfig(**{"backoff_base": 0.0, "backoff_cap": 0.0, **fields})
    return Engine(service, config, rng=random.Random(1))


async def failure(asked: Engine, what: Call[str], keys: CachedCredentials = KEYS) -> VodfastError:
    with pytest.raises(VodfastError) as caught:
        await asked.call(what, keys)
    return caught.value


async def test_a_throttled_call_halves_how_many_may_run_at_once() -> None:
    asked = engine(Service(throttled, None), max_calls=8)
    assert await asked.call(call(), KEYS) == "done"
    assert asked.calls.limit == 4


async def test_what_succeeds_earns_the_extra_requests_of_what_comes_after() -> None:
    asked = engine(Service(*[lost, None] * 20), retry_reserve=1, retry_ratio=1.0)
    for _ in range(20):
        assert await asked.call(call(), KEYS) == "done"
    assert asked.calls.limit == TransferConfig().max_calls, "only a service that asks for less gets less"


async def test_where_nothing_succeeds_the_reserve_is_all_there_is() -> None:
    service = Service(*[lost] * 20)
    asked = engine(service, retry_reserve=3)
    errors = [await failure(asked, call()) for _ in range(10)]
    assert len(service.keys) == 10 + 3
    assert {error.retry for error in errors} == {RetryClass.SPENT}


async def test_a_call_that_fails_leaves_its_place_to_the_next() -> None:
    asked = engine(Service(refused, None), max_calls=1)
    await failure(asked, call())
    assert await asyncio.wait_for(asked.call(call(), KEYS), 60) == "done"
    assert asked.calls.in_flight == 0


@pytest.mark.parametrize(
    ("outcomes", "sent", "unsettled"),
    [
        ([lost], 1, True),
        ([not_arrived, None], 2, False),
        ([throttled, lost], 2, True),
        ([refused], 1, False),
    ],
    ids=["lost answer", "never arrived", "refused first", "refused"],
)
async def test_what_must_not_be_done_twice_is_sent_again_only_if_it_certainly_was_not_done(
    outcomes: list[Any], sent: int, unsettled: bool
) -> None:
    service = Service(*outcomes)
    asked = engine(service)
    if outcomes[-1] is None:
        assert await asked.call(call(repeatable=False), KEYS) == "done"
    else:
        assert (await failure(asked, call(repeatable=False))).unsettled is unsettled
    assert len(service.keys) == sent


@pytest.mark.parametrize(("reads", "unsettled"), [(False, True), (True, False)])
async def test_a_refusal_after_a_lost_answer_does_not_say_that_nothing_was_done(reads: bool, unsettled: bool) -> None:
    error = await failure(engine(Service(lost, refused)), call(reads=reads))
    assert (error.kind, error.attempts, error.unsettled) == (ErrorKind.INVALID_INPUT, 2, unsettled)


async def test_expired_keys_are_renewed_once_and_not_for_ever() -> None:
    fresh = iter([Credentials.of("first", "s"), Credentials.of("second", "s"), Credentials.of("third", "s")])
    service = Service(expired, expired, expired)
    delays: list[float] = []
    with pytest.raises(AuthError) as caught:
        await engine(service).call(
            call(), CachedCredentials(lambda: next(fresh)), lambda _error, _attempt, delay: delays.append(delay)
        )
    assert service.keys == ["first", "second"]
    assert (caught.value.attempts, delays) == (2, [0.0])


async def test_what_is_refused_is_not_asked_again_only_because_there_may_be_other_keys() -> None:
    service = Service(refused)
    await failure(engine(service), call(), CachedCredentials(lambda: Credentials.of("key", "s")))
    assert len(service.keys) == 1


async def test_a_service_that_asks_for_a_pause_has_it_and_holds_up_nobody_else() -> None:
    def wait() -> VodfastError:
        return VodfastError("busy", kind=ErrorKind.UNAVAILABLE, retry=RetryClass.LATER, retry_after=200.0)

    service = Service(wait, None)
    asked = engine(service, max_calls=1)
    pausing = asyncio.create_task(asked.call(call(), KEYS))
    while asked.calls.in_flight or not service.keys:
        await asyncio.sleep(0)
    assert await asyncio.wait_for(asked.call(call(), KEYS), 60) == "done"
    assert not pausing.done()
    pausing.cancel()
    await asyncio.wait([pausing])


async def test_keys_that_nobody_renews_are_not_tried_again() -> None:
    service = Service(expired)
    await failure(engine(service), call())
    assert service.keys == ["key"]


async def test_an_error_says_where_it_happened_and_every_attempt_is_told() -> None:
    told: list[tuple[int, str]] = []
    asked = engine(Service(throttled, lost, refused))
    with pytest.raises(VodfastError) as caught:
        await asked.call(call(), KEYS, lambda error, attempt, _delay: told.append((attempt, error.message)))
    assert told == [(1, "slow down"), (2, "reset")]
    assert (caught.value.cloud, caught.value.operation) == ("c", "Do")


async def test_the_store_hears_of_every_attempt_that_failed() -> None:
    heard: list[str] = []
    asked = engine(Service(lost, throttled, None))
    await asked.call(call(failed=lambda error: heard.append(error.message)), KEYS)
    assert heard == ["reset", "slow down"]


async def test_tidying_up_outlives_its_caller_but_not_its_time() -> None:
    asked = engine(Service(), settle_seconds=0.05)
    ended: list[str] = []

    async def tidy(wait: asyncio.Event) -> str:
        try:
            await wait.wait()
        finally:
            ended.append("told to stop" if not wait.is_set() else "done")
        return "tidy"

    never, soon = asyncio.Event(), asyncio.Event()
    assert await asked.clean_up(tidy(never)) is None
    cancelled = asyncio.create_task(asked.clean_up(tidy(soon)))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    soon.set()
    await asked.aclose()
    assert ended == ["told to stop", "done"]
