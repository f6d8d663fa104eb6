"""Messages of the vendor's `volcengine` and of its stand-in, treated alike: by protobuf's functions, and by those that
take their place where protobuf is not installed.
"""

from __future__ import annotations

import importlib
import json
import random
import subprocess
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vodfast.compat.google.protobuf import json_format as ours_to_json
from vodfast.compat.volcengine.messages import Listed, Scalar, TextMap

SCRIPT = Path(__file__).parent / "scripts" / "volcengine_messages.py"
MODULES = [
    "volcengine.base.models.base.base_pb2",
    "volcengine.vod.models.business.vod_common_pb2",
    "volcengine.vod.models.business.vod_upload_pb2",
    "volcengine.vod.models.request.request_vod_pb2",
    "volcengine.vod.models.response.response_vod_pb2",
]


def test_what_scripts_do_to_messages() -> None:
    def run(*how: str) -> list[dict[str, str]]:
        command = [sys.executable, "-W", "ignore", *how, str(SCRIPT)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    theirs, ours = run(), run("-m", "vodfast.compat")
    assert len(theirs) > 130
    for their, own in zip(theirs, ours, strict=True):
        assert own == their


def both(name: str) -> tuple[types.ModuleType, types.ModuleType]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name), importlib.import_module(f"vodfast.compat.{name}")


def classes(name: str) -> list[tuple[Any, Any]]:
    theirs, ours = both(name)
    own = [one for one in vars(ours).values() if getattr(one, "__module__", "") == ours.__name__]
    return [(getattr(theirs, one.__name__), one) for one in own if hasattr(one, "DESCRIPTOR")]


def described(descriptor: Any) -> list[tuple[Any, ...]]:
    return sorted(
        (field.number, field.name, field.full_name, field.json_name, field.camelcase_name, field.type, field.cpp_type,
         field.is_repeated, field.has_presence, field.default_value, field.is_extension,
         field.message_type and (field.message_type.full_name, field.message_type.GetOptions().map_entry))
        for field in descriptor.fields
    )  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_every_field_of_every_message(name: str) -> None:
    pairs = classes(name)
    assert pairs
    for their, own in pairs:
        assert own.DESCRIPTOR.full_name == their.DESCRIPTOR.full_name
        assert described(own.DESCRIPTOR) == described(their.DESCRIPTOR)
        for name in [name for name in dir(their) if name.endswith("_FIELD_NUMBER")]:
            assert getattr(own, name) == getattr(their, name)


def filled(kind: Any, chance: random.Random, depth: int = 0) -> dict[str, Any]:
    """Values for some fields of a message, as its constructor takes them."""
    values: dict[str, Any] = {}
    for name, of in kind.fields.items():
        if chance.random() < 0.3:
            continue
        if isinstance(of, TextMap):
            values[name] = {word(chance): word(chance) for _ in range(chance.randrange(3))}
        elif isinstance(of, Listed):
            values[name] = [one(of.of, chance, depth) for _ in range(chance.randrange(3))]
        else:
            values[name] = one(of, chance, depth)
    return values


def one(of: Any, chance: random.Random, depth: int) -> Any:
    if not isinstance(of, Scalar):
        return filled(of, chance, depth + 1)
    if of.of is str:
        return word(chance)
    if of.of is float:
        return chance.choice(
            [0.0, 1.0, 2.5, chance.random(), chance.uniform(-1e9, 1e9), 10.0 ** chance.randrange(-8, 30)]
        )
    return chance.random() < 0.5 if of.of is bool else chance.choice([0, 1, of.low, of.high, chance.randrange(10**6)])


def word(chance: random.Random) -> str:
    return "".join(chance.choice("abc影像😀 \n\t\"'\\\x01é") for _ in range(chance.randrange(6)))


def samples(name: str, chance: random.Random) -> Iterator[tuple[Any, Any]]:
    """Six messages of each class with the same random content: the vendor's and ours."""
    for their_kind, kind in classes(name):
        for _ in range(6):
            values = filled(kind, chance)
            yield their_kind(**values), kind(**values)


@pytest.mark.parametrize("name", MODULES)
def test_text_and_json_of_any_content(name: str) -> None:
    from google.protobuf import json_format, text_format

    for their, own in samples(name, random.Random(name)):
        their_kind, kind = type(their), type(own)
        assert str(own) == str(their)
        assert text_format.MessageToString(own) == text_format.MessageToString(their)
        plain = json_format.MessageToDict(their)
        assert json_format.MessageToDict(own) == ours_to_json.MessageToDict(own) == plain
        texts = [json_format.MessageToJson(their, sort_keys=True)]  # the order of maps is the vendor's secret
        texts += [functions.MessageToJson(own, sort_keys=True) for functions in (json_format, ours_to_json)]
        assert len(set(texts)) == 1
        assert ours_to_json.MessageToDict(own, True) == json_format.MessageToDict(own, True)
        assert json_format.MessageToDict(own, True) == json_format.MessageToDict(their, True)
        text = json.dumps(plain)
        assert ours_to_json.Parse(text, kind()) == json_format.Parse(text, kind()) == kind.of(plain)
        assert str(json_format.Parse(text, kind())) == str(json_format.Parse(text, their_kind()))


@pytest.mark.parametrize("text", ["<html>", '{"x": 1}', '{"Result": 5}', '{"Result": {"Data": {"x": {}}}}',
                                  '{"Result": {"Data": {"SourceInfo": {"Height": 7.5}}}}'])  # fmt: skip
def test_what_is_no_json_of_a_message(text: str) -> None:
    from google.protobuf import json_format

    theirs, ours = both(MODULES[-1])
    for kind, functions in (
        (theirs.VodCommitUploadInfoResponse, json_format),
        (ours.VodCommitUploadInfoResponse, json_format),
        (ours.VodCommitUploadInfoResponse, ours_to_json),
    ):
        with pytest.raises(functions.ParseError):
            functions.Parse(text, kind())


@pytest.mark.parametrize("name", MODULES)
def test_the_binary_form_of_any_content(name: str) -> None:
    from google.protobuf import message

    chance = random.Random(name)
    for their, own in samples(name, chance):
        their_kind, kind = type(their), type(own)
        written = own.SerializeToString()
        assert written == their.SerializeToString(deterministic=True)
        assert own.ByteSize() == their.ByteSize() == len(written)
        assert str(their_kind.FromString(written)) == str(kind.FromString(their.SerializeToString())) == str(own)
        more = filled(kind, chance)
        both_ways = their_kind(**more).SerializeToString()
        assert own.MergeFromString(both_ways) == their.MergeFromString(both_ways) == len(both_ways)
        assert str(own) == str(their)
        for _ in range(20):
            damaged = bytearray(written[: chance.randrange(len(written) + 1)])
            if damaged:
                damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            seen = []
            for one_kind in (their_kind, kind):
                try:
                    read = one_kind.FromString(bytes(damaged))
                    read.DiscardUnknownFields()
                    seen.append(str(read))
                except message.DecodeError:
                    seen.append("no message")
            assert seen[0] == seen[1], bytes(damaged)
