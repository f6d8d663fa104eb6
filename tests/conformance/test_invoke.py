"""Operations of each cloud's own API by name: signed as the emulator wants it, in the cloud's own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.oracle import operations
from vodfast import AsyncClient, Client, InvalidInput, TransferConfig, VodfastError

ConfigFor = Callable[..., TransferConfig]


def test_operations_of_aliyun_are_called_by_name(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    with Client("aliyun", config=config_for()) as client:
        media_id = client.upload(b"12345", name="a.mp4").media_id
        found = client.invoke("GetMezzanineInfo", {"VideoId": media_id, "OutputType": None})
        assert (found["Mezzanine"]["VideoId"], found["Mezzanine"]["Size"]) == (media_id, 5)
        assert found["RequestId"]
        with pytest.raises(VodfastError) as caught:
            client.invoke("DeleteMultipartUpload", {"MediaId": media_id, "MediaType": "video"})
        assert caught.value.code == "InvalidMultipartUpload.NotFound"
        created = client.invoke("CreateUploadVideo", {"Title": "t", "FileName": "a.mp4", "CateId": 0})
        assert created["UploadAddress"]
        metadata = [{"FileURL": "192.168.0.1/影.mp4", "Title": "x"}]
        assert client.invoke("RegisterMedia", {"RegisterMetadatas": metadata})["FailedFileURLs"] == [
            "192.168.0.1/影.mp4"
        ]
    assert {record["status"] for record in vodfast_emulator.history()} == {200, 400}


@pytest.mark.parametrize("signature", ["ACS3", "V1"])
def test_aliyun_sends_every_text_as_it_is(vodfast_emulator: Any, config_for: ConfigFor, signature: str) -> None:
    with Client("aliyun", config=config_for(), settings={"signature": signature}) as client:
        for text in ("a b", "*~+/=&%?", "影片 第一集", "a\tb", "x" * 1024):
            created = client.invoke("CreateUploadVideo", {"Title": "t", "FileName": "a.mp4", "Description": text})
            video = client.invoke("GetVideoInfo", {"VideoId": created["VideoId"]})["Video"]
            assert video["Description"] == text


def test_operations_of_tencent_are_called_by_name(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    with Client("tencent", config=config_for()) as client:
        media_id = client.upload(b"12345", name="a.mp4").media_id
        found = client.invoke("DescribeMediaInfos", {"FileIds": [media_id, "0"]})
        assert [info["FileId"] for info in found["MediaInfoSet"]] == [media_id]
        assert found["NotExistFileIdSet"] == ["0"]


def test_operations_of_volcengine_are_called_by_name(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    with Client("volcengine", config=config_for(), place="space") as client:
        found = client.invoke("QueryUploadTaskInfo", {"JobIds": "nobody", "Version": "2020-08-01"})
        assert found["Data"]["NotExistJobIds"] == ["nobody"]
        nested = client.invoke("QueryUploadTaskInfo", {"JobIds": ["nobody"], "Version": "2020-08-01"})
        assert nested["Data"]["NotExistJobIds"] == ['["nobody"]']


def test_operations_of_netease_are_called_by_name(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    with Client("netease", config=config_for()) as client:
        assert client.invoke("video/query", {"objectNames": ["nothing"]}) == {"count": 0, "list": []}


NETEASE = [
    "video/get",
    "video/list",
    "video/edit",
    "video/delete",
    "video/delete_single",
    "video/videoDelete",
    "video/videoDisable",
    "video/videoRecover",
    "transcode",
    "transcode/resetmulti",
    "preset/create",
    "preset/presetDelete",
    "type/typeDelete",
    "watermark/delete",
    "snapshot/set",
    "stats/flow",
    "encrypt/getInfo",
    "encrypt/getToken",
    "callback/setUrl",
]


def test_every_name_of_neteases_operations_can_be_sent(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    """The emulator has few of them and says so of the others."""
    with Client("netease", config=config_for(attempts=1)) as client:
        for operation in NETEASE:
            with pytest.raises(VodfastError):
                client.invoke(operation, {})
    paths = [record["path"].removeprefix("/app/vod/") for record in vodfast_emulator.history()]
    assert paths == NETEASE


async def test_asyncio_and_temporary_trouble(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    async with AsyncClient("aliyun", config=config_for()) as client:
        vodfast_emulator.set_faults([{"action": "drop_reply", "match": {"operation": "GetVideoInfo"}}])
        with pytest.raises(VodfastError) as caught:
            await client.invoke("GetVideoInfo", {"VideoId": "none"})
        assert caught.value.code == "InvalidVideo.NotFound"
        assert operations(vodfast_emulator) == ["GetVideoInfo"] * 2


def test_what_may_have_worked_is_not_done_again(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    with Client("aliyun", config=config_for()) as client:
        create = {"Title": "t", "FileName": "a.mp4"}
        vodfast_emulator.set_faults([{"action": "drop_reply", "match": {"operation": "CreateUploadVideo"}}])
        with pytest.raises(VodfastError) as caught:
            client.invoke("CreateUploadVideo", create)
        assert caught.value.unsettled
        vodfast_emulator.set_faults([{"action": "throttle", "match": {"operation": "CreateUploadVideo"}}])
        client.invoke("CreateUploadVideo", create)
    assert operations(vodfast_emulator) == ["CreateUploadVideo"] * 3


@pytest.mark.parametrize("cloud", ["aliyun", "tencent", "volcengine", "netease"])
@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("", {}),
        ("Get Video", {}),
        ("../x", {}),
        ("a/b/c", {}),
        ("_a/b", {}),
        ("a/_b", {}),
        ("Get\r\nX", {}),
        (7, {}),
        ("GetVideoInfo", {"VideoId": object()}),
    ],
)
def test_what_cannot_be_sent(
    vodfast_emulator: Any, config_for: ConfigFor, cloud: str, operation: Any, parameters: dict[str, Any]
) -> None:
    with Client(cloud, config=config_for()) as client, pytest.raises(InvalidInput):
        client.invoke(operation, parameters)
    assert vodfast_emulator.history() == []
