"""One question for each item of a command line, so that one refusal stops no other.

Decides that every item is checked before the first is sent, the record of each, and the exit code they make. Leaves
what is asked to the command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from vodfast.cli.text import printable

T = TypeVar("T")


def checked(check: Callable[[T], None], items: Sequence[T], label: Callable[[T], str]) -> None:
    """Check every item. `label` says what it is called in messages, if it is one of several.

    Raises:
        click.UsageError: the cloud refuses one of them.
    """
    from vodfast.errors import VodfastError

    for item in items:
        try:
            check(item)
        except VodfastError as error:
            which = f"{printable(label(item))}: " if len(items) > 1 else ""
            raise click.UsageError(f"{which}{error}") from None


def offered(ask: Callable[[], object]) -> None:
    """Make sure a cloud has a verb at all, before its options are looked at.

    Raises:
        click.UsageError: it does not have it; the message names the nearest alternative.
    """
    from vodfast.errors import Unsupported, VodfastError

    try:
        ask()
    except Unsupported as error:
        raise click.UsageError(str(error)) from None
    except VodfastError:
        pass  # what it objects to in a probe is none of the user's business


def asked(source: str, cloud: str, ask: Callable[[], dict[str, Any]], **empty: None) -> dict[str, Any]:
    """The record of one question: what `ask` answers, or the error it raised."""
    import msgspec

    from vodfast.errors import ErrorInfo, VodfastError

    record: dict[str, Any] = {"type": "result", "source": source, "cloud": cloud, "state": "failed", **empty}
    record |= {"request_id": None, "error": None}
    try:
        return record | ask()
    except VodfastError as error:
        facts = msgspec.to_builtins(ErrorInfo.of(error))
        return record | {"request_id": error.request_id, "error": facts}


def conclude(records: Sequence[dict[str, Any]]) -> int:
    """Say on stderr what went wrong, and derive the exit code."""
    from vodfast.cli.exit_codes import exit_code, tally_of

    for record in records:
        if record["error"]:
            click.echo(f"vodfast: {printable(record['source'])}: {printable(record['error']['message'])}", err=True)
    return exit_code(tally_of((record["state"], (record["error"] or {}).get("kind")) for record in records))
