"""`vodfast invoke`: one operation of the cloud's own API, signed, for what no verb covers.

Decides how parameters are read and that the answer is printed as the cloud gave it. Nothing is checked beforehand.
"""

from __future__ import annotations

import sys

import click

from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.set_option import set_option
from vodfast.cli.text import TEXT, json_line


@click.command()
@click.argument("operation", type=TEXT)
@set_option(text='A parameter by the service\'s own name, as text or JSON; "7" in quotes is text. May be repeated.')
@connected
def invoke(connection: Connection, operation: str, settings: tuple[tuple[str, str], ...]) -> None:
    """Call an operation of the cloud's own API.

    Prints the answer as JSON, in the cloud's own words.
    """
    from vodfast.cli.settings import any_values

    parameters = any_values(settings)
    with connect(connection) as client:
        sys.stdout.buffer.write(json_line(client.invoke(operation, parameters), indent=2))
    sys.stdout.buffer.flush()
