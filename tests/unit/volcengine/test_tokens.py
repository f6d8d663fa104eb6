"""STS2 tokens: fields, lifetimes, randomness, and the cipher against the standard."""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from vodfast.credentials import Credentials
from vodfast.errors import InvalidInput, Unsupported
from vodfast.providers.volcengine import sts2
from vodfast.providers.volcengine.protocol import VolcengineVod

KEYS = Credentials.of("AKLTfake", "secret")
VOD = VolcengineVod()
NOW = 1_768_465_800.5


def token(lifetime: float = 3600, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    outer = json.loads(VOD.issue_token(KEYS, NOW, lifetime, fields))
    assert set(outer) == {"AccessKeyID", "SecretAccessKey", "SessionToken", "ExpiredTime", "CurrentTime"}
    assert outer["SessionToken"].startswith("STS2")
    return outer, json.loads(base64.b64decode(outer["SessionToken"][4:]))


def statements(**fields: Any) -> list[dict[str, Any]]:
    return json.loads(token(**fields)[1]["PolicyString"])["Statement"]


def test_a_token_without_fields_allows_uploads_and_shows_no_secret() -> None:
    outer, inner = token()
    assert (inner["LTAccessKeyId"], inner["AccessKeyId"]) == ("AKLTfake", outer["AccessKeyID"])
    assert inner["ExpiredTime"] == int(NOW) + 3600
    assert datetime.fromisoformat(outer["ExpiredTime"]).astimezone(UTC).timestamp() == int(NOW) + 3600
    assert datetime.fromisoformat(outer["CurrentTime"]).tzinfo is not None
    assert statements() == [sts2.allow(sts2.UPLOAD_ACTIONS, [])]
    assert "secret" not in json.dumps([outer, inner]).lower().replace("secretaccesskey", "")


def test_fields_become_statements_of_the_policy() -> None:
    assert statements(actions=["vod:A"], resources=["trn:vod:*:*:space/my space"]) == [
        {"Action": ["vod:A"], "Effect": "Allow", "Resource": ["trn:vod:*:*:space/my space"]}
    ]
    assert statements(
        spaces=["a b"], file_name_pattern="test/*", content_type_deny=["text/html"], content_type_allow=["video/mp4"],
        min_bytes=1, max_bytes=1 << 40,
    ) == [
        sts2.allow(["vod:ApplyUploadInfo"], ["trn:vod:*:*:space/a b"]),
        sts2.allow(["vod:CommitUploadInfo"], []),
        sts2.allow(["FileNamePtn"], ["test/*"]),
        sts2.allow(
            ["UploadPolicy"],
            [
                '{"ContentTypeBlackList":["text/html"],"ContentTypeWhiteList":["video/mp4"],'
                '"FileSizeUpLimit":"1099511627776","FileSizeBottomLimit":"1"}'
            ],
        ),
    ]  # fmt: skip


def test_a_whole_policy() -> None:
    deny = {"Effect": "Deny", "Action": ("vod:A",), "Resource": ["trn:vod:*:*:space/my space"]}
    assert statements(statements=[deny, sts2.allow(["*"], [])]) == [
        {"Action": ["vod:A"], "Effect": "Deny", "Resource": ["trn:vod:*:*:space/my space"]},
        sts2.allow(["*"], []),
    ]


def test_an_empty_policy_allows_nothing_and_none_allows_everything() -> None:
    assert statements(statements=[]) == []
    assert token(unrestricted=True)[1]["PolicyString"] == ""
    assert statements(unrestricted=False) == [sts2.allow(sts2.UPLOAD_ACTIONS, [])]


@pytest.mark.parametrize(("lifetime", "until"), [(60, 60), (59.9, 60), (1, 60), (61.9, 61), (86400, 86400)])
def test_a_lifetime_is_whole_seconds_and_a_minute_at_least(lifetime: float, until: int) -> None:
    assert token(lifetime)[1]["ExpiredTime"] == int(NOW) + until


@pytest.mark.parametrize("lifetime", [0, -1, float("nan"), float("inf"), 1e12, True, "60"])
def test_lifetimes_that_are_none(lifetime: Any) -> None:
    with pytest.raises(InvalidInput, match="lifetime"):
        VOD.issue_token(KEYS, NOW, lifetime, {})


@pytest.mark.parametrize(
    "fields",
    [
        {"colour": "red"}, {"actions": "vod:A"}, {"actions": []}, {"actions": [5]}, {"spaces": [""]},
        {"spaces": ["a"], "resources": ["b"]}, {"spaces": ["a\n"]}, {"file_name_pattern": 5}, {"max_bytes": -1},
        {"min_bytes": True}, {"min_bytes": 2, "max_bytes": 1}, {"content_type_allow": "video/mp4"},
        {"unrestricted": 1}, {"unrestricted": True, "spaces": ["a"]}, {"unrestricted": True, "statements": []},
        {"statements": "Allow"}, {"statements": [{}]}, {"statements": [], "spaces": ["a"]}, {"statements": ["Allow"]},
        {"statements": [{"Effect": "Maybe", "Action": ["a"], "Resource": []}]},
        {"statements": [{"Effect": "Allow", "Action": [], "Resource": []}]},
        {"statements": [{"Effect": "Allow", "Action": ["a"], "Resource": [5]}]},
    ],
)  # fmt: skip
def test_a_token_with_a_bad_field_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        VOD.issue_token(KEYS, NOW, 3600, fields)


def test_temporary_keys_issue_nothing() -> None:
    with pytest.raises(Unsupported, match="permanent"):
        VOD.issue_token(Credentials.of("a", "b", "token"), NOW, 3600, {})


def test_every_token_is_its_own() -> None:
    drawn = [sts2.draw() for _ in range(50)]
    assert len({one.key for one in drawn}) == len({one.secret for one in drawn}) == 50
    assert all(len(one.key) == len(one.secret) == 32 and one.secret.isalpha() for one in drawn)
    # Drawn with repetition, unlike the vendor's client: 32 of 52 letters all different would be a rare accident.
    assert any(len(set(one.secret)) < 32 for one in drawn)
    assert drawn[0].secret not in repr(drawn[0])


def test_no_token_can_be_foretold() -> None:
    drawn = []
    for _ in range(2):
        random.seed(1)
        drawn.append(sts2.draw())
    assert drawn[0].secret != drawn[1].secret
    assert drawn[0].key != drawn[1].key


def test_the_cipher_against_the_standard() -> None:
    """NIST SP 800-38A, F.2.1, and the block of zeros that an aligned text is padded with."""
    key, start = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"), bytes(range(16))
    plain = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
    sealed = sts2.encrypt(plain, key, start)
    assert sealed[:32].hex() == "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
    assert len(sealed) == 48
    assert [len(sts2.encrypt(bytes(length), key, start)) for length in (0, 1, 15, 16, 17)] == [16, 16, 16, 32, 32]
