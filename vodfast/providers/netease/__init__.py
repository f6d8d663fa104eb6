"""NetEase VCloud VOD."""

from vodfast.providers.netease.options import UploadOptions

__all__ = ["UploadOptions"]
