"""Settings that no transfer could keep to are refused when they are made, not in mid-upload."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from vodfast import ConfigError, TransferConfig
from vodfast.config import KIB, MIB

DAY = 86400.0
RANGES: dict[str, tuple[float, float | None]] = {
    "part_size": (MIB, None),
    "max_connections": (1, 512),
    "start_connections": (1, None),
    "max_calls": (1, 512),
    "memory_budget": (16 * MIB, None),
    "bandwidth": (64 * KIB, None),
    "attempts": (1, 100),
    "backoff_base": (0, DAY),
    "backoff_cap": (0, DAY),
    "retry_ratio": (0, None),
    "retry_reserve": (0, None),
    "connect_timeout": (0.001, DAY),
    "stall_timeout": (1, DAY),
    "stall_speed": (0, (1 << 31) - 1),
    "upload_buffer": (16 * KIB, 2 * MIB),
    "settle_seconds": (0, DAY),
}


def made(name: str, value: Any) -> Any:
    return getattr(TransferConfig(**{name: value}), name)


@pytest.mark.parametrize("name", RANGES)
def test_a_setting_is_taken_at_its_limits_and_refused_by_name_beyond(name: str) -> None:
    lowest, highest = RANGES[name]
    for value in (lowest, highest):
        if value is not None:
            assert made(name, value) == value
    for value in (lowest - 0.0005, -1, None if highest is None else highest + 1, math.nan):
        if value is not None:
            with pytest.raises(ConfigError, match=name):
                made(name, value)


def test_every_number_among_the_settings_has_limits() -> None:
    numbers = {field.name for field in msgspec.structs.fields(TransferConfig) if is_number(field.type)}
    assert numbers == RANGES.keys()


def is_number(kind: Any) -> bool:
    return kind in (int, float, int | None, float | None)
