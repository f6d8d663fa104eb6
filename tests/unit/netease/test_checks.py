"""What an upload to NetEase refuses before anything is sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from vodfast.credentials import Secret
from vodfast.errors import ConfigError, InvalidInput, Unsupported
from vodfast.providers import load_provider
from vodfast.providers.contract import MediaSpec, ProviderOptions, PullItem, RegisterItem
from vodfast.providers.netease import Checkpoint, UploadOptions, checks
from vodfast.providers.netease.protocol import LIMITS, NeteaseVod

PROVIDER = NeteaseVod()
MEDIA = MediaSpec(name="clip.mp4", size=5)


def refused(error: type[Exception] = InvalidInput, **fields: Any) -> str:
    with pytest.raises(error) as caught:
        PROVIDER.check(msgspec.structs.replace(MEDIA, **fields))
    return str(caught.value)


@pytest.mark.parametrize("size", [None, 0, 1, LIMITS.max_bytes])
def test_sizes_that_go(size: int | None) -> None:
    PROVIDER.check(msgspec.structs.replace(MEDIA, size=size))


@pytest.mark.parametrize("size", [-1, LIMITS.max_bytes + 1, True, 1.5])
def test_sizes_that_do_not(size: Any) -> None:
    assert refused(size=size).startswith("size ")


@pytest.mark.parametrize("name", ["片.mp4", "a b&c.MP4", "测试 a&b.mp4", "a.tar.gz", "con1.mp4", "..mp4x.mp4"])
def test_names_that_go(name: str) -> None:
    PROVIDER.check(msgspec.structs.replace(MEDIA, name=name))


@pytest.mark.parametrize(
    "name",
    ["", "noextension", ".mp4", "a.", "a.mp4 ", " a.mp4", "a/b.mp4", "a\\b.mp4", "a?.mp4", "a:b.mp4", 'a".mp4',
     "a\r\nb.mp4", "a\0.mp4", "a\ud800.mp4", "CON.mp4", "lpt1.mp4", "a" * 252 + ".mp4", "a.m p"],
)  # fmt: skip
def test_names_that_do_not(name: str) -> None:
    assert refused(name=name).startswith("name ")


@pytest.mark.parametrize(
    ("field", "value"), [("tags", ("a",)), ("storage_class", "IA"), ("cover_name", "c.png"), ("kind", "subtitle")]
)
def test_what_has_no_place_is_refused_and_never_dropped(field: str, value: Any) -> None:
    assert "netease" in refused(Unsupported, **{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", "a\nb"), ("description", "a\x00b"), ("category", "seven"), ("category", "-1"), ("category", "٣"),
     ("context", "x" * 257), ("context", "a\0b")],
)  # fmt: skip
def test_common_fields_out_of_bounds(field: str, value: Any) -> None:
    assert refused(**{field: value}).startswith(f"{field} ")


@pytest.mark.parametrize(
    ("option", "value"),
    [("type_id", -1), ("preset_id", True), ("watermark_id", "1"), ("trans_offset", 2**63), ("trans_duration", 1.5),
     ("callback_url", "ftp://x/"), ("upload_callback_url", "http://"), ("user_def_info", "x" * 257),
     ("watermark_id", 1), ("content_type", "video"),
     ("content_type", "video/mp4\r\nX-Evil: 1"), ("extra", {1: 2}), ("extra", [1]), ("extra", {"a": {1, 2j}}),
     ("extra", {"a": 10**5000})],
)  # fmt: skip
def test_options_out_of_bounds(option: str, value: Any) -> None:
    assert refused(options=UploadOptions(**{option: value})).startswith(f"{option} ")


def test_a_field_may_be_given_by_the_services_own_name_but_not_twice() -> None:
    body = {"typeId": "7", "presetId": None, "userFileName": "t", "watermarkId": 1}
    media = msgspec.structs.replace(MEDIA, options=UploadOptions(extra=body))
    PROVIDER.check(media)
    assert checks.init_body(media) == {"originFileName": "clip.mp4", **body}
    assert refused(options=UploadOptions(extra={"originFileName": "x.mp4"})).startswith("extra holds originFileName")
    assert refused(title="t", options=UploadOptions(extra={"userFileName": "u"})).startswith("extra")
    assert refused(options=UploadOptions(type_id=1, extra={"typeId": 1})).startswith("extra")


def test_a_checkpoint_must_be_of_a_file_of_that_size() -> None:
    filled = Checkpoint(bucket="b", key="o.mp4", token=Secret("UPLOAD t"), context="c", size=5)
    PROVIDER.check(msgspec.structs.replace(MEDIA, options=UploadOptions(checkpoint=filled)))
    PROVIDER.check(msgspec.structs.replace(MEDIA, size=None, options=UploadOptions(checkpoint=Checkpoint())))
    assert refused(size=None, options=UploadOptions(checkpoint=filled)).startswith(
        "checkpoint needs a source whose size"
    )
    assert refused(size=6, options=UploadOptions(checkpoint=filled)).startswith("checkpoint is of an upload of 5 bytes")
    assert refused(options=UploadOptions(checkpoint={})).startswith("checkpoint")
    assert "UPLOAD" not in repr(filled)


def test_saying_the_same_twice_must_agree() -> None:
    PROVIDER.check(
        msgspec.structs.replace(MEDIA, category="7", context="c", options=UploadOptions(type_id=7, user_def_info="c"))
    )
    assert refused(category="7", options=UploadOptions(type_id=8)).startswith("category and type_id")
    assert refused(context="c", options=UploadOptions(user_def_info="d")).startswith("context and")
    with pytest.raises(InvalidInput):
        PROVIDER.check(msgspec.structs.replace(MEDIA, options=ProviderOptions()))


def test_every_field_reaches_the_body_and_unset_ones_do_not() -> None:
    extra = {"future": {"nested": [None, "二"]}}
    media = MediaSpec(
        name="clip.mp4", size=1, title="t", description="two\nlines", category="7", context="c",
        options=UploadOptions(preset_id=1, watermark_id=2, callback_url="http://a/", upload_callback_url="http://b/",
                              trans_offset=3, trans_duration=4, extra=extra),
    )  # fmt: skip
    PROVIDER.check(media)
    assert checks.init_body(media) == {
        "originFileName": "clip.mp4", "userFileName": "t", "description": "two\nlines", "typeId": 7, "presetId": 1,
        "watermarkId": 2, "userDefInfo": "c", "callbackUrl": "http://a/", "uploadCallbackUrl": "http://b/",
        "transOffset": 3, "transDuration": 4, **extra,
    }  # fmt: skip
    assert checks.init_body(MEDIA) == {"originFileName": "clip.mp4"}


@pytest.mark.parametrize("names", [[], "clip", ["a.mp4"] * 101, [""], [" a.mp4"], ["1022"], ["a\nb.mp4"], [7]])
def test_lookups_refuse_what_is_no_object_name(names: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^media_ids "):
        PROVIDER.media(names)


def test_verbs_the_cloud_lacks_name_it() -> None:
    for act in (
        lambda: PROVIDER.check_pull(PullItem(url="http://a/b.mp4")),
        lambda: PROVIDER.pull([]),
        lambda: PROVIDER.jobs(["1"]),
        lambda: PROVIDER.cancel_jobs(["1"]),
        lambda: PROVIDER.check_register(RegisterItem(url="oss://b/k")),
        lambda: PROVIDER.register([]),
        lambda: PROVIDER.set_callback(None, {}),
    ):
        with pytest.raises(Unsupported, match="netease"):
            act()


@pytest.mark.parametrize(
    "settings",
    [{"endpoint": "https://vcloud.163.com"}, {"endpoint": "a/b"}, {"endpoint": ""}, {"endpoint": 7},
     {"endpoint": "a..b"}, {"endpoint": "a\r\nb"}, {"node": "evil.example.com"}, {"node": "http://1.2.3.4/path"},
     {"node": 5}, {"lookup": "http://a/"}, {"lookup": 7}, {"https": "no"}, {"region": "cn"}],
)  # fmt: skip
def test_settings_that_cannot_be_used(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        load_provider("netease", settings)


def test_limits_say_what_the_cloud_can() -> None:
    assert (PROVIDER.name, LIMITS.can_renew, LIMITS.needs_commit) == ("netease", False, False)
    assert PROVIDER.part_concurrency(MEDIA) is None
