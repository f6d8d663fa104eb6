"""A folder of files with names as people give them, one by one with vod-python-sdk. One JSON line each. Arguments:
folder, id, key.

Runs as it is on the vendor's package and on its stand-in.
"""

import json
import logging
import os
import sys

import qcloud_vod.model as model
from qcloud_vod import vod_upload_client
from qcloud_vod.exception import VodClientException

logging.basicConfig(stream=sys.stderr, level=logging.INFO)
logging.getLogger("qcloud_cos").setLevel(logging.WARNING)
client = vod_upload_client.VodUploadClient(secret_id=sys.argv[2], secret_key=sys.argv[3], token=None)
os.chdir(sys.argv[1])
names = sorted(os.path.join(place, name) for place, _, found in os.walk(".") for name in found)
names += [os.path.abspath(names[0]), os.path.join("..", os.path.basename(os.getcwd()), names[0]), "nowhere.mp4", "."]
for name in sorted(names, key=os.path.basename):
    request = model.VodUploadRequest()
    request.MediaFilePath = name
    request.MediaName = ""
    try:
        response = client.upload("ap-guangzhou", request)
        facts = [response.MediaUrl.rpartition("/")[2], response.CoverUrl, response.headers]
    except VodClientException as error:
        facts = [error.message]
    print(json.dumps({"what": name.replace(os.getcwd(), ""), "facts": facts, "request": str(vars(request))}))
