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


def test_an_agenda_that_is_cleared_has_only_what_is_to_stay_in_its_order() -> None:
    agenda = Agenda()
    agenda.add(Work(Phase.COMPLETE))
    agenda.add(work("now"))
    for until, name in ((30.0, "later"), (10.0, "soon")):
        agenda.put_off(Work(Phase.PARTS), until - 5.0)
        agenda.put_off(work(name), until)
    agenda.clear(but=(Phase.DISCARD,))
    assert taken(agenda) == ["now"]
    assert (agenda.wake(10.0), taken(agenda)) == (30.0, ["soon"])
    assert (agenda.wake(30.0), taken(agenda)) == (None, ["later"])
    agenda.add(work("again"))
    agenda.clear(but=())
    assert not agenda
