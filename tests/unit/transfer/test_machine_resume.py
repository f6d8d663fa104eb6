"""The object machine takes up unfinished uploads: thousands of simulated crashes, judged by the model store."""

from __future__ import annotations

import random

import msgspec
import pytest

from tests.unit.transfer.test_machine import LIMITS, Simulation, judge
from vodfast.transfer.machine import ObjectMachine
from vodfast.transfer.message import Body
from vodfast.transfer.ports import Call, PartReceipt, PartSpec
from vodfast.transfer.steps import Failed, Finished, KeptPart, KeptUpload, Start


class Crash(Simulation):
    """A simulation whose process dies at some step. What the machine had said by then is the journal."""

    def die(self, steps: int) -> KeptUpload | None:
        """Go `steps` steps, then stop dead: requests on their way may still arrive."""
        known: list[KeptPart] = []
        for _ in range(steps):
            step = self.machine.poll(self.now, self.rng.randrange(0, 3))
            known += self.machine.take_news()
            if isinstance(step, Start):
                self.in_flight.append(step)
            elif self.in_flight:
                self.perform(self.in_flight.pop(self.rng.randrange(len(self.in_flight))))
                known += self.machine.take_news()
            if self.machine.ended:
                break
        for start in self.in_flight:
            if self.rng.random() < 0.5 and start.call.operation in ("part", "complete"):
                start.call.build(False)
        upload_id = self.machine.upload_id
        self.in_flight.clear()
        if upload_id is None or self.machine.ended:
            return None
        return KeptUpload(upload_id, self.plan.part_size, tuple(known))

    def restart(self, kept: KeptUpload | None) -> None:
        """A new machine, as a new process makes it."""
        self.machine = ObjectMachine(
            self.store, self.policy.delay, plan=self.plan, part_body=self.source.part, kept=kept, **self.options
        )
        self.sent_again: list[int] = []
        put_part = self.store.put_part

        def counted(upload_id: str, part: PartSpec, body: Body) -> Call[PartReceipt]:
            self.sent_again.append(part.index)
            return put_part(upload_id, part, body)

        self.store.put_part = counted


@pytest.mark.parametrize("chunk", range(20))
def test_no_crash_stores_wrong_bytes_or_sends_again_what_is_known_to_be_stored(chunk: int) -> None:
    continued = 0
    for seed in range(chunk * 100, chunk * 100 + 100):
        rng = random.Random(seed)
        simulation = Crash(seed, rng.choice([0.0, 0.1, 0.3]), rng.choice([1001, 5000, 10_000, 17_321]), 1000)
        try:
            kept = simulation.die(rng.randrange(1, 80))
            if kept is not None and rng.random() < 0.3:
                kept = forgetful(kept, rng)
            held = dict(simulation.store.uploads.get(kept.upload_id, {})) if kept is not None else {}
            simulation.restart(kept)
            outcome = simulation.run()
            judge_crashed(simulation, outcome, kept, held)
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
        continued += kept is not None
    assert continued > 30


def forgetful(kept: KeptUpload, rng: random.Random) -> KeptUpload:
    """The journal lost the last few lines."""
    return msgspec.structs.replace(kept, parts=kept.parts[: rng.randrange(0, len(kept.parts) + 1)])


def judge_crashed(
    simulation: Crash, outcome: Finished | Failed, kept: KeptUpload | None, held: dict[int, bytes]
) -> None:
    if not isinstance(outcome, Finished):
        judge(simulation, outcome)
        return
    assert simulation.store.object == simulation.data
    assert outcome.verified == "crc64"
    if kept is not None and held and simulation.store.created == 1:
        known = {part.receipt.index for part in kept.parts}
        assert not known & set(simulation.sent_again), "an acknowledged part was sent again"


def crashed_in_mid_upload(seed: int = 3) -> tuple[Crash, KeptUpload]:
    simulation = Crash(seed, 0.0, 10_000, 1000)
    kept = simulation.die(16)
    assert kept is not None
    assert 3 <= len(kept.parts) < 10
    return simulation, kept


def test_a_part_the_store_has_lost_or_that_is_other_bytes_there_is_sent_again() -> None:
    simulation, kept = crashed_in_mid_upload()
    lost, other = (part.receipt.index for part in kept.parts[:2])
    held = simulation.store.uploads[kept.upload_id]
    del held[lost]
    held[other] = b"x" * len(held[other])
    simulation.restart(kept)
    assert isinstance(simulation.run(), Finished)
    assert simulation.store.object == simulation.data
    assert {lost, other} <= set(simulation.sent_again)
    assert simulation.store.created == 1


def test_an_upload_the_store_has_forgotten_begins_anew() -> None:
    simulation, kept = crashed_in_mid_upload()
    simulation.store.uploads.clear()
    simulation.restart(kept)
    assert isinstance(simulation.run(), Finished)
    assert simulation.store.object == simulation.data
    assert sorted(simulation.sent_again) == list(range(10))
    assert simulation.store.created == 2


@pytest.mark.parametrize("found", ["this object", "one of another size", "one of other bytes", "none"])
def test_a_forgotten_upload_all_of_whose_parts_were_stored_may_have_been_joined(found: str) -> None:
    simulation, kept = crashed_in_mid_upload()
    simulation.restart(kept)
    news: list[KeptPart] = []
    while not simulation.machine.ended:
        step = simulation.machine.poll(0.0)
        if isinstance(step, Start):
            simulation.perform(step)
        news += simulation.machine.take_news()
    everything = msgspec.structs.replace(kept, parts=(*kept.parts, *news))
    assert len(everything.parts) == 10
    stored = simulation.data
    simulation.store.object = {
        "this object": stored,
        "one of another size": stored[1:],
        "one of other bytes": stored[::-1],
    }.get(found)
    simulation.restart(everything)
    assert isinstance(simulation.run(), Finished)
    assert simulation.store.object == simulation.data
    assert simulation.store.completions == (1 if found == "this object" else 2)


def test_a_store_that_lists_no_parts_is_believed_to_have_what_it_acknowledged() -> None:
    simulation = Crash(5, 0.0, 10_000, 1000, limits=msgspec.structs.replace(LIMITS, can_list_parts=False))
    kept = simulation.die(16)
    assert kept is not None
    simulation.restart(kept)
    first = simulation.machine.poll(0.0)
    assert isinstance(first, Start)
    assert first.call.operation == "part"
    simulation.perform(first)
    outcome = simulation.run()
    assert isinstance(outcome, Finished)
    assert sorted(simulation.sent_again + [part.receipt.index for part in kept.parts]) == list(range(10))
    assert outcome.verified == "crc64"


def test_a_cancellation_before_the_list_is_answered_aborts_what_was_begun() -> None:
    simulation, kept = crashed_in_mid_upload()
    simulation.restart(kept)
    simulation.run(cancel_after=1)
    assert simulation.store.uploads == {}


def test_an_upload_the_crashed_run_did_not_live_to_write_down_is_discarded() -> None:
    simulation, kept = crashed_in_mid_upload()
    simulation.store.uploads["stray"] = {0: b"part"}
    simulation.options["strays"] = True
    simulation.restart(kept)
    assert isinstance(simulation.run(), Finished)
    assert simulation.store.uploads == {}
    assert simulation.store.object == simulation.data
