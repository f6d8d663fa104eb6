"""The signed headers of an API call, for scripts that make calls of their own.

Decides only that each set of headers has a nonce and a time of its own.
"""

from __future__ import annotations

import secrets
import time

from vodfast.compat.vcloud.http import Account
from vodfast.credentials import Secret
from vodfast.providers.netease import signing


class SignedHeaders(dict[str, str]):
    """Headers that say to a `Transport` whose call it is."""

    account: Account | None = None


class Auth:
    """One account's keys. `Nonce`, `CurTime` (Unix seconds) and `CheckSum` are those of the headers made last."""

    def __init__(self, AppKey: str, AppSecret: str) -> None:
        self.AppKey = AppKey
        self.AppSecret = AppSecret
        self.Nonce = ""
        self.CurTime = 0
        self.CheckSum = ""
        self._renew()

    def _renew(self) -> None:
        self.Nonce = secrets.token_hex(64)
        self.CurTime = int(time.time())

    def checkSumBuilder(self) -> None:
        """Sign `Nonce` and `CurTime` as they stand."""
        self.CheckSum = signing.checksum(Secret(self.AppSecret), self.Nonce, str(self.CurTime))

    def getVcloudHeaders(self) -> dict[str, str]:
        """The five headers of a call made now."""
        self._renew()
        self.checkSumBuilder()
        headers = SignedHeaders(
            {
                "Content-Type": "application/json;charset=utf-8",
                "AppKey": self.AppKey,
                "Nonce": self.Nonce,
                "CurTime": str(self.CurTime),
                "CheckSum": self.CheckSum,
            }
        )
        headers.account = Account(self.AppKey, self.AppSecret)
        return headers
