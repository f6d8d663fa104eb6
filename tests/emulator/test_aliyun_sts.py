"""Roles of the Alibaba account: what AssumeRole lends, and for how long."""

from __future__ import annotations

import calendar
import json
import time
from typing import Any

import pytest

from tests.emulator.aliyun_client import Keys, sign_acs3, sign_rpc
from tests.emulator.client import Client as Sender
from tests.emulator.client import Sent
from vodfast import Client, Credentials, TransferConfig, VodfastError, parse_route
from vodfast.emulator import Emulator

STS = "sts.aliyuncs.com"
VERSION = "2015-04-01"
ROLE = "acs:ram::1234567890123456:role/uploader"
GOOD = {"RoleArn": ROLE, "RoleSessionName": "a-session"}


def sent(emulator: Emulator, request: Sent) -> tuple[int, dict[str, Any]]:
    answer = Sender(emulator.endpoint).send(request)
    return answer.status, json.loads(answer.body)


def assume(
    emulator: Emulator, fields: dict[str, str], keys: Keys | None = None, **how: Any
) -> tuple[int, dict[str, Any]]:
    how = {"host": STS, "version": VERSION, **how}
    return sent(emulator, sign_rpc("AssumeRole", fields, keys or Keys(), **how))


def lent(emulator: Emulator, **fields: str) -> dict[str, str]:
    status, answer = assume(emulator, GOOD | fields)
    assert status == 200, answer
    credentials: dict[str, str] = answer["Credentials"]
    return credentials


@pytest.mark.parametrize("host", [STS, "sts.cn-shanghai.aliyuncs.com"])
def test_a_role_is_assumed(emulator: Emulator, host: str) -> None:
    _, answer = assume(emulator, GOOD, host=host)
    assert set(answer) == {"RequestId", "AssumedRoleUser", "Credentials"}
    assert answer["AssumedRoleUser"]["Arn"] == f"{ROLE}/a-session"
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":a-session")
    assert set(answer["Credentials"]) == {"AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration"}
    assert answer["Credentials"]["AccessKeyId"].startswith("STS.")
    assert [record["operation"] for record in emulator.history()] == ["AssumeRole"]


def test_vodfast_uploads_with_what_was_lent_until_it_has_expired(emulator: Emulator) -> None:
    keys = lent(emulator)
    credentials = Credentials.of(keys["AccessKeyId"], keys["AccessKeySecret"], keys["SecurityToken"])
    config = TransferConfig(route=parse_route(emulator.endpoint), attempts=1)
    with Client("aliyun", config=config, credentials=credentials) as client:
        assert client.upload(b"12345", name="clip.mp4").state == "done"
        emulator.settings(clock_offset=3601.0)
        with pytest.raises(VodfastError):
            client.upload(b"12345", name="clip.mp4")


@pytest.mark.parametrize(("asked", "seconds"), [({}, 3600), ({"DurationSeconds": "900"}, 900)])
def test_how_long_it_lives(emulator: Emulator, asked: dict[str, str], seconds: int) -> None:
    before = time.time()
    ends = calendar.timegm(time.strptime(lent(emulator, **asked)["Expiration"], "%Y-%m-%dT%H:%M:%SZ"))
    assert before - 1 <= ends - seconds <= time.time() + 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"RoleArn": ROLE}, "MissingParameter"),
        ({"RoleSessionName": "a-session"}, "MissingParameter"),
        (GOOD | {"RoleArn": "uploader"}, "InvalidParameter.RoleArn"),
        (GOOD | {"RoleArn": "acs:ram::1:user/uploader"}, "InvalidParameter.RoleArn"),
        (GOOD | {"RoleSessionName": "a"}, "InvalidParameter.RoleSessionName"),
        (GOOD | {"RoleSessionName": "a session"}, "InvalidParameter.RoleSessionName"),
        (GOOD | {"DurationSeconds": "899"}, "InvalidParameter.DurationSeconds"),
        (GOOD | {"DurationSeconds": "43201"}, "InvalidParameter.DurationSeconds"),
        (GOOD | {"DurationSeconds": "an hour"}, "InvalidParameter.DurationSeconds"),
        (GOOD | {"Policy": "{}"}, "InvalidParameter"),
    ],
)
def test_what_is_refused(emulator: Emulator, fields: dict[str, str], code: str) -> None:
    status, answer = assume(emulator, fields)
    assert (status, answer["Code"]) == (400, code)


def test_who_is_refused(emulator: Emulator) -> None:
    assert assume(emulator, GOOD, Keys(secret="another"))[1]["Code"] == "SignatureDoesNotMatch"
    assert assume(emulator, GOOD, version="2017-03-21")[1]["Code"] == "InvalidVersion"
    keys = lent(emulator)
    no_token = Keys(keys["AccessKeyId"], keys["AccessKeySecret"])
    video = sign_acs3("CreateUploadVideo", {"Title": "t", "FileName": "a.mp4"}, no_token)
    assert sent(emulator, video)[1]["Code"].startswith("InvalidSecurityToken")


def test_a_reset_forgets_what_was_lent(emulator: Emulator) -> None:
    keys = lent(emulator)
    emulator.reset()
    own = Keys(keys["AccessKeyId"], keys["AccessKeySecret"], keys["SecurityToken"])
    assert assume(emulator, GOOD, own)[1]["Code"] == "InvalidAccessKeyId.NotFound"


def test_by_a_loopback_address(emulator: Emulator) -> None:
    assert assume(emulator, GOOD, host=emulator.endpoint)[0] == 200
