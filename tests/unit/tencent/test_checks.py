"""What is refused before anything is sent."""

from __future__ import annotations

import json

import msgspec
import pytest

from vodfast.credentials import Credentials
from vodfast.errors import ConfigError, InvalidInput, Unsupported, VodfastError
from vodfast.providers.contract import MediaSpec, MemberSpec, Provider, ProviderOptions, PullItem
from vodfast.providers.tencent import PullOptions, UploadOptions
from vodfast.providers.tencent.media_types import AUDIO, COVER, VIDEO
from vodfast.providers.tencent.protocol import TencentVod

KEYS = Credentials.of("AKIDtest", "secret")
VOD = TencentVod()
PROVIDER: Provider = VOD


def body_of(media: MediaSpec, provider: TencentVod = VOD) -> dict[str, object]:
    request = provider.apply(media).build(KEYS, 1700000000)
    assert isinstance(request.body, bytes)
    return json.loads(request.body)


def spec(**fields: object) -> MediaSpec:
    return MediaSpec(**({"name": "clip.mp4", "size": 5} | fields))


def with_options(**fields: object) -> MediaSpec:
    return spec(options=UploadOptions(**fields))


VIDEO_AND_AUDIO = """
    wmv rm mov mpeg mp4 3gp flv avi rmvb ts asf mpg webm mkv wm asx ram mpe vob dat mp4v m4v f4v mxf qt ogg
    mp3 m4a flac ogg wav ra aac amr
"""
COVERS = "jpg jpeg png gif bmp tiff ai cdr eps tif heif"


def test_every_documented_type_is_taken_in_any_case_and_no_other() -> None:
    for kind in VIDEO_AND_AUDIO.split():
        assert body_of(spec(name=f"a.{kind.upper()}"))["MediaType"] == kind
    for kind in COVERS.split():
        assert body_of(spec(cover_name=f"a.{kind.upper()}", cover_size=1))["CoverType"] == kind
    assert set(VIDEO_AND_AUDIO.split()) == VIDEO | AUDIO
    assert set(COVERS.split()) == COVER


@pytest.mark.parametrize(
    ("name", "title", "kind"),
    [
        ("clip.mp4", "clip", "mp4"),
        ("a.b.MP4", "a.b", "mp4"),
        ("/some/folder.x/名 字.mkv", "名 字", "mkv"),
        (".mp4", ".mp4", "mp4"),
    ],
)
def test_title_and_type_come_from_the_name(name: str, title: str, kind: str) -> None:
    assert body_of(spec(name=name)) == {"MediaType": kind, "MediaName": title}


def test_all_fields_reach_the_body() -> None:
    options = UploadOptions(
        media_type="MOV", procedure="p", expire_time="2030-01-01T00:00:00+08:00", storage_region="ap-x", class_id=7,
        session_context="s\t1", ext_info="", media_storage_path="/a/b.mov", part_concurrency=4,
    )  # fmt: skip
    media = spec(title='T "1"', category="7", context="c", cover_name="c.JPG", cover_size=3, options=options)
    assert body_of(media, TencentVod(place="101")) == {
        "MediaType": "mov", "SubAppId": 101, "MediaName": 'T "1"', "CoverType": "jpg", "Procedure": "p",
        "ExpireTime": "2030-01-01T00:00:00+08:00", "StorageRegion": "ap-x", "ClassId": 7, "SourceContext": "c",
        "SessionContext": "s\t1", "ExtInfo": "", "MediaStoragePath": "/a/b.mov",
    }  # fmt: skip
    assert VOD.part_concurrency(media) == 4
    named = spec(cover_name="c.part", cover_size=3, options=UploadOptions(cover_type="PNG"))
    assert body_of(named)["CoverType"] == "png"


def test_unknown_size_and_class_zero_are_fine() -> None:
    assert body_of(spec(size=None, category="0"))["ClassId"] == 0


