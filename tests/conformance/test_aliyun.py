"""Uploads and the other verbs through the client, judged by the emulator: its bytes, its history, its meter."""

from __future__ import annotations

import base64
import collections
import hashlib
import http.server
import json
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import content
from vodfast import AuthError, Client, Credentials, TransferConfig, Unsupported, VodfastError
from vodfast.config import MIB
from vodfast.errors import ErrorKind, IntegrityError
from vodfast.providers.aliyun import PullOptions, RegisterOptions, UploadOptions, UploadToken, UserData
from vodfast.providers.contract import PullItem, RegisterItem

PART = MIB
ConfigFor = Callable[..., TransferConfig]


def stored(emulator: Any, media_id: str | None) -> dict[str, Any]:
    (item,) = [item for item in emulator.media() if item["media_id"] == media_id]
    (entry,) = item["objects"]
    return {"state": item["state"], "open": item["open_uploads"]} | entry


def holds(emulator: Any, media_id: str | None, data: bytes) -> None:
    found = stored(emulator, media_id)
    assert found["sha256"] == hashlib.sha256(data).hexdigest()
    assert (found["size"], found["state"], found["open"]) == (len(data), "committed", 0)


def operations(emulator: Any) -> collections.Counter[str]:
    return collections.Counter(record["operation"] for record in emulator.history() if record["cloud"] == "aliyun")


KINDS = [
    ("media", "影片.mp4", 2 * PART + 1, UploadOptions(template_group_id="VOD_NO_TRANSCODE", reference_id="ref-0001")),
    ("media", "tone.mp3", 1, None),
    ("image", "cover.png", 4000, UploadOptions(image_type="cover")),
    ("watermark", "w.gif", 10, UploadOptions(category_ids=(1, 2))),
    ("subtitle", "s.vtt", 10, None),
    ("material", "m.zip", 10, None),
]
WAYS: list[dict[str, object]] = [
    {},
    {"signature": "V1", "oss_signature": "V1"},
    {"endpoint": "by address"},
    {"network": "internal", "region": "ap-southeast-1"},
]


@pytest.mark.parametrize("way", WAYS, ids=["default", "older signatures", "path style", "internal"])
def test_every_kind(vodfast_emulator: Any, config_for: ConfigFor, tmp_path: Path, way: dict[str, object]) -> None:
    settings = {name: vodfast_emulator.endpoint if value == "by address" else value for name, value in way.items()}
    with Client("aliyun", config=config_for(part_size=PART), settings=settings) as client:
        for kind, name, size, options in KINDS:
            path = tmp_path / name
            path.write_bytes(content(size))
            result = client.upload(path, kind=kind, title="T", tags=["a"], context="ctx", options=options)
            holds(vodfast_emulator, result.media_id, content(size))
            assert (result.state, result.verified, result.bytes) == ("done", "crc64", size)
            assert (result.url is None) == (kind == "media")
    assert all(record["status"] == 200 for record in vodfast_emulator.history())
    assert vodfast_emulator.meter()["media_created"] == len(KINDS)


