"""`vodfast jobs`: what became of jobs the cloud runs, such as pulls.

Decides that a job that failed, is unknown, or could not be cancelled makes the command fail (1).
"""

from __future__ import annotations

from typing import Any

import click

from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.records import output_option, show
from vodfast.cli.text import TEXT
from vodfast.cli.waiting import waiting


@click.command()
@click.argument("ids", nargs=-1, required=True, type=TEXT, metavar="ID...")
@waiting("every job has ended")
@click.option("--cancel", is_flag=True, help="Cancel those that have not begun.")
@output_option
@connected
def jobs(
    connection: Connection,
    ids: tuple[str, ...],
    wait: bool,
    wait_timeout: float | None,
    cancel: bool,
    output: str,
) -> int:
    """Show, wait for, or cancel jobs the cloud runs."""
    import msgspec

    from vodfast.cli.exit_codes import Exit

    if cancel and wait:
        raise click.UsageError("--cancel and --wait exclude each other")
    asked = list(dict.fromkeys(ids))
    with connect(connection) as client:
        if cancel:
            cancelled = set(client.cancel_jobs(asked))
            records: list[dict[str, Any]] = [
                {"job_id": job, "state": "cancelled" if job in cancelled else "not cancelled"} for job in asked
            ]
        else:
            found = client.wait_jobs(asked, timeout=wait_timeout) if wait else client.jobs(asked)
            records = [msgspec.to_builtins(record) for record in found]
    show(records, output, ("job_id", "state", "progress", "media_id", "url", "error_code", "error_message"))
    bad = ("failed", "unknown", "not cancelled", *(("waiting", "running") if wait else ()))
    return Exit.FAILED if any(record["state"] in bad for record in records) else Exit.DONE
