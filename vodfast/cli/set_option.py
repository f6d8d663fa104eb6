"""The option `--set NAME=VALUE`, and the names a shell can complete it with.

Decides where names come from: the typed records of the cloud that `--to` or `VODFAST_TO` says. Leaves what the values
mean to `settings.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from vodfast.cli.text import SETTING

F = TypeVar("F", bound=Callable[..., Any])

_OWN = "An option only this cloud has, lists and objects as JSON; may be repeated. An unknown name lists them all."


def set_option(record: str | None = None, text: str = _OWN) -> Callable[[F], F]:
    """`--set`, handed over as `settings`. `record` names the options record whose fields a shell completes."""

    def names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        return [f"{name}=" for name in _known(ctx, record) if name.startswith(incomplete)]

    return click.option(
        "--set",
        "settings",
        type=SETTING,
        multiple=True,
        metavar="NAME=VALUE",
        help=text,
        shell_complete=names if record is not None else None,
    )


def _known(ctx: click.Context, record: str | None) -> list[str]:
    from vodfast.cli.connect import parse_destination
    from vodfast.cli.settings import option_types

    to = ctx.params.get("to") or os.environ.get("VODFAST_TO", "")
    try:
        cloud, _ = to if isinstance(to, tuple) else parse_destination(to)
    except ValueError:
        return []
    return list(option_types(cloud, record or ""))
