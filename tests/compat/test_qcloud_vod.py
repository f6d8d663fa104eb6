"""The stand-in for vod-python-sdk by itself: names, texts, exceptions, what is sent and what is logged."""

from __future__ import annotations

import inspect
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.oracle import operations
from vodfast.compat.qcloud_cos import CosClientError, CosServiceError
from vodfast.compat.qcloud_vod import vod_upload_client
from vodfast.compat.qcloud_vod.common import FileUtil, StringUtil
from vodfast.compat.qcloud_vod.exception import VodClientException
from vodfast.compat.qcloud_vod.model import VodUploadRequest, VodUploadResponse
from vodfast.compat.qcloud_vod.vod_upload_client import VodUploadClient
from vodfast.compat.tencentcloud.common.exception import TencentCloudSDKException, tencent_cloud_sdk_exception
from vodfast.config import MIB
from vodfast.errors import VodfastError

pytestmark = pytest.mark.usefixtures("emulated")

KEY = "vodfast-emulator-tencent"
REGION = "ap-guangzhou"


@pytest.fixture
def client() -> VodUploadClient:
    return VodUploadClient(KEY, f"{KEY}-secret")


def request_for(path: Path | str | None, **attributes: Any) -> VodUploadRequest:
    request = VodUploadRequest()
    request.MediaFilePath = None if path is None else str(path)
    for name, value in attributes.items():
        setattr(request, name, value)
    return request


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
    again.from_json_string(request.to_json_string())
    assert (again.ClassId, again.MediaName, again.MediaType) == (3, "名", None)
    response = VodUploadResponse()
    response.from_json_string('{"FileId": "1", "RequestId": "r"}')
    assert repr(response) == '{"FileId": "1", "MediaUrl": null, "CoverUrl": null, "RequestId": "r"}'
    assert vars(response) == {"_FileId": "1", "_MediaUrl": None, "_CoverUrl": None, "_RequestId": "r"}
    response.FileId = "2"
    assert response.FileId == "2"


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


def test_defaults_are_written_back_to_the_request(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any
) -> None:
    cover = media_file(100, "c.JPG")
    request = request_for(media_file(2 * MIB + 1, "a.b.MP4"), CoverFilePath=str(cover))
    response = client.upload(REGION, request)
    assert (request.MediaType, request.MediaName, request.CoverType) == ("MP4", "a.b", "JPG")
    (item,) = vodfast_emulator.media()
    assert (item["media_id"], item["state"], item["name"]) == (response.FileId, "committed", "a.b")
    assert item["asked"] == {"MediaType": "mp4", "MediaName": "a.b", "CoverType": "jpg"}
    assert response.MediaUrl.endswith("/f0.mp4")
    assert response.CoverUrl.endswith("/cover.jpg")
    assert response.RequestId


def test_every_attribute_reaches_the_service(vodfast_emulator: Any, client: VodUploadClient, media_file: Any) -> None:
    fields = {
        "MediaType": "mov", "SubAppId": 1500000101, "MediaName": "第一集", "Procedure": "p",
        "ExpireTime": "2099-01-01T00:00:00Z", "StorageRegion": "ap-beijing", "ClassId": 0, "SourceContext": "s",
        "SessionContext": "x", "ExtInfo": "e", "MediaStoragePath": "/a/b.mov",
    }  # fmt: skip
    client.upload("ap-shanghai", request_for(media_file(10), **fields, ConcurrentUploadNumber=500, Unknown=1))
    assert vodfast_emulator.media()[0]["asked"] == fields


def test_empty_text_is_nothing(vodfast_emulator: Any, client: VodUploadClient, media_file: Any) -> None:
    fields = dict.fromkeys(("MediaType", "MediaName", "CoverFilePath", "CoverType", "StorageRegion", "ExpireTime"), "")
    client.upload(REGION, request_for(media_file(10, "a.mp4"), **fields))
    assert vodfast_emulator.media()[0]["asked"] == {"MediaType": "mp4", "MediaName": "a"}


CHECKS = [
    ("", {}, "lack region"),
    (None, {}, "lack region"),
    (REGION, {"MediaFilePath": ""}, "lack media path"),
    (REGION, {"MediaFilePath": None}, "lack media path"),
    (REGION, {"MediaFilePath": "nowhere.mp4"}, "media path is invalid"),
    (REGION, {"MediaFilePath": "."}, "media path is invalid"),
    (REGION, {"MediaFilePath": "bare"}, "lack media type"),
    (REGION, {"CoverFilePath": "nowhere.png"}, "cover path is invalid"),
    (REGION, {"CoverFilePath": "bare"}, "lack cover type"),
]


