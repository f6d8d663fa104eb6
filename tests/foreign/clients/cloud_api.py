"""tencentcloud-sdk-python-vod, unmodified, as a job server: any action, either signature family, POST or GET."""

from __future__ import annotations

import json
from typing import Any

from jobs import serve
from tencentcloud.common import credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.vod.v20180717 import models, vod_client


def action(
    name: str,
    keys: list[str],
    request: dict[str, Any],
    http: dict[str, Any] | None = None,
    sign_method: str = "TC3-HMAC-SHA256",
    region: str = "ap-guangzhou",
) -> dict[str, Any]:
    """One API action; `http` holds `HttpProfile` arguments (protocol, endpoint, reqMethod, ...)."""
    profile = ClientProfile(signMethod=sign_method, httpProfile=HttpProfile(**(http or {})))
    client = vod_client.VodClient(credential.Credential(*keys), region, profile)
    asked = getattr(models, f"{name}Request")()
    asked.from_json_string(json.dumps(request))
    answer: dict[str, Any] = json.loads(getattr(client, name)(asked).to_json_string())
    return answer


if __name__ == "__main__":
    serve({"action": action})
