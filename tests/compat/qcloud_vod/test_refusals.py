"""What the stand-in refuses or fails with: whose words, which code, which exception."""

from __future__ import annotations

import pickle
import re
import socket
import subprocess
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import vodfast
from tests.compat.qcloud_vod.uploads import KEY, REGION, request_for, rule
from tests.oracle import operations
from vodfast.compat.qcloud_cos import CosClientError, CosServiceError
from vodfast.compat.qcloud_vod import vod_upload_client
from vodfast.compat.qcloud_vod.exception import VodClientException
from vodfast.compat.qcloud_vod.vod_upload_client import VodUploadClient
from vodfast.compat.tencentcloud.common.exception import TencentCloudSDKException, tencent_cloud_sdk_exception
from vodfast.config import MIB
from vodfast.errors import VodfastError

pytestmark = pytest.mark.usefixtures("emulated")


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


@pytest.mark.parametrize("number", [0, -1, "5", 2.5, True])
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


LATE = """
from qcloud_vod.model import VodUploadRequest
from qcloud_vod.vod_upload_client import VodUploadClient

for place in (424242, None):
    request = VodUploadRequest()
    request.MediaFilePath, request.SubAppId = "clip.mp4", place
    try:
        VodUploadClient("id", "key").upload("ap-guangzhou", request)
    except Exception as error:
        from qcloud_cos import CosServiceError
        from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

        print(isinstance(error, CosServiceError), isinstance(error, TencentCloudSDKException), type(error).__module__)
"""


def test_a_script_by_official_names_may_import_the_exception_when_it_has_been_raised(
    vodfast_emulator: Any, tmp_path: Path
) -> None:
    packages = {
        "qcloud_cos/__init__.py": "from qcloud_cos.cos_exception import CosServiceError",
        "qcloud_cos/cos_exception.py": "class CosServiceError(Exception): pass",
        "tencentcloud/common/exception/tencent_cloud_sdk_exception.py":
            "class TencentCloudSDKException(Exception): pass",
    }  # fmt: skip
    for name, text in (packages | {"script.py": LATE, "clip.mp4": "some bytes"}).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "tencentcloud" / "__init__.py").touch()
    vodfast_emulator.set_faults([rule("error", "PutObject", code="AccessDenied")])
    environment = {"PYTHONPATH": str(Path(__file__).parents[3]), "HOME": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-m", "vodfast.compat", "script.py"],
        capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False,
        env=environment | {"VODFAST_EMULATOR": vodfast_emulator.endpoint},
    )  # fmt: skip
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [
        "False True tencentcloud.common.exception.tencent_cloud_sdk_exception",
        "True False qcloud_cos.cos_exception",
    ]


def test_the_client_module_offers_the_exception_that_it_raises(
    client: VodUploadClient, media_file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: dict[str, Any] = {}
    exec("from vodfast.compat.qcloud_vod.vod_upload_client import *", names)  # as scripts do
    assert names["VodUploadClient"] is VodUploadClient
    assert {"logging", "os"} <= names.keys()
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


def test_a_traceback_shows_the_cause_in_a_line_and_not_the_engine(media_file: Any) -> None:
    try:
        VodUploadClient("vodfast-emulator-tencent", "wrong").upload(REGION, request_for(media_file(10)))
    except Exception:
        shown = traceback.format_exc()
    assert re.match(r"vodfast\.errors\.AuthError: .*check the access key and its secret.*\n\nThe above", shown)
    package = str(Path(vodfast.__file__).parent)
    assert [line for line in shown.splitlines() if package in line and "vod_upload_client.py" not in line] == []


def test_an_emulator_that_is_not_there_is_told_about(
    client: VodUploadClient, media_file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as reserved:  # bound, but not listening
        reserved.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{reserved.getsockname()[1]}"
        monkeypatch.setenv("VODFAST_EMULATOR", place)
        client.retry_time = 1
        with pytest.raises(VodClientException, match=f"no emulator answers at {place}: start one"):
            client.upload(REGION, request_for(media_file(10)))
