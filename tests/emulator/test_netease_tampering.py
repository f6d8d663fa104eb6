"""One thing changed at a time: the emulated NetEase must refuse it and nothing may come of it."""

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

from tests.emulator.client import Sent
from tests.emulator.netease_client import SECRET, NeteaseClient, Upload
from vodfast.emulator import Emulator

Change = Callable[[Sent], Sent]


def header(name: str, change: Callable[[str], str | None]) -> Change:
    return lambda sent: sent.with_header(name, change(sent.headers[name]))


def flip(text: str, at: int) -> str:
    """Another character of the same alphabet in one place."""
    at %= len(text)
    other = {"0": "1", "a": "b", "A": "B"}.get(text[at], "0" if text[at] != "0" else "1")
    return text[:at] + other + text[at + 1 :]


CALL_CHANGES: dict[str, Change] = {
    "first digit of the checksum": header("CheckSum", lambda text: flip(text, 0)),
    "last digit of the checksum": header("CheckSum", lambda text: flip(text, -1)),
    "checksum in upper case": header("CheckSum", str.upper),
    "checksum beyond ASCII": header("CheckSum", lambda _: "\xe9" * 40),
    "checksum beyond ASCII in UTF-8": header("CheckSum", lambda _: "\xc3\xa9" * 40),
    "checksum cut": header("CheckSum", lambda text: text[:-1]),
    "no checksum": header("CheckSum", lambda _: None),
    "another nonce": header("Nonce", lambda text: flip(text, 3)),
    "no nonce": header("Nonce", lambda _: None),
    "a nonce of 129 characters": header("Nonce", lambda _: "n" * 129),
    "another time": header("CurTime", lambda text: str(int(text) + 1)),
    "a time that is none": header("CurTime", lambda text: f"{text}.5"),
    "no time": header("CurTime", lambda _: None),
    "another key": header("AppKey", lambda text: f"{text}x"),
    "no key": header("AppKey", lambda _: None),
}


@pytest.mark.parametrize("name", CALL_CHANGES)
def test_a_changed_call_is_refused(netease: NeteaseClient, emulator: Emulator, name: str) -> None:
    good = netease.signed("upload/init", {"originFileName": "a.mp4"})
    answer = netease.send(CALL_CHANGES[name](good))
    assert json.loads(answer.body)["code"] == 710
    assert emulator.media() == []
    assert json.loads(netease.send(good).body)["code"] == 200


def test_a_checksum_over_the_pieces_in_another_order_or_with_another_secret_is_refused(netease: NeteaseClient) -> None:
    nonce, seconds = "abc", str(int(time.time()))
    good = netease.signed("upload/init", {"originFileName": "a.mp4"}, nonce=nonce)
    for text in (f"{nonce}{SECRET}{seconds}", f"{SECRET}{seconds}{nonce}", f"{SECRET}x{nonce}{seconds}"):
        sent = good.with_header("CurTime", seconds).with_header("CheckSum", hashlib.sha1(text.encode()).hexdigest())
        assert json.loads(netease.send(sent).body)["code"] == 710


@pytest.mark.parametrize(
    ("nonce", "cur_time", "code"),
    [
        ("n" * 128, None, 200), ("n" * 129, None, 710), ("", None, 710), ("1", "", 710), ("2", "1.", 710),
        ("3", "-1", 710), ("4", "1" * 21, 710), ("5", "now", 710),
    ],
)  # fmt: skip
def test_a_nonce_or_time_that_is_none_is_refused_however_well_it_is_signed(
    netease: NeteaseClient, nonce: str, cur_time: str | None, code: int
) -> None:
    seconds = str(int(time.time())) if cur_time is None else cur_time
    sent = netease.signed("upload/init", {"originFileName": "a.mp4"}, nonce=nonce)
    digest = hashlib.sha1(f"{SECRET}{nonce}{seconds}".encode()).hexdigest()
    answer = netease.send(sent.with_header("CurTime", seconds).with_header("CheckSum", digest))
    assert json.loads(answer.body)["code"] == code


def with_policy(change: Callable[[dict[str, Any]], dict[str, Any]], secret: str | None = None) -> Callable[[str], str]:
    """A token with a changed policy: under its old signature, or signed anew with a secret."""

    def changed(token: str) -> str:
        key, sign, policy64 = token.removeprefix("UPLOAD ").split(":")
        policy = change(json.loads(base64.b64decode(policy64)))
        encoded = base64.b64encode(json.dumps(policy).encode())
        if secret is not None:
            sign = base64.b64encode(hmac.digest(secret.encode(), encoded, "sha256")).decode()
        return f"UPLOAD {key}:{sign}:{encoded.decode()}"

    return changed


def signed_anew(policy: bytes) -> Callable[[str], str]:
    """A token rightly signed over anything."""

    def changed(token: str) -> str:
        encoded = base64.b64encode(policy)
        sign = base64.b64encode(hmac.digest(TRUE_SECRET.encode(), encoded, "sha256")).decode()
        return f"{token.partition(':')[0]}:{sign}:{encoded.decode()}"

    return changed


TRUE_SECRET = "vodfast-emulator-nos-secret"


def token_part(place: int, change: Callable[[str], str]) -> Callable[[str], str]:
    def changed(token: str) -> str:
        parts = token.removeprefix("UPLOAD ").split(":")
        parts[place] = change(parts[place])
        return "UPLOAD " + ":".join(parts)

    return changed


