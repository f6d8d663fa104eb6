"""The append-only machine under thousands of simulated fault histories, judged by a model store."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.unit.transfer.append_simulation import (
    Simulation,
    answer,
    failure,
    judge,
    lost_reply,
    next_start,
    to_part,
)
from vodfast.errors import (
    AmbiguousCommit,
    Cancelled,
    ErrorKind,
    IntegrityError,
    RetryClass,
    SourceChanged,
    VodfastError,
)
from vodfast.transfer.ports import AppendReceipt
from vodfast.transfer.steps import Failed, Finished, Start, Wait


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
