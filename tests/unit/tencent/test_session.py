"""ApplyUpload and CommitUpload: what a reply becomes, and what a hostile reply cannot do."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vodfast.credentials import Credentials
from vodfast.errors import ErrorKind, InvalidInput, RetryClass, VodfastError
from vodfast.providers.contract import ManifestSpec, MediaSpec, MemberSpec, Ticket
from vodfast.providers.tencent import wire
from vodfast.providers.tencent.protocol import TencentVod
from vodfast.stores.cos.dialect import CosStore
from vodfast.transfer.message import Response
from vodfast.transfer.ports import Call, ObjectReceipt

REPEATED = settings(max_examples=40, derandomize=True, deadline=None)
CALLER = Credentials.of("AKIDcaller", "caller-secret", "caller-token", 1800000000.0)
MEDIA = MediaSpec(name="clip.mp4", size=5)
COVERED = MediaSpec(name="clip.mp4", size=5, cover_name="c.png", cover_size=1)
RECEIPT = ObjectReceipt(tag='"t"', digest=1)

APPLIED: dict[str, Any] = {
    "StorageBucket": "f0d2e5b7vodcq1250000000-1250000000",
    "StorageRegion": "ap-chongqing",
    "VodSessionKey": "session-canary",
    "MediaStoragePath": "/f0d2/3701925/f0.mp4",
    "CoverStoragePath": "/f0d2/3701925/cover.png",
    "TempCertificate": {
        "SecretId": "AKIDtemp", "SecretKey": "temp-canary", "Token": "token-canary", "ExpiredTime": 1700007200
    },
    "RequestId": "req-1",
    "Unknown": {"ignored": [1]},
}  # fmt: skip


def reply(fields: dict[str, Any], status: int = 200) -> Response:
    return Response(status=status, headers=(), body=json.dumps({"Response": fields}).encode())


def applied(fields: dict[str, Any], media: MediaSpec = COVERED, provider: TencentVod | None = None) -> Ticket:
    call = (provider or TencentVod()).apply(media)
    call.build(CALLER, 1700000000)
    return call.parse(reply(fields))


def test_a_ticket_holds_stores_and_the_certificate() -> None:
    ticket = applied(APPLIED)
    assert [part.role for part in ticket.objects] == ["media", "cover"]
    media, cover = (part.store for part in ticket.objects)
    assert isinstance(media, CosStore)
    assert isinstance(cover, CosStore)
    assert media.host == "f0d2e5b7vodcq1250000000-1250000000.cos.ap-chongqing.myqcloud.com"
    assert (media.key, cover.key) == ("f0d2/3701925/f0.mp4", "f0d2/3701925/cover.png")
    assert ticket.credentials == Credentials.of("AKIDtemp", "temp-canary", "token-canary", 1700007200.0)
    assert (ticket.expires_at, ticket.session, ticket.request_id) == (1700007200.0, "session-canary", "req-1")
    assert "canary" not in repr(ticket)


def test_no_cover_asked_no_cover_in_the_ticket() -> None:
    assert [part.role for part in applied(APPLIED, MEDIA).objects] == ["media"]


@pytest.mark.parametrize("absent", [None, "missing"])
def test_without_a_certificate_the_caller_s_keys_and_token_are_used(absent: str | None) -> None:
    fields = {name: value for name, value in APPLIED.items() if name != "TempCertificate"}
    ticket = applied(fields | ({"TempCertificate": None} if absent is None else {}))
    assert ticket.credentials == CALLER
    assert ticket.expires_at == CALLER.expires_at


@pytest.mark.parametrize(
    ("family", "host"),
    [
        ("tencentcos", "b-1.cos.ap-x.tencentcos.cn"),
        ("accelerate", "b-1.cos.accelerate.myqcloud.com"),
        ("internal", "b-1.cos-internal.ap-x.tencentcos.cn"),
    ],
)
def test_the_setting_chooses_among_the_stores_domains(family: str, host: str) -> None:
    ticket = applied(
        APPLIED | {"StorageBucket": "b-1", "StorageRegion": "ap-x"}, provider=TencentVod(cos_domain=family)
    )
    store = ticket.objects[0].store
    assert isinstance(store, CosStore)
    assert store.host == host


def refused(fields: dict[str, Any]) -> VodfastError:
    with pytest.raises(VodfastError) as caught:
        applied(fields)
    assert caught.value.kind is ErrorKind.UNEXPECTED
    assert "canary" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("field", ["StorageBucket", "StorageRegion", "VodSessionKey", "MediaStoragePath"])
def test_missing_empty_null_and_wrong_fields(field: str) -> None:
    assert field in str(refused({name: value for name, value in APPLIED.items() if name != field}))
    for wrong in (None, "", 5, [], {}):
        refused(APPLIED | {field: wrong})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("StorageBucket", "evil.com/b-1"), ("StorageBucket", "b@evil"), ("StorageBucket", "b-1\r\nX: 1"),
        ("StorageBucket", "B-1"), ("StorageBucket", "b-1:80"), ("StorageBucket", "b" * 64),
        ("StorageRegion", "ap-x.evil.com#"), ("StorageRegion", "ap/x"), ("StorageRegion", "-"),
        ("MediaStoragePath", "/"), ("MediaStoragePath", "/.."), ("MediaStoragePath", "/a\r\nb"),
        ("MediaStoragePath", "/a\x00b"), ("CoverStoragePath", None), ("CoverStoragePath", ""),
    ],
)  # fmt: skip
def test_replies_cannot_choose_another_host_or_break_framing(field: str, value: Any) -> None:
    refused(APPLIED | {field: value})


@pytest.mark.parametrize(
    "change",
    [
        {"SecretId": ""}, {"SecretKey": ""}, {"Token": ""}, {"Token": "a\r\nb"}, {"SecretId": "a b"},
        {"ExpiredTime": 0}, {"ExpiredTime": -1}, {"ExpiredTime": 10**400}, {"ExpiredTime": "1700007200"},
        {"ExpiredTime": None}, {"Token": None}, {"SecretKey": 5},
    ],
)  # fmt: skip
def test_a_certificate_that_cannot_be_used_is_an_error(change: dict[str, Any]) -> None:
    refused(APPLIED | {"TempCertificate": APPLIED["TempCertificate"] | change})


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b"5", b'{"Response": null}', b'{"Response": []}', b'{"Response": 5}',
        b'{"Response": {}}', b'{"Response": {"Error": {}}}', b'{"Response": {"Error": {"Code": 5}}}',
        b"\xef\xbb\xbf{}", b"<html>", b'{"Response": {"VodSessionKey": "\xff"}}', b"[" * 100000,
        b'{"Response": ' + b"[" * 100000, b'{"Response": {"X": ' + b'{"a":' * 100000, b" " * (9 * 1024 * 1024),
    ],
)  # fmt: skip
def test_what_is_no_reply_at_all(body: bytes) -> None:
    for call in (TencentVod().apply(MEDIA), TencentVod().commit(applied(APPLIED, MEDIA), {"media": RECEIPT})):
        with pytest.raises(VodfastError) as caught:
            call.parse(Response(status=200, headers=(), body=body))
        assert (caught.value.kind, caught.value.retry) == (ErrorKind.UNEXPECTED, RetryClass.LATER)


def test_a_reply_cut_anywhere_is_an_error() -> None:
    whole = reply(APPLIED).body
    call = TencentVod().apply(COVERED)
    call.build(CALLER, 1)
    for end in range(len(whole)):
        with pytest.raises(VodfastError):
            call.parse(Response(status=200, headers=(), body=whole[:end]))


@REPEATED
@given(st.binary(max_size=200))
def test_any_bytes_are_an_error_of_ours(body: bytes) -> None:
    with pytest.raises(VodfastError):
        TencentVod().apply(MEDIA).parse(Response(status=200, headers=(), body=body))


def test_commit_repeats_session_and_place() -> None:
    provider = TencentVod(place="101")
    call = provider.commit(applied(APPLIED, provider=provider), {"media": RECEIPT, "cover": RECEIPT})
    assert (call.repeatable, call.reads, call.operation) == (True, False, "CommitUpload")
    request = call.build(CALLER, 1700000000)
    assert isinstance(request.body, bytes)
    assert json.loads(request.body) == {"VodSessionKey": "session-canary", "SubAppId": 101}
    record = call.parse(reply({"FileId": "387", "MediaUrl": "http://h/a.mp4", "CoverUrl": "", "RequestId": "r"}))
    assert (record.media_id, record.url, record.cover_url, record.request_id) == ("387", "http://h/a.mp4", None, "r")
    for bad in ({"FileId": ""}, {"FileId": 387}, {}, {"FileId": None}):
        with pytest.raises(VodfastError):
            call.parse(reply(bad))


def test_nothing_is_committed_before_every_object_is_stored() -> None:
    with pytest.raises(InvalidInput, match="cover"):
        TencentVod().commit(applied(APPLIED), {"media": RECEIPT})


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@REPEATED
@given(title=TEXT, context=TEXT, procedure=TEXT)
def test_bodies_come_back_as_they_went(title: str, context: str, procedure: str) -> None:
    body = wire.ApplyUploadRequest(
        media_type="mp4", media_name=title, source_context=context, procedure=procedure, class_id=0
    )
    encoded = msgspec.json.encode(body)
    assert msgspec.json.decode(encoded, type=wire.ApplyUploadRequest) == body
    assert b"null" not in msgspec.json.encode(wire.ApplyUploadRequest(media_type="mp4"))
    assert title not in repr(body) or len(title) < 20


PACKAGE = MediaSpec(name="P.M3U8", size=5, members=(MemberSpec("a.ts", 1), MemberSpec("v 1/第1集.ts", 2)))
PLACED = APPLIED | {"MediaStoragePath": "/f0d2/3701925/f0.m3u8", "CoverStoragePath": ""}


def test_members_lie_beside_the_manifest_under_their_own_paths() -> None:
    ticket = applied(PLACED, PACKAGE)
    assert [part.name for part in ticket.objects] == ["media", "member:a.ts", "member:v 1/第1集.ts"]
    stores = [part.store for part in ticket.objects]
    assert [store.key for store in stores if isinstance(store, CosStore)] == [
        "f0d2/3701925/f0.m3u8",
        "f0d2/3701925/a.ts",
        "f0d2/3701925/v 1/第1集.ts",
    ]
    assert TencentVod().split_package(PACKAGE, "0" * 32) == (PACKAGE, {})


def test_a_path_of_ones_own_is_the_members_directory_too() -> None:
    ticket = applied(PLACED | {"MediaStoragePath": "/top.m3u8"}, PACKAGE)
    store = ticket.objects[1].store
    assert isinstance(store, CosStore)
    assert store.key == "a.ts"


@pytest.mark.parametrize("taken", ["f0.m3u8", "cover.png"])
def test_a_member_may_not_take_the_place_of_the_manifest_or_the_cover(taken: str) -> None:
    media = msgspec.structs.replace(PACKAGE, cover_name="c.png", members=(MemberSpec(taken, 1),))
    with pytest.raises(InvalidInput, match=f"{taken} has the name the service gives"):
        applied(APPLIED | {"MediaStoragePath": "/f0d2/3701925/f0.m3u8"}, media)


def test_a_package_is_committed_when_every_member_is_stored() -> None:
    ticket = applied(PLACED, PACKAGE)
    receipts = {part.name: RECEIPT for part in ticket.objects}
    assert isinstance(TencentVod().commit(ticket, receipts), Call)
    del receipts["member:a.ts"]
    with pytest.raises(InvalidInput, match=r"before member:a\.ts is stored"):
        TencentVod().commit(ticket, receipts)


@pytest.mark.parametrize("kind", ["m3u8", "mpd"])
def test_the_parser_is_asked_with_the_whole_text_and_no_place(kind: str) -> None:
    call = TencentVod(place=7).parse_manifest(ManifestSpec(kind, f"top.{kind}", '#EXTM3U\n"第1集"\n'))
    assert call is not None
    assert call.reads
    request = call.build(CALLER, 1700000000)
    assert request.operation == "ParseStreamingManifest"
    assert isinstance(request.body, bytes)
    assert json.loads(request.body) == {"MediaManifestContent": '#EXTM3U\n"第1集"\n', "ManifestType": kind}


@pytest.mark.parametrize(
    ("answer", "wanted"), [(["a.ts", "../b.ts"], ("a.ts", "../b.ts")), ([], ()), (None, ()), ("absent", ())]
)
def test_what_the_parser_answers_is_handed_on_as_it_is(answer: Any, wanted: tuple[str, ...]) -> None:
    call = TencentVod().parse_manifest(ManifestSpec("m3u8", "top.m3u8", "#EXTM3U\n"))
    assert call is not None
    fields = {} if answer == "absent" else {"MediaSegmentSet": answer}
    assert call.parse(reply({**fields, "RequestId": "r"})) == wanted


@pytest.mark.parametrize("answer", ["a.ts", [1], {"a": "b"}])
def test_an_answer_of_the_parser_that_is_none(answer: Any) -> None:
    call = TencentVod().parse_manifest(ManifestSpec("m3u8", "top.m3u8", "#EXTM3U\n"))
    assert call is not None
    with pytest.raises(VodfastError, match="MediaSegmentSet"):
        call.parse(reply({"MediaSegmentSet": answer, "RequestId": "r"}))
