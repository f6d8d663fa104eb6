"""A right append-only store, and an append machine driven against it with random faults under a virtual clock."""

from __future__ import annotations

import random
from typing import Any

from vodfast.config import TransferConfig
from vodfast.errors import (
    ErrorKind,
    RetryClass,
    VodfastError,
)
from vodfast.transfer.append import AppendMachine
from vodfast.transfer.message import Body
from vodfast.transfer.plan import plan_upload
from vodfast.transfer.ports import AppendReceipt, Call, ObjectReceipt, PartSpec, StoreLimits
from vodfast.transfer.retry import RetryPolicy
from vodfast.transfer.sources import BufferSource
from vodfast.transfer.steps import Failed, Finished, Start, Wait

LIMITS = StoreLimits(
    min_part=1,
    max_part=1000,
    max_parts=100,
    max_single_put=0,
    part_order="append",
    part_digest=None,
    object_digest=None,
    can_list_parts=False,
)
RESET = VodfastError("reset", kind=ErrorKind.NETWORK, retry=RetryClass.LATER)


def lost_reply() -> VodfastError:
    return VodfastError("reset", kind=ErrorKind.NETWORK, retry=RetryClass.LATER)


class ModelStore:
    """What a right append-only store would do, with `do` callables instead of requests."""

    limits = LIMITS
    begun = None
    reopened = False

    def __init__(self) -> None:
        self.object: bytes | None = None
        self.finished = 0
        self.open: dict[str, bytearray] = {}
        self.contexts = 0
        self.takes = 10**9
        """Bytes of a part the store takes at most."""
        self.lookups = 0
        self.node_known = False
        self.pipelined = 1
        self.pipelines_failed = 0
        self.late = 0
        """How often it does not know its object yet."""
        self.log: list[str] = []

    def _call(self, operation: str, do: Any) -> Call[Any]:
        def logged() -> Any:
            self.log.append(operation)
            return do()

        return Call(cloud="model", operation=operation, build=logged, parse=lambda response: response)

    def prepare(self) -> Call[None] | None:
        if self.node_known:
            return None

        def do() -> None:
            self.lookups += 1
            self.node_known = True

        return self._call("prepare", do)

    def pipeline_failed(self) -> None:
        self.pipelines_failed += 1

    def append_part(self, upload_id: str | None, part: PartSpec, body: Body, *, last: bool) -> Call[AppendReceipt]:
        def do() -> AppendReceipt:
            assert body.length == part.length <= LIMITS.max_part
            data = taken(body)
            context = upload_id
            if context is None:
                assert part.offset == 0
                self.contexts += 1
                context = f"c{self.contexts}"
                self.open[context] = bytearray()
            held = self.open.get(context)
            if held is None:
                raise VodfastError("404", kind=ErrorKind.NOT_FOUND)
            if part.offset == len(held):
                held += data[: self.takes]
            if last and len(held) == part.offset + part.length:
                self.object = bytes(held)
                self.finished += 1
                del self.open[context]
                whole = ObjectReceipt(tag=context, digest=None, size=len(self.object), reply="relayed")
                return AppendReceipt(upload_id=context, end=len(self.object), whole=whole)
            return AppendReceipt(upload_id=context, end=len(held))

        return self._call("part", do)

    def stored_bytes(self, upload_id: str) -> Call[int | None]:
        return self._call("ask", lambda: len(self.open[upload_id]) if upload_id in self.open else None)

    def head_object(self) -> Call[ObjectReceipt | None]:
        def do() -> ObjectReceipt | None:
            if self.object is not None:
                self.late -= 1
            return ObjectReceipt(tag="h", digest=None) if self.object is not None and self.late < 0 else None

        return self._call("settle", do)

    def delete_object(self) -> Call[None]:
        raise AssertionError("not used")


def taken(body: Body) -> bytes:
    reader = body.open(None)
    data = bytearray()
    while piece := reader.read(700):
        data += piece
    reader.close()
    return bytes(data)


