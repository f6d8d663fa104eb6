"""`python -m vodfast` is the `vodfast` command."""

import sys

from vodfast.cli import main

if __name__ == "__main__":
    sys.exit(main())
