"""The object machine when the answer to a creation is lost: which uploads are looked for and discarded."""

from __future__ import annotations

import pytest

from tests.unit.transfer.test_machine import Simulation
from vodfast.errors import Cancelled, ErrorKind, RetryClass, VodfastError
from vodfast.transfer.steps import Failed, Finished, Start


def test_an_upload_whose_creation_was_never_answered_is_found_and_discarded() -> None:
    simulation = Simulation(8, 0.0, 5000, 1000)
    lost = simulation.machine.poll(0.0)
    assert isinstance(lost, Start)
    lost.call.build(False)  # it happened, but nobody heard
    reset = VodfastError("reset", kind=ErrorKind.NETWORK, retry=RetryClass.LATER)
    simulation.machine.on_failure(lost.token, reset, 0.0)
    outcome = simulation.run()
    assert isinstance(outcome, Finished)
    assert simulation.store.created == 2
    assert simulation.store.uploads == {}


def test_a_creation_that_was_broken_off_is_looked_for_and_discarded() -> None:
    simulation = Simulation(8, 0.0, 5000, 1000)
    create = simulation.machine.poll(0.0)
    assert isinstance(create, Start)
    create.call.build(False)  # it happened, but nobody heard
    simulation.machine.cancel()
    simulation.machine.on_dropped(create.token)
    outcome = simulation.run()
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, Cancelled)
    assert simulation.store.uploads == {}


@pytest.mark.parametrize("swept", [False, True], ids=["before it was looked for", "once it was found"])
def test_a_creation_nobody_heard_of_is_discarded_even_if_the_upload_fails_meanwhile(swept: bool) -> None:
    simulation = Simulation(8, 0.0, 5000, 1000)
    lost = simulation.machine.poll(0.0)
    assert isinstance(lost, Start)
    lost.call.build(False)
    reset = VodfastError("reset", kind=ErrorKind.NETWORK, retry=RetryClass.LATER)
    simulation.machine.on_failure(lost.token, reset, 0.0)
    for operation in ("create", "list") if swept else ("create",):
        step = simulation.machine.poll(1000.0)
        assert isinstance(step, Start)
        assert step.call.operation == operation
        simulation.perform(step)
    assert len(simulation.store.uploads) == 2
    simulation.machine.fail(VodfastError("the disk broke"))
    assert isinstance(simulation.run(), Failed)
    assert simulation.store.uploads == {}


def test_an_upload_that_could_not_even_be_begun_is_not_looked_for_among_the_objects() -> None:
    simulation = Simulation(1, 0.0, 2500, 1000)
    create = simulation.machine.poll(0.0)
    assert isinstance(create, Start)
    lost = VodfastError("reset", kind=ErrorKind.NETWORK)
    simulation.machine.on_failure(create.token, lost, 0.0)
    sweep = simulation.machine.poll(0.0)
    assert isinstance(sweep, Start)
    assert sweep.call.operation == "list"
    simulation.perform(sweep)
    assert simulation.machine.poll(0.0) == Failed(lost)
