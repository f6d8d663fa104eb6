"""Web addresses that callers name: what is to be fetched, and where callbacks go.

Decides what is one. Leaves which of them are really called to `outbound.py`, and the code of a refusal to the services.
"""

from __future__ import annotations

from urllib.parse import urlsplit


def web_host(address: object) -> str:
    """The host of an http or https URL, in lower case; empty if it is anything else."""
    try:
        parts = urlsplit(address) if isinstance(address, str) else None
        usable = parts is not None and parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        return ""
    return (parts.hostname or "") if parts is not None and usable else ""
