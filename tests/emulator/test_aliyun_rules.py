"""What ApsaraVideo VOD's jobs and refusals look like over time, and their statuses."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.emulator.aliyun_client import Client, Keys, Place, sign_acs3
from vodfast.emulator import Emulator


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return Client(emulator.endpoint)


def infos(client: Client, job_id: str) -> dict[str, Any]:
    (found,) = client.call("GetURLUploadInfos", JobIds=job_id)["URLUploadInfoList"]
    return found


def test_the_time_a_pull_was_completed_does_not_move(client: Client, emulator: Emulator) -> None:
    (job,) = client.call("UploadMediaByURL", UploadURLs="https%3A//example.com/a.mp4")["UploadJobs"]
    seen = [infos(client, job["JobId"]) for _ in range(3)]
    assert [one["Status"] for one in seen] == ["PENDING", "PROCESSING", "SUCCESS"]
    assert [one["CompleteTime"] == "" for one in seen] == [True, True, False]
    emulator.settings(clock_offset=300.0)
    assert infos(client, job["JobId"]) == seen[-1]


def test_a_pull_is_remembered_for_a_year_and_a_hundred_are_told_at_once(client: Client, emulator: Emulator) -> None:
    url = "https%3A//example.com/a.mp4"
    jobs = [client.call("UploadMediaByURL", UploadURLs=url)["UploadJobs"][0]["JobId"] for _ in range(101)]
    told = client.call("GetURLUploadInfos", UploadURLs=url)
    assert [one["JobId"] for one in told["URLUploadInfoList"]] == jobs[1:]
    assert told["NonExists"] == []
    many = client.call("GetURLUploadInfos", JobIds=jobs[0], UploadURLs=",".join([url] * 11))
    assert [one["JobId"] for one in many["URLUploadInfoList"]] == jobs[:1], "only the ids count if both are given"
    assert client.call("GetURLUploadInfos", JobIds=",".join(jobs[:11]))["Code"] == "InvalidParameter"
    for days, known in ((364, True), (366, False)):
        emulator.settings(clock_offset=days * 86400.0)
        sent = sign_acs3("GetURLUploadInfos", {"JobIds": jobs[0]}, client.keys, now=time.time() + days * 86400)
        said = json.loads(client.send(sent).body)
        assert ([one["JobId"] for one in said["URLUploadInfoList"]], said["NonExists"]) == (
            (jobs[:1], []) if known else ([], jobs[:1])
        )


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({}, ""),
        ({"FileSize": 5, "CateId": 0, "Tags": "a,b", "CoverURL": "", "FileExtension": "MP4"}, ""),
        ({"FileSize": "5"}, ""),
        ({"FileSize": -5}, "InvalidParameter"),
        ({"FileSize": 5.5}, "InvalidParameter"),
        ({"CateId": "news"}, "InvalidParameter"),
        ({"Title": 5}, "InvalidParameter"),
        ({"SourceURL": ["x"]}, "InvalidParameter"),
        ({"Tags": ["a"]}, "InvalidParameter"),
        ({"CateID": 1}, "InvalidParameter"),
        ({"Title": ""}, "MissingParameter"),
        ({"FileExtension": "exe"}, "InvalidFileName.Extension"),
        ({"Tags": ",".join("abcdefghijklmnopq")}, "TagsExceededMax"),
    ],
)
def test_what_is_said_of_a_pulled_url_has_its_form(client: Client, entry: dict[str, Any], code: str) -> None:
    url = "https%3A//example.com/a.mp4"
    told = json.dumps([{"SourceURL": url, "Title": "t"} | entry])
    assert client.call("UploadMediaByURL", UploadURLs=url, UploadMetadatas=told).get("Code", "") == code


@pytest.mark.parametrize("entry", [{"Title": 5}, {"FileURL": 5}, {"CateId": "news"}, {"Tag": "a"}, {"FileSize": 1}])
def test_what_is_said_of_a_registered_object_has_its_form(client: Client, entry: dict[str, Any]) -> None:
    told = json.dumps([{"FileURL": "outin-x.oss-cn-shanghai.aliyuncs.com/a.mp4", "Title": "t"} | entry])
    assert client.call("RegisterMedia", RegisterMetadatas=told)["Code"] == "InvalidParameter"


def test_a_file_has_no_negative_size(client: Client) -> None:
    fields = {"Title": "t", "FileName": "a.mp4"}
    assert client.call("CreateUploadVideo", **fields, FileSize="-1")["Code"] == "InvalidParameter"
    assert "VideoId" in client.call("CreateUploadVideo", **fields, FileSize="0")


@pytest.mark.parametrize(
    ("data", "good"),
    [
        ({"MessageCallback": {"CallbackURL": "http://callbacks.example.com/", "CallbackType": "http"}}, True),
        ({"MessageCallback": json.dumps({"CallbackURL": "http://callbacks.example.com/"})}, True),
        ({"Extend": {"a": [1]}}, True),
        ({"Extend": json.dumps({"a": 1})}, True),
        ({"AccelerateConfig": {"Type": "oss", "Domain": "https://oss-accelerate.aliyuncs.com"}}, True),
        ({"MessageCallback": 5}, False),
        ({"MessageCallback": {"CallbackURL": 5}}, False),
        ({"MessageCallback": {"CallbackURL": "ftp://h/"}}, False),
        ({"MessageCallback": {"CallbackURL": "http://[h/"}}, False),
        ({"AccelerateConfig": ["oss"]}, False),
        ({"AccelerateConfig": {"Domain": 5}}, False),
        ({"Extend": "[]"}, False),
        ({"Extend": "{"}, False),
    ],
)
def test_user_data_has_its_form(client: Client, data: dict[str, Any], good: bool) -> None:
    said = client.call("CreateUploadVideo", Title="t", FileName="a.mp4", UserData=json.dumps(data))
    assert said.get("Code", "") == ("" if good else "InvalidParameter.UserData")
    if good and "AccelerateConfig" not in data:
        assert client.oss("PUT", Place.of(said), body=b"x").status == 200


def test_what_is_registered_has_bounds(client: Client) -> None:
    def register(url: str, **more: str) -> dict[str, Any]:
        return client.call("RegisterMedia", RegisterMetadatas=json.dumps([{"FileURL": url, "Title": "t"}]), **more)

    host = "outin-x.oss-cn-shanghai.aliyuncs.com/"
    assert register(host + "x" * (1024 - len(host)))["FailedFileURLs"]
    assert register(host + "x" * (1025 - len(host)))["Code"] == "LengthExceededMax"
    assert register(host + "x", UserData="{")["Code"] == "InvalidParameter.UserData"
    assert register(host + "x", UserData=json.dumps({"Extend": {"a": "x" * 512}}))["Code"] == "LengthExceededMax"


@pytest.mark.parametrize(
    ("fields", "states"),
    [
        ({}, ["UploadSucc"] * 3),
        ({"TemplateGroupId": "VOD_NO_TRANSCODE"}, ["UploadSucc"] * 3),
        ({"TemplateGroupId": "mine"}, ["UploadSucc", "Transcoding", "Normal", "Normal"]),
    ],
)
def test_a_video_moves_on_once_it_has_arrived(client: Client, fields: dict[str, str], states: list[str]) -> None:
    place = client.create(**fields)

    def ask(action: str) -> tuple[str, int]:
        ((_, said),) = (
            (name, one) for name, one in client.call(action, VideoId=place.media_id).items() if name[0] in "MV"
        )
        return said["Status"], said["Size"]

    assert [ask("GetVideoInfo"), ask("GetMezzanineInfo")] == [("Uploading", 0)] * 2
    client.oss("PUT", place, body=b"bytes")
    assert [ask("GetVideoInfo") for _ in states] == [(state, 5) for state in states]
    assert ask("GetMezzanineInfo") == ("Normal", 5)
    client.oss("DELETE", place)
    assert [ask("GetVideoInfo"), ask("GetMezzanineInfo")] == [("Uploading", 0)] * 2


def test_other_objects_of_an_upload_make_no_media(client: Client, emulator: Emulator) -> None:
    place = client.create(FileName="a.m3u8")
    beside = place.key.replace(place.key.rpartition("/")[2], "0.ts")
    assert client.oss("PUT", place, body=b"x", key=beside).status == 200
    assert emulator.media()[0]["state"] == "applied"
    client.oss("PUT", place, body=b"#EXTM3U")
    client.oss("DELETE", place, key=beside)
    (media,) = emulator.media()
    assert (media["state"], [one["key"] for one in media["objects"]]) == ("committed", [place.key])
    assert emulator.meter()["media_created"] == 1


def test_a_reset_ends_what_was_issued_and_leaves_the_settings(client: Client, emulator: Emulator) -> None:
    caller = {"access_key": "STS.caller", "secret": "s3", "token": "t0"}
    emulator.settings(callers=[caller], token_lifetime=100.0)
    reference = {"Title": "t", "FileName": "a.mp4", "ReferenceId": "my-video"}
    place = Place.of(client.call("CreateUploadVideo", **reference))
    client.call("UploadMediaByURL", UploadURLs="https%3A//example.com/a.mp4", SessionId="mark")
    sent = sign_acs3("GetVideoInfo", {"VideoId": place.media_id}, client.keys)
    assert "Video" in json.loads(client.send(sent).body)
    emulator.reset()
    assert b"InvalidAccessKeyId" in client.oss("PUT", place, body=b"x").body
    assert client.call("GetVideoInfo", VideoId=place.media_id)["Code"] == "InvalidVideo.NotFound"
    assert json.loads(client.send(sent).body)["Code"] == "InvalidVideo.NotFound", "its nonce is forgotten"
    assert "Code" not in client.call("CreateUploadVideo", **reference)
    assert "Code" not in client.call("UploadMediaByURL", UploadURLs="https%3A//example.com/a.mp4", SessionId="mark")
    client.keys = Keys("STS.caller", "s3", "t0")
    assert "Code" not in client.call("CreateUploadVideo", Title="t", FileName="a.mp4")


def test_what_was_issued_outlives_a_change_of_settings(client: Client, emulator: Emulator) -> None:
    place = client.create()
    emulator.settings(latency=0.0)
    emulator.settings(callers=[{"access_key": "STS.caller", "secret": "s3", "token": "t0"}])
    assert client.oss("PUT", place, body=b"x").status == 200


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Forbidden.InitFailed", 403),
        ("OperationDenied", 403),
        ("OperationDenied.Suspended", 403),
        ("AccessDenied", 400),
        ("ServiceUnAvailable", 503),
        ("AddVideoFailed", 503),
        ("InvalidTemplateGroupId.NotFound", 404),
    ],
)
def test_a_code_has_the_status_the_service_gives_it(client: Client, emulator: Emulator, code: str, status: int) -> None:
    emulator.set_faults([{"action": "error", "code": code, "match": {"operation": "CreateUploadVideo"}}])
    answer = client.send(sign_acs3("CreateUploadVideo", {"Title": "t", "FileName": "a.mp4"}, client.keys))
    assert (answer.status, json.loads(answer.body)["Code"]) == (status, code)


def test_an_object_is_registered_once(client: Client, emulator: Emulator) -> None:
    """One that an upload made is that upload's media; others become media of their own."""
    made = client.create()
    client.oss("PUT", made, body=b"uploaded")
    owner = Place(made.media_id, made.bucket, "library/a b.mp4", client.keys, made.host)
    client.oss("PUT", owner, body=b"was there")
    beside = Place(made.media_id, made.bucket, f"{made.key}.bak", client.keys, made.host)
    client.oss("PUT", beside, body=b"beside it")

    def register(*keys: str) -> tuple[list[tuple[str, bool]], list[str]]:
        entries = [{"FileURL": f"https://{made.host}/{key}", "Title": "old"} for key in keys]
        said = client.call("RegisterMedia", RegisterMetadatas=json.dumps(entries))
        done = [(one["MediaId"], one["NewRegister"]) for one in said["RegisteredMediaList"]]
        return done, said["FailedFileURLs"]

    (first, again), failed = register(made.key, "library/a%20b.mp4")
    assert (first, again[1], failed) == ((made.media_id, False), True, [])
    assert register("library/a%20b.mp4") == ([(again[0], False)], [])
    assert register("library/none.mp4") == ([], [f"https://{made.host}/library/none.mp4"])
    ((third, new),) = register(f"{made.key}.bak")[0]
    assert new
    assert len({made.media_id, again[0], third}) == 3
    elsewhere = json.dumps([{"FileURL": f"outin-x.oss-cn-shanghai.aliyuncs.com/{made.key}", "Title": "t"}])
    assert client.call("RegisterMedia", RegisterMetadatas=elsewhere)["RegisteredMediaList"] == []
    video = client.call("GetVideoInfo", VideoId=again[0])["Video"]
    assert (video["Title"], video["Status"], video["Size"]) == ("old", "UploadSucc", 9)
    assert [media["state"] for media in emulator.media()] == ["committed"] * 3
    assert emulator.meter()["media_created"] == 3


def test_a_pull_that_waits_can_be_cancelled(client: Client, emulator: Emulator) -> None:
    urls = ["https%3A//example.com/a.mp4", "https%3A//example.com/b.mp4"]
    jobs = [client.call("UploadMediaByURL", UploadURLs=url)["UploadJobs"][0]["JobId"] for url in urls]
    for _ in range(2):
        infos(client, jobs[0])
    said = client.call("CancelUrlUploadJobs", JobIds=f"{jobs[0]},{jobs[1]},none")
    assert (said["CanceledJobs"], said["NonExists"]) == ([jobs[1]], ["none"]), "what is under way goes on"
    assert client.call("GetURLUploadInfos", JobIds=jobs[1])["NonExists"] == [jobs[1]]
    assert [infos(client, jobs[0])["Status"], len(emulator.media())] == ["SUCCESS", 1]
