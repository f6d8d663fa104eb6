"""`vodfast jobs`: what became of jobs the cloud runs, such as pulls.

Decides how waiting is done and that a job that failed or is unknown makes the command fail (1).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.records import output_option, show
from vodfast.cli.text import DURATION, TEXT

if TYPE_CHECKING:
    from vodfast.blocking import Client
    from vodfast.providers.contract import JobRecord

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
"""Seconds between two questions while waiting; doubled each time."""
UNDER_WAY = frozenset({"waiting", "running"})


@click.command()
@click.argument("ids", nargs=-1, required=True, type=TEXT, metavar="ID...")
@click.option("--wait", is_flag=True, help="Ask until every job has ended.")
@click.option("--timeout", type=DURATION, metavar="TIME", help="With --wait: give up after 90, 15m or 2h.")
@output_option
@connected
def jobs(connection: Connection, ids: tuple[str, ...], wait: bool, timeout: float | None, output: str) -> int:
    """Show, or wait for, jobs the cloud runs."""
    from vodfast.cli.interrupt import interruptible

    with interruptible(), connect(connection) as client:
        records = wait_for(client, ids, timeout) if wait else client.jobs(list(ids))
    return show_jobs(records, output)


def wait_for(client: Client, ids: Sequence[str], timeout: float | None) -> list[JobRecord]:
    """Ask for the jobs until all have ended, or `timeout` seconds are over."""
    deadline = time.monotonic() + timeout if timeout is not None else None
    pause = FIRST_PAUSE
    while True:
        records = client.jobs(list(ids))
        left = deadline - time.monotonic() if deadline is not None else pause
        if left <= 0 or not any(record.state in UNDER_WAY for record in records):
            return records
        time.sleep(min(pause, left))
        pause = min(pause * 2, LONGEST_PAUSE)


def show_jobs(records: Sequence[JobRecord], output: str) -> int:
    """Print job records and derive the exit code."""
    import msgspec

    from vodfast.cli.exit_codes import Exit

    shown: list[dict[str, Any]] = [msgspec.to_builtins(record) for record in records]
    show(shown, output, ("job_id", "state", "progress", "media_id", "url", "error_code", "error_message"))
    return Exit.FAILED if any(record.state in ("failed", "unknown") for record in records) else Exit.DONE
