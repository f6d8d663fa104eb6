"""The append-only machine under thousands of simulated fault histories, judged by a model store."""

from __future__ import annotations

import random
from typing import Any

import pytest

from vodfast.config import TransferConfig
from vodfast.errors import (
    AmbiguousCommit,
    Cancelled,
    ErrorKind,
    IntegrityError,
    RetryClass,
    SourceChanged,
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


def random_pieces(rng: random.Random, size: int) -> list[int]:
    """Full pieces of one size and a shorter, perhaps empty one, as the engine offers a stream."""
    limit = rng.choice([500, 1000, 2500])
    return [limit] * (size // limit) + [size % limit]


@pytest.mark.parametrize("chunk", range(10))
def test_no_history_finishes_wrong_bytes_or_hides_a_finished_object(chunk: int) -> None:
    finished = 0
    for seed in range(chunk * 100, chunk * 100 + 100):
        rng = random.Random(seed)
        size = rng.choice([0, 1, 999, 1000, 1001, 3000, 5500, 12_000, 40_500])
        pieces = random_pieces(rng, size) if size and rng.random() < 0.5 else None
        simulation = Simulation(seed, rng.choice([0.0, 0.1, 0.3]), size, pieces)
        simulation.store.late = rng.choice([0, 0, 1, 3, 10**6])
        simulation.store.pipelined = rng.choice([1, 3, 16])
        try:
            outcome = simulation.run(cancel_after=rng.choice([None, None, None, rng.randrange(1, 40)]))
            judge(simulation, outcome)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
        finished += isinstance(outcome, Finished)
    assert finished > 30


@pytest.mark.parametrize(
    ("size", "parts", "stream"),
    [
        (0, 1, False),  # an empty stream has a known size, so there is no such case
        *(
            (size, parts, stream)
            for size, parts in [(1, 1), (1000, 1), (1001, 2), (3000, 3)]
            for stream in (False, True)
        ),
    ],
)
def test_the_last_part_says_so_and_nothing_is_sent_twice(size: int, parts: int, stream: bool) -> None:
    simulation = Simulation(1, 0.0, size, [1000] * (size // 1000) + [size % 1000] if stream else None)
    outcome = simulation.run()
    assert isinstance(outcome, Finished)
    assert outcome.receipt.reply == "relayed"
    assert simulation.store.log == ["prepare"] + ["part"] * parts
    assert simulation.store.finished == 1
    judge(simulation, outcome)


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


def test_an_offset_that_does_not_advance_is_settled_by_asking() -> None:
    simulation = Simulation(2, 0.0, 2500)
    start = to_part(simulation, 2)
    simulation.store.takes = 0
    answer(simulation, start)
    assert next_start(simulation).call.operation == "ask"


def test_a_part_taken_in_part_is_continued_from_there() -> None:
    simulation = Simulation(3, 0.0, 2500)
    start = to_part(simulation, 1)
    simulation.store.takes = 300
    answer(simulation, start)
    assert simulation.machine.acknowledged == 300
    simulation.store.takes = 10**9
    judge(simulation, simulation.run())


def test_a_lost_reply_in_the_middle_is_settled_by_asking_and_not_sent_again() -> None:
    simulation = Simulation(4, 0.0, 2500)
    start = to_part(simulation, 2)
    start.call.build()
    simulation.machine.on_failure(start.token, lost_reply(), 0.0)
    asked = next_start(simulation)
    assert asked.call.operation == "ask"
    answer(simulation, asked)
    assert simulation.machine.acknowledged == 2000
    judge(simulation, simulation.run())
    assert simulation.store.log.count("part") == 3


def test_a_lost_reply_to_the_last_part_is_settled_by_looking_for_the_object() -> None:
    simulation = Simulation(5, 0.0, 2500)
    start = to_part(simulation, 3)
    assert start.final
    start.call.build()
    simulation.machine.on_failure(start.token, lost_reply(), 0.0)
    outcome = simulation.run()
    assert isinstance(outcome, Finished)
    assert simulation.store.log[-1] == "settle"
    assert simulation.store.finished == 1


def test_a_lost_request_with_the_last_part_goes_on_from_what_the_store_has() -> None:
    simulation = Simulation(6, 0.0, 2500)
    start = to_part(simulation, 3)
    simulation.machine.on_failure(start.token, lost_reply(), 0.0)
    judge(simulation, simulation.run())
    assert simulation.store.log[-3:] == ["settle", "ask", "part"]


def test_everything_stored_but_not_finished_is_ended_by_an_empty_part() -> None:
    for pieces in (None, [1000, 1000, 0]):
        simulation = Simulation(7, 0.0, 2000, pieces)
        if pieces:
            simulation.offer()
            simulation.offer()
            simulation.offer()
        start = to_part(simulation, 2)
        simulation.store.open["c1"] += simulation.data[1000:]  # the bytes arrived, the word that they end did not
        simulation.machine.on_failure(start.token, lost_reply(), 0.0)
        answer(simulation, next_start(simulation))  # settle: not there
        answer(simulation, next_start(simulation))  # ask: all there
        last = next_start(simulation)
        assert (last.weight, last.final) == (0, True)
        answer(simulation, last)
        judge(simulation, simulation.run())


def test_what_cannot_be_settled_is_ambiguous() -> None:
    simulation = Simulation(8, 0.0, 500)
    start = to_part(simulation, 1)
    simulation.machine.on_failure(start.token, lost_reply(), 0.0)
    settle = next_start(simulation)
    simulation.machine.on_failure(settle.token, VodfastError("no", kind=ErrorKind.AUTH), 0.0)
    assert isinstance(failure(simulation), AmbiguousCommit)


def test_cancelled_while_the_last_answer_is_open_is_ambiguous_and_before_that_cancelled() -> None:
    simulation = Simulation(9, 0.0, 1500)
    start = to_part(simulation, 2)
    simulation.machine.on_failure(start.token, lost_reply(), 0.0)
    simulation.machine.cancel()
    assert isinstance(failure(simulation), AmbiguousCommit)
    simulation = Simulation(9, 0.0, 1500)
    dropped = to_part(simulation, 1)
    simulation.machine.cancel()
    simulation.machine.on_dropped(dropped.token)
    assert isinstance(failure(simulation), Cancelled)


def test_a_source_that_changed_under_the_last_part_is_ambiguous_and_before_it_simply_changed() -> None:
    for reached, kind in ((True, ErrorKind.AMBIGUOUS), (False, ErrorKind.SOURCE_CHANGED)):
        simulation = Simulation(10, 0.0, 500)
        start = to_part(simulation, 1)
        simulation.machine.on_failure(start.token, SourceChanged("the file changed", reached=reached), 0.0)
        assert failure(simulation).kind is kind


def test_a_store_that_claims_more_than_was_sent_is_not_believed() -> None:
    simulation = Simulation(11, 0.0, 2500)
    start = to_part(simulation, 1)
    simulation.machine.on_response(start.token, AppendReceipt(upload_id="c", end=1001), None)
    assert isinstance(failure(simulation), IntegrityError)


def test_a_forgotten_upload_starts_again_for_a_file_and_fails_for_a_stream() -> None:
    simulation = Simulation(12, 0.0, 2500)
    start = to_part(simulation, 3)
    simulation.store.open.clear()
    with pytest.raises(VodfastError) as caught:
        start.call.build()
    simulation.machine.on_failure(start.token, caught.value, 0.0)
    judge(simulation, simulation.run())
    stream = Simulation(12, 0.0, 2500, [1000, 1000, 500])
    for _ in range(3):
        stream.offer()
    start = to_part(stream, 3)
    stream.machine.on_failure(start.token, caught.value, 0.0)
    assert "cannot be read again" in failure(stream).message


def test_a_store_that_never_advances_is_given_up() -> None:
    simulation = Simulation(13, 0.0, 2500)
    simulation.store.takes = 0
    outcome: Any = None
    for _ in range(100):
        step = simulation.machine.poll(simulation.now)
        if isinstance(step, Failed):
            outcome = step
            break
        if isinstance(step, Start):
            answer(simulation, step)
        elif isinstance(step, Wait):
            simulation.now = step.until or simulation.now
    assert isinstance(outcome, Failed)
    assert outcome.error.retry is RetryClass.SPENT
    assert simulation.store.log.count("part") == 6


def test_a_dead_node_is_looked_up_anew() -> None:
    simulation = Simulation(14, 0.0, 2500)
    start = to_part(simulation, 2)
    simulation.store.node_known = False
    dead = VodfastError("refused", kind=ErrorKind.NETWORK, retry=RetryClass.LATER, reached=False)
    simulation.machine.on_failure(start.token, dead, 0.0)
    assert next_start(simulation).call.operation == "prepare"


def test_a_stream_is_held_back_until_something_follows() -> None:
    simulation = Simulation(15, 0.0, 1500, [1000, 500])
    answer(simulation, next_start(simulation))
    simulation.offer()
    step = simulation.machine.poll(0.0)
    assert isinstance(step, Wait)
    assert step.hungry
    simulation.offer()
    assert next_start(simulation).weight == 1000


def pipelined(seed: int, size: int, *, answered: int = 0) -> tuple[Simulation, list[Start]]:
    """A file with as many parts under way as go out behind one another, after `answered` of them were answered."""
    simulation = Simulation(seed, 0.0, size)
    simulation.store.pipelined = 4
    answer(simulation, to_part(simulation, 1))
    under_way = [next_start(simulation)]
    while isinstance(step := simulation.machine.poll(0.0), Start):
        under_way.append(step)
    for _ in range(answered):
        answer(simulation, under_way.pop(0))
    return simulation, under_way


def test_parts_in_the_middle_of_a_file_do_not_wait_for_answers() -> None:
    simulation, under_way = pipelined(1, 20_000)
    assert [start.call.operation for start in under_way] == ["part"] * 4
    assert {start.pipeline for start in under_way} == {1}
    assert not any(start.alone or start.final for start in under_way)
    simulation.running = under_way
    judge(simulation, simulation.run())
    assert simulation.together == 4
    assert simulation.store.log == ["prepare"] + ["part"] * 20
    assert simulation.store.pipelines_failed == 0


@pytest.mark.parametrize(
    ("size", "piped"),
    [(7_000, 0), (7_001, 6)],  # of seven parts none, of eight all but the first and the last
)
def test_a_file_of_few_parts_needs_no_connection_of_its_own(size: int, piped: int) -> None:
    simulation = Simulation(1, 0.0, size)
    simulation.store.pipelined = 16
    answer(simulation, to_part(simulation, 1))
    under_way = [next_start(simulation)]
    while isinstance(step := simulation.machine.poll(0.0), Start):
        under_way.append(step)
    assert sum(start.pipeline == 1 for start in under_way) == piped


def test_a_stream_waits_for_every_answer() -> None:
    simulation = Simulation(1, 0.0, 20_000, [1000] * 20 + [0])
    simulation.store.pipelined = 4
    judge(simulation, simulation.run())
    assert simulation.together == 1


def broken(simulation: Simulation, under_way: list[Start], error: VodfastError) -> None:
    simulation.machine.on_failure(under_way[0].token, error, 0.0)
    for start in under_way[1:]:
        simulation.machine.on_dropped(start.token)


def one_at_a_time(simulation: Simulation) -> int:
    """How many parts are sent one at a time from here."""
    count = 0
    while (start := next_start(simulation)).call.operation == "part" and not start.pipeline:
        answer(simulation, start)
        count += 1
    return count


def test_after_a_break_the_store_is_asked_and_parts_wait_for_answers_for_a_while() -> None:
    simulation, under_way = pipelined(2, 60_000, answered=2)
    under_way[0].call.build()
    broken(simulation, under_way, lost_reply())
    asked = next_start(simulation)
    assert asked.call.operation == "ask"
    answer(simulation, asked)
    assert simulation.machine.acknowledged == 4000
    assert one_at_a_time(simulation) == 15  # 16, of which the store had one without saying so
    assert simulation.store.pipelines_failed == 0


def test_a_pipeline_that_has_brought_much_is_taken_up_again_at_once() -> None:
    simulation, under_way = pipelined(2, 60_000)
    for _ in range(16):
        answer(simulation, under_way.pop(0))
        step = simulation.machine.poll(0.0)
        assert isinstance(step, Start)
        under_way.append(step)
    broken(simulation, under_way, lost_reply())
    answer(simulation, next_start(simulation))  # it is asked
    assert next_start(simulation).pipeline == 2
    assert one_at_a_time(simulation) == 0


def test_a_store_that_answers_nothing_sent_so_is_remembered() -> None:
    simulation, under_way = pipelined(3, 60_000)
    broken(simulation, under_way, lost_reply())
    assert simulation.store.pipelines_failed == 1


@pytest.mark.parametrize("first", [0, 3])
def test_a_break_counts_as_one_failure_in_whatever_order_it_is_told(first: int) -> None:
    simulation, under_way = pipelined(4, 20_000)
    under_way.insert(0, under_way.pop(first))
    for start in under_way[1:]:
        simulation.machine.on_dropped(start.token)
    simulation.machine.on_failure(under_way[0].token, RESET, 0.0)
    assert isinstance(step := simulation.machine.poll(0.0), Wait)
    assert step.until is not None
    assert next_start(simulation).call.operation == "ask"


def test_parts_refused_together_are_one_attempt() -> None:
    simulation, under_way = pipelined(5, 20_000)
    for start in under_way:
        simulation.machine.on_failure(
            start.token, VodfastError("500", kind=ErrorKind.UNAVAILABLE, retry=RetryClass.LATER), 0.0
        )
    assert simulation.machine.moot
    assert not simulation.machine.failing
    judge(simulation, simulation.run())


def test_what_no_retry_can_help_ends_it_even_behind_what_one_could() -> None:
    simulation, under_way = pipelined(6, 20_000)
    simulation.machine.on_failure(under_way[0].token, RESET, 0.0)
    simulation.machine.on_failure(under_way[1].token, SourceChanged("it grew"), 0.0)
    assert simulation.machine.failing


def test_a_part_taken_in_part_breaks_the_pipeline() -> None:
    simulation, under_way = pipelined(7, 20_000)
    simulation.store.takes = 300
    answer(simulation, under_way[0])
    assert simulation.machine.moot
    simulation.store.takes = 10**9
    for start in under_way[1:]:
        answer(simulation, start)  # they were ahead of their turn: nothing of them is kept
    asked = next_start(simulation)
    assert asked.call.operation == "ask"
    answer(simulation, asked)
    assert simulation.machine.acknowledged == 1300
    judge(simulation, simulation.run())


@pytest.mark.parametrize("arrived", [2, 3])
def test_parts_of_a_broken_pipeline_may_arrive_after_the_store_was_asked(arrived: int) -> None:
    simulation, under_way = pipelined(8, 60_000)
    broken(simulation, under_way, lost_reply())
    answer(simulation, next_start(simulation))
    assert simulation.machine.acknowledged == 1000
    again = next_start(simulation)
    for start in under_way[:arrived]:
        start.call.build()  # the node reads on from a connection that is closed
    answer(simulation, again)
    assert simulation.machine.acknowledged == 1000 + arrived * 1000
    judge(simulation, simulation.run())
    assert simulation.store.log.count("part") == 61, "only what was sent again by then is sent twice"


def test_parts_of_one_pipeline_may_arrive_in_another() -> None:
    simulation, under_way = pipelined(9, 60_000, answered=2)
    broken(simulation, under_way, lost_reply())
    simulation.machine._piping._not_before = 0
    answer(simulation, next_start(simulation))
    again = [next_start(simulation), next_start(simulation)]
    assert [start.pipeline for start in again] == [2, 2]
    for start in under_way:
        start.call.build()
    answer(simulation, again[0])
    assert simulation.machine.moot
    simulation.machine.on_dropped(again[1].token)
    asked = next_start(simulation)
    assert asked.call.operation == "ask"
    answer(simulation, asked)
    assert simulation.machine.acknowledged == 5000
    judge(simulation, simulation.run())
