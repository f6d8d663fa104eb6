"""The calls behind `upload_file` of `vcloud`, made one by one or replaced by a script's own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.compat.vcloud.uploads import (
    BLOCK,
    BODY,
    KEY,
    SECRET,
    broken_off,
    chunks_of_the_original,
)
from tests.oracle import operations, the_media
from vodfast.compat import vcloud
from vodfast.compat.vcloud import config
from vodfast.compat.vcloud.http import ResponseInfo


def test_an_opened_upload_can_be_filled_step_by_step(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path
) -> None:
    path = media_file(BLOCK + 9)
    init, host = client.upload_init(BODY), client.get_upload_host()
    assert init is not None
    assert host is not None
    assert set(vars(init)) == {"bucket", "objectName", "xNosToken"}
    assert set(vars(host)) == {"upload_host", "upload_host_backup"}
    recorder = vcloud.UploadProgressRecorder(str(records))
    shown: list[int] = []
    ret, info = vcloud.put_file(
        init,
        host,
        "beauty.mp4",
        str(path),
        BLOCK + 9,
        1.0,
        0,
        "",
        recorder,
        "video/mp4",
        lambda at, _: shown.append(at),
    )
    assert ret is not None
    assert (info.status_code, info.ok(), info.exception, ret["offset"]) == (200, True, None, BLOCK + 9)
    assert shown == [BLOCK, BLOCK + 9]
    assert the_media(vodfast_emulator)["objects"][0]["key"] == init.objectName
    assert not list(records.iterdir())


def test_headers_say_whose_call_it_is(vodfast_emulator: Any) -> None:
    headers = vcloud.Auth(KEY, SECRET).getVcloudHeaders()
    assert list(headers) == ["Content-Type", "AppKey", "Nonce", "CurTime", "CheckSum"]
    asked = ("/app/vod/video/query", headers, {"objectNames": ["a.mp4"]})
    for transport in (vcloud.Transport(), vcloud.Transport(KEY, "wrong")):
        _, answer = transport.vcloud_api_request(*asked)
        assert answer is not None
        assert (answer.code, answer.ret["list"]) == (200, [])
    _, answer = vcloud.Transport(KEY, "wrong").vcloud_api_request(asked[0], dict(headers), asked[2])
    assert answer is not None
    assert (answer.code, answer.msg) == (710, "The CheckSum is wrong.")
    assert vcloud.Transport().vcloud_api_request(asked[0], dict(headers), asked[2]) == (None, None)
    assert len(vodfast_emulator.history()) == 3


def test_keys_may_be_changed_late(media_file: Callable[..., Path]) -> None:
    client = vcloud.Client(KEY, "wrong")
    assert client.upload_file(BODY, str(media_file(9))) is None
    client.auth.AppSecret = SECRET
    assert isinstance(client.upload_file(BODY, str(media_file(9))), vcloud.QueryResult)
    client.auth = vcloud.Auth(KEY, "wrong")
    assert client.upload_init(BODY) is None
    assert client.set_callback({"callbackUrl": "http://a.b"}) == b"The CheckSum is wrong."


def test_a_client_may_have_a_transport_without_keys(
    vodfast_emulator: Any, media_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(vcloud.Client):
        def __init__(self) -> None:
            self.transport, self.auth = vcloud.Transport(), vcloud.Auth(KEY, SECRET)

        def upload_init(self, body: Any) -> Any:
            return super().upload_init(body)

    client, path = Own(), media_file(BLOCK + 9)
    host = client.get_upload_host()
    assert host is not None
    assert host.upload_host
    broken_off(client, vodfast_emulator, monkeypatch, path)
    assert isinstance(client.upload_file(BODY, str(path)), vcloud.QueryResult)
    assert operations(vodfast_emulator).count("upload/init") == 1
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_transport_of_ones_own_is_used_and_can_ask_for_offsets(
    vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    asked: list[str] = []

    class Own(vcloud.Transport):
        def vcloud_api_request(self, operator: str, headers: Any = None, body: Any = None) -> Any:
            assert set(headers) == {"Content-Type", "AppKey", "Nonce", "CurTime", "CheckSum"}
            asked.append(operator)
            return super().vcloud_api_request(operator, headers, body)

    client = vcloud.Client(KEY, SECRET, transport_class=Own)
    assert client.query_id({"objectNames": ["a.mp4"]}) is None
    init, host = client.upload_init(BODY), client.get_upload_host()
    assert asked == ["/app/vod/video/query", "/app/vod/upload/init"]
    assert init is not None
    assert host is not None
    context = chunks_of_the_original(vodfast_emulator, init, b"abc")
    assert client.transport.get_offset(host, init, context) == 3
    assert client.transport.get_offset(host, init, "unknown") == 0
    path = media_file(3)
    recorder = vcloud.UploadProgressRecorder(config.TMP_FILE)
    ret, _ = client.transport.upload_file(init, host, path.name, str(path), 3, 1.0, 3, context, recorder)
    assert ret is not None
    answer, said = vcloud.Transport(KEY, SECRET).vcloud_api_request("/app/vod/video/query", {}, {"objectNames": "x"})
    assert said is not None
    assert (said.code, said.ret, answer is not None) == (400, None, True)
    assert vcloud.Transport(KEY, SECRET).vcloud_api_request("/app/vod/no/such/call", {}, {}) == (None, None)


def test_an_upload_nobody_opened_cannot_be_filled(media_file: Callable[..., Path], records: Path) -> None:
    init, host = vcloud.UploadInit("b", "o.mp4", "t"), vcloud.UploadHost("http://1.2.3.4", "http://1.2.3.4")
    recorder = vcloud.UploadProgressRecorder(str(records))
    ret, info = vcloud.put_file(init, host, "a.mp4", str(media_file(3)), 3, 1.0, 0, "", recorder)
    assert (ret, info.status_code, info.connect_failed()) == (None, -1, True)
    assert "AppKey" in str(info.error)


def test_headers_are_signed_anew_each_time() -> None:
    auth = vcloud.Auth(KEY, SECRET)
    first, second = auth.getVcloudHeaders(), auth.getVcloudHeaders()
    assert first["Nonce"] != second["Nonce"]
    text = f"{SECRET}{second['Nonce']}{second['CurTime']}"
    assert second["CheckSum"] == hashlib.sha1(text.encode()).hexdigest()
    assert (auth.Nonce, str(auth.CurTime), auth.CheckSum) == (
        second["Nonce"], second["CurTime"], second["CheckSum"]
    )  # fmt: skip


def test_steps_of_ones_own_are_those_an_upload_is_made_of(
    vodfast_emulator: Any, media_file: Callable[..., Path], records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(vcloud.Client):
        def upload_init(self, body: Any) -> Any:
            return super().upload_init({**body, "userFileName": "mine"})

    path = media_file(2 * BLOCK + 9)
    shown: list[int] = []
    result = Own(KEY, SECRET).upload_file(BODY, str(path), lambda at, _: shown.append(at))
    item = the_media(vodfast_emulator)
    assert (item["name"], item["objects"][0]["sha256"]) == ("mine", hashlib.sha256(path.read_bytes()).hexdigest())
    assert isinstance(result, vcloud.QueryResult)
    assert result.vid == int(item["media_id"])
    assert shown == [BLOCK, 2 * BLOCK, 2 * BLOCK + 9]
    assert sorted(operations(vodfast_emulator)) == ["chunk"] * 3 + ["lbs", "upload/init", "video/query"]
    assert not list(records.iterdir())

    broken_off(Own(KEY, SECRET), vodfast_emulator, monkeypatch, path)
    (kept,) = records.iterdir()
    name = json.loads(kept.read_text())["object"]
    before = len(vodfast_emulator.history())
    again = Own(KEY, SECRET).upload_file(BODY, str(path))
    assert isinstance(again, vcloud.QueryResult)
    assert again.objectName == name
    assert sorted(operations(vodfast_emulator)[before:]) == ["chunk", "chunk", "offset", "video/query"]
    assert not list(records.iterdir())


@pytest.mark.parametrize("step", ["upload_init", "get_upload_host"])
def test_a_step_that_gives_nothing_ends_the_upload(
    client: vcloud.Client, media_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(client, step, lambda *_: None)
    assert client.upload_file(BODY, str(media_file(9))) is None


def test_the_upload_of_a_transport_is_used(vodfast_emulator: Any, media_file: Callable[..., Path]) -> None:
    seen: list[Any] = []

    class Own(vcloud.Transport):
        def upload_file(self, *arguments: Any, **named: Any) -> Any:
            ret, info = super().upload_file(*arguments, **named)
            seen.append((arguments[2], arguments[4], info.status_code))
            return ret, info

    path = media_file(9)
    assert vcloud.Client(KEY, SECRET, transport_class=Own).upload_file(BODY, str(path)) is not None
    assert seen == [(path.name, 9, 200)]
    assert the_media(vodfast_emulator)["objects"][0]["size"] == 9


def test_an_upload_of_a_transports_own_is_told_what_the_server_has(
    client: vcloud.Client,
    vodfast_emulator: Any,
    media_file: Callable[..., Path],
    records: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Any] = []

    class Own(vcloud.Transport):
        def upload_file(self, *arguments: Any, **named: Any) -> Any:
            told.append((arguments[6], bool(arguments[7])))
            return None, ResponseInfo(None, OSError("not today"))

    path = media_file(BLOCK + 9)
    broken_off(client, vodfast_emulator, monkeypatch, path)
    assert vcloud.Client(KEY, SECRET, transport_class=Own).upload_file(BODY, str(path)) is None
    assert told == [(BLOCK, True)]
    assert len(list(records.iterdir())) == 1


@pytest.mark.parametrize("how", ["subclass", "patch"])
def test_a_query_of_ones_own_has_the_last_word(
    vodfast_emulator: Any, media_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    ask = vcloud.Client.query_id

    def query_id(self: vcloud.Client, body: Any) -> Any:
        found = ask(self, body)
        assert isinstance(found, vcloud.QueryResult)
        return "mine", found.vid

    kind = type("Own", (vcloud.Client,), {"query_id": query_id}) if how == "subclass" else vcloud.Client
    if how == "patch":
        monkeypatch.setattr(vcloud.Client, "query_id", query_id)
    result = kind(KEY, SECRET).upload_file(BODY, str(media_file(9)))
    assert result == ("mine", int(the_media(vodfast_emulator)["media_id"]))
    assert operations(vodfast_emulator) == ["upload/init", "lbs", "chunk", "video/query"]


def test_ends_of_exchanges_can_be_made_as_in_the_original() -> None:
    unheard, refused = ResponseInfo(None, OSError("down")), ResponseInfo(SimpleNamespace(status_code=502, text="no"))
    assert (unheard.status_code, unheard.text_body, unheard.error) == (-1, None, "down")
    assert (unheard.connect_failed(), unheard.need_retry(), unheard.ok()) == (True, True, False)
    assert str(unheard) == "response:None, exception:down, status_code:-1, text_body:None, error:down"
    assert (refused.status_code, refused.text_body, refused.error) == (502, "no", None)
    assert (refused.connect_failed(), refused.need_retry(), refused.ok()) == (False, True, False)