@pytest.mark.parametrize(("region", "fields", "said"), CHECKS)
def test_the_official_checks_come_first_and_say_what_they_always_said(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any, monkeypatch: pytest.MonkeyPatch,
    region: Any, fields: dict[str, Any], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(media_file(10).parent)
    media_file(10, "bare")
    with pytest.raises(VodClientException) as caught:
        client.upload(region, request_for("clip.mp4", **fields))
    assert (str(caught.value), caught.value.message) == (said, said)
    assert vodfast_emulator.history() == []


def test_a_subclass_may_have_checks_of_its_own(vodfast_emulator: Any, media_file: Any) -> None:
    class Mine(VodUploadClient):
        @staticmethod
        def _prefix_check_and_set_default_val(region: str, request: VodUploadRequest) -> None:
            request.MediaType, request.MediaName = "mp4", f"from {region}"

    Mine(KEY, f"{KEY}-secret").upload(REGION, request_for(media_file(10, "bare")))
    assert vodfast_emulator.media()[0]["name"] == f"from {REGION}"


def test_without_checks_the_service_decides(vodfast_emulator: Any, client: VodUploadClient, media_file: Any) -> None:
    client.ignore_check = True
    request = request_for(media_file(10), CoverFilePath=str(media_file(10, "c.png")))
    assert client.upload("", request).FileId
    assert (request.MediaType, request.MediaName, request.CoverType) == (None, None, None)
    assert len(vodfast_emulator.media()[0]["objects"]) == 1  # a cover of no type is not sent


@pytest.mark.parametrize(
    ("keys", "fields", "code", "message"),
    [
        ((KEY, "wrong"), {}, "AuthFailure.SignatureFailure", "signature differs"),
        (("vodfast-emulator-none", "k"), {}, "AuthFailure.SecretIdNotFound", "The SecretId is not found"),
        (None, {"SubAppId": 424242}, "InvalidParameterValue.SubAppId", "does not exist"),
        (None, {"StorageRegion": "ap-nowhere"}, "InvalidParameterValue.StorageRegion", "not activated"),
    ],
)
def test_refusals_of_the_service_keep_code_words_and_request_id(
    client: VodUploadClient, media_file: Any, keys: Any, fields: dict[str, Any], code: str, message: str
) -> None:
    client = VodUploadClient(*keys) if keys else client
    with pytest.raises(TencentCloudSDKException, match=message) as caught:
        client.upload(REGION, request_for(media_file(10), **fields))
    error = caught.value
    assert (error.code, error.get_code()) == (code, code)
    assert message in error.get_message()
    assert "refused" not in error.get_message()
    assert error.get_request_id()
    assert isinstance(error.__cause__, VodfastError)
    assert str(error) == f"[TencentCloudSDKException] code:{code} message:{error.message} requestId:{error.requestId}"


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"MediaType": "exe"}, "InvalidParameterValue.MediaType", "invalid media type"),
        ({"CoverType": "exe", "CoverFilePath": "clip.mp4"}, "InvalidParameterValue.CoverType", "invalid cover type"),
        ({"ExpireTime": "soon"}, "InvalidParameterValue.ExpireTime", "ExpireTime must be"),
        ({"SubAppId": 0}, "InvalidParameterValue.SubAppId", "SubAppId must be"),
        ({"ClassId": "5"}, "InvalidParameterValue", "ClassId must be"),
        ({"SourceContext": "x" * 251}, "InvalidParameterValue", "250"),
        ({"MediaName": "a\r\nb"}, "InvalidParameterValue", "MediaName .* line break"),
    ],
)
def test_what_the_service_would_refuse_is_refused_here_with_its_code(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any, monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, Any], code: str, message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(media_file(10).parent)
    with pytest.raises(TencentCloudSDKException, match=message) as caught:
        client.upload(REGION, request_for("clip.mp4", **fields))
    assert (caught.value.code, caught.value.requestId, len(caught.value.args)) == (code, None, 2)
    assert vodfast_emulator.history() == []


def test_an_unusable_region_is_refused_as_the_service_would(client: VodUploadClient, media_file: Any) -> None:
    with pytest.raises(TencentCloudSDKException) as caught:
        client.upload("no region\r\nX: y", request_for(media_file(10)))
    assert caught.value.code == "UnsupportedRegion"


