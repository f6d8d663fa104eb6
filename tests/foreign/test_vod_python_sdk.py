"""vod-python-sdk, unmodified, against the emulator: what it uploads is what the emulator holds."""

import pytest

MIB = 1024 * 1024
PARTS = "UploadPart"


@pytest.fixture
def sdk(foreign):
    return foreign("vod_upload")


def test_a_small_file_takes_three_requests(sdk, oracle, sample, keys):
    path = sample("a.b.mp4", 300_000)
    answer = sdk.ask("upload", keys=keys, request={"MediaFilePath": str(path)})
    oracle.assert_holds(answer["FileId"], path)
    assert answer["MediaName"] == "a.b" == oracle.media(answer["FileId"])["name"]
    assert answer["MediaUrl"].endswith(".mp4")
    assert not answer["CoverUrl"]
    assert oracle.operations() == ["ApplyUpload", "PutObject", "CommitUpload"]


@pytest.mark.parametrize("size", [1, MIB - 1, MIB])
def test_up_to_one_mebibyte_is_one_put(sdk, oracle, sample, keys, size):
    path = sample("clip.mp4", size)
    answer = sdk.ask("upload", keys=keys, request={"MediaFilePath": str(path)})
    oracle.assert_holds(answer["FileId"], path)
    assert oracle.operations().count("PutObject") == 1
    assert PARTS not in oracle.operations()


def test_twelve_mebibytes_go_in_twelve_parts(sdk, oracle, sample, keys):
    path = sample("clip.mp4", 12 * MIB)
    answer = sdk.ask("upload", keys=keys, request={"MediaFilePath": str(path), "ConcurrentUploadNumber": 4})
    oracle.assert_holds(answer["FileId"], path)
    assert oracle.operations().count(PARTS) == 12
    assert answer["progress"][-1] == [12 * MIB, 12 * MIB]


def test_a_ragged_tail(sdk, oracle, sample, keys):
    path = sample("clip.mkv", MIB + 1)
    answer = sdk.ask("upload", keys=keys, request={"MediaFilePath": str(path)})
    oracle.assert_holds(answer["FileId"], path)
    assert oracle.operations().count(PARTS) == 2


def test_a_cover_goes_with_the_media(sdk, oracle, sample, keys):
    path, cover = sample("clip.mp4", 2 * MIB + 17), sample("cover.PNG", 20_000)
    answer = sdk.ask("upload", keys=keys, request={"MediaFilePath": str(path), "CoverFilePath": str(cover)})
    oracle.assert_holds(answer["FileId"], path, cover)
    assert answer["CoverType"] == "PNG"
    assert answer["CoverUrl"]


def test_every_option_at_once(sdk, oracle, sample, keys):
    path, cover = sample("clip.MOV", 70_000), sample("cover.jpg", 9_000)
    options = {
        "MediaFilePath": str(path),
        "CoverFilePath": str(cover),
        "MediaType": "mov",
        "MediaName": "第一集 & <one>",
        "CoverType": "jpg",
        "Procedure": "LongVideoPreset",
        "ExpireTime": "2099-01-01T00:00:00Z",
        "StorageRegion": "ap-chongqing",
        "ClassId": 0,
        "SourceContext": "source 来源",
        "SessionContext": "session",
        "ExtInfo": "extra",
        "SubAppId": 1500000101,
        "ConcurrentUploadNumber": 2,
    }
    answer = sdk.ask("upload", keys=keys, request=options)
    oracle.assert_holds(answer["FileId"], path, cover)
    assert oracle.media(answer["FileId"])["name"] == "第一集 & <one>"


def test_the_sub_application_must_exist(sdk, oracle, sample, keys):
    request = {"MediaFilePath": str(sample("clip.mp4", 1000)), "SubAppId": 424242}
    error = sdk.refused("upload", keys=keys, request=request)
    assert (error["type"], error["code"]) == ("TencentCloudSDKException", "InvalidParameterValue.SubAppId")
    assert oracle.operations() == ["ApplyUpload"]


