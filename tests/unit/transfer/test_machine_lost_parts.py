"""Parts that the store acknowledged and does not have when they are to be joined."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec
import pytest

from tests.unit.transfer.test_machine import LIMITS, Simulation, judge
from vodfast.errors import ErrorKind, VodfastError
from vodfast.transfer.ports import Call, ObjectReceipt, PartPage, PartReceipt
from vodfast.transfer.steps import Failed, Finished, Start


def lost(simulation: Simulation, *parts: tuple[int, ...]) -> tuple[Finished | Failed, list[str]]:
    """The outcome with these parts lost by the store, and what was asked of it from the first completion on."""
    asked: list[str] = []
    perform = simulation.perform

    def noted(start: Start) -> None:
        if asked or start.call.operation == "complete":
            asked.append(start.call.operation)
        perform(start)

    simulation.perform = noted
    simulation.store.losing = list(parts)
    return simulation.run(), asked


def test_parts_the_store_lost_are_sent_again() -> None:
    simulation = Simulation(11, 0.0, 5000, 1000, concurrency=1)
    outcome, asked = lost(simulation, (1, 3))
    judge(simulation, outcome)
    assert isinstance(outcome, Finished)
    assert asked == ["complete", "list parts", "part", "part", "complete"]
    assert (simulation.store.created, simulation.store.completions) == (1, 1)


def test_all_parts_the_store_lost_are_sent_again() -> None:
    simulation = Simulation(12, 0.0, 5000, 1000)
    outcome, asked = lost(simulation, (0, 1, 2, 3, 4))
    judge(simulation, outcome)
    assert isinstance(outcome, Finished)
    assert asked.count("part") == 5


def test_a_store_that_loses_parts_again_is_given_up() -> None:
    simulation = Simulation(13, 0.0, 5000, 1000)
    outcome, asked = lost(simulation, (1,), (2,))
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is ErrorKind.CONFLICT
    assert asked == ["complete", "list parts", "list parts", "part", "complete", "abort"], "two pages of parts"
    assert simulation.store.uploads == {}


def test_a_store_that_has_every_part_and_will_not_join_them_is_given_up() -> None:
    simulation = Simulation(14, 0.0, 5000, 1000)
    complete = simulation.store.complete_upload

    def refusing(upload_id: str, parts: Sequence[PartReceipt]) -> Call[ObjectReceipt]:
        def do(_flip: bool) -> ObjectReceipt:
            raise VodfastError("forbidden to overwrite", kind=ErrorKind.CONFLICT)

        call = complete(upload_id, parts)
        return Call(cloud="model", operation="complete", build=do, parse=call.parse)

    simulation.store.complete_upload = refusing
    outcome, asked = lost(simulation)
    assert isinstance(outcome, Failed)
    assert outcome.error.message == "forbidden to overwrite"
    assert asked == ["complete", "list parts", "list parts", "abort"], "two pages of parts"
    assert simulation.store.uploads == {}


def test_without_a_list_of_parts_lost_ones_end_the_upload() -> None:
    limits = msgspec.structs.replace(LIMITS, can_list_parts=False)
    simulation = Simulation(15, 0.0, 5000, 1000, limits=limits)
    outcome, asked = lost(simulation, (1,))
    assert isinstance(outcome, Failed)
    assert asked == ["complete", "abort"]


def test_an_upload_that_vanished_with_its_parts_is_made_anew() -> None:
    simulation = Simulation(16, 0.0, 5000, 1000)
    listing = simulation.store.list_parts

    def vanishing(upload_id: str, marker: str | None) -> Call[PartPage]:
        simulation.store.uploads.clear()
        return listing(upload_id, marker)

    simulation.store.list_parts = vanishing
    outcome, asked = lost(simulation, (1,))
    judge(simulation, outcome)
    assert isinstance(outcome, Finished)
    assert asked[:4] == ["complete", "list parts", "head", "create"]
    assert (simulation.store.created, simulation.store.completions) == (2, 1)


@pytest.mark.parametrize("seed", range(300))
def test_lost_parts_among_other_faults(seed: int) -> None:
    rng = random.Random(seed)
    simulation = Simulation(seed, rng.choice([0.0, 0.1, 0.3]), rng.choice([1001, 5000, 10_000]), 1000)
    outcome, _ = lost(simulation, tuple(rng.sample(range(10), rng.randrange(1, 4))))
    judge(simulation, outcome)
