"""aliyun-python-sdk-vod, unmodified, against the emulator: the vendor page's calls and their neighbours."""

import json
from urllib.parse import quote

import pytest

from tests.foreign.aliyun.conftest import place_of

VIDEO = {
    "Title": "Video Title",
    "FileName": "/opt/video/sample/video_file.mp4",
    "Description": "Video Description",
    "CoverURL": "http://192.168.0.1/16/tps/cover.png",
    "Tags": "tag1,tag2",
    "CateId": 0,
}


@pytest.fixture
def api(foreign, keys):
    sdk = foreign("aliyun_api")

    class Api:
        def ask(self, operation, how=None, **request):
            return sdk.ask("action", name=operation, keys=keys, request=request, **(how or {}))

        def refused(self, operation, how=None, **request):
            return sdk.refused("action", **({"name": operation, "keys": keys, "request": request} | (how or {})))

    return Api()


def test_create_upload_video(api, emulator, oracle):
    answer = api.ask("CreateUploadVideo", **VIDEO)
    assert set(answer) == {"RequestId", "VideoId", "UploadAddress", "UploadAuth"}
    place = place_of(answer)
    assert place.endpoint == "https://oss-cn-shanghai.aliyuncs.com"
    assert place.key.endswith(".mp4")
    assert place.keys[0].startswith("STS.")
    assert oracle.operations() == ["CreateUploadVideo"]
    assert [(media["media_id"], media["name"], media["state"]) for media in emulator.media()] == [
        (answer["VideoId"], "Video Title", "applied")
    ]
    video = api.ask("GetVideoInfo", VideoId=answer["VideoId"])["Video"]
    assert (video["Title"], video["Tags"], video["CateId"]) == ("Video Title", "tag1,tag2", 0)
    assert (video["Description"], video["CoverURL"], video["Status"]) == (
        "Video Description", VIDEO["CoverURL"], "Uploading"
    )  # fmt: skip


def test_a_role_is_assumed_first(api, oracle):
    role = {"role": "acs:ram::1234567890123456:role/uploader"}
    assert api.ask("CreateUploadVideo", role, **VIDEO)["VideoId"]
    assert oracle.operations() == ["AssumeRole", "CreateUploadVideo"]
    refused = api.refused("CreateUploadVideo", {"role": "uploader"}, **VIDEO)
    assert "InvalidParameter.RoleArn" in str(refused)


def test_refresh_upload_video(api):
    created = api.ask("CreateUploadVideo", **VIDEO)
    renewed = api.ask("RefreshUploadVideo", VideoId=created["VideoId"])
    assert renewed["UploadAddress"] == created["UploadAddress"]
    assert place_of(renewed).keys != place_of(created).keys


def test_images_and_attached_media(api):
    image = api.ask("CreateUploadImage", ImageType="cover", ImageExt="jpg")
    assert {"ImageId", "ImageURL", "FileURL"} <= set(image)
    assert place_of(image).key.endswith(".jpg")
    attached = api.ask("CreateUploadAttachedMedia", BusinessType="watermark", MediaExt="gif", Title="this is a sample")
    assert {"MediaId", "MediaURL", "FileURL"} <= set(attached)
    subtitle = {"BusinessType": "subtitle", "MediaExt": "srt", "CateIds": "1,2", "FileSize": "12"}
    assert place_of(api.ask("CreateUploadAttachedMedia", **subtitle)).key.endswith(".srt")


def test_pull_by_url_to_the_end(api, oracle):
    urls = ["http://example-bucket.cn-shanghai.aliyuncs.com/sample 1.mp4", "http://example.com/sample2.flv?a=1,2"]
    encoded = [quote(url) for url in urls]
    metadata = json.dumps([{"SourceURL": url, "Title": "Sample Title"} for url in encoded])
    jobs = api.ask("UploadMediaByURL", UploadURLs=",".join(encoded), UploadMetadatas=metadata)["UploadJobs"]
    assert [job["SourceURL"] for job in jobs] == encoded
    ids = [job["JobId"] for job in jobs]
    asked = [
        api.ask("GetURLUploadInfos", JobIds=",".join([*ids, "nobody"])),
        api.ask("GetURLUploadInfos", UploadURLs=",".join([*encoded, quote("http://example.com/none.mp4")])),
        api.ask("GetURLUploadInfos", JobIds=",".join(ids), UploadURLs=encoded[0]),
    ]
    states = [[info["Status"] for info in answer["URLUploadInfoList"]] for answer in asked]
    assert states == [["PENDING"] * 2, ["PROCESSING"] * 2, ["SUCCESS"] * 2]
    assert [answer["NonExists"] for answer in asked] == [["nobody"], [quote("http://example.com/none.mp4")], []]
    infos = {info["JobId"]: info for info in asked[2]["URLUploadInfoList"]}
    assert [infos[job_id]["UploadURL"] for job_id in ids] == urls
    for info in infos.values():
        assert oracle.media(info["MediaId"])["name"] == "Sample Title"


def test_pull_jobs_are_cancelled(api):
    url = quote("http://example.com/a.mp4")
    (job,) = api.ask("UploadMediaByURL", UploadURLs=url)["UploadJobs"]
    assert api.ask("CancelUrlUploadJobs", UploadUrls=url)["CanceledJobs"] == [job["JobId"]]
    assert api.ask("GetURLUploadInfos", JobIds=job["JobId"])["NonExists"] == [job["JobId"]]


