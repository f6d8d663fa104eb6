"""Playlists with Alibaba's upload SDK, one JSON line each. Arguments: folder, id, key, and the file the lines go to.

Runs as it is on the vendor's packages and on their stand-ins.
"""

import json
import os
import sys

from voduploadsdk.AliyunVodUploader import AliyunVodUploader
from voduploadsdk.AliyunVodUtils import AliyunVodException
from voduploadsdk.UploadVideoRequest import UploadVideoRequest

FOLDER, KEYS, ANSWERS = sys.argv[1], sys.argv[2:4], sys.argv[4]


def path(name):
    return os.path.join(FOLDER, name)


def say(what, **facts):
    with open(ANSWERS, "a") as answers:
        answers.write(json.dumps({"what": what, **facts}).replace(FOLDER, "FOLDER") + "\n")


uploader = AliyunVodUploader(*KEYS)
say("parsed", slices=uploader.parseLocalM3u8(path("list/index.m3u8")))
request = UploadVideoRequest(path("list/index.m3u8"), "playlist")
request.setTags("t1")
say("beside it", answer=uploader.uploadLocalM3u8(request))
slices = [path("elsewhere/one.ts"), path("list/seg-1.ts")]
request = UploadVideoRequest(path("spread.m3u8"), "spread")
say("from elsewhere", answer=uploader.uploadLocalM3u8(request, slices))
try:
    uploader.uploadLocalM3u8(UploadVideoRequest(path("list/index.m3u8")), [])
except AliyunVodException as error:
    say("no segments", error=[error.type, error.code])
