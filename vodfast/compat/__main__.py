"""`python -m vodfast.compat SCRIPT [ARGUMENTS...]`: an unchanged script of a vendor's SDK, on vodfast."""

from __future__ import annotations

import sys

from vodfast.compat import STAND_INS, aliases, script

USAGE = f"""usage: python -m vodfast.compat SCRIPT [ARGUMENTS...]

Runs SCRIPT as python does, with these names leading to vodfast instead of the vendor's SDK:
{", ".join(sorted(STAND_INS))}"""


def main(arguments: list[str]) -> None:
    """Run what the arguments say."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, file=sys.stdout if arguments else sys.stderr)
        raise SystemExit(0 if arguments else 2)
    aliases.install()
    script.run(arguments[0], arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
