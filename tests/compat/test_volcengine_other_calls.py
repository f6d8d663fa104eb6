"""What the Volcengine stand-in lacks: calls that are no uploads, and their messages, where the package is missing."""

from __future__ import annotations

from typing import Any

import pytest

from vodfast.compat import vendors
from vodfast.compat.volcengine.vod.models.request import request_vod_pb2
from vodfast.compat.volcengine.vod.VodService import VodService


def test_other_parts_of_the_service_are_named(emulated: Any) -> None:
    service = VodService()
    with pytest.raises(AttributeError, match=r"get_play_info.*vendor's own"):
        service.get_play_info(None)
    assert not hasattr(service, "list_space")


def test_without_the_vendors_package_there_are_no_other_messages() -> None:
    assert vendors.installed("volcengine") is None
    with pytest.raises(AttributeError, match=r"request_vod_pb2' has no attribute 'VodGetMediaInfosRequest'"):
        assert request_vod_pb2.VodGetMediaInfosRequest
