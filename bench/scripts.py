"""What the contestants that run a vendor's script have in common: the package it is written for, or vodfast's of that
name, and the way from there to the emulator.
"""

from __future__ import annotations

import os
from typing import Any


def package_of(job: dict[str, Any], vendors: str) -> str:
    """The package a script imports: the vendor's own, unmodified, through the emulator's proxy, or with the option
    `stand_in` vodfast's. Sets the environment accordingly.
    """
    os.environ["REQUESTS_CA_BUNDLE"] = job["ca"]
    if job["options"].get("stand_in", False):
        os.environ["VODFAST_EMULATOR"] = f"{job['scheme']}://{job['endpoint']}"
        return f"vodfast.compat.{vendors}"
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        os.environ[name] = f"http://{job['endpoint']}"
    os.environ["NO_PROXY"] = ""
    return vendors


def paths_of(job: dict[str, Any]) -> list[str]:
    """The files the script names: with the option `playlist` only the last, which names the others."""
    paths: list[str] = job["files"]
    return paths[-1:] if job["options"].get("playlist", False) else paths