TOKEN_CHANGES: dict[str, tuple[Callable[[str], str | None], int]] = {
    "no token": (lambda _: None, 403),
    "another word": (lambda text: text.replace("UPLOAD", "DELETE"), 403),
    "no blank": (lambda text: text.replace(" ", ""), 403),
    "a part missing": (lambda text: text.rpartition(":")[0], 403),
    "another access key": (token_part(0, lambda text: f"{text}x"), 403),
    "first character of the sign": (token_part(1, lambda text: flip(text, 0)), 403),
    "a middle character of the sign": (token_part(1, lambda text: flip(text, 20)), 403),
    "first character of the policy": (token_part(2, lambda text: flip(text, 4)), 403),
    "another object under the old sign": (with_policy(lambda policy: policy | {"Object": "other.mp4"}), 403),
    "a longer life under the old sign": (with_policy(lambda policy: policy | {"Expires": 9999999999}), 403),
    "signed with another secret": (with_policy(lambda policy: policy, "guessed"), 403),
    "rightly signed for another object": (with_policy(lambda policy: policy | {"Object": "x.mp4"}, TRUE_SECRET), 403),
    "rightly signed for another bucket": (with_policy(lambda policy: policy | {"Bucket": "x"}, TRUE_SECRET), 403),
    "rightly signed but expired": (with_policy(lambda policy: policy | {"Expires": 1}, TRUE_SECRET), 403),
    "rightly signed over no JSON": (signed_anew(b"{"), 403),
    "rightly signed over no UTF-8": (signed_anew(b'{"Bucket":"\xff"}'), 403),
    "rightly signed over what is nested without end": (signed_anew(b"[" * 30_000), 403),
    "rightly signed over no object": (signed_anew(b"[]"), 403),
    "rightly signed without an expiry": (
        with_policy(lambda policy: {"Bucket": policy["Bucket"], "Object": policy["Object"]}, TRUE_SECRET),
        403,
    ),
}


@pytest.mark.parametrize("name", TOKEN_CHANGES)
def test_a_changed_token_is_refused(netease: NeteaseClient, emulator: Emulator, name: str) -> None:
    change, status = TOKEN_CHANGES[name]
    upload = netease.init()
    good = netease.chunk(upload, 0, b"abc", complete=True)
    assert netease.send(good.with_header("x-nos-token", change(upload.token))).status == status
    assert emulator.meter()["media_created"] == 0
    assert netease.send(good).status == 200


def target(change: Callable[[str], str]) -> Change:
    return lambda sent: replace(sent, target=change(sent.target))


CHUNK_CHANGES: dict[str, tuple[Change, int]] = {
    "another object": (target(lambda text: text.replace(".mp4", ".mov")), 403),
    "another bucket": (target(lambda text: text.replace("/vodemulator/", "/vodother/")), 403),
    "no offset": (target(lambda text: text.replace("offset=3&", "")), 400),
    "an offset that is none": (target(lambda text: text.replace("offset=3", "offset=-3")), 400),
    "complete misspelt": (target(lambda text: text.replace("complete=true", "complete=True")), 400),
    "no complete": (target(lambda text: text.replace("complete=true&", "")), 400),
    "another version": (target(lambda text: text.replace("version=1.0", "version=2.0")), 400),
    "no version": (target(lambda text: text.replace("&version=1.0", "")), 400),
    "an unknown context": (target(lambda text: text.replace("context=", "context=0")), 404),
    "no context after the first": (target(lambda text: text.split("&context=")[0] + "&version=1.0"), 400),
    "no length": (
        lambda sent: sent.with_header("Content-Length", None).with_header("Transfer-Encoding", "chunked"),
        400,
    ),
}


@pytest.mark.parametrize("name", CHUNK_CHANGES)
def test_a_changed_chunk_is_refused(netease: NeteaseClient, emulator: Emulator, name: str) -> None:
    change, status = CHUNK_CHANGES[name]
    upload = netease.init()
    netease.put(upload, 0, b"abc")
    good = netease.chunk(upload, 3, b"def", complete=True)
    changed = change(good)
    if "Transfer-Encoding" in changed.headers:
        changed = replace(changed, body=b"3\r\ndef\r\n0\r\n\r\n")
    assert netease.send(changed).status == status
    assert emulator.meter()["media_created"] == 0
    assert netease.send(good).status == 200
    (item,) = emulator.media()
    assert item["objects"][0]["sha256"] == hashlib.sha256(b"abcdef").hexdigest()


def test_a_context_of_another_object_is_refused(netease: NeteaseClient) -> None:
    one, other = netease.init(), netease.init()
    netease.put(one, 0, b"abc")
    mixed = Upload(other.bucket, other.key, other.token, one.context)
    assert netease.send(netease.chunk(mixed, 3, b"def", complete=True)).status == 400
    assert netease.send(netease.offset_query(mixed)).status == 400
    assert netease.send(netease.offset_query(one)).status == 200


def test_no_secret_enters_the_history(netease: NeteaseClient, emulator: Emulator) -> None:
    upload = netease.init()
    netease.put(upload, 0, b"abc", complete=True)
    text = json.dumps(emulator.history())
    assert upload.token not in text
    assert SECRET not in text
    assert upload.token.split(":")[1] not in text
