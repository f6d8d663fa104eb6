"""`python -m vodfast.compat SCRIPT [ARGUMENTS...]`: an unchanged script of a vendor's SDK, on vodfast."""

from __future__ import annotations

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the working folder: what lies there is the script's to import, and must not pass for a library

from vodfast.compat import STAND_INS, children, script

USAGE = f"""usage: python -m vodfast.compat SCRIPT [ARGUMENTS...]
       python -m vodfast.compat -m MODULE [ARGUMENTS...]
       python -m vodfast.compat -c COMMAND [ARGUMENTS...]
       python -m vodfast.compat - [ARGUMENTS...]

Runs a script, a module, a command or standard input (-) as python does, with these names leading to vodfast instead of
the vendor's SDK:
{", ".join(sorted(STAND_INS))}

Options of python itself go before the first -m. With VODFAST_EMULATOR set to its address, the script talks to an
emulator instead of the clouds."""


def main(arguments: list[str]) -> None:
    """Run what the arguments say."""
    match arguments:
        case []:
            print(USAGE, file=sys.stderr)
            raise SystemExit(2)
        case ["-h" | "--help", *_]:
            print(USAGE)
        case ["-m", name, *rest]:
            children.install()
            script.run_module(name, rest)
        case ["-c", command, *rest]:
            children.install()
            script.run_text(command, "-c", rest)
        case ["-", *rest]:
            children.install()
            script.run_text(sys.stdin.buffer.read(), "-", rest)
        case [option, *_] if option.startswith("-"):
            print(f"vodfast.compat: {option} is no script; see python -m vodfast.compat --help", file=sys.stderr)
            raise SystemExit(2)
        case [name, *rest]:
            children.install()
            script.run(name, rest)


if __name__ == "__main__":
    main(sys.argv[1:])
