"""A script in which only the import of the object that makes the calls was changed. Arguments: space, a media file, id
and key of Alibaba Cloud.
"""

import sys

from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
from aliyunsdkcore.request import CommonRequest
from aliyunsdkvod.request.v20170321 import CreateUploadVideoRequest
from voduploadsdk.UploadVideoRequest import UploadVideoRequest
from volcengine.Policy import Policy, Statement
from volcengine.util.Functions import Function
from volcengine.vod.models.request.request_vod_pb2 import *

from vodfast.compat.aliyunsdkcore.client import AcsClient
from vodfast.compat.voduploadsdk.AliyunVodUploader import AliyunVodUploader
from vodfast.compat.volcengine.vod.VodService import VodService

SPACE, PATH, *KEYS = sys.argv[1:]

service = VodService()
media = VodUploadMediaRequest(SpaceName=SPACE, FilePath=PATH, FileExtension=".mp4")
print(service.upload_media(media).Result.Data.Vid != "")
pull = VodUrlUploadRequest(SpaceName=SPACE)
entry = pull.URLSets.add()
entry.SourceUrl = "http://cdn.example/a.mp4"
entry.CustomURLHeaders.update(a="b")
entry.Executions.add().Operation.Task.Asr.Language = "zh"
(job,) = service.upload_media_by_url(pull).Result.Data
jobs = service.query_upload_task_info(VodQueryUploadTaskInfoRequest(JobIds=job.JobId)).Result.Data
print(jobs.MediaInfoList[0].JobId == job.JobId)
applied = service.apply_upload_info(VodApplyUploadInfoRequest(SpaceName=SPACE, FileSize=3, FileExtension=".mp4"))
print(applied.Result.Data.UploadAddress.SessionKey != "")
allowed = Policy([Statement.new_allow_statement(["vod:ApplyUploadInfo"], [])])
print(service.sign_sts2(allowed, 100).session_token[:4], Function.get_meta_func())

create = CreateUploadVideoRequest.CreateUploadVideoRequest()
create.set_Title("t")
create.set_FileName("a.mp4")
common = CommonRequest("vod.cn-shanghai.aliyuncs.com", "2017-03-21", "CreateUploadVideo")
common.set_query_params({"Title": "t", "FileName": "a.mp4"})
client = AcsClient(region_id="cn-shanghai", credential=AccessKeyCredential(*KEYS))
for request in (create, common):
    print(client.do_action_with_exception(request)[:12])
temporary = StsTokenCredential(*KEYS, "")
renewing = AcsClient(region_id="cn-shanghai", credential=temporary)
temporary.sts_token = "no token of this key"
try:
    renewing.do_action_with_exception(create)
except Exception as error:
    print(error.error_code)
print(len(AliyunVodUploader(*KEYS).uploadLocalVideo(UploadVideoRequest(PATH, "t"))["VideoId"]))
