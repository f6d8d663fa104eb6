"""Makes every call of the vendor's page on media uploads, on whichever package answers to the name `volcengine`.

`python volcengine_page.py SPACE FOLDER` expects clip.mp4, big.mp4, photo.jpg, words.vtt in FOLDER and prints one line
of JSON for each result, with the attributes the page looks at.
"""

from __future__ import print_function

import json
import os
import sys

from volcengine.const.Const import *
from volcengine.util.Functions import Function
from volcengine.vod.models.request.request_vod_pb2 import (
    VodQueryUploadTaskInfoRequest,
    VodUploadMaterialRequest,
    VodUploadMediaRequest,
    VodUrlUploadRequest,
)
from volcengine.vod.VodService import VodService


def report(what, **facts):
    print(json.dumps({"what": what, "facts": facts}, ensure_ascii=False, sort_keys=True))


def uploaded(what, resp, described=True):
    assert resp.ResponseMetadata.Error.Code == ""
    assert str(resp)
    data = resp.Result.Data
    info = data.SourceInfo
    report(
        what, vid=data.Vid, mid=data.Mid, poster=bool(data.PosterUri), request_id=bool(resp.ResponseMetadata.RequestId),
        action=resp.ResponseMetadata.Action, version=resp.ResponseMetadata.Version,
        service=resp.ResponseMetadata.Service, region=resp.ResponseMetadata.Region, format=info.Format, size=info.Size,
        height=info.Height, width=info.Width, duration=info.Duration, type=info.FileType,
        video=[info.VideoStreamMeta.Codec, info.AudioStreamMeta.Channels], extra=dict(info.FileExtra),
        named=info.FileName if described else "",
    )  # fmt: skip


def tokens(service):
    for token in (service.get_upload_sts2_with_expired_time(60 * 60), service.get_upload_sts2()):
        said = json.loads(str(token))
        assert said["SessionToken"] == token.session_token
        report(
            "token", fields=sorted(said), prefix=[token.access_key_id[:4], token.session_token[:4]],
            lengths=[len(token.access_key_id), len(token.secret_access_key)],
        )  # fmt: skip


def media(service, space, folder):
    functions = [
        Function.get_meta_func(),
        Function.get_snapshot_func(2.3),
        Function.get_add_option_info_func("title1", "tag1", "desc1", 0, False),
    ]
    req = VodUploadMediaRequest()
    req.SpaceName = space
    req.FilePath = os.path.join(folder, "clip.mp4")
    req.Functions = json.dumps(functions)
    req.CallbackArgs = ""
    req.FileName = "hello/vod.mp4"
    req.FileExtension = ".mp4"
    req.StorageClass = 1
    uploaded("media", service.upload_media(req))

    big = VodUploadMediaRequest()
    big.SpaceName = space
    big.FilePath = os.path.join(folder, "big.mp4")
    big.FileExtension = ".mp4"
    big.FileName = "hello/第 2 讲.mp4"
    big.CallbackArgs = 'my "args" & more'
    big.StorageClass = 2
    big.ExpireTime = "2030-01-01T00:00:00Z"
    uploaded("large media", service.upload_media(big))


def material(service, space, folder, name, kind, category, title, snapshot):
    functions = [Function.get_meta_func()]
    if snapshot is not None:
        functions.append(Function.get_snapshot_func(snapshot))
    functions.append(
        Function.get_add_material_option_info_func(
            title=title, tags="test", description=title + ",文件", category=category, record_type=2,
            format_input=name.rpartition(".")[2],
        )
    )  # fmt: skip
    req = VodUploadMaterialRequest()
    req.FileType = kind
    req.SpaceName = space
    req.FilePath = os.path.join(folder, name)
    req.Functions = json.dumps(functions)
    req.CallbackArgs = ""
    req.FileName = ""
    req.FileExtension = "." + name.rpartition(".")[2]
    uploaded("material " + kind, service.upload_material(req), described=False)


def pulls(service, space):
    req = VodUrlUploadRequest()
    req.SpaceName = space
    url_set = req.URLSets.add()
    url_set.SourceUrl = "http://cdn.example/a.mp4?x=1&y=2"
    url_set.FileExtension = ".mp4"
    url_set.CallbackArgs = "my python callback args"
    custom_headers = {"your header key": "your header value"}
    url_set.CustomURLHeaders.update(**custom_headers)
    resp = service.upload_media_by_url(req)
    assert resp.ResponseMetadata.Error.Code == ""
    job = resp.Result.Data[0]
    report("pull", job=bool(job.JobId), url=job.SourceUrl, images=list(job.ImageUrls), count=len(resp.Result.Data))

    query = VodQueryUploadTaskInfoRequest()
    query.JobIds = ",".join([job.JobId, "nobody"])
    for _ in range(3):
        resp = service.query_upload_task_info(query)
        assert resp.ResponseMetadata.Error.Code == ""
        info = resp.Result.Data.MediaInfoList[0]
        report(
            "job", state=info.State, vid=info.Vid, url=info.SourceUrl, space=info.SpaceName, args=info.CallbackArgs,
            missing=list(resp.Result.Data.NotExistJobIds), format=info.SourceInfo.Format,
        )  # fmt: skip


def refused(service, space, folder):
    for name, path, extension in (("no file", "nowhere.mp4", ".mp4"), ("no suffix", "clip", "")):
        req = VodUploadMediaRequest()
        req.SpaceName = space
        req.FilePath = os.path.join(folder, path)
        req.FileExtension = extension
        try:
            service.upload_media(req)
        except Exception as error:
            report(name, text="no such file on file path" in str(error) if name == "no file" else True)
    service.set_sk("not-the-secret")
    req = VodQueryUploadTaskInfoRequest()
    req.JobIds = "x"
    try:
        service.query_upload_task_info(req)
    except Exception as error:
        report("wrong secret", code="SignatureDoesNotMatch" in str(error))


if __name__ == "__main__":
    space, folder = sys.argv[1:]
    service = VodService()
    tokens(service)
    media(service, space, folder)
    material(service, space, folder, "clip.mp4", FILE_TYPE_MEDIA, CATEGORY_VIDEO, "素材测试视频", 2.3)
    material(service, space, folder, "photo.jpg", FILE_TYPE_IMAGE, CATEGORY_IMAGE, "素材测试图片", 0)
    material(service, space, folder, "words.vtt", FILE_TYPE_OBJECT, CATEGORY_FONT, "素材测试字幕", None)
    pulls(service, space)
    refused(service, space, folder)
