"""How a playlist and its members travel: one session each, under one directory, committed one by one."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from vodfast.credentials import Credentials
from vodfast.errors import InvalidInput, VodfastError
from vodfast.providers.contract import ManifestSpec, MediaRecord, MediaSpec, MemberSpec
from vodfast.providers.volcengine import AddOptionInfo, GetMeta, UploadOptions
from vodfast.providers.volcengine.protocol import VolcengineVod
from vodfast.transfer.message import Response
from vodfast.transfer.ports import Call, ObjectReceipt

KEYS = Credentials.of("AK", "SK")
VOD = VolcengineVod(place="demo")
KEY = "0123456789abcdef" * 2
MEMBERS = (MemberSpec("v/index.m3u8", 30), MemberSpec("v/0.ts", 9), MemberSpec("keys/k 1.bin", 16))


def package(**fields: Any) -> MediaSpec:
    return MediaSpec(**{"name": "master.M3U8", "size": 50, "members": MEMBERS, **fields})


def query(call: Any) -> dict[str, str]:
    asked = parse_qs(urlsplit(call.build(KEYS, 0).url).query, keep_blank_values=True)
    return {name: value for name, (value,) in asked.items()}


def answer(data: Any) -> Response:
    body = {"ResponseMetadata": {"RequestId": "r"}, "Result": {"Data": data}}
    return Response(status=200, headers=(), body=json.dumps(body).encode())


def ticket_of(media: MediaSpec, provider: VolcengineVod = VOD) -> Any:
    granted = {"StoreInfos": [{"StoreUri": "b/k", "Auth": "a"}], "UploadHosts": ["h.example"], "SessionKey": "s"}
    return provider.apply(media).parse(answer({"UploadAddress": granted}))


def commit(media: MediaSpec, provider: VolcengineVod = VOD) -> Call[Any]:
    call = provider.commit(ticket_of(media, provider), {"media": ObjectReceipt(tag="0", digest=None)})
    assert isinstance(call, Call)
    return call


def test_the_service_is_asked_in_json() -> None:
    call = VOD.parse_manifest(ManifestSpec(kind="m3u8", path="v/index.m3u8", text="#EXTM3U\n课.ts\n"))
    assert call is not None
    assert call.reads
    request = call.build(KEYS, 0)
    assert request.url.endswith("/?Action=ParseUploadManifest&Version=2022-01-01")
    assert dict(request.headers)["content-type"] == "application/json"
    assert isinstance(request.body, bytes)
    assert json.loads(request.body) == {
        "SpaceName": "demo", "ManifestType": "m3u8", "ManifestContent": "#EXTM3U\n课.ts\n"
    }  # fmt: skip
    assert call.parse(answer({"MediaSegments": ["a.ts", "b/c.ts"]})) == ("a.ts", "b/c.ts")
    assert call.parse(answer({})) == ()
    with pytest.raises(VodfastError, match="unusable"):
        call.parse(answer({"MediaSegments": "a.ts"}))


@pytest.mark.parametrize(
    ("given", "directory", "name"),
    [("show/1/main.m3u8", "show/1/", "show/1/main.m3u8"), ("main.m3u8", "", "main.m3u8"),
     (None, f"{KEY}/", f"{KEY}/master.M3U8")],
)  # fmt: skip
def test_every_member_is_an_object_under_the_playlists_directory(given: str | None, directory: str, name: str) -> None:
    own, members = VOD.split_package(package(options=UploadOptions(file_name=given)), KEY)
    assert own.members == ()
    said = query(VOD.apply(own))
    assert (said["FileName"], said["FileType"], said["FileExtension"]) == (name, "media", f".{name[-4:]}")
    assert list(members) == [member.path for member in MEMBERS]
    for member in MEMBERS:
        said = query(VOD.apply(members[member.path]))
        assert (said["FileName"], said["FileType"]) == (directory + member.path, "object")
        assert said["FileExtension"] == f".{member.path.rpartition('.')[2]}"
        assert said["FileSize"] == str(member.size)
        assert "Functions" not in query(commit(members[member.path]))


def test_the_same_upload_has_the_same_names_every_time() -> None:
    assert VOD.split_package(package(), KEY) == VOD.split_package(package(), KEY)
    assert VOD.split_package(package(), KEY) != VOD.split_package(package(), KEY[::-1])


def test_members_share_the_way_of_the_playlist_and_nothing_else() -> None:
    options = UploadOptions(
        functions=(GetMeta(), AddOptionInfo(is_hls_index_only=True)), network_mode="vpc-inner", idc_mode="i",
        host_prefer="h", need_fallback=False, part_concurrency=3, expire_time="2030-01-01T00:00:00Z",
    )  # fmt: skip
    own, members = VOD.split_package(package(context="c", storage_class="archive", options=options), KEY)
    told = query(commit(own))
    assert (told["CallbackArgs"], told["ExpireTime"]) == ("c", "2030-01-01T00:00:00Z")
    assert json.loads(told["Functions"])[1] == {"Name": "AddOptionInfo", "Input": {"IsHlsIndexOnly": True}}
    member = members["v/0.ts"]
    said = query(VOD.apply(member))
    assert (said["StorageClass"], said["ClientNetWorkMode"], said["UploadHostPrefer"]) == ("2", "vpc-inner", "h")
    assert (said["ClientIDCMode"], said["NeedFallback"]) == ("i", "false")
    assert VOD.part_concurrency(member) == 3
    assert set(query(commit(member))) == {"Action", "Version", "SpaceName", "SessionKey"}


def test_a_member_need_not_become_media() -> None:
    own, members = VOD.split_package(package(), KEY)
    member = commit(members["v/0.ts"])
    assert member.parse(answer({"Mid": "m1"})).media_id == "m1"
    assert member.parse(answer({})).media_id == ""
    with pytest.raises(VodfastError, match="neither a Vid nor a Mid"):
        commit(own).parse(answer({}))
    caption = MediaSpec(name="a.vtt", size=5, kind="subtitle")
    with pytest.raises(VodfastError, match="neither a Vid nor a Mid"):
        commit(caption).parse(answer({}))


def test_members_that_stay_objects() -> None:
    own, members = VOD.split_package(package(options=UploadOptions(commit_members=False)), KEY)
    for member in members.values():
        record = VOD.commit(ticket_of(member), {"media": ObjectReceipt(tag="0", digest=None)})
        assert isinstance(record, MediaRecord)
        assert (record.media_id, record.request_id) == ("", "r")
    assert commit(own).operation == "CommitUploadInfo"
    alone = MediaSpec(name="a.ts", size=5, options=UploadOptions(file_type="object", commit_members=False))
    assert commit(alone).operation == "CommitUploadInfo", "what is no member is committed in any case"


def test_a_member_without_a_suffix_is_refused_by_name() -> None:
    _, members = VOD.split_package(package(members=(MemberSpec("keys/1", 16),)), KEY)
    with pytest.raises(InvalidInput, match="suffix"):
        VOD.check(members["keys/1"])


def test_the_older_version_gets_names_it_takes() -> None:
    older = VolcengineVod(place="demo", api_version="2020-08-01")
    own, members = older.split_package(package(name="my show.m3u8", members=MEMBERS[:2]), KEY)
    assert query(older.apply(own))["FileName"] == f"{KEY}/my_show.m3u8"
    assert query(older.apply(members["v/0.ts"]))["FileName"] == f"{KEY}/v/0.ts"
