"""Verbs other clouds have: refused here by name, with what to do instead."""

from __future__ import annotations

import pytest

from vodfast.errors import Unsupported
from vodfast.providers.contract import RegisterItem
from vodfast.providers.tencent.protocol import TencentVod


def test_nothing_to_register_or_cancel() -> None:
    vod = TencentVod()
    item = RegisterItem(url="https://e.com/a.mp4")
    for refused in (lambda: vod.check_register(item), lambda: vod.register([item])):
        with pytest.raises(Unsupported, match="pull them by URL"):
            refused()
    with pytest.raises(Unsupported, match="cannot cancel"):
        vod.cancel_jobs(["j"])
