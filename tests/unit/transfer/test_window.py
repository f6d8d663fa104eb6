"""The window of requests in flight and the memory budget: order, growth, back-off, cancellation."""

import asyncio

import pytest

from vodfast.transfer.window import ByteBudget, Window


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def saturated(window: Window, clock: Clock, rate_of: object, seconds: float) -> list[int]:
    """Run the window full for some virtual seconds with a throughput that depends on its size."""
    limits = []
    steps = int(seconds / 0.05)
    for _ in range(steps):
        clock.now += 0.05
        window._wanted = True
        window._take().release(int(rate_of(window.limit) * 0.05))
        limits.append(window.limit)
    return limits


async def test_grants_up_to_the_limit_then_in_order() -> None:
    window = Window(2, 8, Clock())
    slots = [await window.acquire(), await window.acquire()]
    order: list[int] = []

    async def wait(number: int) -> None:
        slots.append(await window.acquire())
        order.append(number)

    tasks = [asyncio.create_task(wait(number)) for number in range(3)]
    await asyncio.sleep(0)
    assert order == []
    for number in range(3):
        slots[number].release(1)
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2]
    assert window.in_flight == 2


async def test_nobody_overtakes_who_was_granted_a_slot_and_has_not_run_since() -> None:
    window = Window(2, 2, Clock())
    slots = [await window.acquire(), await window.acquire()]
    order: list[str] = []

    async def wait(name: str) -> None:
        await window.acquire()
        order.append(name)

    first = asyncio.create_task(wait("first"))
    await asyncio.sleep(0)
    second = asyncio.create_task(wait("second"))  # its turn comes before that of the first, who is only told now
    for slot in slots:
        slot.release(1)
    await asyncio.gather(first, second)
    assert order == ["first", "second"]
    assert window.in_flight == 2


async def test_a_cancelled_waiter_loses_no_slot() -> None:
    window = Window(1, 1, Clock())
    slot = await window.acquire()
    first, second = asyncio.create_task(window.acquire()), asyncio.create_task(window.acquire())
    await asyncio.sleep(0)
    slot.release(1)  # granted to the first, which is cancelled before it runs
    first.cancel()
    await asyncio.wait([first])
    assert first.cancelled()
    await asyncio.wait_for(second, 60)
    assert window.in_flight == 1
    third = asyncio.create_task(window.acquire())
    await asyncio.sleep(0)
    assert not third.done()
    third.cancel()


async def test_a_waiter_that_is_cancelled_before_its_turn_is_in_nobody_s_way() -> None:
    window = Window(1, 1, Clock())
    slot = await window.acquire()
    given_up = asyncio.create_task(window.acquire())
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    slot.release(1)
    await asyncio.wait_for(window.acquire(), 60)
    assert window.in_flight == 1


async def test_a_request_that_is_out_makes_room_for_another_while_its_answer_is_awaited() -> None:
    window = Window(4, 8, Clock())
    slots = [await window.acquire() for _ in range(4)]
    others = [asyncio.create_task(window.acquire()) for _ in range(2)]
    await asyncio.sleep(0)
    assert not others[0].done()
    for slot in slots:
        slot.sent()
        slot.sent()  # libcurl may read a body a second time
    await asyncio.sleep(0)
    assert [other.done() for other in others] == [True, False]  # a quarter more than the limit
    others[0].result().sent()
    await asyncio.sleep(0)
    assert not others[1].done()
    slots[0].release(1)
    await asyncio.wait_for(others[1], 60)
    assert window.in_flight == 5


async def test_for_four_that_may_be_sent_one_more_is_in_flight() -> None:
    window = Window(8, 32, Clock())
    for _ in range(10):
        (await asyncio.wait_for(window.acquire(), 60)).sent()
    another = asyncio.create_task(window.acquire())
    await asyncio.sleep(0)
    assert not another.done()
    another.cancel()


async def test_a_body_that_was_read_twice_makes_room_once() -> None:
    window = Window(4, 8, Clock())
    slot = await window.acquire()
    slot.sent()
    slot.sent()
    slot.release(1)
    for _ in range(4):
        await window.acquire()
    another = asyncio.create_task(window.acquire())
    await asyncio.sleep(0)
    assert not another.done()
    another.cancel()


