"""One emulator for the folder, empty at each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.client import Client
from tests.emulator.netease_client import NeteaseClient
from tests.emulator.volcengine_client import Volc
from vodfast.emulator import Emulator


@pytest.fixture(scope="session")
def server() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def emulator(server: Emulator) -> Iterator[Emulator]:
    yield server
    server.restore()


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return Client(emulator.endpoint)


@pytest.fixture
def netease(emulator: Emulator) -> NeteaseClient:
    return NeteaseClient(emulator.endpoint)


@pytest.fixture
def volc(emulator: Emulator) -> Volc:
    return Volc(emulator.endpoint)
