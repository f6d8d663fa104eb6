"""The object machine under thousands of simulated fault histories, judged by a model store, never by its own word."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from vodfast import _native
from vodfast.config import MIB, TransferConfig
from vodfast.errors import Cancelled, ErrorKind, IntegrityError, RetryClass, VodfastError
from vodfast.transfer.machine import ObjectMachine
from vodfast.transfer.message import Body
from vodfast.transfer.plan import UploadPlan
from vodfast.transfer.ports import Call, ObjectReceipt, PartPage, PartReceipt, PartSpec, StoreLimits
from vodfast.transfer.retry import RetryPolicy
from vodfast.transfer.sources import BufferSource
from vodfast.transfer.steps import Failed, Finished, Start, Wait

LIMITS = StoreLimits(
    min_part=1,
    max_part=MIB,
    max_parts=100,
    max_single_put=MIB,
    part_digest="crc64",
    object_digest="crc64",
    can_list_parts=True,
)


def gone() -> VodfastError:
    return VodfastError("no such upload", kind=ErrorKind.NOT_FOUND)


class ModelStore:
    """What a right store would do, with `do` callables instead of requests: the simulation performs them."""

    def __init__(self, limits: StoreLimits = LIMITS) -> None:
        self.limits = limits
        self.object: bytes | None = None
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.created = 0
        self.completions = 0
        self.losing: list[tuple[int, ...]] = []
        """Which parts are lost by the next completion, by the one after it, and so on."""

    def _call(self, operation: str, do: Any) -> Call[Any]:
        return Call(cloud="model", operation=operation, build=do, parse=lambda response: response)

    def put_object(self, body: Body) -> Call[ObjectReceipt]:
        def do(flip: bool) -> ObjectReceipt:
            self.object = taken(body, flip)
            return ObjectReceipt(tag="t", digest=_native.crc64(self.object))

        return self._call("put", do)

    def create_upload(self) -> Call[str]:
        def do(_flip: bool) -> str:
            self.created += 1
            self.uploads[f"u{self.created}"] = {}
            return f"u{self.created}"

        return self._call("create", do)

    def put_part(self, upload_id: str, part: PartSpec, body: Body) -> Call[PartReceipt]:
        def do(flip: bool) -> PartReceipt:
            if upload_id not in self.uploads:
                raise gone()
            data = taken(body, flip)
            self.uploads[upload_id][part.index] = data
            return PartReceipt(index=part.index, length=len(data), tag=f"e{part.index}", digest=_native.crc64(data))

        return self._call("part", do)

    def list_parts(self, upload_id: str, marker: str | None) -> Call[PartPage]:
        """Three parts a page."""

        def do(_flip: bool) -> PartPage:
            held = self.uploads.get(upload_id)
            if held is None:
                raise gone()
            later = [index for index in sorted(held) if index > int(marker or -1)]
            parts = tuple(
                PartReceipt(index=index, length=len(held[index]), tag=f"e{index}", digest=_native.crc64(held[index]))
                for index in later[:3]
            )
            return PartPage(parts=parts, marker=str(later[2]) if len(later) > 3 else None)

        return self._call("list parts", do)

    def complete_upload(self, upload_id: str, parts: Sequence[PartReceipt]) -> Call[ObjectReceipt]:
        def do(_flip: bool) -> ObjectReceipt:
            held = self.uploads.get(upload_id)
            if held is None:
                raise gone()
            assert [part.index for part in parts] == list(range(len(parts)))
            for index in self.losing.pop(0) if self.losing else ():
                held.pop(index, None)
            if {part.index for part in parts} != set(held):
                raise VodfastError("invalid part", kind=ErrorKind.CONFLICT)
            self.object = b"".join(held[index] for index in sorted(held))
            self.completions += 1
            del self.uploads[upload_id]
            return ObjectReceipt(tag="whole", digest=_native.crc64(self.object))

        return self._call("complete", do)

    def abort_upload(self, upload_id: str) -> Call[None]:
        return self._call("abort", lambda _flip: self.uploads.pop(upload_id, None) and None)

    def list_uploads(self) -> Call[tuple[str, ...]]:
        return self._call("list", lambda _flip: tuple(self.uploads))

    def head_object(self) -> Call[ObjectReceipt | None]:
        def do(_flip: bool) -> ObjectReceipt | None:
            if self.object is None:
                return None
            return ObjectReceipt(tag="h", digest=_native.crc64(self.object), size=len(self.object))

        return self._call("head", do)

    def delete_object(self) -> Call[None]:
        raise AssertionError("not used")


def taken(body: Body, flip: bool) -> bytes:
    with_reader = body.open(None)
    data = bytearray()
    while piece := with_reader.read(1000):
        data += piece
    with_reader.close()
    if flip and data:
        data[len(data) // 2] ^= 1
    return bytes(data)


def sent_digest(call_body: bytes) -> int:
    return _native.crc64(call_body)


class Simulation:
    """Performs a machine's steps in random order with random faults, under a virtual clock."""

    FAULTS = ("none", "lost_request", "lost_reply", "busy", "throttle", "flip", "lie")

    def __init__(self, seed: int, fault_rate: float, size: int, part_size: int, **options: Any) -> None:
        self.rng = random.Random(seed)
        self.fault_rate = fault_rate
        self.data = self.rng.randbytes(size)
        self.source = BufferSource(self.data, "data", "data")
        self.store = ModelStore(options.pop("limits", LIMITS))
        self.policy = RetryPolicy(TransferConfig(attempts=6, retry_reserve=1000), self.rng)
        self.plan = UploadPlan(size, part_size if size > part_size else 0)
        self.options = options
        self.machine = ObjectMachine(
            self.store, self.policy.delay, plan=self.plan, part_body=self.source.part, **options
        )
        self.now = 0.0
        self.in_flight: list[Start] = []
        self.most_in_flight = 0
        self.cancel_at = options.get("cancel_at")

    def perform(self, start: Start) -> None:
        fault = self.rng.choice(self.FAULTS[1:]) if self.rng.random() < self.fault_rate else "none"
        failure = {
            "lost_request": VodfastError("reset", kind=ErrorKind.NETWORK, retry=RetryClass.LATER, reached=False),
            "lost_reply": VodfastError("reset", kind=ErrorKind.NETWORK, retry=RetryClass.LATER),
            "busy": VodfastError("500", kind=ErrorKind.UNAVAILABLE, retry=RetryClass.LATER),
            "throttle": VodfastError("slow down", kind=ErrorKind.THROTTLED, retry=RetryClass.LATER, retry_after=0.5),
        }.get(fault)
        if fault in ("lost_request", "busy", "throttle"):
            assert failure is not None
            self.machine.on_failure(start.token, failure, self.now)
            return
        try:
            answer = start.call.build(fault == "flip")
        except VodfastError as error:
            self.machine.on_failure(start.token, error, self.now)
            return
        if fault == "lost_reply":
            assert failure is not None
            self.machine.on_failure(start.token, failure, self.now)
            return
        if fault == "lie" and isinstance(answer, PartReceipt):
            answer = PartReceipt(index=answer.index, length=answer.length, tag=answer.tag, digest=12345)
        self.machine.on_response(start.token, answer, self.sent(start))

    def sent(self, start: Start) -> int | None:
        if not start.weight:
            return None
        work = self.running_spec(start)
        return sent_digest(self.data[work.offset : work.offset + work.length])

    def running_spec(self, start: Start) -> PartSpec:
        spec = self.machine._running[start.token].part
        assert spec is not None
        return spec

    def running_part(self, start: Start) -> int | None:
        """The index of the part that is sent, None if none is."""
        return self.running_spec(start).index if start.weight else None

    def run(self, cancel_after: int | None = None) -> Finished | Failed:
        for step_number in range(100_000):
            if cancel_after is not None and step_number == cancel_after:
                self.machine.cancel()
                for start in list(self.in_flight):
                    if start.weight:
                        self.in_flight.remove(start)
                        if self.rng.random() < 0.5:
                            start.call.build(False)  # it arrived after all
                        self.machine.on_dropped(start.token)
            room = self.rng.randrange(0, 3)
            step = self.machine.poll(self.now, room)
            assert self.machine.ended is isinstance(step, Finished | Failed)
            assert self.machine.acknowledged <= len(self.data)
            if isinstance(step, Finished | Failed):
                assert not self.in_flight
                return step
            if isinstance(step, Start):
                self.in_flight.append(step)
                self.most_in_flight = max(self.most_in_flight, len(self.in_flight))
            elif self.in_flight:
                self.perform(self.in_flight.pop(self.rng.randrange(len(self.in_flight))))
            elif room:
                assert isinstance(step, Wait)
                assert step.until is not None, "nothing in flight and nothing to wait for: stuck"
                self.now = max(self.now, step.until)
        raise AssertionError("no end after 100,000 steps")