class Simulation:
    """Performs a machine's steps with random faults, under a virtual clock. `pieces` makes the source a stream."""

    def __init__(self, seed: int, fault_rate: float, size: int, pieces: list[int] | None = None) -> None:
        self.rng = random.Random(seed)
        self.fault_rate = fault_rate
        self.data = self.rng.randbytes(size)
        self.store = ModelStore()
        self.source = BufferSource(self.data, "data", "data")
        self.pieces = pieces
        self.offered = 0
        retry = RetryPolicy(TransferConfig(attempts=6, retry_reserve=1000), self.rng).delay
        source = {"plan": plan_upload(size, LIMITS), "part_body": self.source.part} if pieces is None else {}
        self.machine = AppendMachine(self.store, retry, settle_seconds=10.0, pipelines=True, **source)
        self.now = 0.0
        self.running: list[Start] = []
        self.stragglers: list[Start] = []
        """Parts the store reads from a connection that is closed."""
        self.together = 0
        """The most requests under way at once."""

    def offer(self) -> None:
        assert self.pieces
        length = self.pieces.pop(0)
        piece = BufferSource(self.data[self.offered : self.offered + length], "s", "s")
        self.offered += length
        body = piece.part(PartSpec(0, 0, length))
        self.machine.offer(body, last=not self.pieces)  # a buffer's part can be cut

    def perform(self, start: Start) -> None:
        part = start.call.operation == "part"
        faults = ["lost_request", "lost_reply", "busy", "throttle", *(["short", "dead_node", "forget"] if part else [])]
        fault = self.rng.choice(faults) if self.rng.random() < self.fault_rate else "none"
        refusals = {
            "lost_request": VodfastError("reset", kind=ErrorKind.NETWORK, retry=RetryClass.LATER, reached=False),
            "busy": VodfastError("500", kind=ErrorKind.UNAVAILABLE, retry=RetryClass.LATER),
            "throttle": VodfastError("slow", kind=ErrorKind.THROTTLED, retry=RetryClass.LATER, retry_after=0.5),
            "dead_node": VodfastError("refused", kind=ErrorKind.NETWORK, retry=RetryClass.LATER, reached=False),
        }
        if fault in refusals:
            self.store.node_known = self.store.node_known and fault != "dead_node"
            self.machine.on_failure(start.token, refusals[fault], self.now)
            return
        if fault == "forget":
            self.store.open.clear()
        self.store.takes = self.rng.randrange(0, 1000) if fault == "short" else 10**9
        try:
            answer = start.call.build()
        except VodfastError as error:
            self.machine.on_failure(start.token, error, self.now)
            return
        if fault == "lost_reply":
            self.machine.on_failure(start.token, lost_reply(), self.now)
            return
        self.machine.on_response(start.token, answer, None)

    def drop(self) -> None:
        """Parts under way are broken off, as the engine does, in whatever order it hears of them."""
        arriving = self.rng.randrange(0, len(self.running) + 1)
        for start in self.running[:arriving]:
            try:
                start.call.build()  # it arrived after all
            except VodfastError:
                break
        else:
            self.stragglers = [start for start in self.running[arriving:] if start.pipeline]
        self.rng.shuffle(self.running)
        while self.running:
            self.machine.on_dropped(self.running.pop().token)

    def straggle(self) -> None:
        try:
            self.stragglers.pop(0).call.build()
        except VodfastError:
            self.stragglers.clear()

    def begin(self, start: Start) -> None:
        assert not self.running or {0} != {other.pipeline for other in self.running} == {start.pipeline}
        assert not (start.final and self.running), "the last part goes out before all others are answered"
        self.running.append(start)
        self.together = max(self.together, len(self.running))

    def run(self, cancel_after: int | None = None) -> Finished | Failed:
        for step_number in range(10_000):
            if step_number == cancel_after:
                self.machine.cancel()
            if self.machine.moot and self.running and self.running[0].weight:
                self.drop()
            if self.stragglers and self.rng.random() < 0.3:
                self.straggle()
            room = self.rng.randrange(0, 2)
            step = self.machine.poll(self.now, room)
            if isinstance(step, Finished | Failed):
                assert not self.running
                assert self.machine.ended
                return step
            assert not self.running or not self.machine.ended
            if isinstance(step, Start):
                self.begin(step)
            elif self.running and self.rng.random() < 0.7:
                if self.running[0].pipeline and self.rng.random() < self.fault_rate / 10:
                    self.drop()  # the connection broke, and nobody says of whom
                else:
                    self.perform(self.running.pop(0))
            elif isinstance(step, Wait) and step.hungry and self.pieces:
                self.offer()
            elif room and not self.running:
                assert step.until is not None, "nothing in flight and nothing to wait for: stuck"
                self.now = max(self.now, step.until)
        raise AssertionError("no end after 10,000 steps")


def judge(simulation: Simulation, outcome: Finished | Failed) -> None:
    store = simulation.store
    if isinstance(outcome, Finished):
        assert store.object == simulation.data
        assert outcome.size == len(simulation.data) == simulation.machine.acknowledged
        return
    assert outcome.error.kind is not ErrorKind.INTEGRITY, "a right store is blamed"
    if store.object is not None:
        # It was finished although the machine gave up: then it must have said that it does not know.
        assert store.object == simulation.data
        assert outcome.error.kind is ErrorKind.AMBIGUOUS


def failure(simulation: Simulation) -> VodfastError:
    outcome = simulation.machine.poll(0.0)
    assert isinstance(outcome, Failed)
    return outcome.error


def next_start(simulation: Simulation) -> Start:
    for _ in range(20):
        step = simulation.machine.poll(simulation.now)
        if isinstance(step, Start):
            return step
        assert isinstance(step, Wait)
        simulation.now = step.until or simulation.now
    raise AssertionError("nothing starts")


def answer(simulation: Simulation, start: Start) -> None:
    simulation.machine.on_response(start.token, start.call.build(), None)


def to_part(simulation: Simulation, number: int) -> Start:
    """Answer everything up to the start of part `number` (from 1)."""
    while True:
        start = next_start(simulation)
        if start.call.operation == "part":
            number -= 1
            if number == 0:
                return start
        answer(simulation, start)