async def test_no_more_than_the_maximum_is_in_flight_sent_or_not() -> None:
    window = Window(2, 3, Clock())
    for _ in range(2):
        (await window.acquire()).sent()
    await window.acquire()
    another = asyncio.create_task(window.acquire())
    await asyncio.sleep(0)
    assert not another.done()
    another.cancel()
    await asyncio.wait([another])
    assert window.in_flight == 3


async def test_whoever_gives_up_waiting_makes_no_room() -> None:
    window = Window(2, 8, Clock())
    slots = [await window.acquire(), await window.acquire()]
    given_up, another = asyncio.create_task(window.acquire()), asyncio.create_task(window.acquire())
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    assert not another.done()
    slots[0].release(1)
    await asyncio.wait_for(another, 60)
    assert window.in_flight == 2


def test_grows_while_throughput_grows_and_stops_at_the_knee() -> None:
    clock = Clock()
    window = Window(4, 32, clock)
    limits = saturated(window, clock, lambda limit: min(limit, 12) * 1e8, 60)
    assert 11 <= limits[-1] <= 16
    assert limits.count(32) < 0.1 * len(limits)  # seen once that twice as many bring nothing


def test_reaches_the_maximum_when_more_always_brings_more() -> None:
    clock = Clock()
    window = Window(4, 32, clock)
    assert saturated(window, clock, lambda limit: limit * 1e8, 30)[-1] == 32


def rounds(window: Window, clock: Clock, latency: float, line: float, seconds: float) -> None:
    """Run the window full for some virtual seconds: every request of one unit takes `latency`, or its share of a line
    that moves `line` units a second.
    """
    end = clock.now + seconds
    while clock.now < end:
        flight = window.limit
        clock.now += max(latency, flight / line)
        for _ in range(flight):
            window._wanted = True
            window._take().release(1)


def test_opens_in_a_few_round_trips_to_a_far_service() -> None:
    clock = Clock()
    window = Window(4, 32, clock)
    rounds(window, clock, latency=0.1, line=1e9, seconds=1)
    assert window.limit == 32


def test_stops_doubling_where_the_line_is_full() -> None:
    clock = Clock()
    window = Window(4, 32, clock)
    rounds(window, clock, latency=0.1, line=40, seconds=2)
    assert window.limit <= 5


def test_one_slow_round_does_not_end_the_doubling() -> None:
    clock = Clock()
    window = Window(4, 32, clock)
    rounds(window, clock, latency=0.1, line=1e9, seconds=0.45)
    assert window.limit == 16
    rounds(window, clock, latency=0.4, line=1e9, seconds=0.4)
    rounds(window, clock, latency=0.1, line=1e9, seconds=0.35)
    assert window.limit == 32


def test_throughput_that_rises_by_itself_is_no_reason_to_grow() -> None:
    clock = Clock()
    window = Window(8, 32, clock)
    for line in (20, 40, 80, 80, 80, 80, 80, 80):
        rounds(window, clock, latency=0.01, line=line, seconds=8 / line)
    assert window.limit == 8


async def test_idle_time_is_not_taken_for_slowness() -> None:
    clock = Clock()
    window = Window(4, 32, clock)
    rounds(window, clock, latency=0.1, line=1e9, seconds=0.25)
    assert window.limit == 8
    clock.now += 1000
    (await window.acquire()).release(0)
    rounds(window, clock, latency=0.1, line=1e9, seconds=0.5)
    assert window.limit == 32


async def busy(window: Window, clock: Clock, seconds: float) -> None:
    """Keep somebody waiting for some virtual seconds while every request of one unit takes a tenth of one."""
    end, held = clock.now + seconds, [await window.acquire()]
    while clock.now < end:
        next_one = asyncio.create_task(window.acquire())
        await asyncio.sleep(0)
        while not next_one.done():
            clock.now += 0.1 / len(held)
            held.pop(0).release(1)
            await asyncio.sleep(0)
        held.append(next_one.result())
    for slot in held:
        slot.release(1)


async def test_grows_for_those_who_have_to_wait_and_an_idle_hour_undoes_nothing() -> None:
    clock = Clock()
    window = Window(8, 32, clock)
    window.throttled()  # from here on it grows by small steps
    while window.limit == 4:
        await busy(window, clock, 0.5)
    assert window.limit == 5
    clock.now += 3600
    await busy(window, clock, 0.5)
    assert window.limit >= 5
    await busy(window, clock, 30)
    assert window.limit == 32


