"""Tencent Cloud VOD and its object store COS, as the protocol notes describe them."""

from vodfast.emulator.tencent.cloud import TencentCloud

__all__ = ["TencentCloud"]
