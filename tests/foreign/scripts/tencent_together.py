"""vod-python-sdk beside the packages it is made of: uploads of both kinds in one script, requests and answers handed
from one to the other, exceptions imported when they are there. One JSON line each. Arguments: id, key; runs in the
folder of the files.

Runs as it is on the vendor's package and on its stand-in.
"""

import json
import sys
import warnings

from qcloud_vod.model import VodUploadRequest, VodUploadResponse
from qcloud_vod.vod_upload_client import VodUploadClient

REGION = "ap-guangzhou"
client = VodUploadClient(*sys.argv[1:3])


def say(what, *facts):
    print(json.dumps({"what": what, "facts": facts}), flush=True)


def asked(path, **attributes):
    request = VodUploadRequest()
    request.MediaFilePath = path
    for name, value in attributes.items():
        setattr(request, name, value)
    return request


def late():
    for fields in ({"SubAppId": 424242}, {"SourceContext": "refused by the store"}):
        try:
            client.upload(REGION, asked("Wildlife.mp4", **fields))
        except Exception as error:
            from qcloud_cos.cos_exception import CosException, CosServiceError
            from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

            kinds = [isinstance(error, kind) for kind in (TencentCloudSDKException, CosServiceError, CosException)]
            say(f"caught late {[*fields]}", kinds, type(error).__module__, sorted(vars(error)))


def outside():
    properties = [name for name, value in vars(VodUploadRequest.__mro__[1]).items() if isinstance(value, property)]
    properties += [name for name, value in vars(VodUploadRequest).items() if isinstance(value, property)]
    say("properties", sorted(set(properties) - {"headers"}))
    for model in (VodUploadRequest, VodUploadResponse):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            model().from_json_string('{"MediaName": "n", "FileId": "1", "Newer": 1}')
        say(
            f"unknown fields of {model.__name__}",
            [sorted(str(told.message).replace(",", " ").split()) for told in heard],
        )
    for nothing in (None, False, 0, "", []):
        say(f"called back {nothing!r}", bool(client.upload(REGION, asked("large.mp4"), nothing).FileId))
    empty = dict.fromkeys(("MediaName", "Procedure", "ExpireTime", "StorageRegion", "MediaStoragePath", "ExtInfo"), "")
    say("empty fields", bool(client.upload(REGION, asked("Wildlife.mp4", **empty)).FileId))


def together():
    from qcloud_cos import CosConfig, CosS3Client
    from tencentcloud.common import credential
    from tencentcloud.vod.v20180717 import models, vod_client

    api = vod_client.VodClient(credential.Credential(*sys.argv[1:3]), REGION)
    done = client.upload(REGION, asked("Wildlife.mp4", CoverFilePath="Wildlife-Cover.png", SourceContext="mine"))
    again = models.CommitUploadResponse()
    again.from_json_string(done.to_json_string())
    describe = models.DescribeMediaInfosRequest()
    describe.FileIds = [again.FileId, "1"]
    answer = api.DescribeMediaInfos(describe)
    basic = answer.MediaInfoSet[0].BasicInfo
    say("described", basic.Name, basic.MediaUrl == done.MediaUrl, basic.SourceInfo.SourceContext)
    say("unknown", answer.NotExistFileIdSet)

    plan = VodUploadRequest()
    plan.MediaType, plan.MediaName = "mp4", "by hand"
    opened = api.ApplyUpload(plan)  # fields of the upload's own are None and stay at home
    keys = opened.TempCertificate
    settings = {"SecretId": keys.SecretId, "SecretKey": keys.SecretKey, "Token": keys.Token}
    store = CosS3Client(CosConfig(Region=opened.StorageRegion, **settings))
    store.upload_file(Bucket=opened.StorageBucket, Key=opened.MediaStoragePath[1:], LocalFilePath="large.mp4")
    commit = models.CommitUploadRequest()
    commit.VodSessionKey = opened.VodSessionKey
    say("by hand", bool(api.CommitUpload(commit).FileId))

    theirs = models.ApplyUploadRequest()
    theirs.MediaFilePath, theirs.CoverFilePath, theirs.ConcurrentUploadNumber = "Wildlife.mp4", None, 3
    say("a request of the API's", bool(client.upload(REGION, theirs).FileId), theirs.MediaName, theirs.MediaType)


late()
outside()
together()
