"""Stand-in for `volcengine.ServiceInfo`: where a service is, and how patient a call may be."""

from __future__ import annotations

from collections.abc import Mapping

from vodfast.compat.volcengine.Credentials import Credentials

__all__ = ["ServiceInfo"]


class ServiceInfo:
    """An address with its keys; timeouts are seconds."""

    def __init__(
        self,
        host: str,
        header: Mapping[str, str],
        credentials: Credentials,
        connection_timeout: float | None,
        socket_timeout: float | None,
        scheme: str = "http",
    ) -> None:
        self.host = host
        self.header = header
        self.credentials = credentials
        self.connection_timeout = connection_timeout
        self.socket_timeout = socket_timeout
        self.scheme = scheme
