"""`aliyunsdkcore` and `aliyunsdkvod` on vodfast: what scripts set, get and catch, judged by the emulator."""

from __future__ import annotations

import copy
import http.server
import importlib
import inspect
import json
import logging
import pickle
import re
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from vodfast.compat.aliyunsdkcore import other_products
from vodfast.compat.aliyunsdkcore.acs_exception import exceptions
from vodfast.compat.aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from vodfast.compat.aliyunsdkcore.auth import credentials, roles
from vodfast.compat.aliyunsdkcore.client import AcsClient
from vodfast.compat.aliyunsdkcore.profile import region_provider
from vodfast.compat.aliyunsdkcore.request import CommonRequest
from vodfast.compat.aliyunsdkvod.request import v20170321
from vodfast.compat.aliyunsdkvod.request.v20170321 import (
    CreateUploadVideoRequest,
    GetVideoInfoRequest,
    SetMessageCallbackRequest,
)
from vodfast.errors import ConfigError, CredentialsError, InvalidInput, VodfastError

KEYS = ("vodfast-emulator-aliyun", "vodfast-emulator-aliyun-secret")


@pytest.fixture(autouse=True)
def _no_keys(emulated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALIYUN_ACCESS_KEY_ID", "ALIYUN_ACCESS_KEY_SECRET"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def client() -> AcsClient:
    return AcsClient(*KEYS, "cn-shanghai", auto_retry=True, max_retry_time=3, timeout=30)


def create(**fields: Any) -> Any:
    request = CreateUploadVideoRequest.CreateUploadVideoRequest()
    for name, value in ({"Title": "t", "FileName": "a.mp4"} | fields).items():
        request.add_query_param(name, value)
    return request


def ask(client: AcsClient, request: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(client.do_action_with_exception(request))
    return answer


def asked(emulator: Any) -> list[tuple[str, int]]:
    return [(entry["operation"], entry["status"]) for entry in emulator.history()]


def test_the_answer_is_bytes_with_the_services_own_names(client: AcsClient, vodfast_emulator: Any) -> None:
    request = create(Title="影 *~", CateId=0, Tags="a,b")
    answer = client.do_action_with_exception(request)
    assert isinstance(answer, bytes)
    assert set(json.loads(answer)) == {"RequestId", "VideoId", "UploadAddress", "UploadAuth"}
    (media,) = vodfast_emulator.media()
    assert media["asked"] == {"Title": "影 *~", "FileName": "a.mp4", "CateId": "0", "Tags": "a,b"}
    assert (request.get_Title(), request.get_CateId(), request.get_CoverURL()) == ("影 *~", 0, None)
    assert (request.get_accept_format(), request.get_method(), request.get_action_name()) == (
        "JSON", "POST", "CreateUploadVideo"
    )  # fmt: skip


@pytest.mark.parametrize("operation", v20170321.OPERATIONS)
def test_every_operation_has_a_module_and_a_class(operation: str) -> None:
    module = importlib.import_module(f"vodfast.compat.aliyunsdkvod.request.v20170321.{operation}Request")
    assert getattr(v20170321, f"{operation}Request") is module
    assert inspect.isclass(getattr(module, f"{operation}Request"))
    request = getattr(module, f"{operation}Request")()
    plain = [name for name in v20170321.OPERATIONS[operation].split() if name not in ("Tags", "SpecifiedOffsetTimes")]
    for name in plain:
        getattr(request, f"set_{name}")(**{name: name})
        assert getattr(request, f"get_{name}")() == name
    assert request.get_query_params() == {name: name for name in plain}
    assert request.get_action_name() == operation


def test_parameters_that_are_lists() -> None:
    request = v20170321.SubmitSnapshotJobRequest.SubmitSnapshotJobRequest()
    request.set_SpecifiedOffsetTimes([1000, 2000])
    assert request.get_SpecifiedOffsetTimes() == "[1000, 2000]"
    request = v20170321.DescribeVodUserDomainsRequest.DescribeVodUserDomainsRequest()
    request.set_Tags([{"Key": "a", "Value": "b"}, {"Key": "c"}])
    assert request.get_query_params() == {"Tag.1.Value": "b", "Tag.1.Key": "a", "Tag.2.Key": "c"}


def test_what_a_call_leaves_in_its_request(client: AcsClient, vodfast_emulator: Any) -> None:
    request = create()
    assert request.get_headers() == {
        "x-acs-action": "CreateUploadVideo",
        "x-acs-version": "2017-03-21",
        "x-sdk-invoke-type": "normal",
    }
    for _ in range(2):
        ask(client, request)
        assert request.get_query_params() == {
            "Title": "t", "FileName": "a.mp4", "Version": "2017-03-21", "Action": "CreateUploadVideo", "Format": "JSON"
        }  # fmt: skip
    assert [media["asked"] for media in vodfast_emulator.media()] == [{"Title": "t", "FileName": "a.mp4"}] * 2


def test_bytes_are_text(client: AcsClient, vodfast_emulator: Any) -> None:
    ask(client, create(Title="影".encode()))
    (media,) = vodfast_emulator.media()
    assert media["asked"]["Title"] == "影"


def test_what_is_not_a_call(client: AcsClient) -> None:
    for request in (CommonRequest(), CommonRequest("h"), CommonRequest("h", "2017-03-21"),
                    CommonRequest(version="2017-03-21", action_name="GetVideoInfo")):  # fmt: skip
        with pytest.raises(ClientException) as caught:
            client.do_action_with_exception(request)
        assert caught.value.get_error_code() == "SDK.InvalidParams"
    for wrong in ("GetVideoInfo", CommonRequest):  # what scripts get wrong
        with pytest.raises(ClientException) as caught:
            client.do_action_with_exception(wrong)
    assert caught.value.get_error_code() == "SDK.InvalidRequest"


def test_the_log(client: AcsClient, tmp_path: Any) -> None:
    client.set_file_logger(str(tmp_path / "log"))
    logger = logging.getLogger("aliyunsdkcore")
    handler = logger.handlers[-1]
    try:
        auth = ask(client, create())["UploadAuth"]
        with pytest.raises(ServerException):
            ask(client, create(FileName="a.exe", SecurityToken="a token"))
        spoken = SetMessageCallbackRequest.SetMessageCallbackRequest()
        fields = {"CallbackType": "HTTP", "CallbackURL": "http://x/", "AuthSwitch": "on", "AuthKey": "wordOfCallbacks"}
        spoken.set_query_params(fields)
        ask(client, spoken)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
        handler.close()
    text = (tmp_path / "log").read_text()
    said = [line.partition("aliyunsdkcore.client ")[2] for line in text.splitlines()]
    assert [line.partition(".")[0] for line in said] == [
        "DEBUG Request received",
        "DEBUG Response received",
        "DEBUG Request received",
        "ERROR ServerException: HTTP Status: 400 Error:InvalidSecurityToken",
        "DEBUG Request received",
        "DEBUG Response received",
    ]
    assert "'FileName': 'a.exe'" in said[2]
    assert not [word for word in (KEYS[1], "a token", auth, "wordOfCallbacks") if word in text]


def test_refusals_of_the_service(client: AcsClient) -> None:
    with pytest.raises(ServerException) as caught:
        ask(client, create(FileName="a.exe"))
    error = caught.value
    assert (error.get_error_code(), error.get_http_status()) == ("InvalidFileName.Extension", 400)
    assert (error.get_error_msg(), error.message) == ("The file extension is illegal.",) * 2
    assert error.get_request_id()
    assert str(error) == (
        f"HTTP Status: 400 Error:InvalidFileName.Extension The file extension is illegal. RequestID: {error.request_id}"
    )
    assert error.get_error_type() == "Server"
    with pytest.raises(ServerException) as caught:
        ask(AcsClient("vodfast-emulator-nobody", "x"), create())
    assert (caught.value.error_code, caught.value.http_status) == ("InvalidAccessKeyId.NotFound", 404)
    with pytest.raises(ServerException) as caught:
        ask(AcsClient(KEYS[0], "x"), create())
    assert caught.value.error_code == "InvalidAccessKeySecret"
    assert caught.value.message.startswith("The AccessKeySecret is incorrect.")


def test_a_refusal_as_an_answer(client: AcsClient) -> None:
    with pytest.warns(DeprecationWarning, match="do_action"):
        said = client.do_action(create(FileName="a.exe"))
    assert json.loads(said)["Code"] == "InvalidFileName.Extension"
    with pytest.warns(DeprecationWarning, match="do_action"):
        assert json.loads(client.do_action(create()))["VideoId"]
    for answer in (client.get_response, client.implementation_of_do_action):
        with pytest.warns(DeprecationWarning, match="implementation_of_do_action"):
            status, headers, body = answer(create(FileName="a.exe"))
        assert (status, json.loads(body)["Code"]) == (400, "InvalidFileName.Extension")
        assert headers["Content-Type"].startswith("application/json")
        with pytest.warns(DeprecationWarning, match="implementation_of_do_action"):
            assert answer(create())[0] == 200


def test_a_traceback_shows_the_cause_in_a_line_and_not_the_engine(client: AcsClient) -> None:
    try:
        ask(client, GetVideoInfoRequest.GetVideoInfoRequest())
    except Exception:
        shown = traceback.format_exc()
    assert re.match(r"vodfast\.errors\.\w+: .*MissingParameter.*\n\nThe above", shown)


def test_errors_come_back_whole_from_a_child_process() -> None:
    class Own(ClientException):
        def __init__(self) -> None:
            super().__init__("own", "words")

    for error in (ClientException("c", "m"), ServerException("c", "m", 400, "r"), Own()):
        for again in (copy.copy(error), copy.deepcopy(error)):
            assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
    again = pickle.loads(pickle.dumps(ServerException("c", "m", 400, "r")))
    assert (again.args, again.get_http_status(), again.get_request_id()) == ((), 400, "r")


@pytest.mark.parametrize(
    "wrong", [{"max_retry_time": -1}, {"max_retry_time": "3"}, {"connect_timeout": -1}, {"region_id": ""},
              {"region_id": None}, {"region_id": "cn_shanghai"}],
)  # fmt: skip
def test_settings_that_cannot_be_used(vodfast_emulator: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ClientException) as caught:
        ask(AcsClient(*KEYS, **({"region_id": "cn-shanghai"} | wrong)), create())
    assert caught.value.error_code == "SDK.InvalidParameter"
    assert vodfast_emulator.history() == []


@pytest.mark.parametrize(
    ("retries", "calls"), [({"auto_retry": False}, 1), ({"max_retry_time": 1}, 2), ({"max_retry_time": 3}, 3), ({}, 3)]
)
def test_the_retries_it_is_told_take_place(vodfast_emulator: Any, retries: dict[str, Any], calls: int) -> None:
    client = AcsClient(*KEYS, **retries)
    vodfast_emulator.set_faults([{"match": {"operation": "GetVideoInfo"}, "times": 2, "action": "throttle"}])
    request = GetVideoInfoRequest.GetVideoInfoRequest()
    request.set_VideoId("none")
    with pytest.raises(ServerException) as caught:
        ask(client, request)
    assert caught.value.error_code == ("InvalidVideo.NotFound" if calls == 3 else "Throttling.User")
    assert len(vodfast_emulator.history()) == calls


def test_an_upload_is_never_opened_twice_for_a_lost_answer(client: AcsClient, vodfast_emulator: Any) -> None:
    vodfast_emulator.set_faults([{"match": {"operation": "CreateUploadVideo"}, "action": "drop_reply"}])
    with pytest.raises(ClientException) as caught:
        ask(client, create())
    assert caught.value.get_error_code() == "SDK.HttpError"
    assert caught.value.get_error_type() == "Client"
    assert caught.value.get_error_msg() in str(caught.value)
    assert len(vodfast_emulator.history()) == 1


def test_keys_of_every_sort(vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("vodfast-emulator-caller", "vodfast-emulator-caller-secret", "token")
    vodfast_emulator.settings(callers=[dict(zip(("access_key", "secret", "token"), words))])
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_ID", "vodfast-emulator-nobody")
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_SECRET", "x")
    for client in (
        AcsClient(region_id="cn-shanghai", credential=credentials.StsTokenCredential(*words)),
        AcsClient(credential=credentials.AccessKeyCredential(*KEYS)),
    ):
        assert ask(client, create())["VideoId"]
    plain = AcsClient(words[0], words[1])
    assert ask(plain, create(SecurityToken=words[2]))["VideoId"], "as scripts did before there were such objects"
    renewed = credentials.StsTokenCredential(words[0], words[1], "an older one")
    client = AcsClient(credential=renewed)
    with pytest.raises(ServerException):
        ask(client, create())
    renewed.sts_token = words[2]
    assert ask(client, create())["VideoId"]
    with pytest.raises(ServerException):
        ask(AcsClient(), create())
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_ID", KEYS[0])
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_SECRET", KEYS[1])
    assert ask(AcsClient(), create())["VideoId"]
    monkeypatch.delenv("ALIYUN_ACCESS_KEY_ID")
    for refused in (
        {},
        {"credential": credentials.RsaKeyPairCredential("k", "p")},
        {"public_key_id": "k", "private_key": "p"},
    ):
        with pytest.raises(ClientException):
            AcsClient(**refused)


ROLE = "acs:ram::1234567890:role/uploader"


def test_a_role_is_assumed_once_and_again_when_its_keys_grow_old(vodfast_emulator: Any) -> None:
    client = AcsClient(credential=credentials.RamRoleArnCredential(*KEYS, ROLE, "session"))
    for _ in range(2):
        ask(client, create())
    with time_machine.travel(time.time() + 0.9 * 3600):  # also for the emulator
        ask(client, create())
    assert [operation for operation, _ in asked(vodfast_emulator)] == [
        "AssumeRole", "CreateUploadVideo", "CreateUploadVideo", "AssumeRole", "CreateUploadVideo"
    ]  # fmt: skip
    nameless = credentials.RamRoleArnCredential(*KEYS, ROLE, "")
    assert ask(AcsClient(credential=nameless), create())["VideoId"]
    assert nameless.session_role_name.startswith("aliyun-python-sdk-")


def test_a_role_that_is_not_to_be_had(vodfast_emulator: Any) -> None:
    with pytest.raises(ServerException) as caught:
        ask(AcsClient(credential=credentials.RamRoleArnCredential(KEYS[0], "x", ROLE, "session")), create())
    assert (caught.value.error_code, caught.value.http_status) == ("SDK.GetSessionCredentialFailed", 400)
    assert "refresh session token failed, server return: " in caught.value.message
    vodfast_emulator.reset()
    with pytest.raises(ClientException) as refused:
        ask(AcsClient(credential=credentials.RamRoleArnCredential(*KEYS, "no role", "session")), create())
    assert refused.value.error_code == "SDK.InvalidParams"
    assert vodfast_emulator.history() == []


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """What the virtual machine says, by path."""
    said: dict[str, bytes] = {}

    class Metadata(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path in said else 404)
            self.end_headers()
            self.wfile.write(said.get(self.path, b""))

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setattr(roles, "METADATA", f"http://127.0.0.1:{server.server_port}/roles/")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # which is not asked
        yield said
        server.shutdown()
        thread.join()


def test_the_role_of_the_machine(
    vodfast_emulator: Any, metadata: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("vodfast-emulator-caller", "vodfast-emulator-caller-secret", "token")
    vodfast_emulator.settings(callers=[dict(zip(("access_key", "secret", "token"), words))])
    names = ("AccessKeyId", "AccessKeySecret", "SecurityToken")
    client = AcsClient(credential=credentials.EcsRamRoleCredential("uploader"))
    for text in (b"", b"[]", b'{"Code": "Success"}'):
        metadata["/roles/uploader"] = text
        with pytest.raises(ClientException) as caught:
            ask(client, create())
        assert caught.value.error_code == "SDK.HttpError"
    metadata["/roles/uploader"] = b'{"Code": "Failed"}'
    with pytest.raises(ServerException) as failed:
        ask(client, create())
    assert (failed.value.error_code, failed.value.http_status) == ("Failed", None)
    metadata["/roles/uploader"] = json.dumps({"Code": "Success", **dict(zip(names, words))}).encode()
    assert ask(client, create())["VideoId"]
    del metadata["/roles/uploader"]
    assert ask(client, create())["VideoId"], "they are kept"
    with pytest.raises(ClientException, match="role 'uploader'"):
        ask(AcsClient(credential=credentials.EcsRamRoleCredential("uploader")), create())


def test_a_proxy_and_authorities_of_ones_own(
    vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.delenv("VODFAST_EMULATOR")
    proxies = {"http": f"http://{vodfast_emulator.endpoint}"}
    client = AcsClient(*KEYS, "cn-shanghai", max_retry_time=0, proxy=proxies, verify=str(vodfast_emulator.ca))
    assert ask(client, create())["VideoId"]
    client.set_verify(False)
    with pytest.raises(ClientException) as caught:
        ask(client, create())
    assert caught.value.get_error_code() == "SDK.HttpError", "certificates are verified all the same"
    monkeypatch.setenv("ALIBABA_CLOUD_CA_BUNDLE", str(vodfast_emulator.ca))
    assert ask(client, create())["VideoId"]
    monkeypatch.setenv("ALIBABA_CLOUD_CA_BUNDLE", str(tmp_path / "none"))
    with pytest.raises(ClientException):
        ask(client, create())


def test_what_is_no_region(client: AcsClient, vodfast_emulator: Any) -> None:
    client.set_region_id("cn shanghai")
    with pytest.raises(ClientException) as caught:
        ask(client, create())
    assert caught.value.get_error_code() == "SDK.InvalidParameter"
    assert vodfast_emulator.history() == []


def test_regions_and_endpoints(client: AcsClient, vodfast_emulator: Any) -> None:
    def host() -> str:
        return str(vodfast_emulator.history()[-1]["host"])

    ask(client, create())
    assert host() == "vod.cn-shanghai.aliyuncs.com"
    ask(AcsClient(*KEYS), create())
    assert host() == "vod.cn-shanghai.aliyuncs.com", "the default region is served by another"
    ask(AcsClient(*KEYS, "CN-Shanghai"), create())
    assert host() == "vod.cn-shanghai.aliyuncs.com"
    client.set_region_id("ap-southeast-1")
    assert client.get_region_id() == "ap-southeast-1"
    ask(client, create())
    assert host() == "vod.ap-southeast-1.aliyuncs.com"
    client.add_endpoint("ap-southeast-1", "vod", "vod.eu-central-1.aliyuncs.com")
    ask(client, create())
    assert host() == "vod.eu-central-1.aliyuncs.com"
    region_provider.modify_point("vod", "us-west-1", "vod.me-central-1.aliyuncs.com")
    ask(AcsClient(*KEYS, "us-west-1"), create())
    assert host() == "vod.me-central-1.aliyuncs.com"
    request = create()
    request.set_endpoint("127.0.0.1")
    ask(AcsClient(*KEYS, port=vodfast_emulator.port), request)
    assert host() == "127.0.0.1"
    request.set_endpoint("vod.eu-central-1.aliyuncs.com")
    for scheme in ("", "http://", "https://"):
        client.add_endpoint("ap-southeast-1", "vod", f"{scheme}vod.us-west-1.aliyuncs.com")
        ask(client, create())
        assert host() == "vod.us-west-1.aliyuncs.com"
    ask(AcsClient(*KEYS, ""), request)
    assert host() == "vod.eu-central-1.aliyuncs.com", "where the endpoint is given, the region is of no account"


@pytest.mark.parametrize(
    ("region", "by_class", "by_name"),
    [
        ("cn-hangzhou", "vod.cn-shanghai.aliyuncs.com", "vod.cn-shanghai.aliyuncs.com"),
        ("cn-Beijing", "vod.cn-beijing.aliyuncs.com", "vod.cn-shanghai.aliyuncs.com"),
        ("cn-qingdao", "vod.aliyuncs.com", "vod.cn-qingdao.aliyuncs.com"),
        ("ap-southeast-5", "vod.ap-southeast-5.aliyuncs.com", "vod.ap-southeast-5.aliyuncs.com"),
    ],
)
def test_the_host_of_a_region_is_the_vendors(vodfast_emulator: Any, region: str, by_class: str, by_name: str) -> None:
    client = AcsClient(*KEYS, region)
    named = CommonRequest(version="2017-03-21", action_name="CreateUploadVideo", product="vod")
    named.set_query_params({"Title": "t", "FileName": "a.mp4"})
    for request in (create(), named):
        ask(client, request)
    assert [entry["host"] for entry in vodfast_emulator.history()] == [by_class, by_name]
    client.add_endpoint(region, "vod", "vod.eu-central-1.aliyuncs.com")
    ask(client, create())
    assert vodfast_emulator.history()[-1]["host"] == "vod.eu-central-1.aliyuncs.com"


def test_any_operation_by_its_name(client: AcsClient) -> None:
    media_id = ask(client, create())["VideoId"]
    request = CommonRequest("vod.cn-shanghai.aliyuncs.com", "2017-03-21", "GetMezzanineInfo")
    request.set_method("POST")
    request.set_protocol_type("https")
    request.add_body_params("VideoId", media_id)
    assert ask(client, request)["Mezzanine"]["VideoId"] == media_id
    for other in (
        CommonRequest("ecs.aliyuncs.com", "2014-05-26", "DescribeRegions"),
        CommonRequest(version="2017-03-21", action_name="GetVideoInfo", product="Ecs"),
    ):
        with pytest.raises(ClientException) as caught:
            ask(client, other)
        assert caught.value.error_code == "SDK.NotSupport"


def test_other_products_are_not_asked_while_there_is_an_emulator(
    client: AcsClient, vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other_products, "installed", lambda: True)
    with pytest.raises(ClientException) as caught:
        ask(client, CommonRequest("sts.aliyuncs.com", "2015-04-01", "AssumeRole"))
    assert caught.value.error_code == "SDK.NotSupport"
    assert vodfast_emulator.history() == []


def test_what_becomes_of_other_errors() -> None:
    kinds = {
        InvalidInput("title has a flaw"): "SDK.InvalidParams",
        CredentialsError("no keys"): "SDK.InvalidCredential",
        CredentialsError("access_key must be text, not int"): "SDK.InvalidCredential",
        ConfigError("endpoint must be a host name"): "SDK.InvalidParameter",
        VodfastError("no route"): "SDK.HttpError",
    }
    for error, code in kinds.items():
        found = exceptions.translated(error)
        assert isinstance(found, ClientException)
        assert (found.error_code, found.message) == (code, error.message)
    unknown = exceptions.translated(VodfastError("what", status=502))
    assert isinstance(unknown, ServerException)
    assert unknown.error_code == "SDK.UnknownServerError"
    found = ClientException("a", "b")
    found.set_error_code("c")
    found.set_error_msg("d")
    assert str(found) == "c d"
