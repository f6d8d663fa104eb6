"""What each operation of ApsaraVideo VOD takes and what it does not, value by value; and which media it is for."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.aliyun_client import Client, Place, code, sign_rpc
from vodfast.emulator import Emulator

URL = "https%3A//example.com/a.mp4"
HTTP = {"CallbackType": "HTTP", "CallbackURL": "http://127.0.0.1/x"}
MNS = {"CallbackType": "MNS", "MnsEndpoint": "http://1.mns.cn-shanghai.aliyuncs.com", "MnsQueueName": "q"}


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return Client(emulator.endpoint)


@pytest.mark.parametrize(
    ("action", "fields", "expected"),
    [
        ("CreateUploadVideo", {"FileName": "a.exe"}, "InvalidFileName.Extension"),
        ("CreateUploadVideo", {"FileName": "noext"}, "InvalidFileName.Extension"),
        ("CreateUploadVideo", {"FileName": "a.MP4", "ReferenceId": "abc-_9"}, ""),
        ("CreateUploadVideo", {"FileName": "a.mp4", "ReferenceId": "abc-9"}, "InvalidParameter.ReferenceId"),
        ("CreateUploadVideo", {"FileName": "a.mp4", "ReferenceId": "a" * 65}, "InvalidParameter.ReferenceId"),
        ("CreateUploadVideo", {"FileName": "a.mp4", "Tags": "a" * 33}, "LengthExceededMax"),
        ("CreateUploadVideo", {"FileName": "a.mp4", "Tags": "a" * 32}, ""),
        ("CreateUploadVideo", {"FileName": "a.mp4", "Description": "x" * 1025}, "LengthExceededMax"),
        ("CreateUploadVideo", {"FileName": "a.mp4", "Title": "\u6807" * 43}, "LengthExceededMax"),
        ("CreateUploadVideo", {"FileName": "a.mp4", "Title": "\u6807" * 42}, ""),
        ("CreateUploadVideo", {"FileName": "a.mp4", "Title": "\U0001f600"}, "IllegalCharacters"),
        ("CreateUploadVideo", {"FileName": "a.mp4", "Colour": "red"}, "InvalidParameter"),
        ("CreateUploadImage", {"ImageType": "icon"}, "InvalidParameter.ImageType"),
        ("CreateUploadImage", {"ImageType": "watermark", "ImageExt": "GIF"}, ""),
        ("CreateUploadImage", {"ImageType": "cover", "ImageExt": "bmp"}, "InvalidParameter.ImageExt"),
        ("CreateUploadImage", {"ImageType": "cover", "ImageExt": "jpg", "OriginalFileName": "a.bmp"}, ""),
        ("CreateUploadAttachedMedia", {"BusinessType": "poster", "MediaExt": "png"}, "InvalidParameter.BusinessType"),
        ("CreateUploadAttachedMedia", {"BusinessType": "subtitle", "MediaExt": "png"}, "InvalidParameter.MediaExt"),
        ("CreateUploadAttachedMedia", {"BusinessType": "subtitle", "FileName": "a.vtt"}, ""),
        ("CreateUploadAttachedMedia", {"BusinessType": "material", "MediaExt": "zip", "CateIds": "1,2,3,4,5"}, ""),
        ("CreateUploadAttachedMedia", {"BusinessType": "material", "MediaExt": "zip", "CateIds": "1,2,3,4,5,6"},
         "InvalidParameter.CateIds"),
        ("UploadMediaByURL", {"UploadURLs": ",".join([URL] * 20)}, ""),
        ("UploadMediaByURL", {"UploadURLs": ",".join([URL] * 21)}, "InvalidParameter.UploadURLs"),
        ("UploadMediaByURL", {"UploadURLs": "ftp%3A//example.com/a.mp4"}, "InvalidParameter.UploadURLs"),
        ("UploadMediaByURL", {"UploadURLs": URL, "SessionId": "a-_" + "9" * 47}, ""),
        ("UploadMediaByURL", {"UploadURLs": URL, "SessionId": "9" * 51}, "InvalidParameter.SessionId"),
        ("UploadMediaByURL", {"UploadURLs": URL, "SessionId": "a b"}, "InvalidParameter.SessionId"),
        ("GetURLUploadInfos", {}, "MissingParameter"),
        ("GetURLUploadInfos", {"JobIds": ","}, "MissingParameter"),
        ("GetURLUploadInfos", {"JobIds": ",".join("abcdefghij")}, ""),
        ("CancelUrlUploadJobs", {}, "MissingParameter"),
        ("CancelUrlUploadJobs", {"UploadUrls": ",".join([URL] * 11)}, "InvalidParameter"),
        ("CancelUrlUploadJobs", {"UploadURLs": URL}, "InvalidParameter"),
        ("SetMessageCallback", HTTP, ""),
        ("SetMessageCallback", HTTP | {"CallbackType": "SMS"}, "InvalidParameter.CallbackType"),
        ("SetMessageCallback", HTTP | {"CallbackURL": "127.0.0.1"}, "InvalidParameter.CallbackURL"),
        ("SetMessageCallback", {"CallbackType": "HTTP"}, "InvalidParameter.CallbackURL"),
        ("SetMessageCallback", HTTP | {"AuthSwitch": "on", "AuthKey": "k" * 32}, ""),
        ("SetMessageCallback", HTTP | {"AuthSwitch": "yes"}, "InvalidParameter"),
        ("SetMessageCallback", HTTP | {"AuthKey": "k" * 33}, "InvalidParameter"),
        ("SetMessageCallback", MNS, ""),
        ("SetMessageCallback", MNS | {"MnsEndpoint": ""}, "MissingParameter"),
        ("SetMessageCallback", MNS | {"MnsQueueName": ""}, "MissingParameter"),
        ("Nothing", {}, "InvalidAction.NotFound"),
    ],
)  # fmt: skip
def test_each_value_is_taken_or_refused(client: Client, action: str, fields: dict[str, str], expected: str) -> None:
    titled = {"Title": "t"} if action in ("CreateUploadVideo",) else {}
    assert client.call(action, **titled | fields).get("Code", "") == expected


def test_a_call_names_its_action_and_its_version(client: Client) -> None:
    fields = {"Title": "t", "FileName": "a.mp4"}
    for sent, expected in (
        (sign_rpc("", fields, client.keys), "MissingParameter"),
        (sign_rpc("CreateUploadVideo", fields, client.keys, version=""), "MissingParameter"),
        (sign_rpc("CreateUploadVideo", fields, client.keys, version="2018-01-01"), "InvalidVersion"),
        (sign_rpc("CreateVideo", fields, client.keys), "InvalidAction.NotFound"),
        (replace(sign_rpc("CreateUploadVideo", fields, client.keys), method="PUT"), "InvalidParameter"),
        (sign_rpc("CreateUploadVideo", fields, client.keys), ""),
    ):
        assert code(client.send(sent)) == expected


def test_a_session_id_counts_for_ten_minutes(client: Client, emulator: Emulator) -> None:
    def pull(mark: str) -> str:
        return str(client.call("UploadMediaByURL", UploadURLs=URL, SessionId=mark).get("Code", ""))

    assert [pull("a"), pull("b"), pull("a")] == ["", "", "InvalidParameter.SessionId"]
    emulator.settings(clock_offset=590.0)
    assert pull("b") == "InvalidParameter.SessionId"
    emulator.settings(clock_offset=610.0)
    assert pull("b") == ""


@pytest.mark.parametrize("action", ["RefreshUploadVideo", "GetVideoInfo", "GetMezzanineInfo", "DeleteMultipartUpload"])
def test_what_is_for_videos_knows_no_images(client: Client, action: str) -> None:
    """Nor what does not exist."""
    image = client.call("CreateUploadImage", ImageType="cover")["ImageId"]
    video = client.create()
    client.initiate(video)

    def ask(media_id: str) -> str:
        named = {"MediaId": media_id, "MediaType": "video"} if action == "DeleteMultipartUpload" else None
        return str(client.call(action, **named or {"VideoId": media_id}).get("Code", ""))

    assert [ask(image), ask("0" * 32), ask(video.media_id)] == ["InvalidVideo.NotFound", "InvalidVideo.NotFound", ""]


def test_only_the_parts_of_videos_are_deleted(client: Client, emulator: Emulator) -> None:
    place = client.create()
    client.initiate(place)
    given = {"MediaId": place.media_id, "MediaType": "image"}
    assert client.call("DeleteMultipartUpload", **given)["Code"] == "InvalidParameter.MediaType"
    assert emulator.media()[0]["open_uploads"] == 1
    given["MediaType"] = "video"
    assert "Code" not in client.call("DeleteMultipartUpload", **given)
    assert client.call("DeleteMultipartUpload", **given)["Code"] == "InvalidMultipartUpload.NotFound"


def test_a_reference_is_a_name_for_one_video(client: Client) -> None:
    fields = {"Title": "t", "FileName": "a.mp4", "ReferenceId": "my-video"}
    video = client.call("CreateUploadVideo", **fields)["VideoId"]
    assert client.call("CreateUploadVideo", **fields)["Code"] == "InvalidParameter.ReferenceId"
    assert client.call("RefreshUploadVideo", ReferenceId="my-video")["VideoId"] == video
    assert client.call("RefreshUploadVideo")["Code"] == "MissingParameter"


def test_an_upload_credential_is_not_for_the_api(client: Client, emulator: Emulator) -> None:
    client.keys = client.create().keys
    assert client.call("CreateUploadVideo", Title="t", FileName="a.mp4")["Code"] == "Forbidden"
    assert len(emulator.media()) == 1


def md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def test_a_digest_that_was_sent_is_the_bodys(client: Client, emulator: Emulator) -> None:
    place = client.create()
    for query in ({}, {"partNumber": "1", "uploadId": client.initiate(place)}):
        for said, expected in ((md5(b"bytes"), ""), (md5(b"other"), "InvalidDigest"), ("none", "InvalidDigest")):
            assert code(client.oss("PUT", place, query, b"bytes", headers={"content-md5": said})) == expected
    emulator.settings(etag="opaque")
    assert code(client.oss("PUT", place, {}, b"bytes", headers={"content-md5": md5(b"other")})) == "", "it is not known"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("{directory}" + "x" * 1023, "InvalidObjectName"),
        ("/{directory}x", "InvalidObjectName"),
        ("\\{directory}x", "InvalidObjectName"),
        ("", "InvalidObjectName"),
    ],
)
def test_keys_have_a_form(client: Client, key: str, expected: str) -> None:
    """Whoever signs: the account's own keys reach every key there could be."""
    place = client.create()
    directory = place.key.rpartition("/")[0] + "/"
    owner = Place(place.media_id, place.bucket, place.key, client.keys, place.host)
    assert code(client.oss("PUT", owner, body=b"x", key=key.format(directory=directory))) == expected
    assert code(client.oss("PUT", owner, body=b"x", key=(directory + "x" * 1023)[:1023])) == ""


