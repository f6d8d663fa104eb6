"""A reset forgets everything but settings: what a cloud remembered before is unknown to it after."""

from __future__ import annotations

import json

from tests.emulator.aliyun_client import Client as Aliyun
from tests.emulator.aliyun_client import Keys as AliyunKeys
from tests.emulator.client import Client, Sent, sign_tc3
from tests.emulator.client import Keys as TencentKeys
from tests.emulator.netease_client import NeteaseClient
from tests.emulator.volcengine_client import Keys, Volc, data, error, trouble, upload
from tests.listener import listening
from vodfast.emulator import Emulator


def test_tencent_forgets(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    upload_id = client.initiate(ticket)
    client.put(ticket, b"x")
    file_id = client.commit(ticket).data["FileId"]
    task = client.call("PullUpload", MediaUrl="http://h/a.mp4", SessionId="once").data["TaskId"]
    assert len(client.call("PullEvents").data["EventSet"]) == 1
    client.call("ModifyEventConfig", UploadMediaCompleteEventSwitch="OFF")
    owned = client.cos(ticket, "HEAD", keys=client.keys)
    listed = client.cos(ticket, "GET", "uploads=", key="/", keys=client.keys)
    assert client.send(owned).status == 200
    assert upload_id.encode() in client.send(listed).body
    emulator.reset()
    assert client.put(ticket, b"x").code == "InvalidAccessKeyId"
    assert client.commit(ticket).code == "InvalidParameterValue.VodSessionKey"
    assert client.call("DescribeMediaInfos", FileIds=[file_id]).data["NotExistFileIdSet"] == [file_id]
    assert client.call("DescribeTaskDetail", TaskId=task).code == "ResourceNotFound"
    assert client.call("PullUpload", MediaUrl="http://h/a.mp4", SessionId="once").code == ""
    assert client.call("PullEvents").data["EventSet"] is None
    assert client.send(owned).status == 404
    assert b"<UploadId>" not in client.send(listed).body
    again = client.apply()
    client.put(again, b"x")
    client.commit(again)
    (event,) = client.call("PullEvents").data["EventSet"]
    assert event["EventType"] == "NewFileUpload", "the switch is on again"
    assert len(emulator.media()) == 2


def test_aliyun_forgets(emulator: Emulator) -> None:
    aliyun = Aliyun(emulator.endpoint)
    job = aliyun.call("UploadMediaByURL", UploadURLs="https%3A//example.com/a.mp4")["UploadJobs"][0]["JobId"]
    assert aliyun.call("GetURLUploadInfos", JobIds=job)["NonExists"] == []
    with listening() as (url, heard):
        aliyun.call("SetMessageCallback", CallbackType="HTTP", CallbackURL=url)
        aliyun.oss("PUT", aliyun.create(), body=b"x")
        heard.get(timeout=60)
        emulator.reset()
        aliyun.oss("PUT", aliyun.create(), body=b"x")
        assert emulator.deliveries() == []
    assert aliyun.call("GetURLUploadInfos", JobIds=job)["NonExists"] == [job]


def test_volcengine_forgets(volc: Volc, emulator: Emulator) -> None:
    applied = volc.apply(ClientNetWorkMode="vpc-inner", FileSize=5, FileName="a.mp4")
    address = applied["UploadAddress"]
    upload_id = volc.init(address)
    fields = {"SpaceName": "demo", "URLSets": json.dumps([{"SourceUrl": "http://h/a.mp4"}])}
    job = data(volc.call("UploadMediaByUrl", fields, version="2020-08-01", method="POST"))[0]["JobId"]

    def asked() -> list[str]:
        return list(data(volc.call("QueryUploadTaskInfo", {"JobIds": job}, version="2020-08-01"))["NotExistJobIds"])

    assert asked() == []
    volc.put(address, b"bytes")
    emulator.reset()
    assert asked() == [job]
    assert trouble(volc.put(address, b"bytes")) == "InvalidAuth"
    assert error(volc.commit(address)) == "ResourceNotFound"
    url = applied["VpcTosUploadAddress"]["PutUrl"]
    host, _, rest = url.removeprefix("https://").partition("/")
    headers = applied["VpcTosUploadAddress"]["PutUrlHeaders"] | {"Content-Length": "5"}
    assert json.loads(volc.send(Sent("PUT", host, f"/{rest}", headers, b"bytes")).body)["Code"] == (
        "SignatureDoesNotMatch"
    )
    renewed = volc.apply(FileName="a.mp4")["UploadAddress"]
    assert error(volc.commit(renewed)) == "FailedOperation", "the object of that name is gone"
    where = f"?partNumber=1&uploadID={upload_id}"
    assert trouble(volc.send(upload(renewed, b"x", where, parts=True))) == "UploadNotFound"


def test_netease_forgets(netease: NeteaseClient, emulator: Emulator) -> None:
    emulator.settings(netease_nonce_once=True)
    with listening() as (url, heard):
        netease.call("upload/setcallback", {"callbackUrl": url})
        upload = netease.init()
        netease.put(upload, 0, b"x", complete=True)
        heard.get(timeout=60)
        sent = netease.signed("video/query", {"objectNames": [upload.key]}, nonce="n")
        assert json.loads(netease.send(sent).body)["ret"]["count"] == 1
        assert json.loads(netease.send(sent).body)["code"] == 710
        emulator.reset()
        assert json.loads(netease.send(sent).body)["ret"]["count"] == 0
        assert netease.send(netease.chunk(upload, 0, b"x", complete=True)).status == 404
        netease.put(netease.init(), 0, b"x", complete=True)
        assert emulator.deliveries() == []


def test_settings_stay_and_callers_with_them(client: Client, volc: Volc, emulator: Emulator) -> None:
    emulator.settings(callers=[{"access_key": "vodfast-emulator-caller", "secret": "s"}], token_lifetime=77.0)
    emulator.reset()
    assert client.control("GET", "settings")[1]["token_lifetime"] == 77.0
    caller = ("vodfast-emulator-caller", "s")
    assert client.send(sign_tc3("DescribeSubAppIds", b"{}", TencentKeys(*caller))).code == ""
    assert error(volc.call("ApplyUploadInfo", {"SpaceName": "demo", "FileName": "a.mp4"}, keys=Keys(*caller))) == ""
    aliyun = Aliyun(emulator.endpoint, AliyunKeys(*caller))
    assert "VideoId" in aliyun.call("CreateUploadVideo", Title="t", FileName="a.mp4")
