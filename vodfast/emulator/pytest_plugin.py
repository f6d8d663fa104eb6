"""Fixtures for projects that test against vodfast: `vodfast_emulator`.

Loaded by pytest in every run, so nothing heavy is imported before a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vodfast.emulator.inprocess import Emulator


@pytest.fixture(scope="session")
def _vodfast_emulator_server() -> Iterator[Emulator]:
    from vodfast.emulator.inprocess import Emulator

    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def vodfast_emulator(_vodfast_emulator_server: Emulator) -> Iterator[Emulator]:
    """A running emulator, empty at the start of each test; one server serves the whole run."""
    yield _vodfast_emulator_server
    _vodfast_emulator_server.restore()
