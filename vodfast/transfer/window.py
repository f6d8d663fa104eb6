"""How much may be in flight: the adaptive window of requests and the budget of buffered bytes.

Decides when a request may start. The window doubles round by round until that stops paying, then grows by small steps
while throughput grows, and is halved when the service throttles (AIMD), so no tuning flag is needed and a far service
is as fast as a near one. It bounds what is being sent: the line does not rest while answers are awaited. Waiters are
served in order. Owned by one event loop; not thread-safe.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

_INTERVAL = 0.5
"""Seconds over which throughput is compared, at least, and always whole rounds of as many requests as are in flight:
requests that start together end together, and part of such a burst would be mistaken for a change.
"""
_OPENING_INTERVAL = 0.04
"""The same while the window still doubles."""
_SHARE = 0.5
"""Of what a larger window promises it must bring this share to be kept: a quarter more slots, an eighth more bytes."""
_RISING = 1.25
"""From one interval to the next at the same size: then what this size brings is not known yet."""
_HOLD = 4
"""Intervals to leave the window alone after growth brought nothing; doubled each time that happens again."""
_LONGEST_HOLD = 128
_WAITING = 4
"""For so many that may be sent, one more is in flight: that keeps the line busy, and little enough in socket buffers to
stay in the processor's caches.
"""
_SHRINK_PAUSE = 1.0
"""Seconds in which several throttled answers count as one."""


class Slot:
    """A place in the window, for one request."""

    __slots__ = ("_sending", "_window")

    def __init__(self, window: Window) -> None:
        self._window = window
        self._sending = True

    def sent(self) -> None:
        """All of the request is out: another may be sent while its answer is awaited. Said again, it has no effect."""
        if self._sending:
            self._sending = False
            self._window.count_out()

    def release(self, moved: int) -> None:
        """Give the place back, once, after `moved` units (bytes, or 1 for a call) were acknowledged; 0 if it failed."""
        self.sent()
        self._window.count_answer(moved)


class Window:
    """Slots for requests: at most `limit` of them are being sent, between 1 and `maximum`, starting at `start`. While
    others only wait for their answers a quarter as many more may be in flight, `maximum` in all.
    """

    def __init__(self, start: int, maximum: int, clock: Callable[[], float]) -> None:
        self._limit = float(min(start, maximum))
        self._maximum = maximum
        self._clock = clock
        self._in_flight = 0
        self._sending = 0
        self._waiters: deque[asyncio.Future[Slot]] = deque()
        # Those who were given a slot and have not come to use it: nobody may overtake them.
        self._granted = 0
        self._wanted = False
        self._since = clock()
        self._done = self._ended = 0
        self._opening = True
        self._seen: float | None = None
        self._best = 0.0
        self._before_growth: float | None = None
        self._hold = 0
        self._next_hold = _HOLD
        self._shrunk = float("-inf")

    @property
    def limit(self) -> int:
        return int(self._limit)

    @property
    def in_flight(self) -> int:
        return self._in_flight

    async def acquire(self) -> Slot:
        """Wait for a slot, which is to be given back."""
        room = self._has_room()
        if room and not (self._waiters or self._granted):
            if not self._in_flight:  # idle time says nothing of throughput
                self._since, self._done, self._ended = self._clock(), 0, 0
            return self._take()
        self._wanted = self._wanted or not room
        waiter: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._sending -= 1
                self._in_flight -= 1
            raise
        finally:
            if waiter.done() and not waiter.cancelled():
                self._granted -= 1
                self._wake()

    def _has_room(self) -> bool:
        limit = int(self._limit)
        return self._sending < limit and self._in_flight < min(limit + max(1, limit // _WAITING), self._maximum)

    def _take(self) -> Slot:
        self._sending += 1
        self._in_flight += 1
        return Slot(self)

    def count_out(self) -> None:
        """For a slot: its request is sent."""
        self._sending -= 1
        self._wake()

    def count_answer(self, moved: int) -> None:
        """For a slot: its request is answered, or will not be."""
        self._in_flight -= 1
        self._done += moved
        self._ended += 1
        self._adapt()
        self._wake()

    def throttled(self) -> None:
        """The service asked for less: halve the window, once a second at most."""
        now = self._clock()
        if now - self._shrunk < _SHRINK_PAUSE:
            return
        self._shrunk = now
        self._opening = False
        self._limit = max(1.0, self._limit / 2)
        self._best = 0.0
        self._before_growth = None
        self._hold = self._next_hold = _HOLD

    def _wake(self) -> None:
        """Give free slots to those who wait. Those who come meanwhile wait behind them until they have run."""
        while self._waiters and self._has_room():
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._granted += 1
                waiter.set_result(self._take())

    def _adapt(self) -> None:
        if self._ended % int(self._limit):
            return
        now = self._clock()
        elapsed = now - self._since
        if elapsed < (_OPENING_INTERVAL if self._opening else _INTERVAL):
            return
        rate = self._done / elapsed
        wanted, self._wanted = self._wanted or bool(self._waiters), False
        self._since, self._done, self._ended = now, 0, 0
        if not wanted:
            self._before_growth = self._seen = None
        elif self._opening:
            self._open_further(rate)
        else:
            self._step_further(rate)

    def _open_further(self, rate: float) -> None:
        """Double, once what this size brings no longer rises by itself: at first its connections are being made."""
        before, self._seen = self._seen, rate
        if before is None or rate > before * _RISING:
            return
        rate = max(before, rate)
        if self._paid(rate):
            self._best = rate
            self._grow(self._limit)
        else:
            self._opening = False

    def _step_further(self, rate: float) -> None:
        if not self._paid(rate):
            return
        self._best = max(rate, self._best * 0.9)
        if self._hold > 0:
            self._hold -= 1
        else:
            self._grow(max(1.0, self._limit / 4))

    def _grow(self, step: float) -> None:
        if self._limit < self._maximum:
            self._before_growth, self._seen = self._limit, None
            self._limit = min(float(self._maximum), self._limit + step)

    def _paid(self, rate: float) -> bool:
        """Whether the last growth, if this comes after one, brought enough; it is undone if not."""
        before, self._before_growth = self._before_growth, None
        if before is None:
            return True
        promised = self._limit / before - 1.0
        if rate < self._best * (1.0 + promised * _SHARE):
            self._limit, self._hold = before, self._next_hold
            self._next_hold = min(self._next_hold * 2, _LONGEST_HOLD)
            return False
        self._next_hold = _HOLD
        return True


class ByteBudget:
    """Memory for buffered parts: `total` bytes over all transfers. Running out means waiting, in order.

    A request larger than the whole budget is granted when nothing else is held, so nothing can wait for ever.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._held = 0
        self._waiters: deque[tuple[int, object, asyncio.Future[None]]] = deque()

    @property
    def held(self) -> int:
        return self._held

    async def acquire(self, amount: int, owner: object = None) -> None:
        """Wait for `amount` bytes; each is given back with `release`. `owner` is who may `hurry`."""
        if not self._waiters and self._fits(amount):
            self._held += amount
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append((amount, owner, waiter))
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release(amount)
            raise

    def hurry(self, owner: object) -> None:
        """Grant what `owner` waits for now, beyond the budget if need be: for one that holds bytes which only its next
        part can move, and that could otherwise wait for ever.
        """
        for entry in self._waiters:
            amount, waiting, waiter = entry
            if waiting is owner and not waiter.done():
                self._waiters.remove(entry)
                self._held += amount
                waiter.set_result(None)
                return

    def release(self, amount: int) -> None:
        self._held -= amount
        while self._waiters:
            wanted, _, waiter = self._waiters[0]
            if waiter.done():
                self._waiters.popleft()
            elif self._fits(wanted):
                self._waiters.popleft()
                self._held += wanted
                waiter.set_result(None)
            else:
                return

    def _fits(self, amount: int) -> bool:
        return self._held == 0 or self._held + amount <= self._total
