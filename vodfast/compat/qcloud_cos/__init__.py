"""Substitute for `qcloud_cos`, of which scripts that upload need the exceptions only."""

from vodfast.compat.qcloud_cos.cos_exception import CosClientError, CosServiceError

__all__ = ["CosClientError", "CosServiceError"]
