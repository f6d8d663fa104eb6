"""Common fields mean the same on every cloud: each arrives at its place in the service, or is refused by name.

Judged by what the emulator says it was told of the media item. A field or a cloud that is new fails here until its
place is known.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.conftest import CLOUDS, Cloud
from vodfast import AsyncClient, Client, TransferConfig, Unsupported
from vodfast.credentials import CachedCredentials, emulator_credentials
from vodfast.items import UploadItem
from vodfast.providers import provider_names
from vodfast.providers.contract import PullItem, RegisterItem
from vodfast.stores.oss.address import place_of
from vodfast.stores.oss.dialect import OssStore
from vodfast.transfer.sources import open_source

Told = dict[str, Any]


class No(str):
    """No place for it on this cloud; the text is a pattern of the advice given."""


def described(name: str) -> Callable[[Told], Any]:
    """A field of the description among Volcengine's functions."""
    return lambda told: next(one["Input"].get(name) for one in told["Functions"] if one["Name"] == "AddOptionInfo")


def extended(told: Told) -> Any:
    """The context inside Alibaba's UserData."""
    return json.loads(told["UserData"])["Extend"]["context"]


def at(name: str) -> Callable[[Told], Any]:
    return lambda told: told.get(name)


Place = Callable[[Told], Any]
Row = tuple[Any, dict[str, "No | tuple[Place, Any]"]]

UPLOAD: dict[str, Row] = {
    "title": (
        "Ein Titel 标题 & <b>",
        {
            "volcengine": (described("Title"), "Ein Titel 标题 & <b>"),
            "aliyun": (at("Title"), "Ein Titel 标题 & <b>"),
            "tencent": (at("MediaName"), "Ein Titel 标题 & <b>"),
            "netease": (at("userFileName"), "Ein Titel 标题 & <b>"),
        },
    ),
    "description": (
        "Was es ist 描述",
        {
            "volcengine": (described("Description"), "Was es ist 描述"),
            "aliyun": (at("Description"), "Was es ist 描述"),
            "tencent": No("title or context"),
            "netease": (at("description"), "Was es ist 描述"),
        },
    ),
    "tags": (
        ("eins", "二"),
        {
            "volcengine": (described("Tags"), "eins,二"),
            "aliyun": (at("Tags"), "eins,二"),
            "tencent": No("context"),
            "netease": No("description or context"),
        },
    ),
    "category": (
        "7",
        {
            "volcengine": (described("ClassificationId"), 7),
            "aliyun": (at("CateId"), "7"),
            "tencent": (at("ClassId"), 7),
            "netease": (at("typeId"), 7),
        },
    ),
    "context": (
        'u=1&名 {"a":1}',
        {
            "volcengine": (at("CallbackArgs"), 'u=1&名 {"a":1}'),
            "aliyun": (extended, 'u=1&名 {"a":1}'),
            "tencent": (at("SourceContext"), 'u=1&名 {"a":1}'),
            "netease": (at("userDefInfo"), 'u=1&名 {"a":1}'),
        },
    ),
    "storage_class": (
        "archive",
        {
            "volcengine": (at("StorageClass"), "2"),
            "aliyun": No("rule on the bucket"),
            "tencent": No("console"),
            "netease": No("console"),
        },
    ),
    "cover": (
        b"a picture",
        {
            "volcengine": No("Snapshot"),
            "aliyun": No("cover_url"),
            "tencent": (at("CoverType"), "png"),
            "netease": No("snapshot"),
        },
    ),
    "kind": (
        "image",
        {
            "volcengine": (at("FileType"), "image"),
            "aliyun": (at("ImageExt"), "png"),
            "tencent": No("cover"),
            "netease": (at("originFileName"), "photo.png"),
        },
    ),
}

PULL: dict[str, Row] = {
    "title": (
        "标题 T",
        {
            "volcengine": (at("Title"), "标题 T"),
            "aliyun": (at("Title"), "标题 T"),
            "tencent": (at("MediaName"), "标题 T"),
        },
    ),
    "cover_url": (
        "https://e.com/c.png",
        {
            "volcengine": No("image"),
            "aliyun": (at("CoverURL"), "https://e.com/c.png"),
            "tencent": (at("CoverUrl"), "https://e.com/c.png"),
        },
    ),
    "category": (
        "7",
        {"volcengine": (at("ClassificationId"), "7"), "aliyun": (at("CateId"), "7"), "tencent": (at("ClassId"), 7)},
    ),
    "context": (
        "ctx",
        {
            "volcengine": (at("CallbackArgs"), "ctx"),
            "aliyun": (extended, "ctx"),
            "tencent": (at("SourceContext"), "ctx"),
        },
    ),
    "media_type": (
        "mov",
        {
            "volcengine": (at("FileExtension"), ".mov"),
            "aliyun": (at("FileExtension"), "mov"),
            "tencent": (at("MediaType"), "mov"),
        },
    ),
}

