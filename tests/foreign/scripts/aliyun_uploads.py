"""Uploads with Alibaba's upload SDK, one JSON line each. Arguments: folder, id, key, address of the folder on the web,
and the file the lines go to: the SDK itself prints as it goes along.

Runs as it is on the vendor's packages and on their stand-ins.
"""

import json
import os
import sys
import traceback

from voduploadsdk.AliyunVodUploader import AliyunVodUploader
from voduploadsdk.AliyunVodUtils import AliyunVodException, AliyunVodUtils
from voduploadsdk.UploadAttachedMediaRequest import UploadAttachedMediaRequest
from voduploadsdk.UploadImageRequest import UploadImageRequest
from voduploadsdk.UploadVideoRequest import UploadVideoRequest

FOLDER, KEYS, WEB, ANSWERS = sys.argv[1], sys.argv[2:4], sys.argv[4], sys.argv[5]


def path(name):
    return os.path.join(FOLDER, name)


def say(what, **facts):
    text = json.dumps({"what": what, **facts}, ensure_ascii=False).replace(WEB, "WEB").replace(FOLDER, "FOLDER")
    with open(ANSWERS, "a") as answers:
        answers.write(text + "\n")


class Uploader(AliyunVodUploader):
    def uploadProgressCallback(self, consumedBytes, totalBytes):
        self.last = [consumedBytes, totalBytes]


def upload(what, method, request, *more, uploader=None):
    uploader = uploader or Uploader(*KEYS)
    uploader.last = None
    try:
        answer = getattr(uploader, method)(request, *more)
    except AliyunVodException as error:
        say(what, error=[error.type, str(error.code).partition("(")[0], bool(error.message), error.http_status],
            identified=error.request_id != "NULL", text=str(error).startswith("Type: "))  # fmt: skip
    except Exception:
        say(what, failed=traceback.format_exc())
    else:
        fields = sorted(answer) if isinstance(answer, dict) else None
        say(what, kind=type(answer).__name__, fields=fields, answer=answer)
    return uploader


def video(name, title=None, **fields):
    request = UploadVideoRequest(path(name), title)
    for field, value in fields.items():
        getattr(request, f"set{field}")(value)
    return request


started = []
upload("small", "uploadLocalVideo", video("small.mp4"), lambda mark, info: started.append([mark, info["VideoId"]]))
say("started", calls=started)
say("progress", last=upload("parts", "uploadLocalVideo", video("large.mp4", "分片")).last)
request = video(
    "a.b.MP4", "题" * 100, Tags="t1,t2", Description="D" * 2000, CoverURL="http://h/c.png", CateId=7,
    TemplateGroupId="VOD_NO_TRANSCODE", WorkflowId="w1", AppId="app-1000000", UploadId="mark",
)  # fmt: skip
request.userData = '{"Extend": {"k": 1}}'
upload("every field", "uploadLocalVideo", request, lambda mark, info: started.append([mark, sorted(info)]))
say("started again", calls=started)
small = Uploader(*KEYS)
small.setMultipartUpload(1024 * 1024, 1024 * 1024, 3)
small.setEnableCrc(True)
upload("smaller parts", "uploadLocalVideo", video("middle.mp4"), uploader=small)
singapore = Uploader(*KEYS)
singapore.setApiRegion("ap-southeast-1")
upload("another region", "uploadLocalVideo", video("small.mp4", "region"), uploader=singapore)

image = UploadImageRequest(path("cover.PNG"), "image")
image.setImageType("cover")
image.setTags("t1")
upload("image", "uploadImage", image)
attached = UploadAttachedMediaRequest(path("words.srt"), "subtitle", "字幕")
upload("subtitle", "uploadAttachedMedia", attached)
upload("web video", "uploadWebVideo", UploadVideoRequest(f"{WEB}/small.mp4?sign=1", "web"))
upload("web image", "uploadImage", UploadImageRequest(f"{WEB}/cover.PNG", "web image"), False)
upload("web subtitle", "uploadAttachedMedia", UploadAttachedMediaRequest(f"{WEB}/words.srt", "subtitle", "web"), False)

upload("no such file", "uploadLocalVideo", video("none.mp4"))
upload("an unknown key", "uploadLocalVideo", video("small.mp4"), uploader=Uploader("nobody", "x"))
upload("a wrong secret", "uploadLocalVideo", video("small.mp4"), uploader=Uploader(KEYS[0], "x"))
upload("no video", "uploadLocalVideo", video("a.exe"))
for name in ("bare", "x?y.mp4"):
    try:
        say(name, request=vars(UploadVideoRequest(path(name))))
    except AliyunVodException as error:
        say(name, error=[error.type, error.code, error.message])
say("request", video=vars(video("a.b.MP4")), image=vars(image), attached=vars(attached))
utils = AliyunVodUtils
say(
    "functions",
    extension=[utils.getFileExtension(text) for text in ("a.MP4?x=1", "a", "a.b/c", "?a.mp4")],
    brief=[utils.getFileBriefPath(text) for text in ("http://h/a%20b.ts?x", "/x/y.ts", "y.ts")],
    cut=[utils.subString("影" * 50, limit) for limit in (0, 1, 3, 128, 149, 150, 151)],
    inner=[
        utils.convertOssInternal("https://oss-cn-beijing.aliyuncs.com", *more)
        for more in ((), ("cn-beijing",), ("cn-shanghai",), ("nowhere",), ("cn-beijing", True))
    ],
    replaced=[utils.replaceFileName(*two) for two in (("/a/b.ts", "c"), ("http://h/a%20b/x", "c"), ("x", "c"))],
    md5=[utils.getStringMd5("影"), utils.getStringMd5(b"x", False)],
    plain=[utils.urlDecode("a%20b"), utils.toUnicode(b"\xe5\xbd\xb1")],
)