@pytest.mark.parametrize("number", [0, -1, "5", 2.5])
def test_no_part_at_a_time_is_refused_instead_of_hanging(
    client: VodUploadClient, media_file: Any, number: object
) -> None:
    with pytest.raises(VodClientException, match="ConcurrentUploadNumber"):
        client.upload(REGION, request_for(media_file(10), ConcurrentUploadNumber=number))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("", "k"), "secret id should not be none or empty"),
        ((None, "k"), "secret id should not be none or empty"),
        (("i", " "), "secret key should not be none or empty"),
        ((" i", "k"), "secret id should not contain spaces"),
        (("i", "k "), "secret key should not contain spaces"),
    ],
)
def test_keys_that_cannot_be_keys(media_file: Any, keys: Any, message: str) -> None:
    with pytest.raises(TencentCloudSDKException) as caught:
        VodUploadClient(*keys).upload(REGION, request_for(media_file(10)))
    assert caught.value.args == (caught.value.code, caught.value.message) == ("InvalidCredential", message)


@pytest.mark.parametrize(("keys", "name"), [(("é", "k"), "id"), (("i", "k\0k"), "key"), (("i", "k", "t\n"), "token")])
def test_keys_that_no_cloud_gives_out(
    media_file: Any, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...], name: str
) -> None:
    monkeypatch.delenv("VODFAST_EMULATOR")
    with pytest.raises(TencentCloudSDKException, match=f"{name} holds") as caught:
        VodUploadClient(*keys).upload(REGION, request_for(media_file(10)))
    assert caught.value.code == "InvalidCredential"


def rule(action: str, operation: str, **more: Any) -> dict[str, Any]:
    return {"action": action, "match": {"operation": operation}, "times": 0, **more}


def test_a_refusal_of_the_store_is_told_with_its_cause(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any
) -> None:
    vodfast_emulator.set_faults([rule("error", "PutObject", code="AccessDenied", message="not you")])
    with pytest.raises(CosServiceError) as caught:
        client.upload(REGION, request_for(media_file(10)))
    error = caught.value
    assert (error.get_status_code(), error.get_error_code(), error.get_error_msg()) == (403, "AccessDenied", "not you")
    assert error.get_request_id()
    assert list(error.get_digest_msg()) == ["code", "message", "resource", "requestid", "traceid"]
    assert error.get_resource_location().endswith("/f0.mp4")
    assert error.get_trace_id() not in ("", "Unknown")
    assert vodfast_emulator.media()[0]["objects"] == []


def test_a_refusal_without_words_keeps_its_status(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any
) -> None:
    client.retry_time = 1
    vodfast_emulator.set_faults([rule("status", "PutObject", code=503)])
    with pytest.raises(CosServiceError, match="status 503") as caught:
        client.upload(REGION, request_for(media_file(10)))
    assert (caught.value.get_status_code(), caught.value.get_error_code()) == (503, "Unknown")


def test_a_part_that_failed_is_told_in_the_official_words_and_with_its_cause(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any
) -> None:
    vodfast_emulator.set_faults([rule("error", "UploadPart", code="AccessDenied", message="not you")])
    with pytest.raises(CosClientError) as caught:
        client.upload(REGION, request_for(media_file(40 * MIB)))
    assert str(caught.value).startswith("some upload_part fail after max_retry, please upload_file again: ")
    assert "not you" in str(caught.value)


def test_attempts_are_counted_by_retry_time(vodfast_emulator: Any, client: VodUploadClient, media_file: Any) -> None:
    vodfast_emulator.set_faults([rule("status", "ApplyUpload", code=503)])
    client.retry_time = 2
    with pytest.raises(TencentCloudSDKException) as caught:
        client.upload(REGION, request_for(media_file(10)))
    assert (caught.value.code, caught.value.requestId) == ("ServerNetworkError", None)
    assert operations(vodfast_emulator) == ["ApplyUpload"] * 2


def test_no_connection_is_a_client_network_error(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any
) -> None:
    vodfast_emulator.set_faults([rule("reset", "ApplyUpload")])
    client.retry_time = 1
    with pytest.raises(TencentCloudSDKException) as caught:
        client.upload(REGION, request_for(media_file(10)))
    assert caught.value.code == "ClientNetworkError"


def test_bytes_that_arrive_damaged_are_never_committed(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any
) -> None:
    vodfast_emulator.set_faults([rule("corrupt_body", "PutObject")])
    client.retry_time = 1
    with pytest.raises(CosClientError, match="other bytes"):
        client.upload(REGION, request_for(media_file(10)))
    assert "CommitUpload" not in operations(vodfast_emulator)


