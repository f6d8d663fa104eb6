"""A small NetEase client for these tests: signs from the protocol notes with hashlib, sends with http.client.

Shares no code with vodfast. Every piece of a request can be changed between signing and sending.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.emulator.client import Answer, Client, Sent

KEY = "vodfast-emulator-netease"
SECRET = f"{KEY}-secret"
API = "vcloud.163.com"
NODE = "nosup-hz1.127.net"


@dataclass
class Upload:
    """What upload/init answered, and the context of the last chunk."""

    bucket: str
    key: str
    token: str
    context: str = ""

    @property
    def path(self) -> str:
        return f"/{self.bucket}/{quote(self.key, safe='')}"


@dataclass
class NeteaseClient:
    """Talks to one emulator over plain HTTP."""

    endpoint: str
    secret: str = SECRET
    _plain: Client = field(init=False)

    def __post_init__(self) -> None:
        self._plain = Client(self.endpoint)

    def send(self, sent: Sent) -> Answer:
        return self._plain.send(sent)

    def signed(self, call: str, body: Any, *, at: float | None = None, nonce: str | None = None) -> Sent:
        text = nonce if nonce is not None else uuid.uuid4().hex
        seconds = str(int(time.time() if at is None else at))
        headers = {
            "AppKey": KEY,
            "Nonce": text,
            "CurTime": seconds,
            "CheckSum": hashlib.sha1(f"{self.secret}{text}{seconds}".encode()).hexdigest(),
            "Content-Type": "application/json;charset=utf-8",
        }
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers["Content-Length"] = str(len(content))
        return Sent("POST", API, f"/app/vod/{call}", headers, content)

    def call(self, call: str, body: Any, **how: Any) -> dict[str, Any]:
        answer = self.send(self.signed(call, body, **how))
        assert answer.status == 200
        return json.loads(answer.body)

    def init(self, **fields: Any) -> Upload:
        ret = self.call("upload/init", {"originFileName": "clip.MP4", **fields})["ret"]
        return Upload(ret["bucket"], ret["object"], ret["xNosToken"])

    def chunk(self, upload: Upload, offset: int, data: bytes, *, complete: bool, context: str | None = None) -> Sent:
        shown = upload.context if context is None else context
        target = f"{upload.path}?offset={offset}&complete={str(complete).lower()}&context={shown}&version=1.0"
        return Sent("POST", NODE, target, {"x-nos-token": upload.token, "Content-Length": str(len(data))}, data)

    def put(self, upload: Upload, offset: int, data: bytes, *, complete: bool = False) -> dict[str, Any]:
        answer = self.send(self.chunk(upload, offset, data, complete=complete))
        assert answer.status == 200, answer.body
        found = json.loads(answer.body)
        upload.context = found["context"]
        return found

    def offset_query(self, upload: Upload) -> Sent:
        target = f"{upload.path}?uploadContext&context={upload.context}&version=1.0"
        return Sent("GET", NODE, target, {"x-nos-token": upload.token})
