"""tencentcloud-sdk-python-vod, unmodified: the VOD API with both signature families, by POST and by GET."""

import pytest

SIGN_METHODS = ["TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256"]


@pytest.fixture
def api(foreign, emulator, keys):
    """Asks through the production host name, or directly over http when `direct` is set."""
    client = foreign("cloud_api")

    class Api:
        def ask(self, name, request=None, **options):
            return client.ask("action", **self._job(name, request, options))

        def refused(self, name, request=None, **options):
            return client.refused("action", **self._job(name, request, options))

        def _job(self, name, request, options):
            http = {"reqMethod": options.pop("verb", "POST")}
            if options.pop("direct", False):
                http |= {"protocol": "http", "endpoint": emulator.endpoint}
            return {"keys": keys, "name": name, "request": request or {}, "http": http} | options

    return Api()


@pytest.fixture
def media_id(foreign, sample, keys):
    """One media item uploaded by the vendor's uploader."""
    request = {"MediaFilePath": str(sample("looked up.mp4", 54_321)), "SourceContext": "context"}
    return foreign("vod_upload").ask("upload", keys=keys, request=request)["FileId"]


@pytest.mark.parametrize("direct", [False, True], ids=["connect", "direct"])
@pytest.mark.parametrize("verb", ["POST", "GET"])
@pytest.mark.parametrize("sign_method", SIGN_METHODS)
def test_every_signature_by_every_verb(api, sign_method, verb, direct):
    answer = api.ask(
        "DescribeMediaInfos", {"FileIds": ["1", "2 3+中"]}, verb=verb, sign_method=sign_method, direct=direct
    )
    assert answer["NotExistFileIdSet"] == ["1", "2 3+中"]


@pytest.mark.parametrize("verb", ["POST", "GET"])
@pytest.mark.parametrize("sign_method", SIGN_METHODS)
def test_every_signature_can_be_wrong(api, keys, sign_method, verb):
    error = api.refused(
        "DescribeMediaInfos",
        {"FileIds": ["1"]},
        keys=[keys[0], "not-the-secret"],
        verb=verb,
        sign_method=sign_method,
    )
    assert error["code"] == "AuthFailure.SignatureFailure"
    assert error["request_id"]


def test_apply_upload_answers_every_field(api):
    answer = api.ask("ApplyUpload", {"MediaType": "mp4", "CoverType": "png", "StorageRegion": "ap-shanghai"})
    assert answer["StorageRegion"] == "ap-shanghai"
    assert answer["StorageBucket"].rpartition("-")[2].isdecimal()
    assert answer["MediaStoragePath"].startswith("/")
    assert answer["MediaStoragePath"].endswith(".mp4")
    assert answer["CoverStoragePath"].endswith(".png")
    assert answer["VodSessionKey"]
    assert answer["TempCertificate"]["ExpiredTime"] > 1_700_000_000


def test_media_infos(api, media_id):
    answer = api.ask("DescribeMediaInfos", {"FileIds": [media_id, "404"]})
    assert answer["NotExistFileIdSet"] == ["404"]
    (info,) = answer["MediaInfoSet"]
    assert info["FileId"] == media_id
    assert info["BasicInfo"]["Name"] == "looked up"
    assert info["BasicInfo"]["SourceInfo"]["SourceContext"] == "context"
    assert info["MetaData"]["Size"] == 54_321
    only = api.ask("DescribeMediaInfos", {"FileIds": [media_id], "Filters": ["basicInfo"]})
    assert only["MediaInfoSet"][0]["BasicInfo"]
    assert not only["MediaInfoSet"][0]["MetaData"]


def test_at_most_twenty_ids(api):
    error = api.refused("DescribeMediaInfos", {"FileIds": [str(number) for number in range(21)]})
    assert error["code"].startswith("InvalidParameterValue")


def test_pull_upload_becomes_a_task_that_ends(api):
    pulled = api.ask("PullUpload", {"MediaUrl": "http://example.com/a/clip.mp4", "MediaName": "pulled"})
    states = []
    for _ in range(10):
        task = api.ask("DescribeTaskDetail", {"TaskId": pulled["TaskId"]})
        states.append(task["Status"])
        if task["Status"] == "FINISH":
            break
    assert task["TaskType"] == "PullUpload"
    assert task["PullUploadTask"]["Status"] == "FINISH"
    assert task["PullUploadTask"]["ErrCode"] in (0, 60000)
    assert states == sorted(states, key=["WAITING", "PROCESSING", "FINISH"].index)


def test_event_config_round_trip(api):
    config = {
        "Mode": "PUSH",
        "NotificationUrl": "http://127.0.0.1:9/events",
        "UploadMediaCompleteEventSwitch": "OFF",
        "SignKey": "abc123",
    }
    assert api.ask("ModifyEventConfig", config)["RequestId"]
    error = api.refused("ModifyEventConfig", {"Mode": "SHOUT"})
    assert error["code"].startswith("InvalidParameterValue")


def test_a_temporary_caller_needs_its_token(api, caller):
    asked = {"FileIds": ["1"]}
    assert api.ask("DescribeMediaInfos", asked, keys=caller)
    for without in ([*caller[:2], "another"], caller[:2]):
        assert api.refused("DescribeMediaInfos", asked, keys=without)["code"] == "AuthFailure.TokenFailure"


def test_missing_and_unknown_things(api):
    assert api.refused("ApplyUpload", {})["code"] == "MissingParameter"
    assert api.refused("CommitUpload", {"VodSessionKey": "nothing"})["code"] == "InvalidParameterValue.VodSessionKey"
    assert api.refused("DescribeTaskDetail", {"TaskId": "nothing"})["code"]


def test_commit_before_the_object_is_stored(api):
    applied = api.ask("ApplyUpload", {"MediaType": "mp4"})
    error = api.refused("CommitUpload", {"VodSessionKey": applied["VodSessionKey"]})
    assert error["code"] == "ResourceNotFound"
