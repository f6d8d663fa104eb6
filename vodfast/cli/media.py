"""`vodfast media`: what the cloud knows of media ids. An id it does not know makes the command fail (1)."""

from __future__ import annotations

import click

from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.records import output_option, show
from vodfast.cli.text import TEXT


@click.command()
@click.argument("ids", nargs=-1, required=True, type=TEXT, metavar="ID...")
@output_option
@connected
def media(connection: Connection, ids: tuple[str, ...], output: str) -> int:
    """Show what the cloud knows of media ids."""
    import msgspec

    from vodfast.cli.exit_codes import Exit
    from vodfast.cli.interrupt import interruptible

    with interruptible(), connect(connection) as client:
        found = client.media(list(ids))
    columns = ("media_id", "state", "name", "size", "duration", "url")
    records = [msgspec.to_builtins(info) | ({} if info.found else {"state": "not found"}) for info in found]
    show(records, output, columns)
    return Exit.DONE if all(info.found for info in found) else Exit.FAILED
