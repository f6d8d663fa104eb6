import os
import sys

from volcengine.vod.models.request.request_vod_pb2 import VodUploadMediaRequest
from volcengine.vod.VodService import VodService

service = VodService()
service.set_ak(os.environ["ACCESS_KEY"])
service.set_sk(os.environ["SECRET_KEY"])
request = VodUploadMediaRequest()
request.SpaceName = "demo"
request.FilePath = sys.argv[1]
request.FileName = "clip.mp4"
print(service.upload_media(request).Result.Data.Vid)
