"""End users of a NetEase account: what a phone sends instead of a checksum, and how far that goes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.client import Sent
from tests.emulator.netease_client import API, KEY, NeteaseClient, Upload
from vodfast.emulator import Emulator

USER = {"accid": "phone-1", "name": "A phone", "type": "1"}


def sign_in(call: str, body: Any, user: dict[str, str], **changed: str | None) -> Sent:
    """A call as the vendor's phone client makes it, constants included; `changed` replaces or drops headers."""
    content = json.dumps(body).encode()
    headers = {
        "AppKey": KEY, "Accid": user["accid"], "Token": user["token"], "CurTime": "1465723418", "Nonce": "1",
        "Content-Type": "application/json;charset=utf-8", "Content-Length": str(len(content)),
    }  # fmt: skip
    headers |= {name: value for name, value in changed.items() if value is not None}
    kept = {name: value for name, value in headers.items() if name not in changed or changed[name] is not None}
    return Sent("POST", API, f"/app/vod/{call}", kept, content)


@pytest.fixture
def user(netease: NeteaseClient) -> dict[str, str]:
    return netease.call("thirdpart/user/create", USER)["ret"]


def code(netease: NeteaseClient, sent: Sent) -> int:
    return json.loads(netease.send(sent).body)["code"]


def test_a_user_uploads_and_asks(netease: NeteaseClient, emulator: Emulator, user: dict[str, str]) -> None:
    assert user["accid"] == "phone-1"
    ret = json.loads(netease.send(sign_in("upload/init", {"originFileName": "a.mp4"}, user)).body)["ret"]
    upload = Upload(ret["bucket"], ret["object"], ret["xNosToken"])
    netease.put(upload, 0, b"from a phone", complete=True)
    found = json.loads(netease.send(sign_in("video/query", {"objectNames": [upload.key]}, user)).body)["ret"]
    (media,) = emulator.media()
    assert (media["state"], media["objects"][0]["size"]) == ("committed", 12)
    assert found["list"] == [{"objectName": upload.key, "vid": int(media["media_id"])}]


def test_a_token_may_be_the_callers_own(netease: NeteaseClient) -> None:
    own = netease.call("thirdpart/user/create", USER | {"type": "2", "token": "my-token", "props": "{}"})["ret"]
    assert own == {"accid": "phone-1", "token": "my-token"}
    assert code(netease, sign_in("video/query", {"objectNames": ["x"]}, own)) == 200


def test_every_user_has_a_token_of_its_own(netease: NeteaseClient, user: dict[str, str]) -> None:
    other = netease.call("thirdpart/user/create", USER | {"accid": "phone-2"})["ret"]
    assert other["token"] != user["token"]
    assert code(netease, sign_in("video/query", {"objectNames": ["x"]}, other)) == 200
    mixed = user | {"token": other["token"]}
    assert code(netease, sign_in("video/query", {"objectNames": ["x"]}, mixed)) == 710


@pytest.mark.parametrize(
    "changed",
    [
        {"AppKey": "another"},
        {"AppKey": None},
        {"Accid": "nobody"},
        {"Accid": ""},
        {"Accid": None},
        {"Token": "x"},
        {"Token": None},
        {"Token": "\xff"},
        {"CheckSum": "0" * 40},
    ],
)
def test_who_is_no_user_uploads_nothing(
    netease: NeteaseClient, emulator: Emulator, user: dict[str, str], changed: dict[str, str | None]
) -> None:
    sent = sign_in("upload/init", {"originFileName": "a.mp4"}, user, **changed)
    assert code(netease, sent) == 710
    assert emulator.media() == []


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("upload/setcallback", {"callbackUrl": "http://127.0.0.1/"}),
        ("callback/setUrl", {"type": 2, "callbackUrl": "http://127.0.0.1/"}),
        ("thirdpart/user/create", USER | {"accid": "phone-2"}),
    ],
)
def test_a_user_does_not_run_the_account(netease: NeteaseClient, user: dict[str, str], call: str, body: Any) -> None:
    assert code(netease, sign_in(call, body, user)) == 710


@pytest.mark.parametrize(
    "changed",
    [
        {"accid": None}, {"accid": ""}, {"accid": 7}, {"name": None}, {"name": ["x"]}, {"type": None}, {"type": "3"},
        {"type": "2"}, {"type": "2", "token": ""}, {"type": "2", "token": 5}, {"props": {"a": 1}},
    ],
)  # fmt: skip
def test_users_that_cannot_be_made(netease: NeteaseClient, changed: dict[str, Any]) -> None:
    assert netease.call("thirdpart/user/create", USER | changed)["code"] == 400


def test_a_name_is_taken_once_and_forgotten_by_a_reset(
    netease: NeteaseClient, emulator: Emulator, user: dict[str, str]
) -> None:
    assert netease.call("thirdpart/user/create", USER)["code"] == 400
    assert code(netease, sign_in("video/query", {"objectNames": ["x"]}, user)) == 200
    emulator.reset()
    assert code(netease, sign_in("video/query", {"objectNames": ["x"]}, user)) == 710
    assert netease.call("thirdpart/user/create", USER)["code"] == 200
