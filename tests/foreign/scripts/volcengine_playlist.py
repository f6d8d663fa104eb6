"""Uploads a playlist with everything it names, on whichever package answers to the name `volcengine`.

`python volcengine_playlist.py SPACE PLAYLIST NAME` prints the Vid.
"""

import sys

from volcengine.vod.models.request.request_vod_pb2 import VodUploadMediaRequest
from volcengine.vod.VodService import VodService

if __name__ == "__main__":
    service = VodService("cn-north-1")
    req = VodUploadMediaRequest()
    req.SpaceName, req.FilePath, req.FileName = sys.argv[1:]
    req.SupportParseManifest = True
    print(service.upload_media(req).Result.Data.Vid)
