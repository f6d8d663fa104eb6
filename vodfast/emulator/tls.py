"""Certificates for the vendors' host names, from a throw-away authority that lives as long as the emulator.

Decides which names get a certificate (only those the router knows). The authority's key never leaves memory; its
certificate is written to the emulator's private directory. Needs trustme (extra `tls-emulator`).
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from typing import Any

GREETING = b"\x16"
"""The first byte of a client that speaks TLS, and of no HTTP request."""
_MAX_CONTEXTS = 1024


class Authority:
    """Makes server contexts by host name. `path` is the authority's certificate in PEM."""

    def __init__(self, directory: str, knows: Callable[[str], bool]) -> None:
        """
        Raises:
            ModuleNotFoundError: trustme is not installed.
        """
        import trustme  # here, because only TLS needs it

        self._authority = trustme.CA(organization_name="vodfast emulator", organization_unit_name="not for production")
        self._knows = knows
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.path = os.path.join(directory, "ca.pem")
        self._authority.cert_pem.write_to_path(self.path)

    def context(self, host: str) -> ssl.SSLContext:
        """A server context whose certificate names `host`, switching to the name the client asks for."""
        made = self._contexts.get(host)
        if made is None:
            if len(self._contexts) >= _MAX_CONTEXTS:
                self._contexts.clear()
            made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            made.minimum_version = ssl.TLSVersion.TLSv1_2
            made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE  # the client's order counts, as with most web servers
            names = ("localhost", "127.0.0.1", "::1") if host == "localhost" else (host,)
            self._authority.issue_cert(*names).configure_cert(made)
            made.set_alpn_protocols(["http/1.1"])
            made.sni_callback = self._switch
            self._contexts[host] = made
        return made

    def _switch(self, tls: Any, name: str | None, _: ssl.SSLContext) -> int | None:
        if name is None:
            return None
        if not self._knows(name.lower()):
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        tls.context = self.context(name.lower())
        return None
