"""What a few scripts on Alibaba's SDKs do, and count on. Arguments: id, key, the three words of a temporary credential,
folder, and the file the lines go to. The folder has clip.mp4, photo.PNG, words.srt, hls/0.ts, hls/1.ts, hls/i.m3u8
(which names 0.ts) and hls/j.m3u8 (which names gone.ts, too).
"""

import copy
import json
import logging
import multiprocessing
import os
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from unittest import mock

from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.auth.credentials import RamRoleArnCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest, RpcRequest
from aliyunsdkvod.request.v20170321 import CreateUploadVideoRequest
from voduploadsdk.AliyunVodUploader import *
from voduploadsdk.UploadAttachedMediaRequest import UploadAttachedMediaRequest
from voduploadsdk.UploadImageRequest import UploadImageRequest
from voduploadsdk.UploadVideoRequest import UploadVideoRequest

KEYS, TEMPORARY, FOLDER, OUT = sys.argv[1:3], sys.argv[3:6], sys.argv[6], sys.argv[7]
NAMES = ("ALIYUN_ACCESS_KEY_ID", "ALIYUN_ACCESS_KEY_SECRET")


def say(*words):
    with open(OUT, "a") as file:
        print(*words, file=file)


def show(what, made):
    try:
        answer = made()
        say("##", what, type(answer).__name__, sorted(json.loads(answer)) if isinstance(answer, bytes) else answer)
    except ServerException as error:
        say("##", what, "server", error.error_code, error.message, error.http_status, error.args)
    except ClientException as error:
        say("##", what, "client", error.error_code, error.args)
    except AliyunVodException as error:
        say("##", what, error.type, error.code, error.http_status)


def create(**fields):
    request = CreateUploadVideoRequest.CreateUploadVideoRequest()
    for name, value in ({"Title": "t", "FileName": "a.mp4"} | fields).items():
        request.add_query_param(name, value)
    return request


def named(client):
    try:
        return client.do_action_with_exception(create())
    except ServerException as error:
        return error.error_code, error.http_status, error.message.partition(":")[0]


def api():
    temporary = StsTokenCredential(TEMPORARY[0], TEMPORARY[1], "an older token")
    renewing = AcsClient(region_id="cn-shanghai", credential=temporary)
    show("an older token", lambda: renewing.do_action_with_exception(create()))
    temporary.sts_token = TEMPORARY[2]
    show("a renewed token", lambda: renewing.do_action_with_exception(create()))
    plain = AcsClient(TEMPORARY[0], TEMPORARY[1], "cn-shanghai")
    show("a token as a parameter", lambda: plain.do_action_with_exception(create(SecurityToken=TEMPORARY[2])))
    for words in (KEYS, (KEYS[0], "x")):
        role = RamRoleArnCredential(*words, "acs:ram::1234567890:role/uploader", "session")
        assuming = AcsClient(region_id="cn-shanghai", credential=role)
        for _ in range(2):
            show("a role", partial(named, assuming))
    for arn in ("acs:ram::1234567890:role/uploader", "none"):
        for other in (CommonRequest("sts.aliyuncs.com", "2015-04-01", "AssumeRole"),
                      RpcRequest("Sts", "2015-04-01", "AssumeRole", "sts")):  # fmt: skip
            other.set_protocol_type("https")
            other.set_method("POST")
            other.add_query_param("RoleArn", arn)
            other.add_query_param("RoleSessionName", "session")
            show("another product", partial(AcsClient(*KEYS, "cn-shanghai").do_action_with_exception, other))
    named_here = AcsClient(*KEYS, "cn-nowhere")
    named_here.add_endpoint("cn-nowhere", "Sts", "sts.cn-beijing.aliyuncs.com")
    show("an endpoint of its own", lambda: named_here.do_action_with_exception(other))
    show("capitals", lambda: AcsClient(*KEYS, "CN-SHANGHAI").do_action_with_exception(create()))
    show("a wrong secret", lambda: AcsClient(KEYS[0], "x", "cn-shanghai").do_action_with_exception(create()))
    for number in (-1, "3"):
        show("retries", partial(AcsClient, *KEYS, "cn-shanghai", max_retry_time=number))
    client = AcsClient(*KEYS, "cn-shanghai")
    common = CommonRequest("vod.cn-shanghai.aliyuncs.com", "2017-03-21", "GetVideoInfo")
    common.add_query_param("VideoId", "none")
    show("no region", lambda: AcsClient(*KEYS, "").do_action_with_exception(common))
    show("a copy", lambda: copy.deepcopy(client).do_action_with_exception(copy.copy(create())))
    asked = create()
    asked.set_accept_format("json")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        status, headers, body = client.get_response(asked)
        say(status, headers["Content-Type"].split(";")[0], sorted(json.loads(body)), warned[0].category.__name__)
    with mock.patch.object(AcsClient, "do_action_with_exception", side_effect=ServerException("X", "m", 400, "r")):
        show("mocked", lambda: client.do_action_with_exception(create()))
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    log = logging.getLogger("aliyunsdkcore")
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    show("logged", lambda: client.do_action_with_exception(create()))
    log.removeHandler(handler)
    log.setLevel(logging.WARNING)
    say([(one.name, one.levelname, one.getMessage().split(".")[0]) for one in records])


