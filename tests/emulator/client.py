"""A small Tencent client for these tests: signs from the protocol notes with hashlib and hmac, sends with http.client.

Shares no code with vodfast. Every piece of a request can be changed between signing and sending.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import re
import time
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

KEY = "vodfast-emulator-tencent"
SECRET = f"{KEY}-secret"
API = "vod.tencentcloudapi.com"


@dataclass(frozen=True)
class Sent:
    """A request as it will go out."""

    method: str
    host: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    def with_header(self, name: str, value: str | None) -> Sent:
        headers = {key: old for key, old in self.headers.items() if key.lower() != name.lower()}
        return replace(self, headers=headers if value is None else headers | {name: value})


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        """The VOD API's envelope content."""
        return json.loads(self.body)["Response"]

    @property
    def code(self) -> str:
        """The vendor's error code, empty for success."""
        if self.body.startswith(b"{"):
            return self.data.get("Error", {}).get("Code", "")
        found = re.search(r"<Error><Code>(.*?)</Code>", self.body.decode())
        return found[1] if found else ""

    def text(self, tag: str) -> str:
        found = re.search(f"<{tag}>(.*?)</{tag}>", self.body.decode(), re.DOTALL)
        assert found, (tag, self.body)
        return found[1].replace("&quot;", '"').replace("&amp;", "&")


@dataclass
class Keys:
    access_key: str = KEY
    secret: str = SECRET
    token: str | None = None


@dataclass
class Client:
    """Talks to one emulator over plain HTTP, one connection a request unless `connection` is given."""

    endpoint: str
    keys: Keys = field(default_factory=Keys)

    def send(self, sent: Sent, connection: http.client.HTTPConnection | None = None) -> Answer:
        own = connection is None
        line = connection or http.client.HTTPConnection(self.endpoint, timeout=120)
        try:
            line.putrequest(sent.method, sent.target, skip_host=True, skip_accept_encoding=True)
            line.putheader("Host", sent.host)
            for name, value in sent.headers.items():
                line.putheader(name, value)
            line.endheaders(sent.body or None)
            got = line.getresponse()
            return Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())
        finally:
            if own:
                line.close()

    # VOD API

    def api(self, action: str, fields: Any, **how: Any) -> Sent:
        body = json.dumps(fields).encode() if not isinstance(fields, bytes) else fields
        return sign_tc3(action, body, self.keys, **how)

    def call(self, action: str, **fields: Any) -> Answer:
        return self.send(self.api(action, fields))

    def apply(self, **fields: Any) -> dict[str, Any]:
        answer = self.call("ApplyUpload", **({"MediaType": "mp4"} | fields))
        assert not answer.code, answer.body
        return answer.data

    def commit(self, ticket: dict[str, Any], **fields: Any) -> Answer:
        return self.call("CommitUpload", VodSessionKey=ticket["VodSessionKey"], **fields)

    # COS

    def cos(self, ticket: dict[str, Any], method: str, query: str = "", body: bytes = b"", **how: Any) -> Sent:
        certificate = ticket["TempCertificate"]
        keys = how.pop("keys", None) or Keys(certificate["SecretId"], certificate["SecretKey"], certificate["Token"])
        key = how.pop("key", ticket["MediaStoragePath"])
        return sign_cos(method, bucket_host(ticket), key, query, body, keys, **how)

    def put(self, ticket: dict[str, Any], body: bytes, **how: Any) -> Answer:
        return self.send(self.cos(ticket, "PUT", body=body, **how))

    def initiate(self, ticket: dict[str, Any]) -> str:
        answer = self.send(self.cos(ticket, "POST", "uploads="))
        assert answer.status == 200, answer.body
        return answer.text("UploadId")

    def part(self, ticket: dict[str, Any], upload_id: str, number: int, body: bytes) -> Answer:
        return self.send(self.cos(ticket, "PUT", f"partNumber={number}&uploadId={upload_id}", body))

    def complete(self, ticket: dict[str, Any], upload_id: str, etags: list[tuple[int, str]]) -> Answer:
        return self.send(self.cos(ticket, "POST", f"uploadId={upload_id}", complete_body(etags)))

    def abort(self, ticket: dict[str, Any], upload_id: str) -> Answer:
        return self.send(self.cos(ticket, "DELETE", f"uploadId={upload_id}"))

    # Control API

    def control(self, method: str, page: str, value: Any = None, host: str | None = None) -> Any:
        body = b"" if value is None else json.dumps(value).encode()
        headers = {"Content-Length": str(len(body))} if method != "GET" else {}
        answer = self.send(Sent(method, host or self.endpoint, f"/_emulator/{page}", headers, body))
        return answer.status, json.loads(answer.body)


def bucket_host(ticket: dict[str, Any]) -> str:
    return f"{ticket['StorageBucket']}.cos.{ticket['StorageRegion']}.myqcloud.com"


