"""A small Alibaba client for these tests: signs from the protocol notes with hashlib and hmac, sends with http.client.

Shares no code with vodfast. Every piece of a request can be changed between signing and sending.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import quote, urlencode

from tests.emulator.client import Answer, Sent
from tests.emulator.client import Client as Sender

KEY = "vodfast-emulator-aliyun"
API = "vod.cn-shanghai.aliyuncs.com"
REGION = "cn-shanghai"


@dataclass
class Keys:
    access_key: str = KEY
    secret: str = f"{KEY}-secret"
    token: str | None = None


def enc(text: str) -> str:
    return quote(text, safe="-_.~")


def sorted_query(fields: dict[str, str]) -> str:
    return "&".join(f"{enc(name)}={enc(fields[name])}" for name in sorted(fields))


def stamp(now: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))


def sign_acs3(
    action: str,
    fields: dict[str, str],
    keys: Keys,
    *,
    form: bool = False,
    now: float | None = None,
    more: dict[str, str] | None = None,
) -> Sent:
    body = urlencode(fields).encode() if form else b""
    headers = {
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-acs-date": stamp(time.time() if now is None else now),
        "x-acs-signature-nonce": secrets.token_hex(8),
        "x-acs-version": "2017-03-21",
    } | (more or {})
    if body:
        headers |= {"content-type": "application/x-www-form-urlencoded"}
    if keys.token:
        headers |= {"x-acs-security-token": keys.token}
    signed = headers | {"host": API}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    query = "" if form else sorted_query(fields)
    canonical = f"POST\n/\n{query}\n{lines}\n{names}\n{headers['x-acs-content-sha256']}"
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    value = hmac.new(keys.secret.encode(), text.encode(), "sha256").hexdigest()
    headers["Authorization"] = f"ACS3-HMAC-SHA256 Credential={keys.access_key},SignedHeaders={names},Signature={value}"
    headers["Content-Length"] = str(len(body))
    return Sent("POST", API, f"/?{query}" if query else "/", headers, body)


def sign_rpc(
    action: str,
    fields: dict[str, str],
    keys: Keys,
    *,
    form: str = "JSON",
    now: float | None = None,
    host: str = API,
    version: str = "2017-03-21",
) -> Sent:
    given = fields | {
        "Action": action,
        "Version": version,
        "Format": form,
        "Timestamp": stamp(time.time() if now is None else now),
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": secrets.token_hex(8),
        "AccessKeyId": keys.access_key,
    }
    if keys.token:
        given["SecurityToken"] = keys.token
    text = f"GET&%2F&{enc(sorted_query(given))}"
    value = base64.b64encode(hmac.new(f"{keys.secret}&".encode(), text.encode(), "sha1").digest()).decode()
    return Sent("GET", host, f"/?{sorted_query(given | {'Signature': value})}", {})


def sign_rpc_form(action: str, fields: dict[str, str], keys: Keys) -> Sent:
    """The same as a POST whose own parameters are a form."""
    common = {
        "Action": action,
        "Version": "2017-03-21",
        "Timestamp": stamp(time.time()),
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": secrets.token_hex(8),
        "AccessKeyId": keys.access_key,
    }
    own = fields | {"Format": "JSON"}
    text = f"POST&%2F&{enc(sorted_query(common | own))}"
    value = base64.b64encode(hmac.new(f"{keys.secret}&".encode(), text.encode(), "sha1").digest()).decode()
    body = urlencode(own).encode()
    headers = {"content-type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
    return Sent("POST", API, f"/?{sorted_query(common | {'Signature': value})}", headers, body)


@dataclass
class Place:
    """Where a ticket's object goes, and with which keys."""

    media_id: str
    bucket: str
    key: str
    keys: Keys
    host: str

    @classmethod
    def of(cls, data: dict[str, Any]) -> Place:
        address, auth = (json.loads(base64.b64decode(data[name])) for name in ("UploadAddress", "UploadAuth"))
        keys = Keys(auth["AccessKeyId"], auth["AccessKeySecret"], auth["SecurityToken"])
        host = f"{address['Bucket']}.{address['Endpoint'].partition('://')[2]}"
        media_id = data.get("VideoId") or data.get("ImageId") or data["MediaId"]
        return cls(media_id, address["Bucket"], address["FileName"], keys, host)


def oss4_signature(canonical: str, moment: str, scope: str, keys: Keys) -> str:
    """Of a canonical request, in the headers or in the query alike."""
    key = f"aliyun_v4{keys.secret}".encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), "sha256").digest()
    text = f"OSS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def sign_oss4(
    method: str,
    place: Place,
    query: dict[str, str],
    body: bytes = b"",
    *,
    key: str | None = None,
    headers: dict[str, str] | None = None,
    additional: tuple[str, ...] = (),
    now: float | None = None,
    moment: str | None = None,
    region: str = REGION,
) -> Sent:
    key = place.key if key is None else key
    moment = moment or time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if now is None else now))
    scope = f"{moment[:8]}/{region}/oss/aliyun_v4_request"
    sent = {"x-oss-content-sha256": "UNSIGNED-PAYLOAD", "x-oss-date": moment} | (headers or {})
    if place.keys.token:
        sent["x-oss-security-token"] = place.keys.token
    canonical_query = "&".join(f"{enc(n)}={enc(query[n])}" if query[n] else enc(n) for n in sorted(query))
    seen = sent | {"host": place.host}
    lines = "".join(
        f"{name}:{seen[name]}\n"
        for name in sorted(seen)
        if name.startswith("x-oss-") or name in ("content-type", "content-md5") or name in additional
    )
    path = quote(f"/{place.bucket}/{key}", safe="-_.~/")
    canonical = f"{method}\n{path}\n{canonical_query}\n{lines}\n{';'.join(additional)}\nUNSIGNED-PAYLOAD"
    value = oss4_signature(canonical, moment, scope, place.keys)
    extra = f", AdditionalHeaders={';'.join(additional)}" if additional else ""
    sent["Authorization"] = f"OSS4-HMAC-SHA256 Credential={place.keys.access_key}/{scope}, Signature={value}{extra}"
    sent["Content-Length"] = str(len(body))
    target = f"/{quote(key, safe='-_.~')}" + (f"?{sorted_query(query)}" if query else "")
    return Sent(method, place.host, target, sent, body)