def test_a_wrong_key_is_an_authentication_failure(sdk, oracle, sample, keys):
    request = {"MediaFilePath": str(sample("clip.mp4", 1000))}
    error = sdk.refused("upload", keys=[keys[0], "not-the-secret"], request=request)
    assert (error["type"], error["code"]) == ("TencentCloudSDKException", "AuthFailure.SignatureFailure")
    assert error["request_id"]
    error = sdk.refused("upload", keys=["nobody", keys[1]], request=request)
    assert error["code"] == "AuthFailure.SecretIdNotFound"
    assert oracle.committed() == []


@pytest.mark.parametrize(
    ("request_fields", "code", "message"),
    [
        ({"MediaType": "exe"}, "InvalidParameterValue.MediaType", "invalid media type"),
        ({"CoverFilePath": "COVER", "CoverType": "mp4"}, "InvalidParameterValue.CoverType", "invalid cover type"),
        ({"ExpireTime": "tomorrow"}, "InvalidParameterValue.ExpireTime", None),
        ({"SourceContext": "x" * 251}, "InvalidParameterValue.SourceContext", None),
    ],
)
def test_refusals_carry_the_documented_codes(sdk, oracle, sample, keys, request_fields, code, message):
    path = sample("clip.mp4", 1000)
    fields = {name: str(path) if value == "COVER" else value for name, value in request_fields.items()}
    error = sdk.refused("upload", keys=keys, request={"MediaFilePath": str(path), **fields})
    assert error["type"] == "TencentCloudSDKException"
    assert error["code"] == code or (message is None and error["code"].startswith("InvalidParameter"))
    if message:
        assert error["message"] == message
    assert oracle.operations() == ["ApplyUpload"]


def test_three_api_attempts_on_network_trouble(sdk, emulator, oracle, sample, keys):
    emulator.set_faults([{"match": {"operation": "ApplyUpload"}, "times": 2, "action": "status", "code": 500}])
    path = sample("clip.mp4", 1000)
    answer = sdk.ask("upload", keys=keys, request={"MediaFilePath": str(path)})
    oracle.assert_holds(answer["FileId"], path)
    assert oracle.operations().count("ApplyUpload") == 3


def test_a_commit_repeated_after_a_lost_answer_makes_one_media(sdk, emulator, oracle, sample, keys):
    emulator.set_faults([{"match": {"operation": "CommitUpload"}, "action": "drop_reply"}])
    path = sample("clip.mp4", 1000)
    answer = sdk.ask("upload", keys=keys, request={"MediaFilePath": str(path)})
    oracle.assert_holds(answer["FileId"], path)
    assert oracle.operations().count("CommitUpload") == 2
    assert len(oracle.committed()) == 1


def test_temporary_credentials(sdk, oracle, sample, caller):
    path = sample("clip.mp4", 2 * MIB)
    answer = sdk.ask("upload", keys=caller, request={"MediaFilePath": str(path)})
    oracle.assert_holds(answer["FileId"], path)
    error = sdk.refused("upload", keys=[*caller[:2], "another-token"], request={"MediaFilePath": str(path)})
    assert error["code"] == "AuthFailure.TokenFailure"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"MediaFilePath": ""}, "lack media path"),
        ({"MediaFilePath": "/nowhere/clip.mp4"}, "media path is invalid"),
        ({"CoverFilePath": "/nowhere/cover.png"}, "cover path is invalid"),
    ],
)
def test_the_checks_before_anything_is_sent(sdk, oracle, sample, keys, fields, said):
    request = {"MediaFilePath": str(sample("clip.mp4", 10))} | fields
    error = sdk.refused("upload", keys=keys, request=request)
    assert (error["type"], error["message"]) == ("VodClientException", said)
    assert oracle.operations() == []
