"""`vodfast gc`: take back what interrupted uploads have left in a cloud's store.

How old is old enough is decided here; what there is to take back, and taking it back, is the client's.
"""

from __future__ import annotations

import click

from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.records import output_option, show
from vodfast.cli.text import DURATION


@click.command()
@click.option(
    "--older-than",
    type=DURATION,
    default="1d",
    show_default=True,
    metavar="DURATION",
    help="Leave what was begun more recently.",
)
@click.option("--all", "everything", is_flag=True, help="However recent they are.")
@output_option
@connected
def gc(connection: Connection, older_than: float, everything: bool, output: str) -> int:
    """Abort interrupted uploads that nobody will continue.

    What they have stored is deleted and forgotten, so the same upload starts over; `vodfast status` shows what there
    is. Works on this account's uploads from this machine; one that is under way is left alone.
    """
    from vodfast.cli.exit_codes import Exit
    from vodfast.cli.interrupt import interruptible

    with interruptible(), connect(connection) as client:
        gone = client.take_back(0.0 if everything else older_than)
    records = [{"state": "aborted", "cloud": item.cloud, "source": item.label} for item in gone]
    show(records, output, ("state", "source"), "nothing was left behind that long ago by this account")
    return Exit.DONE
