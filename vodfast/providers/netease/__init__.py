"""NetEase VCloud VOD."""

from vodfast.providers.netease.options import UploadOptions
from vodfast.stores.nos.checkpoint import Checkpoint

__all__ = ["Checkpoint", "UploadOptions"]
