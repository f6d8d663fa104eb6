"""`vodfast doctor`: what this machine, its libraries, credentials and clock look like to vodfast.

Decides the checks, one function each, and which findings are fatal (3, or 4 if all that fails is that nobody answers).
Costs one signed read per cloud whose credentials are found.
"""

from __future__ import annotations

import platform
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from vodfast.cli.catalogue import version
from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.records import output_option
from vodfast.cli.text import json_line, printable

if TYPE_CHECKING:
    from vodfast.config import Route, TransferConfig

_PATIENCE = 5.0
"""Seconds to wait for an emulator to take a connection."""
OK, WARN, FAIL = "ok", "warn", "fail"


class Finding(NamedTuple):
    """One fact: how good it is, what it is about, and what was found; `away` if it is that nobody answers."""

    status: str
    name: str
    detail: str
    away: bool = False

    def record(self) -> dict[str, str]:
        """As it stands in the output."""
        return {"status": self.status, "name": self.name, "detail": self.detail}


@click.command()
@output_option
@connected
@click.pass_context
def doctor(ctx: click.Context, connection: Connection, output: str) -> int:
    """Check this machine, the credentials and the clock.

    With --to, a cloud that does not answer or has no usable credentials is fatal; without, it is a warning. Exit code
    3 if anything fatal is found, 4 if that is only that nobody answers.
    """
    from vodfast.cli.exit_codes import Exit
    from vodfast.cli.interrupt import interruptible

    asked = ctx.params.get("to") is not None
    if not asked and (connection.region or connection.endpoint or connection.service):
        raise click.UsageError("--region, --endpoint and --service are those of one cloud: say which one with --to")
    findings = []
    with interruptible():
        for finding in _findings(connection, asked):
            findings.append(finding)
            _show(finding, output)
    if output == "json":
        sys.stdout.buffer.write(json_line([finding.record() for finding in findings], indent=2))
    fatal = [finding for finding in findings if finding.status == FAIL]
    if not fatal:
        return Exit.DONE
    return Exit.UNAVAILABLE if all(finding.away for finding in fatal) else Exit.CONFIG


def _show(finding: Finding, output: str) -> None:
    if output == "text":
        line = f"{finding.status:<4}  {finding.name}: {printable(finding.detail)}\n"
        sys.stdout.buffer.write(line.encode("utf-8", "replace"))
    elif output == "jsonl":
        sys.stdout.buffer.write(json_line(finding.record()))
    sys.stdout.buffer.flush()


def _findings(connection: Connection, asked: bool) -> Iterator[Finding]:
    from vodfast.config import proxy_host
    from vodfast.errors import ConfigError
    from vodfast.providers import provider_names

    for check in (_python, _native, _libcurl, _loop):
        yield _guarded(check)
    try:
        config = connection.config()
    except ConfigError as error:
        yield Finding(FAIL, "configuration", str(error))
        return
    yield _authorities(config)
    if config.route is not None:
        yield _route(config.route)
    if config.proxy:
        yield Finding(OK, "proxy", f"everything goes through {proxy_host(config.proxy)}")
    for cloud in (connection.cloud,) if asked else provider_names():
        yield from _cloud(connection, cloud, fatal=asked)


def _guarded(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception as error:  # whatever is broken here is what doctor is for
        return Finding(FAIL, check.__name__.strip("_"), f"cannot be loaded: {error}")


def _python() -> Finding:
    return Finding(OK, "vodfast", f"{version()} on Python {platform.python_version()}, {platform.platform()}")


def _native() -> Finding:
    from vodfast._native import crc_kernel

    return Finding(OK, "native core", crc_kernel())


def _libcurl() -> Finding:
    from vodfast.errors import ConfigError
    from vodfast.transfer.curl import CURL_FLOOR, curl_version, require_curl

    found, floor = (".".join(map(str, numbers)) for numbers in (curl_version(), CURL_FLOOR))
    try:
        require_curl()
    except ConfigError as error:
        return Finding(FAIL, "libcurl", error.message)
    return Finding(OK, "libcurl", f"{found} (floor {floor})")


def _loop() -> Finding:
    from vodfast.transfer.loops import loop_name

    name = loop_name()
    return Finding(OK if name.startswith("uvloop") else WARN, "event loop", name)


def _authorities(config: TransferConfig) -> Finding:
    name = "certificate authorities"
    if config.ca_bundle is None:
        return Finding(OK, name, "the system's")
    try:
        text = Path(config.ca_bundle).read_text("ascii", "replace")
        ssl.create_default_context(cadata=text)
    except (OSError, ssl.SSLError, ValueError) as error:
        return Finding(FAIL, name, f"{config.ca_bundle} is not usable: {error}")
    return Finding(OK, name, f"{config.ca_bundle} ({text.count('BEGIN CERTIFICATE')} certificates)")


def _route(route: Route) -> Finding:
    told = f"everything goes to the emulator at {route.host}:{route.port}"
    try:
        socket.create_connection((route.host, route.port), timeout=_PATIENCE).close()
    except OSError:
        told += ", where nothing listens: start it with vodfast emulator, or unset VODFAST_EMULATOR"
        return Finding(FAIL, "route", told, away=True)
    return Finding(OK, "route", told)


def _cloud(connection: Connection, cloud: str, *, fatal: bool) -> Iterator[Finding]:
    import dataclasses

    from vodfast.errors import ErrorKind, VodfastError

    bad = FAIL if fatal else WARN
    place = connection.place if fatal else None
    try:
        with connect(dataclasses.replace(connection, to=(cloud, place))) as client:
            yield Finding(OK, f"{cloud} credentials", f"from {client.origin}")
            try:
                ahead = client.check_clock()
            except VodfastError as error:
                refused = error.kind in (ErrorKind.AUTH, ErrorKind.CONFIG, ErrorKind.TLS)
                away = error.kind in (ErrorKind.NETWORK, ErrorKind.UNAVAILABLE)
                yield Finding(bad if refused or away else WARN, f"{cloud} service", str(error), away)
                return
            yield Finding(OK, f"{cloud} service", "answers, and accepts the credentials")
            yield _clock(cloud, ahead)
    except VodfastError as error:
        yield Finding(bad, f"{cloud} credentials", str(error))


def _clock(cloud: str, ahead: float) -> Finding:
    from vodfast.transfer.clock import FURTHEST, TOLERANCE

    status = OK if abs(ahead) < TOLERANCE else WARN if abs(ahead) <= FURTHEST else FAIL
    hints = {WARN: ": vodfast signs by its clock, other programs do not", FAIL: ": set this machine's clock"}
    hint = hints.get(status, "")
    side = "ahead of" if ahead > 0 else "behind"
    told = f"the service is {abs(ahead):.0f} s {side} this machine{hint}" if abs(ahead) >= 1 else "agrees to the second"
    return Finding(status, f"{cloud} clock", told)
