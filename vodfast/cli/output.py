"""What a run says while it goes on and at its end: plain lines, JSON, JSON lines, the ledger.

Decides what goes to stdout (machine output only) and to stderr (words). Leaves live bars to `progress.py`, the report
to `report.py`, and the exit code to `exit_codes.py`, which reads the ledger.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import click
import msgspec

from vodfast.cli.closed_pipe import give_up
from vodfast.cli.exit_codes import UNFINISHED
from vodfast.cli.text import human_size, json_line, printable
from vodfast.events import AnyEvent, Progress, UploadEnded
from vodfast.items import UploadResult

PROGRESS_INTERVAL = 0.25
"""Seconds between two progress lines of one item."""
REPEATED_FAILURES = 50
"""How many failures are repeated at the end; the report has them all."""
BACKLOG = 1000
"""Unwritten lines beyond which progress lines are left out: a slow reader never slows the uploads."""


class Stdout:
    """Machine output. A reader that went away ends the output, not the run; `trouble` says so of anything else."""

    def __init__(self) -> None:
        self.trouble: str | None = None
        self._closed = False

    def write(self, record: Any, indent: int | None = None) -> None:
        """Write one JSON value at once."""
        if self._closed:
            return
        try:
            sys.stdout.buffer.write(json_line(record, indent))
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            self._closed = True
            give_up(sys.stdout)
        except OSError as error:
            self._closed = True
            self.trouble = error.strerror or str(error)


class Live(Protocol):
    """A display that follows events and lets lines pass above it."""

    def event(self, event: AnyEvent) -> None: ...
    def line(self, text: str) -> None: ...
    def close(self) -> None: ...


class Ledger:
    """How the items ended: counts by outcome, sums, and the failures to repeat."""

    def __init__(self) -> None:
        self.tally: dict[tuple[str, str | None], int] = {}
        self.bytes = 0
        self.failures: list[UploadResult] = []

    def add(self, result: UploadResult) -> None:
        state = UNFINISHED if result.processing not in (None, "done") else result.state
        outcome = (state, result.error.kind if result.error else None)
        self.tally[outcome] = self.tally.get(outcome, 0) + 1
        self.bytes += result.bytes if result.state == "done" and not result.reused else 0
        if result.state != "done" and len(self.failures) < REPEATED_FAILURES:
            self.failures.append(result)

    def count(self, state: str) -> int:
        """Items that ended in a state."""
        return sum(count for (ended, _), count in self.tally.items() if ended == state)

    @property
    def total(self) -> int:
        return sum(self.tally.values())


class JsonLines:
    """Events and results on stdout, one object a line, written by a thread of its own.

    The event loop only puts records into a queue; progress is thinned out per item and dropped behind a slow reader,
    except for an item's last.
    """

    def __init__(self, stdout: Stdout, now: Callable[[], float] = time.monotonic) -> None:
        self._stdout = stdout
        self._now = now
        self._last: dict[str, float] = {}
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._drain, name="vodfast-output", daemon=True)
        self._thread.start()

    def event(self, event: AnyEvent) -> None:
        """Sink for the client's events."""
        if isinstance(event, Progress) and not self._due(event):
            return
        if isinstance(event, UploadEnded):
            self._last.pop(event.item, None)
        self._queue.put(event)

    def result(self, result: UploadResult) -> None:
        self._queue.put(result)

    def close(self) -> None:
        """Wait until everything is written."""
        self._queue.put(None)
        self._thread.join()

    def _due(self, event: Progress) -> bool:
        now = self._now()
        early = now - self._last.get(event.item, -PROGRESS_INTERVAL) < PROGRESS_INTERVAL
        if event.done != event.total and (early or self._queue.qsize() > BACKLOG):
            return False
        self._last[event.item] = now
        return True

    def _drain(self) -> None:
        while (record := self._queue.get()) is not None:
            self._stdout.write(msgspec.to_builtins(record))


class Words:
    """Lines for people on stderr. `live` is the display they pass above, None for plain lines only."""

    def __init__(self, *, quiet: bool, live: Live | None = None) -> None:
        self.quiet = quiet
        self.live = live

    def note(self, text: str) -> None:
        """A remark; not shown if quiet."""
        if not self.quiet:
            self.say(f"vodfast: {text}")

    def say(self, text: str, **style: Any) -> None:
        """A line that is always shown. Colours only on a terminal, and not under NO_COLOR.

        Nobody reading stderr any more is no reason to stop uploading.
        """
        if style and sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
            text = click.style(text, **style)
        if self.live is not None:
            self.live.line(text)
        else:
            with contextlib.suppress(OSError):
                print(text, file=sys.stderr, flush=True)

    def result(self, result: UploadResult) -> None:
        """One line for a finished item; if quiet, for one that did not make it only."""
        if result.state == "done":
            if self.quiet:
                return
            media = f"  media {printable(result.media_id)}" if result.media_id else ""
            how = f"{human_size(result.bytes)} in {result.seconds:.1f} s"
            if result.resumed:
                how += ", continued"
            if result.reused:
                how = "uploaded before (--force-new makes other media)"
            self.say(f"done  {printable(result.source)}  {how}{media}")
        else:
            self.say(failure_line(result), fg="red")

    def processed(self, result: UploadResult) -> None:
        """One line for an item the cloud was waited for; if quiet, only if it has not finished."""
        if result.processing != "done":
            asked = f"ask for it with vodfast media {printable(result.query_id or '')}"
            state = "failed in the cloud" if result.processing == "failed" else f"{result.processing} in the cloud"
            self.say(f"{UNFINISHED}  {printable(result.source)}: uploaded, {state}: {asked}", fg="red")
        elif not self.quiet:
            self.say(f"finished  {printable(result.source)}  media {printable(result.media_id or '')}")

    def summary(self, ledger: Ledger, settled: int, seconds: float) -> None:
        """What became of everything, then the failures again (they may have scrolled away)."""
        if self.quiet:
            return
        states = ("done", UNFINISHED, "failed", "ambiguous", "cancelled")
        counts = [f"{ledger.count(state)} {state}" for state in states if ledger.count(state) or state == "done"]
        before = f", {settled} done before" if settled else ""
        speed = f" ({human_size(ledger.bytes / seconds)}/s)" if ledger.bytes and seconds > 0 else ""
        self.say(f"{', '.join(counts)}{before}: {human_size(ledger.bytes)} in {seconds:.1f} s{speed}")
        if ledger.total > 1:
            for result in ledger.failures:
                self.say(failure_line(result), fg="red")
            hidden = ledger.total - ledger.count("done") - ledger.count(UNFINISHED) - len(ledger.failures)
            if hidden:
                self.say(f"... and {hidden} more: see the report (--report FILE)")


def failure_line(result: UploadResult) -> str:
    """`failed  clip.mp4: what happened (facts)`."""
    message = printable(result.error.message) if result.error else "no reason known"
    source = printable(result.source)
    return f"{result.state}  {message}" if source in message else f"{result.state}  {source}: {message}"
