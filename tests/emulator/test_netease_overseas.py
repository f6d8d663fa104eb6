"""The emulated NetEase of an overseas account: bytes go to Aliyun OSS, and the media is made by the store's callback.

The signatures are made here from the notes on Aliyun; one thing changed at a time must be refused.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator import aliyun_client
from tests.emulator.aliyun_client import Keys, Place, code, sign_oss4
from tests.emulator.client import Answer, Sent
from tests.emulator.netease_client import NeteaseClient
from vodfast.emulator import Emulator
from vodfast.emulator.netease.names import OVERSEAS_CALLBACK

REGION = "ap-southeast-1"
KIB = 1024


class Overseas:
    """One upload/init and the signed requests that its answer allows."""

    def __init__(self, netease: NeteaseClient, name: str = "clip.MP4") -> None:
        self.netease = netease
        self.ret = netease.call("upload/init", {"originFileName": name})["ret"]
        keys = Keys(self.ret["accessKeyId"], self.ret["accessKeySecret"], self.ret["securityToken"])
        host = f"{self.ret['bucket']}.{self.ret['host'].partition('://')[2]}"
        self.place = Place("", self.ret["bucket"], self.ret["object"], keys, host)

    def signed(
        self,
        method: str,
        query: dict[str, str] | None = None,
        body: bytes = b"",
        *,
        callback: str | None = None,
        key: str | None = None,
    ) -> Sent:
        headers = {} if callback is None else {"x-oss-callback": callback}
        return sign_oss4(method, self.place, query or {}, body, key=key, headers=headers, region=REGION)

    def put(self, body: bytes, **how: Any) -> Answer:
        return self.netease.send(self.signed("PUT", None, body, callback=self.ret["callback"], **how))

    def media(self) -> dict[str, Any]:
        return self.netease.call("video/query", {"objectNames": [self.ret["object"]]})["ret"]


@pytest.fixture
def overseas(emulator: Emulator) -> Overseas:
    emulator.settings(netease_storage="oss")
    return Overseas(NeteaseClient(emulator.endpoint))


def callback_of(url: str, body: str) -> str:
    return base64.b64encode(json.dumps({"callbackUrl": url, "callbackBody": body}).encode()).decode()


def test_init_answers_keys_and_a_callback_instead_of_a_token(overseas: Overseas) -> None:
    assert set(overseas.ret) == {
        "storageType", "bucket", "object", "host", "accessKeyId", "accessKeySecret", "securityToken", "callback"
    }  # fmt: skip
    assert overseas.ret["storageType"] == "oss"
    asked = json.loads(base64.b64decode(overseas.ret["callback"]))
    assert set(asked) == {"callbackUrl", "callbackBody", "callbackBodyType"}


def test_a_stored_object_becomes_media_through_its_callback(overseas: Overseas, emulator: Emulator) -> None:
    answer = overseas.put(b"abc")
    assert answer.status == 200
    assert answer.headers["x-oss-hash-crc64ecma"].isdigit()
    vid = json.loads(answer.body)["ret"]["vid"]
    assert overseas.media()["list"] == [{"objectName": overseas.ret["object"], "vid": vid}]
    (item,) = emulator.media()
    assert (item["cloud"], item["state"], item["media_id"]) == ("netease", "committed", str(vid))
    assert item["objects"][0]["sha256"] == hashlib.sha256(b"abc").hexdigest()
    assert [record["cloud"] for record in emulator.history()] == ["netease"] * 3
    assert overseas.put(b"abc").status == 200
    assert emulator.meter()["media_created"] == 1


def test_an_object_without_a_callback_is_no_media(overseas: Overseas, emulator: Emulator) -> None:
    assert overseas.netease.send(overseas.signed("PUT", None, b"abc")).status == 200
    assert overseas.media()["count"] == 0
    assert emulator.media()[0]["state"] == "applied"


def test_parts_become_media_when_they_are_joined(overseas: Overseas, emulator: Emulator) -> None:
    send = overseas.netease.send
    opened = send(overseas.signed("POST", {"uploads": ""}))
    (upload_id,) = re.findall("<UploadId>(.*)</UploadId>", opened.body.decode())
    parts = ""
    for number, content in enumerate((b"a" * 100 * KIB, b"b" * 5), 1):
        query = {"partNumber": str(number), "uploadId": upload_id}
        etag = send(overseas.signed("PUT", query, content)).headers["etag"]
        parts += f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
    assert emulator.media()[0]["open_uploads"] == 1
    listed = send(overseas.signed("GET", {"uploadId": upload_id}))
    assert listed.body.count(b"<Part>") == 2
    body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    done = send(overseas.signed("POST", {"uploadId": upload_id}, body, callback=overseas.ret["callback"]))
    assert json.loads(done.body)["ret"]["vid"] == overseas.media()["list"][0]["vid"]
    assert emulator.media()[0]["open_uploads"] == 0


def test_a_key_lists_the_open_uploads_of_its_own_object(overseas: Overseas) -> None:
    overseas.netease.send(overseas.signed("POST", {"uploads": ""}))
    for prefix, expected in ((overseas.ret["object"], ""), ("", "AccessDenied"), ("x", "AccessDenied")):
        answer = overseas.netease.send(overseas.signed("GET", {"uploads": "", "prefix": prefix}, key=""))
        assert (code(answer), answer.body.count(b"<Upload>")) == (expected, 0 if expected else 1)


def test_what_is_aborted_or_deleted_leaves_nothing(overseas: Overseas, emulator: Emulator) -> None:
    send = overseas.netease.send
    opened = send(overseas.signed("POST", {"uploads": ""}))
    (upload_id,) = re.findall("<UploadId>(.*)</UploadId>", opened.body.decode())
    send(overseas.signed("PUT", {"partNumber": "1", "uploadId": upload_id}, b"a"))
    assert send(overseas.signed("DELETE", {"uploadId": upload_id})).status == 204
    assert emulator.media()[0]["state"] == "aborted"
    send(overseas.signed("PUT", None, b"abc"))
    assert send(overseas.signed("HEAD")).status == 200
    assert send(overseas.signed("DELETE")).status == 204
    assert send(overseas.signed("HEAD")).status == 404
    assert emulator.media()[0]["objects"] == []


@pytest.mark.parametrize("way", ["failing", "silent"])
def test_the_callbacks_answer_follows_the_setting(overseas: Overseas, emulator: Emulator, way: str) -> None:
    emulator.settings(netease_callback=way)
    answer = overseas.put(b"abc")
    if way == "silent":
        assert json.loads(answer.body) == {"code": 200}
        assert overseas.media()["count"] == 1
    else:
        assert (answer.status, code(answer)) == (203, "CallbackFailed")
        assert overseas.media()["count"] == 0
        assert emulator.media()[0]["objects"][0]["size"] == 3


def test_a_reset_forgets_keys_and_objects(overseas: Overseas, emulator: Emulator) -> None:
    overseas.put(b"abc")
    emulator.reset()
    assert code(overseas.put(b"abc")) == "InvalidAccessKeyId"
    assert emulator.media() == []


def test_a_loopback_endpoint_is_understood_in_path_style(overseas: Overseas, emulator: Emulator) -> None:
    sent = overseas.signed("PUT", None, b"abc", callback=overseas.ret["callback"])
    answer = overseas.netease.send(
        replace(sent, host=emulator.endpoint, target=f"/{overseas.ret['bucket']}{sent.target}")
    )
    assert answer.status == 200
    assert overseas.media()["count"] == 1


Change = Callable[[Overseas, Sent], Sent]


def with_header(name: str, change: Callable[[str], str | None]) -> Change:
    return lambda _, sent: sent.with_header(name, change(sent.headers[name]))


def flipped(text: str) -> str:
    return text[:-1] + ("1" if text[-1] == "0" else "0")


CHANGES: dict[str, tuple[Change, str]] = {
    "no signature": (with_header("Authorization", lambda _: None), "AccessDenied"),
    "a signature bit": (with_header("Authorization", flipped), "SignatureDoesNotMatch"),
    "another callback than was signed": (
        with_header("x-oss-callback", lambda _: callback_of("http://x/", "a")),
        "SignatureDoesNotMatch",
    ),
    "no callback though it was signed": (with_header("x-oss-callback", lambda _: None), "SignatureDoesNotMatch"),
    "no security token": (with_header("x-oss-security-token", lambda _: None), "InvalidAccessKeyId"),
    "another security token": (with_header("x-oss-security-token", flipped), "InvalidSecurityToken"),
    "another key under the old signature": (
        lambda _, sent: replace(sent, target=sent.target.replace(".mp4", ".mov")),
        "SignatureDoesNotMatch",
    ),
    "another host's region": (
        lambda _, sent: replace(sent, host=sent.host.replace("ap-southeast-1", "cn-shanghai")),
        "NoSuchBucket",
    ),
    "a key that only begins like the object's": (
        lambda overseas, _: overseas.signed("PUT", None, b"abc", key=f"{overseas.ret['object']}x"),
        "AccessDenied",
    ),
    "a rightly signed request for another object": (
        lambda overseas, _: overseas.signed("PUT", None, b"abc", key=Overseas(overseas.netease).ret["object"]),
        "AccessDenied",
    ),
    "a callback that is no JSON": (
        lambda overseas, _: overseas.signed("PUT", None, b"abc", callback="bm9uZQ=="),
        "InvalidArgument",
    ),
    "a callback without an address": (
        lambda overseas, _: overseas.signed("PUT", None, b"abc", callback=callback_of("", "objectName=${object}")),
        "InvalidArgument",
    ),
    "a callback without a body": (
        lambda overseas, _: overseas.signed("PUT", None, b"abc", callback=callback_of("http://x/", "")),
        "InvalidArgument",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_request_is_refused_and_stores_nothing(overseas: Overseas, emulator: Emulator, name: str) -> None:
    change, expected = CHANGES[name]
    good = overseas.signed("PUT", None, b"abc", callback=overseas.ret["callback"])
    assert code(overseas.netease.send(change(overseas, good))) == expected
    assert all(item["state"] == "applied" and not item["objects"] for item in emulator.media())
    assert overseas.netease.send(good).status == 200


@pytest.mark.parametrize(
    "callback",
    [
        callback_of("http://127.0.0.1:9/", "objectName=${object}"),
        callback_of(OVERSEAS_CALLBACK, "o=${object}"),
        callback_of(OVERSEAS_CALLBACK, "objectName=another.mp4"),
    ],
)
def test_a_callback_to_or_about_anything_else_makes_no_media(overseas: Overseas, callback: str) -> None:
    answer = overseas.netease.send(overseas.signed("PUT", None, b"abc", callback=callback))
    assert (answer.status, code(answer)) == (203, "CallbackFailed")
    assert overseas.media()["count"] == 0


def test_the_key_of_an_aliyun_account_opens_nothing_here(overseas: Overseas) -> None:
    overseas.place.keys = aliyun_client.Keys()
    assert code(overseas.put(b"abc")) == "InvalidAccessKeyId"


def test_the_keys_of_an_overseas_upload_expire(overseas: Overseas, emulator: Emulator) -> None:
    emulator.settings(clock_offset=3601)
    answer = overseas.netease.send(
        sign_oss4("PUT", overseas.place, {}, b"abc", region=REGION, now=emulator.history()[0]["time"] + 3601)
    )
    assert code(answer) == "SecurityTokenExpired"


def test_no_secret_enters_the_history(overseas: Overseas, emulator: Emulator) -> None:
    overseas.put(b"abc")
    text = json.dumps(emulator.history())
    assert overseas.ret["securityToken"] not in text
    assert overseas.ret["accessKeySecret"] not in text
