"""What scripts on Alibaba's API SDK do beside the calls of the page: setters and getters, odd values, every way to name
an operation and an endpoint, and what is said of failures. Arguments: id, key.
"""

import json
import os
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import aliyunsdkvod.request.v20170321.CreateUploadVideoRequest as CUV
from aliyunsdkcore import client
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.auth.credentials import AccessKeyCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.profile import region_provider
from aliyunsdkcore.request import CommonRequest, RpcRequest, get_default_protocol_type, set_default_protocol_type
from aliyunsdkvod.request.v20170321 import (
    CreateUploadAttachedMediaRequest,
    CreateUploadImageRequest,
    DeleteVideoRequest,
    GetMezzanineInfoRequest,
    GetPlayInfoRequest,
    GetURLUploadInfosRequest,
    RefreshUploadVideoRequest,
    RegisterMediaRequest,
    SearchMediaRequest,
    UploadMediaByURLRequest,
)
from aliyunsdkvod.request.v20170321.GetVideoInfoRequest import GetVideoInfoRequest as GVI

KEYS = sys.argv[1:3]


def show(what, f):
    print("##", what)
    try:
        answer = f()
        print(type(answer).__name__, answer)
        return answer
    except ServerException as error:
        print(error.error_code, error.message, error.http_status, error.get_error_type(), error.args, error)
    except ClientException as error:
        print(error.error_code, error.get_error_type(), error.args, bool(error.get_error_msg()))


c = client.AcsClient(*KEYS, "cn-shanghai")


def video(**kw):
    r = CUV.CreateUploadVideoRequest()
    for k, v in ({"Title": "t", "FileName": "a.mp4"} | kw).items():
        getattr(r, "set_" + k)(v)
    return r


r = video()
out = show("create", lambda: sorted(json.loads(c.do_action_with_exception(r))))
print(sorted(r.get_query_params().items()), r.get_accept_format(), r.get_method(), r.get_style(), r.get_protocol_type())
print(sorted(k for k in r.get_headers() if k.startswith("x-acs") or k == "x-sdk-invoke-type"))
show("again", lambda: sorted(json.loads(c.do_action_with_exception(r))))
show("bytes", lambda: sorted(json.loads(c.do_action_with_exception(video(Title="影".encode())))))
show("int title", lambda: sorted(json.loads(c.do_action_with_exception(video(Title=5, CateId="7", FileSize=10)))))
show("float", lambda: sorted(json.loads(c.do_action_with_exception(video(CateId=1.0)))))
show("emoji", lambda: sorted(json.loads(c.do_action_with_exception(video(Title="😀 +&=*~/", Tags="a b,c")))))
show("empty", lambda: c.do_action_with_exception(video(Title="")))
show("blank", lambda: sorted(json.loads(c.do_action_with_exception(video(Description="")))))
show(
    "rpc",
    lambda: c.do_action_with_exception(
        (lambda q: (q.add_query_param("VideoId", "nope"), q)[1])(RpcRequest("vod", "2017-03-21", "GetVideoInfo", "vod"))
    ),
)
show("rpc wrong action", lambda: c.do_action_with_exception(RpcRequest("vod", "2017-03-21", "NoSuchThing", "vod")))


def common(**kw):
    q = CommonRequest()
    q.set_domain("vod.cn-shanghai.aliyuncs.com")
    q.set_version("2017-03-21")
    q.set_action_name("GetVideoInfo")
    q.set_method("POST")
    q.add_query_param("VideoId", "nope")
    for k, v in kw.items():
        getattr(q, k)(v)
    return q


show("common", lambda: c.do_action_with_exception(common()))
show("common get", lambda: c.do_action_with_exception(common(set_method="GET")))
show("common product", lambda: c.do_action_with_exception(common(set_domain=None, set_product="vod")))
show("common noaction", lambda: c.do_action_with_exception(common(set_action_name=None)))
show("common noversion", lambda: c.do_action_with_exception(common(set_version=None)))
show("common https", lambda: c.do_action_with_exception(common(set_protocol_type="https")))


def body():
    q = common(set_query_params={})
    q.add_body_params("VideoId", "nope")
    return q


