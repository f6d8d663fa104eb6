"""upload/init, what stands for a commit, lookups and callbacks: what a reply becomes, and what a hostile one cannot."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vodfast.credentials import Credentials, Secret
from vodfast.errors import AmbiguousCommit, ConfigError, ErrorKind, InvalidInput, RetryClass, VodfastError
from vodfast.providers.contract import MediaRecord, MediaSpec, Ticket
from vodfast.providers.netease import Checkpoint, UploadOptions, faults, verbs, wire
from vodfast.providers.netease.calls import Api
from vodfast.providers.netease.protocol import NeteaseVod
from vodfast.stores.nos.dialect import NosStore
from vodfast.stores.oss.dialect import OssStore
from vodfast.transfer.message import Response
from vodfast.transfer.ports import Call, ObjectReceipt, PartReceipt, PartSpec
from vodfast.transfer.sources import BufferSource

PROVIDER = NeteaseVod()
KEYS = Credentials.of("appkey", "secret-canary")
MEDIA = MediaSpec(name="clip.mp4", size=5)
INIT: dict[str, Any] = {"xNosToken": "UPLOAD a:token-canary:p", "bucket": "vodfake", "object": "0-1.mp4", "new": [1]}
API = Api(endpoint="vcloud.163.com")
BODY = BufferSource(b"x", "b", "b").part(PartSpec(0, 0, 1))


def reply(ret: object = None, code: Any = 200, status: int = 200, **fields: Any) -> Response:
    content = {"code": code, "requestId": "vod-1", "ret": {} if ret is None else ret, **fields}
    return Response(status=status, headers=(), body=json.dumps(content).encode())


def applied(ret: dict[str, Any]) -> Ticket:
    call = PROVIDER.apply(MEDIA)
    call.build(KEYS, 1700000000.0)
    return call.parse(reply(ret))


def failure(call: Call[Any], response: Response) -> VodfastError:
    with pytest.raises(VodfastError) as caught:
        call.parse(response)
    return caught.value


def test_a_ticket_holds_the_store_the_token_and_the_callers_keys() -> None:
    ticket = applied(INIT)
    (entry,) = ticket.objects
    assert isinstance(entry.store, NosStore)
    assert (entry.store.bucket, entry.store.key) == ("vodfake", "0-1.mp4")
    assert ticket.credentials == Credentials.of("appkey", "secret-canary", "UPLOAD a:token-canary:p")
    assert "canary" not in repr(ticket)
    assert "canary" not in repr(entry.store)


def test_every_call_has_a_nonce_of_its_own() -> None:
    call = PROVIDER.apply(MEDIA)
    nonces = {dict(call.build(KEYS, 1.0).headers)["nonce"] for _ in range(20)}
    assert len(nonces) == 20
    assert all(len(nonce) <= 128 for nonce in nonces)


def test_keys_with_a_token_or_line_breaks_are_refused() -> None:
    with pytest.raises(ConfigError):
        PROVIDER.apply(MEDIA).build(Credentials.of("k", "s", "t"), 1.0)
    with pytest.raises(InvalidInput) as caught:
        PROVIDER.apply(MEDIA).build(Credentials.of("canary\r\nX-Evil: 1", "s"), 1.0)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [("xNosToken", None), ("xNosToken", ""), ("xNosToken", "a\r\nb"), ("xNosToken", " a"), ("xNosToken", "ü"),
     ("xNosToken", 7), ("bucket", ""), ("bucket", "a/b"), ("bucket", ".."), ("bucket", "A"), ("bucket", None),
     ("object", ""), ("object", ".."), ("object", "a\nb"), ("object", "x" * 1025), ("object", None)],
)  # fmt: skip
def test_a_reply_without_what_is_needed_is_useless(field: str, value: Any) -> None:
    with pytest.raises(VodfastError) as caught:
        applied(INIT | {field: value})
    assert caught.value.retry is RetryClass.LATER


OSS: dict[str, Any] = {
    "storageType": "oss", "bucket": "vodsea-1", "object": "0-1.mp4",
    "host": "https://vodsea-1.oss-ap-southeast-1.aliyuncs.com",
    "accessKeyId": "STS.id", "accessKeySecret": "sts-canary", "securityToken": "token-canary",
    "callback": "eyJjYWxsYmFja1VybCI6Imh0dHA6Ly94LyJ9",
}  # fmt: skip


@pytest.mark.parametrize(
    "host", [OSS["host"], "oss-ap-southeast-1.aliyuncs.com", "http://oss-ap-southeast-1.aliyuncs.com"]
)
def test_an_account_kept_in_oss_gets_an_oss_store(host: str) -> None:
    ticket = applied(OSS | {"host": host})
    store = ticket.objects[0].store
    assert isinstance(store, OssStore)
    assert store.place.authority == "vodsea-1.oss-ap-southeast-1.aliyuncs.com"
    assert ticket.credentials == Credentials.of("STS.id", "sts-canary", "token-canary")
    assert "canary" not in repr(ticket)
    put = store.put_object(BODY).build(ticket.credentials, 1700000000.0)
    assert dict(put.headers)["x-oss-callback"] == OSS["callback"]
    assert "x-oss-callback" not in dict(store.create_upload().build(ticket.credentials, 1700000000.0).headers)
    part = store.put_part("u", PartSpec(0, 0, 1), BODY).build(ticket.credentials, 1700000000.0)
    assert "x-oss-callback" not in dict(part.headers)
    parts = [PartReceipt(index=0, length=1, tag='"e"', digest=None)]
    complete = store.complete_upload("u", parts)
    assert dict(complete.build(ticket.credentials, 1700000000.0).headers)["x-oss-callback"] == OSS["callback"]
    for call in (store.put_object(BODY), complete):
        headers = (("etag", '"e"'), ("x-oss-hash-crc64ecma", "7"))
        receipt = call.parse(Response(status=200, headers=headers, body=b'{"code":200,"ret":{"vid":8}}'))
        assert receipt.digest == 7
        record = PROVIDER.commit(ticket, {"media": receipt})
        assert isinstance(record, MediaRecord)
        assert record.media_id == "8"
        lost = PROVIDER.commit(ticket, {"media": ObjectReceipt(tag='"e"', digest=7)})
        assert isinstance(lost, Call)
        body = lost.build(KEYS, 1.0).body
        assert isinstance(body, bytes)
        assert json.loads(body) == {"objectNames": ["0-1.mp4"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [("host", None), ("host", ""), ("host", "a b"), ("host", "http://h/path"), ("bucket", "A_b"), ("object", "/x"),
     ("object", ""), ("accessKeyId", None), ("accessKeySecret", "a\r\nb"), ("securityToken", ""), ("callback", None),
     ("callback", "no\r\nbase64"), ("callback", "")],
)  # fmt: skip
def test_an_oss_reply_without_what_is_needed_is_useless(field: str, value: Any) -> None:
    with pytest.raises(VodfastError) as caught:
        applied(OSS | {field: value})
    assert caught.value.retry is RetryClass.LATER
    assert "canary" not in str(caught.value)


def test_other_storage_types_are_nos() -> None:
    assert isinstance(applied(INIT | {"storageType": "nos"}).objects[0].store, NosStore)


@pytest.mark.parametrize(
    ("code", "kind", "retry"),
    [
        (400, ErrorKind.INVALID_INPUT, RetryClass.NEVER),
        (700, ErrorKind.UNAVAILABLE, RetryClass.LATER),
        (710, ErrorKind.AUTH, RetryClass.NEVER),
        (720, ErrorKind.AUTH, RetryClass.NEVER),
        (721, ErrorKind.AUTH, RetryClass.NEVER),
        (722, ErrorKind.AUTH, RetryClass.NEVER),
        (723, ErrorKind.THROTTLED, RetryClass.LATER),
        (999, ErrorKind.UNEXPECTED, RetryClass.NEVER),
    ],
)
def test_each_code_has_its_kind_and_retry_class(code: int, kind: ErrorKind, retry: RetryClass) -> None:
    error = failure(PROVIDER.apply(MEDIA), reply(None, code, msg="签名\r\n错误"))
    assert (error.kind, error.retry, error.code, error.request_id) == (kind, retry, str(code), "vod-1")
    assert "签名 错误" in error.message
    assert (code in faults.CODES) is (code != 999)


def test_a_refusal_without_words_and_a_success_without_content_are_understood() -> None:
    bare = Response(status=200, headers=(), body=b'{"code":710}')
    assert failure(PROVIDER.apply(MEDIA), bare).kind is ErrorKind.AUTH
    done = Response(status=200, headers=(), body=b'{"code":200}')
    PROVIDER.set_callback("http://a/b", {}).parse(done)
    apply = PROVIDER.apply(MEDIA)
    apply.build(KEYS, 1.0)
    assert failure(apply, done).retry is RetryClass.LATER


def test_statuses_without_an_envelope() -> None:
    for status, retry in ((502, RetryClass.LATER), (404, RetryClass.NEVER), (302, RetryClass.NEVER)):
        response = Response(status=status, headers=(("location", "http://evil/?token=1"),), body=b"<html>")
        error = failure(PROVIDER.apply(MEDIA), response)
        assert (error.status, error.retry) == (status, retry)
        assert "token" not in error.message
    assert failure(PROVIDER.apply(MEDIA), Response(status=200, headers=(), body=b"<html>")).retry is RetryClass.LATER
    assert failure(PROVIDER.apply(MEDIA), reply(None, 999, 503)).retry is RetryClass.LATER


def commit(relayed: str | None) -> Call[MediaRecord] | MediaRecord:
    receipt = ObjectReceipt(tag="c", digest=None, size=5, reply=relayed)
    return PROVIDER.commit(applied(INIT), {"media": receipt})


def test_a_relayed_media_id_needs_no_call() -> None:
    record = commit('{"code":200,"requestId":"r","ret":{"vid":1022,"more":{}}}')
    url = "http://vodfake.vod.126.net/vodfake/0-1.mp4"
    assert record == MediaRecord(media_id="1022", url=url, query_id="0-1.mp4", request_id="r")
    assert isinstance(record := commit('{"code":200,"ret":{"imgId":7}}'), MediaRecord)
    assert record.media_id == "7"


@pytest.mark.parametrize(
    "relayed",
    [None, "", "<html>", "[]", "{}", '{"code":200}', '{"code":500,"ret":{"vid":1}}', '{"code":200,"ret":{"vid":0}}',
     '{"code":200,"ret":{"vid":-1}}', '{"code":200,"ret":{"vid":"1"}}', '{"code":200,"ret":null}', "[" * 100000],
)  # fmt: skip
def test_otherwise_the_service_is_asked_and_asked_again(relayed: str | None) -> None:
    call = commit(relayed)
    assert isinstance(call, Call)
    assert call.reads
    body = call.build(KEYS, 1.0).body
    assert isinstance(body, bytes)
    assert json.loads(body) == {"objectNames": ["0-1.mp4"]}
    entry = {"objectName": "0-1.mp4", "vid": 5}
    assert call.parse(reply({"count": 1, "list": [entry]})).media_id == "5"
    for empty in ({}, {"list": None}, {"list": []}, {"list": [{"objectName": "other.mp4", "vid": 5}]}):
        error = failure(call, reply(empty))
        assert isinstance(error, AmbiguousCommit)
        assert error.retry is RetryClass.LATER


@pytest.mark.parametrize("age", [0.0, 3600.0])
def test_an_old_answer_that_an_object_is_unfinished_is_not_believed(age: float) -> None:
    """As a journal replays it."""
    filled = Checkpoint(bucket="vodfake", key="0-1.mp4", token=Secret("UPLOAD t"), context="c", size=5)
    call = PROVIDER.apply(msgspec.structs.replace(MEDIA, options=UploadOptions(checkpoint=filled)))
    call.build(KEYS, time.time() - age)
    store = call.parse(reply({"list": []})).objects[0].store
    assert isinstance(store, NosStore)
    assert store.begun == "c"
    assert (store.head_object().answered is None) is (age > 0)
    assert store.head_object().answered is None  # the next question is for the service


def test_nothing_is_committed_without_a_receipt() -> None:
    with pytest.raises(InvalidInput):
        PROVIDER.commit(applied(INIT), {})


def test_the_store_settles_a_lost_answer_through_the_api() -> None:
    ticket = applied(INIT)
    call = ticket.objects[0].store.head_object()
    request = call.build(ticket.credentials, 1.0)
    assert request.url == "https://vcloud.163.com/app/vod/video/query"
    assert "x-nos-token" not in dict(request.headers)
    assert "canary" not in str(request.headers)
    assert call.parse(reply({"list": []})) is None
    found = call.parse(reply({"list": [{"objectName": "0-1.mp4", "imgId": 9}]}))
    assert found is not None
    record = PROVIDER.commit(ticket, {"media": found})
    assert isinstance(record, MediaRecord)
    assert record.media_id == "9"


def test_a_batch_answers_every_name_in_the_order_asked() -> None:
    call = PROVIDER.media(["b.png", "x.mp4", "a.mp4", "b.png"])
    body = call.build(KEYS, 1.0).body
    assert isinstance(body, bytes)
    assert json.loads(body) == {"objectNames": ["b.png", "x.mp4", "a.mp4"]}
    picture = {"objectName": "b.png", "imgId": 2, "future": [1]}
    infos = call.parse(reply({"count": 2, "list": [{"objectName": "a.mp4", "vid": 1}, picture]}))
    assert infos[0].raw == picture
    assert [(info.media_id, info.found) for info in infos] == [("2", True), ("x.mp4", False), ("1", True), ("2", True)]


@pytest.mark.parametrize(
    ("fields", "operation", "body"),
    [
        ({}, "upload/setcallback", {}),
        ({"event": "upload", "sign_key": "Ab1"}, "upload/setcallback", {"signKey": "Ab1"}),
        ({"event": "transcode"}, "transcode/setcallback", {}),
        ({"event": "transcode", "newer": True, "sign_key": "k"}, "callback/setUrl", {"type": 1, "signKey": "k"}),
        ({"newer": True}, "callback/setUrl", {"type": 2}),
        ({"event": "merge"}, "callback/setUrl", {"type": 5}),
        ({"event": "cut"}, "callback/setUrl", {"type": 6}),
    ],
)
def test_each_event_has_its_setter(fields: dict[str, Any], operation: str, body: dict[str, Any]) -> None:
    call = PROVIDER.set_callback("http://a/b", fields)
    request = call.build(KEYS, 1.0)
    assert request.url == f"https://vcloud.163.com/app/vod/{operation}"
    assert isinstance(request.body, bytes)
    assert json.loads(request.body) == {"callbackUrl": "http://a/b", **body}
    call.parse(reply({}))


@pytest.mark.parametrize(
    ("url", "fields"),
    [("ftp://a/", {}), ("nonsense", {}), ("http://a/", {"event": "other"}), ("http://a/", {"event": 7}),
     ("http://a/", {"sign_key": "no blanks"}), ("http://a/", {"sign_key": "x" * 33}), ("http://a/", {"newer": 1}),
     ("http://a/", {"event": "transcode", "sign_key": "k"}), ("http://a/" + "x" * 200, {"newer": True}),
     ("http://a/", {"unknown": 1}), ("http://a\r\nb/", {})],
)  # fmt: skip
def test_callback_setters_refuse(url: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        PROVIDER.set_callback(url, fields)


def test_callbacks_are_verified_over_the_whole_body() -> None:
    body = '{"type":"upload","name":"雪.mp4","user_defined":"userId=1"}'.encode()
    sign = "93f0fd3e92b65a85ba98db8d6ea29410"
    assert PROVIDER.verify_callback({"SIGN": sign.upper()}, body, "fakeSignKey1", 0.0)
    for headers, text, secret in (
        ({"sign": sign}, body + b"\n", "fakeSignKey1"),
        ({"sign": sign}, body, "fakeSignKey2"),
        ({"sign": sign}, body, ""),
        ({"sign": ""}, body, "fakeSignKey1"),
        ({}, body, "fakeSignKey1"),
        ({"sign": "é"}, body, "fakeSignKey1"),
    ):
        assert not PROVIDER.verify_callback(headers, text, secret, 0.0)


def test_tokens_for_browsers_come_from_the_service() -> None:
    call = PROVIDER.issue_token(KEYS, 0.0, 60.0, {"name": "clip.mp4", "title": "t", "preset_id": 3})
    body = call.build(KEYS, 1.0).body
    assert isinstance(body, bytes)
    assert json.loads(body) == {"originFileName": "clip.mp4", "userFileName": "t", "presetId": 3}
    assert json.loads(call.parse(reply(INIT))) == {name: INIT[name] for name in ("xNosToken", "bucket", "object")}
    for fields in ({}, {"name": "clip.mp4", "unknown": 1}, {"name": "bad"}):
        with pytest.raises(InvalidInput):
            PROVIDER.issue_token(KEYS, 0.0, 60.0, fields)
    with pytest.raises(VodfastError):
        call.parse(reply({"storageType": "oss", "bucket": "b", "object": "o"}))
    assert json.loads(call.parse(reply(OSS))) == OSS


def test_the_clock_is_read_with_a_signed_call() -> None:
    call = PROVIDER.clock()
    assert "checksum" in dict(call.build(KEYS, 1.0).headers)
    assert call.reads
    call.parse(reply({"list": []}))
    assert failure(call, reply(None, 710)).kind is ErrorKind.AUTH


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(JSON, st.sampled_from(["code", "ret", "xNosToken", "bucket", "object", "list"]))
def test_no_reply_raises_anything_but_the_error_type(value: Any, place: str) -> None:
    envelope = {"code": 200, "requestId": "r", "ret": INIT | {"list": [{"objectName": "a.mp4", "vid": 1}]}}
    target = envelope if place in envelope else envelope["ret"]
    target[place] = value
    response = Response(status=200, headers=(), body=json.dumps(envelope).encode())
    apply = PROVIDER.apply(MEDIA)
    apply.build(KEYS, 1.0)
    for call in (apply, PROVIDER.media(["a.mp4"]), verbs.confirm(API, "a.mp4"), verbs.record(API, "a.mp4", "u")):
        with contextlib.suppress(VodfastError):
            call.parse(response)


def test_shapes_show_nothing() -> None:
    shown = repr(msgspec.convert(INIT, wire.InitReply))
    assert "canary" not in shown
