"""ApsaraVideo VOD and its object store OSS, as the protocol notes describe them."""

from vodfast.emulator.aliyun.cloud import AliyunCloud

__all__ = ["AliyunCloud"]
