"""The bucket behind NetEase uploads, read by its owner through the S3-like interface."""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace

import pytest

from tests.emulator.client import Answer, Sent
from tests.emulator.netease_client import NeteaseClient
from vodfast.emulator import Emulator

HOST = "vodemulator.nos-eastchina1.126.net"
KEY, SECRET = "vodfast-emulator-nos", "vodfast-emulator-nos-secret"
DATE = "Thu, 31 Dec 2015 00:00:00 Asia/Shanghai"


def signed(method: str, key: str, secret: str = SECRET) -> Sent:
    text = f"{method}\n\n\n{DATE}\nx-nos-a:b\n/vodemulator/{key}"
    value = base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode()
    return Sent(method, HOST, f"/{key}", {"Date": DATE, "x-nos-a": "b", "Authorization": f"NOS {KEY}:{value}"})


@pytest.fixture
def key(netease: NeteaseClient) -> str:
    upload = netease.init()
    netease.put(upload, 0, b"abc", complete=True)
    return upload.key


def code(answer: Answer) -> str:
    return answer.body.decode().partition("<Code>")[2].partition("</Code>")[0]


def test_what_was_uploaded_can_be_read_and_deleted(netease: NeteaseClient, emulator: Emulator, key: str) -> None:
    assert netease.send(signed("GET", key)).body == b"abc"
    assert netease.send(signed("HEAD", key)).headers["content-length"] == "3"
    assert netease.send(signed("DELETE", key)).status == 204
    answer = netease.send(signed("GET", key))
    assert (answer.status, code(answer)) == (404, "NoSuchKey")
    assert emulator.media()[0]["objects"] == []


def test_one_thing_changed_is_refused(netease: NeteaseClient, key: str) -> None:
    good = signed("GET", key)
    value = good.headers["Authorization"]
    for changed, expected in (
        (good.with_header("Authorization", None), "AccessDenied"),
        (good.with_header("Authorization", value.replace("NOS ", "UPLOAD ")), "AccessDenied"),
        (good.with_header("Authorization", value.replace(KEY, "other")), "InvalidAccessKeyId"),
        (signed("GET", key, "other"), "SignatureDoesNotMatch"),
        (good.with_header("Date", DATE.replace("00:00:00", "00:00:01")), "SignatureDoesNotMatch"),
        (good.with_header("x-nos-a", "c"), "SignatureDoesNotMatch"),
        (replace(good, target=f"{good.target}?acl"), "SignatureDoesNotMatch"),
        (replace(good, target=f"{good.target}x"), "SignatureDoesNotMatch"),
        (replace(good, method="DELETE"), "SignatureDoesNotMatch"),
    ):
        answer = netease.send(changed)
        assert (answer.status, code(answer)) == (403, expected)
    put = netease.send(replace(good, method="PUT", headers=good.headers | {"Content-Length": "0"}))
    assert (put.status, code(put)) == (405, "MethodNotAllowed")
    assert netease.send(good).body == b"abc"


def test_an_upload_token_opens_nothing_here(netease: NeteaseClient) -> None:
    upload = netease.init()
    sent = Sent("GET", HOST, f"/{upload.key}", {"x-nos-token": upload.token, "Authorization": upload.token})
    assert code(netease.send(sent)) == "AccessDenied"


def test_a_busy_bucket_says_so(netease: NeteaseClient, emulator: Emulator, key: str) -> None:
    emulator.set_faults([{"match": {"cloud": "netease", "operation": "GetObject"}, "action": "throttle"}])
    answer = netease.send(signed("GET", key))
    assert (answer.status, code(answer)) == (503, "ServerBusy")
