"""`vodfast emulator`: the clouds on loopback until a signal comes.

Decides the first line on stdout, one JSON object for scripts to read, and the end. The emulator itself is
`vodfast.emulator`, which is loaded here and by `--emulator` only.
"""

from __future__ import annotations

import signal
import sys
from typing import Any

import click

from vodfast.cli.text import json_line

_ENDING = {signal.SIGINT, signal.SIGTERM}


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; a free one if not given.")
@click.option("--sub-app", "sub_apps", type=click.IntRange(1), multiple=True, help="A sub-application; repeatable.")
def emulator(port: int, sub_apps: tuple[int, ...]) -> None:
    """Serve the clouds on loopback, for development and tests.

    The first line on stdout is one JSON object: endpoint, ca (certificate to trust) and env (variables to export).
    Ends, and forgets everything, at SIGINT or SIGTERM.
    """
    from vodfast.emulator import Emulator

    settings: dict[str, Any] = {"sub_apps": sub_apps} if sub_apps else {}
    # Blocked before the server's threads exist, so that none of them takes the signals `sigwait` waits for.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        with Emulator(port=port, **settings) as running:
            facts = {"endpoint": running.endpoint, "ca": running.ca, "env": running.env}
            sys.stdout.buffer.write(json_line(facts))
            sys.stdout.buffer.flush()
            signal.sigwait(_ENDING)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
