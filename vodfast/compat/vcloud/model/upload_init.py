"""An opened upload."""

from __future__ import annotations

from vodfast.compat.vcloud.http import Account


class UploadInit:
    """Bucket, object and upload token. `account` is that of the client which opened it and no part of `vars()`."""

    __slots__ = ("__dict__", "account")

    def __init__(self, bucket: str, objectName: str, xNosToken: str) -> None:
        self.bucket = bucket
        self.objectName = objectName
        self.xNosToken = xNosToken
        self.account = Account(None, None)
