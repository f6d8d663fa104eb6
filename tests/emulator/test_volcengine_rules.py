"""What the emulated Volcengine does beside uploads: manifests, pulls that are really fetched, events, token limits."""

from __future__ import annotations

import http.server
import json
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.volcengine_client import Keys, Volc, data, error, payload, sign
from vodfast.credentials import Credentials
from vodfast.emulator import Emulator
from vodfast.providers.volcengine import verbs

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Listener(http.server.ThreadingHTTPServer):
    """Serves one media and keeps what was asked and told: (method, headers, body)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: queue.SimpleQueue[tuple[str, dict[str, str], bytes]] = queue.SimpleQueue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/x.mp4"

    def next(self) -> tuple[str, dict[str, str], bytes]:
        return self.seen.get(timeout=120)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        self.server.seen.put(("GET", dict(self.headers), b""))
        self._answer(b"the media" if self.headers.get("X-Key") == "open sesame" else b"", 200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.put(("POST", dict(self.headers), body))
        self._answer(b"", 200)

    def _answer(self, body: bytes, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


PLAYLIST = (
    '\ufeff#EXTM3U\r\n#EXT-X-KEY:METHOD=AES-128,URI="k/key.bin"\r\n#EXT-X-MAP:URI="init.mp4"\r\n#EXTINF:1,URI="no"\r\n'
    '0.ts\r\n# a remark\r\n\r\n#EXTINF:1,\r\n0.ts\r\n#EXT-X-MEDIA:TYPE=AUDIO,URI="a/b.m3u8",NAME="x"\r\n../1.TS'
)


def parse(volc: Volc, fields: dict[str, Any], content_type: str = JSON, **how: Any) -> Any:
    return volc.call("ParseUploadManifest", fields, method="POST", content_type=content_type, **how)


def test_a_manifest_is_listed_as_it_is(volc: Volc) -> None:
    for more in ({}, {"ManifestType": "m3u8"}):
        said = data(parse(volc, {"SpaceName": "demo", "ManifestContent": PLAYLIST} | more))
        assert said == {"MediaSegments": ["k/key.bin", "init.mp4", "0.ts", "a/b.m3u8", "../1.TS"]}


@pytest.mark.parametrize(
    ("fields", "how", "code"),
    [
        ({"ManifestContent": PLAYLIST}, {}, "MissingParameter"),
        ({"SpaceName": "demo"}, {}, "MissingParameter"),
        ({"SpaceName": "demo", "ManifestContent": "0.ts"}, {}, "InvalidParameter"),
        ({"SpaceName": "demo", "ManifestContent": PLAYLIST, "ManifestType": "mpd"}, {}, "InvalidParameter"),
        ({"SpaceName": "demo", "ManifestContent": PLAYLIST}, {"content_type": FORM}, "InvalidParameter"),
        ({"SpaceName": "demo", "ManifestContent": PLAYLIST}, {"version": "2020-08-01"}, "InvalidActionOrVersion"),
        ({"SpaceName": "demo", "ManifestContent": PLAYLIST}, {"keys": Keys(secret="w")}, "SignatureDoesNotMatch"),
    ],
)
def test_manifests_that_are_refused(volc: Volc, fields: dict[str, Any], how: dict[str, Any], code: str) -> None:
    assert error(parse(volc, fields, **how)) == code


def test_a_manifest_that_changes_on_the_way(volc: Volc) -> None:
    sent = sign("ParseUploadManifest", {"SpaceName": "demo", "ManifestContent": PLAYLIST}, method="POST",
                content_type=JSON)  # fmt: skip
    other = sent.body.replace(b"0.ts", b"9.ts", 1)
    assert error(volc.send(sent.__class__(sent.method, sent.host, sent.target, sent.headers, other))) == (
        "SignatureDoesNotMatch"
    )


def test_an_object_has_a_mid_and_no_vid(volc: Volc) -> None:
    address = volc.apply(FileType="object", FileExtension=".ts")["UploadAddress"]
    payload(volc.put(address, b"bytes"))
    said = data(volc.commit(address))
    assert list(said) == ["Mid"]
    assert said["Mid"].startswith("m")


def test_the_event_of_an_upload(volc: Volc, emulator: Emulator, listener: Listener) -> None:
    emulator.settings(volcengine_callback_url=listener.url)
    address = volc.apply()["UploadAddress"]
    payload(volc.put(address, b"bytes"))
    functions = [{"Name": "Snapshot", "Input": {}}, {"Name": "AddOptionInfo", "Input": {"Title": "标题"}}]
    fields = {"Functions": json.dumps(functions), "CallbackArgs": "a=b&中", "VodUploadSource": "rtc"}
    committed = data(volc.commit(address, **fields))
    method, headers, body = listener.next()
    event = json.loads(body)
    assert (method, headers["Content-Type"]) == ("POST", "application/json")
    assert (event["EventType"], event["Version"], event["EventTime"][-1]) == ("FileUploadComplete", "1.0", "Z")
    told = event["Data"]
    assert (told["Code"], told["Vid"], told["Mid"]) == ("Success", committed["Vid"], "")
    assert (told["SpaceName"], told["CallbackArgs"], told["VodUploadSource"]) == ("demo", "a=b&中", "rtc")
    assert told["OptionInfo"] == {"Title": "标题"}
    assert (told["SourceInfo"], told["PosterUri"]) == (committed["SourceInfo"], committed["PosterUri"])
    assert told["SourceInfo"]["Size"] == 5
    assert committed["PosterUri"]

    again = data(volc.commit(address, **fields))
    assert again == committed
    other = volc.apply()["UploadAddress"]
    payload(volc.put(other, b"other"))
    second = data(volc.commit(other))
    event = json.loads(listener.next()[2])
    assert event["Data"]["Vid"] == second["Vid"], "a repeated commit tells nobody a second time"
    assert "CallbackArgs" not in event["Data"]


def test_a_pull_is_fetched_with_its_headers_and_told(volc: Volc, emulator: Emulator, listener: Listener) -> None:
    emulator.settings(volcengine_callback_url=listener.url)
    entry = {
        "SourceUrl": listener.url, "CallbackArgs": "mine", "FileExtension": ".mp4", "Title": "t",
        "CustomURLHeaders": {"X-Key": "open sesame"},
    }  # fmt: skip
    fields = {"SpaceName": "demo", "URLSets": json.dumps([entry])}
    (job,) = data(volc.call("UploadMediaByUrl", fields, version="2020-08-01", method="POST"))
    method, headers, _ = listener.next()
    assert (method, headers["X-Key"]) == ("GET", "open sesame")
    states, told = [], {}
    while not told.get("Vid"):
        (told,) = data(volc.call("QueryUploadTaskInfo", {"JobIds": job["JobId"]}, version="2020-08-01"))[
            "MediaInfoList"
        ]
        states.append(told["State"])
    assert list(dict.fromkeys(states)) == ["initial", "processing", "success"]
    assert (told["SourceUrl"], told["CallbackArgs"]) == (listener.url, "mine")
    event = json.loads(listener.next()[2])["Data"]
    assert (event["Vid"], event["VodUploadSource"], event["CallbackArgs"]) == (told["Vid"], "url_upload", "mine")
    (media,) = emulator.media()
    assert (media["state"], media["objects"][0]["size"]) == ("committed", len(b"the media"))
    assert told["SourceInfo"]["FileName"].endswith(".mp4")


@pytest.mark.parametrize(
    ("code", "number", "status"),
    [
        ("MissingParameter", 100002, 400),
        ("MissingAuthenticationToken", 100003, 401),
        ("MissingRequestInfo", 100004, 400),
        ("MissingSignature", 100005, 401),
        ("InvalidTimestamp", 100006, 400),
        ("ServiceNotFound", 100007, 404),
        ("InvalidActionOrVersion", 100008, 404),
        ("InvalidAccessKey", 100009, 401),
        ("SignatureDoesNotMatch", 100010, 401),
        ("LackPolicy", 100012, 403),
        ("AccessDenied", 100013, 403),
        ("InternalError", 100014, 500),
        ("FailToConnect", 100015, 502),
        ("InternalServiceTimeout", 100016, 504),
        ("InvalidAuthorization", 0, 400),
        ("InvalidCredential", 0, 400),
        ("InvalidSecretToken", 0, 401),
        ("RequestForbidden", 0, 403),
        ("Unauthorized", 0, 401),
    ],
)
def test_a_code_has_the_number_and_status_the_service_gives_it(
    volc: Volc, emulator: Emulator, code: str, number: int, status: int
) -> None:
    emulator.set_faults([{"action": "error", "code": code, "match": {"operation": "ApplyUploadInfo"}}])
    answer = volc.call("ApplyUploadInfo", {"SpaceName": "demo", "FileName": "a.mp4"})
    said = json.loads(answer.body)["ResponseMetadata"]["Error"]
    assert (answer.status, said["Code"], said["CodeN"]) == (status, code, number)


def multipart(**fields: str) -> tuple[str, bytes]:
    """Content type and body of a form in parts."""
    parts = "".join(
        f'--xYx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    )
    return 'multipart/form-data; boundary="xYx"', f"{parts}--xYx--\r\n".encode()


def test_jobs_may_be_asked_for_by_a_form_in_parts(volc: Volc) -> None:
    entries = [{"SourceUrl": "https://example.com/a.mp4"}]
    fields = {"SpaceName": "demo", "URLSets": json.dumps(entries)}
    (job,) = data(volc.call("UploadMediaByUrl", fields, version="2020-08-01", method="POST"))
    content_type, body = multipart(JobIds=f"{job['JobId']},none")

    def ask(action: str, body: bytes) -> Any:
        return volc.send(sign(action, {}, method="POST", version="2020-08-01", content_type=content_type, body=body))

    said = data(ask("QueryUploadTaskInfo", body))
    assert [one["JobId"] for one in said["MediaInfoList"]] == [job["JobId"]]
    assert said["NotExistJobIds"] == ["none"]
    for wrong in (b"", b"JobIds=x", body.replace(b"xYx--", b""), body.replace(b'name="JobIds"', b""),
                  body.replace(b"none", b"\xff")):  # fmt: skip
        assert error(ask("QueryUploadTaskInfo", wrong)) == "InvalidParameter"
    assert error(ask("UploadMediaByUrl", multipart(**fields)[1])) == "InvalidParameter"


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("SourceUrl", ["HTTP://example.com/a.mp4"], ["ftp://h/a.mp4", 5, ["http://h/a.mp4"]]),
        ("Title", ["\u4e2d" * 128, "", None], ["x" * 129, 5]),
        ("Tags", ["x" * 36], ["x" * 37, ["a"]]),
        ("Md5", ["A" * 32, ""], ["A" * 31, "x" * 32]),
        ("ClassificationId", ["7", 7], ["seven", -1]),
        ("StorageClass", [0, 3], [4, "1", 1.5]),
        ("RecordType", [1, 2], [3, "2"]),
        ("FileType", ["object"], ["video", ["media"]]),
        ("FileExtension", [".mp45678"], ["mp4", ".mp456789"]),
        ("EnableLowPriority", [True], ["yes"]),
        ("CustomURLHeaders", [{"a": "b"}], ["a: b", {"a": 1}]),
        ("Templates", [[{"TemplateIds": ["x"], "TemplateType": "imp"}]], ["x", ["x"]]),
        ("ImageSet", [[{"Url": "http://h/a.png"}]], [{}]),
        ("Colour", [], ["red"]),
    ],
)
def test_each_field_of_a_pull_has_its_form(volc: Volc, field: str, good: list[Any], bad: list[Any]) -> None:
    for value in (*good, *bad):
        entry = {"SourceUrl": "https://example.com/a.mp4"} | {field: value}
        fields = {"SpaceName": "demo", "URLSets": json.dumps([entry])}
        answer = volc.call("UploadMediaByUrl", fields, version="2020-08-01", method="POST")
        assert error(answer) == ("" if value in good else "InvalidParameter"), value


def holder(**fields: Any) -> Keys:
    """Keys of an STS2 token as vodfast makes them; the emulator opens it by its own rules."""
    made = verbs.issue_token(Credentials.of(Keys().access_key, Keys().secret), time.time(), 600, fields)
    token = json.loads(made)
    return Keys(token["AccessKeyID"], token["SecretAccessKey"], token["SessionToken"])


@pytest.mark.parametrize(
    ("limits", "extension", "allowed"),
    [
        ({"content_type_allow": ["video/mp4"]}, ".mp4", True),
        ({"content_type_allow": ["video/mp4"]}, ".mp3", False),
        ({"content_type_deny": ["video/mp4"]}, ".mp4", False),
        ({"content_type_deny": ["video/mp4"]}, ".mp3", True),
        ({"content_type_deny": ["image/png"], "content_type_allow": ["image/png"]}, ".png", False),
    ],
)
def test_a_token_limits_the_type(volc: Volc, limits: dict[str, Any], extension: str, allowed: bool) -> None:
    fields = {"SpaceName": "demo", "FileExtension": extension}
    assert error(volc.call("ApplyUploadInfo", fields, keys=holder(**limits))) == ("" if allowed else "LackPolicy")


def test_answers_name_the_region_of_their_host(volc: Volc) -> None:
    fields = {"SpaceName": "demo", "FileName": "a.mp4"}
    for host, region in (
        ("vod.volcengineapi.com", "cn-north-1"),
        ("vod.ap-southeast-1.volcengineapi.com", "ap-southeast-1"),
        ("vod.cn-beijing.volcengineapi.com", "cn-beijing"),
    ):
        answer = volc.call("ApplyUploadInfo", fields, host=host, region=region)
        assert json.loads(answer.body)["ResponseMetadata"]["Region"] == region


def test_a_presigned_upload_of_too_many_parts_is_refused(volc: Volc, emulator: Emulator) -> None:
    emulator.settings(volcengine_vpc="part", volcengine_vpc_part_size=1 << 20)
    fields = {"SpaceName": "demo", "FileName": "a.mp4", "ClientNetWorkMode": "vpc-inner"}
    answer = volc.call("ApplyUploadInfo", fields | {"FileSize": (10000 << 20) + 1})
    assert json.loads(answer.body)["ResponseMetadata"]["Error"]["Code"] == "InvalidParameter"