REFUSED = [
    (spec(name=""), "name"),
    (spec(name="clip"), "media_type is unknown: name has"),
    (spec(name="a\n.mp4"), "name"),
    (spec(cover_name="c\n.png", cover_size=4), "cover_name"),
    (spec(name="clip."), "media_type"),
    (spec(name="folder.mp4/clip"), "media_type"),
    (spec(name="clip.txt"), "media_type"),
    (spec(name="clip.mp4 "), "media_type"),
    (spec(name="a.png"), "media_type"),
    (spec(size=0), "size"),
    (spec(size=-1), "size"),
    (spec(size=True), "size"),
    (spec(size=50000 * 1024**3 + 1), "size"),
    (spec(cover_name="c.png", cover_size=0), "cover_size"),
    (spec(cover_size=4), "cover_size"),
    (spec(cover_name="c.mp4"), "cover_type"),
    (spec(cover_name="c"), "cover_type is unknown: cover_name has"),
    (spec(category="news"), "category"),
    (spec(category="-1"), "category"),
    (spec(category="٣"), "category"),
    (spec(category="8", options=UploadOptions(class_id=7)), "category"),
    (spec(context="x" * 251), "context"),
    (spec(context="a", options=UploadOptions(source_context="b")), "context"),
    (with_options(source_context="x" * 251), "source_context"),
    (with_options(session_context="x" * 1001), "session_context"),
    (with_options(class_id=-1), "class_id"),
    (with_options(class_id=True), "class_id"),
    (with_options(class_id="7"), "class_id"),
    (with_options(class_id=2**63), "class_id"),
    (with_options(cover_type="png"), "cover_type"),
    (with_options(media_type=5), "media_type"),
    (with_options(part_concurrency=0), "part_concurrency"),
    (with_options(part_concurrency=129), "part_concurrency"),
    (with_options(media_storage_path="a"), "media_storage_path"),
    (with_options(media_storage_path="/a/../b"), "media_storage_path"),
    (with_options(media_storage_path="/.."), "media_storage_path"),
    (with_options(media_storage_path="/"), "media_storage_path"),
    (with_options(media_storage_path="/."), "media_storage_path"),
    (with_options(media_storage_path="/a/"), "media_storage_path"),
    (with_options(storage_region="ap-x.evil/"), "storage_region"),
    (with_options(storage_region=5), "storage_region"),
    (spec(options=ProviderOptions()), "options"),
    (spec(options=PullOptions()), "options"),
]


@pytest.mark.parametrize(("media", "field"), REFUSED)
def test_refusals_name_the_field(media: MediaSpec, field: str) -> None:
    with pytest.raises(InvalidInput, match=rf"^{field}\b") as caught:
        VOD.check(media)
    assert "\n" not in str(caught.value)
    with pytest.raises(InvalidInput):
        VOD.apply(media)


def test_a_refusal_carries_the_name_of_its_field() -> None:
    with pytest.raises(InvalidInput) as caught:
        VOD.check(with_options(expire_time="soon"))
    assert caught.value.context == {"field": "expire_time"}


def test_limits_themselves_are_allowed() -> None:
    VOD.check(
        spec(
            size=50000 * 1024**3,
            context="x" * 250,
            options=UploadOptions(session_context="x" * 1000, part_concurrency=128, source_context="x" * 250),
        )
    )


