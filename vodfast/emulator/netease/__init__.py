"""NetEase VCloud VOD and the upload nodes of NOS, as the protocol notes describe them."""

from vodfast.emulator.netease.cloud import NeteaseCloud

__all__ = ["NeteaseCloud"]
