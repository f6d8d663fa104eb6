"""Tencent Cloud VOD."""

from vodfast.providers.tencent.options import PullOptions, UploadOptions

__all__ = ["PullOptions", "UploadOptions"]
