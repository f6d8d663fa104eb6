"""Calls of the vendor's page for vod-python-sdk, one JSON line each. Arguments: folder, id, key, the three of a caller.

Runs as it is on the vendor's package and on its stand-in.
"""

import json
import os
import sys

from qcloud_vod.exception import VodClientException
from qcloud_vod.model import VodUploadRequest, VodUploadResponse
from qcloud_vod.vod_upload_client import VodUploadClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

FOLDER, KEYS, CALLER = sys.argv[1], sys.argv[2:4], sys.argv[4:7]


def path(name):
    return os.path.join(FOLDER, name)


def say(what, **facts):
    print(json.dumps({"what": what, **facts}), flush=True)


def upload(what, client=None, region="ap-guangzhou", callback=(), **attributes):
    client = client or VodUploadClient(*KEYS)
    request = VodUploadRequest()
    for name, value in attributes.items():
        setattr(request, name, path(value) if name.endswith("FilePath") and value else value)
    try:
        response = client.upload(region, request, *callback)
    except TencentCloudSDKException as error:
        say(
            what,
            refused=[error.code, error.message, error.get_code(), error.get_message()],
            identified=[bool(error.requestId), bool(error.get_request_id())],
            text=str(error).replace(str(error.requestId), "*"),
        )
    except VodClientException as error:
        say(what, client=str(error), message=error.message)
    else:
        say(
            what,
            media=response.FileId,
            answers=[isinstance(response, VodUploadResponse), type(response).__name__, bool(response.RequestId)],
            urls=[response.MediaUrl, response.CoverUrl],
            text=str(response) == repr(response) == response.to_json_string(),
            fields=list(json.loads(response.to_json_string())),
            attributes=sorted(vars(response)),
        )
    kept = {name: value for name, value in vars(request).items() if value is not None}
    say(f"{what}: the request", kept={name: str(value).replace(FOLDER, "") for name, value in kept.items()})


told = []

upload("simple", MediaFilePath="Wildlife.mp4")
upload("cover", MediaFilePath="Wildlife.mp4", CoverFilePath="Wildlife-Cover.png")
upload("task flow", MediaFilePath="Wildlife.mp4", Procedure="Your Procedure Name")
upload("sub-application", MediaFilePath="Wildlife.mp4", SubAppId=101)
upload("storage region", MediaFilePath="Wildlife.mp4", StorageRegion="ap-chongqing")
upload("concurrent parts", MediaFilePath="large.mp4", ConcurrentUploadNumber=5, callback=[lambda *n: told.append(n)])
upload("temporary credentials", client=VodUploadClient(*CALLER), MediaFilePath="Wildlife.mp4")
upload(
    "every field",
    MediaFilePath="名前 x.b.MP4",
    MediaType="MOV",
    MediaName='第一集 & <one> "x"',
    CoverFilePath="Wildlife-Cover.png",
    CoverType="PNG",
    Procedure="LongVideoPreset",
    ExpireTime="2099-01-01T00:00:00Z",
    ClassId=0,
    SourceContext="来源" * 50,
    SessionContext="session",
    ExtInfo="extra",
    SubAppId=1500000101,
    StorageRegion="ap-beijing",
    Unknown="tolerated",
)
upload("adaptive", MediaFilePath="hls/master.m3u8")
upload("adaptive, dash", MediaFilePath="dash/manifest.mpd")
upload("adaptive, by its type", MediaFilePath="hls/playlist.txt", MediaType="m3u8")
upload("names", MediaFilePath="名前 x.b.MP4")

unchecked = VodUploadClient(KEYS[0], KEYS[1])
unchecked.ignore_check = True
upload("no checks", client=unchecked, MediaFilePath="Wildlife.mp4", MediaType="mp4", MediaName="unchecked")
say(
    "client",
    attributes=sorted(vars(unchecked)),
    defaults=[unchecked.retry_time, VodUploadClient("a", "b").ignore_check],
)

for region, fields in (
    ("", {"MediaFilePath": "Wildlife.mp4"}),
    (None, {"MediaFilePath": "Wildlife.mp4"}),
    ("ap-guangzhou", {}),
    ("ap-guangzhou", {"MediaFilePath": ""}),
    ("ap-guangzhou", {"MediaFilePath": "nowhere.mp4"}),
    ("ap-guangzhou", {"MediaFilePath": "."}),
    ("ap-guangzhou", {"MediaFilePath": "bare"}),
    ("ap-guangzhou", {"MediaFilePath": "hls/broken.m3u8"}),
    ("ap-guangzhou", {"MediaFilePath": "Wildlife.mp4", "CoverFilePath": "nowhere.png"}),
    ("ap-guangzhou", {"MediaFilePath": "Wildlife.mp4", "CoverFilePath": "bare"}),
    ("ap-guangzhou", {"MediaFilePath": "Wildlife.mp4", "MediaType": "exe"}),
    ("ap-guangzhou", {"MediaFilePath": "Wildlife.mp4", "CoverFilePath": "Wildlife-Cover.png", "CoverType": "exe"}),
    ("ap-guangzhou", {"MediaFilePath": "Wildlife.mp4", "SubAppId": 424242}),
):
    upload(f"refused {fields}", region=region, **fields)
for keys in (
    ["", "k"],
    [None, "k"],
    ["i", ""],
    [" i", "k"],
    ["i", "k "],
    ["vodfast-emulator-none", "k"],
    [KEYS[0], "k"],
):
    upload(f"keys {keys}", client=VodUploadClient(*keys), MediaFilePath="Wildlife.mp4")

say(
    "progress",
    rising=sorted(done for done, _ in told) == [done for done, _ in told],
    last=told[-1] == (told[-1][1],) * 2,
)
