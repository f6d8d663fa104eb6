"""Addresses that are none are refused by every cloud in its own words, wherever a caller names one."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.emulator.aliyun_client import Client as Aliyun
from tests.emulator.client import Client
from tests.emulator.netease_client import NeteaseClient
from tests.emulator.volcengine_client import Volc, error
from vodfast.emulator import Emulator
from vodfast.emulator.web_address import web_host

NONE = ("http://[h/a.mp4", "http://h:99999/a.mp4", "http://h:0/a.mp4", "http:///a.mp4", "ftp://h/a.mp4", "//h/a.mp4")


def test_what_is_an_address() -> None:
    assert [web_host(address) for address in (*NONE, "", None, 5)] == [""] * 9
    assert [web_host(address) for address in ("HTTP://H/", "https://h:8080", "http://[::1]:80/")] == ["h", "h", "::1"]


def tencent(endpoint: str, action: str, **fields: str) -> str:
    return Client(endpoint).call(action, **fields).code


def aliyun(endpoint: str, action: str, **fields: str) -> str:
    return str(Aliyun(endpoint).call(action, **fields).get("Code", ""))


def netease(endpoint: str, call: str, **fields: str) -> str:
    return str(NeteaseClient(endpoint).call(call, fields)["code"])


def pulled(endpoint: str, url: str) -> str:
    fields = {"SpaceName": "demo", "URLSets": json.dumps([{"SourceUrl": url}])}
    return error(Volc(endpoint).call("UploadMediaByUrl", fields, version="2020-08-01", method="POST"))


PLACES: dict[str, tuple[Callable[[str, str], str], str]] = {
    "volcengine pull": (pulled, "InvalidParameter"),
    "aliyun pull": (
        lambda endpoint, url: aliyun(endpoint, "UploadMediaByURL", UploadURLs=quote(url)),
        "InvalidParameter.UploadURLs",
    ),
    "aliyun callback": (
        lambda endpoint, url: aliyun(endpoint, "SetMessageCallback", CallbackType="HTTP", CallbackURL=url),
        "InvalidParameter.CallbackURL",
    ),
    "tencent pull": (
        lambda endpoint, url: tencent(endpoint, "PullUpload", MediaUrl=url),
        "InvalidParameterValue.MediaUrl",
    ),
    "tencent cover": (
        lambda endpoint, url: tencent(endpoint, "PullUpload", MediaUrl="http://h/a.mp4", CoverUrl=url),
        "InvalidParameterValue.CoverUrl",
    ),
    "tencent callback": (
        lambda endpoint, url: tencent(endpoint, "ModifyEventConfig", NotificationUrl=url),
        "InvalidParameterValue",
    ),
    "netease callback": (lambda endpoint, url: netease(endpoint, "upload/setcallback", callbackUrl=url), "400"),
    "netease upload": (
        lambda endpoint, url: netease(endpoint, "upload/init", originFileName="a.mp4", uploadCallbackUrl=url),
        "400",
    ),
    "netease transcode": (
        lambda endpoint, url: netease(endpoint, "upload/init", originFileName="a.mp4", callbackUrl=url),
        "400",
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_an_address_that_is_none_is_refused(emulator: Emulator, place: str) -> None:
    ask, code = PLACES[place]
    assert {ask(emulator.endpoint, url) for url in NONE} == {code}
    assert ask(emulator.endpoint, "HTTP://example.com:8080/a.mp4") == ("200" if "netease" in place else "")


def test_an_events_address_that_is_none_is_recorded_and_not_called(volc: Volc, emulator: Emulator) -> None:
    emulator.settings(volcengine_callback_url="http://[h/")
    address = volc.apply()["UploadAddress"]
    assert volc.put(address, b"x").status == 200
    assert error(volc.commit(address)) == ""
    (record,) = emulator.deliveries()
    assert (record["status"], record["attempts"]) == (0, 0)
