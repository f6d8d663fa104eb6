"""What scripts on Volcengine's package do all day, printed whole: answers, their JSON, and what is said of failures.

`python volcengine_everyday.py SPACE FOLDER` expects clip.mp4, photo.jpg, words.vtt and "第 2 讲 (最终).mp4" in FOLDER.
"""

import base64
import json
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor

from google.protobuf.json_format import MessageToDict, MessageToJson
from volcengine.const.Const import *
from volcengine.Policy import *
from volcengine.util.Functions import Function
from volcengine.vod.models.business.vod_upload_pb2 import Archive
from volcengine.vod.models.request.request_vod_pb2 import *
from volcengine.vod.VodService import VodService


def show(what, f):
    print("##", what)
    try:
        answer = f()
        print(answer)
        return answer
    except Exception as error:
        print(str(error).split(":")[0], error.args)


space, folder = sys.argv[1:]
os.chdir(folder)
service = VodService()


def media(path, **kw):
    req = VodUploadMediaRequest()
    req.SpaceName = space
    req.FilePath = path
    for name, value in kw.items():
        setattr(req, name, value)
    return req


r = show("relative", lambda: service.upload_media(media("clip.mp4", FileExtension=".mp4")))
print(MessageToJson(r))
print(sorted(MessageToDict(r, preserving_proto_field_name=True)))
show(
    "again", lambda: service.upload_media(media("clip.mp4", FileExtension=".mp4")).Result.Data.Vid != r.Result.Data.Vid
)
show(
    "unicode",
    lambda: service.upload_media(
        media(
            "第 2 讲 (最终).mp4",
            FileName="课程/第 2 讲 (最终).mp4",
            FileExtension=".mp4",
            StorageClass=Archive,
            CallbackArgs='{"a": "影"}',
        )
    ),
)
show("dir", lambda: service.upload_media(media(".")))
show("gone", lambda: service.upload_media(media("gone.mp4")))
show("nospace", lambda: service.upload_media(VodUploadMediaRequest(FilePath="clip.mp4", FileExtension=".mp4")))
show(
    "wrong space",
    lambda: service.upload_media(
        VodUploadMediaRequest(SpaceName="nowhere-at-all", FilePath="clip.mp4", FileExtension=".mp4")
    ),
)
show("functions junk", lambda: service.upload_media(media("clip.mp4", FileExtension=".mp4", Functions="{")))
show("class 9", lambda: service.upload_media(media("clip.mp4", FileExtension=".mp4", StorageClass=9)))
show(
    "workflow",
    lambda: service.upload_media(
        media(
            "clip.mp4",
            FileExtension=".mp4",
            Functions=json.dumps(
                [
                    Function.get_meta_func(),
                    Function.get_start_workflow_template_func([{"TemplateIds": ["x"], "TemplateType": "transcode"}]),
                ]
            ),
        )
    ),
)


def mat(path, kind, **kw):
    req = VodUploadMaterialRequest(SpaceName=space, FilePath=path, FileType=kind)
    for name, value in kw.items():
        setattr(req, name, value)
    return req


show("image", lambda: service.upload_material(mat("photo.jpg", FILE_TYPE_IMAGE, FileExtension=".jpg")))
show(
    "subtitle",
    lambda: service.upload_material(
        mat("words.vtt", FILE_TYPE_OBJECT, FileExtension=".vtt", FileName="subs/words.vtt", CallbackArgs="x")
    ),
)


def one(n):
    return service.upload_media(
        media("clip.mp4", FileName="t/%d.mp4" % n, FileExtension=".mp4")
    ).Result.Data.SourceInfo.FileName


with ThreadPoolExecutor(4) as pool:
    print(sorted(pool.map(one, range(8))))


def pull():
    req = VodUrlUploadRequest()
    req.SpaceName = space
    for n in range(2):
        u = req.URLSets.add()
        u.SourceUrl = "http://cdn.example/%d.mp4" % n
        u.Title = "t%d" % n
        u.Templates.add(TemplateIds=["a"], TemplateType="imp")
    return service.upload_media_by_url(req)


p = show("pull", pull)
q = VodQueryUploadTaskInfoRequest()
q.JobIds = ",".join(x.JobId for x in p.Result.Data)
show("query", lambda: service.query_upload_task_info(q))
service.set_socket_timeout(None)
show("query without a limit", lambda: service.query_upload_task_info(q))
service.set_socket_timeout(60)
q.JobIds = "nobody"
show("query nobody", lambda: service.query_upload_task_info(q))
q.JobIds = ""
show("query nothing", lambda: service.query_upload_task_info(q))
show("pull nothing", lambda: service.upload_media_by_url(VodUrlUploadRequest(SpaceName=space)))
show(
    "pull bad",
    lambda: service.upload_media_by_url(VodUrlUploadRequest(SpaceName=space, URLSets=[{"SourceUrl": "ftp://x/y.mp4"}])),
)
a = show(
    "apply",
    lambda: service.apply_upload_info(
        VodApplyUploadInfoRequest(SpaceName=space, FileSize=10, FileExtension=".mp4", NeedFallback=True)
    ),
)
show(
    "commit early",
    lambda: service.commit_upload_info(
        VodCommitUploadInfoRequest(SpaceName=space, SessionKey=a.Result.Data.UploadAddress.SessionKey)
    ),
)
show("commit junk", lambda: service.commit_upload_info(VodCommitUploadInfoRequest(SpaceName=space, SessionKey="x")))
show(
    "manifest",
    lambda: service.parse_upload_manifest(
        VodParseUploadManifestRequest(SpaceName=space, ManifestContent="#EXTM3U\n#EXTINF:1,\na b/影.ts\n")
    ),
)
show(
    "manifest junk",
    lambda: service.parse_upload_manifest(VodParseUploadManifestRequest(SpaceName=space, ManifestContent="hello")),
)
t = show("token", lambda: sorted(json.loads(str(service.get_upload_sts2()))))
tok = service.get_upload_sts2_with_expired_time(5)
print(re.sub(r"\d", "N", tok.current_time), re.sub(r"\d", "N", tok.expired_time), type(tok).__name__, sorted(vars(tok)))
inner = json.loads(base64.b64decode(tok.session_token[4:]))
print(sorted(inner), inner["PolicyString"], type(inner["ExpiredTime"]).__name__)
show(
    "policy",
    lambda: json.loads(
        base64.b64decode(
            service.sign_sts2(
                Policy(
                    [
                        Statement.new_allow_statement(["vod:*"], ["trn:vod:*:*:space/x"]),
                        Statement.new_deny_statement(["vod:Y"], []),
                    ]
                ),
                100,
            ).session_token[4:]
        )
    )["PolicyString"],
)
show(
    "policy none", lambda: json.loads(base64.b64decode(service.sign_sts2(None, 100).session_token[4:]))["PolicyString"]
)
for what, policy in (("policy of nothing", Policy([])), ("policy as it is written", {"Statement": []})):
    show(
        what,
        lambda policy=policy: json.loads(base64.b64decode(service.sign_sts2(policy, 100).session_token[4:]))[
            "PolicyString"
        ],
    )
bad = VodService()
bad.set_sk("wrong")
show("wrong secret", lambda: bad.upload_media(media("clip.mp4", FileExtension=".mp4")))
bad.set_ak("nobody")
show("unknown", lambda: bad.query_upload_task_info(VodQueryUploadTaskInfoRequest(JobIds="x")))
