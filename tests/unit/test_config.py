"""Settings that no transfer could keep to are refused when they are made, not in mid-upload."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from vodfast import ConfigError, TransferConfig
from vodfast.config import KIB, MIB, config_from_env, parse_route, proxy_host

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


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://proxy.example.com:3128", "proxy.example.com:3128"),
        ("https://user:p%40ss@proxy.example.com", "proxy.example.com"),
        ("socks5h://user@[::1]:1080/", "[::1]:1080"),
        ("10.0.0.1:8080", "10.0.0.1:8080"),
    ],
)
def test_a_proxy_is_shown_without_its_password(proxy: str, shown: str) -> None:
    assert proxy_host(made("proxy", proxy)) == shown


@pytest.mark.parametrize(
    "proxy", ["ftp://secret@x", "http://secret @x", "secret\n", "http://", "http://secret@x/path?q"]
)
def test_what_is_no_proxy_is_refused_and_not_shown(proxy: str) -> None:
    with pytest.raises(ConfigError, match="proxy must be the URL") as caught:
        made("proxy", proxy)
    assert "secret" not in str(caught.value)


def test_the_environments_proxy_is_for_the_clouds_not_for_an_emulator() -> None:
    environ = {"VODFAST_PROXY": "http://proxy:1"}
    assert config_from_env(environ=environ).proxy == "http://proxy:1"
    assert config_from_env(TransferConfig(proxy="http://own:2"), environ).proxy == "http://own:2"
    assert config_from_env(environ=environ | {"VODFAST_EMULATOR": "127.0.0.1:9"}).proxy is None
    routed = TransferConfig(route=parse_route("127.0.0.1:9"))
    assert config_from_env(routed, environ).proxy is None


def test_every_number_among_the_settings_has_limits() -> None:
    numbers = {field.name for field in msgspec.structs.fields(TransferConfig) if is_number(field.type)}
    assert numbers == RANGES.keys()


def is_number(kind: Any) -> bool:
    return kind in (int, float, int | None, float | None)
