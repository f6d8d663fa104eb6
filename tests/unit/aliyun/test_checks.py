"""What ApsaraVideo VOD would refuse is refused before anything is sent, naming the field and never the value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vodfast.errors import ConfigError, InvalidInput, Unsupported
from vodfast.providers.aliyun import PullOptions, RegisterOptions, UploadOptions, UserData, texts
from vodfast.providers.aliyun.protocol import LIMITS, AliyunVod
from vodfast.providers.contract import MediaSpec, MemberSpec, PullItem, RegisterItem
from vodfast.providers.tencent import UploadOptions as TencentOptions

VOD = AliyunVod()
REPEATED = settings(max_examples=40, derandomize=True, deadline=None)


def media(**fields: Any) -> MediaSpec:
    options = {name: fields.pop(name) for name in UploadOptions.__struct_fields__ if name in fields}
    return MediaSpec(**{"name": "clip.mp4", "size": 5, **fields}, options=UploadOptions(**options) if options else None)


GOOD: list[dict[str, Any]] = [
    {"name": "影片.MP4"},
    {"name": "a.b.WebM", "size": None},
    {"name": "tones.m4a"},
    {"title": "a" * 128, "description": "字" * 341, "tags": ("t" * 32,) * 16},
    {"description": "two\nlines", "context": "two\nlines"},
    {"category": "0"},
    {"category": "9" * 18},
    {"context": "x\ty"},
    {"context": "x" * 498},  # 512 bytes as JSON
    {"cover_url": "https://e.com/c.png", "template_group_id": "VOD_NO_TRANSCODE", "workflow_id": "w-1"},
    {"reference_id": "abc-_9"},
    {"reference_id": "a" * 64, "app_id": "a" * 128, "watermark": True, "part_concurrency": 1},
    {"name": "stream", "file_type": "TS"},
    {"kind": "image", "name": "c.JPG", "image_type": "cover", "category": "3"},
    {"kind": "watermark", "name": "w.apng", "category_ids": (1, 2, 3, 4, 5)},
    {"kind": "subtitle", "name": "s.vtt"},
    {"kind": "material", "name": "m.zip", "category": "7"},
    {"user_data": UserData(extend={"a": [1]}, callback_url="https://e.com/cb", accelerate_domain="https://a.com")},
    {"size": LIMITS.max_bytes},
    {"name": "index.M3U8", "members": (MemberSpec("a/影 1.ts", 1), MemberSpec("a" * 900, 0))},
    {"part_concurrency": 128, "app_id": "app-1000000", "watermark": False},
]


@pytest.mark.parametrize("fields", GOOD)
def test_what_the_service_takes_goes_through(fields: dict[str, Any]) -> None:
    VOD.check(media(**fields))


BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name is missing; give"),
    ({"name": "clip"}, "file_type"),
    ({"name": "clip.exe"}, "file_type"),
    ({"name": "a\r\nb.mp4"}, "name"),
    ({"name": "\ud800.mp4"}, "name"),
    ({"title": "a" * 129}, "title"),
    ({"title": "字" * 43}, "title"),
    ({"title": "happy \U0001f600"}, "title"),
    ({"title": "two\nlines"}, "title"),
    ({"title": 7}, "title"),
    ({"description": "字" * 342}, "description"),
    ({"tags": ("t",) * 17}, "tags"),
    ({"tags": ("t" * 33,)}, "tags"),
    ({"tags": ("a,b",)}, "tags"),
    ({"tags": ("",)}, "tags"),
    ({"tags": (" t",)}, "tags"),
    ({"tags": ("t\0",)}, "tags"),
    ({"tags": ("\U0001f600",)}, "tags"),
    ({"description": "\U0001f600"}, "description"),
    ({"description": "a\0"}, "description"),
    ({"context": "a\0"}, "context"),
    ({"file_type": "mp4\0"}, "file_type"),
    ({"token": {}}, "token"),
    ({"category": "9" * 19}, "category"),
    ({"part_concurrency": 129}, "part_concurrency"),
    ({"app_id": "a" * 129}, "app_id"),
    ({"kind": "subtitle", "name": "s.srt", "category_ids": (-1,)}, "category_ids"),
    ({"kind": "subtitle", "name": "s.srt", "category_ids": [1]}, "category_ids"),
    ({"user_data": UserData(accelerate_domain="e.com")}, "accelerate_domain"),
    ({"tags": "abc"}, "tags"),
    ({"category": "x"}, "category"),
    ({"category": "-1"}, "category"),
    ({"category": "٣"}, "category"),
    ({"size": 0}, "size"),
    ({"size": -1}, "size"),
    ({"size": LIMITS.max_bytes + 1}, "size"),
    ({"context": "x" * 499}, "context"),
    ({"context": "x", "user_data": UserData(extend={})}, "context"),
    ({"user_data": UserData(extend={"k": "v" * 510})}, "context"),
    ({"user_data": UserData(extend={"k": object()})}, "user_data.extend"),
    ({"user_data": UserData(callback_url="ftp://e.com")}, "callback_url"),
    ({"user_data": {"Extend": {}}}, "user_data"),
    ({"cover_url": "e.com/c.png"}, "cover_url"),
    ({"cover_url": "https://e.com/\r\nX: y"}, "cover_url"),
    ({"reference_id": "short"}, "reference_id"),
    ({"reference_id": "a" * 65}, "reference_id"),
    ({"reference_id": "abcde$"}, "reference_id"),
    ({"template_group_id": ""}, "template_group_id"),
    ({"workflow_id": "a b"}, "workflow_id"),
    ({"app_id": "a&b"}, "app_id"),
    ({"watermark": "no"}, "watermark"),
    ({"image_type": "banner", "kind": "image", "name": "a.png"}, "image_type"),
    ({"image_type": None, "kind": "image", "name": "a.png"}, "image_type"),
    ({"kind": "image", "name": "a.bmp"}, "file_type"),
    ({"kind": "watermark", "name": "a.mp4"}, "file_type"),
    ({"kind": "subtitle", "name": "s.srt", "category_ids": (1,) * 6}, "category_ids"),
    ({"kind": "subtitle", "name": "s.srt", "category_ids": (None,)}, "category_ids"),
    ({"kind": "subtitle", "name": "s.srt", "category_ids": (True,)}, "category_ids"),
    ({"kind": "subtitle", "name": "s.srt", "category_ids": (1,), "category": "1"}, "category"),
    ({"name": "index.m3u8"}, "name is that of a playlist,"),
    ({"name": "a", "file_type": "M3U8"}, "name is that of a playlist,"),
    ({"kind": "image", "name": "a.m3u8"}, "file_type"),
    ({"name": "a.m3u8", "members": (MemberSpec("a.ts", -1),)}, "members"),
    ({"name": "a.m3u8", "members": (MemberSpec("a.ts", LIMITS.max_bytes + 1),)}, "members"),
    ({"name": "a.m3u8", "members": (MemberSpec("a" * 901, 1),)}, "members"),
    ({"name": "a.m3u8", "members": (MemberSpec("a\n.ts", 1),)}, "members"),
    ({"part_concurrency": 0}, "part_concurrency"),
    ({"part_concurrency": True}, "part_concurrency"),
]


@pytest.mark.parametrize(("fields", "named"), BAD)
def test_what_the_service_would_refuse_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        VOD.check(media(**fields))
    assert caught.value.message.startswith(f"{named} ")
    assert caught.value.cloud == "aliyun"
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "audio"},
        {"cover_name": "c.png", "cover_size": 3},
        {"storage_class": "IA"},
        {"name": "x.mpd"},
        {"members": (MemberSpec("a.ts", 1),)},
        {"kind": "subtitle", "name": "a.srt", "members": (MemberSpec("a.ts", 1),)},
        {"kind": "image", "name": "a.png", "cover_url": "https://e.com/c.png"},
        {"kind": "image", "name": "a.png", "reference_id": "abcdef"},
        {"kind": "subtitle", "name": "a.srt", "template_group_id": "x"},
        {"image_type": "cover"},
        {"kind": "image", "name": "a.png", "watermark": False},
        {"category_ids": (1,)},
    ],
)
def test_what_has_no_place_here(fields: dict[str, Any]) -> None:
    with pytest.raises(Unsupported) as caught:
        VOD.check(media(**fields))
    assert caught.value.cloud == "aliyun"


def test_options_of_another_cloud() -> None:
    with pytest.raises(InvalidInput, match="aliyun"):
        VOD.check(MediaSpec(name="a.mp4", size=1, options=TencentOptions()))


@REPEATED
@given(st.text(max_size=300))
def test_a_default_title_is_always_fit(name: str) -> None:
    title = texts.default_title(name, 128)
    assert 0 < len(title.encode(errors="surrogatepass")) <= 128
    try:
        name.encode()
    except UnicodeEncodeError:
        return
    VOD.check(media(title=title))


PULL_BAD: list[tuple[dict[str, Any], str]] = [
    ({"url": ""}, "url"),
    ({"url": None}, "url"),
    ({"url": "ftp://e.com/a.mp4"}, "url"),
    ({"url": "https://e.com/a\r\n.mp4"}, "url"),
    ({"cover_url": "x"}, "cover_url"),
    ({"title": "字" * 43}, "title"),
    ({"category": "c"}, "category"),
    ({"media_type": "exe"}, "media_type"),
    ({"context": "c" * 600}, "context"),
    ({"options": PullOptions(session_id="a" * 51)}, "session_id"),
    ({"options": PullOptions(session_id="a b")}, "session_id"),
    ({"options": PullOptions(file_size=0)}, "file_size"),
    ({"options": PullOptions(tags=("a,b",))}, "tags"),
    ({"options": PullOptions(description="a" * 1025)}, "description"),
    ({"options": PullOptions(template_group_id="a b")}, "template_group_id"),
    ({"options": PullOptions(app_id="a b")}, "app_id"),
    ({"options": PullOptions(user_data=UserData(callback_url="e.com"))}, "callback_url"),
    ({"media_type": "mp4\0"}, "media_type"),
    ({"options": PullOptions(workflow_id="")}, "workflow_id"),
]


@pytest.mark.parametrize(("fields", "named"), PULL_BAD)
def test_a_pull_with_a_bad_field_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{named} "):
        VOD.check_pull(PullItem(**{"url": "https://e.com/a.mp4", **fields}))


def test_a_pull_takes_playlists_and_names_without_an_extension() -> None:
    VOD.check_pull(PullItem(url="https://e.com/index.m3u8?x=1,2", title="t"))
    VOD.check_pull(
        PullItem(url="http://e.com/noname", media_type="MP4", options=PullOptions(session_id="a" * 50, file_size=1))
    )
    with pytest.raises(Unsupported):
        VOD.check_pull(PullItem(url="https://e.com/a.mpd"))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"url": ""}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": None}, "url"),
        ({"url": f"b.oss.com/{'a' * 1015}"}, "url"),
        ({"title": "a" * 129}, "title"),
        ({"description": "a" * 1025}, "description"),
        ({"tags": ("a,b",)}, "tags"),
        ({"category": "c"}, "category"),
        ({"cover_url": "e.com/c.png"}, "cover_url"),
        ({"options": RegisterOptions(workflow_id="a b")}, "workflow_id"),
        ({"options": RegisterOptions(user_data=UserData(callback_url="e.com"))}, "callback_url"),
        ({"options": RegisterOptions(template_group_id="a b")}, "template_group_id"),
    ],
)
def test_a_registration_with_a_bad_field_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{named} "):
        VOD.check_register(RegisterItem(**{"url": "b.oss-cn-shanghai.aliyuncs.com/a.mp4", **fields}))


def test_a_registration_takes_an_address_up_to_its_limit() -> None:
    VOD.check_register(RegisterItem(url=f"b.oss.com/{'a' * 1014}"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("region", "cn_shanghai"),
        ("region", ""),
        ("region", "a.b"),
        ("place", "bucket"),
        ("place", "b.oss-cn-x.aliyuncs.com/x"),
        ("signature", "V3"),
        ("oss_signature", "V2"),
        ("network", "private"),
        ("endpoint", "https://vod.cn-shanghai.aliyuncs.com"),
        ("endpoint", "h:0"),
        ("endpoint", "a..b"),
        ("endpoint", "h\r\nX: y"),
        ("complete_timeout", 0),
    ],
)
def test_settings_that_cannot_be_used(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=name):
        AliyunVod(**{name: value})


def test_limits_are_data() -> None:
    assert LIMITS.can_renew
    assert not LIMITS.needs_commit
    assert (LIMITS.pull_batch, LIMITS.job_batch, LIMITS.register_batch) == (20, 10, 10)
    assert LIMITS.kinds == ("media", "image", "watermark", "subtitle", "material")
