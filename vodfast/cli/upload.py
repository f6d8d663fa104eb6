"""`vodfast upload`: its options.

Decides that everything that can be refused is refused before the first byte moves. Leaves what the arguments mean to
`inputs.py`, what is sent to `prepare.py` and the run itself to `uploading.py`.
"""

from __future__ import annotations

from typing import Any

import click

from vodfast.cli.asking import offered
from vodfast.cli.connect import Connection, transferring
from vodfast.cli.set_option import set_option
from vodfast.cli.text import TEXT
from vodfast.cli.waiting import waiting


@click.command()
@click.argument("sources", nargs=-1, metavar="[FILE|DIRECTORY|GLOB|-]...", type=click.Path())
@click.option(
    "--from",
    "lists",
    multiple=True,
    metavar="FILE",
    type=click.Path(allow_dash=True),
    help="A list of paths, of JSON objects, or the report of an earlier run (done items are skipped).",
)
@click.option("--recursive", "-r", is_flag=True, help="Take the media files in directories.")
@click.option("--title", type=TEXT, help="Title of the media.")
@click.option("--description", type=TEXT, help="Description of the media.")
@click.option("--tag", "tags", type=TEXT, multiple=True, help="A tag; may be repeated.")
@click.option("--category", type=TEXT, help="Category, as the cloud counts them.")
@click.option("--context", type=TEXT, help="Text the cloud hands back in its callbacks.")
@click.option("--storage-class", type=TEXT, help="Storage class of the media.")
@click.option("--cover", type=click.Path(exists=True, dir_okay=False, readable=True), help="A picture to go with it.")
@click.option("--kind", type=TEXT, help="What is uploaded: media (the default), image, subtitle, material, ...")
@click.option("--force-new", is_flag=True, help="Make other media of files that were uploaded before.")
@click.option("--name", type=TEXT, help="File name to go by; needed for stdin, with its extension.")
@set_option("UploadOptions")
@click.option(
    "--output",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="What stdout carries: nothing, one document at the end, or events and results as they happen.",
)
@click.option(
    "--report", metavar="FILE", type=click.Path(), help="Write every item's final state there, as JSON lines."
)
@waiting("the cloud has finished with what it took over")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors.")
@transferring
def upload(
    connection: Connection,
    sources: tuple[str, ...],
    lists: tuple[str, ...],
    recursive: bool,
    settings: tuple[tuple[str, str], ...],
    output: str,
    report: str | None,
    quiet: bool,
    wait: bool,
    wait_timeout: float | None,
    **common: Any,
) -> int:
    """Upload files, directories, globs or stdin (-).

    Items that fail do not stop the others; the exit code tells how they ended. The same command again continues what
    was interrupted and uploads nothing twice. Give the report of a run to --from to take up what it left unfinished.
    """
    from vodfast.cli.inputs import gather
    from vodfast.cli.output import Words
    from vodfast.cli.prepare import Items, unwanted
    from vodfast.cli.report import Report
    from vodfast.cli.settings import unique
    from vodfast.cli.uploading import Run, Wait

    if not sources and not lists:
        raise click.UsageError("name at least one file, directory, glob, - for stdin, or --from FILE")
    words = Words(quiet=quiet)
    provider = connection.provider()
    plan = gather(
        sources,
        lists,
        cloud=connection.cloud,
        recursive=recursive,
        refusal=lambda name: unwanted(provider, name, common["kind"] or "media", common["category"]),
        note=words.note,
        packages=common["kind"] in (None, "media"),
    )
    items = Items(provider, plan, common, unique(settings))
    if wait:
        offered(lambda: provider.media(["0"]))
    run = Run(plan, items, words, output, Wait(wait_timeout) if wait else None)
    if report is None:
        return run.perform(connection)
    with Report(report, lists) as ledger_file:
        return run.perform(connection, ledger_file)
