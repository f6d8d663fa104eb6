"""volcengine, unmodified, as a job server: uploads, pulls, jobs and tokens with any request field.

Every job makes its own `VodService` with the keys it is given; answers come back with the fields the service named.
"""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from jobs import serve
from volcengine.vod.models.request import request_vod_pb2
from volcengine.vod.VodService import VodService


def service(keys: list[str], region: str = "cn-north-1") -> VodService:
    """A service for one job: the class hands out one instance, which its constructor sets anew."""
    made = VodService(region)
    made.set_ak(keys[0])
    made.set_sk(keys[1])
    made.set_session_token(keys[2] if len(keys) > 2 else "")
    return made


def call(method: str, message: str, keys: list[str], request: dict[str, Any], region: str = "cn-north-1") -> Any:
    """One method with one request message, whose fields are assigned like a script does."""
    asked = getattr(request_vod_pb2, message)()
    for name, value in request.items():
        if name == "URLSets":
            for entry in value:
                url_set = asked.URLSets.add()
                url_set.CustomURLHeaders.update(**entry.pop("CustomURLHeaders", {}))
                for template in entry.pop("Templates", ()):
                    url_set.Templates.add(**template)
                for field, given in entry.items():
                    setattr(url_set, field, given)
        else:
            setattr(asked, name, value)
    return MessageToDict(getattr(service(keys, region), method)(asked))


def token(keys: list[str], lifetime: int | None = None) -> dict[str, str]:
    """A token made locally; without a lifetime the default one."""
    made = service(keys)
    issued = made.get_upload_sts2() if lifetime is None else made.get_upload_sts2_with_expired_time(lifetime)
    answer: dict[str, str] = json.loads(str(issued))
    return answer


if __name__ == "__main__":
    serve({"call": call, "token": token})