def judge(simulation: Simulation, outcome: Finished | Failed) -> None:
    store = simulation.store
    if isinstance(outcome, Finished):
        assert store.object == simulation.data
        assert outcome.size == len(simulation.data)
        assert outcome.verified == "crc64"
        assert simulation.machine.acknowledged == len(simulation.data)
    # Under heavy faults tidying up may fail as well: then at most empty uploads stay, or the error says what does.
    if simulation.fault_rate == 0:
        assert store.uploads == {}
    elif isinstance(outcome, Finished) or "left_behind" not in outcome.error.context:
        assert all(not parts for parts in store.uploads.values()), "an upload with parts was left open"


@pytest.mark.parametrize("chunk", range(20))
def test_no_history_stores_wrong_bytes_or_leaves_parts(chunk: int) -> None:
    finished = 0
    for seed in range(chunk * 100, chunk * 100 + 100):
        rng = random.Random(seed)
        size = rng.choice([1, 999, 1000, 1001, 5000, 10_000, 17_321])
        simulation = Simulation(seed, rng.choice([0.0, 0.1, 0.3, 0.6]), size, 1000)
        try:
            outcome = simulation.run(cancel_after=rng.choice([None, None, None, rng.randrange(1, 60)]))
            judge(simulation, outcome)
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
        finished += isinstance(outcome, Finished)
    assert finished > 30


