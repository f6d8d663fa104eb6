"""A client of the emulator's account, and a folder for its records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.compat.vcloud.uploads import KEY, SECRET
from vodfast.compat import vcloud
from vodfast.compat.vcloud import config


@pytest.fixture(autouse=True)
def records(emulated: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of records, which does not exist yet."""
    monkeypatch.setattr(config, "TMP_FILE", str(tmp_path / "records"))
    return tmp_path / "records"


@pytest.fixture
def client() -> vcloud.Client:
    return vcloud.Client(KEY, SECRET)
