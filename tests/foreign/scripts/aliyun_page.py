"""Calls of the vendor's page for aliyun-python-sdk-vod and their neighbours, one JSON line each.

Arguments: id, key, the three of a caller, and the URL of an object in a bucket. Runs as it is on the vendor's packages
and on their stand-ins.
"""

import importlib
import json
import sys
import urllib.parse

from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.auth import credentials
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from aliyunsdkvod.request.v20170321 import (
    CreateUploadAttachedMediaRequest,
    CreateUploadImageRequest,
    CreateUploadVideoRequest,
    GetURLUploadInfosRequest,
    RefreshUploadVideoRequest,
    RegisterMediaRequest,
    UploadMediaByURLRequest,
)
from aliyunsdkvod.request.v20170321.GetVideoInfoRequest import GetVideoInfoRequest

KEYS, CALLER, STORED = sys.argv[1:3], sys.argv[3:6], sys.argv[6]


def say(what, **facts):
    print(json.dumps({"what": what, **facts}, ensure_ascii=False), flush=True)


def init_vod_client(key, secret):
    return AcsClient(key, secret, "cn-shanghai", auto_retry=True, max_retry_time=3, timeout=3)


def ask(what, client, request):
    request.set_accept_format("JSON")
    try:
        answer = client.do_action_with_exception(request)
    except ServerException as error:
        say(
            what,
            server=[error.get_error_code(), error.get_http_status(), bool(error.get_request_id())],
            said=[error.get_error_type(), bool(error.get_error_msg()), error.get_error_code() in str(error)],
        )
        return {}
    except ClientException as error:
        say(what, client=[error.get_error_code(), error.get_error_type(), bool(error.get_error_msg())])
        return {}
    fields = json.loads(answer)
    say(what, kind=type(answer).__name__, answer=fields, order=list(fields))
    return fields


clt = init_vod_client(*KEYS)

request = CreateUploadVideoRequest.CreateUploadVideoRequest()
request.set_Title("Video Title")
request.set_FileName("/opt/video/sample/video_file.mp4")
request.set_Description("Video Description")
request.set_CoverURL("http://192.168.0.1/16/tps/cover.png")
request.set_Tags("tag1,tag2")
request.set_CateId(0)
created = ask("create video", clt, request)
say("what is kept", title=request.get_Title(), tags=request.get_Tags(), category=request.get_query_params()["CateId"])
say("what a request is", facts=[request.get_action_name(), request.get_version(), request.get_product()])

request = RefreshUploadVideoRequest.RefreshUploadVideoRequest()
request.set_VideoId(created["VideoId"])
renewed = ask("refresh", clt, request)
say("refreshed", same=renewed["UploadAddress"] == created["UploadAddress"])

request = CreateUploadImageRequest.CreateUploadImageRequest()
request.set_ImageType("cover")
request.set_ImageExt("jpg")
ask("create image", clt, request)

request = CreateUploadAttachedMediaRequest.CreateUploadAttachedMediaRequest()
request.set_BusinessType("watermark")
request.set_MediaExt("gif")
request.set_Title("this is a sample")
ask("create attached media", clt, request)

urls = ["http://example-bucket.cn-shanghai.aliyuncs.com/sample 1.mp4", "http://example.com/样本.flv?a=1,2&b=c"]
encoded = [urllib.parse.quote(url) for url in urls]
request = UploadMediaByURLRequest.UploadMediaByURLRequest()
request.set_UploadURLs(",".join(encoded))
request.set_UploadMetadatas(json.dumps([{"SourceURL": url, "Title": "Sample Title"} for url in encoded]))
jobs = ask("pull", clt, request)["UploadJobs"]

for how, text in (("URLs", ",".join(encoded)), ("ids", ",".join([*(job["JobId"] for job in jobs), "nobody"]))):
    request = GetURLUploadInfosRequest.GetURLUploadInfosRequest()
    (request.set_UploadURLs if how == "URLs" else request.set_JobIds)(text)
    ask(f"jobs by {how}", clt, request)

for title in ("RegisterMedia sample Title", "again"):
    request = RegisterMediaRequest.RegisterMediaRequest()
    listed = [{"FileURL": STORED, "Title": title}, {"FileURL": "192.168.0.1/16/none.mp4", "Title": title}]
    request.set_RegisterMetadatas(json.dumps(listed))
    ask(f"register: {title}", clt, request)

request = GetVideoInfoRequest()
request.set_VideoId(created["VideoId"])
ask("a neighbour", clt, request)
for name, fields in (
    ("GetMezzanineInfo", {"VideoId": created["VideoId"]}),
    ("DeleteMultipartUpload", {"MediaId": created["VideoId"], "MediaType": "video"}),
    ("CancelUrlUploadJobs", {"JobIds": "nobody"}),
    ("SetMessageCallback", {"CallbackType": "HTTP", "CallbackURL": "https://e.com/cb", "AuthSwitch": "off"}),
    ("RefreshUploadVideo", {"VideoId": "none"}),
    ("CreateUploadVideo", {"Title": "t"}),
    ("CreateUploadVideo", {"Title": "t", "FileName": "a.exe"}),
    ("CreateUploadVideo", {"Title": "字" * 43, "FileName": "a.mp4"}),
):
    module = importlib.import_module(f"aliyunsdkvod.request.v20170321.{name}Request")
    request = getattr(module, f"{name}Request")()
    for field, value in fields.items():
        getattr(request, f"set_{field}")(value)
    ask(f"{name} {sorted(fields)}", clt, request)

request = CommonRequest(domain="vod.cn-shanghai.aliyuncs.com", version="2017-03-21", action_name="GetVideoInfo")
request.set_method("POST")
request.add_query_param("VideoId", created["VideoId"])
ask("by name", clt, request)
ask("a query of no video", clt, GetVideoInfoRequest())
ask("an unknown key", init_vod_client("nobody", "x"), GetVideoInfoRequest())
ask("a wrong secret", init_vod_client(KEYS[0], "x"), GetVideoInfoRequest())

for region in ("cn-beijing", "ap-southeast-1"):
    request = CreateUploadVideoRequest.CreateUploadVideoRequest()
    request.set_Title(region)
    request.set_FileName("a.mp4")
    ask(region, AcsClient(*KEYS, region_id=region), request)

token = credentials.StsTokenCredential(*CALLER)
request = CreateUploadVideoRequest.CreateUploadVideoRequest()
request.set_Title("sts")
request.set_FileName("a.mp4")
ask("temporary keys", AcsClient(region_id="cn-shanghai", credential=token), request)