def test_a_quiet_history_makes_each_request_once() -> None:
    simulation = Simulation(1, 0.0, 10_500, 1000)
    outcome = simulation.run()
    assert isinstance(outcome, Finished)
    assert (simulation.store.created, simulation.store.completions) == (1, 1)


def test_concurrency_bounds_the_parts_in_flight() -> None:
    simulation = Simulation(2, 0.0, 50_000, 1000, concurrency=3)
    simulation.run()
    assert simulation.most_in_flight == 3


def test_an_ascending_store_gets_one_part_at_a_time() -> None:
    simulation = Simulation(3, 0.2, 20_000, 1000, limits=msgspec.structs.replace(LIMITS, part_order="ascending"))
    outcome = simulation.run()
    assert isinstance(outcome, Finished)
    assert simulation.most_in_flight == 1


def test_a_joined_object_that_differs_is_an_integrity_error_and_is_never_retried() -> None:
    simulation = Simulation(4, 0.0, 5000, 1000)
    complete = simulation.store.complete_upload

    def lying(upload_id: str, parts: Sequence[PartReceipt]) -> Call[ObjectReceipt]:
        call = complete(upload_id, parts)
        return Call(
            cloud="model",
            operation="complete",
            build=lambda flip: (call.build(flip), ObjectReceipt(tag="w", digest=99))[1],
            parse=call.parse,
        )

    simulation.store.complete_upload = lying
    outcome = simulation.run()
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, IntegrityError)
    assert simulation.store.completions == 1


def test_an_upload_that_is_said_to_be_gone_and_joined_nothing_is_aborted_all_the_same() -> None:
    simulation = Simulation(9, 0.0, 5000, 1000)

    def denying(_upload_id: str, _parts: Sequence[PartReceipt]) -> Call[ObjectReceipt]:
        def do(_flip: bool) -> ObjectReceipt:
            raise gone()

        return Call(cloud="model", operation="complete", build=do, parse=lambda response: response)

    simulation.store.complete_upload = denying
    outcome = simulation.run()
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is ErrorKind.NOT_FOUND
    assert simulation.store.created == 1
    assert simulation.store.uploads == {}


