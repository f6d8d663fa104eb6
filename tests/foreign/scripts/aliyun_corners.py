"""What scripts on Alibaba's SDKs come upon when they do things in another way than the samples. Arguments: id, key,
folder, and the file the lines go to. The folder has small.mp4, bare, photo.png, words.srt, hls/i.m3u8 (which names
0.ts) and hls/w.m3u8 (which names http://h/a/x.ts).
"""

import json
import os
import sys
import warnings

from aliyunsdkcore.acs_exception import error_msg
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.profile import region_provider
from aliyunsdkcore.request import CommonRequest, RoaRequest
from aliyunsdkvod.request.v20170321.CreateUploadImageRequest import CreateUploadImageRequest
from aliyunsdkvod.request.v20170321.CreateUploadVideoRequest import CreateUploadVideoRequest
from aliyunsdkvod.request.v20170321.DescribeMediaDistributionRequest import DescribeMediaDistributionRequest
from voduploadsdk.AliyunVodUploader import AliyunVodUploader
from voduploadsdk.AliyunVodUtils import AliyunVodException, AliyunVodUtils
from voduploadsdk.UploadAttachedMediaRequest import UploadAttachedMediaRequest
from voduploadsdk.UploadImageRequest import UploadImageRequest
from voduploadsdk.UploadVideoRequest import UploadVideoRequest

KEYS, FOLDER, OUT = sys.argv[1:3], sys.argv[3], sys.argv[4]


def say(*words):
    with open(OUT, "a") as file:
        print(*words, file=file)


def show(what, made, *given):
    try:
        answer = made(*given)
        say("##", what, sorted(json.loads(answer)) if isinstance(answer, bytes) else answer)
    except (ServerException, ClientException) as error:
        say("##", what, type(error).__name__, error)
    except AliyunVodException as error:
        said = error.message if error.type in ("ServerException", "ClientException", "ParameterError") else ""
        say("##", what, error.type, error.code, said, error.http_status)


def create(**fields):
    request = CreateUploadVideoRequest()
    for name, value in ({"Title": "t", "FileName": "a.mp4"} | fields).items():
        getattr(request, f"set_{name}")(value)
    return request


def api():
    client = AcsClient(ak=KEYS[0], secret=KEYS[1], region_id="cn-shanghai", max_retry_time=3, timeout=3, pool_size=50)
    for name, value in (
        ("Title", "x" * 129), ("Title", "题" * 43), ("Title", "a\nb\tc"), ("Title", "   "), ("Tags", "t," * 17),
        ("Description", "d" * 1025), ("FileName", "/opt/x y.MP4"), ("FileName", "x"), ("FileSize", "x"),
        ("CateId", "abc"), ("ReferenceId", "my-reference"), ("ReferenceId", "my-reference"), ("ReferenceId", "a b"),
        ("UserData", "{"), ("TemplateGroupId", "none"), ("AppId", "?"), ("StorageLocation", "x.oss-cn-x.aliyuncs.com"),
    ):  # fmt: skip
        show(f"{name} {value[:20]!r}", client.do_action_with_exception, create(**{name: value}))
    for kind, extension in (("cover", None), ("default", "JPG"), ("default", "exe"), (None, "gif")):
        image = CreateUploadImageRequest()
        image.set_ImageExt(extension or "png")
        image.set_ImageType(kind or "none")
        show(f"image {kind} {extension}", client.do_action_with_exception, image)
    for words in (("d",), ("d", "2017-03-21")):
        show("too little", client.do_action_with_exception, CommonRequest(*words))
    for give in (client.do_action, client.get_response):
        show("no request", give, "CreateUploadVideo")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        status, headers, _ = client.get_response(create(accept_format="JSON"))
        client.do_action(create())
        say(status, headers.get("content-type"), [str(one.message) for one in warned])
    say(json.loads(AcsClient(KEYS[0], "x", "cn-shanghai").do_action(create(accept_format="JSON")))["Code"])
    for words in ((), ("only one",), (None, None, "cn-shanghai")):
        show("keys", AcsClient, *words)
    say([error_msg.get_msg(f"SDK_{name}") for name in ("INVALID_REQUEST", "UNKNOWN_SERVER_ERROR", "NONE")])
    say(DescribeMediaDistributionRequest().get_protocol_type(), create().get_protocol_type())
    other = RoaRequest("Green", "2018-05-09", "ImageSyncScan", uri_pattern="/green/image/scan", method="POST")
    other.add_path_param("a", 1)
    say(other.get_style(), other.get_accept_format(), other.get_path_params(), other.get_headers())


def hosts():
    client = AcsClient(*KEYS, "cn-shanghai")
    written = create()
    written.set_endpoint("vod.cn-beijing.aliyuncs.com:80")
    show("a port in it", client.do_action_with_exception, written)
    client.add_endpoint("cn-shanghai", "vod", "vod.eu-central-1.aliyuncs.com")
    show("of a client", client.do_action_with_exception, create())
    region_provider.modify_point("vod", "cn-shanghai", "vod.us-west-1.aliyuncs.com")
    show("of the process", client.do_action_with_exception, create())


class Quiet(AliyunVodUploader):
    def uploadProgressCallback(self, consumedBytes, totalBytes):
        pass


class Finding(Quiet):
    def parseLocalM3u8(self, m3u8FilePath):
        return ["x.ts"]


def uploads():
    up = Quiet(accessKeyId=KEYS[0], accessKeySecret=KEYS[1], ecsRegionId=None)
    for none in (None, False, 0, ""):
        show(
            "no callback", lambda none: len(up.uploadLocalVideo(UploadVideoRequest("small.mp4"), none)["VideoId"]), none
        )
    show("one's own segments", lambda: len(Finding(*KEYS).uploadLocalM3u8(UploadVideoRequest("hls/w.m3u8", "own"))))
    show("in the folder", lambda: (os.chdir("hls"), len(up.uploadLocalM3u8(UploadVideoRequest("./i.m3u8"))))[1])
    os.chdir(FOLDER)
    for field, value in (
        ("cateId", "12"), ("description", "é" * 600), ("templateGroupId", "none"), ("appId", "?"), ("userData", "{"),
        ("storageLocation", "none"), ("title", "a" + "😀" * 40), ("title", ""), ("fileName", "o.mov"),
        ("fileName", "other"), ("filePath", "photo.png"), ("unknown", 1),
    ):  # fmt: skip
        request = UploadVideoRequest("small.mp4", "T")
        setattr(request, field, value)
        show(f"{field} {value}"[:30], lambda request: sorted(up.uploadLocalVideo(request)), request)
    for asked in (UploadVideoRequest("bare", "T", "exe"), UploadImageRequest("photo.png")):
        show("not a video", lambda asked: sorted(up.uploadLocalVideo(asked)), asked)
    for business, name in (("watermark", "photo.png"), ("subtitle", "words.srt"), ("subtitle", "photo.png")):
        show(business, lambda asked: sorted(up.uploadAttachedMedia(asked)), UploadAttachedMediaRequest(name, business))
    show("another account", lambda: Quiet("nobody", "x").uploadImage(UploadImageRequest("photo.png")))
    for wrong in ("", ".", "x", "a.b/c?d=e.f"):
        show(f"the path {wrong!r}", lambda path: sorted(vars(UploadVideoRequest(path)).items()), wrong)
    show("cut", lambda: [AliyunVodUtils.subString("影片", 3, kind) for kind in ("utf-8", "gbk", "utf-16-le")])


os.chdir(FOLDER)
api()
hosts()
uploads()
