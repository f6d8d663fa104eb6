"""What the contestants that run a vendor's script have in common: the package it is written for, or vodfast's of that
name, and the way from there to the emulator.
"""

from __future__ import annotations

import os
import socket
from typing import Any

_PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")
_HERE = frozenset(("localhost", "127.0.0.1", "::1"))


def with_stand_in(job: dict[str, Any]) -> bool:
    """Whether vodfast's package is to be used, by the option `stand_in`."""
    stand_in: bool = job["options"].get("stand_in", False)
    return stand_in


def reach(job: dict[str, Any]) -> None:
    """Let the environment say where the emulator is: a stand-in knows a variable for it, the vendor's package goes
    through the emulator's proxy, as its `env` says, or with `direct` past any.
    """
    os.environ["REQUESTS_CA_BUNDLE"] = job["ca"]
    if with_stand_in(job):
        os.environ["VODFAST_EMULATOR"] = f"{job['scheme']}://{job['endpoint']}"
        return
    direct = job["options"].get("direct", False)
    for name in _PROXIES:
        os.environ[name] = "" if direct else f"http://{job['endpoint']}"
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = ""


def package_of(job: dict[str, Any], vendors: str) -> str:
    """The package a script imports, which then finds the emulator: the vendor's own, unmodified, or vodfast's."""
    reach(job)
    if with_stand_in(job):
        return f"vodfast.compat.{vendors}"
    if job["options"].get("direct", False):
        lead_names_to(job["endpoint"])
    return vendors


def lead_names_to(endpoint: str) -> None:
    """Let every name and port lead to `endpoint` in this process. Through a proxy, which few have, the packages are
    slower, for urllib3 leaves Nagle's algorithm on and then waits for delayed acknowledgements.
    """
    address, port = endpoint.rsplit(":", 1)
    look_up = socket.getaddrinfo

    def lead(host: Any, *rest: Any, **more: Any) -> Any:
        if host in _HERE:
            return look_up(host, *rest, **more)
        return look_up(address, int(port), type=socket.SOCK_STREAM)

    socket.getaddrinfo = lead


def paths_of(job: dict[str, Any]) -> list[str]:
    """The files the script names: with the option `playlist` only the last, which names the others."""
    paths: list[str] = job["files"]
    return paths[-1:] if job["options"].get("playlist", False) else paths
