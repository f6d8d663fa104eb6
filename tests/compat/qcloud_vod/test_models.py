"""The stand-in's names, and the JSON forms of its requests and responses."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from tests.compat.qcloud_vod.uploads import request_for
from vodfast.compat.qcloud_vod.common import FileUtil, StringUtil
from vodfast.compat.qcloud_vod.model import VodUploadRequest, VodUploadResponse
from vodfast.compat.qcloud_vod.vod_upload_client import VodUploadClient

pytestmark = pytest.mark.usefixtures("emulated")


def test_names_and_order_of_arguments() -> None:
    assert list(inspect.signature(VodUploadClient).parameters) == ["secret_id", "secret_key", "token"]
    assert list(inspect.signature(VodUploadClient.upload).parameters)[1:] == ["region", "request", "progress_callback"]
    client = VodUploadClient("i", "k", "t")
    assert vars(client) == {
        "secret_id": "i", "secret_key": "k", "token": "t", "ignore_check": False, "retry_time": 3
    }  # fmt: skip
    names = ["MediaType", "SubAppId", "MediaName", "CoverType", "Procedure", "ExpireTime", "StorageRegion", "ClassId",
             "SourceContext", "SessionContext", "ExtInfo", "MediaStoragePath", "MediaFilePath", "CoverFilePath",
             "ConcurrentUploadNumber"]  # fmt: skip
    request = VodUploadRequest()
    assert [getattr(request, name) for name in names] == [None] * len(names)
    assert list(json.loads(request.to_json_string())) == names


def test_everything_imported_from_the_models_is_requests_and_responses() -> None:
    names: dict[str, Any] = {"Model": "mine"}
    exec("from vodfast.compat.qcloud_vod.model import *", names)  # as scripts do
    assert names.keys() - {"__builtins__"} == {"Model", "VodUploadRequest", "VodUploadResponse"}
    assert names["Model"] == "mine"


def test_models_have_a_json_form() -> None:
    request = request_for("/a/b.mp4", ClassId=3, MediaName="名")
    assert '"MediaName": "名"' in str(request)
    assert "\\u540d" in request.to_json_string(ensure_ascii=True)
    assert request.to_json_string(indent=1).startswith('{\n "MediaType"')
    again = VodUploadRequest()
    with pytest.warns(
        UserWarning, match="^ConcurrentUploadNumber,CoverFilePath,MediaFilePath fileds are useless.$"
    ) as warned:
        again.from_json_string(request.to_json_string())
    assert warned[0].filename == __file__
    assert (again.ClassId, again.MediaName, again.MediaType) == (3, "名", None)
    response = VodUploadResponse()
    response.from_json_string('{"FileId": "1", "RequestId": "r", "Newer": 1}')  # of which nothing is said
    assert repr(response) == '{"FileId": "1", "MediaUrl": null, "CoverUrl": null, "RequestId": "r"}'
    assert vars(response) == {"_FileId": "1", "_MediaUrl": None, "_CoverUrl": None, "_RequestId": "r"}
    response.FileId = "2"
    assert response.FileId == "2"


def test_attributes_can_be_found_in_the_class() -> None:
    found = [name for name, value in vars(VodUploadRequest).items() if isinstance(value, property)]
    assert found[::11] == ["MediaType", "MediaStoragePath"]

    class Tracked(VodUploadRequest):
        SourceContext = property(lambda self: f"from {self.MediaFilePath}")

    assert Tracked().SourceContext == "from None"


def test_models_are_known_from_inside() -> None:
    request = request_for("/a/b.mp4", ClassId=0)
    request.headers = {"X-Mine": "1"}
    assert request._serialize() == {"ClassId": 0, "MediaFilePath": "/a/b.mp4"}
    assert "headers" not in json.loads(request.to_json_string())
    request._deserialize({"MediaType": "mp4"})
    assert (request.headers, request.MediaType, request.ClassId) == ({"X-Mine": "1"}, "mp4", None)
    assert VodUploadResponse().headers is None


def test_path_questions_are_answered_as_ever(media_file: Any) -> None:
    names = {
        "a.mp4": ("mp4", "a"),
        "/x.y/a": ("", "a"),
        "a.tar.GZ": ("GZ", "a.tar"),
        "/.hid": ("", ".hid"),
        "": ("", ""),
    }
    assert {name: (FileUtil.get_file_type(name), FileUtil.get_file_name(name)) for name in names} == names
    assert [FileUtil.is_file_exist(str(path)) for path in (media_file(1), media_file(1).parent)] == [True, False]
    assert [FileUtil.join_path(*pieces) for pieces in (("/a/", "b", "/c"), ("", "b"), ("a\\", "\\b"), ("a",))] == [
        "/a/b/c", "/b", "a\\b", "a"
    ]  # fmt: skip
    assert [StringUtil.is_empty(text) for text in (None, "", " ", 0)] == [True, True, False, False]
    assert StringUtil.is_not_empty("a")
