"""What Volcengine asks of the machine and the engine: ties in time, steps without a request, no whole-object digest."""

from __future__ import annotations

import random
from typing import Any

import pytest

from vodfast import _native
from vodfast.config import TransferConfig
from vodfast.credentials import CachedCredentials, Credentials
from vodfast.errors import ErrorKind, RetryClass, VodfastError
from vodfast.stores.tos.address import Route
from vodfast.stores.tos.dialect import GatewayStore
from vodfast.transfer.engine import Engine
from vodfast.transfer.machine import ObjectMachine
from vodfast.transfer.message import Request, Response
from vodfast.transfer.plan import UploadPlan
from vodfast.transfer.ports import ObjectReceipt, PartReceipt, without_request
from vodfast.transfer.sources import BufferSource
from vodfast.transfer.steps import Finished, Start

STORE = GatewayStore(uri="b/k", routes=(Route(host="h.example", grant=0),))


def machine(data: bytes, part_size: int) -> ObjectMachine:
    plan = UploadPlan(len(data), part_size)
    return ObjectMachine(STORE, lambda error, attempt: 0.0, plan=plan, part_body=BufferSource(data, "x", "x").part)


def started(running: ObjectMachine, now: float = 0.0) -> Start:
    step = running.poll(now)
    assert isinstance(step, Start)
    return step


def test_parts_that_fail_at_the_same_moment_come_back_in_order() -> None:
    running = machine(b"123456", 2)
    running.on_response(started(running).token, "u", None)
    starts = [started(running) for _ in range(3)]
    refused = VodfastError("expired", kind=ErrorKind.SESSION_EXPIRED, retry=RetryClass.RENEW)
    for start in starts:
        running.on_failure(start.token, refused, 1.0)
    again = [started(running, 1.0).call.build for _ in range(3)]
    credentials = Credentials.of("x", '["auth"]')
    assert [build(credentials, 0).url[-24:] for build in again] == [
        f"?partNumber={number}&uploadID=u"[-24:] for number in (1, 2, 3)
    ]


@pytest.mark.parametrize("said", [True, False])
def test_parts_confirmed_one_by_one_are_proof_where_no_digest_of_the_whole_exists(said: bool) -> None:
    data = b"1234"
    running = machine(data, 2)
    running.on_response(started(running).token, "u", None)
    for index in range(2):
        crc = _native.crc32(data[2 * index : 2 * index + 2])
        receipt = PartReceipt(index=index, length=2, tag=f"{crc:08x}", digest=crc if said or index else None)
        running.on_response(started(running).token, receipt, crc)
    running.on_response(started(running).token, ObjectReceipt(tag="0", digest=None), None)
    step = running.poll(0.0)
    assert isinstance(step, Finished)
    assert step.verified == ("crc32" if said else None)


class NoTransport:
    async def send(self, request: Request, _sent: object = None) -> Response:
        raise AssertionError("nothing may be sent")

    async def aclose(self) -> None:
        return


async def test_a_step_without_a_request_needs_no_transport_and_no_keys() -> None:
    def none() -> Any:
        raise AssertionError("no keys are needed")

    engine = Engine(NoTransport(), TransferConfig(), rng=random.Random(1))
    try:
        assert await engine.call(without_request("c", "op", (1, 2)), CachedCredentials(none)) == (1, 2)
    finally:
        await engine.aclose()
