"""Calls that go wrong, and what a script can catch of it. Arguments: space, media file.

Runs as it is on the vendor's package and on its stand-in.
"""

import json
import sys

import requests
from volcengine.vod.models.request.request_vod_pb2 import VodQueryUploadTaskInfoRequest, VodUploadMediaRequest
from volcengine.vod.VodService import VodService

service = VodService()
request = VodUploadMediaRequest()
request.SpaceName, request.FilePath, request.FileExtension = *sys.argv[1:3], ".mp4"


def caught(what, call):
    try:
        call()
        facts = ["nothing"]
    except requests.exceptions.Timeout:
        facts = ["timeout"]
    except requests.exceptions.ConnectionError as error:
        facts = ["unreached", isinstance(error, OSError), len(error.args)]
    except Exception as error:
        facts = ["refused", error.args]
    print(json.dumps({"what": what, "facts": facts}))


caught("upload", lambda: service.upload_media(request))
caught("query", lambda: service.query_upload_task_info(VodQueryUploadTaskInfoRequest(JobIds="a,b")))
