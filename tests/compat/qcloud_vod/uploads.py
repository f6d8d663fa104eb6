"""Uploads as scripts on vod-python-sdk ask for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vodfast.compat.qcloud_vod.model import VodUploadRequest

KEY = "vodfast-emulator-tencent"
REGION = "ap-guangzhou"


def request_for(path: Path | str | None, **attributes: Any) -> VodUploadRequest:
    """A request with any of the SDK's attributes."""
    request = VodUploadRequest()
    request.MediaFilePath = None if path is None else str(path)
    for name, value in attributes.items():
        setattr(request, name, value)
    return request


def rule(action: str, operation: str, **more: Any) -> dict[str, Any]:
    """A fault that meets every request for an operation."""
    return {"action": action, "match": {"operation": operation}, "times": 0, **more}
