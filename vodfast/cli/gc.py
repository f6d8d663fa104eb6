"""`vodfast gc`: take back what interrupted uploads have left in a cloud's store.

Decides how old is old enough, and what is advised about what stays. What there is to take back, and taking it back, is
the client's.
"""

from __future__ import annotations

import click

from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.records import output_option, show
from vodfast.cli.text import DURATION

_REMARKS = {
    "ambiguous": "may be media, so left alone: the same upload command finds out, --force-new makes other media",
    "interrupted": "could not be deleted now: run gc again, or the same upload command to go on",
}
"""What to do about those that are still there, by what became of them."""


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
    is. Works on this account's uploads from this machine. One that is under way is left alone, and so is one that may
    have become media (ambiguous).
    """
    from vodfast.cli.exit_codes import Exit

    with connect(connection) as client:
        left = client.take_back(0.0 if everything else older_than)
    records = [{"state": item.state, "cloud": item.cloud, "source": item.label} for item in left]
    show(records, output, ("state", "source"), "nothing was left behind that long ago by this account")
    states = [item.state for item in left]
    for state, remark in _REMARKS.items():
        if state in states:
            click.echo(f"vodfast: {states.count(state)} {state}: {remark}", err=True)
    return Exit.UNAVAILABLE if "interrupted" in states else Exit.DONE
