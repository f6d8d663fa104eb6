"""The table of commands and what the program says about itself.

Decides names, order, one-line help and where each command lives. Imports nothing heavy: `--help` and `--version` are
answered from here alone.
"""

from __future__ import annotations

import vodfast

PROGRAM = "vodfast"
COMPLETE_VARIABLE = "_VODFAST_COMPLETE"
"""Set by the completion scripts when the shell asks for candidates."""

COMMANDS: dict[str, tuple[str, str]] = {
    "upload": ("vodfast.cli.upload:upload", "Upload files, directories, globs or stdin."),
    "pull": ("vodfast.cli.pull:pull", "Have the cloud fetch media from URLs by itself."),
    "jobs": ("vodfast.cli.jobs:jobs", "Show, wait for, or cancel jobs the cloud runs."),
    "register": ("vodfast.cli.register:register", "Make media of objects that already lie in the cloud's storage."),
    "media": ("vodfast.cli.media:media", "Show what the cloud knows of media ids."),
    "token": ("vodfast.cli.token:token", "Print an upload token for a browser or phone."),
    "callback": ("vodfast.cli.callback:callback", "Set, clear or verify the account's callbacks."),
    "invoke": ("vodfast.cli.invoke:invoke", "Call an operation of the cloud's own API."),
    "status": ("vodfast.cli.status:status", "Show what the journal knows: interrupted uploads, finished media."),
    "gc": ("vodfast.cli.gc:gc", "Abort interrupted uploads that nobody will continue."),
    "emulator": ("vodfast.cli.emulator:emulator", "Serve the clouds on loopback, for development and tests."),
    "doctor": ("vodfast.cli.doctor:doctor", "Check this machine, the credentials and the clock."),
    "completion": ("vodfast.cli.completion:completion", "Print a shell completion script."),
}
"""Command name -> (module:attribute, one-line help)."""


def version() -> str:
    """The version of the package."""
    return vodfast.__version__


def overview() -> str:
    """The text of `vodfast --help`."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(
        [
            f"Usage: {PROGRAM} [--debug] COMMAND [OPTIONS] [ARGUMENTS]",
            "",
            "  Move media into video-on-demand clouds at the speed of the wire, exactly once.",
            "",
            "Commands:",
            *lines,
            "",
            "Options:",
            "  --debug    Show a traceback if something unexpected happens.",
            "  --version  Print the version and exit.",
            "  --help     Show this text and exit.",
            "",
            "Exit codes: 0 all done, 1 some items failed, 2 usage, 3 configuration or credentials, 4 service",
            "unavailable (nothing lost, rerun), 5 integrity, 6 ambiguous commit, 130/143 interrupted cleanly.",
            "",
            f"`{PROGRAM} COMMAND --help` tells more. Credentials come from the environment or the vendor's own files,",
            "never from the command line.",
        ]
    )
