"""A client of the stand-in."""

from __future__ import annotations

import pytest

from tests.compat.qcloud_vod.uploads import KEY
from vodfast.compat.qcloud_vod.vod_upload_client import VodUploadClient


@pytest.fixture
def client() -> VodUploadClient:
    return VodUploadClient(KEY, f"{KEY}-secret")