def test_a_condition_on_what_is_stored_is_no_upload(client: Client) -> None:
    place = client.create()
    when = {"if-modified-since": "Thu, 01 Jan 2026 00:00:00 GMT"}
    answer = client.oss("PUT", place, body=b"x", headers=when)
    assert (answer.status, code(answer)) == (400, "NotImplemented")
    assert client.oss("PUT", place, body=b"x").status == 200
    assert client.oss("GET", place, headers=when).status == 200


def test_what_the_store_would_do_beside_storing_is_refused_and_not_left_out(client: Client) -> None:
    place = client.create()
    callback = base64.b64encode(b'{"callbackUrl":"http://127.0.0.1:9/","callbackBody":"a"}').decode()
    answer = client.oss("PUT", place, body=b"x", headers={"x-oss-callback": callback})
    assert (answer.status, code(answer)) == (501, "NotImplemented")
    assert client.oss("HEAD", place).status == 404
    assert client.oss("PUT", place, body=b"x").status == 200
    assert code(client.oss("GET", place, {"x-oss-process": "video/snapshot,t_1"})) == "NotImplemented"


def test_listing_uploads_is_for_buckets(client: Client) -> None:
    place = client.create()
    query = {"uploads": "", "prefix": place.key}
    assert code(client.oss("GET", place, query)) == "InvalidArgument"
    assert code(client.oss("GET", place, query, key="")) == ""


def test_bytes_that_were_not_kept_cannot_be_read(client: Client, emulator: Emulator) -> None:
    emulator.settings(retain=False)
    place = client.create()
    assert client.oss("PUT", place, body=b"bytes").status == 200
    assert client.oss("HEAD", place).headers["content-length"] == "5"
    assert (client.oss("GET", place).status, code(client.oss("GET", place))) == (501, "NotImplemented")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[]", "InvalidParameter.RegisterMetadatas"), ("{}", "InvalidParameter"), ("[1]", "InvalidParameter")],
)
def test_what_is_registered_is_a_list(client: Client, text: str, expected: str) -> None:
    assert client.call("RegisterMedia", RegisterMetadatas=text)["Code"] == expected
    many: list[dict[str, Any]] = [{"FileURL": f"h/{number}.mp4", "Title": "t"} for number in range(11)]
    assert client.call("RegisterMedia", RegisterMetadatas=json.dumps(many))["Code"] == (
        "InvalidParameter.RegisterMetadatas"
    )
    assert len(client.call("RegisterMedia", RegisterMetadatas=json.dumps(many[1:]))["FailedFileURLs"]) == 10
