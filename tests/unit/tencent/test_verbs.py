"""Pull, jobs, media, callbacks, tokens, clock."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from vodfast.credentials import Credentials
from vodfast.errors import AuthError, InvalidInput, Unsupported, VodfastError
from vodfast.providers.contract import PullItem, PullOptions, Ticket
from vodfast.providers.tencent import PullOptions as TencentPull
from vodfast.providers.tencent.protocol import TencentVod
from vodfast.transfer.message import Response
from vodfast.transfer.ports import Call

KEYS = Credentials.of("AKIDtest", "secret")
VOD = TencentVod(place=101)
URL = "https://h.example/a%20b/video.mp4?x=1&y=%2F#z"


def sent(call: Call[Any]) -> dict[str, Any]:
    body = call.build(KEYS, 1700000000).body
    assert isinstance(body, bytes)
    return json.loads(body)


def reply(**fields: Any) -> Response:
    return Response(status=200, headers=(), body=json.dumps({"Response": fields | {"RequestId": "r-1"}}).encode())


def test_pull_sends_every_field() -> None:
    options = TencentPull(
        procedure="p", expire_time="2030-01-01T00:00:00Z", storage_region="ap-x", class_id=3, tasks_priority=-10,
        session_context="sc", session_id="s" * 50, ext_info="e", media_storage_path="/a.mp4",
    )  # fmt: skip
    item = PullItem(
        url=URL, title="t", cover_url="http://h/c.png", category="3", context="c", media_type="MP4", options=options
    )
    call = VOD.pull([item])
    assert sent(call) == {
        "MediaUrl": URL, "MediaType": "mp4", "SubAppId": 101, "MediaName": "t", "CoverUrl": "http://h/c.png",
        "Procedure": "p", "ExpireTime": "2030-01-01T00:00:00Z", "StorageRegion": "ap-x", "ClassId": 3,
        "TasksPriority": -10, "SessionContext": "sc", "SessionId": "s" * 50, "ExtInfo": "e", "SourceContext": "c",
        "MediaStoragePath": "/a.mp4",
    }  # fmt: skip
    assert call.repeatable
    (ticket,) = call.parse(reply(TaskId="1-x"))
    assert (ticket.job_id, ticket.url, ticket.request_id) == ("1-x", URL, "r-1")
    for bad in ({}, {"TaskId": ""}, {"TaskId": 5}):
        with pytest.raises(VodfastError):
            call.parse(reply(**bad))


def test_a_pull_without_session_id_must_not_be_repeated_blindly() -> None:
    call = VOD.pull([PullItem(url=URL)])
    assert not call.repeatable
    assert sent(call) == {"MediaUrl": URL, "SubAppId": 101}
    for items in ([], [PullItem(url=URL)] * 2):
        with pytest.raises(InvalidInput):
            VOD.pull(items)


def pull_with(**fields: Any) -> PullItem:
    return PullItem(url=URL, options=TencentPull(**fields))


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (PullItem(url=""), "url"),
        (PullItem(url=None), "url is missing"),
        (PullItem(url="file:///etc/passwd"), "url"),
        (PullItem(url="ftp://h/a.mp4"), "url"),
        (PullItem(url="//h/a.mp4"), "url"),
        (PullItem(url="https://"), "url"),
        (PullItem(url="https://h:0/a.mp4"), "url"),
        (PullItem(url="https://h:99999/a.mp4"), "url"),
        (PullItem(url="https://[::1/a.mp4"), "url"),
        (PullItem(url=" https://h/a.mp4"), "url"),
        (PullItem(url=URL, cover_url="c.png"), "cover_url"),
        (PullItem(url=URL, cover_url=""), "cover_url"),
        (PullItem(url=URL, media_type="exe"), "media_type"),
        (PullItem(url=URL, media_type=""), "media_type"),
        (PullItem(url=URL, category="x"), "category"),
        (PullItem(url=URL, context="x" * 251), "context"),
        (PullItem(url=URL, options=PullOptions()), "options"),
        (pull_with(tasks_priority=11), "tasks_priority"),
        (pull_with(tasks_priority=-11), "tasks_priority"),
        (pull_with(tasks_priority=1.0), "tasks_priority"),
        (pull_with(session_id="s" * 51), "session_id"),
        (pull_with(session_context="s" * 1001), "session_context"),
        (pull_with(source_context="s" * 251), "source_context"),
        (pull_with(expire_time="soon"), "expire_time"),
    ],
)
def test_pull_refusals_name_the_field(item: PullItem, field: str) -> None:
    with pytest.raises(InvalidInput, match=rf"^{field}\b") as caught:
        VOD.check_pull(item)
    assert "%2F" not in str(caught.value)


def test_pull_takes_hls_but_no_dash() -> None:
    VOD.check_pull(PullItem(url="https://h/p.m3u8"))
    VOD.check_pull(PullItem(url="https://h/p", media_type="M3U8"))
    for item in (PullItem(url="https://h/p.MPD?x=1"), PullItem(url=URL, media_type="mpd")):
        with pytest.raises(Unsupported, match="HLS"):
            VOD.check_pull(item)


@pytest.mark.parametrize(
    ("fields", "state", "code"),
    [
        ({"Status": "WAITING"}, "waiting", None),
        ({"Status": "PROCESSING", "PullUploadTask": {"Progress": 40}}, "running", None),
        ({"Status": "FINISH", "PullUploadTask": {"ErrCode": 0, "FileId": "9", "FileUrl": "http://f"}}, "done", None),
        ({"Status": "FINISH", "PullUploadTask": {"ErrCode": 60000, "Message": "bad source"}}, "failed", "60000"),
        ({"Status": "ABORTED"}, "failed", None),
        ({"Status": "NEW-WORD"}, "unknown", None),
        ({"Status": "FINISH", "PullUploadTask": None}, "done", None),
    ],
)
def test_a_jobs_state_is_told_in_our_words_and_the_services(
    fields: dict[str, Any], state: str, code: str | None
) -> None:
    call = VOD.jobs(["1-x"])
    assert call.reads
    assert sent(call) == {"TaskId": "1-x", "SubAppId": 101}
    (job,) = call.parse(reply(TaskType="PullUpload", **fields))
    assert (job.job_id, job.state, job.vendor_state, job.error_code) == ("1-x", state, fields["Status"], code)
    assert job.raw["Status"] == fields["Status"]
    if code:
        assert job.error_message == "bad source"
    if state == "done" and fields["PullUploadTask"]:
        assert (job.media_id, job.url) == ("9", "http://f")
    if state == "running":
        assert job.progress == 40


def test_jobs_refuse_what_is_no_job() -> None:
    for ids in ([], ["a", "b"], [""], "abc", [5], [" a"], None):
        with pytest.raises(InvalidInput, match="job_ids"):
            VOD.jobs(ids)
    with pytest.raises(VodfastError):
        VOD.jobs(["a"]).parse(reply(TaskType="PullUpload"))
    with pytest.raises(VodfastError):
        VOD.jobs(["a"]).parse(reply(TaskType="PullUpload", Status=5))


def test_media_come_in_the_order_asked() -> None:
    call = VOD.media(["2", "1", "3", "2"])
    assert sent(call) == {"FileIds": ["2", "1", "3"], "SubAppId": 101, "Filters": ["basicInfo", "metaData"]}
    known = {
        "FileId": "1",
        "BasicInfo": {"Name": "n", "MediaUrl": "http://m", "CoverUrl": "", "Status": "Normal", "CreateTime": "c"},
        "MetaData": {"Size": 7, "Duration": 2},
        "TranscodeInfo": {"kept": "in raw"},
    }
    bare = {"FileId": "2", "BasicInfo": None, "MetaData": None}
    found = call.parse(reply(MediaInfoSet=[known, bare], NotExistFileIdSet=["3"]))
    assert [(info.media_id, info.found) for info in found] == [("2", True), ("1", True), ("3", False), ("2", True)]
    one = found[1]
    assert (one.name, one.url, one.cover_url, one.size, one.duration) == ("n", "http://m", None, 7, 2.0)
    assert (one.state, one.vendor_state, one.created, dict(one.raw)) == ("done", "Normal", "c", known)
    assert all(not info.found for info in call.parse(reply(MediaInfoSet=None)))
    for bad in (
        {"MediaInfoSet": [{}]},
        {"MediaInfoSet": {}},
        {"MediaInfoSet": [{"FileId": "1", "MetaData": {"Size": "x"}}]},
    ):
        with pytest.raises(VodfastError):
            call.parse(reply(**bad))


def test_media_take_twenty_ids() -> None:
    VOD.media([str(number) for number in range(20)])
    for ids in ([], [str(number) for number in range(21)], "1", [""]):
        with pytest.raises(InvalidInput, match="media_ids"):
            VOD.media(ids)


def test_a_callback_is_set_with_its_key_and_cleared() -> None:
    call = VOD.set_callback("https://h/cb", {"sign_key": "Ab1"})
    assert sent(call) == {
        "Mode": "PUSH", "NotificationUrl": "https://h/cb", "UploadMediaCompleteEventSwitch": "ON", "SignKey": "Ab1",
        "SubAppId": 101,
    }  # fmt: skip
    assert call.parse(reply()) is None
    assert sent(VOD.set_callback(None, {})) == {"Mode": "PULL", "SubAppId": 101}
    assert sent(VOD.set_callback(None, {"upload_complete": False}))["UploadMediaCompleteEventSwitch"] == "OFF"


@pytest.mark.parametrize(
    ("url", "fields", "word"),
    [
        ("ftp://h", {}, "url"),
        ("https://h\r\n", {}, "url"),
        ("https://h", {"sign_key": "x" * 33}, "sign_key"),
        ("https://h", {"sign_key": ""}, "sign_key"),
        ("https://h", {"sign_key": "é"}, "sign_key"),
        ("https://h", {"sign_key": "a\n"}, "sign_key"),
        ("https://h", {"mode": "PULL"}, "mode"),
        (None, {"mode": "PUSH"}, "mode"),
        ("https://h", {"mode": "X"}, "mode"),
        ("https://h", {"upload_complete": 1}, "upload_complete"),
        ("https://h", {"novel": 1}, "novel"),
    ],
)
def test_bad_callback_settings(url: str | None, fields: dict[str, object], word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        VOD.set_callback(url, fields)


def sign_of(key: str, expires: str) -> str:
    return hashlib.md5((key + expires).encode()).hexdigest()


def test_callbacks_are_verified_wherever_the_signature_stands() -> None:
    sign = sign_of("Key1", "1000")
    assert VOD.verify_callback({"SIGN": sign.upper(), "t": "1000"}, b"", "Key1", 999.5)
    assert VOD.verify_callback({}, json.dumps({"Sign": sign, "T": 1000, "EventType": "x"}).encode(), "Key1", 1000)
    assert not VOD.verify_callback({"Sign": sign, "T": "1000"}, b"", "Key2", 999)
    assert not VOD.verify_callback({"Sign": sign, "T": "1000"}, b"", "Key1", 1000.5)
    assert not VOD.verify_callback({"Sign": sign_of("", "1000"), "T": "1000"}, b"", "", 999)


@pytest.mark.parametrize("expires", ["", "x", "-1", "1e9", "٣٣٣٣", "9" * 30, "1000 ", "0x3e8"])
def test_malformed_callbacks_are_false_not_crashes(expires: str) -> None:
    headers = {"Sign": sign_of("Key1", expires), "T": expires}
    assert not VOD.verify_callback(headers, b"", "Key1", 0)
    for body in (b"", b"[]", b"\xff", b"[" * 100000, b'{"Sign": null, "T": []}'):
        assert not VOD.verify_callback({}, body, "Key1", 0)
    assert not VOD.verify_callback({"Sign": "é\udc80", "T": "1000"}, b"", "Key1", 0)
    assert not VOD.verify_callback({"T": "1000"}, b"", "Key1", 0)


def unpacked(token: str, secret: str = "secret") -> dict[str, str]:
    raw = base64.b64decode(token)
    assert hmac.compare_digest(raw[:20], hmac.new(secret.encode(), raw[20:], "sha1").digest())
    return {name: values[0] for name, values in parse_qs(raw[20:].decode(), strict_parsing=True).items()}


def test_a_token_binds_every_field_it_is_given() -> None:
    fields = {
        "class_id": 5, "procedure": "流程/1", "task_priority": -10, "task_notify_mode": "None",
        "source_context": "a=1&b", "one_time_valid": True, "session_context": "s c", "storage_region": "ap-x",
        "random": 7,
    }  # fmt: skip
    assert unpacked(VOD.issue_token(KEYS, 1700000000.9, 60, fields)) == {
        "secretId": "AKIDtest", "currentTimeStamp": "1700000000", "expireTime": "1700000060", "random": "7",
        "classId": "5", "procedure": "流程/1", "taskPriority": "-10", "taskNotifyMode": "None",
        "sourceContext": "a=1&b", "oneTimeValid": "1", "sessionContext": "s c", "storageRegion": "ap-x",
        "vodSubAppId": "101",
    }  # fmt: skip
    drawn = {unpacked(VOD.issue_token(KEYS, 1, 7776000, {}))["random"] for _ in range(8)}
    assert len(drawn) > 1
    assert "vodSubAppId" not in unpacked(TencentVod().issue_token(KEYS, 1, 60, {"sub_app_id": None}))


@pytest.mark.parametrize(
    ("lifetime", "fields", "word"),
    [
        (7776001, {}, "lifetime"),
        (0, {}, "lifetime"),
        (-1, {}, "lifetime"),
        (float("nan"), {}, "lifetime"),
        (float("inf"), {}, "lifetime"),
        (True, {}, "lifetime"),
        (60, {"random": 2**32}, "random"),
        (60, {"random": -1}, "random"),
        (60, {"novel": 1}, "novel"),
        (60, {"class_id": -1}, "class_id"),
        (60, {"task_priority": 11}, "task_priority"),
        (60, {"task_notify_mode": "x"}, "task_notify_mode"),
        (60, {"source_context": "x" * 251}, "source_context"),
        (60, {"session_context": "x" * 1001}, "session_context"),
        (60, {"procedure": "a\nb"}, "procedure"),
        (60, {"one_time_valid": 2}, "one_time_valid"),
        (60, {"one_time_valid": "1"}, "one_time_valid"),
        (60, {"sub_app_id": 7}, "sub_app_id"),
        (60, {"storage_region": "a b"}, "storage_region"),
    ],
)
def test_a_token_with_a_bad_field_is_refused_by_name(lifetime: float, fields: dict[str, object], word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        VOD.issue_token(KEYS, 1700000000, lifetime, fields)


def test_tokens_need_a_permanent_key() -> None:
    with pytest.raises(Unsupported, match="permanent"):
        VOD.issue_token(Credentials.of("a", "b", "t"), 1, 60, {})


def test_clock_ignores_the_content_but_not_a_refusal() -> None:
    call = VOD.clock()
    assert call.reads
    assert sent(call) == {"SubAppId": 101}
    assert call.parse(reply(Whatever=[1])) is None
    with pytest.raises(AuthError):
        call.parse(reply(Error={"Code": "AuthFailure.SecretIdNotFound", "Message": "m"}))


def test_a_ticket_never_shows_its_session() -> None:
    ticket = Ticket(session="canary", objects=(), credentials=KEYS, expires_at=None)
    call = VOD.commit(ticket, {})
    assert "canary" not in repr(ticket)
    assert "canary" not in repr(call)
