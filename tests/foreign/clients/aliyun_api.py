"""aliyun-python-sdk-core and -vod, unmodified, as a job server: any request class by the name of its operation."""

from __future__ import annotations

import importlib
import json
import os
from typing import Any

from aliyunsdkcore.auth.credentials import RamRoleArnCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from jobs import serve


def action(
    name: str,
    keys: list[str],
    request: dict[str, Any],
    region: str = "cn-shanghai",
    endpoint: str | None = None,
    role: str | None = None,
) -> dict[str, Any]:
    """One operation with these parameters; three `keys` are a temporary credential, `endpoint` is `host:port`, `role`
    is assumed with the keys beforehand.
    """
    if role is not None:
        client = AcsClient(region_id=region, credential=RamRoleArnCredential(*keys, role, "a-session"))
        client.set_verify(os.environ["REQUESTS_CA_BUNDLE"])  # roles are assumed over https, whatever the client speaks
    elif len(keys) == 3:
        client = AcsClient(region_id=region, credential=StsTokenCredential(*keys))
    else:
        client = AcsClient(*keys, region, auto_retry=True, max_retry_time=3, timeout=30)
    if endpoint is not None:
        client.add_endpoint(region, "vod", endpoint)
    asked = getattr(importlib.import_module(f"aliyunsdkvod.request.v20170321.{name}Request"), f"{name}Request")()
    for field, value in request.items():
        getattr(asked, f"set_{field}")(value)
    asked.set_accept_format("JSON")
    answer: dict[str, Any] = json.loads(client.do_action_with_exception(asked))
    return answer


if __name__ == "__main__":
    serve({"action": action})