def test_credentials_are_renewed_when_the_store_says_so(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    data = content(5 * PART)
    vodfast_emulator.set_faults(
        [{"action": "expire_token", "match": {"operation": "UploadPart", "part_number": number}} for number in (2, 4)]
    )
    with Client("aliyun", config=config_for(part_size=PART, max_connections=1, start_connections=1)) as client:
        result = client.upload(data, name="a.mp4")
    holds(vodfast_emulator, result.media_id, data)
    seen = operations(vodfast_emulator)
    assert (seen["CreateUploadVideo"], seen["InitiateMultipartUpload"], seen["RefreshUploadVideo"]) == (1, 1, 2)
    assert seen["AbortMultipartUpload"] == 0
    assert vodfast_emulator.meter()["parts_stored"] == 5


@pytest.mark.parametrize("operation", ["PutObject", "InitiateMultipartUpload", "CompleteMultipartUpload"])
def test_renewal_at_every_step(vodfast_emulator: Any, config_for: ConfigFor, operation: str) -> None:
    data = content(PART if operation == "PutObject" else 2 * PART)
    vodfast_emulator.set_faults([{"action": "expire_token", "match": {"operation": operation}}])
    with Client("aliyun", config=config_for(part_size=PART)) as client:
        result = client.upload(data, name="a.mp4")
    holds(vodfast_emulator, result.media_id, data)
    assert operations(vodfast_emulator)["RefreshUploadVideo"] == 1


def test_credentials_are_renewed_before_they_expire(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    """Each credential is already within the minute in which it is not used any more; one call slot must suffice."""
    vodfast_emulator.settings(token_lifetime=50)
    data = content(2 * PART + 1)
    with Client("aliyun", config=config_for(part_size=PART, max_calls=1)) as client:
        result = client.upload(data, name="a.mp4")
    holds(vodfast_emulator, result.media_id, data)
    assert operations(vodfast_emulator)["RefreshUploadVideo"] >= 1
    assert {record["status"] for record in vodfast_emulator.history()} == {200}


def test_images_begin_anew(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    vodfast_emulator.set_faults([{"action": "expire_token", "match": {"operation": "PutObject"}}])
    with Client("aliyun", config=config_for()) as client:
        result = client.upload(b"image", name="a.png", kind="image")
    holds(vodfast_emulator, result.media_id, b"image")
    seen = operations(vodfast_emulator)
    assert (seen["CreateUploadImage"], seen["RefreshUploadVideo"]) == (2, 0)
    assert vodfast_emulator.meter()["media_created"] == 1


@pytest.mark.parametrize("operation", ["PutObject", "UploadPart", "InitiateMultipartUpload", "CompleteMultipartUpload"])
def test_a_lost_answer_makes_no_second_object(vodfast_emulator: Any, config_for: ConfigFor, operation: str) -> None:
    data = content(PART if operation == "PutObject" else 3 * PART)
    vodfast_emulator.set_faults([{"action": "drop_reply", "match": {"operation": operation}}])
    with Client("aliyun", config=config_for(part_size=PART)) as client:
        result = client.upload(data, name="a.mp4")
    holds(vodfast_emulator, result.media_id, data)
    assert vodfast_emulator.meter()["media_created"] == 1
    assert operations(vodfast_emulator)["HeadObject"] == (1 if operation == "CompleteMultipartUpload" else 0)


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        ({"action": "throttle", "match": {"operation": "UploadPart"}}, 2),
        ({"action": "throttle", "match": {"operation": "CreateUploadVideo"}}, 2),
        ({"action": "error", "code": "InternalError", "match": {"operation": "CompleteMultipartUpload"}}, 1),
        ({"action": "corrupt_body", "match": {"operation": "UploadPart"}}, 1),
        ({"action": "reset", "at_byte": 1000, "match": {"operation": "UploadPart"}}, 2),
        ({"action": "drop_reply", "match": {"operation": "CreateUploadVideo"}}, 1),
        ({"action": "error", "code": "InternalError", "match": {"operation": "CreateUploadVideo"}}, 2),
        ({"action": "error", "code": "ServiceUnavailable", "match": {"operation": "CreateUploadVideo"}}, 2),
        ({"action": "corrupt_digest", "match": {"operation": "UploadPart"}}, 1),
    ],
)
def test_what_is_tried_again(vodfast_emulator: Any, config_for: ConfigFor, fault: dict[str, Any], times: int) -> None:
    data = content(3 * PART)
    vodfast_emulator.set_faults([fault | {"times": times}])
    with Client("aliyun", config=config_for(part_size=PART)) as client:
        result = client.upload(data, name="a.mp4")
    holds(vodfast_emulator, result.media_id, data)
    assert vodfast_emulator.faults()[0]["hits"] == times
    assert vodfast_emulator.meter()["media_created"] == 1


@pytest.mark.parametrize(
    ("operation", "action", "size"),
    [
        ("PutObject", "corrupt_body", PART),
        ("PutObject", "corrupt_digest", PART),
        ("UploadPart", "corrupt_body", 3 * PART),
        ("CompleteMultipartUpload", "corrupt_digest", 3 * PART),
    ],
)
def test_wrong_checksums_are_never_success(
    vodfast_emulator: Any, config_for: ConfigFor, operation: str, action: str, size: int
) -> None:
    vodfast_emulator.set_faults([{"action": action, "times": 0, "match": {"operation": operation}}])
    with Client("aliyun", config=config_for(part_size=PART)) as client, pytest.raises(IntegrityError):
        client.upload(content(size), name="a.mp4")
    (item,) = vodfast_emulator.media()
    assert (item["objects"], item["open_uploads"]) == ([], 0)


def test_a_resumed_upload_is_compared_as_a_whole_too(
    vodfast_emulator: Any, config_for: ConfigFor, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content(4 * PART))
    outage = {"action": "error", "code": "ServiceUnavailable", "times": 0, "match": {"operation": "UploadPart"}}
    config = config_for(part_size=PART, attempts=2, max_connections=1, start_connections=1)
    vodfast_emulator.set_faults([outage | {"match": outage["match"] | {"nth": 3}}])
    with Client("aliyun", config=config) as client, pytest.raises(VodfastError):
        client.upload(path)
    assert vodfast_emulator.meter()["parts_stored"] == 2
    lie = {"action": "corrupt_digest", "match": {"operation": "CompleteMultipartUpload"}}
    vodfast_emulator.set_faults([lie])
    with Client("aliyun", config=config) as client:
        result = client.upload(path)
    assert operations(vodfast_emulator)["CreateUploadVideo"] == 2, "what was resumed was wrong and is made anew"
    first, second = vodfast_emulator.media()
    assert (first["objects"], first["open_uploads"]) == ([], 0)
    holds(vodfast_emulator, second["media_id"], content(4 * PART))
    assert (result.media_id, result.verified) == (second["media_id"], "crc64")


def test_an_interrupted_upload_goes_on_with_fresh_credentials(
    vodfast_emulator: Any, config_for: ConfigFor, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content(4 * PART))
    outage = {"action": "error", "code": "ServiceUnavailable", "match": {"operation": "UploadPart", "nth": 3}}
    config = config_for(part_size=PART, attempts=2, max_connections=1, start_connections=1)
    vodfast_emulator.set_faults([outage | {"times": 0}])
    with Client("aliyun", config=config) as client, pytest.raises(VodfastError):
        client.upload(path)
    vodfast_emulator.set_faults([{"action": "expire_token", "match": {"operation": "ListParts"}}])
    with Client("aliyun", config=config) as client:
        result = client.upload(path)
    holds(vodfast_emulator, result.media_id, content(4 * PART))
    assert vodfast_emulator.meter()["parts_stored"] == 4
    seen = operations(vodfast_emulator)
    assert (seen["CreateUploadVideo"], seen["InitiateMultipartUpload"], seen["RefreshUploadVideo"]) == (1, 1, 1)


@pytest.mark.parametrize(("kind", "name"), [("image", "a.png"), ("subtitle", "a.vtt")])
def test_other_kinds_are_tried_again_as_well(
    vodfast_emulator: Any, config_for: ConfigFor, kind: str, name: str
) -> None:
    fault = {"action": "error", "code": "InternalError", "match": {"operation": "PutObject"}}
    vodfast_emulator.set_faults([fault | {"times": 2}])
    with Client("aliyun", config=config_for()) as client:
        holds(vodfast_emulator, client.upload(b"bytes", name=name, kind=kind).media_id, b"bytes")


def test_an_absurd_clock_is_named_at_once(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    vodfast_emulator.settings(clock_offset=1e6)
    with Client("aliyun", config=config_for()) as client, pytest.raises(AuthError, match="clock") as caught:
        client.upload(b"x", name="a.mp4")
    assert caught.value.code == "InvalidTimeStamp.Expired"
    assert operations(vodfast_emulator)["CreateUploadVideo"] == 1


def test_credentials_that_are_given_win_over_the_environment(
    vodfast_emulator: Any, config_for: ConfigFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {"access_key": "STS.vodfast-emulator-caller", "secret": "s", "token": "t"}
    vodfast_emulator.settings(callers=[words])
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_ID", "LTAIsomebodyelse")
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_SECRET", "another")
    keys = Credentials.of(words["access_key"], words["secret"], words["token"])
    with Client("aliyun", credentials=keys, config=config_for(), allow_foreign_keys=True) as client:
        holds(vodfast_emulator, client.upload(b"x", name="a.mp4").media_id, b"x")


def test_failures_leave_nothing_behind(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    rule = {"action": "error", "code": "AccessDenied", "match": {"operation": "UploadPart", "part_number": 2}}
    vodfast_emulator.set_faults([rule | {"times": 0}])
    with Client("aliyun", config=config_for(part_size=PART)) as client:
        with pytest.raises(VodfastError) as caught:
            client.upload(content(3 * PART), name="a.mp4")
        assert (caught.value.kind, caught.value.code) == (ErrorKind.AUTH, "AccessDenied")
        with pytest.raises(Unsupported):
            client.upload(b"x", name="a.mp4", cover=b"y", cover_name="c.png")
    (item,) = vodfast_emulator.media()
    assert (item["state"], item["objects"], item["open_uploads"]) == ("aborted", [], 0)
    assert vodfast_emulator.meter()["media_created"] == 0


def test_pull_jobs_register(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    with Client("aliyun", config=config_for()) as client:
        urls = [f"https://e.com/a,b {number}.mp4?x=1&y=影" for number in range(21)]
        tickets = client.pull(urls)
        assert operations(vodfast_emulator)["UploadMediaByURL"] == 2
        assert [ticket.url for ticket in tickets] == urls
        ids = [ticket.job_id for ticket in tickets]
        states = [[record.state for record in client.jobs(asked)] for asked in (ids, urls, ids)]
        assert states == [[state] * 21 for state in ("waiting", "running", "done")]
        mixed = [PullItem(url="https://x.invalid/a.mp4", context="1"), PullItem(url="https://e.com/b.mp4", context="2")]
        broken, fine = client.pull(mixed)
        for _ in range(3):
            records = client.jobs([broken.job_id, fine.job_id, "nobody"])
        assert [record.state for record in records] == ["failed", "done", "unknown"]
        assert json.loads(str(records[1].raw["UserData"])) == {"Extend": {"context": "2"}}
        (waiting,) = client.pull([PullItem(url="https://e.com/c.mp4", options=PullOptions(session_id="once"))])
        assert client.cancel_jobs([waiting.job_id, fine.job_id]) == [waiting.job_id]
        (other,) = client.pull(["https://e.com/d.mp4"])
        assert client.cancel_jobs(["https://e.com/d.mp4"]) == [other.job_id]
        with pytest.raises(VodfastError) as caught:
            client.pull([PullItem(url="https://e.com/c.mp4", options=PullOptions(session_id="once"))])
        assert caught.value.kind is ErrorKind.CONFLICT

        image = client.upload(b"bytes", name="a.png", kind="image")
        url = (image.url or "").partition("://")[2]
        options = RegisterOptions(template_group_id="VOD_NO_TRANSCODE", user_data=UserData(extend={"k": 1}))
        asked = [RegisterItem(url=url, title="T", options=options), RegisterItem(url="b/none.mp4", options=options)]
        found, failed = client.register(asked)
        assert (found.media_id, found.new, failed.media_id) == (image.media_id, False, None)


def test_lookup_callback_token_clock(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    with Client("aliyun", config=config_for()) as client:
        options = UploadOptions(cover_url="https://e.com/c.png")
        result = client.upload(b"12345", name="a.mp4", title="标题", options=options)
        known, unknown = client.media([result.media_id or "", "0" * 32])
        assert (known.found, known.name, known.size, known.vendor_state) == (True, "标题", 5, "UploadSucc")
        assert (known.cover_url, unknown.found) == ("https://e.com/c.png", False)
        client.set_callback("https://e.com/cb", auth_key="k1", event_types="FileUploadComplete")
        assert abs(client.check_clock()) < 5
        token = json.loads(client.issue_token(3000, name="b.mp4"))
        address = json.loads(base64.b64decode(token["UploadAddress"]))
        assert set(address) == {"Endpoint", "Bucket", "FileName"}
        renewed = json.loads(client.issue_token(3000, media_id=token["VideoId"]))
        assert renewed["UploadAddress"] == token["UploadAddress"]
        assert renewed["UploadAuth"] != token["UploadAuth"]
    with (
        pytest.raises(VodfastError) as caught,
        Client("aliyun", config=config_for(), place="b-1.oss-cn-x.aliyuncs.com") as client,
    ):
        client.upload(b"x", name="a.mp4")
    assert caught.value.code == "InvalidStorage.NotFound"


@pytest.mark.parametrize("size", [5, 3 * PART])
def test_a_token_is_enough_to_upload(vodfast_emulator: Any, config_for: ConfigFor, size: int) -> None:
    """One account opens the upload; whoever has the token, whatever its own keys, fills it."""
    with Client("aliyun", config=config_for()) as server:
        tokens = [server.issue_token(3000, name=name, kind=kind) for name, kind in KINDS_OF_TOKENS]
    before = operations(vodfast_emulator)
    keys = Credentials.of("LTAIsomebody", "else")
    with Client("aliyun", credentials=keys, config=config_for(part_size=PART), allow_foreign_keys=True) as client:
        for token, (name, kind) in zip(tokens, KINDS_OF_TOKENS):
            options = UploadOptions(token=UploadToken.of(token))
            result = client.upload(content(size), name=name, kind=kind, options=options)
            assert result.media_id == options.token.media_id
            holds(vodfast_emulator, result.media_id, content(size))
    done = operations(vodfast_emulator) - before
    assert not [name for name in done if name.startswith(("Create", "Refresh"))]
    assert vodfast_emulator.meter()["media_created"] == 3


KINDS_OF_TOKENS = [("a.mp4", "media"), ("a.png", "image"), ("a.srt", "subtitle")]


def test_an_upload_with_a_token_goes_on_and_is_not_made_twice(
    vodfast_emulator: Any, config_for: ConfigFor, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content(4 * PART))
    config = config_for(part_size=PART, attempts=2, max_connections=1, start_connections=1)
    with Client("aliyun", config=config) as client:
        options = UploadOptions(token=UploadToken.of(client.issue_token(3000, name="a.mp4")))
        outage = {"action": "error", "code": "ServiceUnavailable", "match": {"operation": "UploadPart", "nth": 3}}
        vodfast_emulator.set_faults([outage | {"times": 0}])
        with pytest.raises(VodfastError, match="goes on from there"):
            client.upload(path, options=options)
        vodfast_emulator.set_faults([])
        assert client.upload(path, options=options).resumed
        assert client.upload(path, options=options).reused
        other = UploadOptions(token=UploadToken.of(client.issue_token(3000, name="a.mp4")))
        assert not client.upload(path, options=other).reused
    assert vodfast_emulator.meter()["parts_stored"] == 4 + 4
    assert vodfast_emulator.meter()["media_created"] == 2
    assert [media["open_uploads"] for media in vodfast_emulator.media()] == [0, 0]


class _Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.put((dict(self.headers.items()), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def listener() -> Iterator[tuple[str, Any]]:
    """An address for callbacks; what arrives there is in `heard`, what is answered instead of 200 in `answers`."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Listener) as server:
        server.heard, server.answers = queue.Queue(), []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/cb", server
        server.shutdown()
        thread.join()


def test_callbacks_arrive_and_are_verified(config_for: ConfigFor, listener: Any) -> None:
    url, server = listener
    with Client("aliyun", config=config_for(), settings={"callback_url": url}) as client:
        client.set_callback(url, auth_key="k1")
        for kind, name in (("media", "a.mp4"), ("image", "a.png"), ("subtitle", "a.srt")):
            result = client.upload(b"12345", name=name, kind=kind, context="ctx")
            headers, body = server.heard.get(timeout=120)
            event = json.loads(body)
            assert client.verify_callback(headers, body, "k1")
            assert not client.verify_callback(headers, body, "k2")
            assert result.media_id in event.values()
            assert (event["Size"], json.loads(event["Extend"])) == (5, {"context": "ctx"})


def test_a_callback_that_is_not_taken_comes_again(config_for: ConfigFor, listener: Any) -> None:
    url, server = listener
    server.answers = [500]
    with Client("aliyun", config=config_for()) as client:
        options = UploadOptions(user_data=UserData(callback_url=url, extend={"k": [1]}))
        client.upload(b"12345", name="a.mp4", options=options)
    first, second = (server.heard.get(timeout=120)[1] for _ in range(2))
    assert first == second
    assert json.loads(json.loads(first)["Extend"]) == {"k": [1]}


def test_the_keys_of_a_role_upload(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    with Client("aliyun", config=config_for()) as owner:
        keys = owner.perform(lambda cloud: cloud.assume_role("acs:ram::1:role/uploader", "me"))
    unknown = Credentials.of("vodfast-emulator-x", "y")
    with (
        Client("aliyun", config=config_for(), credentials=unknown) as stranger,
        pytest.raises(VodfastError, match="access key"),
    ):
        stranger.perform(lambda cloud: cloud.assume_role("acs:ram::1:role/uploader", "me"))
    with Client("aliyun", config=config_for(), credentials=keys) as client:
        result = client.upload(content(1000), name="a.mp4")
    holds(vodfast_emulator, result.media_id, content(1000))
