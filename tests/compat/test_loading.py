"""What a script of one call or upload has to load: it may be over before a slow import would have been."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
NEEDLESS = ("configparser", "email", "http.client", "m3u8", "multiprocessing", "urllib.request", "xml")

ALIYUN_CALL = """
from aliyunsdkcore.client import AcsClient
from aliyunsdkvod.request.v20170321.CreateUploadVideoRequest import CreateUploadVideoRequest
request = CreateUploadVideoRequest()
request.set_Title("clip")
request.set_FileName("clip.mp4")
client = AcsClient("vodfast-emulator-aliyun", "vodfast-emulator-aliyun-secret", "cn-shanghai")
client.do_action_with_exception(request)
"""
ALIYUN_UPLOAD = """
from voduploadsdk.AliyunVodUploader import AliyunVodUploader
from voduploadsdk.UploadVideoRequest import UploadVideoRequest
uploader = AliyunVodUploader("vodfast-emulator-aliyun", "vodfast-emulator-aliyun-secret")
uploader.uploadLocalVideo(UploadVideoRequest("clip.mp4", "clip"))
"""
TENCENT = """
from qcloud_vod.model import VodUploadRequest
from qcloud_vod.vod_upload_client import VodUploadClient
request = VodUploadRequest()
request.MediaFilePath = "clip.mp4"
client = VodUploadClient("vodfast-emulator-tencent", "vodfast-emulator-tencent-secret")
client.upload("ap-guangzhou", request)
"""
VOLCENGINE = """
from volcengine.vod.models.request.request_vod_pb2 import VodUploadMediaRequest
from volcengine.vod.VodService import VodService
service = VodService()
service.set_ak("vodfast-emulator-volcengine")
service.set_sk("vodfast-emulator-volcengine-secret")
service.upload_media(VodUploadMediaRequest(SpaceName="demo", FilePath="clip.mp4", FileName="clip.mp4"))
"""


@pytest.mark.parametrize(
    "script",
    [ALIYUN_CALL, ALIYUN_UPLOAD, TENCENT, VOLCENGINE],
    ids=["aliyun-call", "aliyun-upload", "tencent", "volcengine"],
)
def test_a_script_loads_nothing_that_its_calls_do_not_need(vodfast_emulator: Any, tmp_path: Path, script: str) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"some bytes")
    told = f"\nimport sys\nprint([name for name in {NEEDLESS!r} if name in sys.modules])\n"
    (tmp_path / "script.py").write_text(script + told)
    environment = {"PYTHONPATH": str(PROJECT), "HOME": str(tmp_path), "VODFAST_EMULATOR": vodfast_emulator.endpoint}
    ran = subprocess.run(
        [sys.executable, "-m", "vodfast.compat", "script.py"],
        capture_output=True,
        check=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        timeout=120,
    )
    assert ran.stdout.splitlines()[-1] == "[]"
    assert {entry["status"] for entry in vodfast_emulator.history()} == {200}
