"""The append-only machine when it sends parts behind one another: which, how many, and what a break means."""

from __future__ import annotations

import pytest

from tests.unit.transfer.append_simulation import (
    RESET,
    Simulation,
    answer,
    judge,
    lost_reply,
    next_start,
    to_part,
)
from vodfast.errors import (
    ErrorKind,
    RetryClass,
    SourceChanged,
    VodfastError,
)
from vodfast.transfer.steps import Start, Wait


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