show("common body", lambda: c.do_action_with_exception(body()))
show("missing", lambda: c.do_action_with_exception(GVI()))
show("no keys", lambda: AcsClient())
show("no secret", lambda: AcsClient("a"))
show("none keys", lambda: AcsClient(None, None, "cn-shanghai"))
show("unknown", lambda: AcsClient("nobody", "x", "cn-shanghai").do_action_with_exception(GVI()))
show(
    "cred",
    lambda: sorted(
        json.loads(
            AcsClient(region_id="cn-shanghai", credential=AccessKeyCredential(*KEYS)).do_action_with_exception(video())
        )
    ),
)
show("bad region", lambda: AcsClient(*KEYS, "cn shanghai").do_action_with_exception(video()))
os.environ["ALIYUN_ACCESS_KEY_ID"], os.environ["ALIYUN_ACCESS_KEY_SECRET"] = KEYS
show("env", lambda: sorted(json.loads(AcsClient(region_id="cn-shanghai").do_action_with_exception(video()))))
c2 = AcsClient(*KEYS, "cn-shanghai", True, 2, "agent", 80, 3, 5)
print(
    c2.get_region_id(),
    c2.is_auto_retry(),
    c2.get_max_retry_num(),
    c2.get_user_agent(),
    c2.get_port(),
    c2.get_access_key() == KEYS[0],
    c2.get_access_secret() == KEYS[1],
    c2.get_verify(),
    c2.get_location_service(),
)
c2.set_region_id("ap-southeast-1")
c2.set_max_retry_num(5)
c2.set_auto_retry(False)
c2.set_user_agent("x")
c2.append_user_agent("k", "v")
c2.set_verify(False)
print(c2.get_region_id(), c2.is_auto_retry(), c2.get_max_retry_num(), c2.get_user_agent(), c2.get_verify())
show("region", lambda: sorted(json.loads(c2.do_action_with_exception(video()))))
q = video()
q.set_endpoint("vod.cn-shanghai.aliyuncs.com")
q.set_connect_timeout(4)
q.set_read_timeout(6)
q.set_user_agent("mine")
q.add_header("X-Mine", "1")
q.set_content_type("a/b")
print(
    q.get_connect_timeout(),
    q.get_read_timeout(),
    q.get_headers().get("User-Agent"),
    q.request_user_agent(),
    q.get_content(),
    q.get_uri_pattern(),
    q.get_uri_params(),
    q.get_location_endpoint_type(),
)
show("endpoint", lambda: sorted(json.loads(c.do_action_with_exception(q))))
region_provider.modify_point("vod", "cn-nowhere", "vod.cn-shanghai.aliyuncs.com")
show("modify point", lambda: sorted(json.loads(AcsClient(*KEYS, "cn-nowhere").do_action_with_exception(video()))))
c.add_endpoint("cn-there", "vod", "vod.cn-shanghai.aliyuncs.com")
c.set_region_id("cn-there")
show("add endpoint", lambda: sorted(json.loads(c.do_action_with_exception(video()))))
c.set_region_id("cn-shanghai")
print(get_default_protocol_type())
set_default_protocol_type("https")
print(video().get_protocol_type())
show("protocol", lambda: set_default_protocol_type("ftp"))
with ThreadPoolExecutor(4) as pool:
    print(sorted(pool.map(lambda n: len(json.loads(c.do_action_with_exception(video(Title="t%d" % n)))), range(8))))


class Mine(CUV.CreateUploadVideoRequest):
    def __init__(self, title):
        super().__init__()
        self.set_Title(title)
        self.set_FileName("m.mp4")


show("subclass", lambda: sorted(json.loads(c.do_action_with_exception(Mine("sub")))))
with warnings.catch_warnings(record=True) as w:
    warnings.simplefilter("always")
    a = c.do_action(video())
    print(type(a).__name__, [x.category.__name__ for x in w])


def reg(m):
    q = RegisterMediaRequest.RegisterMediaRequest()
    q.set_RegisterMetadatas(m)
    return q


show("register junk", lambda: c.do_action_with_exception(reg("x")))
show("register empty", lambda: c.do_action_with_exception(reg("[]")))


def info(module, **kw):
    name = module.__name__.rpartition(".")[2]
    q = getattr(module, name)()
    for k, v in kw.items():
        getattr(q, "set_" + k)(v)
    return q


for module, kw in (
    (GetURLUploadInfosRequest, {}),
    (UploadMediaByURLRequest, {"UploadURLs": ""}),
    (UploadMediaByURLRequest, {"UploadURLs": "http://h/a.mp4", "UploadMetadatas": "{"}),
    (CreateUploadImageRequest, {"ImageType": "nope"}),
    (CreateUploadAttachedMediaRequest, {"BusinessType": "nope", "MediaExt": "gif"}),
    (RefreshUploadVideoRequest, {}),
    (GetPlayInfoRequest, {"VideoId": "x"}),
    (SearchMediaRequest, {}),
    (DeleteVideoRequest, {"VideoIds": "x"}),
    (GetMezzanineInfoRequest, {"VideoId": "x"}),
):
    show(module.__name__.rpartition(".")[2], partial(c.do_action_with_exception, info(module, **kw)))
