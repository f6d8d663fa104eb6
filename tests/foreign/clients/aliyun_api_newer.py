"""alibabacloud-vod20170321 (ACS3 signatures), unmodified, as a job server: any operation by its method's name."""

from __future__ import annotations

from typing import Any

from alibabacloud_tea_openapi.models import Config
from alibabacloud_vod20170321 import models
from alibabacloud_vod20170321.client import Client
from jobs import serve


def action(
    name: str, keys: list[str], request: dict[str, Any], endpoint: str, region: str = "cn-shanghai"
) -> dict[str, Any]:
    """One operation: `name` in PascalCase for the request's class, fields in snake_case; the answer's body."""
    names = ("access_key_id", "access_key_secret", "security_token")
    client = Client(Config(**dict(zip(names, keys)), endpoint=endpoint, protocol="http", region_id=region))
    method = next(method for method in dir(client) if method.replace("_", "") == name.lower())
    answer = getattr(client, method)(getattr(models, f"{name}Request")(**request))
    body: dict[str, Any] = answer.body.to_map()
    return body


if __name__ == "__main__":
    serve({"action": action})