def test_a_commit_that_is_never_answered_says_so(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any
) -> None:
    vodfast_emulator.set_faults([rule("drop_reply", "CommitUpload")])
    client.retry_time = 1
    with pytest.raises(TencentCloudSDKException, match="may or may not exist") as caught:
        client.upload(REGION, request_for(media_file(10)))
    assert caught.value.code == "ClientNetworkError"


def test_progress_is_told_in_acknowledged_bytes_of_everything_sent(client: VodUploadClient, media_file: Any) -> None:
    told: list[tuple[int, int]] = []
    cover = media_file(1000, "c.png")
    request = request_for(media_file(3 * MIB), CoverFilePath=str(cover))
    client.upload(REGION, request, progress_callback=lambda done, total: told.append((done, total)))
    assert {total for _, total in told} == {3 * MIB + 1000}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == 3 * MIB + 1000


def test_a_callback_that_raises_fails_the_upload(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any
) -> None:
    def callback(_done: int, _total: int) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        client.upload(REGION, request_for(media_file(10)), callback)
    assert [item["state"] for item in vodfast_emulator.media() if item["state"] == "committed"] == []


def test_temporary_credentials_send_their_token(vodfast_emulator: Any, media_file: Any) -> None:
    caller = {"access_key": "vodfast-emulator-sts", "secret": "s", "token": "t/+="}
    vodfast_emulator.settings(callers=[caller])
    assert VodUploadClient("vodfast-emulator-sts", "s", "t/+=").upload(REGION, request_for(media_file(10))).FileId
    with pytest.raises(TencentCloudSDKException, match="token"):
        VodUploadClient("vodfast-emulator-sts", "s").upload(REGION, request_for(media_file(10)))


def test_what_is_logged_holds_no_secret(
    client: VodUploadClient, media_file: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "qcloud_vod.vod_upload_client"):
        response = client.upload(REGION, request_for(media_file(10)))
    request, committed = [record.getMessage() for record in caplog.records]
    assert request.startswith('vod upload req = {"MediaType": "mp4"')
    assert request.endswith("region = ap-guangzhou")
    assert committed == f"vod upload CommitUpload rsp = {response.to_json_string()}"
    assert f"{KEY}-secret" not in caplog.text