def test_without_digests_the_result_says_that_nothing_was_verified() -> None:
    store_limits = msgspec.structs.replace(LIMITS, part_digest=None, object_digest=None)
    simulation = Simulation(5, 0.0, 5000, 1000, limits=store_limits)
    simulation.sent = lambda start: None
    outcome = simulation.run()
    assert isinstance(outcome, Finished)
    assert outcome.verified is None


def test_a_part_whose_bytes_are_not_known_leaves_the_object_unverified() -> None:
    simulation = Simulation(5, 0.0, 5000, 1000)
    known = simulation.sent
    simulation.sent = lambda start: None if simulation.running_part(start) == 2 else known(start)
    outcome = simulation.run()
    assert isinstance(outcome, Finished)
    assert outcome.verified is None


def test_cancel_reports_cancelled_and_aborts() -> None:
    simulation = Simulation(6, 0.0, 50_000, 1000)
    outcome = simulation.run(cancel_after=30)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, Cancelled)
    assert simulation.store.uploads == {}


def test_progress_counts_what_the_store_has_acknowledged_and_nothing_else() -> None:
    simulation = Simulation(6, 0.0, 2500, 1000)
    create = simulation.machine.poll(0.0)
    assert isinstance(create, Start)
    simulation.perform(create)
    parts = [simulation.machine.poll(0.0) for _ in range(3)]
    counted = [simulation.machine.acknowledged]
    for start in (parts[2], parts[0], parts[1]):
        assert isinstance(start, Start)
        simulation.perform(start)
        counted.append(simulation.machine.acknowledged)
    assert counted == [0, 500, 1500, 2500]


def test_a_part_is_not_sent_again_before_its_pause_is_over() -> None:
    simulation = Simulation(6, 0.0, 500, 1000)
    put = simulation.machine.poll(0.0)
    assert isinstance(put, Start)
    busy = VodfastError("503", kind=ErrorKind.UNAVAILABLE, retry=RetryClass.LATER, retry_after=5.0)
    simulation.machine.on_failure(put.token, busy, 100.0)
    wait = simulation.machine.poll(104.0)
    assert isinstance(wait, Wait)
    assert wait.until is not None
    assert wait.until >= 105.0
    assert isinstance(simulation.machine.poll(wait.until), Start)


def test_nothing_is_begun_any_more_while_what_runs_after_a_failure_is_awaited() -> None:
    simulation = Simulation(6, 0.0, 50_000, 1000)
    create = simulation.machine.poll(0.0)
    assert isinstance(create, Start)
    simulation.perform(create)
    running = [simulation.machine.poll(0.0) for _ in range(2)]
    simulation.machine.fail(VodfastError("the disk broke"))
    assert simulation.machine.poll(0.0) == Wait(None, hungry=False)
    for start in running:
        assert isinstance(start, Start)
        simulation.machine.on_dropped(start.token)
    abort = simulation.machine.poll(0.0)
    assert isinstance(abort, Start)
    assert abort.call.operation == "abort"


def test_an_upload_that_is_done_or_has_failed_stays_so() -> None:
    simulation = Simulation(1, 0.0, 2500, 1000)
    outcome = simulation.run()
    assert isinstance(outcome, Finished)
    simulation.machine.cancel()
    assert simulation.machine.poll(0.0) == outcome
    assert not simulation.machine.failing
    machine = ObjectMachine(ModelStore(), RetryPolicy(TransferConfig(), random.Random(1)).delay)
    machine.fail(VodfastError("the stream broke"))
    failed = machine.poll(0.0)
    assert isinstance(failed, Failed)
    assert failed.error.context == {}, "nothing was begun, and nothing is left"
    machine.offer(BufferSource(b"a" * 10, "s", "s").part(PartSpec(0, 0, 10)), last=False)
    assert machine.poll(0.0) == failed


@pytest.mark.parametrize(("size", "operation"), [(500, "put"), (2500, "create")])
def test_a_request_that_fails_for_ever_is_made_as_often_as_allowed(size: int, operation: str) -> None:
    simulation = Simulation(1, 0.0, size, 1000)
    made = 0
    while not isinstance(step := simulation.machine.poll(simulation.now), Failed):
        if isinstance(step, Start):
            made += step.call.operation == operation
            busy = VodfastError("503", kind=ErrorKind.THROTTLED, retry=RetryClass.LATER)
            simulation.machine.on_failure(step.token, busy, simulation.now)
        else:
            assert isinstance(step, Wait)
            simulation.now = step.until or 0.0
    assert made == 6
    assert step.error.retry is RetryClass.SPENT