def test_register_media(api, foreign, oracle, sample):
    place = place_of(api.ask("CreateUploadVideo", Title="t", FileName="a.mp4"))
    store = foreign("oss2_store")
    store.ask("open", keys=place.keys, endpoint=place.endpoint, bucket=place.bucket, version="v1", region="cn-shanghai")
    store.ask("put", key=f"{place.prefix}other.mp4", body={"file": str(sample("other.mp4", 1000))})
    url = f"{place.bucket}.oss-cn-shanghai.aliyuncs.com/{place.prefix}other.mp4"
    metadata = [{"FileURL": url, "Title": "RegisterMedia sample Title"}, {"FileURL": "192.168.0.1/x.mp4", "Title": "x"}]
    first = api.ask("RegisterMedia", RegisterMetadatas=json.dumps(metadata))
    again = api.ask("RegisterMedia", RegisterMetadatas=json.dumps(metadata[:1]))
    (new,), (old,) = first["RegisteredMediaList"], again["RegisteredMediaList"]
    assert (new["NewRegister"], old["NewRegister"], new["MediaId"]) == (True, False, old["MediaId"])
    assert (first["FailedFileURLs"], again["FailedFileURLs"]) == (["192.168.0.1/x.mp4"], [])
    oracle.assert_holds(new["MediaId"], sample("other.mp4", 1000))


def test_neighbours(api, emulator, place, foreign):
    store = foreign("oss2_store")
    store.ask("open", keys=place.keys, endpoint=place.endpoint, bucket=place.bucket, version="v1", region="cn-shanghai")
    store.ask("initiate", key=place.key)
    assert emulator.media()[0]["open_uploads"] == 1
    api.ask("DeleteMultipartUpload", MediaId=place.media_id, MediaType="video")
    assert emulator.media()[0]["open_uploads"] == 0
    again = api.refused("DeleteMultipartUpload", MediaId=place.media_id, MediaType="video")
    assert (again["code"], again["status"]) == ("InvalidMultipartUpload.NotFound", 400)
    assert api.ask("GetMezzanineInfo", VideoId=place.media_id)["Mezzanine"]["Status"] == "Uploading"
    api.ask("SetMessageCallback", CallbackType="HTTP", CallbackURL="https://e.com/cb", AuthSwitch="on", AuthKey="k1")


@pytest.mark.parametrize("value", ["a b", "*~+/=&%?", "影片 第一集", "", "a\tb\n", "'\"<>"])
def test_every_text_is_signed_and_read_as_it_is(api, value):
    created = api.ask("CreateUploadVideo", Title="t", FileName="a.mp4", Description=value)
    assert api.ask("GetVideoInfo", VideoId=created["VideoId"])["Video"]["Description"] == value


@pytest.mark.parametrize("region", ["cn-shanghai", "cn-hangzhou", "cn-beijing", "ap-southeast-1"])
def test_regions(api, region):
    answer = api.ask("CreateUploadVideo", {"region": region}, Title="t", FileName="a.mp4")
    home = "cn-shanghai" if region == "cn-hangzhou" else region
    assert place_of(answer).endpoint == f"https://oss-{home}.aliyuncs.com"


def test_by_address(api, emulator):
    answer = api.ask("CreateUploadVideo", {"endpoint": emulator.endpoint}, Title="t", FileName="a.mp4")
    assert place_of(answer).endpoint == f"http://{emulator.endpoint}"


def test_temporary_credentials(api, caller, foreign, emulator):
    sdk, request = foreign("aliyun_api"), {"Title": "t", "FileName": "a.mp4"}
    assert sdk.ask("action", name="CreateUploadVideo", keys=caller, request=request)["VideoId"]
    wrong = sdk.refused("action", name="CreateUploadVideo", keys=[*caller[:2], "other"], request=request)
    assert wrong["code"] == "InvalidSecurityToken.MismatchWithAccessKey"
    assert len(emulator.media()) == 1


def test_keys_that_are_wrong(api, emulator, keys):
    request = {"Title": "t", "FileName": "a.mp4"}
    error = api.refused("CreateUploadVideo", {"keys": ["nobody", "x"]}, **request)
    assert (error["type"], error["code"], error["status"]) == ("ServerException", "InvalidAccessKeyId.NotFound", 404)
    assert error["request_id"]
    error = api.refused("CreateUploadVideo", {"keys": [keys[0], "x"]}, **request)
    assert error["code"] == "InvalidAccessKeySecret", "the SDK finds its own string to sign behind the first colon"
    assert emulator.media() == []


@pytest.mark.parametrize(
    ("operation", "request_fields", "code"),
    [
        ("CreateUploadVideo", {"Title": "t"}, "MissingParameter"),
        ("CreateUploadVideo", {"Title": "t", "FileName": "a.exe"}, "InvalidFileName.Extension"),
        ("CreateUploadVideo", {"Title": "字" * 43, "FileName": "a.mp4"}, "LengthExceededMax"),
        ("CreateUploadVideo", {"Title": "t", "FileName": "a.mp4", "StorageLocation": "x"}, "InvalidStorage.NotFound"),
        ("CreateUploadImage", {"ImageType": "banner"}, "InvalidParameter.ImageType"),
        ("RefreshUploadVideo", {"VideoId": "none"}, "InvalidVideo.NotFound"),
        ("UploadMediaByURL", {"UploadURLs": "ftp%3A//e.com/a.mp4"}, "InvalidParameter.UploadURLs"),
    ],
)
def test_refusals_carry_the_documented_codes(api, operation, request_fields, code):
    assert api.refused(operation, **request_fields)["code"] == code


def test_the_service_busy_is_an_error_at_once(api, emulator, oracle):
    """The vendor's retry settings do nothing for this product."""
    emulator.set_faults([{"match": {"operation": "CreateUploadVideo"}, "action": "error", "code": "InternalError"}])
    assert api.refused("CreateUploadVideo", Title="t", FileName="a.mp4")["code"] == "InternalError"
    assert oracle.operations() == ["CreateUploadVideo"]