REGISTER: dict[str, tuple[Any, Place, Any]] = {
    "title": ("标题", at("Title"), "标题"),
    "description": ("D", at("Description"), "D"),
    "tags": (("a", "二"), at("Tags"), "a,二"),
    "category": ("7", at("CateId"), "7"),
    "cover_url": ("https://e.com/c.png", at("CoverURL"), "https://e.com/c.png"),
}


def opened(cloud: Cloud, config_for: Callable[..., TransferConfig]) -> Client:
    return Client(cloud.name, config=config_for(), place=cloud.place)


def known(name: str) -> Cloud:
    return next(cloud for cloud in CLOUDS if cloud.name == name)


def test_the_tables_are_whole() -> None:
    own = {"source", "name", "cover_name", "options", "force_new"}
    assert set(UploadItem.__struct_fields__) - own == UPLOAD.keys()
    assert set(PullItem.__struct_fields__) - {"url", "options"} == PULL.keys()
    assert set(RegisterItem.__struct_fields__) - {"url", "options"} == REGISTER.keys()
    for _, cells in UPLOAD.values():
        assert cells.keys() == set(provider_names())


def judge(emulator: Any, ask: Callable[[], object], cell: No | tuple[Place, Any], cloud: str) -> None:
    if isinstance(cell, No):
        with pytest.raises(Unsupported, match=cell) as caught:
            ask()
        assert cloud in str(caught.value)
        assert emulator.history() == []
        return
    ask()
    (item,) = emulator.media()
    place, expected = cell
    assert place(item["asked"]) == expected


@pytest.mark.parametrize("name", provider_names())
@pytest.mark.parametrize("field", UPLOAD)
def test_a_field_of_an_upload_arrives_or_is_refused_by_name(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], name: str, field: str
) -> None:
    value, cells = UPLOAD[field]
    more = {"cover": {"cover_name": "c.png"}, "kind": {"name": "photo.png"}}.get(field, {})
    with opened(known(name), config_for) as client:
        given = {"name": "clip.mp4", field: value, **more}
        judge(vodfast_emulator, lambda: client.upload(b"media", **given), cells[name], name)


@pytest.mark.parametrize(("field", "name"), [(field, name) for field, (_, cells) in PULL.items() for name in cells])
def test_a_field_of_a_pull_arrives_or_is_refused_by_name(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], name: str, field: str
) -> None:
    value, cells = PULL[field]
    given = {"url": "https://e.com/a.mp4", field: value}
    with opened(known(name), config_for) as client:
        judge(vodfast_emulator, lambda: client.pull([PullItem(**given)]), cells[name], name)


@pytest.mark.parametrize("field", REGISTER)
async def test_a_field_of_a_registration_arrives(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], field: str
) -> None:
    """Of an object that somebody put beside the media of the account."""
    value, place, expected = REGISTER[field]
    async with AsyncClient("aliyun", config=config_for()) as client:
        image = await client.upload(b"image", name="a.png", kind="image")
        bucket, _, host = str(image.url).split("/")[2].partition(".")
        store = OssStore(place_of(host, bucket), "outside/clip.mp4", region="cn-shanghai")
        keys = CachedCredentials(emulator_credentials("aliyun"))
        await client._engine.transfer(store, open_source(b"media", "clip.mp4"), keys)
        (done,) = await client.register([RegisterItem(**{"url": f"{bucket}.{host}/outside/clip.mp4", field: value})])
    assert done.new
    _, item = vodfast_emulator.media()
    assert (item["media_id"], place(item["asked"])) == (done.media_id, expected)


def test_all_fields_at_once_arrive_together(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], cloud: Cloud
) -> None:
    given: dict[str, Any] = {}
    for field, (value, cells) in UPLOAD.items():
        if not isinstance(cells[cloud.name], No) and field != "kind":
            given |= {field: value} | ({"cover_name": "c.png"} if field == "cover" else {})
    with opened(cloud, config_for) as client:
        client.upload(b"media", name="clip.mp4", **given)
    (item,) = vodfast_emulator.media()
    for field in given.keys() - {"cover_name"}:
        cell = UPLOAD[field][1][cloud.name]
        assert not isinstance(cell, No)
        assert cell[0](item["asked"]) == cell[1], field
