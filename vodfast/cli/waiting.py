"""`--wait` and `--wait-timeout`: accepted is not finished.

Decides the two options and that a limit without a wait is a mistake. Leaves asking and pauses to the client.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from vodfast.cli.text import DURATION

F = TypeVar("F", bound=Callable[..., Any])


def waiting(until: str) -> Callable[[F], Callable[..., Any]]:
    """Give a command the options, handed over as `wait` (bool) and `wait_timeout` (seconds or None)."""

    def decorate(command: F) -> Callable[..., Any]:
        @click.option("--wait", is_flag=True, help=f"Wait until {until}.")
        @click.option(
            "--wait-timeout",
            type=DURATION,
            metavar="TIME",
            help="With --wait: give up after 90, 15m or 2h.",
        )
        @functools.wraps(command)
        def wrapped(*args: Any, wait: bool, wait_timeout: float | None, **given: Any) -> Any:
            if wait_timeout is not None and not wait:
                raise click.UsageError("--wait-timeout is for --wait: add it")
            return command(*args, wait=wait, wait_timeout=wait_timeout, **given)

        return wrapped

    return decorate
