"""The API behind the vendor's browser client, with signatures that vodfast made: what a page would do with them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.emulator.client import KEY, SECRET, Client, Sent
from vodfast.credentials import Credentials
from vodfast.emulator import Emulator
from vodfast.providers.tencent import verbs

HOST = "vod2.qcloud.com"
VIDEO = {"videoName": "clip", "videoType": "mp4", "videoSize": 5}


def token(now: float | None = None, lifetime: float = 600, sub_app: int | None = None, **fields: Any) -> str:
    keys = Credentials.of(KEY, SECRET)
    return verbs.issue_token(keys, time.time() if now is None else now, lifetime, fields, sub_app)


def ask(client: Client, action: str, fields: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(fields).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    answer = client.send(Sent("POST", HOST, f"/v3/index.php?Action={action}", headers, body))
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "*")
    return json.loads(answer.body)


def ticket(data: dict[str, Any], place: str = "video") -> dict[str, Any]:
    """What the store's client needs, from a page's answer."""
    given = data["tempCertificate"]
    return {
        "StorageBucket": f"{data['storageBucket']}-{data['storageAppId']}",
        "StorageRegion": data["storageRegionV5"],
        "MediaStoragePath": data[place]["storagePath"],
        "TempCertificate": {"SecretId": given["secretId"], "SecretKey": given["secretKey"], "Token": given["token"]},
    }


def test_a_page_uploads_with_a_signature_made_here(client: Client, emulator: Emulator) -> None:
    made = token(procedure="flow", source_context="from a page", class_id=7, session_context="s", sub_app=101)
    cover = {"coverName": "c", "coverType": "png", "coverSize": 3}
    data = ask(client, "ApplyUploadUGC", {"signature": made} | VIDEO | cover)["data"]
    assert client.put(ticket(data), b"movie").status == 200
    assert client.put(ticket(data, "cover"), b"png").status == 200
    done = ask(client, "CommitUploadUGC", {"signature": made, "vodSessionKey": data["vodSessionKey"]})
    (media,) = emulator.media()
    assert (media["state"], media["media_id"]) == ("committed", done["data"]["fileId"])
    assert done["data"]["video"]["url"].endswith(data["video"]["storagePath"])
    assert done["data"]["cover"]["url"].endswith("cover.png")
    (info,) = client.call("DescribeMediaInfos", FileIds=[media["media_id"]], SubAppId=101).data["MediaInfoSet"]
    assert (info["BasicInfo"]["Name"], info["BasicInfo"]["ClassId"]) == ("clip", 7)
    assert info["BasicInfo"]["SourceInfo"]["SourceContext"] == "from a page"
    [event] = client.call("PullEvents", SubAppId=101).data["EventSet"]
    assert event["EventType"] == "NewFileUpload"


def test_a_session_is_resumed_with_new_keys_for_the_same_path(client: Client, emulator: Emulator) -> None:
    made = token()
    first = ask(client, "ApplyUploadUGC", {"signature": made} | VIDEO)["data"]
    emulator.set_faults([{"action": "expire_token", "match": {"operation": "PutObject"}}])
    assert client.put(ticket(first), b"movie").code == "ExpiredToken"
    again = ask(client, "ApplyUploadUGC", {"signature": made, "vodSessionKey": first["vodSessionKey"]})["data"]
    assert again["video"] == first["video"]
    assert again["tempCertificate"]["token"] != first["tempCertificate"]["token"]
    assert client.put(ticket(again), b"movie").status == 200
    assert ask(client, "CommitUploadUGC", {"signature": made, "vodSessionKey": again["vodSessionKey"]})["code"] == 0


def test_a_one_time_signature_serves_one_upload_to_its_end(client: Client) -> None:
    made = token(one_time_valid=True)
    data = ask(client, "ApplyUploadUGC", {"signature": made} | VIDEO)["data"]
    assert ask(client, "ApplyUploadUGC", {"signature": made} | VIDEO)["code"] == 10014
    key = {"signature": made, "vodSessionKey": data["vodSessionKey"]}
    assert ask(client, "ApplyUploadUGC", key)["code"] == 0
    assert client.put(ticket(data), b"movie").status == 200
    assert ask(client, "CommitUploadUGC", key)["code"] == 0
    assert ask(client, "ApplyUploadUGC", {"signature": token(one_time_valid=True)} | VIDEO)["code"] == 0


def flipped(made: str) -> str:
    raw = bytearray(base64.b64decode(made))
    raw[-1] ^= 1
    return base64.b64encode(raw).decode()


def written(**changed: str | None) -> str:
    """A signature that is right, over fields that may not be; None leaves one out."""
    now = int(time.time())
    fields = {"secretId": KEY, "currentTimeStamp": str(now), "expireTime": str(now + 600), "random": "1"} | changed
    text = urlencode({name: value for name, value in fields.items() if value is not None}).encode()
    return base64.b64encode(hmac.new(SECRET.encode(), text, hashlib.sha1).digest() + text).decode()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"signature": token()}, 10002),
        (VIDEO, 10002),
        ({"signature": flipped(token())} | VIDEO, 10012),
        ({"signature": "none"} | VIDEO, 10010),
        ({"signature": token(now=time.time() - 700)} | VIDEO, 10013),
        ({"signature": written(secretId="nobody")} | VIDEO, 10011),
        ({"signature": written(random=None)} | VIDEO, 10010),
        ({"signature": f"{written()[:8]}\n{written()[8:]}"} | VIDEO, 10010),
        ({"signature": written(random=str(2**32))} | VIDEO, 10010),
        ({"signature": written(expireTime=str(int(time.time()) + 7776001))} | VIDEO, 10013),
        ({"signature": written(unknown="to the notes")} | VIDEO, 0),
        ({"signature": token()} | VIDEO | {"videoName": "a:b"}, 10001),
        ({"signature": token()} | VIDEO | {"videoType": "exe"}, 10009),
        ({"signature": token(sub_app=7)} | VIDEO, 10009),
        ({"signature": token(), "vodSessionKey": "no"}, 10020),
        ({"signature": token(), "videoName": 5}, 10001),
    ],
)
def test_applies_that_are_wrong(client: Client, emulator: Emulator, fields: dict[str, Any], code: int) -> None:
    assert ask(client, "ApplyUploadUGC", fields)["code"] == code
    assert len(emulator.media()) == (code == 0)


NOW = int(time.time())
MALFORMED = [
    {"secretId": ""}, {"currentTimeStamp": f"+{NOW}"}, {"expireTime": f"+{NOW + 600}"}, {"random": "-1"},
    {"classId": "-1"}, {"classId": "seven"}, {"procedure": ""}, {"taskPriority": "11"}, {"taskPriority": "-11"},
    {"taskNotifyMode": "Never"}, {"sourceContext": "x" * 251}, {"oneTimeValid": "2"}, {"vodSubAppId": "0"},
    {"sessionContext": "x" * 1001}, {"storageRegion": ""},
]  # fmt: skip
LIMITS = [
    {"random": "0"}, {"random": str(2**32 - 1)}, {"classId": "0"}, {"taskPriority": "10"}, {"taskPriority": "-10"},
    {"taskNotifyMode": "Finish"}, {"taskNotifyMode": "Change"}, {"taskNotifyMode": "None"},
    {"sourceContext": "x" * 250}, {"oneTimeValid": "0"}, {"sessionContext": "x" * 1000},
    {"storageRegion": "ap-chongqing"}, {"currentTimeStamp": str(NOW), "expireTime": str(NOW + 7776000)},
]  # fmt: skip


@pytest.mark.parametrize("fields", MALFORMED)
def test_a_right_signature_over_what_is_not_well_formed_is_refused(client: Client, fields: dict[str, str]) -> None:
    assert ask(client, "ApplyUploadUGC", {"signature": written(**fields)} | VIDEO)["code"] == 10010


@pytest.mark.parametrize("fields", LIMITS)
def test_a_right_signature_up_to_every_limit_is_accepted(client: Client, fields: dict[str, str]) -> None:
    assert ask(client, "ApplyUploadUGC", {"signature": written(**fields)} | VIDEO)["code"] == 0


def test_a_session_belongs_to_its_sub_application_and_needs_its_file(client: Client) -> None:
    data = ask(client, "ApplyUploadUGC", {"signature": token(sub_app=101)} | VIDEO)["data"]
    key = {"vodSessionKey": data["vodSessionKey"]}
    assert ask(client, "CommitUploadUGC", {"signature": token()} | key)["code"] == 10020
    assert ask(client, "CommitUploadUGC", {"signature": token(sub_app=101)} | key)["code"] == 10021


def test_bodies_and_places_that_are_none(client: Client) -> None:
    for body, target in ((b"[]", "/v3/index.php?Action=ApplyUploadUGC"), (b"{}", "/v2?Action=ApplyUploadUGC")):
        headers = {"Content-Length": str(len(body))}
        assert json.loads(client.send(Sent("POST", HOST, target, headers, body)).body)["code"] in (10000, 10001)