def complete_body(etags: list[tuple[int, str]]) -> bytes:
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag.replace(chr(34), '&quot;')}</ETag></Part>"
        for number, etag in etags
    )
    return f'<?xml version="1.0" encoding="utf-8"?><CompleteMultipartUpload>{parts}</CompleteMultipartUpload>'.encode()


def sign_tc3(
    action: str,
    body: bytes,
    keys: Keys,
    *,
    method: str = "POST",
    query: str = "",
    host: str = API,
    now: float | None = None,
    date: str | None = None,
    service: str = "vod",
    version: str = "2018-07-17",
    content_type: str | None = None,
    unsigned: bool = False,
    more: dict[str, str] | None = None,
) -> Sent:
    stamp = int(time.time() if now is None else now)
    kind = content_type or ("application/json" if method == "POST" else "application/x-www-form-urlencoded")
    signed = {"content-type": kind, "host": host} | (more or {})
    names = ";".join(signed)
    payload = b"UNSIGNED-PAYLOAD" if unsigned else body if method == "POST" else b""
    lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
    canonical = f"{method}\n/\n{query}\n{lines}\n{names}\n{hashlib.sha256(payload).hexdigest()}"
    date = date or time.strftime("%Y-%m-%d", time.gmtime(stamp))
    scope = f"{date}/{service}/tc3_request"
    text = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{keys.secret}".encode()
    for step in (date, service, "tc3_request"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": kind,
        "Authorization": f"TC3-HMAC-SHA256 Credential={keys.access_key}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}",
        "X-TC-Action": action,
        "X-TC-Version": version,
        "X-TC-Timestamp": str(stamp),
    } | (more or {})
    if unsigned:
        headers["X-TC-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    if keys.token:
        headers["X-TC-Token"] = keys.token
    if method == "POST":
        headers["Content-Length"] = str(len(body))
    return Sent(method, host, f"/?{query}" if query else "/", headers, body)


def sign_v1(fields: dict[str, str], *, method: str = "POST", digest: str = "sha1") -> Sent:
    """A call in the older form, all of whose parameters are given but the signature (section 2.4)."""
    text = "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
    signature = hmac.digest(SECRET.encode(), f"{method}{API}/?{text}".encode(), digest)
    form = urlencode(fields | {"Signature": base64.b64encode(signature).decode()})
    if method == "GET":
        return Sent("GET", API, f"/?{form}", {})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(form))}
    return Sent("POST", API, "/", headers, form.encode())


def _enc(text: str) -> str:
    return quote(text, safe="-_.~")


def sign_cos(
    method: str,
    host: str,
    key: str,
    query: str,
    body: bytes,
    keys: Keys,
    *,
    start: float | None = None,
    end: float | None = None,
    headers: dict[str, str] | None = None,
    signed_host: str | None = None,
    presign: bool = False,
    bare: bool = False,
) -> Sent:
    """`bare` signs the host alone."""
    now = int(time.time())
    path = key if key.startswith("/") else f"/{key}"
    out = dict(headers or {})
    if method in ("PUT", "POST") and "Transfer-Encoding" not in out:
        out.setdefault("Content-Length", str(len(body)))
    if keys.token and not presign:
        out["x-cos-security-token"] = keys.token
    pairs = [part.partition("=")[::2] for part in query.split("&") if part]
    listed = sorted((_enc(name).lower(), value) for name, value in pairs)
    covered = {"host": signed_host or host} if presign or bare else out | {"host": signed_host or host}
    lines = sorted((name.lower(), _enc(value)) for name, value in covered.items())
    times = f"{int(now - 60 if start is None else start)};{int(now + 600 if end is None else end)}"
    http_string = (
        f"{method.lower()}\n{path}\n{'&'.join(f'{n}={v}' for n, v in listed)}\n"
        f"{'&'.join(f'{n}={v}' for n, v in lines)}\n"
    )
    sign_key = hmac.new(keys.secret.encode(), times.encode(), hashlib.sha1).hexdigest()
    text = f"sha1\n{times}\n{hashlib.sha1(http_string.encode()).hexdigest()}\n"
    fields = {
        "q-sign-algorithm": "sha1",
        "q-ak": keys.access_key,
        "q-sign-time": times,
        "q-key-time": times,
        "q-header-list": ";".join(name for name, _ in lines),
        "q-url-param-list": ";".join(name for name, _ in listed),
        "q-signature": hmac.new(sign_key.encode(), text.encode(), hashlib.sha1).hexdigest(),
    }
    target = quote(path, safe="-_.~/").replace("./", ".%2F")
    asked = [query] if query else []
    if presign:
        asked = [*(f"{name}={quote(value, safe='')}" for name, value in fields.items()), *asked]
        if keys.token:
            asked.append(f"x-cos-security-token={quote(keys.token, safe='')}")
    else:
        out["Authorization"] = "&".join(f"{name}={value}" for name, value in fields.items())
    return Sent(method, host, target + (f"?{'&'.join(asked)}" if asked else ""), out, body)
