"""What scripts on Alibaba's upload SDK do beside the calls of the page. Arguments: id, key, folder, and the file the
lines go to. The folder has big.mp4, "clip 1 影.mp4", bare, photo.JPG, words.srt and hls/i.m3u8.
"""

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from voduploadsdk.AliyunVodUploader import *
from voduploadsdk.AliyunVodUtils import *
from voduploadsdk.UploadAttachedMediaRequest import UploadAttachedMediaRequest
from voduploadsdk.UploadImageRequest import UploadImageRequest
from voduploadsdk.UploadVideoRequest import UploadVideoRequest

KEYS, FOLDER, OUT = sys.argv[1:3], sys.argv[3], sys.argv[4]
os.chdir(FOLDER)


def say(*a):
    with open(OUT, "a") as f:
        print(*a, file=f)


class Up(AliyunVodUploader):
    def __init__(self, *a):
        super().__init__(*a)
        self.seen = []

    def uploadProgressCallback(self, consumedBytes, totalBytes):
        self.seen.append((consumedBytes, totalBytes, threading.current_thread() is threading.main_thread()))


def show(what, f):
    say("##", what)
    try:
        r = f()
        say(type(r).__name__, json.dumps(r, ensure_ascii=False, sort_keys=True) if not isinstance(r, str) else "id")
        return r
    except AliyunVodException as e:
        say(
            "AVE",
            e.type,
            str(e.code)[:60],
            str(e.message)[:200] if e.type not in ("IOError", "UnkownException") else "",
            e.http_status,
            e.request_id != "NULL",
            e.args,
        )


up = Up(*KEYS)
up.setMultipartUpload(2 * 1024 * 1024, 1024 * 1024, 2)
r = UploadVideoRequest("big.mp4", "big title")
a = show("parts", lambda: up.uploadLocalVideo(r))
say(
    up.seen == sorted(up.seen),
    up.seen[-1] if up.seen else None,
    {x[2] for x in up.seen},
    {x[1] for x in up.seen},
    len(up.seen),
)
say(vars(r))
say(vars(UploadImageRequest("photo.JPG")), vars(UploadAttachedMediaRequest("words.srt", "subtitle")))
b = show("same again", lambda: up.uploadLocalVideo(r))
say(a["VideoId"] != b["VideoId"])
order = []
show(
    "callback",
    lambda: up.uploadLocalVideo(
        UploadVideoRequest("clip 1 影.mp4"),
        lambda uid, info: order.append((uid, sorted(info), threading.current_thread() is threading.main_thread())),
    ),
)
say(order)
show(
    "callback kw",
    lambda: up.uploadLocalVideo(uploadVideoRequest=UploadVideoRequest("clip 1 影.mp4"), startUploadCallback=None),
)


def boom(uid, info):
    raise ValueError("boom")


show("callback raises", lambda: up.uploadLocalVideo(UploadVideoRequest("clip 1 影.mp4"), boom))
show("ext given", lambda: up.uploadLocalVideo(UploadVideoRequest("bare", "bare title", ".mp4")))
show(
    "title none",
    lambda: up.uploadLocalVideo(
        (lambda q: (q.setFilePath("clip 1 影.mp4"), q)[1])(UploadVideoRequest("bare", fileExt="mp4"))
    ),
)
show("bytes path", lambda: up.uploadLocalVideo(UploadVideoRequest("clip 1 影.mp4".encode(), fileExt="mp4")))
show("image", lambda: up.uploadImage(UploadImageRequest("photo.JPG", "pic")))
show(
    "image kw",
    lambda: up.uploadImage(
        uploadImageRequest=UploadImageRequest(filePath="photo.JPG", title=None, fileExt="jpg"), isLocalFile=True
    ),
)
show("image wrong", lambda: up.uploadImage(UploadImageRequest("clip 1 影.mp4")))


def att(**kw):
    q = UploadAttachedMediaRequest("words.srt", "subtitle", "subs")
    for k, v in kw.items():
        getattr(q, "set" + k)(v)
    return q


show(
    "attached",
    lambda: up.uploadAttachedMedia(
        att(Tags="a,b", Description="d", UserData='{"a": 1}', AppId="app-1000000", FileSize=3)
    ),
)
show("attached loc", lambda: up.uploadAttachedMedia(att(StorageLocation="x")))
show("attached bad", lambda: up.uploadAttachedMedia(att(BusinessType="nope")))


def worker(n):
    return len(Up(*KEYS).uploadLocalVideo(UploadVideoRequest("clip 1 影.mp4", "t%d" % n))["VideoId"])


with ThreadPoolExecutor(4) as pool:
    say(list(pool.map(worker, range(6))))
shared = Up(*KEYS)
with ThreadPoolExecutor(4) as pool:
    say(sorted(pool.map(lambda n: len(shared.uploadImage(UploadImageRequest("photo.JPG", "s%d" % n))), range(6))))
show("m3u8 missing", lambda: up.uploadLocalM3u8(UploadVideoRequest("hls/gone.m3u8")))
show("m3u8", lambda: up.uploadLocalM3u8(UploadVideoRequest(os.path.abspath("hls/i.m3u8"), "hls")))
show("m3u8 relative", lambda: up.uploadLocalM3u8(UploadVideoRequest("hls/i.m3u8", "hls")))
show("parse", lambda: up.parseLocalM3u8("hls/i.m3u8"))
show("parse gone", lambda: up.parseLocalM3u8("hls/gone.m3u8"))
show(
    "region",
    lambda: (lambda u: (u.setApiRegion("cn-beijing"), u.uploadLocalVideo(UploadVideoRequest("clip 1 影.mp4"))))(
        Up(*KEYS)
    )[1],
)
show("ecs", lambda: Up(*KEYS, "cn-hongkong").uploadLocalVideo(UploadVideoRequest("clip 1 影.mp4")))
e = AliyunVodException("T", "C", "m")
say(str(e), vars(e), repr(e))
e = AliyunVodException(None, None, None, 400, "r")
say(str(e))
show("catch", lambda: catch_error(lambda self, x: 1 / 0)(None, 1))
show("catch kw", lambda: catch_error(lambda self, x: x)(None, x="fine"))
