"""`vodfast status`: what the journal of this machine knows, without asking any cloud.

Whether an interrupted upload can be continued is not asked: the same upload command finds out.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import click

from vodfast.cli.records import output_option, show


@click.command()
@click.option("--all", "everything", is_flag=True, help="Finished media too, not only what was interrupted.")
@output_option
def status(everything: bool, output: str) -> int:
    """Show interrupted uploads; the same upload command again continues each.

    Works on the journal in the state directory (VODFAST_STATE_DIR) and needs no credentials.
    """
    from vodfast.cli.exit_codes import Exit
    from vodfast.config import config_from_env, state_directory
    from vodfast.transfer.journal import Journal
    from vodfast.transfer.journal_lines import ItemLine

    async def lines() -> list[ItemLine]:
        journal = Journal(state_directory(config_from_env()))
        if not journal.exists() or not journal.open():
            return []
        try:
            return await journal.items()
        finally:
            journal.close()

    known = asyncio.run(lines())
    shown = [line for line in known if everything or line.state != "committed"]
    records = [
        {
            "state": {"committed": "done"}.get(line.state, "interrupted"),
            "cloud": line.cloud,
            "source": line.label,
            "media_id": _media_id(line.outcome),
            "updated": datetime.fromtimestamp(line.updated, UTC).isoformat(timespec="seconds"),
        }
        for line in shown
    ]
    nothing = "the journal knows of no upload" if everything else "no upload is interrupted"
    show(records, output, ("state", "cloud", "updated", "source", "media_id"), nothing)
    return Exit.DONE


def _media_id(outcome: bytes | None) -> str | None:
    import msgspec

    from vodfast.recall import Outcome

    return None if outcome is None else msgspec.json.decode(outcome, type=Outcome).record.media_id