class Quiet(AliyunVodUploader):
    def uploadProgressCallback(self, consumedBytes, totalBytes):
        pass


def uploaded(title):
    return len(Quiet(*KEYS).uploadLocalVideo(UploadVideoRequest("clip.mp4", title))["VideoId"])


def uploads():
    show("no keys", lambda: AliyunVodUploader(None, None))
    os.environ.update(zip(NAMES, KEYS))
    show("keys of the environment", lambda: len(Quiet(None, None).uploadLocalVideo(request())["VideoId"]))
    for name in NAMES:
        del os.environ[name]
    up = Quiet(*KEYS)
    show("no extension wanted", lambda: len(up.uploadLocalVideo(UploadVideoRequest("clip.mp4", "t", ""))["VideoId"]))
    for spell in (str.encode, str):
        asked = UploadVideoRequest("clip.mp4", "spelled")
        asked.filePath = spell("clip.mp4")
        show("spelled", partial(lambda asked: len(up.uploadLocalVideo(asked)["VideoId"]), asked))

    def rename(_, info):
        info["UploadAddress"]["FileName"] = info["UploadAddress"]["FileName"].replace(".mp4", "-own.mp4")

    show("a name of one's own", lambda: len(up.uploadLocalVideo(request(), rename)["VideoId"]))

    def another(*_):
        say(uploaded("from a callback"))

    show("one in another", lambda: len(up.uploadLocalVideo(request(), another)["VideoId"]))
    more = [os.path.join(FOLDER, "hls", name) for name in ("0.ts", "1.ts")]
    show("more slices", lambda: len(up.uploadLocalM3u8(UploadVideoRequest(f"{FOLDER}/hls/i.m3u8", "more"), more)))
    show("a slice is gone", lambda: up.uploadLocalM3u8(UploadVideoRequest(f"{FOLDER}/hls/j.m3u8", "gone")))
    for slices in ([], tuple(more), "0.ts"):
        show("no list", partial(up.uploadLocalM3u8, UploadVideoRequest(f"{FOLDER}/hls/i.m3u8"), slices))
    show("no such type", lambda: up.uploadImage(UploadImageRequest("photo.PNG", "t", "exe")))
    show("no such business", lambda: up.uploadAttachedMedia(UploadAttachedMediaRequest("words.srt", "none")))
    with ThreadPoolExecutor(3) as pool:
        say(list(pool.map(uploaded, ["thread"] * 3)))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        say(pool.map(uploaded, ["fork"] * 3))
    with mock.patch.object(AliyunVodUploader, "uploadLocalVideo", return_value={"VideoId": "mocked"}):
        say(uploaded("nothing"))
    uploader = copy.deepcopy(up)
    show("a copy", lambda: len(uploader.uploadLocalVideo(copy.copy(request()))["VideoId"]))


def request():
    return UploadVideoRequest("clip.mp4", "t")


if __name__ == "__main__":
    os.chdir(FOLDER)
    api()
    uploads()
    os._exit(7)
