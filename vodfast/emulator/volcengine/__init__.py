"""Volcengine VOD, its upload gateway and presigned TOS, as the protocol notes describe them."""

from vodfast.emulator.volcengine.cloud import VolcengineCloud

__all__ = ["VolcengineCloud"]
