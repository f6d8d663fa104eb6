"""Alibaba Cloud ApsaraVideo VOD."""

from vodfast.providers.aliyun.options import PullOptions, RegisterOptions, UploadOptions, UploadToken, UserData

__all__ = ["PullOptions", "RegisterOptions", "UploadOptions", "UploadToken", "UserData"]
