"""Live bars on a terminal.

Decides when bars are shown and how many. rich is loaded here only, and only for a terminal; without it the run has
plain lines.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from vodfast.cli.text import printable
from vodfast.events import AnyEvent, Progress, UploadEnded, UploadStarted

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

SHOWN_ITEMS = 12
"""Most items with a bar of their own; the first line always sums up all of them."""


def live_bars(total: int, *, quiet: bool, stdout_used: bool) -> LiveBars | None:
    """Bars for `total` items, or None: not a terminal, a dumb one, one that JSON goes to, quiet, or no rich."""
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb" or (stdout_used and sys.stdout.isatty()):
        return None
    try:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
        from rich.progress import Progress as Bars
    except ImportError:
        return None
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
    )
    return LiveBars(Bars(*columns, console=Console(stderr=True), transient=True, refresh_per_second=8), total)


class LiveBars:
    """One bar for everything, one for each of the first items in flight. Events may come from another thread."""

    def __init__(self, bars: Bars, total: int) -> None:
        self._bars = bars
        self._total = total
        self._ended = 0
        self._tasks: dict[str, TaskID] = {}
        self._done: dict[str, int] = {}
        self._bytes = 0
        self._all = bars.add_task(self._title(), total=None)
        bars.start()

    def event(self, event: AnyEvent) -> None:
        """Sink for the client's events."""
        if isinstance(event, UploadStarted):
            if len(self._tasks) < SHOWN_ITEMS and event.item not in self._tasks:
                name = os.path.basename(printable(event.item)) or "stream"
                self._tasks[event.item] = self._bars.add_task(name[-40:], total=event.size)
        elif isinstance(event, Progress):
            self._bytes += event.done - self._done.get(event.item, 0)
            self._done[event.item] = event.done
            self._bars.update(self._all, completed=self._bytes)
            if event.item in self._tasks:
                self._bars.update(self._tasks[event.item], completed=event.done, total=event.total)
        elif isinstance(event, UploadEnded):
            self._ended += 1
            self._done.pop(event.item, None)
            if event.item in self._tasks:
                self._bars.remove_task(self._tasks.pop(event.item))
            self._bars.update(self._all, description=self._title())

    def line(self, text: str) -> None:
        """Print a line above the bars; its escapes are our own."""
        from rich.text import Text

        self._bars.console.print(Text.from_ansi(text), soft_wrap=True)

    def close(self) -> None:
        """Take the bars away."""
        self._bars.stop()

    def _title(self) -> str:
        return f"{self._ended}/{self._total} items"
