"""What tests of Alibaba's API stand-in share: the emulator's keys, a request, and what the emulator was asked."""

from __future__ import annotations

import json
from typing import Any

from vodfast.compat.aliyunsdkcore.client import AcsClient
from vodfast.compat.aliyunsdkvod.request.v20170321 import (
    CreateUploadVideoRequest,
)

KEYS = ("vodfast-emulator-aliyun", "vodfast-emulator-aliyun-secret")


def create(**fields: Any) -> Any:
    request = CreateUploadVideoRequest.CreateUploadVideoRequest()
    for name, value in ({"Title": "t", "FileName": "a.mp4"} | fields).items():
        request.add_query_param(name, value)
    return request


def ask(client: AcsClient, request: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(client.do_action_with_exception(request))
    return answer


def asked(emulator: Any) -> list[tuple[str, int]]:
    return [(entry["operation"], entry["status"]) for entry in emulator.history()]
