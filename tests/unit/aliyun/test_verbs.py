"""Pull, jobs, registration, lookup, callbacks: what is sent and what answers become."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from vodfast.credentials import Credentials
from vodfast.errors import ConfigError, ErrorKind, InvalidInput, Unsupported, VodfastError
from vodfast.providers.aliyun import PullOptions, RegisterOptions, UserData, signing
from vodfast.providers.aliyun.protocol import AliyunVod
from vodfast.providers.contract import MediaInfo, PullItem, Registered, RegisterItem
from vodfast.transfer.message import Request, Response
from vodfast.transfer.ports import Call

VOD = AliyunVod()
KEYS = Credentials.of("LTAI5tcaller", "caller-secret")
CALLER = Credentials.of("STS.caller", "caller-secret", "caller-token")


def params(call: Call[Any]) -> dict[str, str]:
    request = call.build(KEYS, 1700000000)
    body = request.body.decode() if isinstance(request.body, bytes) else ""
    return dict(parse_qsl(urlsplit(request.url).query or body, strict_parsing=True))


def answer(status: int = 200, **fields: Any) -> Response:
    return Response(status=status, headers=(), body=json.dumps({"RequestId": "R-1", **fields}).encode())


def useless(call: Call[Any], response: Response) -> None:
    with pytest.raises(VodfastError) as caught:
        call.parse(response)
    assert caught.value.kind is ErrorKind.UNEXPECTED


def test_both_signatures_carry_the_token() -> None:
    call = VOD.jobs(["j"])
    headers = dict(call.build(CALLER, 1700000000).headers)
    assert (headers["x-acs-security-token"], headers["x-acs-accesskey-id"]) == ("caller-token", "STS.caller")
    assert "x-acs-security-token" in headers["authorization"]
    older = AliyunVod(signature="V1", region="ap-southeast-1").jobs(["j"]).build(CALLER, 1700000000)
    query = dict(parse_qsl(urlsplit(older.url).query, keep_blank_values=True))
    assert query["SecurityToken"] == "caller-token"
    assert (query["SignatureType"], query["RegionId"]) == ("", "ap-southeast-1")
    assert "authorization" not in dict(older.headers)


def test_every_attempt_is_signed_anew() -> None:
    call = VOD.jobs(["j"])

    def nonce(request: Request) -> str:
        return dict(request.headers)["x-acs-signature-nonce"]

    assert len({nonce(call.build(KEYS, 1700000000)) for _ in range(5)}) == 5


def test_each_region_has_its_endpoint() -> None:
    def host(**given: Any) -> str:
        return urlsplit(AliyunVod(**given).jobs(["j"]).build(KEYS, 0).url).netloc

    assert host() == host(region="cn-hangzhou") == "vod.cn-shanghai.aliyuncs.com"
    assert host(region="ap-southeast-1") == "vod.ap-southeast-1.aliyuncs.com"
    assert host(endpoint="VOD.example.com:443") == "vod.example.com"
    assert host(endpoint="127.0.0.1:9") == "127.0.0.1:9"


URLS = ["http://e.com/a b.mp4?x=1,2", "https://e.com/%E5%BD%B1.flv"]


def test_a_pull_says_everything_and_answers_in_the_order_asked() -> None:
    options = PullOptions(
        description="D", tags=("x", "y"), file_size=7, template_group_id="t", workflow_id="w", app_id="app-1",
        session_id="s-1", user_data=UserData(callback_url="https://e.com/cb"),
    )  # fmt: skip
    items = [
        PullItem(url=URLS[0], title="T", cover_url="https://e.com/c.png", category="3", context="c", options=options),
        PullItem(url=URLS[1], media_type="MP4", context="c", options=options),
    ]
    place = "outin-1.oss-cn-shanghai.aliyuncs.com"
    call = AliyunVod(place=place).pull(items)
    assert call.repeatable
    encoded = [quote(url) for url in URLS]
    found = params(call)
    assert found["UploadURLs"] == ",".join(encoded)
    assert "%2C" in encoded[0]
    assert json.loads(found["UploadMetadatas"]) == [
        {"SourceURL": encoded[0], "Title": "T", "FileSize": 7, "Description": "D", "CoverURL": "https://e.com/c.png",
         "CateId": 3, "Tags": "x,y"},
        {"SourceURL": encoded[1], "Title": "影", "FileSize": 7, "Description": "D", "Tags": "x,y",
         "FileExtension": "mp4"},
    ]  # fmt: skip
    assert json.loads(found["UserData"]) == {
        "MessageCallback": {"CallbackURL": "https://e.com/cb", "CallbackType": "http"}, "Extend": {"context": "c"}
    }  # fmt: skip
    assert (found["StorageLocation"], found["SessionId"], found["TemplateGroupId"]) == (place, "s-1", "t")
    jobs = [{"JobId": "j2", "SourceURL": encoded[1]}, {"JobId": "j1", "SourceURL": encoded[0]}]
    tickets = call.parse(answer(UploadJobs=jobs))
    assert [(ticket.url, ticket.job_id, ticket.request_id) for ticket in tickets] == [
        (URLS[0], "j1", "R-1"), (URLS[1], "j2", "R-1")
    ]  # fmt: skip
    bare = call.parse(answer(UploadJobs=[{"JobId": "j1"}, {"JobId": "j2"}]))
    assert [ticket.job_id for ticket in bare] == ["j1", "j2"]
    for bad in ([], jobs[:1], [{"JobId": "", "SourceURL": encoded[0]}, jobs[0]], None, [7]):
        useless(call, answer(UploadJobs=bad))


def test_a_pull_takes_twenty_urls_and_is_not_repeated() -> None:
    many = [PullItem(url=f"https://e.com/{number}.mp4") for number in range(21)]
    assert not VOD.pull(many[:20]).repeatable
    for items in ([], many):
        with pytest.raises(InvalidInput, match="1 to 20"):
            VOD.pull(items)
    with pytest.raises(InvalidInput, match="same"):
        VOD.pull([many[0], PullItem(url=URLS[0], context="other")])
    with pytest.raises(InvalidInput, match="twice"):
        VOD.pull([many[0], many[0]])


def test_jobs_are_answered_in_the_order_asked() -> None:
    call = VOD.jobs(["a", "b", "c", "a"])
    assert params(call) == {"JobIds": "a,b,c"}
    listed = [
        {"JobId": "b", "Status": "UPLOAD_FAIL", "ErrorCode": "E", "ErrorMessage": "broken", "UploadURL": "u"},
        {"JobId": "a", "Status": "SUCCESS", "MediaId": "m", "ErrorCode": "", "FileSize": "77"},
    ]
    records = call.parse(answer(URLUploadInfoList=listed, NonExists=["c"]))
    assert [(record.job_id, record.state, record.vendor_state) for record in records] == [
        ("a", "done", "SUCCESS"),
        ("b", "failed", "UPLOAD_FAIL"),
        ("c", "unknown", "NonExists"),
        ("a", "done", "SUCCESS"),
    ]
    assert (records[0].media_id, records[0].raw["FileSize"]) == ("m", "77")
    assert (records[1].error_code, records[1].error_message, records[1].url) == ("E", "broken", "u")
    states = {
        "PENDING": "waiting",
        "PROCESSING": "running",
        "UPLOADING": "running",
        "UPLOAD_SUCCESS": "done",
        "?": "unknown",
    }
    for said, meant in states.items():
        (record,) = VOD.jobs(["x"]).parse(answer(URLUploadInfoList=[{"JobId": "x", "Status": said}]))
        assert record.state == meant
    useless(call, answer(URLUploadInfoList=listed))
    useless(call, answer(URLUploadInfoList=[{}]))
    for bad in ([], ["a"] * 11, ["a,b"], [""], [" a"], "a", ["a\n"], [7]):
        with pytest.raises(InvalidInput):
            VOD.jobs(bad)  # wrong on purpose


def test_jobs_by_url() -> None:
    urls = ["http://e.com/a b.mp4?x=1,2", "https://e.com/%E5%BD%B1.flv", "http://e.com/none.mp4"]
    call = VOD.jobs(urls)
    assert params(call) == {"UploadURLs": ",".join(quote(url) for url in urls)}
    listed = [
        {"JobId": "new", "Status": "UPLOADING", "UploadURL": urls[0], "CreationTime": "2024-05-17T08:00:00Z"},
        {"JobId": "old", "Status": "SUCCESS", "UploadURL": urls[0], "CreationTime": "2024-05-16T08:00:00Z"},
        {"JobId": "b", "Status": "PENDING", "UploadURL": quote(urls[1])},
    ]
    records = call.parse(answer(URLUploadInfoList=listed, NonExists=[quote(urls[2])]))
    assert [(record.job_id, record.state, record.raw.get("Status")) for record in records] == [
        ("new", "running", "UPLOADING"), ("b", "waiting", "PENDING"), (urls[2], "unknown", None)
    ]  # fmt: skip
    useless(call, answer(URLUploadInfoList=listed[:1], NonExists=[urls[2]]))
    cancel = VOD.cancel_jobs(urls[:1])
    assert params(cancel) == {"UploadUrls": quote(urls[0])}
    assert cancel.parse(answer(CanceledJobs=["new"])) == ("new",)
    for bad in ([*urls, "id"], urls * 4, ["ftp://e.com/a.mp4"], ["http://"], ["http://e.com/\r\n"]):
        with pytest.raises(InvalidInput):
            VOD.jobs(bad)


def test_only_jobs_that_are_named_as_cancelled_count_as_such() -> None:
    call = VOD.cancel_jobs(["a", "b"])
    assert (call.operation, params(call)) == ("CancelUrlUploadJobs", {"JobIds": "a,b"})
    assert call.parse(answer(CanceledJobs=["b"], NonExists=["a"])) == ("b",)
    assert call.parse(answer()) == ()
    useless(call, answer(CanceledJobs="b"))


def test_registrations_are_answered_in_the_order_asked() -> None:
    urls = ["b.oss-cn-shanghai.aliyuncs.com/a.mp4", "https://b.oss-cn-shanghai.aliyuncs.com/x/b.mp4", "http://h/c.mp4"]
    options = RegisterOptions(template_group_id="t", workflow_id="w", user_data=UserData(extend={"k": 1}))
    items = [RegisterItem(url=url, options=options) for url in urls[1:]]
    items.insert(0, RegisterItem(url=urls[0], title="T", tags=("x",), category="2", options=options))
    call = VOD.register(items)
    found = params(call)
    assert json.loads(found["RegisterMetadatas"]) == [
        {"FileURL": urls[0], "Title": "T", "Tags": "x", "CateId": 2},
        {"FileURL": urls[1], "Title": "b"},
        {"FileURL": urls[2], "Title": "c"},
    ]
    assert (found["TemplateGroupId"], found["WorkflowId"], found["UserData"]) == ("t", "w", '{"Extend":{"k":1}}')
    done = [
        {"FileURL": urls[1], "MediaId": "m2", "NewRegister": False},
        {"FileURL": f"https://{urls[0]}", "MediaId": "m1", "NewRegister": True},
    ]
    assert call.parse(answer(RegisteredMediaList=done, FailedFileURLs=[urls[2]])) == (
        Registered(url=urls[0], media_id="m1", new=True, request_id="R-1"),
        Registered(url=urls[1], media_id="m2", new=False, request_id="R-1"),
        Registered(url=urls[2], media_id=None, new=False, request_id="R-1"),
    )
    useless(call, answer(RegisteredMediaList=done))
    with pytest.raises(InvalidInput, match="1 to 10"):
        VOD.register([])
    with pytest.raises(InvalidInput, match="same"):
        VOD.register([items[0], RegisterItem(url="h/x.mp4")])
    with pytest.raises(InvalidInput, match="twice"):
        VOD.register([items[0], items[0]])


def test_a_video_is_described_and_an_unknown_one_is_not_found() -> None:
    call = VOD.media(["v-1"])
    assert (call.operation, params(call)) == ("GetVideoInfo", {"VideoId": "v-1"})
    video = {"Title": "T", "Status": "Normal", "Size": 5, "Duration": 1.5, "CoverURL": "c", "CreationTime": "t", "X": 1}
    (info,) = call.parse(answer(Video=video))
    assert info == MediaInfo(
        media_id="v-1",
        found=True,
        name="T",
        cover_url="c",
        size=5,
        duration=1.5,
        state="done",
        vendor_state="Normal",
        created="t",
        raw=video,
    )
    missing = answer(404, Code="InvalidVideo.NotFound", Message="gone")
    assert call.parse(missing) == (MediaInfo(media_id="v-1", found=False),)
    VOD.clock().parse(missing)
    for refused in (answer(403, Code="Forbidden"), answer(404, Code="InvalidAccessKeyId.NotFound"), answer(404)):
        with pytest.raises(VodfastError):
            call.parse(refused)
        with pytest.raises(VodfastError):
            VOD.clock().parse(refused)
    useless(call, answer(Video=[]))
    whole = VOD.mezzanine("v-1").parse(
        answer(Mezzanine={"FileURL": "https://f", "Size": "7", "Duration": "", "Status": "Normal", "FileName": "n"})
    )
    assert (whole.url, whole.size, whole.duration, whole.name) == ("https://f", 7, None, "n")
    odd = VOD.mezzanine("v-1").parse(answer(Mezzanine={"Size": "huge", "Duration": "nan"}))
    assert (odd.size, odd.duration) == (None, None)
    assert not VOD.mezzanine("v-1").parse(missing).found


def test_parts_that_are_gone_count_as_deleted() -> None:
    call = VOD.delete_parts("v-1")
    assert params(call) == {"MediaId": "v-1", "MediaType": "video"}
    call.parse(answer())
    call.parse(answer(400, Code="InvalidMultipartUpload.NotFound"))
    with pytest.raises(VodfastError):
        call.parse(answer(400, Code="InvalidVideo.NotFound"))


def test_a_callback_is_a_url_or_a_queue() -> None:
    call = VOD.set_callback("https://e.com/cb", {"event_types": "FileUploadComplete,ALL", "auth_key": "k1"})
    assert params(call) == {
        "CallbackType": "HTTP", "CallbackURL": "https://e.com/cb", "EventTypeList": "FileUploadComplete,ALL",
        "AuthSwitch": "on", "AuthKey": "k1",
    }  # fmt: skip
    assert params(VOD.set_callback("https://e.com/cb", {"auth_key": ""}))["AuthSwitch"] == "off"
    queue = {"mns_endpoint": "https://1.mns.cn-shanghai.aliyuncs.com", "mns_queue_name": "q", "app_id": "app-1"}
    assert params(VOD.set_callback(None, queue)) == {
        "CallbackType": "MNS", "MnsEndpoint": queue["mns_endpoint"], "MnsQueueName": "q", "AppId": "app-1"
    }  # fmt: skip
    call.parse(answer())
    with pytest.raises(Unsupported):
        VOD.set_callback(None, {})
    bad: list[tuple[str | None, dict[str, object]]] = [
        ("ftp://e.com", {}),
        ("https://e.com", {"auth_key": "a" * 33}),
        ("https://e.com", {"auth_key": 7}),
        ("https://e.com", {"event_types": "a b"}),
        ("https://e.com", {"colour": "red"}),
        ("https://e.com", queue),
        (None, {"mns_endpoint": "https://x.com"}),
        (None, queue | {"mns_endpoint": "x"}),
    ]
    for url, fields in bad:
        with pytest.raises(InvalidInput):
            VOD.set_callback(url, fields)


def test_verify_callback_wants_its_address() -> None:
    with pytest.raises(ConfigError, match="callback_url"):
        VOD.verify_callback({}, b"", "k", 0)
    provider = AliyunVod(callback_url="https://e.com/cb")
    good = signing.callback_signature("https://e.com/cb", "1700000000", "k")
    headers = {"x-vod-timestamp": "1700000000", "x-vod-signature": good.upper()}
    assert provider.verify_callback(headers, b"", "k", 1700000000)
    for wrong in ({}, headers | {"x-vod-timestamp": "x"}, headers | {"x-vod-signature": "ü"}):
        assert not provider.verify_callback(wrong, b"", "k", 1700000000)
    assert not provider.verify_callback(headers, b"", "", 1700000000)


ROLE = "acs:ram::1234567890:role/vod-uploader"
ASSUMED = {
    "AccessKeyId": "STS.k", "AccessKeySecret": "s", "SecurityToken": "t", "Expiration": "2023-11-14T23:13:20Z"
}  # fmt: skip


def test_a_role_is_assumed_at_sts() -> None:
    call = AliyunVod(endpoint="vod.eu-central-1.aliyuncs.com").assume_role(ROLE, "me@work", seconds=900)
    request = call.build(KEYS, 1700000000)
    assert urlsplit(request.url).hostname == "sts.aliyuncs.com"
    assert dict(request.headers)["x-acs-version"] == "2015-04-01"
    assert params(call) == {"RoleArn": ROLE, "RoleSessionName": "me@work", "DurationSeconds": "900"}
    assert "Version=2015-04-01" in AliyunVod(signature="V1").assume_role(ROLE, "me").build(KEYS, 1700000000).url
    assert call.parse(answer(Credentials=ASSUMED)) == Credentials.of("STS.k", "s", "t", 1700003600.0)


def test_an_operation_of_another_product() -> None:
    call = AliyunVod(endpoint="sts.aliyuncs.com").invoke("GetCallerIdentity", {}, version="2015-04-01")
    request = call.build(KEYS, 1700000000)
    assert urlsplit(request.url).hostname == "sts.aliyuncs.com"
    assert dict(request.headers)["x-acs-version"] == "2015-04-01"
    assert dict(VOD.invoke("GetVideoInfo", {}).build(KEYS, 1700000000).headers)["x-acs-version"] == "2017-03-21"


@pytest.mark.parametrize(
    "fields",
    [{"AccessKeyId": "k\n"}, {"SecurityToken": "t t"}, {"Expiration": "2023-11-14T23:13:20"}, {"Expiration": "never"}],
)
def test_an_answer_with_keys_of_no_use(fields: dict[str, str]) -> None:
    useless(VOD.assume_role(ROLE, "me"), answer(Credentials=ASSUMED | fields))


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("acs:ram::x:role/a", "me"), "role_arn"),
        ((None, "me"), "role_arn"),
        ((ROLE, "m"), "session_name"),
        ((ROLE, "me, too"), "session_name"),
        ((ROLE, "me", 899), "seconds"),
        ((ROLE, "me", 43201), "seconds"),
    ],
)
def test_a_role_that_cannot_be_asked_for(arguments: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        VOD.assume_role(*arguments[:2], **dict(zip(["seconds"], arguments[2:])))
    assert caught.value.context["field"] == field
