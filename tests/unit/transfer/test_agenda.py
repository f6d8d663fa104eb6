"""The order of what waits for its turn."""

from __future__ import annotations

from vodfast.transfer.agenda import Agenda
from vodfast.transfer.work import Phase, Work


def taken(agenda: Agenda) -> list[str | None]:
    found = []
    while (work := agenda.take()) is not None:
        found.append(work.upload_id)
    return found


def work(name: str) -> Work:
    return Work(Phase.DISCARD, upload_id=name)


def test_what_is_put_off_comes_at_its_time_and_not_before() -> None:
    agenda = Agenda()
    agenda.put_off(work("later"), 20.0)
    agenda.put_off(work("soon"), 10.0)
    agenda.add(work("now"))
    assert (agenda.wake(9.0), taken(agenda)) == (10.0, ["now"])
    assert (agenda.wake(10.0), taken(agenda)) == (20.0, ["soon"])
    assert agenda
    assert (agenda.wake(30.0), taken(agenda)) == (None, ["later"])
    assert not agenda


def test_of_two_put_off_to_the_same_time_the_first_comes_first() -> None:
    agenda = Agenda()
    for name in ("b", "a", "c"):
        agenda.put_off(work(name), 10.0)
    agenda.wake(10.0)
    assert taken(agenda) == ["b", "a", "c"]


def test_nothing_is_left_of_an_agenda_that_is_cleared() -> None:
    agenda = Agenda()
    agenda.add(work("now"))
    agenda.put_off(work("later"), 10.0)
    agenda.clear()
    assert not agenda
    assert (agenda.wake(99.0), agenda.take()) == (None, None)
