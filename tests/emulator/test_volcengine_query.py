"""Calls signed in the query: what of it may change, and how long it is good for."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.changes import target
from tests.emulator.client import Sent
from tests.emulator.volcengine_client import API, Keys, Volc, derive, encode, error
from vodfast.emulator import Emulator

NEW = {"Action": "ApplyUploadInfo", "Version": "2022-01-01", "SpaceName": "demo", "FileExtension": ".mp4"}
OWN = Keys()


def presign(
    keys: Keys = OWN,
    *,
    life: str | None = None,
    service: str = "vod",
    moment: str | None = None,
    now: float | None = None,
) -> Sent:
    """ApplyUploadInfo as a URL (protocol notes 3.2)."""
    date = moment or time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if now is None else now))
    scope = f"{date[:8]}/cn-north-1/{service}/request"
    query = NEW | {
        "X-Date": date, "X-NotSignBody": "", "X-Credential": f"{keys.access_key}/{scope}",
        "X-Algorithm": "HMAC-SHA256", "X-SignedHeaders": "", "X-SignedQueries": "",
    }  # fmt: skip
    if life is not None:
        query["X-Expires"] = life
    query["X-SignedQueries"] = ";".join(sorted(query))
    if keys.token:
        query["X-Security-Token"] = keys.token
    listed = "&".join(f"{encode(name)}={encode(query[name])}" for name in sorted(query))
    canonical = f"GET\n/\n{listed}\n\n\n\n{hashlib.sha256(b'').hexdigest()}"
    text = f"HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = derive(keys.secret, date[:8], "cn-north-1", service, "request")
    query["X-Signature"] = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return Sent("GET", API, "/?" + "&".join(f"{encode(name)}={encode(value)}" for name, value in query.items()), {})


def test_a_call_signed_in_the_query_is_taken(volc: Volc, emulator: Emulator) -> None:
    assert error(volc.send(presign())) == ""
    assert error(volc.send(presign(life="60"))) == ""
    caller = {"access_key": "AK", "secret": "SK", "token": "STSx+/="}
    emulator.settings(callers=[caller])
    assert error(volc.send(presign(Keys("AK", "SK", "STSx+/=")))) == ""
    assert len(emulator.media()) == 3


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (target("demo", "demp"), "SignatureDoesNotMatch"),
        (target("FileExtension=.mp4", "FileExtension=.mp3"), "SignatureDoesNotMatch"),
        (target("/?", "/?FileType=media&"), "SignatureDoesNotMatch"),
        (target("X-NotSignBody=", "X-NotSignBody=1"), "SignatureDoesNotMatch"),
        (lambda sent: replace(sent, target=sent.target[:-1] + ("0" if sent.target[-1] != "0" else "1")),
         "SignatureDoesNotMatch"),
        (target("HMAC-SHA256", "HMAC-SHA512"), "MissingSignature"),
        (target("X-Algorithm", "X-Algo"), "MissingSignature"),
        (target("%2Frequest", "%2Frequests"), "MissingSignature"),
        (target("vodfast-emulator-volcengine", "somebody"), "InvalidAccessKey"),
        (target("X-Date", "X-Dat"), "MissingRequestInfo"),
        (target("X-Signature", "X-Signatur"), "MissingAuthenticationToken"),
        (target("&X-Signature", "&X-Security-Token=t&X-Signature"), "InvalidSecretToken"),
    ],
)  # fmt: skip
def test_one_change_to_a_signed_query(
    volc: Volc, emulator: Emulator, change: Callable[[Sent], Sent], code: str
) -> None:
    sent = presign()
    assert error(volc.send(change(sent))) == code
    assert emulator.media() == []
    assert error(volc.send(sent)) == ""


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"service": "tos"}, "InvalidCredential"),
        ({"life": "soon"}, "InvalidTimestamp"),
        ({"life": "-1"}, "InvalidTimestamp"),
        ({"life": "1e3"}, "InvalidTimestamp"),
        ({"moment": time.strftime("%Y%m%dT%H%M1Z", time.gmtime())}, "InvalidTimestamp"),
        ({"now": time.time() + 100_000}, "InvalidTimestamp"),
        ({"keys": Keys(secret="wrong")}, "SignatureDoesNotMatch"),
    ],
)
def test_queries_signed_wrongly(volc: Volc, emulator: Emulator, how: dict[str, Any], code: str) -> None:
    assert error(volc.send(presign(**how))) == code
    assert emulator.media() == []


def test_a_signed_query_is_good_for_its_time(volc: Volc) -> None:
    """As long as it says, else a quarter of an hour."""
    now = time.time()
    assert error(volc.send(presign(now=now - 890))) == ""
    assert error(volc.send(presign(now=now - 910))) == "InvalidTimestamp"
    assert error(volc.send(presign(now=now - 910, life="1000"))) == ""
    assert error(volc.send(presign(now=now - 110, life="100"))) == "InvalidTimestamp"


def test_a_callers_key_ends_with_its_time(volc: Volc, emulator: Emulator) -> None:
    """Whichever way it signs."""
    keys = Keys("AK", "SK", "STSx")
    emulator.settings(callers=[{"access_key": "AK", "secret": "SK", "token": "STSx", "expires_at": time.time() + 100}])

    def answers() -> list[str]:
        return [error(volc.send(presign(keys))), error(volc.call("ApplyUploadInfo", given(), keys=keys))]

    assert answers() == ["", ""]
    emulator.settings(clock_offset=110)
    assert answers() == ["InvalidSecretToken"] * 2
    assert json.loads(volc.send(presign(keys)).body)["ResponseMetadata"]["Error"]["CodeN"] == 0


def given() -> dict[str, str]:
    return {name: value for name, value in NEW.items() if name not in ("Action", "Version")}
