"""`vodfast token`: an upload token for a browser or phone, made locally where the cloud allows it.

Which fields a token may bind, and how it is made, is the provider's.
"""

from __future__ import annotations

import click

from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.set_option import set_option
from vodfast.cli.text import DURATION


@click.command()
@click.option(
    "--lifetime",
    type=DURATION,
    default="1h",
    show_default=True,
    metavar="TIME",
    help="How long the token is good for: 90, 15m, 2h or 1d.",
)
@set_option(
    text="A field the token binds the upload to, such as name=clip.mp4, which some clouds need; text or JSON"
    ' ("7" in quotes is text). May be repeated.'
)
@connected
def token(connection: Connection, lifetime: float, settings: tuple[tuple[str, str], ...]) -> None:
    """Print an upload token, and nothing else, on stdout.

    The token grants uploads until it expires: hand it to nobody but the uploader.
    """
    from vodfast.cli.settings import any_values

    fields = any_values(settings)
    with connect(connection) as client:
        print(client.issue_token(lifetime, **fields))
