"""`vodfast pull`: the cloud fetches media from URLs by itself.

Decides that every URL is asked for on its own, so that one refusal stops no other, and what is printed of each.
Accepted is not finished: `--wait`, or `vodfast jobs`, tells the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.jobs import wait_for
from vodfast.cli.records import output_option, show
from vodfast.cli.text import DURATION, SETTING, TEXT, printable

if TYPE_CHECKING:
    from vodfast.blocking import Client
    from vodfast.providers.contract import Provider, PullItem


@click.command()
@click.argument("urls", nargs=-1, required=True, type=TEXT, metavar="URL...")
@click.option("--title", type=TEXT, help="Title of the media.")
@click.option("--cover-url", type=TEXT, metavar="URL", help="A picture to go with it.")
@click.option("--category", type=TEXT, help="Category, as the cloud counts them.")
@click.option("--context", type=TEXT, help="Text the cloud hands back in its callbacks.")
@click.option("--media-type", type=TEXT, help="File type, if the URL does not end in it.")
@click.option(
    "--set",
    "settings",
    type=SETTING,
    multiple=True,
    metavar="NAME=VALUE",
    help="An option only this cloud has; may be repeated.",
)
@click.option("--wait", is_flag=True, help="Wait until the cloud has fetched them.")
@click.option("--timeout", type=DURATION, metavar="TIME", help="With --wait: give up after 90, 15m or 2h.")
@output_option
@connected
def pull(
    connection: Connection,
    urls: tuple[str, ...],
    settings: tuple[tuple[str, str], ...],
    wait: bool,
    timeout: float | None,
    output: str,
    **common: Any,
) -> int:
    """Have the cloud fetch media from URLs; prints a job id for each."""
    from vodfast.cli.exit_codes import exit_code, tally_of
    from vodfast.cli.interrupt import interruptible
    from vodfast.cli.settings import typed_options, unique
    from vodfast.providers.contract import PullItem

    options = typed_options(connection.cloud, "PullOptions", unique(settings))
    items = [PullItem(url=url, options=options, **common) for url in dict.fromkeys(urls)]
    _check(connection.provider(), items)
    records: list[dict[str, Any]] = []
    with interruptible(), connect(connection) as client:
        try:
            for item in items:
                records.append(_ask(client, connection.cloud, item))
            if wait:
                _settle(client, records, timeout)
        finally:  # whatever comes between, the ids of accepted jobs are told
            show(records, output, ("job_id", "state", "media_id", "source"))
    for record in records:
        if record["error"]:
            click.echo(f"vodfast: {printable(record['source'])}: {printable(record['error']['message'])}", err=True)
    return exit_code(tally_of((record["state"], (record["error"] or {}).get("kind")) for record in records))


def _settle(client: Client, records: list[dict[str, Any]], timeout: float | None) -> None:
    """Wait for the accepted jobs and write their ends into the records."""
    accepted = {record["job_id"]: record for record in records if record["job_id"]}
    for job in wait_for(client, list(accepted), timeout) if accepted else ():
        record = accepted[job.job_id]
        record |= {"state": job.state, "media_id": job.media_id, "url": job.url}
        if job.state == "failed":
            message = job.error_message or f"the job ended as {job.vendor_state}"
            record["error"] = {"kind": "unexpected", "code": job.error_code, "message": message, "request_id": None}


def _check(provider: Provider, items: list[PullItem]) -> None:
    from vodfast.errors import VodfastError

    for item in items:
        try:
            provider.check_pull(item)
        except VodfastError as error:
            raise click.UsageError(str(error)) from None


def _ask(client: Client, cloud: str, item: PullItem) -> dict[str, Any]:
    import msgspec

    from vodfast.errors import ErrorInfo, VodfastError

    record: dict[str, Any] = {"type": "result", "source": item.url, "cloud": cloud, "job_id": None}
    record |= {"media_id": None, "url": None, "request_id": None, "error": None}
    try:
        [ticket] = client.pull([item])
    except VodfastError as error:
        facts = msgspec.to_builtins(ErrorInfo.of(error))
        return record | {"state": "failed", "request_id": error.request_id, "error": facts}
    return record | {"state": "accepted", "job_id": ticket.job_id, "request_id": ticket.request_id}
