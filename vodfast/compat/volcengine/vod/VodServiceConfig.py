"""Stand-in for `volcengine.vod.VodServiceConfig`: region, address, keys and timeouts of one service object.

Decides what each setter means to the client, where keys come from that nobody set, and what is told to scripts that ask
for more of the vendor's service than there is. Clients are kept open between calls by `vodfast.compat.clients`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from typing import Any, Final

import msgspec

from vodfast.blocking import Client
from vodfast.compat.clients import environment_config, shared_client
from vodfast.compat.volcengine import other_calls
from vodfast.compat.volcengine.Credentials import Credentials as Keys
from vodfast.compat.volcengine.ServiceInfo import ServiceInfo
from vodfast.config import MIB, TransferConfig, parse_route
from vodfast.credentials import Credentials, find_credentials
from vodfast.errors import ConfigError
from vodfast.providers import load_provider

__all__ = ["VodServiceConfig"]

LEAST_CHUNK: Final = 20 * MIB
"""A smaller `ChunkSize`, or none, is raised to this."""
_LONGEST: Final = 86400.0
"""Seconds of patience; scripts that want to wait for ever say any large number."""
_CLOUD: Final = "volcengine"
_HERE: Final = (
    "upload_media, upload_material, upload_media_by_url, query_upload_task_info, apply_upload_info, "
    "commit_upload_info, parse_upload_manifest, get_upload_sts2, get_upload_sts2_with_expired_time and sign_sts2"
)


class VodServiceConfig:
    """The settings behind `VodService`."""

    def __init__(self, region: str = "cn-north-1") -> None:
        self.service_info = self.get_service_info(region)
        with suppress(ConfigError):  # said when a call needs them
            found = _found()
            self.set_ak(found.access_key)
            self.set_sk(found.secret_key.reveal())

    @staticmethod
    def get_service_info(region: str) -> ServiceInfo:
        """The address of a region, and the vendor's timeouts. Any region has one."""
        infix = "" if region == "cn-north-1" else f"{region}."
        credentials = Keys("", "", "vod", region)
        header = {"Accept": "application/json"}
        return ServiceInfo(f"vod.{infix}volcengineapi.com", header, credentials, 60, 60, "https")

    def set_ak(self, ak: str) -> None:
        """The access key, instead of that of the environment or the vendor's files."""
        self.service_info.credentials.set_ak(ak)

    def set_sk(self, sk: str) -> None:
        """Its secret."""
        self.service_info.credentials.set_sk(sk)

    def set_session_token(self, session_token: str) -> None:
        """The token of temporary keys."""
        self.service_info.credentials.set_session_token(session_token)

    def set_host(self, host: str) -> None:
        """Another address of the API, `host` or `host:port`."""
        self.service_info.host = host

    def set_scheme(self, scheme: str) -> None:
        """`https`; `http` is for an emulator on this machine."""
        self.service_info.scheme = scheme

    def set_connection_timeout(self, connection_timeout: float | None) -> None:
        """Seconds until a connection must be there; None for vodfast's own."""
        self.service_info.connection_timeout = connection_timeout

    def set_socket_timeout(self, socket_timeout: float | None) -> None:
        """Seconds after which a transfer that does not move is broken off and tried again; None for vodfast's own."""
        self.service_info.socket_timeout = socket_timeout

    def client(self, space: str = "", *, part_size: int, remember: bool = False) -> AbstractContextManager[Client]:
        """The client for these settings as they are now. `remember` keeps a journal, from which a later call goes on:
        what is sent in one request has nothing to go on from, and a script that sends one small file after another
        would wait longer for the journal than for the service.

        Raises:
            ConfigError: there are no keys, or a setting cannot be used.
        """
        info = self.service_info
        usual = TransferConfig(part_size=part_size, resume=remember)
        config = msgspec.structs.replace(
            usual,
            connect_timeout=min(float(_or(info.connection_timeout, usual.connect_timeout)), _LONGEST),
            stall_timeout=min(max(1.0, float(_or(info.socket_timeout, usual.stall_timeout))), _LONGEST),
        )
        settings = {"region": info.credentials.region, "endpoint": info.host}
        if info.scheme == "http":
            try:
                config = _routed(config, info.host)
            except ConfigError:
                raise ConfigError(
                    f"vodfast sends nothing to {info.host} without TLS: leave the scheme at https", cloud=_CLOUD
                ) from None
            del settings["endpoint"]
        keys = self._keys(config)
        token = keys.token.reveal() if keys.token else None
        return shared_client(
            _CLOUD,
            keys.access_key,
            keys.secret_key.reveal(),
            token,
            place=space or None,
            settings=settings,
            config=config,
        )

    def _keys(self, config: TransferConfig) -> Credentials:
        """What was set, completed from where the vendor's package looks; a token is set or there is none."""
        own = self.service_info.credentials
        ak, sk, token = own.ak, own.sk, own.session_token or None
        try:
            found = _found()
        except ConfigError:
            route = environment_config(config).route
            if not (ak and sk) and (route is None or not route.emulator):
                raise
            return Credentials.of(ak, sk, token)
        ak, sk = ak or found.access_key, sk or found.secret_key.reveal()
        if token is None and found.token and (ak, sk) == (found.access_key, found.secret_key.reveal()):
            token = found.token.reveal()
        return Credentials.of(ak, sk, token)

    def __getattr__(self, name: str) -> Any:
        found = other_calls.method(self, name)
        if found is not None:
            return found
        raise AttributeError(
            f"vodfast stands in for the uploads of VodService only ({_HERE}), not for {name}: where the "
            "vendor's own package is installed, and no emulator takes the service's place, that does the rest"
        )


def _found() -> Credentials:
    return find_credentials(_CLOUD, load_provider(_CLOUD).credential_places).credentials


def _or(given: float | None, usual: float) -> float:
    return usual if given is None else given


def _routed(config: TransferConfig, host: str) -> TransferConfig:
    return msgspec.structs.replace(config, route=parse_route(host))
