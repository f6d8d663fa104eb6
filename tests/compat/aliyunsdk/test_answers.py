"""What calls of `aliyunsdkcore` answer and raise, and how often they are made, judged by the emulator."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import re
import traceback
from typing import Any

import pytest

from tests.compat.aliyunsdk.calls import KEYS, ask, create
from vodfast.compat.aliyunsdkcore.acs_exception import exceptions
from vodfast.compat.aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from vodfast.compat.aliyunsdkcore.client import AcsClient
from vodfast.compat.aliyunsdkvod.request.v20170321 import (
    GetVideoInfoRequest,
    SetMessageCallbackRequest,
)
from vodfast.errors import ConfigError, CredentialsError, InvalidInput, VodfastError


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
        "ERROR ServerException occurred",
        "DEBUG Request received",
        "DEBUG Response received",
    ]
    assert "'FileName': 'a.exe'" in said[2]
    heard = "Host:vod.cn-shanghai.aliyuncs.com SDK-Version:2.16.1 ServerException:HTTP Status: 400 Error:Invalid"
    assert said[3].startswith(f"ERROR ServerException occurred. {heard}")
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
        assert headers["Content-Type"] == headers["content-type"] == "application/json;charset=utf-8"
        with pytest.warns(DeprecationWarning, match="implementation_of_do_action"):
            assert answer(create())[0] == 200
    with pytest.warns(DeprecationWarning, match=r"^do_action\(\) method is deprecated"):
        said = AcsClient(KEYS[0], "x").do_action(create())
    assert json.loads(said)["Code"] == "SignatureDoesNotMatch", "as the service says it"


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
