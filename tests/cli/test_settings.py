"""`--set` and `--service` reach every typed option of every cloud, and refuse what is none of them."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import click
import msgspec
import pytest

from vodfast.cli.settings import plain, typed_options
from vodfast.emulator import Emulator
from vodfast.providers import provider_names, provider_settings

Run = Callable[..., Any]
Clip = Callable[..., Path]

RECORDS = [
    (cloud, record)
    for cloud in provider_names()
    for record in ("UploadOptions", "PullOptions", "RegisterOptions")
    if hasattr(importlib.import_module(f"vodfast.providers.{cloud}"), record)
]


def options_of(cloud: str, record: str) -> type[msgspec.Struct]:
    found: type[msgspec.Struct] = getattr(importlib.import_module(f"vodfast.providers.{cloud}"), record)
    return found


def reachable(cloud: str, record: str) -> dict[str, Any]:
    """Names and types of the options a shell may give: all but what only Python can express."""
    fields = msgspec.structs.fields(options_of(cloud, record))
    return {field.encode_name: field.type for field in fields if plain(field.type)}


def structs_in(kind: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from structs_in(field.type)
    for member in get_args(kind):
        yield from structs_in(member)


def example(kind: Any) -> str:
    """Text for a value of a type."""
    if str in (kind, *get_args(kind)) and getattr(kind, "__origin__", None) is None:
        return "7"
    for word, text in (("bool", "true"), ("int", "7"), ("float", "7.5")):
        if word in str(kind).replace("typing.", "") and "[" not in str(kind):
            return text
    if str(kind).startswith("tuple[str") or str(kind).startswith("tuple[int"):
        return '["7"]' if "str" in str(kind) else "[7]"
    if str(kind).startswith("tuple["):
        return "[]"
    return "{}"


@pytest.mark.parametrize(("cloud", "record"), RECORDS)
def test_every_option_can_be_set(cloud: str, record: str) -> None:
    kinds = reachable(cloud, record)
    options = typed_options(cloud, record, {name: example(kind) for name, kind in kinds.items()})
    assert type(options) is options_of(cloud, record)
    for name, kind in kinds.items():
        msgspec.convert(msgspec.to_builtins(getattr(options, name)), kind)


@pytest.mark.parametrize(("cloud", "record"), RECORDS)
def test_an_unknown_name_is_refused_with_the_known_ones(cloud: str, record: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        typed_options(cloud, record, {"colour": "red"})
    for name in reachable(cloud, record):
        assert name in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(("cloud", "record"), RECORDS)
def test_names_inside_values_are_checked_too(cloud: str, record: str) -> None:
    for kind in reachable(cloud, record).values():
        for inner in structs_in(kind):
            assert inner.__struct_config__.forbid_unknown_fields, f"{inner.__name__} would drop a misspelt name"


@pytest.mark.parametrize(
    ("cloud", "settings", "said"),
    [
        ("tencent", ["class_id=many"], "class_id takes a number"),
        ("tencent", ["part_concurrency=[1]"], "part_concurrency takes a number"),
        ("volcengine", ["functions=GetMeta"], "GetMeta or Snapshot"),
        ("volcengine", ['functions=[{"Name":"Explode"}]'], "Explode"),
        ("volcengine", ['functions=[{"Name":"Snapshot","Second":1}]'], "Second"),
        ("volcengine", ["need_fallback=maybe"], "true or false"),
        ("aliyun", ["category_ids=a"], "a JSON list of number"),
        ("aliyun", ['user_data={"extnd":{}}'], "extnd"),
        ("netease", ["extra=[1]"], "JSON object"),
        ("netease", ["preset_id=-1"], "preset_id"),
        ("netease", ['extra={"originFileName":"x"}'], "originFileName"),
    ],
)
def test_a_wrong_value_says_what_is_wanted_and_sends_nothing(
    vodfast: Run, clip: Clip, emulator: Emulator, cloud: str, settings: list[str], said: str
) -> None:
    to = {"volcengine": "volcengine:demo"}.get(cloud, cloud)
    ran = vodfast("upload", clip("a.mp4"), "--to", to, *(part for one in settings for part in ("--set", one)))
    assert (ran.code, emulator.history()) == (2, []), ran
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1


def test_nested_values_arrive(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    functions = '[{"Name":"GetMeta"},{"Name":"Snapshot","SnapshotTime":2.3}]'
    ran = vodfast("upload", clip("a.mp4"), "--to", "volcengine:demo", "--set", f"functions={functions}")
    assert ran.code == 0, ran
    user_data = '{"extend":{"a":[1]}}'
    ran = vodfast("upload", clip("b.mp4"), "--to", "aliyun", "--set", f"user_data={user_data}")
    assert ran.code == 0, ran
    ran = vodfast("upload", clip("c.mp4"), "--to", "netease", "--set", 'extra={"futureField":[1]}')
    assert ran.code == 0, ran
    Path("items").write_text(json.dumps({"source": "d.mp4", "options": {"user_data": {"extend": {"b": 2}}}}) + "\n")
    clip("d.mp4")
    assert vodfast("upload", "--from", "items", "--to", "aliyun").code == 0
    first, second, third, fourth = (item["asked"] for item in emulator.media())
    assert first["Functions"] == [
        {"Name": "GetMeta", "Input": {}},
        {"Name": "Snapshot", "Input": {"SnapshotTime": 2.3}},
    ]
    assert json.loads(second["UserData"]) == {"Extend": {"a": [1]}}
    assert third["futureField"] == [1]
    assert json.loads(fourth["UserData"]) == {"Extend": {"b": 2}}


def test_pull_options_arrive(vodfast: Run, emulator: Emulator) -> None:
    args = ("--set", 'headers={"X-Key":"v"}', "--set", 'tags=["a","b"]', "--set", "low_priority=true")
    args += ("--set", 'templates=[{"TemplateIds":["t"],"TemplateType":"imp"}]', "--context", "ctx", "--title", "T")
    ran = vodfast("pull", "https://e.com/a", "--media-type", "mp4", "--to", "volcengine:demo", *args)
    assert ran.code == 0, ran
    [item] = emulator.media()
    fields = item["asked"]
    assert (fields["CustomURLHeaders"], fields["Tags"], fields["EnableLowPriority"]) == ({"X-Key": "v"}, "a,b", True)
    assert fields["Templates"] == [{"TemplateIds": ["t"], "TemplateType": "imp"}]
    assert (fields["CallbackArgs"], fields["Title"], fields["FileExtension"]) == ("ctx", "T", ".mp4")


@pytest.mark.parametrize("cloud", provider_names())
def test_service_settings_are_known_and_typed(vodfast: Run, clip: Clip, emulator: Emulator, cloud: str) -> None:
    to = {"volcengine": "volcengine:demo"}.get(cloud, cloud)
    ran = vodfast("upload", clip("a.mp4"), "--to", to, "--service", "colour=red")
    assert (ran.code, emulator.history()) == (2, [])
    assert set(provider_settings(cloud)) - {"place"} <= set(ran.err.replace(",", "").split())
    assert vodfast("upload", clip("a.mp4"), "--to", to, "--service", "endpoint=a", "--endpoint", "b").code == 2
    assert vodfast("upload", clip("a.mp4"), "--to", to, "--service", "place=x").code == 2


@pytest.mark.parametrize(
    ("to", "setting", "ok"),
    [
        ("volcengine:demo", "api_version=2020-08-01", True),
        ("volcengine:demo", "api_version=1999-01-01", False),
        ("aliyun", "signature=V1", True),
        ("aliyun", "complete_timeout=120", True),
        ("aliyun", "complete_timeout=soon", False),
        ("tencent", "language=zh-CN", True),
        ("tencent", "cos_domain=nowhere", False),
        ("netease", "https=false", True),
        ("netease", "https=perhaps", False),
    ],
)
def test_service_settings_arrive(vodfast: Run, clip: Clip, emulator: Emulator, to: str, setting: str, ok: bool) -> None:
    ran = vodfast("upload", clip("a.mp4"), "--to", to, "--service", setting)
    assert ran.code == (0 if ok else 2), ran
    assert bool(emulator.history()) is ok
