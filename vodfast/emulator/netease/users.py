"""End users of the account, as phones sign in (protocol notes 3.1): made by the account, known by a token.

Decides who there is and which calls they may make. What may be done to a user later on has no described bodies, so a
user is made and stays. That a name is taken once is this emulator's own rule.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Any

from vodfast.emulator.accounts import Account
from vodfast.emulator.messages import Request
from vodfast.emulator.netease.signatures import sent_text
from vodfast.emulator.service import Refusal

CALLS = frozenset(("upload/init", "video/query"))
"""What a user may call."""
_FIELDS = ("accid", "name", "token", "props")


class Users:
    """The users by name, each with the token it signs in with."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}

    def clear(self) -> None:
        self._tokens.clear()

    def create(self, given: dict[str, Any]) -> dict[str, str]:
        """thirdpart/user/create: the cloud makes the token (`type` 1), or the caller does (2).

        Raises:
            Refusal: 400.
        """
        for field in _FIELDS:
            if not isinstance(given.get(field) or "", str):
                raise Refusal("400", f"{field} is not text.")
        kind, accid = str(given.get("type")), given.get("accid")
        if not accid or not given.get("name"):
            raise Refusal("400", "accid and name are needed.")
        if kind not in ("1", "2"):
            raise Refusal("400", "type is neither 1 nor 2.")
        if accid in self._tokens:
            raise Refusal("400", "The accid is taken.")
        token = secrets.token_hex(16) if kind == "1" else given.get("token")
        if not token:
            raise Refusal("400", "type 2 needs a token.")
        self._tokens[accid] = token
        return {"accid": accid, "token": token}

    def verify(self, request: Request, call: str, find: Callable[[str], Account | None]) -> None:
        """Whether a call comes from a user of this account who may make it; `CurTime` and `Nonce` say nothing.

        Raises:
            Refusal: 710.
        """
        key, accid, token = (sent_text(request, name) for name in ("appkey", "accid", "token"))
        known = self._tokens.get(accid)
        if find(key) is None or known is None or not hmac.compare_digest(known.encode(), token.encode()):
            raise Refusal("710", "The AppKey, the Accid or its Token is not known.")
        if call not in CALLS:
            raise Refusal("710", "A user may not make this call.")
