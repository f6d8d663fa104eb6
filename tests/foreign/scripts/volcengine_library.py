"""An upload, and what scripts do to media afterwards. Arguments: space, media file. The emulator knows of uploads only,
so that most of the other calls are refused, after it has checked who asks.
"""

import copy
import sys

from volcengine.vod.models.business.vod_media_pb2 import VodMediaBasicInfo
from volcengine.vod.models.request.request_vod_pb2 import *
from volcengine.vod.models.response.response_vod_pb2 import VodGetMediaInfosResponse
from volcengine.vod.VodService import MessageToJson, Parse, ParseError, VodListSpaceRequest, VodService, crc32

SPACE, PATH = sys.argv[1:]


def show(what, call):
    try:
        print("##", what, call())
    except Exception as error:
        print("##", what, type(error).__name__, str(error).partition(":")[0], error.args)


service = VodService()
done = service.upload_media(VodUploadMediaRequest(SpaceName=SPACE, FilePath=PATH, FileExtension=".mp4"))
infos = VodGetMediaInfosRequest()
infos.Vids = done.Result.Data.Vid
play = VodGetPlayInfoRequest(Vid=done.Result.Data.Vid, Ssl="1")
show("infos", lambda: service.get_media_infos(infos))
show("play", lambda: service.get_play_info(play))
show("a token made here", lambda: len(service.get_play_auth_token(play, 60)))
show("any call", lambda: service.json("GetMediaInfos", {}, "{}"))
show("known", lambda: [hasattr(service, name) for name in ("list_space", "nothing", "_nothing")])
show("names of the service's module", lambda: (VodListSpaceRequest(Offset="1"), crc32(b"x")))
others = Parse('{"Result": {"MediaInfoList": [{"BasicInfo": {"Vid": "v"}}]}}', VodGetMediaInfosResponse())
show(
    "their JSON",
    lambda: (MessageToJson(others), MessageToJson(infos), MessageToJson(VodUploadMediaRequest(SpaceName="s"))),
)


def refused(kind):
    try:
        Parse('{"Nothing": 1}', kind())
    except ParseError:
        return kind.__name__


show("not their JSON", lambda: [refused(kind) for kind in (VodGetMediaInfosResponse, VodUploadMediaRequest)])
show("messages", lambda: (VodMediaBasicInfo(Title="t"), VodGetMediaInfosResponse()))


def everything():
    names = {}
    exec("from volcengine.vod.VodService import *", names)
    return [name in names for name in ("VodService", "VodGetMediaInfosRequest", "sys", "base64", "Util", "retry")]


show("everything of the service's module", everything)
show("copied", lambda: copy.copy(service).get_media_infos(infos))
service.set_ak("nobody")
show("another key", lambda: service.get_media_infos(infos))
service.set_host("vod.volcengineapi.com:443")
show("another host", lambda: service.get_play_info(play))
