"""The answer of the API."""

from __future__ import annotations

from typing import Any


class VcloudResp:
    """`ret` if `code` is 200, else `msg`; the other one is None."""

    def __init__(self, code: int, ret: Any, msg: str | None) -> None:
        self.code = code
        self.ret = ret
        self.msg = msg
