"""Runs one client script with a certificate authority added to what certifi offers, the installed certifi untouched.

`python trusting.py CA_FILE FOLDER SCRIPT [ARGUMENTS]`. The vendor's API client passes `certifi.where()` to its HTTP
library and so ignores REQUESTS_CA_BUNDLE (protocol notes, section 7): a private copy of certifi's bundle with the
extra authority takes its place inside this process, and REQUESTS_CA_BUNDLE names the same copy for the store's
client. FOLDER keeps the copy and must outlive the process.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

import certifi


def trust(ca_file: str, directory: str) -> Path:
    """Write certifi's bundle plus `ca_file` into `directory` and make this process use it."""
    bundle = Path(directory, "bundle.pem")
    bundle.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + Path(ca_file).read_bytes())
    certifi.where = lambda: str(bundle)
    os.environ["REQUESTS_CA_BUNDLE"] = str(bundle)
    return bundle


if __name__ == "__main__":
    trust(sys.argv[1], sys.argv[2])
    sys.argv = sys.argv[3:]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