def sign_oss1(method: str, place: Place, query: dict[str, str], body: bytes = b"", *, now: float | None = None) -> Sent:
    sent = {"date": formatdate(time.time() if now is None else now, usegmt=True), "content-type": "video/mp4"}
    if place.keys.token:
        sent["x-oss-security-token"] = place.keys.token
    chosen = "&".join(
        f"{n}={query[n]}" if query[n] else n for n in sorted(query) if n in ("uploads", "uploadId", "partNumber")
    )
    own = "".join(f"{n}:{sent[n]}\n" for n in sorted(sent) if n.startswith("x-oss-"))
    resource = f"/{place.bucket}/{place.key}{'?' if chosen else ''}{chosen}"
    text = f"{method}\n\nvideo/mp4\n{sent['date']}\n{own}{resource}"
    value = base64.b64encode(hmac.new(place.keys.secret.encode(), text.encode(), "sha1").digest()).decode()
    sent["Authorization"] = f"OSS {place.keys.access_key}:{value}"
    sent["Content-Length"] = str(len(body))
    target = f"/{quote(place.key)}" + (f"?{sorted_query(query)}" if query else "")
    return Sent(method, place.host, target, sent, body)


def presign_oss4(method: str, place: Place, *, lifetime: int = 60, additional: tuple[str, ...] = ()) -> Sent:
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{moment[:8]}/{REGION}/oss/aliyun_v4_request"
    query = {
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-date": moment,
        "x-oss-expires": str(lifetime),
        "x-oss-credential": f"{place.keys.access_key}/{scope}",
    }
    if place.keys.token:
        query["x-oss-security-token"] = place.keys.token
    if additional:
        query["x-oss-additional-headers"] = ";".join(additional)
    lines = f"host:{place.host}\n" if additional else ""
    path = quote(f"/{place.bucket}/{place.key}", safe="-_.~/")
    canonical = f"{method}\n{path}\n{sorted_query(query)}\n{lines}\n{';'.join(additional)}\nUNSIGNED-PAYLOAD"
    query["x-oss-signature"] = oss4_signature(canonical, moment, scope, place.keys)
    return Sent(method, place.host, f"/{quote(place.key)}?{sorted_query(query)}", {})


def presign_oss1(method: str, place: Place, *, lifetime: int = 60) -> Sent:
    expires = str(int(time.time()) + lifetime)
    query = {"OSSAccessKeyId": place.keys.access_key, "Expires": expires, "security-token": place.keys.token or ""}
    resource = f"/{place.bucket}/{place.key}?security-token={place.keys.token}"
    text = f"{method}\n\n\n{expires}\n{resource}"
    query["Signature"] = base64.b64encode(hmac.new(place.keys.secret.encode(), text.encode(), "sha1").digest()).decode()
    return Sent(method, place.host, f"/{quote(place.key)}?{sorted_query(query)}", {})


def code(answer: Answer) -> str:
    """The vendor's error code, empty for success."""
    if answer.body.startswith(b"{"):
        return str(json.loads(answer.body).get("Code", ""))
    found = re.search(r"<Code>(.*?)</Code>", answer.body.decode())
    return found[1] if found else ""


@dataclass
class Client:
    """Talks to one emulator over plain HTTP."""

    endpoint: str
    keys: Keys = field(default_factory=Keys)

    def send(self, sent: Sent) -> Answer:
        return Sender(self.endpoint).send(sent)

    def call(self, action: str, **fields: str) -> dict[str, Any]:
        """The answer's JSON, errors included."""
        return json.loads(self.send(sign_acs3(action, fields, self.keys)).body)

    def create(self, **fields: str) -> Place:
        return Place.of(self.call("CreateUploadVideo", **({"Title": "t", "FileName": "a.mp4"} | fields)))

    def oss(
        self, method: str, place: Place, query: dict[str, str] | None = None, body: bytes = b"", **how: Any
    ) -> Answer:
        return self.send(sign_oss4(method, place, query or {}, body, **how))

    def initiate(self, place: Place) -> str:
        found = re.search(rb"<UploadId>(\w+)</UploadId>", self.oss("POST", place, {"uploads": ""}).body)
        assert found
        return found[1].decode()

    def part(self, place: Place, upload_id: str, number: int, body: bytes) -> Answer:
        return self.oss("PUT", place, {"partNumber": str(number), "uploadId": upload_id}, body)

    def complete(self, place: Place, upload_id: str, etags: list[tuple[int, str]]) -> Answer:
        parts = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>" for n, etag in etags)
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        return self.oss("POST", place, {"uploadId": upload_id}, body)
