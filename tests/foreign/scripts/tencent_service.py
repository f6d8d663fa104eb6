"""What services do with vod-python-sdk: one client for many threads and processes, classes of their own, the same file
again, an upload at exit. One JSON line each. Arguments: id, key; runs in the folder of the files.

Runs as it is on the vendor's package and on its stand-in.
"""

import asyncio
import atexit
import concurrent.futures
import copy
import json
import multiprocessing
import os
import pickle
import sys
import threading

from qcloud_vod.common import FileUtil, StringUtil
from qcloud_vod.model import VodUploadRequest
from qcloud_vod.vod_upload_client import TencentCloudSDKException, VodClientException, VodUploadClient

REGION = "ap-guangzhou"
FILES = ["Wildlife.mp4", "Wildlife-Cover.png", "large.mp4"]
client = VodUploadClient(*sys.argv[1:3])


class Library(VodUploadClient):
    def upload(self, region, request, progress_callback=None):
        if StringUtil.is_empty(request.MediaName):
            request.MediaName = "library " + FileUtil.get_file_name(request.MediaFilePath)
        return super().upload(region, request, progress_callback)


class Clip(VodUploadRequest):
    def __init__(self, path):
        super().__init__()
        self.MediaFilePath = path
        self.MediaType = "mp4"


def say(what, **facts):
    print(json.dumps({"what": what, **facts}), flush=True)


def upload(path, with_client=None, sub_app=None):
    request = VodUploadRequest()
    request.MediaFilePath, request.MediaType, request.SubAppId = path, "mp4", sub_app
    return (with_client or client).upload(REGION, request).FileId


def outcome(path):
    """Runs in another process: what goes wrong must get back."""
    return upload(path, sub_app=424242)


async def side_by_side():
    loop = asyncio.get_running_loop()
    return await asyncio.gather(*(loop.run_in_executor(None, upload, path) for path in FILES))


def main():
    say("the same file again", media=len({upload(FILES[0]) for _ in range(3)}))
    request = Clip(FILES[0])
    first = client.upload(REGION, request)
    request.MediaFilePath = FILES[1]
    second = client.upload(region=REGION, request=request, progress_callback=None)
    say("the same request again", name=request.MediaName, media=first.FileId != second.FileId)
    say("copies", same=copy.deepcopy(first).FileId == pickle.loads(pickle.dumps(first)).FileId == first.FileId)
    say("a subclass", media=bool(Library(*sys.argv[1:3]).upload(REGION, Clip(FILES[0])).FileId))

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        say("threads", media=len(set(pool.map(upload, FILES * 3))))
        others = [VodUploadClient(*sys.argv[1:3]) for _ in range(3)]
        say("clients", media=len(set(pool.map(upload, FILES, others))))
    say("a loop", media=len(set(asyncio.run(side_by_side()))))

    with multiprocessing.Pool(2) as pool:
        say("processes", media=len(set(pool.map(upload, FILES * 2))))
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        try:
            pool.submit(outcome, FILES[0]).result()
        except TencentCloudSDKException as error:
            say("refused there", facts=[error.code, error.message, bool(error.requestId), len(error.args)])
        try:
            pool.submit(upload, "nowhere.mp4").result()
        except VodClientException as error:
            say("refused there as well", facts=[error.message, str(error), error.args])

    atexit.register(lambda: say("at exit", media=bool(upload(FILES[0]))))
    threading.Thread(target=lambda: say("a thread left behind", media=bool(upload(FILES[2])))).start()
    sys.exit(3 if os.path.exists(FILES[0]) else 0)


if __name__ == "__main__":
    main()
