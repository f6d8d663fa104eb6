"""`vodfast status`: what the journal of this machine knows, without asking any cloud.

Decides what the state of an unfinished upload is called. Whether an interrupted one can be continued is not asked: the
same upload command finds out.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from vodfast.cli.records import output_option, show

if TYPE_CHECKING:
    from vodfast.transfer.journal import Journal
    from vodfast.transfer.journal_lines import ItemLine


@click.command()
@click.option("--all", "everything", is_flag=True, help="Finished media too, not only what is unfinished.")
@output_option
def status(everything: bool, output: str) -> int:
    """Show unfinished uploads; the same upload command again continues each that is interrupted.

    One that is ambiguous may be media already: the same command asks the cloud. Works on the journal in the state
    directory (VODFAST_STATE_DIR) and needs no credentials.
    """
    from vodfast.cli.exit_codes import Exit
    from vodfast.config import config_from_env, state_directory
    from vodfast.transfer.journal import Journal

    async def lines() -> list[tuple[str, ItemLine]]:
        journal = Journal(state_directory(config_from_env()))
        if not journal.exists() or not journal.open():
            return []
        try:
            return [(_state(journal, line), line) for line in await journal.items()]
        finally:
            journal.close()

    records = [
        {
            "state": state,
            "cloud": line.cloud,
            "source": line.label,
            "media_id": _media_id(line.outcome),
            "updated": datetime.fromtimestamp(line.updated, UTC).isoformat(timespec="seconds"),
        }
        for state, line in asyncio.run(lines())
        if everything or state != "done"
    ]
    nothing = "the journal knows of no upload" if everything else "no upload is interrupted"
    show(records, output, ("state", "cloud", "updated", "source", "media_id"), nothing)
    return Exit.DONE


def _state(journal: Journal, line: ItemLine) -> str:
    if line.state == "committed":
        return "done"
    if journal.in_use(line.key):
        return "under way"
    return "ambiguous" if line.state == "committing" else "interrupted"


def _media_id(outcome: bytes | None) -> str | None:
    import msgspec

    from vodfast.recall import Outcome

    return None if outcome is None else msgspec.json.decode(outcome, type=Outcome).record.media_id
