"""STS2 tokens that the emulated Volcengine must not believe, and what those it believes allow."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.volcengine_client import Keys, Volc, error
from vodfast.credentials import Credentials
from vodfast.emulator import Emulator
from vodfast.emulator.service import Refusal
from vodfast.emulator.volcengine import policies
from vodfast.providers.volcengine import verbs

ISSUER = Keys()
FIELDS = {"SpaceName": "demo", "FileExtension": ".mp4"}


def holder(issuer: Keys = ISSUER, **fields: Any) -> Keys:
    made = json.loads(verbs.issue_token(Credentials.of(issuer.access_key, issuer.secret), time.time(), 600, fields))
    return Keys(made["AccessKeyID"], made["SecretAccessKey"], made["SessionToken"])


def opened(keys: Keys) -> dict[str, Any]:
    return json.loads(base64.b64decode((keys.token or "").removeprefix("STS2")))


def closed(fields: Any) -> str:
    return "STS2" + base64.b64encode(json.dumps(fields).encode()).decode()


def signed(fields: dict[str, Any], secret: str = ISSUER.secret) -> dict[str, Any]:
    """The fields with the signature that an issuer with this secret would give them."""
    names = ("LTAccessKeyId", "AccessKeyId", "ExpiredTime", "SignedSecretAccessKey", "PolicyString")
    text = "|".join(str(fields[name]) for name in names)
    key = hashlib.md5(secret.encode()).digest()
    return fields | {"Signature": hmac.digest(key, text.encode(), "sha256").hex()}


FORGED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a longer life": lambda fields: fields | {"ExpiredTime": fields["ExpiredTime"] + 1},
    "another policy": lambda fields: fields | {"PolicyString": ""},
    "another sealed secret": lambda fields: fields | {"SignedSecretAccessKey": "A" * 44},
    "a digit of the signature": lambda fields: fields | {"Signature": "g" + fields["Signature"][1:]},
    "signed with another secret": lambda fields: signed(fields, "guessed"),
    "of an issuer nobody knows": lambda fields: signed(fields | {"LTAccessKeyId": "nobody"}),
    "rightly signed, but over": lambda fields: signed(fields | {"ExpiredTime": int(time.time()) - 1}),
    "rightly signed, with a secret that cannot be opened": lambda fields: signed(
        fields | {"SignedSecretAccessKey": base64.b64encode(b"x" * 32).decode()}
    ),
    "rightly signed, with a secret of no blocks": lambda fields: signed(
        fields | {"SignedSecretAccessKey": base64.b64encode(b"x").decode()}
    ),
    "rightly signed, with a sealed secret that is no base64": lambda fields: signed(
        fields | {"SignedSecretAccessKey": "%" * 44}
    ),
    "rightly signed, with a time that is text": lambda fields: signed(
        fields | {"ExpiredTime": str(fields["ExpiredTime"])}
    ),
    "without a signature": lambda fields: {name: value for name, value in fields.items() if name != "Signature"},
    "no object": lambda fields: [fields],
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_token_is_not_believed(volc: Volc, emulator: Emulator, case: str) -> None:
    keys = holder()
    forged = replace(keys, token=closed(FORGED[case](opened(keys))))
    assert error(volc.call("ApplyUploadInfo", FIELDS, keys=forged)) == "InvalidSecretToken"
    assert emulator.media() == []
    again = replace(keys, token=closed(signed(opened(keys))))
    assert error(volc.call("ApplyUploadInfo", FIELDS, keys=again)) == ""


def test_a_token_serves_its_own_key_alone_and_is_cut_short_by_nobody(volc: Volc) -> None:
    one, other = holder(), holder()
    for keys, code in (
        (replace(one, token=other.token), "InvalidSecretToken"),
        (replace(one, token=None), "InvalidAccessKey"),
        (replace(one, token=(one.token or "")[:-4]), "InvalidSecretToken"),
        (replace(one, secret=other.secret), "SignatureDoesNotMatch"),
        (one, ""),
    ):
        assert error(volc.call("ApplyUploadInfo", FIELDS, keys=keys)) == code


def test_temporary_keys_issue_no_tokens(volc: Volc, emulator: Emulator) -> None:
    caller = Keys("vodfast-emulator-lent", "lent-secret", "t")
    emulator.settings(callers=[{"access_key": caller.access_key, "secret": caller.secret, "token": caller.token}])
    assert error(volc.call("ApplyUploadInfo", FIELDS, keys=caller)) == ""
    made = holder(replace(caller, token=None))
    assert error(volc.call("ApplyUploadInfo", FIELDS, keys=made)) == "InvalidSecretToken"


def statement(*actions: str, on: tuple[str, ...] = (), effect: str = "Allow") -> dict[str, Any]:
    return {"Action": list(actions), "Effect": effect, "Resource": list(on)}


DEMO = "trn:vod:*:*:space/demo"
APPLY = "vod:ApplyUploadInfo"
LIMIT = '{"FileSizeUpLimit":"10","FileSizeBottomLimit":"2"}'


@pytest.mark.parametrize(
    ("statements", "fields", "allowed"),
    [
        ([statement(APPLY)], {}, True),
        ([statement("vod:applyuploadinfo")], {}, True),
        ([statement("vod:*")], {}, True),
        ([statement("*")], {}, True),
        ([], {}, False),
        ([statement("vod:CommitUploadInfo")], {}, False),
        ([statement(APPLY, on=(DEMO,))], {}, True),
        ([statement(APPLY, on=("trn:vod:*:*:space/other", DEMO))], {}, True),
        ([statement(APPLY, on=("trn:vod:*:*:space/de*",))], {}, True),
        ([statement(APPLY, on=("trn:vod:*:*:space/other",))], {}, False),
        ([statement(APPLY), statement(APPLY, effect="Deny")], {}, False),
        ([statement(APPLY, effect="Deny"), statement(APPLY)], {}, False),
        ([statement(APPLY, effect="Deny")], {}, False),
        ([statement(APPLY), statement(APPLY, on=("trn:vod:*:*:space/other",), effect="Deny")], {}, True),
        ([statement(APPLY), statement("vod:CommitUploadInfo", effect="Deny")], {}, True),
        ([statement(APPLY), statement("FileNamePtn", on=("a/*", "b/*"))], {"FileName": "b/c.mp4"}, True),
        ([statement(APPLY), statement("FileNamePtn", on=("a/*", "b/*"))], {"FileName": "c/d.mp4"}, False),
        ([statement(APPLY), statement("FileNamePtn", on=("a/*",))], {}, False),
        ([statement(APPLY), statement("UploadPolicy", on=(LIMIT,))], {"FileSize": "2"}, True),
        ([statement(APPLY), statement("UploadPolicy", on=(LIMIT,))], {"FileSize": "10.0"}, True),
        ([statement(APPLY), statement("UploadPolicy", on=(LIMIT,))], {"FileSize": "1"}, False),
        ([statement(APPLY), statement("UploadPolicy", on=(LIMIT,))], {"FileSize": "11"}, False),
        ([statement(APPLY), statement("UploadPolicy", on=(LIMIT,))], {}, False),
    ],
)
def test_what_a_policy_allows(statements: list[dict[str, Any]], fields: dict[str, str], allowed: bool) -> None:
    policy, given = json.dumps({"Statement": statements}), {"SpaceName": "demo"} | fields
    if allowed:
        policies.check(policy, "ApplyUploadInfo", given)
        return
    with pytest.raises(Refusal) as refused:
        policies.check(policy, "ApplyUploadInfo", given)
    assert refused.value.code == "LackPolicy"


def test_a_token_for_every_action_uploads(volc: Volc) -> None:
    assert error(volc.call("ApplyUploadInfo", FIELDS, keys=holder(statements=[statement("*")]))) == ""


def test_limits_of_an_upload_concern_its_beginning_only() -> None:
    statements = [statement("*"), statement("FileNamePtn", on=("a/*",)), statement("UploadPolicy", on=(LIMIT,))]
    policies.check(json.dumps({"Statement": statements}), "CommitUploadInfo", {"SpaceName": "demo"})


@pytest.mark.parametrize(
    "policy",
    [
        "{", "[]", "{}", '{"Statement":5}', '{"Statement":[{"Action":"*","Resource":[]}]}',
        '{"Statement":[{"Action":["*"],"Resource":"*"}]}', '{"Statement":[{"Action":["*"]}]}', "[" * 100_000,
        json.dumps({"Statement": [statement("*"), statement("UploadPolicy", on=("[]",))]}),
        json.dumps({"Statement": [statement("*"), statement("UploadPolicy", on=('{"FileSizeUpLimit":"x"}',))]}),
    ],
)  # fmt: skip
def test_a_policy_that_is_not_understood_allows_nothing(policy: str) -> None:
    with pytest.raises(Refusal) as refused:
        policies.check(policy, "ApplyUploadInfo", {"SpaceName": "demo"})
    assert refused.value.code == "InvalidSecretToken"