@pytest.mark.parametrize("operation", ["create", "part"])
def test_a_refusal_after_a_lost_answer_is_what_it_says_where_nothing_of_it_makes_media(operation: str) -> None:
    simulation = Simulation(1, 0.0, 2500, 1000)
    step = simulation.machine.poll(0.0)
    assert isinstance(step, Start)
    while step.call.operation != operation:
        simulation.perform(step)
        step = simulation.machine.poll(0.0)
        assert isinstance(step, Start)
    lost = VodfastError("reset", kind=ErrorKind.NETWORK, retry=RetryClass.LATER)
    simulation.machine.on_failure(step.token, lost, 0.0)
    again = simulation.machine.poll(1000.0)
    assert isinstance(again, Start)
    refused = VodfastError("no", kind=ErrorKind.AUTH)
    simulation.machine.on_failure(again.token, refused, 1000.0)
    simulation.now = 1000.0
    assert simulation.run() == Failed(refused)


def test_a_part_that_is_damaged_for_ever_is_an_integrity_error_and_takes_everything_back() -> None:
    simulation = Simulation(1, 0.0, 2500, 1000)
    while not isinstance(step := simulation.machine.poll(0.0), Failed):
        assert isinstance(step, Start)
        simulation.machine.on_response(step.token, step.call.build(True), simulation.sent(step))
    assert isinstance(step.error, IntegrityError)
    assert (simulation.store.uploads, simulation.store.object) == ({}, None)


def test_a_damaged_part_that_an_outage_keeps_from_being_sent_anew_is_an_outage() -> None:
    simulation = Simulation(1, 0.0, 2500, 1000)
    for damaged in (False, True):
        step = simulation.machine.poll(0.0)
        assert isinstance(step, Start)
        simulation.machine.on_response(step.token, step.call.build(damaged), simulation.sent(step))
    again = simulation.machine.poll(0.0)
    assert isinstance(again, Start)
    simulation.machine.on_failure(again.token, VodfastError("503", kind=ErrorKind.UNAVAILABLE), 0.0)
    outcome = simulation.run()
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is ErrorKind.UNAVAILABLE


def test_keeping_parts_leaves_the_upload_open() -> None:
    simulation = Simulation(7, 0.0, 50_000, 1000, keeps=lambda error: error.kind is ErrorKind.CANCELLED)
    start = simulation.machine.poll(0.0)
    assert isinstance(start, Start)
    simulation.perform(start)
    simulation.machine.cancel()
    assert isinstance(simulation.machine.poll(0.0), Failed)
    assert list(simulation.store.uploads) == ["u1"]


@pytest.mark.parametrize("silent", ["a part", "the whole"])
def test_an_answer_without_a_checksum_is_no_damage_and_no_proof(silent: str) -> None:
    simulation = Simulation(5, 0.0, 5000, 1000)

    def mute(call: Call[Any]) -> Call[Any]:
        def do(flip: bool) -> Any:
            return msgspec.structs.replace(call.build(flip), digest=None)

        return Call(cloud="model", operation=call.operation, build=do, parse=call.parse)

    store = simulation.store
    put_part, complete = store.put_part, store.complete_upload
    if silent == "a part":
        store.put_part = lambda upload_id, part, body: (mute if part.index == 2 else lambda call: call)(
            put_part(upload_id, part, body)
        )
    else:
        store.complete_upload = lambda upload_id, parts: mute(complete(upload_id, parts))
    outcome = simulation.run()
    assert isinstance(outcome, Finished)
    assert store.object == simulation.data
    assert outcome.verified is None


def test_a_store_that_has_confirmed_every_part_has_confirmed_the_object() -> None:
    simulation = Simulation(5, 0.0, 5000, 1000, limits=msgspec.structs.replace(LIMITS, object_digest=None))
    outcome = simulation.run()
    assert isinstance(outcome, Finished)
    assert (outcome.verified, outcome.digest, outcome.sent) == ("crc64", "crc64", _native.crc64(simulation.data))