@pytest.mark.parametrize(
    "value",
    [
        "2030-01-01", "2030-01-01T00:00:00", "2030-01-01 00:00:00Z", "2030-13-01T00:00:00Z", "2030-02-30T00:00:00Z",
        "2030-01-01T24:00:01Z", "2030-01-01T00:00:00+25:00", "2030-01-01T00:00:00Z\n", "never", "", 5,
        "２０３０-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_bad_expire_times(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"^expire_time"):
        VOD.check(with_options(expire_time=value))


@pytest.mark.parametrize("value", ["2030-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2030-01-01T00:00:00-05:30"])
def test_good_expire_times(value: str) -> None:
    assert body_of(with_options(expire_time=value))["ExpireTime"] == value


@pytest.mark.parametrize(
    ("media", "word"),
    [
        (spec(kind="image"), "cover"),
        (spec(description="d"), "description"),
        (spec(tags=("a",)), "tags"),
        (spec(storage_class="ARCHIVE"), "storage_class"),
    ],
)
def test_what_the_cloud_has_no_place_for(media: MediaSpec, word: str) -> None:
    with pytest.raises(Unsupported, match=rf"\b{word}\b") as caught:
        VOD.check(media)
    assert "tencent" in caught.value.message


@pytest.mark.parametrize(
    "media",
    [
        spec(name="p.m3u8"),
        spec(name="P.M3U8", members=(MemberSpec("a/b.ts", 0), MemberSpec("第1集.ts", 5))),
        spec(name="p.mpd", options=UploadOptions(media_type="MPD")),
    ],
)
def test_manifests_and_their_members_are_taken(media: MediaSpec) -> None:
    VOD.check(media)


@pytest.mark.parametrize(
    ("media", "words"),
    [
        (with_options(media_type="MPD"), "media_type is mpd"),
        (spec(name="p.m3u8", options=UploadOptions(media_type="mp4")), r"media_type must be m3u8"),
        (spec(name="p.m3u8", members=(MemberSpec("big.ts", 1 << 50),)), r"^members hold big\.ts"),
    ],
)
def test_manifests_that_contradict_themselves(media: MediaSpec, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        VOD.check(media)


BREAKS = ["a\r\nX-Evil: 1", "a\nb", "a\rb"]
HOSTILE = [*BREAKS, "a\x00b", "a\x1bb", "a\x7fb", "a\x85b", "a\u2028b", "a\u2029b", "a\udcffb"]
TEXTS = ["title", "category"]
OPTION_TEXTS = ["media_type", "procedure", "expire_time", "storage_region", "media_storage_path"]
OF_LINES = ["source_context", "session_context", "ext_info"]
"""Texts for the caller alone, which travel as JSON: they may have several lines."""


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_several_lines(text: str) -> None:
    cases = [spec(context=text), *(with_options(**{field: text}) for field in OF_LINES)]
    for media in cases:
        if text in BREAKS:
            VOD.check(media)
            continue
        with pytest.raises(InvalidInput) as caught:
            VOD.check(media)
        assert text not in str(caught.value)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_field_takes_what_could_change_framing(text: str) -> None:
    cases = [spec(**{field: text}) for field in TEXTS]
    cases += [spec(name=f"{text}.mp4"), spec(name=f"a.{text}"), spec(cover_name=f"{text}.png")]
    cases += [with_options(**{field: text}) for field in OPTION_TEXTS]
    cases.append(spec(cover_name="a.png", options=UploadOptions(cover_type=text)))
    for media in cases:
        with pytest.raises(InvalidInput) as caught:
            VOD.check(media)
        assert text not in str(caught.value)
    pulls = [PullItem(url=f"https://h/{text}.mp4"), PullItem(url="https://h/a.mp4", cover_url=f"https://h/{text}")]
    pulls += [PullItem(url="https://h/a.mp4", **{field: text}) for field in (*TEXTS, "media_type")]
    pull_texts = [field for field in OPTION_TEXTS if field != "media_type"]
    pulls += [PullItem(url="https://h/a.mp4", options=PullOptions(**{field: text})) for field in pull_texts]
    pulls.append(PullItem(url="https://h/a.mp4", options=PullOptions(session_id=text)))
    for item in pulls:
        with pytest.raises(InvalidInput):
            VOD.check_pull(item)
    for ids in ([text], ["1", text]):
        with pytest.raises(InvalidInput):
            VOD.media(ids)
    with pytest.raises(InvalidInput):
        VOD.jobs([text])
    if "\x85" not in text:  # a header may hold Latin-1, and this one frames nothing there
        for credentials in (Credentials.of("AKID", "s", f"t{text}"), Credentials.of(f"AKID{text}", "s")):
            with pytest.raises(VodfastError):
                VOD.apply(spec()).build(credentials, 1)


def test_wrong_python_types_are_refused_not_crashed_on() -> None:
    for field in ("title", "context", "category", "name", "cover_name"):
        for value in (5, b"x", ["x"]):
            with pytest.raises(InvalidInput, match=field):
                VOD.check(spec(**{field: value}))


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("region", ["", "AP", "ap_x", "a b", "ap\r\nx", None, 5]),
        ("place", ["", "0", "-1", "1.5", "abc", "１", 0, -1, True, 1.0, "1" * 19, ""]),
        (
            "endpoint",
            ["", "https://vod.x", "vod.x/", "vod.x:0", "vod.x:99999", "vod.x:", "a b", "a\n", "u@h", "a..b", 5],
        ),
        ("language", ["", "fr", None]),
        ("cos_domain", ["", "aliyun", None]),
        ("complete_timeout", [0, -1]),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(setting: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(ConfigError, match=f"^{setting}"):
            TencentVod(**{setting: value})


def test_settings_show_in_the_request() -> None:
    provider = TencentVod(region="ap-x", place=7, endpoint="VOD.intl.tencentcloudapi.com:443", language="zh-CN")
    request = provider.clock().build(Credentials.of("AKID", "s", "tok"), 1700000000.9)
    assert request.url == "https://vod.intl.tencentcloudapi.com/"
    headers = dict(request.headers)
    assert headers["x-tc-region"] == "ap-x"
    assert headers["x-tc-language"] == "zh-CN"
    assert headers["x-tc-token"] == "tok"
    assert headers["x-tc-timestamp"] == "1700000000"
    assert request.body == b'{"SubAppId":7}'
    assert provider.apply(spec()).build(KEYS, 1).url == request.url
    assert TencentVod(endpoint="127.0.0.1:8431").clock().build(KEYS, 1).url == "https://127.0.0.1:8431/"


def test_the_provider_says_what_it_can() -> None:
    assert (PROVIDER.name, PROVIDER.limits.can_renew) == ("tencent", False)
    assert PROVIDER.limits.media_batch == 20
    assert PROVIDER.credential_places.env[0][0] == "TENCENTCLOUD_SECRET_ID"
    assert "secret" not in repr(msgspec.structs.asdict(KEYS)).replace("secret_key", "")
