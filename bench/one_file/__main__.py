"""`python -m bench.one_file CA ENDPOINT SCRIPT FILE`: a script on the vendor's package, unmodified, which trusts CA and
finds ENDPOINT behind every name; an empty one leaves names alone.
"""

from __future__ import annotations

import runpy
import sys

import certifi

from bench.scripts import lead_names_to


def main(ca: str, endpoint: str, script: str, file: str) -> None:
    certifi.where = lambda: ca  # Tencent's API client asks it, and not the environment
    if endpoint:
        lead_names_to(endpoint)
    sys.argv = [script, file]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
