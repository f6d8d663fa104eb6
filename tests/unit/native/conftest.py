"""Every native test must leave nothing mapped, exported or open behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from vodfast import _native

NOTHING = {"open_mappings": 0, "live_exports": 0, "open_readers": 0}


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    yield
    if _native.counters() != NOTHING:
        gc.collect()  # a failed assertion's frames, or cycles
    assert _native.counters() == NOTHING
