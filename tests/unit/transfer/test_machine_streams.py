"""The object machine fed with a stream: when it asks for more, in which parts that goes out, and how it ends."""

from __future__ import annotations

import random

import pytest

from tests.unit.transfer.test_machine import ModelStore
from vodfast import _native
from vodfast.config import TransferConfig
from vodfast.errors import VodfastError
from vodfast.transfer.machine import ObjectMachine
from vodfast.transfer.ports import PartSpec
from vodfast.transfer.retry import RetryPolicy
from vodfast.transfer.sources import BufferSource
from vodfast.transfer.steps import Failed, Finished, Start, Wait


def test_a_stream_is_fed_when_hungry_and_ends_with_its_last_part() -> None:
    pieces = [b"a" * 1000, b"b" * 1000, b"c" * 10]
    store = ModelStore()
    machine = ObjectMachine(store, RetryPolicy(TransferConfig(), random.Random(1)).delay)
    outcome = None
    offered = 0
    for _ in range(100):
        step = machine.poll(0.0)
        if isinstance(step, Finished | Failed):
            outcome = step
            break
        if isinstance(step, Start):
            data = pieces[machine._running[step.token].part.index] if step.weight else b""
            machine.on_response(step.token, step.call.build(False), _native.crc64(data) if step.weight else None)
        else:
            assert step.hungry
            machine.offer(
                BufferSource(pieces[offered], "s", "s").part(PartSpec(0, 0, len(pieces[offered]))),
                last=offered == len(pieces) - 1,
            )
            offered += 1
    assert isinstance(outcome, Finished)
    assert store.object == b"".join(pieces)
    assert (outcome.size, outcome.verified) == (2010, "crc64")


@pytest.mark.parametrize(
    ("pieces", "operations"),
    [
        ([b"a" * 10], ["put"]),
        ([b""], ["put"]),
        ([b"a" * 10, b""], ["create", "part", "complete"]),
        ([b"a" * 10, b"b"], ["create", "part", "part", "complete"]),
    ],
    ids=["one part", "nothing", "whole parts only", "a smaller last part"],
)
def test_a_stream_is_sent_in_the_parts_it_has(pieces: list[bytes], operations: list[str]) -> None:
    store, made, offered = ModelStore(), list[str](), 0
    machine = ObjectMachine(store, RetryPolicy(TransferConfig(), random.Random(1)).delay)
    while not isinstance(step := machine.poll(0.0), Finished):
        if isinstance(step, Start):
            made.append(step.call.operation)
            sent = _native.crc64(pieces[made.count("part") - 1]) if step.weight else None
            machine.on_response(step.token, step.call.build(False), sent)
        else:
            assert isinstance(step, Wait)
            assert step.hungry
            body = BufferSource(pieces[offered], "s", "s").part(PartSpec(0, 0, len(pieces[offered])))
            offered += 1
            machine.offer(body, last=offered == len(pieces))
    assert made == operations
    assert store.object == b"".join(pieces)


def test_a_stream_is_asked_for_one_part_at_a_time_and_for_none_after_its_end() -> None:
    machine = ObjectMachine(ModelStore(), RetryPolicy(TransferConfig(), random.Random(1)).delay)

    def hungry() -> bool:
        step = machine.poll(0.0, room=0)
        assert isinstance(step, Wait)
        return step.hungry

    assert hungry()
    for last in (False, True):
        machine.offer(BufferSource(b"a" * 10, "s", "s").part(PartSpec(0, 0, 10)), last=last)
        assert not hungry()
        create = machine.poll(0.0)
        if not last:
            assert isinstance(create, Start)
            machine.on_response(create.token, create.call.build(False), None)
            part = machine.poll(0.0)
            assert isinstance(part, Start)
            assert hungry(), "the part is under way"
    machine.cancel()
    assert not hungry()


def test_a_stream_that_breaks_is_aborted() -> None:
    store = ModelStore()
    machine = ObjectMachine(store, RetryPolicy(TransferConfig(), random.Random(1)).delay)
    machine.offer(BufferSource(b"a" * 10, "s", "s").part(PartSpec(0, 0, 10)), last=False)
    create = machine.poll(0.0)
    assert isinstance(create, Start)
    machine.on_response(create.token, create.call.build(False), None)
    machine.fail(VodfastError("the stream broke"))
    abort = machine.poll(0.0)
    assert isinstance(abort, Start)
    assert abort.call.operation == "abort"
    machine.on_response(abort.token, abort.call.build(False), None)
    failed = machine.poll(0.0)
    assert isinstance(failed, Failed)
    assert (store.uploads, machine.upload_id, machine.left_behind) == ({}, None, None)
    assert failed.error.context == {}, "nothing is left"
