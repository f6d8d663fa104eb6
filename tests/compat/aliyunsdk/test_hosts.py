"""Where calls of `aliyunsdkcore` go: regions, endpoints, proxies, judged by the emulator."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compat.aliyunsdk.calls import KEYS, ask, create
from vodfast.compat.aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from vodfast.compat.aliyunsdkcore.client import AcsClient
from vodfast.compat.aliyunsdkcore.profile import region_provider
from vodfast.compat.aliyunsdkcore.request import CommonRequest


@pytest.mark.parametrize(
    "wrong", [{"max_retry_time": -1}, {"max_retry_time": "3"}, {"connect_timeout": -1}, {"region_id": ""},
              {"region_id": None}, {"region_id": "cn_shanghai"}],
)  # fmt: skip
def test_settings_that_cannot_be_used(vodfast_emulator: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ClientException) as caught:
        ask(AcsClient(*KEYS, **({"region_id": "cn-shanghai"} | wrong)), create())
    assert caught.value.error_code == "SDK.InvalidParameter"
    assert vodfast_emulator.history() == []


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


def test_what_is_set_for_the_process_comes_before_what_is_set_for_a_client(
    client: AcsClient, vodfast_emulator: Any
) -> None:
    client.set_region_id("eu-central-1")
    client.add_endpoint("eu-central-1", "vod", "vod.us-west-1.aliyuncs.com")
    region_provider.modify_point("vod", "eu-central-1", "vod.ap-southeast-1.aliyuncs.com")
    ask(client, create())
    assert vodfast_emulator.history()[-1]["host"] == "vod.ap-southeast-1.aliyuncs.com"


def test_the_port_of_http_is_not_taken_for_one_of_https(client: AcsClient, vodfast_emulator: Any) -> None:
    request = create()
    request.set_endpoint("vod.cn-beijing.aliyuncs.com:80")
    ask(client, request)
    assert vodfast_emulator.history()[-1]["host"] == "vod.cn-beijing.aliyuncs.com"


@pytest.mark.parametrize(
    ("network", "suffix", "host"),
    [
        ("vpc", "", "vod-vpc.cn-qingdao.aliyuncs.com"),
        ("public", "share", "vod-share.ap-southeast-5.aliyuncs.com"),
        ("vpc", "share", "vod-share-vpc.ap-southeast-5.aliyuncs.com"),
    ],
)
def test_a_network_inside_has_hosts_of_its_own(
    caplog: pytest.LogCaptureFixture, network: str, suffix: str, host: str
) -> None:
    request = create()
    request.request_network, request.product_suffix = network, suffix
    caplog.set_level("DEBUG")
    with pytest.raises(ServerException):  # the emulator has no such host
        ask(AcsClient(*KEYS, host.split(".")[1], auto_retry=False), request)
    assert f" Endpoint:{host} " in caplog.messages[0]
