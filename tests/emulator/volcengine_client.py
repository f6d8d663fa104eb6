"""A small Volcengine client for these tests: signs from the protocol notes with hashlib and hmac, nothing of vodfast.

Every piece of a request can be changed between signing and sending.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from tests.emulator.client import Answer, Sent
from tests.emulator.client import Client as Wire

KEY = "vodfast-emulator-volcengine"
SECRET = f"{KEY}-secret"
API = "vod.volcengineapi.com"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Keys:
    access_key: str = KEY
    secret: str = SECRET
    token: str | None = None


def encode(text: str) -> str:
    return quote(text, safe="-_.~")


def derive(secret: str, *steps: str) -> bytes:
    key = secret.encode()
    for step in steps:
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return key


def sign(
    action: str,
    fields: dict[str, Any],
    keys: Keys = Keys(),
    *,
    version: str = "2022-01-01",
    method: str = "GET",
    host: str = API,
    region: str = "cn-north-1",
    service: str = "vod",
    now: float | None = None,
    moment: str | None = None,
    hashed: bool = True,
    more: dict[str, str] | None = None,
    content_type: str = FORM,
    body: bytes | None = None,
) -> Sent:
    """`body` goes out as it is, in place of the fields; `moment` is the date in place of `now`; without `hashed` no
    header says the hash of the body.
    """
    given = {name: str(value) for name, value in fields.items()}
    query = {"Action": action, "Version": version} | (given if method == "GET" else {})
    if body is None and method != "POST":
        body = b""
    elif body is None:
        body = (urlencode(given) if content_type == FORM else json.dumps(given)).encode()
    date = moment or time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if now is None else now))
    body_hash = hashlib.sha256(body).hexdigest()
    signed = {"host": host, "x-date": date} | ({"x-content-sha256": body_hash} if hashed else {}) | (more or {})
    if method == "POST":
        signed["content-type"] = content_type
    if keys.token:
        signed["x-security-token"] = keys.token
    names = sorted(signed)
    listed = "&".join(f"{encode(name)}={encode(query[name])}" for name in sorted(query))
    lines = "".join(f"{name}:{signed[name]}\n" for name in names)
    canonical = f"{method}\n/\n{listed}\n{lines}\n{';'.join(names)}\n{body_hash}"
    scope = f"{date[:8]}/{region}/{service}/request"
    text = f"HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = derive(keys.secret, date[:8], region, service, "request")
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers = {name: value for name, value in signed.items() if name != "host"}
    headers["Authorization"] = (
        f"HMAC-SHA256 Credential={keys.access_key}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    if method == "POST":
        headers["Content-Length"] = str(len(body))
    return Sent(method, host, f"/?{urlencode(query)}", headers, body)


@dataclass
class Volc:
    """Talks to one emulator over plain HTTP."""

    endpoint: str
    keys: Keys = field(default_factory=Keys)

    def send(self, sent: Sent) -> Answer:
        return Wire(self.endpoint).send(sent)

    def call(self, action: str, fields: dict[str, Any], **how: Any) -> Answer:
        return self.send(sign(action, fields, how.pop("keys", self.keys), **how))

    def apply(self, **fields: Any) -> dict[str, Any]:
        given = {"SpaceName": "demo", "FileExtension": ".mp4", "NeedFallback": "True"} | fields
        return data(self.call("ApplyUploadInfo", given))

    def commit(self, address: dict[str, Any], **fields: Any) -> Answer:
        return self.call("CommitUploadInfo", {"SpaceName": "demo", "SessionKey": address["SessionKey"]} | fields)

    def put(self, address: dict[str, Any], body: bytes, **how: Any) -> Answer:
        return self.send(upload(address, body, **how))

    def init(self, address: dict[str, Any]) -> str:
        answer = self.send(upload(address, b"", "?uploads", crc=None, parts=True))
        assert answer.status == 200, answer.body
        return str(payload(answer)["uploadID"])

    def part(self, address: dict[str, Any], upload_id: str, number: int, body: bytes) -> Answer:
        return self.send(upload(address, body, f"?partNumber={number}&uploadID={upload_id}", parts=True))

    def merge(self, address: dict[str, Any], upload_id: str, body: str, content_type: str = "") -> Answer:
        query = f"?uploadID={upload_id}&ObjectContentType={content_type}"
        return self.send(upload(address, body.encode(), query, crc=None, parts=True))


def upload(
    address: dict[str, Any],
    body: bytes,
    query: str = "",
    *,
    crc: str | None = "",
    parts: bool = False,
    method: str = "PUT",
    more: dict[str, str] | None = None,
) -> Sent:
    """A gateway request; `crc` "" computes it, None sends none."""
    info = address["StoreInfos"][0]
    headers = {"Authorization": info["Auth"], "Content-Length": str(len(body))}
    if crc is not None:
        headers["Content-CRC32"] = crc or f"{zlib.crc32(body):08x}"
    if parts:
        headers["X-Storage-Mode"] = "gateway"
    path = quote(f"/{info['StoreUri']}", safe="/-_.~")
    return Sent(method, address["UploadHosts"][0], path + query, headers | (more or {}), body)


def data(answer: Answer) -> dict[str, Any]:
    said = json.loads(answer.body)
    assert "Error" not in said["ResponseMetadata"], said
    return said["Result"]["Data"]


def error(answer: Answer) -> str:
    return json.loads(answer.body)["ResponseMetadata"].get("Error", {}).get("Code", "")


def payload(answer: Answer) -> dict[str, Any]:
    said = json.loads(answer.body)
    assert said["success"] == 0, said
    return said["payload"]


def trouble(answer: Answer) -> str:
    """The gateway's word for a refusal."""
    said = json.loads(answer.body)
    assert (said["success"] == 0) is (said["error"]["code"] == 0 and said["error"]["error_code"] == 0)
    return said["error"]["error"]
