"""alibabacloud-vod20170321, unmodified, against the emulator: the same calls under ACS3 signatures."""

import json
from urllib.parse import quote

import pytest

from tests.foreign.aliyun.conftest import place_of


@pytest.fixture
def api(foreign, emulator, keys):
    sdk = foreign("aliyun_api_newer")

    class Api:
        def ask(self, operation, keys=keys, **request):
            return sdk.ask("action", name=operation, keys=keys, request=request, endpoint=emulator.endpoint)

        def refused(self, operation, keys=keys, **request):
            return sdk.refused("action", name=operation, keys=keys, request=request, endpoint=emulator.endpoint)

    return Api()


def test_the_operations_of_the_page(api):
    video = {
        "title": "T * ~ +/ 标", "file_name": "/opt/a.mp4", "description": "D", "cover_url": "http://h/c.png",
        "tags": "tag1,tag2", "cate_id": 0,
    }  # fmt: skip
    created = api.ask("CreateUploadVideo", **video)
    place = place_of(created)
    assert place.key.endswith(".mp4")
    renewed = api.ask("RefreshUploadVideo", video_id=place.media_id)
    assert renewed["UploadAddress"] == created["UploadAddress"]
    assert api.ask("GetVideoInfo", video_id=place.media_id)["Video"]["Title"] == "T * ~ +/ 标"
    assert place_of(api.ask("CreateUploadImage", image_type="cover", image_ext="jpg")).key.endswith(".jpg")
    assert api.ask("CreateUploadAttachedMedia", business_type="watermark", media_ext="gif", title="t")["MediaURL"]
    url = quote("http://example.com/a b.mp4")
    metadata = json.dumps([{"SourceURL": url, "Title": "t"}])
    (job,) = api.ask("UploadMediaByURL", upload_urls=url, upload_metadatas=metadata)["UploadJobs"]
    (info,) = api.ask("GetURLUploadInfos", job_ids=job["JobId"])["URLUploadInfoList"]
    assert (info["Status"], info["UploadURL"]) == ("PENDING", "http://example.com/a b.mp4")
    metadata = json.dumps([{"FileURL": "192.168.0.1/x.mp4", "Title": "x"}])
    assert api.ask("RegisterMedia", register_metadatas=metadata)["FailedFileURLs"] == ["192.168.0.1/x.mp4"]


def test_temporary_credentials(api, caller):
    assert api.ask("CreateUploadVideo", keys=caller, title="t", file_name="a.mp4")["VideoId"]
    error = api.refused("CreateUploadVideo", keys=[*caller[:2], "other"], title="t", file_name="a.mp4")
    assert error["code"] == "InvalidSecurityToken.MismatchWithAccessKey"


def test_refusals(api, emulator, keys):
    assert api.refused("CreateUploadVideo", keys=[keys[0], "x"], title="t", file_name="a.mp4")["code"] == (
        "SignatureDoesNotMatch"
    )
    assert api.refused("RefreshUploadVideo", video_id="none")["code"] == "InvalidVideo.NotFound"
    assert emulator.media() == []
