"""Exceptions of the API SDK: the one there is."""

from vodfast.compat.tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

__all__ = ["TencentCloudSDKException"]
