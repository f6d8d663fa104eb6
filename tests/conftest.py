"""Fixtures for every suite: a client on the shared emulator, and the leak check after each test."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from vodfast import AsyncClient, Client, TransferConfig, _native, parse_route

# A test has no stopwatch, and a run on one machine is the same on the next: failures print how to repeat them.
settings.register_profile("vodfast", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("vodfast")

FAST_RETRY = {"backoff_base": 0.01, "backoff_cap": 0.05}
"""Retries without waiting: the tests judge what is retried, not how long it takes."""


@pytest.fixture(autouse=True)
def _no_native_leaks() -> Iterator[None]:
    yield
    if any(_native.counters().values()):
        gc.collect()
    assert _native.counters() == dict.fromkeys(_native.counters(), 0)


@pytest.fixture(autouse=True)
def _state_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the journal of another, or the user's."""
    monkeypatch.setenv("VODFAST_STATE_DIR", str(tmp_path / "vodfast-state"))


@pytest.fixture
def config_for(vodfast_emulator: Any) -> Callable[..., TransferConfig]:
    """A configuration that leads to the emulator; keywords override."""

    def make(**fields: Any) -> TransferConfig:
        return TransferConfig(**{"route": parse_route(vodfast_emulator.endpoint), **FAST_RETRY, **fields})

    return make


@pytest.fixture
def client(config_for: Callable[..., TransferConfig]) -> Iterator[Client]:
    with Client("tencent", config=config_for()) as opened:
        yield opened


@pytest.fixture
async def async_client(config_for: Callable[..., TransferConfig]) -> AsyncIterator[AsyncClient]:
    async with AsyncClient("tencent", config=config_for()) as opened:
        yield opened


@pytest.fixture
def media_file(tmp_path: Path) -> Callable[..., Path]:
    """A file of `size` pseudo-random bytes, the same for the same size and name."""

    def make(size: int, name: str = "clip.mp4") -> Path:
        path = tmp_path / name
        path.write_bytes(content(size))
        return path

    return make


def content(size: int) -> bytes:
    """Bytes that repeat at no part boundary."""
    block = b"".join(number.to_bytes(4, "big") for number in range(25_013))
    return (block * (size // len(block) + 1))[:size]
