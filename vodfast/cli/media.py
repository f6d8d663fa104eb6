"""`vodfast media`: what the cloud knows of media ids.

An id it does not know makes the command fail (1), and so does, when waiting, media that failed or is not finished.
"""

from __future__ import annotations

import click

from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.records import output_option, show
from vodfast.cli.text import TEXT
from vodfast.cli.waiting import waiting


@click.command()
@click.argument("ids", nargs=-1, required=True, type=TEXT, metavar="ID...")
@waiting("the cloud has finished with them")
@output_option
@connected
def media(connection: Connection, ids: tuple[str, ...], wait: bool, wait_timeout: float | None, output: str) -> int:
    """Show what the cloud knows of media ids.

    An id is what an upload printed as query_id: the media id, or what the cloud looks media up by instead.
    """
    import msgspec

    from vodfast.cli.exit_codes import Exit

    with connect(connection) as client:
        found = client.wait_media(ids, timeout=wait_timeout) if wait else client.media(list(ids))
    columns = ("media_id", "state", "vendor_state", "name", "size", "duration", "url")
    records = [msgspec.to_builtins(info) | ({} if info.found else {"state": "not found"}) for info in found]
    show(records, output, columns)
    bad = ("not found", *(("waiting", "running", "failed") if wait else ()))
    return Exit.FAILED if any(record["state"] in bad for record in records) else Exit.DONE
