"""Options every command that talks to a cloud has, and the client they make.

Decides names and help of those options and that a bad value of one is a usage error (2), while missing credentials or
a bad environment are configuration errors (3). Leaves everything else to the client.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from vodfast.cli.interrupt import interruptible
from vodfast.cli.text import SETTING, SIZE, TEXT

if TYPE_CHECKING:
    from vodfast.blocking import Client
    from vodfast.config import TransferConfig
    from vodfast.providers.contract import Provider

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Connection:
    """Where to and how: the values of the shared options, None where an option was not given."""

    to: tuple[str, str | None] | None
    region: str | None
    endpoint: str | None
    service: tuple[tuple[str, str], ...]
    emulator: bool
    ca_bundle: str | None
    part_size: int | None
    max_connections: int | None
    bwlimit: int | None
    attempts: int | None
    resume: bool | None
    source_check: Literal["stat", "hash"] | None

    @property
    def cloud(self) -> str:
        return destination(self.to)[0]

    @property
    def place(self) -> str | None:
        return destination(self.to)[1]

    def settings(self) -> dict[str, object]:
        """The provider's settings that were given, without the place.

        Raises:
            click.UsageError: one is unknown, given twice, or of the wrong type.
        """
        from vodfast.cli.settings import typed_values, unique
        from vodfast.providers import provider_settings

        own = [
            (name, text) for name, text in (("region", self.region), ("endpoint", self.endpoint)) if text is not None
        ]
        known = {name: kind for name, kind in provider_settings(self.cloud).items() if name != "place"}
        for name, _ in own:
            if name not in known:
                raise click.UsageError(f"--{name}: {self.cloud} has no {name} to choose")
        return typed_values(self.cloud, known, unique([*own, *self.service], "--service"), "--service")

    def provider(self) -> Provider:
        """The provider these options configure.

        Raises:
            click.UsageError: the cloud refuses one of them.
        """
        from vodfast.errors import ConfigError
        from vodfast.providers import load_provider

        settings = self.settings() | ({"place": self.place} if self.place is not None else {})
        try:
            return load_provider(self.cloud, settings)
        except ConfigError as error:
            raise click.UsageError(str(error)) from None

    def config(self) -> TransferConfig:
        """Tuning from the options, then from the environment.

        Raises:
            click.UsageError: an option is out of range.
            ConfigError: the environment holds a bad value.
        """
        from vodfast.config import TransferConfig, config_from_env
        from vodfast.errors import ConfigError

        given: dict[str, Any] = {
            "ca_bundle": self.ca_bundle,
            "part_size": self.part_size,
            "max_connections": self.max_connections,
            "bandwidth": self.bwlimit,
            "attempts": self.attempts,
            "resume": self.resume,
            "source_check": self.source_check,
        }
        chosen = {name: value for name, value in given.items() if value is not None}
        if self.max_connections is not None:
            chosen["start_connections"] = max(1, min(self.max_connections, TransferConfig().start_connections))
        try:
            config = TransferConfig(**chosen)
        except ConfigError as error:
            raise click.UsageError(str(error)) from None
        return config_from_env(config)


@contextlib.contextmanager
def connect(connection: Connection) -> Iterator[Client]:
    """A client for these options; with `--emulator`, of an emulator that lives as long as the block. A signal unwinds
    the block, so that nothing of either is left.

    Raises:
        click.UsageError: an option has a bad value.
        ConfigError: no credentials, or a bad environment.
    """
    connection.provider()
    with interruptible(), contextlib.ExitStack() as stack:
        config = _routed(connection, stack) if connection.emulator else connection.config()
        from vodfast.blocking import Client

        yield stack.enter_context(
            Client(connection.cloud, config=config, place=connection.place, settings=connection.settings())
        )


def _routed(connection: Connection, stack: contextlib.ExitStack) -> TransferConfig:
    import msgspec

    from vodfast.config import parse_route
    from vodfast.emulator import Emulator

    running = stack.enter_context(Emulator())
    # An emulator that ends with the command leaves nothing to be continued.
    return msgspec.structs.replace(connection.config(), route=parse_route(running.endpoint), resume=False)


def parse_destination(text: str) -> tuple[str, str | None]:
    """`CLOUD` or `CLOUD:PLACE` in two.

    Raises:
        ValueError: no such cloud, or an empty place.
    """
    from vodfast.providers import provider_names

    cloud, separator, place = text.partition(":")
    if cloud not in provider_names():
        raise ValueError(f"{cloud!a} is not a cloud: choose one of {', '.join(provider_names())}")
    if separator and not (place.strip() and place.isprintable()):
        raise ValueError("the place after the colon is empty or holds characters that cannot be sent")
    return cloud, place.strip() if separator else None


class Destination(click.ParamType[tuple[str, str | None]]):
    """`CLOUD[:PLACE]`; without `--to` the only cloud there is."""

    name = "CLOUD[:PLACE]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return parse_destination(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002  # click passes the context by name
        param: click.Parameter,  # noqa: ARG002  # and this
        incomplete: str,
    ) -> list[click.shell_completion.CompletionItem]:
        from click.shell_completion import CompletionItem

        from vodfast.providers import provider_names

        return [CompletionItem(name) for name in provider_names() if name.startswith(incomplete)]


def destination(value: tuple[str, str | None] | None) -> tuple[str, str | None]:
    """The destination given, or the only cloud there is.

    Raises:
        click.UsageError: none was given and there are several.
    """
    from vodfast.providers import provider_names

    clouds = provider_names()
    if value is None and len(clouds) > 1:
        raise click.UsageError(f"say where to: --to CLOUD[:PLACE] with one of {', '.join(clouds)}")
    return value or (clouds[0], None)


def _set_debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and isinstance(ctx.obj, dict):
        ctx.obj["debug"] = True


_OPTIONS = (
    click.option(
        "--to",
        type=Destination(),
        metavar="CLOUD[:PLACE]",
        envvar="VODFAST_TO",
        show_envvar=True,
        help="The cloud, and the place in it: sub-application, space or storage location.",
    ),
    click.option("--region", type=TEXT, help="The service's region, instead of the cloud's default."),
    click.option("--endpoint", type=TEXT, metavar="HOST", help="The service's host, instead of the cloud's default."),
    click.option(
        "--service",
        type=SETTING,
        multiple=True,
        metavar="NAME=VALUE",
        help="A setting of the cloud's service, such as api_version=2020-08-01; may be repeated.",
    ),
    click.option("--emulator", is_flag=True, help="Run against an emulator inside this process; nothing leaves it."),
    click.option(
        "--ca-bundle",
        type=click.Path(exists=True, dir_okay=False),
        help="Certificate authorities to trust instead of the system's (PEM).",
    ),
    click.option("--attempts", type=int, help="Requests made for one step before giving up."),
    click.option("--debug", is_flag=True, expose_value=False, callback=_set_debug, hidden=True),
)

_TUNING = (
    click.option("--part-size", type=SIZE, metavar="SIZE", help="Size of a part: 16M; chosen by itself if not given."),
    click.option("--max-connections", type=int, help="Most connections in flight."),
    click.option("--bwlimit", type=SIZE, metavar="SIZE", help="Bytes per second over everything: 64K, 200M, 1.5G."),
    click.option(
        "--no-resume",
        "resume",
        flag_value=False,
        default=None,
        help="Keep no journal: an interrupted upload starts over, a finished one is made again.",
    ),
    click.option(
        "--source-check",
        type=click.Choice(["stat", "hash"]),
        help="Before continuing: believe a file that was not touched (stat), or read again what was sent (hash).",
    ),
)


def connected(command: F) -> Callable[..., Any]:
    """Give a command the shared options, handed over as one `connection`."""
    return _with_options(command, _OPTIONS)


def transferring(command: F) -> Callable[..., Any]:
    """The same plus the options that tune transfers."""
    return _with_options(command, _OPTIONS + _TUNING)


def _with_options(command: F, options: tuple[Callable[..., Any], ...]) -> Callable[..., Any]:
    names = [entry.name for entry in fields(Connection)]

    @functools.wraps(command)
    def wrapped(*args: Any, **given: Any) -> Any:
        values: Mapping[str, Any] = {name: given.pop(name, None) for name in names}
        connection = Connection(**values)
        return command(*args, connection=connection, **given)

    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped
