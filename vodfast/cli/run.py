"""Running one command: dispatch, one-line errors, exit codes.

Decides how every way a command can end is told to the user and to the shell. Leaves the table of commands to
`catalogue.py` and the codes to `exit_codes.py`.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import cast

import click

from vodfast.cli.catalogue import COMMANDS, COMPLETE_VARIABLE, PROGRAM, overview, version
from vodfast.cli.closed_pipe import give_up
from vodfast.cli.interrupt import Interrupted
from vodfast.cli.text import printable

_CLOSED_STREAMS = (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", os.O_WRONLY, "w"))


class LazyGroup(click.Group):
    """The top command: loads a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click passes the context by name
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            if not ctx.resilient_parsing and (near := _near(cmd_name)):
                raise click.UsageError(f"No such command {cmd_name!r}: did you mean {near}?", ctx)
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        return cast(click.Command, getattr(importlib.import_module(module), attribute))

    def get_help(self, ctx: click.Context) -> str:  # noqa: ARG002  # click passes the context by name
        return overview()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["--help", "-h"]})
@click.option("--debug", is_flag=True)
@click.version_option(version(), prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.pass_obj
def top(settings: dict[str, bool], debug: bool) -> None:
    """Never shown: `overview()` is the help."""
    settings["debug"] = debug


def _meant_as_file(error: click.UsageError, args: Sequence[str]) -> str:
    """What to write for a file whose name was taken for an option; empty if there is none."""
    if not isinstance(error, click.NoSuchOption):
        return ""
    files = [arg for arg in args if arg.startswith("-") and arg != "-" and os.path.lexists(arg)]
    return f" For the file write ./{files[0]}" if files else ""


def _near(name: str) -> str:
    """The command whose name is most like this one; empty if none is."""
    from difflib import get_close_matches  # 2 ms that only a mistake pays

    return next(iter(get_close_matches(name, COMMANDS, 1)), "")


def run(args: Sequence[str]) -> int:
    """Run a command and return its exit code; nothing is raised, nothing but one line is said of an error."""
    _hold_standard_streams()
    settings = {"debug": False}
    try:
        code = _run(args, settings)
    except BrokenPipeError:
        code = 1
    return _flushed(code)


def _hold_standard_streams() -> None:
    """Give closed standard streams a meaning: nothing to read, results fail to be written, words go nowhere.

    Otherwise sockets would get their numbers, which libuv takes for a bug and aborts.
    """
    for number, (name, flags, mode) in enumerate(_CLOSED_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # gets the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode))


def _run(args: Sequence[str], settings: dict[str, bool]) -> int:
    try:
        outcome = top.main(
            list(args), prog_name=PROGRAM, complete_var=COMPLETE_VARIABLE, standalone_mode=False, obj=settings
        )
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx is not None else PROGRAM
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            print(error.format_message(), file=sys.stderr)
        else:
            message = error.format_message().replace(
                "\n\t", " "
            )  # a list of choices, which click sets one below another
            complain(f"{message}{_meant_as_file(error, args)} (see {where} --help)")
        return error.exit_code
    except click.ClickException as error:
        complain(error.format_message())
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as stop:
        complain("interrupted")
        cause = stop.__cause__ if isinstance(stop, click.Abort) else stop  # click wraps interrupts
        return 128 + (cause.signum if isinstance(cause, Interrupted) else signal.SIGINT)
    except SystemExit as stop:  # the completion protocol of click ends so
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BrokenPipeError:
        raise
    except Exception as error:
        return _unexpected(error, settings["debug"])
    return outcome if isinstance(outcome, int) else 0


def _unexpected(error: Exception, debug: bool) -> int:
    from vodfast.cli.exit_codes import Exit, error_code
    from vodfast.errors import VodfastError

    if debug:
        traceback.print_exception(error)
    if isinstance(error, VodfastError):
        complain(str(error))
        return error_code(error)
    said = str(error).splitlines()[:1]
    hint = "" if debug else f" (run {PROGRAM} --debug ... to see where)"
    complain(": ".join([type(error).__name__, *said]) + hint)
    return Exit.FAILED


def complain(message: str) -> None:
    """One line on stderr."""
    with contextlib.suppress(OSError):
        print(f"{PROGRAM}: {printable(message)}", file=sys.stderr, flush=True)


def _flushed(code: int) -> int:
    """Flush what Python would flush at exit, where a closed pipe could no longer be handled."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                give_up(stream)
    return code
