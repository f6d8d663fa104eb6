"""CreateUpload* and RefreshUploadVideo: what is sent, what a reply becomes, and what a hostile reply cannot do."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.stores import Body
from vodfast.credentials import Credentials
from vodfast.errors import ErrorKind, InvalidInput, RetryClass, Unsupported, VodfastError
from vodfast.providers.aliyun import UploadOptions, UploadToken, UserData
from vodfast.providers.aliyun.protocol import AliyunVod
from vodfast.providers.contract import MediaRecord, MediaSpec, MemberSpec, Ticket
from vodfast.stores.oss.dialect import OssStore
from vodfast.transfer.message import Response
from vodfast.transfer.ports import ObjectReceipt, PartReceipt, PartSpec

REPEATED = settings(max_examples=30, derandomize=True, deadline=None)
CALLER = Credentials.of("LTAI5tcaller", "caller-secret")
MEDIA = MediaSpec(name="dir/影片 1.MP4", size=5)
NOW = 1700000000

ADDRESS: dict[str, Any] = {
    "Endpoint": "https://oss-cn-shanghai.aliyuncs.com",
    "Bucket": "outin-0123456789abcdef",
    "FileName": "sv/5b2d/video.mp4",
}
AUTH: dict[str, Any] = {
    "AccessKeyId": "STS.temp",
    "AccessKeySecret": "secret-canary",
    "SecurityToken": "token-canary+/==",
    "ExpireUTCTime": "2023-11-14T23:03:20Z",
    "Expiration": "3600",
    "Region": "cn-shanghai",
}


def packed(fields: Any) -> str:
    return base64.b64encode(json.dumps(fields).encode()).decode()


def reply(address: Any = ADDRESS, auth: Any = AUTH, **fields: Any) -> Response:
    body = {"RequestId": "R-1", "VideoId": "93ab850b4f6f44eab54b6e91d24d81d4"}
    body |= {"UploadAddress": packed(address), "UploadAuth": packed(auth)}
    return Response(status=200, headers=(), body=json.dumps({**body, **fields}).encode())


def applied(response: Response, media: MediaSpec = MEDIA, **provider: Any) -> Ticket:
    call = AliyunVod(**provider).apply(media)
    call.build(CALLER, NOW)
    return call.parse(response)


def store_of(ticket: Ticket) -> OssStore:
    (entry,) = ticket.objects
    assert entry.role == "media"
    assert isinstance(entry.store, OssStore)
    return entry.store


def sent(media: MediaSpec, **provider: Any) -> dict[str, str]:
    call = AliyunVod(**provider).apply(media)
    request = call.build(CALLER, NOW)
    return dict(parse_qsl(urlsplit(request.url).query, strict_parsing=True)) | {"": call.operation}


def test_a_ticket_holds_the_store_and_its_credentials() -> None:
    ticket = applied(reply())
    assert ticket.media_id == ticket.session == "93ab850b4f6f44eab54b6e91d24d81d4"
    assert ticket.credentials == Credentials.of("STS.temp", "secret-canary", "token-canary+/==", 1700003000.0)
    assert (ticket.expires_at, ticket.request_id, ticket.renewable) == (1700003000.0, "R-1", True)
    store = store_of(ticket)
    assert (store.place.authority, store.key) == (
        "outin-0123456789abcdef.oss-cn-shanghai.aliyuncs.com", "sv/5b2d/video.mp4"
    )  # fmt: skip
    assert (store.region, store.signature, store.content_type) == ("cn-shanghai", "V4", "video/mp4")
    assert "canary" not in repr(ticket)


def test_every_field_of_a_video_arrives_at_its_place() -> None:
    options = UploadOptions(
        cover_url="https://e.com/c.png",
        template_group_id="VOD_NO_TRANSCODE",
        workflow_id="w",
        reference_id="ref-001",
        app_id="app-1",
        user_data=UserData(callback_url="https://e.com/cb", accelerate_domain="https://a.com"),
    )
    media = MediaSpec(
        name="/secret/path/a.b.MP4", size=9, title="T", description="D", tags=("a", "b"), category="0", context="ctx",
        options=options,
    )  # fmt: skip
    user_data = {
        "MessageCallback": {"CallbackURL": "https://e.com/cb", "CallbackType": "http"},
        "Extend": {"context": "ctx"},
        "AccelerateConfig": {"Type": "oss", "Domain": "https://a.com"},
    }
    found = sent(media, place="outin-1.oss-cn-shanghai.aliyuncs.com")
    assert json.loads(found.pop("UserData")) == user_data
    assert found == {
        "": "CreateUploadVideo", "Title": "T", "FileName": "a.b.mp4", "FileSize": "9", "Description": "D",
        "Tags": "a,b", "CateId": "0", "CoverURL": "https://e.com/c.png", "TemplateGroupId": "VOD_NO_TRANSCODE",
        "WorkflowId": "w", "ReferenceId": "ref-001", "AppId": "app-1",
        "StorageLocation": "outin-1.oss-cn-shanghai.aliyuncs.com",
    }  # fmt: skip
    assert sent(MEDIA) == {
        "": "CreateUploadVideo", "Title": "影片 1", "FileName": "影片 1.mp4", "FileSize": "5"
    }  # fmt: skip


def with_token(body: dict[str, Any], media: MediaSpec = MEDIA, **options: Any) -> Ticket:
    token = UploadToken.of(json.dumps(body))
    spec = msgspec.structs.replace(media, options=UploadOptions(token=token, **options))
    call = AliyunVod().apply(spec)
    assert call.answered is not None
    return call.answered()


def test_a_token_is_taken_up_without_a_call() -> None:
    body = json.loads(reply().body)
    ticket = with_token(body, watermark=False)
    assert (ticket.media_id, ticket.renewable, ticket.request_id) == (body["VideoId"], True, "R-1")
    assert ticket.credentials == applied(reply()).credentials
    assert store_of(ticket).key == "sv/5b2d/video.mp4"
    assert [entry.path for entry in with_token(json.loads(reply(HLS).body), PACKAGE).objects][1:] == [
        member.path for member in PACKAGE.members
    ]
    image = MediaSpec(name="c.jpg", size=3, kind="image")
    assert not with_token(json.loads(reply(VideoId=None, ImageId="i-1").body), image).renewable
    undated = reply(auth={**AUTH, "ExpireUTCTime": None})
    assert with_token(json.loads(undated.body)).expires_at == 3000, "when it was asked for is not known, so long ago"
    shown = repr(UploadToken.of(json.dumps(body)))
    assert body["VideoId"] in shown
    assert body["UploadAuth"] not in shown


@pytest.mark.parametrize(
    "body",
    [
        {"VideoId": None, "ImageId": "i-1"},
        {"VideoId": None, "MediaId": "m-1"},
        {"UploadAuth": "***"},
        {"UploadAddress": None},
        {"Code": "Forbidden"},
    ],
)
def test_tokens_that_cannot_be_taken_up(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="token") as caught:
        with_token(json.loads(reply().body) | body)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"VideoId": 7}', '{"VideoId": ""}', "\ud800", "[" * 100_000])
def test_texts_that_are_no_token(text: str) -> None:
    with pytest.raises(InvalidInput, match="token"):
        UploadToken.of(text)


@pytest.mark.parametrize(
    ("fields", "options", "named"),
    [
        ({"title": "T"}, {}, "title"),
        ({"tags": ("a",)}, {}, "tags"),
        ({"context": "c"}, {}, "context"),
        ({}, {"cover_url": "https://e.com/c.png"}, "cover_url"),
        ({}, {"user_data": UserData(extend={})}, "user_data"),
        ({}, {"token": "text"}, "token"),
    ],
)
def test_a_token_has_said_it_all(fields: dict[str, Any], options: dict[str, Any], named: str) -> None:
    token = UploadToken.of(reply().body.decode())
    media = msgspec.structs.replace(MEDIA, **fields, options=UploadOptions(**({"token": token} | options)))
    with pytest.raises(InvalidInput, match=named):
        AliyunVod().check(media)


def test_the_watermark_switch_travels_with_the_object() -> None:
    def told(watermark: bool | None) -> list[str | None]:
        media = MediaSpec(name="a.mp4", size=5, options=UploadOptions(watermark=watermark))
        ticket = applied(reply(), media)
        renewed = AliyunVod().renew(ticket).parse(reply())
        assert renewed.objects == ticket.objects
        store, part = store_of(ticket), PartReceipt(index=0, length=1, tag="t", digest=None)
        calls = [
            store.put_object(Body(1)), store.complete_upload("u", [part]), store.create_upload(),
            store.put_part("u", PartSpec(0, 0, 1), Body(1)), store.head_object(), store.list_parts("u", None),
        ]  # fmt: skip
        sent = [dict(call.build(CALLER, NOW).headers).get("x-oss-notification") for call in calls]
        assert sent[2:] == [None] * 4
        return [None if text is None else base64.b64decode(text).decode() for text in sent[:2]]

    assert told(None) == [None, None]
    assert told(False) == ['{"Vod":{"UserData":{"IsShowWaterMark":"false"}}}'] * 2
    assert told(True) == ['{"Vod":{"UserData":{"IsShowWaterMark":"true"}}}'] * 2


def test_images_and_attached_media() -> None:
    image = MediaSpec(name="c.jpg", size=3, kind="image", options=UploadOptions(image_type="cover"))
    assert sent(image) == {
        "": "CreateUploadImage", "ImageType": "cover", "ImageExt": "jpg", "OriginalFileName": "c.jpg", "Title": "c"
    }  # fmt: skip
    for kind, name in (("watermark", "w.gif"), ("subtitle", "s.srt"), ("material", "m.zip")):
        attached = MediaSpec(name=name, size=3, kind=kind, options=UploadOptions(category_ids=(1, 2)))
        assert sent(attached) == {
            "": "CreateUploadAttachedMedia", "BusinessType": kind, "MediaExt": name[2:], "FileName": name,
            "FileSize": "3", "CateIds": "1,2", "Title": name[0],
        }  # fmt: skip
    ticket = applied(reply(VideoId=None, ImageId="i-1", ImageURL="https://img/c.jpg"), image)
    assert (ticket.media_id, ticket.url, ticket.renewable) == ("i-1", "https://img/c.jpg", False)
    with pytest.raises(Unsupported):
        AliyunVod().renew(ticket)


def test_expiry_counts_from_the_asking_if_no_date_is_said() -> None:
    def until(**auth: Any) -> float | None:
        return applied(reply(auth={**AUTH, "ExpireUTCTime": None, **auth})).expires_at

    assert until() == NOW + 3000
    assert until(Expiration="900") == until(Expiration=900) == NOW + 900
    assert until(Expiration=None) == NOW + 3000


def test_regions_and_networks() -> None:
    no_region = {name: value for name, value in AUTH.items() if name != "Region"}
    assert store_of(applied(reply(auth=no_region))).region == "cn-shanghai"
    inner = ADDRESS | {"Endpoint": "http://oss-ap-southeast-1-internal.aliyuncs.com"}
    assert store_of(applied(reply(inner, no_region))).region == "ap-southeast-1"
    fast = ADDRESS | {"Endpoint": "https://oss-accelerate.aliyuncs.com"}
    assert store_of(applied(reply(fast, no_region), region="cn-beijing")).region == "cn-beijing"
    for network, host in (
        ("public", "oss-cn-shanghai.aliyuncs.com"),
        ("internal", "oss-cn-shanghai-internal.aliyuncs.com"),
        ("vpc", "vpc100-oss-cn-shanghai.aliyuncs.com"),
        ("dualstack", "cn-shanghai.oss.aliyuncs.com"),
        ("accelerate", "oss-accelerate.aliyuncs.com"),
        ("accelerate-overseas", "oss-accelerate-overseas.aliyuncs.com"),
    ):
        place = store_of(applied(reply(), network=network)).place
        assert place.authority == f"outin-0123456789abcdef.{host}"
        assert place.region == "cn-shanghai"
    local = store_of(applied(reply(ADDRESS | {"Endpoint": "http://127.0.0.1:9000"}), network="internal")).place
    assert (local.authority, local.prefix) == ("127.0.0.1:9000", "/outin-0123456789abcdef")


PACKAGE = MediaSpec(
    name="Index.M3U8",
    size=9,
    members=(MemberSpec("a/seg 影.ts", 3), MemberSpec("a/key.bin", 16), MemberSpec("b.mp4", 1)),
)
HLS = ADDRESS | {"FileName": "sv/5b2d/index.m3u8", "ObjectPrefix": "sv/5b2d/"}


def test_a_playlist_and_its_members_share_a_session() -> None:
    assert AliyunVod().limits.packages == ("m3u8",)
    assert AliyunVod().split_package(PACKAGE, "0" * 32) == (PACKAGE, {})
    assert sent(PACKAGE) == {"": "CreateUploadVideo", "Title": "Index", "FileName": "Index.m3u8", "FileSize": "9"}
    ticket = applied(reply(HLS), PACKAGE)
    found = [(entry.role, entry.path, entry.store.key, entry.store.content_type) for entry in ticket.objects]
    assert found == [
        ("media", "", "sv/5b2d/index.m3u8", "application/vnd.apple.mpegurl"),
        ("member", "a/seg 影.ts", "sv/5b2d/a/seg 影.ts", "video/mp2t"),
        ("member", "a/key.bin", "sv/5b2d/a/key.bin", None),
        ("member", "b.mp4", "sv/5b2d/b.mp4", "video/mp4"),
    ]
    renewed = AliyunVod().renew(ticket)
    assert renewed.parse(reply(HLS)).objects == ticket.objects
    assert renewed.parse(reply(ADDRESS | {"FileName": HLS["FileName"]})).objects == ticket.objects
    with pytest.raises(VodfastError, match="moved"):
        renewed.parse(reply(HLS | {"ObjectPrefix": "sv/other/"}))


@pytest.mark.parametrize("prefix", [None, "", "/", 7, "a\r\n", "x" * 1020, "\\x/"])
def test_a_playlist_without_a_usable_place_for_its_members(prefix: Any) -> None:
    with pytest.raises(VodfastError) as caught:
        applied(reply(HLS | {"ObjectPrefix": prefix}), PACKAGE)
    assert (caught.value.kind, caught.value.retry) == (ErrorKind.UNEXPECTED, RetryClass.LATER)


def test_a_playlist_is_committed_with_all_of_its_members() -> None:
    ticket, receipt = applied(reply(HLS), PACKAGE), ObjectReceipt(tag="t", digest=1)
    receipts = {entry.name: receipt for entry in ticket.objects}
    assert AliyunVod().commit(ticket, receipts).media_id == ticket.media_id
    for name in receipts:
        with pytest.raises(InvalidInput, match="stored"):
            AliyunVod().commit(ticket, {other: receipt for other in receipts if other != name})


def test_a_token_for_a_playlist_leaves_the_members_to_the_client() -> None:
    call = AliyunVod().issue_token(CALLER, NOW, 60, {"name": "index.m3u8"})
    token = json.loads(call.parse(reply(HLS)))
    assert json.loads(base64.b64decode(token["UploadAddress"]))["ObjectPrefix"] == "sv/5b2d/"


def test_a_renewal_keeps_the_place_and_brings_new_credentials() -> None:
    ticket = applied(reply())
    call = AliyunVod().renew(ticket)
    assert call.operation == "RefreshUploadVideo"
    request = call.build(CALLER, NOW + 2900)
    assert dict(parse_qsl(urlsplit(request.url).query)) == {"VideoId": ticket.media_id}
    again = call.parse(reply(auth=AUTH | {"AccessKeyId": "STS.second", "ExpireUTCTime": "2023-11-14T23:53:20Z"}))
    assert (again.credentials.access_key, again.expires_at) == ("STS.second", 1700006000.0)
    assert call.parse(reply(VideoId=None)).media_id == ticket.media_id
    for moved in (ADDRESS | {"FileName": "sv/other.mp4"}, ADDRESS | {"Bucket": "outin-other"}):
        with pytest.raises(VodfastError, match="moved") as caught:
            call.parse(reply(moved))
        assert caught.value.retry is RetryClass.NEVER
    with pytest.raises(VodfastError, match="moved"):
        call.parse(reply(VideoId="another"))


HOSTILE: list[Response] = [
    reply(VideoId=""),
    reply(VideoId=None),
    reply(VideoId="a\r\nb"),
    reply(VideoId=7),
    reply(UploadAddress="***"),
    reply(UploadAddress=None),
    reply(UploadAuth=packed([])),
    reply(UploadAuth=base64.b64encode(b"\xff\xfe").decode()),
    reply(UploadAuth=base64.b64encode(b"[" * 50_000).decode()),
    *(
        reply(ADDRESS | {"Endpoint": endpoint})
        for endpoint in (
            "", "ftp://oss-cn-shanghai.aliyuncs.com", "https://user@h.com", "https://h.com/path", "https://h.com?q=1",
            "https://h.com:0", "https://h.com:99999", "https://h\r\nX: y", "https://a..b", "https://-a.com",
            "https://[::1", "file:///etc/passwd", "https://h.com#f", "https://h com",
        )
    ),
    *(reply(ADDRESS | {"Bucket": bucket}) for bucket in ("", "a", "A-B-C", "evil.example.com/x", "a\r\nb", "-abc")),
    *(reply(ADDRESS | {"FileName": key}) for key in ("", "/", "..", "a\r\nb", "x" * 1024, "//a", "\\a", 7)),
    *(
        reply(auth=AUTH | fields)
        for fields in (
            {"AccessKeyId": ""}, {"AccessKeyId": "a\r\nX: y"}, {"AccessKeySecret": "ü"}, {"SecurityToken": ""},
            {"SecurityToken": "a b"}, {"ExpireUTCTime": "3600"}, {"ExpireUTCTime": "2023-02-30T00:00:00Z"},
            {"ExpireUTCTime": None, "Expiration": "soon"}, {"ExpireUTCTime": None, "Expiration": "0"},
            {"ExpireUTCTime": None, "Expiration": -5}, {"Region": "a/b"}, {"Region": "x\r\n"},
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("response", HOSTILE)
def test_a_reply_that_cannot_be_used_is_an_error(response: Response) -> None:
    with pytest.raises(VodfastError) as caught:
        applied(response)
    error = caught.value
    assert (error.kind, error.retry, error.cloud) == (ErrorKind.UNEXPECTED, RetryClass.LATER, "aliyun")
    assert "canary" not in str(error)
    assert "\r" not in str(error)
    assert "\n" not in str(error)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ADDRESS, *AUTH]), inner, max_size=5),
    max_leaves=8,
)


@REPEATED
@given(JSON, JSON)
def test_any_json_is_an_answer_or_an_error(address: object, auth: object) -> None:
    with pytest.raises(VodfastError):
        applied(reply(address, auth | {"AccessKeyId": ""} if isinstance(auth, dict) else auth))


def test_tokens_are_handed_out_undecoded() -> None:
    provider = AliyunVod()
    call = provider.issue_token(CALLER, NOW, 3000, {"name": "a.mp4", "title": "T", "tags": ["x"], "app_id": "app-1"})
    assert call.operation == "CreateUploadVideo"
    query = dict(parse_qsl(urlsplit(call.build(CALLER, NOW).url).query))
    assert query == {"Title": "T", "FileName": "a.mp4", "Tags": "x", "AppId": "app-1"}
    token = json.loads(call.parse(reply()))
    assert token == {
        "RequestId": "R-1",
        "VideoId": "93ab850b4f6f44eab54b6e91d24d81d4",
        "UploadAddress": packed(ADDRESS),
        "UploadAuth": packed(AUTH),
    }
    again = provider.issue_token(CALLER, NOW, 3000, {"media_id": "v-1"})
    assert again.operation == "RefreshUploadVideo"
    marked = provider.issue_token(CALLER, NOW, 60, {"reference_id": "ref-001"})
    query = dict(parse_qsl(urlsplit(marked.build(CALLER, NOW).url).query))
    assert (marked.operation, query) == ("RefreshUploadVideo", {"ReferenceId": "ref-001"})
    image = provider.issue_token(CALLER, NOW, 60, {"name": "c.png", "kind": "image"})
    assert image.operation == "CreateUploadImage"


@pytest.mark.parametrize(
    ("lifetime", "fields", "named"),
    [
        (0, {"name": "a.mp4"}, "lifetime"),
        (3601, {"name": "a.mp4"}, "lifetime"),
        (float("nan"), {"name": "a.mp4"}, "lifetime"),
        (True, {"name": "a.mp4"}, "lifetime"),
        (60, {}, "name"),
        (60, {"name": "a.exe"}, "file_type"),
        (60, {"name": "a.mp4", "part_concurrency": 3}, "part_concurrency"),
        (60, {"name": "a.mp4", "media_id": "x"}, "media_id"),
        (60, {"media_id": 7}, "media_id"),
        (60, {"media_id": ""}, "media_id"),
        (60, {"reference_id": "short"}, "reference_id"),
        (60, {"name": "a.mp4", "category": 7}, "category"),
    ],
)
def test_tokens_that_cannot_be_issued(lifetime: float, fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        AliyunVod().issue_token(CALLER, NOW, lifetime, fields)


def test_the_stored_object_is_the_commit() -> None:
    image = MediaSpec(name="c.jpg", size=3, kind="image")
    ticket = applied(reply(VideoId=None, ImageId="i-1", ImageURL="https://img/c.jpg"), image)
    with pytest.raises(InvalidInput):
        AliyunVod().commit(ticket, {})
    record = AliyunVod().commit(ticket, {"media": ObjectReceipt(tag="t", digest=1)})
    assert record == MediaRecord(media_id="i-1", url="https://img/c.jpg", request_id="R-1")
