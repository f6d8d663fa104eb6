"""The work of one object that waits for its turn.

Decides only the order: what is due comes as it was put in, what is put off comes at its time. Leaves what the work is,
and how much of it may run at once, to `machine.py`.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection

from vodfast.transfer.work import Phase, Work


class Agenda:
    """Work that is due, and work that is put off. True while there is any."""

    def __init__(self) -> None:
        self._due: deque[Work] = deque()
        self._later: list[tuple[float, int, Work]] = []
        self._put_off = 0

    def __bool__(self) -> bool:
        return bool(self._due or self._later)

    def add(self, work: Work) -> None:
        """Work that is due now."""
        self._due.append(work)

    def put_off(self, work: Work, until: float) -> None:
        """Work that is due at a time; of two with the same time the first put off comes first."""
        self._put_off += 1
        heapq.heappush(self._later, (until, self._put_off, work))

    def wake(self, now: float) -> float | None:
        """Make due what was put off until now. Gives the time of the next, None if nothing is put off."""
        while self._later and self._later[0][0] <= now:
            self._due.append(heapq.heappop(self._later)[2])
        return self._later[0][0] if self._later else None

    def take(self) -> Work | None:
        """The next that is due, None if nothing is."""
        return self._due.popleft() if self._due else None

    def clear(self, but: Collection[Phase]) -> None:
        """Forget all work but that of some phases."""
        self._due = deque(work for work in self._due if work.phase in but)
        self._later = [entry for entry in self._later if entry[2].phase in but]
        heapq.heapify(self._later)
