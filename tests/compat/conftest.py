"""What tests of the stand-ins share: the emulator as an unchanged script finds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from vodfast.compat.clients import close_all


@pytest.fixture
def emulated(vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The emulator, found by one variable. The clients that stand-ins share are closed afterwards."""
    monkeypatch.setenv("VODFAST_EMULATOR", vodfast_emulator.endpoint)
    yield vodfast_emulator
    close_all()