async def test_an_idle_hour_after_a_step_does_not_undo_it() -> None:
    clock = Clock()
    window = Window(8, 32, clock)
    window.throttled()
    while window.limit == 4:
        rounds(window, clock, latency=0.1, line=1e9, seconds=0.1)
    assert window.limit == 5
    clock.now += 3600
    (await window.acquire()).release(1)
    rounds(window, clock, latency=0.1, line=1e9, seconds=0.3)
    assert window.limit == 5


def test_does_not_grow_when_nobody_waits() -> None:
    clock = Clock()
    window = Window(4, 32, clock)
    for _ in range(100):
        clock.now += 0.1
        window._take().release(1000)
    assert window.limit == 4


def test_throttling_halves_once_a_second() -> None:
    clock = Clock()
    window = Window(16, 32, clock)
    for _ in range(10):
        window.throttled()
    assert window.limit == 8
    for limit in (4, 2, 1, 1):
        clock.now += 1.0
        window.throttled()
        assert window.limit == limit


def test_grows_again_after_throttling_though_the_service_has_become_slower() -> None:
    clock = Clock()
    window = Window(4, 32, clock)
    rounds(window, clock, latency=0.1, line=1e9, seconds=1)
    window.throttled()
    assert window.limit == 16
    rounds(window, clock, latency=0.3, line=1e9, seconds=6)
    assert window.limit > 16


async def test_byte_budget_waits_in_order_and_never_overcommits() -> None:
    budget = ByteBudget(100)
    await budget.acquire(60)
    large, small = asyncio.create_task(budget.acquire(50)), asyncio.create_task(budget.acquire(10))
    await asyncio.sleep(0)
    assert not large.done()
    assert not small.done()  # would fit, but the larger one came first
    budget.release(60)
    await asyncio.gather(large, small)
    assert budget.held == 60


async def test_what_is_given_back_serves_only_those_it_is_enough_for() -> None:
    budget = ByteBudget(100)
    await budget.acquire(60)
    await asyncio.wait_for(budget.acquire(40), 60)
    waiting = asyncio.create_task(budget.acquire(50))
    await asyncio.sleep(0)
    budget.release(40)
    await asyncio.sleep(0)
    assert not waiting.done()
    budget.release(60)
    await waiting
    assert budget.held == 50


async def test_whoever_gives_up_waiting_for_memory_frees_none_and_is_in_nobody_s_way() -> None:
    budget = ByteBudget(10)
    await budget.acquire(10)
    owner = object()
    given_up, waiting = (asyncio.create_task(budget.acquire(5, owner)) for _ in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    assert budget.held == 10
    budget.hurry(owner)
    await asyncio.wait_for(waiting, 60)
    last = asyncio.create_task(budget.acquire(5))
    await asyncio.sleep(0)
    budget.release(10)
    await asyncio.wait_for(last, 60)
    assert budget.held == 10


async def test_a_request_larger_than_the_budget_is_served_alone() -> None:
    budget = ByteBudget(10)
    await budget.acquire(1000)
    waiting = asyncio.create_task(budget.acquire(1))
    await asyncio.sleep(0)
    assert not waiting.done()
    budget.release(1000)
    await waiting
    assert budget.held == 1


async def test_cancelled_budget_waiter_gives_back() -> None:
    budget = ByteBudget(10)
    await budget.acquire(10)
    first, second = asyncio.create_task(budget.acquire(10)), asyncio.create_task(budget.acquire(10))
    await asyncio.sleep(0)
    budget.release(10)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await asyncio.wait_for(second, 60)
    assert budget.held == 10


async def test_one_that_hurries_is_served_beyond_the_budget_and_the_others_wait_on() -> None:
    budget = ByteBudget(10)
    await budget.acquire(10)
    other, owner = object(), object()
    first = asyncio.create_task(budget.acquire(5, other))
    second = asyncio.create_task(budget.acquire(5, owner))
    await asyncio.sleep(0)
    budget.hurry(owner)
    await asyncio.wait_for(second, 60)
    assert not first.done()
    assert budget.held == 15
    budget.hurry(owner)  # waits for nothing now
    budget.release(15)
    await first
    assert budget.held == 5
