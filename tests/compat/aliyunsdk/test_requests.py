"""Requests of `aliyunsdkvod` and `aliyunsdkcore`: what scripts set and get, and what a call makes of it."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest

from tests.compat.aliyunsdk.calls import ask, create
from vodfast.compat.aliyunsdkcore import other_products
from vodfast.compat.aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from vodfast.compat.aliyunsdkcore.auth.credentials import StsTokenCredential
from vodfast.compat.aliyunsdkcore.client import AcsClient
from vodfast.compat.aliyunsdkcore.request import CommonRequest, RoaRequest, RpcRequest
from vodfast.compat.aliyunsdkvod.request import v20170321


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


def test_some_requests_say_https_whatever_the_default_is() -> None:
    saying = {
        operation
        for operation in v20170321.OPERATIONS
        if getattr(getattr(v20170321, f"{operation}Request"), f"{operation}Request")().get_protocol_type() == "https"
    }
    assert saying == {
        "DescribeMediaDistribution", "DescribeVodDomainMax95BpsData", "DescribeVodTieringStorageData",
        "DescribeVodTieringStorageRetrievalData", "DescribeVodUserVipsByDomain", "GetDailyPlayRegionStatis",
    }  # fmt: skip


def test_requests_of_other_products_may_be_paths() -> None:
    class ImageScan(RoaRequest):
        def __init__(self) -> None:
            super().__init__("Green", "2018-05-09", "ImageSyncScan", "green")
            self.set_uri_pattern("/green/image/scan/[kind]")
            self.set_method("POST")

    request = ImageScan()
    request.add_path_param("kind", "sync")
    request.set_content(b"{}")
    said = request.get_style(), request.get_accept_format(), request.get_uri_pattern(), request.get_path_params()
    assert said == ("ROA", "RAW", "/green/image/scan/[kind]", {"kind": "sync"})
    headers = {"a": "b"}
    assert RoaRequest("Green", "2018-05-09", "x", headers=headers, path_params={}).get_headers() is headers


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
    assert caught.value.message == "At least one of [domain] and [product_name] has a value"
    for wrong in ("GetVideoInfo", CommonRequest):  # what scripts get wrong
        with pytest.raises(ClientException) as caught:
            client.do_action_with_exception(wrong)
    assert str(caught.value) == "SDK.InvalidRequest The request is not a valid AcsRequest."


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
        CommonRequest("ecs.aliyuncs.com", "2015-04-01", "AssumeRole", product="Ecs"),
    ):
        with pytest.raises(ClientException) as caught:
            ask(client, other)
        assert caught.value.error_code == "SDK.NotSupport"


@pytest.mark.parametrize(
    "request_",
    [
        CommonRequest("sts.aliyuncs.com", "2015-04-01", "AssumeRole"),
        CommonRequest("sts.cn-shanghai.aliyuncs.com", "2015-04-01", "AssumeRole", product="Sts"),
        RpcRequest("Sts", "2015-04-01", "AssumeRole", "sts"),
    ],
)
def test_roles_are_assumed_without_the_vendors_client(
    client: AcsClient, vodfast_emulator: Any, request_: RpcRequest | CommonRequest
) -> None:
    request_.add_query_param("RoleArn", "acs:ram::1234567890:role/uploader")
    request_.add_query_param("RoleSessionName", "session")
    request_.add_query_param("DurationSeconds", 900)
    lent = ask(client, request_)
    assert lent.keys() == {"RequestId", "Credentials", "AssumedRoleUser"}
    words = [lent["Credentials"][name] for name in ("AccessKeyId", "AccessKeySecret", "SecurityToken")]
    assert ask(AcsClient(credential=StsTokenCredential(*words)), create())["VideoId"]
    assert vodfast_emulator.history()[0]["host"] == (request_.endpoint or "sts.aliyuncs.com")
    request_.add_query_param("RoleArn", "none")
    with pytest.raises(ServerException) as caught:
        ask(client, request_)
    assert caught.value.error_code == "InvalidParameter.RoleArn"


def test_other_products_are_not_asked_while_there_is_an_emulator(
    client: AcsClient, vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other_products, "installed", lambda: True)
    with pytest.raises(ClientException) as caught:
        ask(client, CommonRequest("ecs.aliyuncs.com", "2014-05-26", "DescribeRegions"))
    assert caught.value.error_code == "SDK.NotSupport"
    assert vodfast_emulator.history() == []
