"""One upload run: from prepared items to the exit code.

Decides the order: connect, take over the report, hand items to the client one by one, write down every end in the
ledger, the report and the output, and wait for the cloud if that is wanted. An interrupted run still gives every item
of its plan a final state.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from vodfast.blocking import Client
from vodfast.cli.connect import Connection, connect
from vodfast.cli.entries import report_line
from vodfast.cli.exit_codes import Exit, exit_code
from vodfast.cli.inputs import Plan
from vodfast.cli.interrupt import Interruption, interruptible
from vodfast.cli.output import JsonLines, Ledger, Stdout, Words
from vodfast.cli.prepare import Items
from vodfast.cli.progress import live_bars
from vodfast.cli.report import Report
from vodfast.cli.text import STDIN, printable
from vodfast.errors import Cancelled, ErrorInfo, VodfastError
from vodfast.events import AnyEvent, EventSink
from vodfast.items import UploadItem, UploadResult

_NOT_BEGUN = "not begun: the run was interrupted before"
_UNDER_WAY = "no end is known: the run goes on, or was killed"


class Wait(NamedTuple):
    """That the run shall wait until the cloud has finished with the media; `timeout` in seconds, None for ever."""

    timeout: float | None


class _Listener(Protocol):
    def event(self, event: AnyEvent) -> None: ...


class Run:
    """Uploads the items of a plan once. `output` is `text`, `json` or `jsonl`."""

    def __init__(self, plan: Plan, items: Items, words: Words, output: str, wait: Wait | None = None) -> None:
        self._plan = plan
        self._items = items
        self._words = words
        self._output = output
        self._wait = wait
        self._awaited: list[UploadResult] = []
        self._stdout = Stdout()
        self._ledger = Ledger()
        self._report: Report | None = None
        self._cloud = ""
        self._lines: JsonLines | None = None
        self._results: list[dict[str, Any]] = []
        self._streams = {items.label(entry) for entry in plan.entries if entry.source == STDIN}
        self._listed: dict[str, Mapping[str, Any]] = {}
        """Fields by label, as far as that tells the items apart."""

    def perform(self, connection: Connection, report: Report | None = None) -> int:
        """Upload everything, say what became of it, and return the exit code.

        Raises:
            VodfastError, click.UsageError: the run could not begin; nothing was sent and an older report stands.
        """
        self._report, self._cloud = report, connection.cloud
        if not self._plan.entries:
            self._begin()
            self._words.note("nothing is left to upload")
            return self._end(None, 0.0)
        with connect(connection) as client:
            self._begin()
            started = time.monotonic()
            signum = self._upload(client)
            seconds = time.monotonic() - started
        return self._end(signum, seconds)

    def _begin(self) -> None:
        """Everything is in the report from now on: a run that is killed leaves what is to be done there, too."""
        if self._report is None:
            return
        self._report.begin(self._plan.settled)
        labels = Counter(self._items.label(entry) for entry in self._plan.entries)
        for entry in self._plan.entries:
            label = self._items.label(entry)
            if labels[label] == 1 and entry.source != STDIN:
                self._listed[label] = entry.given()
            self._write(_without_an_end(label, self._cloud, _UNDER_WAY), provisional=True)
        repeated = [label for label, count in labels.items() if count > 1]
        if repeated:
            shown = printable(repeated[0]) + (f" and {len(repeated) - 1} more" if repeated[1:] else "")
            self._words.note(
                f"{shown}: listed several times, which a report cannot tell apart: keep the list for a rerun"
            )

    def _upload(self, client: Client) -> int | None:
        """Every item to its end; the signal that interrupted it, if one did."""
        unended = Counter(self._items.label(entry) for entry in self._plan.entries)
        with interruptible(lambda signum: _stop(client, signum)) as interruption, self._listeners() as listeners:
            for result in client.upload_many(self._fed(client, interruption), events=_sink(listeners)):
                unended[result.source] -= 1
                if self._wait is not None and result.query_id is not None:
                    self._taken_over(result)
                else:
                    self._ended(result)
            for source in (+unended).elements():
                self._ended(_without_an_end(source, client.cloud, _NOT_BEGUN))
            self._settle(client, interruption)
            return interruption.signum

    @contextlib.contextmanager
    def _listeners(self) -> Iterator[Sequence[_Listener]]:
        """JSON lines and live bars, as far as they are wanted."""
        with contextlib.ExitStack() as stack:
            listeners: list[_Listener] = []
            if self._output == "jsonl":
                self._lines = JsonLines(self._stdout)
                stack.callback(self._lines.close)
                listeners.append(self._lines)
            bars = live_bars(len(self._plan.entries), quiet=self._words.quiet, stdout_used=self._output != "text")
            if bars is not None:
                stack.callback(bars.close)
                listeners.append(bars)
            self._words.live = bars
            try:
                yield listeners
            finally:
                self._words.live = None

    def _fed(self, client: Client, interruption: Interruption) -> Iterator[UploadItem]:
        for item in self._items:
            if interruption.signum is not None:
                # An item handed over just before the signal may have started after it.
                _stop(client, interruption.signum)
                return
            yield item

    def _taken_over(self, result: UploadResult) -> None:
        """The upload is done, the cloud is not: reported at once, so that nothing that happens now uploads it again."""
        self._awaited.append(result)
        self._write(result, provisional=True)
        self._words.result(result)

    def _settle(self, client: Client, interruption: Interruption) -> None:
        """Wait for the cloud, and give every item that was taken over its final record."""
        if self._wait is None or not self._awaited:
            return
        states = ["unknown"] * len(self._awaited)
        if interruption.signum is None:
            self._words.note(f"uploaded {len(self._awaited)}; waiting until the cloud has finished")
            try:
                ids = [str(result.query_id) for result in self._awaited]
                states = [info.state for info in client.wait_media(ids, timeout=self._wait.timeout)]
            except VodfastError as error:
                self._words.say(f"vodfast: cannot tell what the cloud has finished: {printable(str(error))}")
        for result, state in zip(self._awaited, states):
            self._ended(msgspec.structs.replace(result, processing=state))

    def _write(self, result: UploadResult, *, provisional: bool = False) -> None:
        if self._report is not None:
            record = report_line(result, self._listed.get(result.source, {}))
            if result.source in self._streams:
                record["source"] = STDIN
            self._report.add(record, provisional=provisional)

    def _ended(self, result: UploadResult) -> None:
        self._ledger.add(result)
        self._write(result)
        record = msgspec.to_builtins(result)
        if self._lines is not None:
            self._lines.result(result)
        elif self._output == "json":
            self._results.append(record)
        if result.processing is None:
            self._words.result(result)
        else:
            self._words.processed(result)

    def _end(self, signum: int | None, seconds: float) -> int:
        if self._output == "json":
            self._stdout.write(self._results, indent=2)
        if self._plan.entries:
            self._words.summary(self._ledger, len(self._plan.settled), seconds)
        code = exit_code(self._ledger.tally, signum)
        troubles = {"report": self._report.trouble if self._report else None, "output": self._stdout.trouble}
        for what, trouble in troubles.items():
            if trouble is not None:
                self._words.say(f"vodfast: the {what} is incomplete: {trouble}")
                code = code or Exit.FAILED
        return code


def _stop(client: Client, signum: int) -> None:
    """Ctrl-C is somebody's change of mind, SIGTERM the machine's."""
    client.cancel(pause=signum == signal.SIGTERM)


def _sink(listeners: Sequence[_Listener]) -> EventSink | None:
    def every(event: AnyEvent) -> None:
        for listener in listeners:
            listener.event(event)

    return every if listeners else None


def _without_an_end(source: str, cloud: str, why: str) -> UploadResult:
    error = Cancelled(why, item=source)
    return UploadResult(source=source, cloud=cloud, state="cancelled", error=ErrorInfo.of(error))
