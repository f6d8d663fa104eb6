import os
import sys

from qcloud_vod.model import VodUploadRequest
from qcloud_vod.vod_upload_client import VodUploadClient

client = VodUploadClient(os.environ["ACCESS_KEY"], os.environ["SECRET_KEY"])
request = VodUploadRequest()
request.MediaFilePath = sys.argv[1]
print(client.upload("ap-guangzhou", request).FileId)
