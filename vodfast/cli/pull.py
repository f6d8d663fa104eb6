"""`vodfast pull`: the cloud fetches media from URLs by itself.

Decides what is printed of each URL, and that the id of an accepted job is told at once: accepted is not finished, and
`--wait`, or `vodfast jobs`, tells the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from vodfast.cli.asking import asked, checked, conclude, offered
from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.listing import items_of, list_option
from vodfast.cli.records import Told, output_option
from vodfast.cli.set_option import set_option
from vodfast.cli.text import TEXT, printable
from vodfast.cli.waiting import waiting

if TYPE_CHECKING:
    from vodfast.blocking import Client
    from vodfast.providers.contract import PullItem


@click.command()
@click.argument("urls", nargs=-1, type=TEXT, metavar="[URL]...")
@list_option
@click.option("--title", type=TEXT, help="Title of the media.")
@click.option("--cover-url", type=TEXT, metavar="URL", help="A picture to go with it.")
@click.option("--category", type=TEXT, help="Category, as the cloud counts them.")
@click.option("--context", type=TEXT, help="Text the cloud hands back in its callbacks.")
@click.option("--media-type", type=TEXT, help="File type, if the URL does not end in it.")
@set_option("PullOptions")
@waiting("the cloud has fetched them")
@output_option
@connected
def pull(
    connection: Connection,
    urls: tuple[str, ...],
    lists: tuple[str, ...],
    settings: tuple[tuple[str, str], ...],
    wait: bool,
    wait_timeout: float | None,
    output: str,
    **common: Any,
) -> int:
    """Have the cloud fetch media from URLs; prints a job id for each."""
    from vodfast.cli.settings import unique
    from vodfast.providers.contract import PullItem

    provider = connection.provider()
    offered(lambda: provider.check_pull(PullItem(url="https://example.com/a.mp4")))
    items = items_of(
        urls, lists, PullItem, cloud=provider.name, record="PullOptions", common=common, settings=unique(settings)
    )
    checked(provider.check_pull, items, lambda item: item.url)
    told = Told(output, ("job_id", "state", "media_id", "source"), at_once=not wait)
    with connect(connection) as client, told:
        for item in items:
            record = _ask(client, item)
            told.add(record)
            if wait and record["job_id"]:
                click.echo(f"vodfast: accepted {printable(item.url)}: job {printable(record['job_id'])}", err=True)
        if wait:
            _settle(client, told.records, wait_timeout)
    return conclude(told.records)


def _ask(client: Client, item: PullItem) -> dict[str, Any]:
    def pull_one() -> dict[str, Any]:
        [ticket] = client.pull([item])
        return {"state": "accepted", "job_id": ticket.job_id, "request_id": ticket.request_id}

    return asked(item.url, client.cloud, pull_one, job_id=None, media_id=None, url=None)


def _settle(client: Client, records: list[dict[str, Any]], timeout: float | None) -> None:
    """Wait for the accepted jobs and write their ends into the records."""
    accepted = {record["job_id"]: record for record in records if record["job_id"]}
    for job in client.wait_jobs(list(accepted), timeout=timeout):
        record = accepted[job.job_id]
        record |= {"state": job.state, "media_id": job.media_id, "url": job.url}
        if job.state == "failed":
            message = job.error_message or f"the job ended as {job.vendor_state}"
        elif job.state != "done":
            message = f"the job is {job.state} still: ask for it with vodfast jobs {job.job_id}"
        else:
            continue
        record["error"] = {"kind": "unexpected", "code": job.error_code, "message": message, "request_id": None}
