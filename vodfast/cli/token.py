"""`vodfast token`: an upload token for a browser or phone, made locally where the cloud allows it."""

from __future__ import annotations

import json

import click

from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.text import DURATION, SETTING


@click.command()
@click.option(
    "--lifetime",
    type=DURATION,
    default="1h",
    show_default=True,
    metavar="TIME",
    help="How long the token is good for: 90, 15m, 2h or 1d.",
)
@click.option(
    "--set",
    "settings",
    type=SETTING,
    multiple=True,
    metavar="NAME=VALUE",
    help='A field the token binds the upload to; numbers are numbers, "7" in quotes is text. May be repeated.',
)
@connected
def token(connection: Connection, lifetime: float, settings: tuple[tuple[str, str], ...]) -> None:
    """Print an upload token, and nothing else, on stdout.

    The token grants uploads until it expires: hand it to nobody but the uploader.
    """
    from vodfast.cli.settings import unique

    with connect(connection) as client:
        fields = {name: _value(text) for name, text in unique(settings).items()}
        print(client.issue_token(lifetime, **fields))


def _value(text: str) -> str | int | bool:
    """A number, true or false as such; `"7"` in quotes is text, as is everything else."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (str, int)) else text
