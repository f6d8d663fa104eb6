"""Uploads through the stand-in: what is sent, told, logged, and gone on with."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.compat.qcloud_vod.uploads import KEY, REGION, request_for, rule
from tests.oracle import operations
from vodfast.compat.qcloud_cos import CosServiceError
from vodfast.compat.qcloud_vod.exception import VodClientException
from vodfast.compat.qcloud_vod.model import VodUploadRequest
from vodfast.compat.qcloud_vod.vod_upload_client import VodUploadClient
from vodfast.compat.tencentcloud.common.exception import TencentCloudSDKException
from vodfast.config import MIB

pytestmark = pytest.mark.usefixtures("emulated")


def test_defaults_are_written_back_to_the_request(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any
) -> None:
    cover = media_file(100, "c.JPG")
    request = request_for(media_file(2 * MIB + 1, "a.b.MP4"), CoverFilePath=str(cover))
    response = client.upload(REGION, request)
    assert (request.MediaType, request.MediaName, request.CoverType) == ("MP4", "a.b", "JPG")
    (item,) = vodfast_emulator.media()
    assert (item["media_id"], item["state"], item["name"]) == (response.FileId, "committed", "a.b")
    assert item["asked"] == {"MediaType": "mp4", "MediaName": "a.b", "CoverType": "jpg"}
    assert response.MediaUrl.endswith("/f0.mp4")
    assert response.CoverUrl.endswith("/cover.jpg")
    assert response.RequestId


def test_every_attribute_reaches_the_service(vodfast_emulator: Any, client: VodUploadClient, media_file: Any) -> None:
    fields = {
        "MediaType": "mov", "SubAppId": 1500000101, "MediaName": "第一集", "Procedure": "p",
        "ExpireTime": "2099-01-01T00:00:00Z", "StorageRegion": "ap-beijing", "ClassId": 0,
        "SourceContext": '{\n\t"s": 1\r\n}', "SessionContext": "x", "ExtInfo": "e", "MediaStoragePath": "/a/b.mov",
    }  # fmt: skip
    client.upload("ap-shanghai", request_for(media_file(10), **fields, ConcurrentUploadNumber=500, Unknown=1))
    assert vodfast_emulator.media()[0]["asked"] == fields


def test_empty_text_is_nothing(vodfast_emulator: Any, client: VodUploadClient, media_file: Any) -> None:
    names = ["MediaType", "MediaName", "CoverFilePath", "CoverType", "StorageRegion", "ExpireTime", "MediaStoragePath"]
    fields = dict.fromkeys(names, "")
    client.upload(REGION, request_for(media_file(10, "a.mp4"), **fields))
    assert vodfast_emulator.media()[0]["asked"] == {"MediaType": "mp4", "MediaName": "a"}


def test_without_checks_the_service_decides(vodfast_emulator: Any, client: VodUploadClient, media_file: Any) -> None:
    client.ignore_check = True
    request = request_for(media_file(10), CoverFilePath=str(media_file(10, "c.png")))
    assert client.upload("", request).FileId
    assert (request.MediaType, request.MediaName, request.CoverType) == (None, None, None)
    assert len(vodfast_emulator.media()[0]["objects"]) == 1  # a cover of no type is not sent


def test_a_subclass_may_have_checks_of_its_own(vodfast_emulator: Any, media_file: Any) -> None:
    class Mine(VodUploadClient):
        @staticmethod
        def _prefix_check_and_set_default_val(region: str, request: VodUploadRequest) -> None:
            request.MediaType, request.MediaName = "mp4", f"from {region}"

    Mine(KEY, f"{KEY}-secret").upload(REGION, request_for(media_file(10, "bare")))
    assert vodfast_emulator.media()[0]["name"] == f"from {REGION}"


def test_progress_is_told_in_acknowledged_bytes_of_everything_sent(client: VodUploadClient, media_file: Any) -> None:
    told: list[tuple[int, int]] = []
    cover = media_file(1000, "c.png")
    request = request_for(media_file(3 * MIB), CoverFilePath=str(cover))
    client.upload(REGION, request, progress_callback=lambda done, total: told.append((done, total)))
    assert {total for _, total in told} == {3 * MIB + 1000}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == 3 * MIB + 1000


def test_a_callback_that_raises_fails_the_upload(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any
) -> None:
    def callback(_done: int, _total: int) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        client.upload(REGION, request_for(media_file(10)), callback)
    assert [item["state"] for item in vodfast_emulator.media() if item["state"] == "committed"] == []


def test_a_callback_that_uploads_says_so_instead_of_waiting_for_itself(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any
) -> None:
    path = media_file(10)

    def callback(_done: int, _total: int) -> None:
        client.upload(REGION, request_for(path))

    with pytest.raises(VodClientException, match="another thread"):
        client.upload(REGION, request_for(path), callback)
    assert "CommitUpload" not in operations(vodfast_emulator)
    assert client.upload(REGION, request_for(path)).FileId


def test_temporary_credentials_send_their_token(vodfast_emulator: Any, media_file: Any) -> None:
    caller = {"access_key": "vodfast-emulator-sts", "secret": "s", "token": "t/+="}
    vodfast_emulator.settings(callers=[caller])
    assert VodUploadClient("vodfast-emulator-sts", "s", "t/+=").upload(REGION, request_for(media_file(10))).FileId
    with pytest.raises(TencentCloudSDKException, match="token"):
        VodUploadClient("vodfast-emulator-sts", "s").upload(REGION, request_for(media_file(10)))


def test_what_is_logged_holds_no_secret(
    client: VodUploadClient, media_file: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "qcloud_vod.vod_upload_client"):
        response = client.upload(REGION, request_for(media_file(10)))
    request, committed = [record.getMessage() for record in caplog.records]
    assert request.startswith('vod upload req = {"MediaType": "mp4"')
    assert request.endswith("region = ap-guangzhou")
    assert committed == f"vod upload CommitUpload rsp = {response.to_json_string()}"
    assert f"{KEY}-secret" not in caplog.text


def test_one_client_serves_many_threads(vodfast_emulator: Any, client: VodUploadClient, media_file: Any) -> None:
    paths = [media_file(number * 1000 + 1, f"{number}.mp4") for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda path: client.upload(REGION, request_for(path)), paths))
    found = {item["media_id"]: item["objects"][0]["size"] for item in vodfast_emulator.media()}
    assert [found[response.FileId] for response in responses] == [path.stat().st_size for path in paths]


def test_every_call_makes_a_media_of_its_own(vodfast_emulator: Any, client: VodUploadClient, media_file: Any) -> None:
    path = media_file(10)
    first, second = (client.upload(REGION, request_for(path)).FileId for _ in range(2))
    assert first != second
    assert [item["state"] for item in vodfast_emulator.media()] == ["committed", "committed"]


def test_a_call_after_an_outage_goes_on_where_the_first_one_stopped(
    vodfast_emulator: Any, client: VodUploadClient, media_file: Any
) -> None:
    client.retry_time = 1
    vodfast_emulator.set_faults([rule("status", "CompleteMultipartUpload", code=503)])
    request = request_for(media_file(40 * MIB))
    with pytest.raises(CosServiceError, match="goes on from there"):
        client.upload(REGION, request)
    vodfast_emulator.set_faults([])
    before = operations(vodfast_emulator)
    client.upload(REGION, request)
    again = operations(vodfast_emulator)[len(before) :]
    assert "UploadPart" not in again
    assert "ApplyUpload" not in again
    assert [item["state"] for item in vodfast_emulator.media()] == ["committed"]


INTERRUPTED = """
import signal, sys
from qcloud_vod.model import VodUploadRequest
from qcloud_vod.vod_upload_client import VodUploadClient

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, if whoever runs the tests ignores it
request = VodUploadRequest()
request.MediaFilePath = sys.argv[1]
VodUploadClient("id", "key").upload("ap-guangzhou", request, lambda done, total: print(done, flush=True))
"""


def test_an_interrupt_ends_the_script_and_takes_back_what_was_begun(
    vodfast_emulator: Any, media_file: Any, tmp_path: Path
) -> None:
    vodfast_emulator.set_faults(
        [{"action": "stall", "match": {"operation": "UploadPart", "part_number": 3}, "times": 0}]
    )
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    with subprocess.Popen(
        [sys.executable, "-m", "vodfast.compat", str(script), str(media_file(50 * MIB))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGINT
    assert said.splitlines()[-1] == "KeyboardInterrupt"
    assert [(item["state"], item["open_uploads"]) for item in vodfast_emulator.media()] == [("aborted", 0)]


@pytest.mark.parametrize("nothing", [None, False, 0, "", []])
def test_what_is_no_callback_is_not_called(client: VodUploadClient, media_file: Any, nothing: Any) -> None:
    assert client.upload(REGION, request_for(media_file(10)), nothing).FileId


def test_records_hold_their_text_whole_as_filters_of_scripts_expect(
    client: VodUploadClient, media_file: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "qcloud_vod"):
        response = client.upload(REGION, request_for(media_file(10, "100%s.mp4")))
    first, last = (record for record in caplog.records if record.name == "qcloud_vod.vod_upload_client")
    assert first.msg.startswith("vod upload req = {")
    assert first.msg.endswith("}, region = ap-guangzhou")
    assert "100%s" in first.msg
    assert (last.msg, last.args) == (f"vod upload CommitUpload rsp = {response}", ())
