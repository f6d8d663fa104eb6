"""Which answers tell the time, and which refusals a wrong clock explains."""

from __future__ import annotations

import random
import time
from email.utils import formatdate
from typing import Any

import pytest

from vodfast.config import TransferConfig
from vodfast.credentials import CachedCredentials, Credentials
from vodfast.errors import AuthError, ErrorKind, VodfastError
from vodfast.transfer.clock import FURTHEST, ahead_of_us, explained
from vodfast.transfer.engine import Engine
from vodfast.transfer.message import Request, Response
from vodfast.transfer.ports import Call

NOON = 1_800_000_000.0
KEYS = CachedCredentials(Credentials.of("key", "secret"))


def dated(seconds: float, status: int = 200, **more: str) -> Response:
    headers = (("date", formatdate(seconds, usegmt=True)), *more.items())
    return Response(status=status, headers=headers, body=b"")


def test_the_date_of_an_answer_tells_the_time() -> None:
    assert ahead_of_us(dated(NOON + 90), NOON) == pytest.approx(90.5)


@pytest.mark.parametrize(
    "date",
    [
        "",
        "yesterday",
        "Wed, 99 Nov 2026 23:00:00 GMT",
        "Thu, 01 Jan 99999 00:00:00 GMT",
        "Thu, 26 Nov 2026 12:00:00 +9999999999999",
    ],
)
def test_what_is_no_date_tells_nothing(date: str) -> None:
    assert ahead_of_us(Response(status=200, headers=(("date", date),), body=b""), NOON) is None


def test_an_answer_out_of_a_cache_tells_nothing() -> None:
    assert ahead_of_us(dated(NOON + 4000, age="4000"), NOON) is None


@pytest.mark.parametrize(
    ("off", "known", "found"),
    [
        (4000, 0.0, True),
        (-4000, 0.0, True),
        (30, 0.0, False),
        (90, 0.0, True),
        (4000, 4000.0, False),
        (0, 4000.0, True),
        (FURTHEST + 60, 0.0, False),
        (-NOON, 0.0, False),
    ],
)
def test_a_difference_explains_a_refusal_if_it_is_neither_small_nor_absurd(
    off: float, known: float, found: bool
) -> None:
    assert (explained(dated(NOON + off), NOON, known) is not None) is found


class Service:
    """Answers with a date that is `off`, and takes requests whose time is within 300 seconds of `takes`."""

    def __init__(self, off: float, takes: float | None, **more: str) -> None:
        self.off = off
        self.takes = takes
        self.more = more
        self.times: list[float] = []

    async def send(self, request: Request, _sent: object = None) -> Response:
        stamp = float(dict(request.headers)["x-date"])
        self.times.append(stamp - time.time())
        right = self.takes is not None and abs(self.times[-1] - self.takes) < 300
        return dated(time.time() + self.off, 200 if right else 403, **self.more)

    async def aclose(self) -> None:
        return


def call(*, timed: bool = True, kind: ErrorKind = ErrorKind.AUTH) -> Call[str]:
    def build(_: Credentials, now: float) -> Request:
        stamp = str(now if timed else 0.0)
        return Request(operation="Do", method="GET", url="https://h.example/", headers=(("x-date", stamp),))

    def parse(response: Response) -> str:
        if response.status != 200:
            raise AuthError("refused", kind=kind)
        return "done"

    return Call(cloud="c", operation="Do", build=build, parse=parse)


async def outcome(service: Service, asked: Call[Any]) -> tuple[object, float]:
    engine = Engine(service, TransferConfig(), rng=random.Random(1))
    try:
        return await engine.call(asked, KEYS), engine.ahead
    except VodfastError as error:
        return error.kind, engine.ahead
    finally:
        await engine.aclose()


@pytest.mark.parametrize("kind", [ErrorKind.AUTH, ErrorKind.SESSION_EXPIRED])
async def test_the_right_time_is_kept(kind: ErrorKind) -> None:
    service = Service(4000, 4000)
    said, ahead = await outcome(service, call(kind=kind))
    assert (said, round(ahead, -1), len(service.times)) == ("done", 4000, 2)


async def test_what_follows_is_signed_by_the_services_time_at_once() -> None:
    service = Service(-4000, -4000)
    engine = Engine(service, TransferConfig(), rng=random.Random(1))
    for _ in range(3):
        assert await engine.call(call(), KEYS) == "done"
    assert [round(off, -1) for off in service.times] == [0, -4000, -4000, -4000]


@pytest.mark.parametrize("service", [Service(4000, 0), Service(4000, None), Service(-4000, 9000)])
async def test_a_time_that_does_not_help_is_forgotten(service: Service) -> None:
    said, ahead = await outcome(service, call())
    assert ahead == 0
    assert said == ("done" if service.takes == 0 else ErrorKind.AUTH)
    assert len(service.times) == (1 if service.takes == 0 else 2)


@pytest.mark.parametrize(
    ("service", "asked"),
    [
        (Service(4000, 4000, age="9"), call()),
        (Service(4000, 4000), call(timed=False)),
        (Service(4000, 4000), call(kind=ErrorKind.INVALID_INPUT)),
        (Service(FURTHEST * 2, FURTHEST * 2), call()),
    ],
    ids=["cached", "not signed by time", "another refusal", "absurd"],
)
async def test_what_the_clock_does_not_explain_is_refused_at_once(service: Service, asked: Call[str]) -> None:
    said, ahead = await outcome(service, asked)
    assert isinstance(said, ErrorKind)
    assert (ahead, len(service.times)) == (0, 1)
