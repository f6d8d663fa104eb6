"""NetEase's `vcloud` on vodfast: names, returns, records and the thread of the progress handler.

The emulator's history is compared with what the original was seen to send (protocol notes 11).
"""

from __future__ import annotations

import base64
import hashlib
import json
import multiprocessing
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import content
from tests.oracle import operations, the_media
from vodfast.compat import vcloud
from vodfast.compat.clients import close_all
from vodfast.compat.vcloud import config
from vodfast.compat.vcloud.http import Account, connected
from vodfast.config import TransferConfig

KEY = "vodfast-emulator-netease"
SECRET = f"{KEY}-secret"
BLOCK = 4 << 20
BODY = {"originFileName": "beauty.mp4"}
VECTORS: list[dict[str, Any]] = [
    vector
    for vector in json.loads(Path(__file__).parent.parent.joinpath("vectors/netease.json").read_text())["vectors"]
    if vector["scheme"] == "sdk-resume-record"
]


@pytest.fixture(autouse=True)
def records(emulated: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of records, which does not exist yet."""
    monkeypatch.setattr(config, "TMP_FILE", str(tmp_path / "records"))
    return tmp_path / "records"


@pytest.fixture
def client() -> vcloud.Client:
    return vcloud.Client(KEY, SECRET)


def failing(emulator: Any, **match: Any) -> None:
    """From the next such request on the service is down."""
    rule = {"match": {"operation": "chunk", **match}, "action": "status", "code": 503, "times": 0}
    emulator.set_faults([rule, {"match": {"operation": "offset"}, "action": "status", "code": 503, "times": 0}])


@pytest.mark.parametrize("size", [1, 1000, BLOCK, BLOCK + 9, 2 * BLOCK])
def test_a_file_arrives_and_its_media_is_named(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path, size: int
) -> None:
    shown: list[tuple[int, int]] = []
    result = client.upload_file(BODY, str(media_file(size)), lambda offset, total: shown.append((offset, total)))
    item = the_media(vodfast_emulator)
    assert isinstance(result, vcloud.QueryResult)
    assert vars(result) == {"objectName": item["objects"][0]["key"], "vid": int(item["media_id"]), "imgId": None}
    assert item["objects"][0]["sha256"] == hashlib.sha256(content(size)).hexdigest()
    chunks = -(-size // BLOCK)
    assert shown == [(min((number + 1) * BLOCK, size), size) for number in range(chunks)]
    assert operations(vodfast_emulator) == ["upload/init", "lbs"] + ["chunk"] * chunks
    assert not records.exists() or not list(records.iterdir())


def test_an_empty_file_arrives(client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path]) -> None:
    shown: list[tuple[int, int]] = []
    assert client.upload_file(BODY, str(media_file(0)), lambda *seen: shown.append(seen)) is not None
    assert the_media(vodfast_emulator)["objects"][0]["size"] == 0
    assert shown == [(0, 0)]


def test_the_body_travels_unchanged_and_the_handler_may_be_anything(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    body = {"originFileName": "片.mp4", "userFileName": "名", "typeId": "3", "presetId": None, "futureField": [1]}
    path = str(media_file(9))
    assert client.upload_file(body, path, "not callable", "video/mp4") is not None
    assert the_media(vodfast_emulator)["name"] == "名"
    vodfast_emulator.settings(netease_strict=True)  # then text is no number
    assert client.upload_file(body, path) is None


def test_the_handler_runs_on_the_calling_thread(client: vcloud.Client, media_file: Callable[..., Path]) -> None:
    threads = set()
    client.upload_file(BODY, str(media_file(BLOCK + 1)), lambda *_: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}


def test_what_the_handler_raises_ends_the_upload_and_the_next_call_goes_on(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path
) -> None:
    path = str(media_file(3 * BLOCK + 1))
    delay = {"match": {"operation": "chunk", "part_number": 2}, "action": "delay", "seconds": 0.2}
    vodfast_emulator.set_faults([delay])

    def stop(offset: int, size: int) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        client.upload_file(BODY, path, stop)
    assert len(list(records.iterdir())) == 1
    assert client.upload_file(BODY, path) is not None
    assert operations(vodfast_emulator).count("upload/init") == 1
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(content(3 * BLOCK + 1)).hexdigest()
    assert not list(records.iterdir())


def test_an_interrupt_waits_for_no_chunk(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path
) -> None:
    stall = {"match": {"operation": "chunk", "part_number": 2}, "action": "stall", "after_bytes": 1}
    vodfast_emulator.set_faults([stall])

    def interrupt(offset: int, size: int) -> None:
        raise KeyboardInterrupt

    path = media_file(2 * BLOCK + 1)
    with pytest.raises(KeyboardInterrupt):
        client.upload_file(BODY, str(path), interrupt)
    assert len(list(records.iterdir())) == 1
    assert client.upload_file(BODY, str(path)) is not None
    assert operations(vodfast_emulator).count("upload/init") == 1


def test_every_call_makes_a_media_of_its_own(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    path = str(media_file(9))
    first, second = client.upload_file(BODY, path), client.upload_file(BODY, path)
    assert isinstance(first, vcloud.QueryResult)
    assert isinstance(second, vcloud.QueryResult)
    assert first.vid != second.vid
    assert vodfast_emulator.meter()["media_created"] == 2


def test_two_uploads_of_one_file_at_once_do_not_take_up_each_others_record(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path
) -> None:
    path = str(media_file(2 * BLOCK + 1))
    inner: list[Any] = []

    def meanwhile(offset: int, size: int) -> None:
        if not inner:
            assert len(list(records.iterdir())) == 1
            inner.append(client.upload_file(BODY, path))

    outer = client.upload_file(BODY, path, meanwhile)
    assert outer is not None
    assert outer.vid != inner[0].vid
    assert [item["objects"][0]["size"] for item in vodfast_emulator.media()] == [2 * BLOCK + 1] * 2
    assert not list(records.iterdir())


def test_what_cannot_be_sent_is_refused_as_ever(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    path = media_file(9)
    with pytest.raises(FileNotFoundError):
        client.upload_file(BODY, str(path.with_name("nowhere.mp4")))
    with pytest.raises(IsADirectoryError):
        client.upload_file(BODY, str(path.parent))
    for body in ({}, None):
        assert client.upload_file(body, str(path)) is None
        assert "originFileName is missing" in caplog.messages[-1]
    assert vodfast_emulator.history() == []


def test_a_killed_script_goes_on_where_it_was(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path, tmp_path: Path
) -> None:
    path, script = media_file(3 * BLOCK + 1), tmp_path / "killed.py"
    script.write_text(
        "import os, signal, sys\n"
        "from vcloud import Client, config\n"
        "config.TMP_FILE = sys.argv[3]\n"
        "stop = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Client(sys.argv[1], sys.argv[2]).upload_file({'originFileName': 'a.mp4'}, sys.argv[4], stop)\n"
    )
    delay = {"match": {"operation": "chunk", "part_number": 2}, "action": "delay", "seconds": 0.5}
    vodfast_emulator.set_faults([delay])
    ran = subprocess.run(
        [sys.executable, "-m", "vodfast.compat", str(script), KEY, SECRET, str(records), str(path)],
        timeout=120, check=False, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert ran.returncode == -9
    assert client.upload_file(BODY, str(path)) is not None
    assert operations(vodfast_emulator).count("upload/init") == 1
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def record_path(folder: Path, path: Path) -> Path:
    """As the original names it."""
    return folder / base64.b64encode(f"{os.path.getmtime(path)}/{path.name}".encode()).decode()


def broken_off(
    client: vcloud.Client, emulator: Any, monkeypatch: pytest.MonkeyPatch, path: Path, *, part: int = 2
) -> None:
    """An upload that failed at a part."""
    monkeypatch.setattr(config, "CONNECTION_RETRIES", 0)
    failing(emulator, part_number=part)
    assert client.upload_file(BODY, str(path)) is None
    emulator.set_faults([])


def test_a_broken_off_upload_leaves_the_originals_record_and_is_taken_up_in_no_more_requests(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path, monkeypatch: Any
) -> None:
    path = media_file(2 * BLOCK + 9)
    broken_off(client, vodfast_emulator, monkeypatch, path)
    (kept,) = records.iterdir()
    assert kept == record_path(records, path)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(records.stat().st_mode) == 0o700
    record = json.loads(kept.read_text())
    assert set(record) == {"bucket", "object", "xNosToken", "size", "context", "host"}
    assert set(record["host"]) == {"upload_host", "upload_host_backup"}
    assert (record["size"], record["xNosToken"][:7]) == (2 * BLOCK + 9, "UPLOAD ")
    close_all()
    before = len(vodfast_emulator.history())
    result = vcloud.Client(KEY, SECRET).upload_file(BODY, str(path))
    assert isinstance(result, vcloud.QueryResult)
    assert result.objectName == record["object"]
    again = operations(vodfast_emulator)[before:]
    assert sorted(again) == ["chunk", "chunk", "offset", "video/query"]  # the original: offset, chunks, query
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not list(records.iterdir())


def test_an_upload_begun_by_the_original_is_taken_up(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path
) -> None:
    """Its record names its nodes by plain http and stays open after all bytes of a whole number of chunks."""
    path = media_file(2 * BLOCK)
    init, host = client.upload_init(BODY), client.get_upload_host()
    assert init is not None
    assert host is not None
    context = chunks_of_the_original(vodfast_emulator, init, path.read_bytes())
    records.mkdir()
    record_path(records, path).write_text(
        json.dumps(
            {
                "bucket": init.bucket,
                "object": init.objectName,
                "xNosToken": init.xNosToken,
                "size": 2 * BLOCK,
                "context": context,
                "host": {
                    "upload_host": "http://nosup-hz1.127.net",
                    "upload_host_backup": "http://nosup-hz2.127.net",
                },
            }
        )
    )
    result = client.upload_file(BODY, str(path))
    assert isinstance(result, vcloud.QueryResult)
    assert result.objectName == init.objectName
    item = the_media(vodfast_emulator)
    assert item["objects"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert vodfast_emulator.meter()["parts_stored"] == 3  # two of the original's, and an empty one that ends it
    assert not list(records.iterdir())


def chunks_of_the_original(emulator: Any, init: vcloud.UploadInit, data: bytes) -> str:
    from tests.emulator.netease_client import NeteaseClient, Upload

    sender, upload = NeteaseClient(emulator.endpoint), Upload(init.bucket, init.objectName, init.xNosToken)
    for start in range(0, len(data), BLOCK):
        sender.put(upload, start, data[start : start + BLOCK])
    return upload.context


def test_a_finished_upload_whose_record_stayed_is_not_sent_again(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path, monkeypatch: Any
) -> None:
    path = media_file(BLOCK + 9)
    broken_off(client, vodfast_emulator, monkeypatch, path)
    (kept,) = records.iterdir()
    text = kept.read_text()
    first = client.upload_file(BODY, str(path))
    kept.write_text(text)
    before = len(vodfast_emulator.history())
    again = client.upload_file(BODY, str(path))
    assert isinstance(first, vcloud.QueryResult)
    assert isinstance(again, vcloud.QueryResult)
    assert vars(again) == vars(first)
    assert operations(vodfast_emulator)[before:] == ["video/query"]
    assert not list(records.iterdir())


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: "[]",
        lambda text: text.replace('"size": 4194313', '"size": 4194312'),
        lambda text: json.dumps(json.loads(text) | {"host": None}),
        lambda text: json.dumps({}),
    ],
)
def test_a_record_of_no_use_is_left_aside(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path, monkeypatch: Any,
    damage: Callable[[str], str],
) -> None:  # fmt: skip
    path = media_file(BLOCK + 9)
    broken_off(client, vodfast_emulator, monkeypatch, path)
    (kept,) = records.iterdir()
    kept.write_text(damage(kept.read_text()))
    assert client.upload_file(BODY, str(path)) is not None
    assert operations(vodfast_emulator).count("upload/init") == 2
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_record_that_somebody_else_put_there_is_left_aside(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = vcloud.UploadProgressRecorder(str(records))
    recorder.set_upload_record("a.mp4", 1.0, {"object": "o"})
    assert recorder.get_upload_record("a.mp4", 1.0) == {"object": "o"}
    stranger = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: stranger)
    assert recorder.get_upload_record("a.mp4", 1.0) is None


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_dead_token_or_context_in_a_record_is_no_dead_end(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path, monkeypatch: Any,
    status: int,
) -> None:  # fmt: skip
    path = media_file(BLOCK + 9)
    broken_off(client, vodfast_emulator, monkeypatch, path)
    vodfast_emulator.set_faults([{"match": {"operation": "offset"}, "action": "status", "code": status}])
    assert client.upload_file(BODY, str(path)) is not None
    assert operations(vodfast_emulator).count("upload/init") == (2 if status == 403 else 1)
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not list(records.iterdir())


def test_none_is_the_answer_to_whatever_fails_and_the_log_says_why(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    path = str(media_file(9))
    assert vcloud.Client(KEY, "wrong").upload_file(BODY, path) is None
    assert "CheckSum" in caplog.text
    assert client.upload_file({}, path) is None
    assert client.upload_file({"originFileName": "a/b.mp4"}, path) is None
    assert vcloud.Client(KEY, "wrong").upload_init(BODY) is None
    vodfast_emulator.set_faults([{"match": {"operation": "lbs"}, "action": "status", "code": 404, "times": 0}])
    assert client.get_upload_host() is None
    with pytest.raises(FileNotFoundError):
        client.upload_file(BODY, f"{path}.missing")
    assert SECRET not in caplog.text


def test_queries_answer_a_result_the_services_words_or_a_fixed_text(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    result = client.upload_file({"originFileName": "logo.png"}, str(media_file(9)))
    assert isinstance(result, vcloud.QueryResult)
    assert result.vid is None
    found = client.query_id({"objectNames": [result.objectName]})
    assert isinstance(found, vcloud.QueryResult)
    assert vars(found) == vars(result)
    assert client.query_id({"objectNames": ["none.mp4"]}) is None
    assert client.query_id({"objectNames": []}) == b"objectNames is not a list of names."
    vodfast_emulator.set_faults([{"match": {"operation": "video/query"}, "action": "status", "code": 404, "times": 0}])
    assert client.query_id({"objectNames": ["a.mp4"]}) == "请求异常"


def test_callbacks_are_set_or_say_why_not(client: vcloud.Client, vodfast_emulator: Any) -> None:
    assert client.set_callback({"callbackUrl": "http://1.111.11.1"}) == "设置成功"
    refused = client.set_callback({"callbackUrl": 5})
    assert isinstance(refused, bytes)
    assert refused.decode() == "callbackUrl is not an http address."
    rule = {"match": {"operation": "upload/setcallback"}, "action": "status", "code": 404, "times": 0}
    vodfast_emulator.set_faults([rule])
    assert client.set_callback({"callbackUrl": "http://1.111.11.1"}) == "请求异常"


def test_the_media_is_asked_for_where_the_last_answer_does_not_name_it(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.settings(netease_callback="silent")
    result = client.upload_file({"originFileName": "logo.png"}, str(media_file(9)))
    assert isinstance(result, vcloud.QueryResult)
    assert (result.vid, result.imgId) == (None, int(the_media(vodfast_emulator)["media_id"]))


def test_an_overseas_account_uploads_as_well(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.settings(netease_storage="oss")
    result = client.upload_file(BODY, str(media_file(9)))
    assert isinstance(result, vcloud.QueryResult)
    assert result.vid == int(the_media(vodfast_emulator)["media_id"])
    assert client.upload_init(BODY) is None  # there is no token that an UploadInit could hold


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
    assert vcloud.Transport().upload_host_get()[0] is None


def test_headers_are_signed_anew_each_time() -> None:
    auth = vcloud.Auth(KEY, SECRET)
    first, second = auth.getVcloudHeaders(), auth.getVcloudHeaders()
    assert first["Nonce"] != second["Nonce"]
    text = f"{SECRET}{second['Nonce']}{second['CurTime']}"
    assert second["CheckSum"] == hashlib.sha1(text.encode()).hexdigest()
    assert (auth.Nonce, str(auth.CurTime), auth.CheckSum) == (
        second["Nonce"], second["CurTime"], second["CheckSum"]
    )  # fmt: skip


def test_settings_are_read_at_the_moment_of_the_call(
    client: vcloud.Client, vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "VCLOUD_API_HOST", "http://vcloud.yunxinapi.com")
    monkeypatch.setattr(config, "WANPROXY_HOST", "https://wanproxy-bj.127.net")
    client.query_id({"objectNames": ["a.mp4"]})
    client.get_upload_host()
    assert [record["host"] for record in vodfast_emulator.history()] == ["vcloud.yunxinapi.com", "wanproxy-bj.127.net"]
    monkeypatch.delenv("VODFAST_EMULATOR")
    monkeypatch.setattr(config, "VCLOUD_API_HOST", f"http://{vodfast_emulator.endpoint}")
    assert client.query_id({"objectNames": ["a.mp4"]}) is None
    for wrong in ("http://[::1", "http://", "https://a b/"):
        monkeypatch.setattr(config, "VCLOUD_API_HOST", wrong)
        assert client.query_id({"objectNames": ["a.mp4"]}) == "请求异常"


def test_the_other_settings_shape_the_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    def transfer() -> TransferConfig:
        with connected(Account(KEY, SECRET)) as opened:
            return opened._client.config

    assert (transfer().part_size, transfer().max_connections, transfer().attempts) == (BLOCK, 10, 4)
    monkeypatch.setattr(config, "_BLOCK_SIZE", 1 << 30)
    monkeypatch.setattr(config, "POOL_CONNECTIONS", 0)
    monkeypatch.setattr(config, "CONNECTION_RETRIES", 0)
    monkeypatch.setattr(config, "CONNECTION_TIMEOUT", 7)
    assert (transfer().part_size, transfer().max_connections, transfer().attempts) == (BLOCK, 1, 1)
    assert transfer().connect_timeout == 7.0


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_records_are_the_originals(vector: dict[str, Any], tmp_path: Path) -> None:
    given, expected = vector["inputs"], vector["expected"]
    recorder = vcloud.UploadProgressRecorder(str(tmp_path / "new" / "folder"))
    assert recorder.get_upload_record(given["file_name"], given["mtime"]) is None
    recorder.set_upload_record(given["file_name"], given["mtime"], given["data"])
    assert recorder.get_upload_record(given["file_name"], given["mtime"]) == given["data"]
    (kept,) = (tmp_path / "new" / "folder").iterdir()
    if expected["sdk_error"] is None:  # a name with a slash is one the original cannot write
        assert (kept.name, kept.read_text()) == (expected["record_name"], expected["content"])
    recorder.delete_upload_record(given["file_name"], given["mtime"])
    recorder.delete_upload_record(given["file_name"], given["mtime"])
    assert not list((tmp_path / "new" / "folder").iterdir())


def test_a_record_folder_that_cannot_be_written_fails_loudly(
    client: vcloud.Client, media_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = media_file(BLOCK + 9)
    monkeypatch.setattr(config, "TMP_FILE", str(path))
    with pytest.raises(OSError, match=r"clip\.mp4"):
        client.upload_file(BODY, str(path))


def test_a_script_with_every_call_of_the_page_runs_unchanged(
    vodfast_emulator: Any, media_file: Callable[..., Path], tmp_path: Path
) -> None:
    video, picture = media_file(10485777), media_file(1000, "logo.png")
    script = Path(__file__).parent / "scripts" / "netease_calls.py"
    ran = subprocess.run(
        [sys.executable, "-m", "vodfast.compat", str(script), KEY, SECRET,
         str(tmp_path / "r"), str(video), str(picture)],
        capture_output=True, text=True, timeout=120, check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(tmp_path),
             "VODFAST_EMULATOR": vodfast_emulator.endpoint, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    said = dict(json.loads(line) for line in ran.stdout.splitlines())
    first, second = [item for item in vodfast_emulator.media() if item["state"] == "committed"]
    names = [item["objects"][0]["key"] for item in (first, second)]
    assert first["name"] == "美景"
    assert first["objects"][0]["sha256"] == hashlib.sha256(content(10485777)).hexdigest()
    assert said["upload_file"] == {"imgId": None, "objectName": names[0], "vid": int(first["media_id"])}
    assert said["upload_file of a picture"] == {"imgId": int(second["media_id"]), "objectName": names[1], "vid": None}
    assert said["progress"] == "[(4194304, 10485777), (8388608, 10485777), (10485777, 10485777)]"
    assert said["query_id"] == said["upload_file"]
    assert said["query_id of a batch"] == said["upload_file of a picture"]
    assert said["set_callback"] == "设置成功"
    assert said["set_callback refused"] == {"bytes": "callbackUrl is not an http address."}
    assert said["query_id refused"] == {"bytes": "objectNames is not a list of names."}
    assert said["upload_init"] == "['bucket', 'objectName', 'xNosToken']"
    assert said["get_upload_host"] == "['upload_host', 'upload_host_backup']"
    assert said["wrong secret"] == {"bytes": "The CheckSum is wrong."}
    original = {"upload/init": 3, "lbs": 3, "chunk": 4, "video/query": 6, "upload/setcallback": 2}
    ours = {name: operations(vodfast_emulator).count(name) for name in original}
    assert all(ours[name] <= count for name, count in original.items())
    assert sum(ours.values()) == len(operations(vodfast_emulator)) < sum(original.values())


def test_a_service_with_threads_and_processes(
    vodfast_emulator: Any, media_file: Callable[..., Path], tmp_path: Path
) -> None:
    files = [media_file(1000, "one.mp4"), media_file(2000, "名 2.png"), media_file(2 * BLOCK + 1, "large.mp4")]
    script = Path(__file__).parent / "scripts" / "netease_service.py"
    ran = subprocess.run(
        [sys.executable, "-m", "vodfast.compat", str(script), KEY, SECRET, str(tmp_path / "r"), *map(str, files)],
        capture_output=True, text=True, timeout=100, check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(tmp_path),
             "VODFAST_EMULATOR": vodfast_emulator.endpoint, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert [json.loads(line) for line in ran.stdout.splitlines()] == [
        ["threads", 6, True],
        ["the same file again", 2, True],
        *([method, 3, True] for method in multiprocessing.get_all_start_methods()),
        ["enough", 1],
        ["goes on", 1, True],
        ["left", []],
    ]
    made = 6 + 2 + 3 * len(multiprocessing.get_all_start_methods()) + 1
    assert [item["state"] for item in vodfast_emulator.media()] == ["committed"] * made
    assert operations(vodfast_emulator).count("upload/init") == made