def test_the_vendors_own_exceptions_are_raised_where_a_script_has_them(
    client: VodUploadClient, media_file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Theirs(TencentCloudSDKException):
        pass

    module = ModuleType("tencentcloud.common.exception.tencent_cloud_sdk_exception")
    Theirs.__name__ = "TencentCloudSDKException"
    vars(module)["TencentCloudSDKException"] = Theirs
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(Theirs):
        client.upload(REGION, request_for(media_file(10), SubAppId=424242))
    monkeypatch.setitem(sys.modules, module.__name__, tencent_cloud_sdk_exception)
    with pytest.raises(TencentCloudSDKException) as caught:
        client.upload(REGION, request_for(media_file(10), SubAppId=424242))
    assert type(caught.value) is TencentCloudSDKException


def test_the_client_module_offers_the_exception_that_it_raises(
    client: VodUploadClient, media_file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: dict[str, Any] = {}
    exec("from vodfast.compat.qcloud_vod.vod_upload_client import *", names)  # as scripts do
    assert names["VodUploadClient"] is VodUploadClient
    assert names["TencentCloudSDKException"] is TencentCloudSDKException
    module = ModuleType("tencentcloud.common.exception.tencent_cloud_sdk_exception")
    theirs = vars(module)["TencentCloudSDKException"] = type(
        "TencentCloudSDKException", (TencentCloudSDKException,), {}
    )
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert vod_upload_client.TencentCloudSDKException is theirs
    with pytest.raises(theirs):
        client.upload(REGION, request_for(media_file(10), SubAppId=424242))
    with pytest.raises(AttributeError, match="CosConfig"):
        _ = vod_upload_client.CosConfig


@pytest.mark.parametrize(
    "error",
    [
        CosServiceError("PUT", {"code": "AccessDenied"}, 403),
        CosClientError("unheard"),
        TencentCloudSDKException("InternalError", "no", "r"),
        TencentCloudSDKException("InternalError", message="no"),
        VodClientException("lack region"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_exceptions_travel_between_processes(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), vars(again), str(again)) == (type(error), vars(error), str(error))


def test_one_client_serves_many_threads(vodfast_emulator: Any, client: VodUploadClient, media_file: Any) -> None:
    paths = [media_file(number * 1000 + 1, f"{number}.mp4") for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda path: client.upload(REGION, request_for(path)), paths))
    found = {item["media_id"]: item["objects"][0]["size"] for item in vodfast_emulator.media()}
    assert [found[response.FileId] for response in responses] == [path.stat().st_size for path in paths]


def test_every_call_makes_a_media_of_its_own(vodfast_emulator: Any, client: VodUploadClient, media_file: Any) -> None:
    path = media_file(10)
    first, second = (client.upload(REGION, request_for(path)).FileId for _ in range(2))
    assert first != second
    assert [item["state"] for item in vodfast_emulator.media()] == ["committed", "committed"]


def test_a_call_after_an_outage_goes_on_where_the_first_one_stopped(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any
) -> None:
    client.retry_time = 1
    vodfast_emulator.set_faults([rule("status", "CompleteMultipartUpload", code=503)])
    request = request_for(media_file(40 * MIB))
    with pytest.raises(CosServiceError, match="goes on from there"):
        client.upload(REGION, request)
    vodfast_emulator.set_faults([])
    before = operations(vodfast_emulator)
    client.upload(REGION, request)
    again = operations(vodfast_emulator)[len(before) :]
    assert "UploadPart" not in again
    assert "ApplyUpload" not in again
    assert [item["state"] for item in vodfast_emulator.media()] == ["committed"]


INTERRUPTED = """
import signal, sys
from qcloud_vod.model import VodUploadRequest
from qcloud_vod.vod_upload_client import VodUploadClient

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, if whoever runs the tests ignores it
request = VodUploadRequest()
request.MediaFilePath = sys.argv[1]
VodUploadClient("id", "key").upload("ap-guangzhou", request, lambda done, total: print(done, flush=True))
"""


def test_an_interrupt_ends_the_script_and_takes_back_what_was_begun(
    vodfast_emulator: Any, media_file: Any, tmp_path: Path
) -> None:
    vodfast_emulator.set_faults(
        [{"action": "stall", "match": {"operation": "UploadPart", "part_number": 3}, "times": 0}]
    )
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    with subprocess.Popen(
        [sys.executable, "-m", "vodfast.compat", str(script), str(media_file(50 * MIB))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGINT
    assert said.splitlines()[-1] == "KeyboardInterrupt"
    assert [(item["state"], item["open_uploads"]) for item in vodfast_emulator.media()] == [("aborted", 0)]


SEGMENT = b"\x47" + b"s" * 187


@pytest.fixture
def playlist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes a playlist with these lines, and one segment, into the working directory."""
    folder = tmp_path / "show"
    folder.mkdir()
    (tmp_path / "outside.ts").write_bytes(SEGMENT)
    monkeypatch.chdir(folder)

    def write(*entries: str, name: str = "index.m3u8") -> str:
        (folder / "seg.ts").write_bytes(SEGMENT)
        lines = "".join(f"#EXTINF:4,\n{entry}\n" for entry in entries)
        (folder / name).write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n{lines}#EXT-X-ENDLIST\n", encoding="utf-8")
        return name

    return write


@pytest.mark.parametrize("name", ["index.m3u8", "./index.m3u8", "Index.M3U8"])
def test_a_playlist_takes_its_segments_along_from_wherever_it_is(
    vodfast_emulator: Any, client: VodUploadClient, playlist: Any, name: str
) -> None:
    playlist("seg.ts", "seg.ts", name=Path(name).name)
    response = client.upload(REGION, request_for(name))
    (item,) = vodfast_emulator.media()
    assert (item["media_id"], item["state"]) == (response.FileId, "committed")
    names = sorted(stored["key"].rpartition("/")[2] for stored in item["objects"])
    assert names == ["f0.m3u8", "seg.ts"]
    assert operations(vodfast_emulator).count("PutObject") == 2


@pytest.mark.parametrize("entry", ["../outside.ts", "/outside.ts", "%2e%2e/outside.ts", "https://h.example/seg.ts"])
def test_a_playlist_reaches_nothing_outside_its_folder(
    vodfast_emulator: Any, client: VodUploadClient, playlist: Any, entry: str
) -> None:
    with pytest.raises(VodClientException, match=r"outside\.ts|seg\.ts"):
        client.upload(REGION, request_for(playlist(entry)))
    assert vodfast_emulator.media() == []


def test_a_missing_segment_is_named_before_a_session_is_opened(
    vodfast_emulator: Any, client: VodUploadClient, playlist: Any
) -> None:
    path = Path.cwd() / playlist("seg.ts", "nowhere.ts")
    with pytest.raises(VodClientException) as caught:
        client.upload(REGION, request_for(path))
    assert caught.value.message == str(path.with_name("nowhere.ts"))
    assert "ApplyUpload" not in operations(vodfast_emulator)
