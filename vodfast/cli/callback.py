"""`vodfast callback`: where the cloud reports what happened, and whether a report is really from it.

Decides that the key which signs callbacks comes from the environment, never from the command line, and that a callback
which is not genuine makes `verify` fail (1).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import click

from vodfast.cli.asking import offered
from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.set_option import set_option
from vodfast.cli.text import TEXT, sendable

SECRET = "VODFAST_CALLBACK_SECRET"  # noqa: S105  # the name of a variable


def parse_header(text: str) -> tuple[str, str]:
    """`NAME: VALUE` in two.

    Raises:
        ValueError: no colon, no name, or characters that cannot be sent.
    """
    name, colon, value = sendable(text).partition(":")
    if not colon or not name.strip():
        raise ValueError(f"{text!r} is not NAME: VALUE")
    return name.strip(), value.strip()


@click.group()
def callback() -> None:
    """Set, clear or verify the account's callbacks."""


@callback.command("set")
@click.argument("url", type=TEXT)
@set_option()
@connected
def set_(connection: Connection, url: str, settings: tuple[tuple[str, str], ...]) -> int:
    """Have the cloud call URL about its media.

    If VODFAST_CALLBACK_SECRET is set, callbacks are signed with it; `vodfast callback verify` takes it from there, too.
    """
    return _configure(connection, url, settings)


@callback.command()
@set_option()
@connected
def clear(connection: Connection, settings: tuple[tuple[str, str], ...]) -> int:
    """Have the cloud call nobody any more."""
    return _configure(connection, None, settings)


def _configure(connection: Connection, url: str | None, settings: tuple[tuple[str, str], ...]) -> int:
    from vodfast.cli.exit_codes import Exit
    from vodfast.cli.settings import any_values

    fields: dict[str, Any] = any_values(settings)
    provider = connection.provider()
    offered(lambda: provider.set_callback(url, fields))
    with connect(connection) as client:
        client.set_callback(url, secret=os.environ.get(SECRET) or None, **fields)
    return Exit.DONE


@callback.command()
@click.option("--header", "-H", "headers", multiple=True, type=TEXT, metavar="'NAME: VALUE'", help="As it arrived.")
@click.argument("body", type=click.Path(exists=True, dir_okay=False, allow_dash=True), metavar="FILE|-")
@connected
def verify(connection: Connection, headers: tuple[str, ...], body: str) -> int:
    """Say whether a callback is genuine.

    FILE holds its body; the key is VODFAST_CALLBACK_SECRET. Prints `genuine` (exit code 0), or `not genuine` (1) if
    the signature is another or too old.
    """
    from vodfast.cli.exit_codes import Exit

    try:
        given = dict(map(parse_header, headers))
    except ValueError as error:
        raise click.UsageError(f"--header: {error}") from None
    provider = connection.provider()
    offered(lambda: provider.verify_callback({}, b"", "", 0.0))
    secret = os.environ.get(SECRET)
    if not secret:
        raise click.UsageError(f"put the key that signs callbacks into the environment as {SECRET}")
    content = sys.stdin.buffer.read() if body == "-" else Path(body).read_bytes()
    genuine = provider.verify_callback(given, content, secret, time.time())
    print("genuine" if genuine else "not genuine")
    return Exit.DONE if genuine else Exit.FAILED
