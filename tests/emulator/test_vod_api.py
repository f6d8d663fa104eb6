"""The VOD API: parameters, values, pulls, lookups, manifests, events."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.client import API, Client, Sent, sign_tc3
from vodfast.emulator import Emulator


@pytest.mark.parametrize(
    ("action", "fields", "code"),
    [
        ("ApplyUpload", {}, "MissingParameter"),
        ("ApplyUpload", {"MediaType": None}, "MissingParameter"),
        ("ApplyUpload", {"MediaType": "mp4", "mediaName": "x"}, "UnknownParameter"),
        ("ApplyUpload", {"MediaType": 4}, "InvalidParameter"),
        ("ApplyUpload", {"MediaType": "mp4", "SubAppId": "101"}, "InvalidParameter"),
        ("ApplyUpload", {"MediaType": "mp4", "SubAppId": True}, "InvalidParameter"),
        ("ApplyUpload", {"MediaType": "mp4", "SubAppId": 102}, "InvalidParameterValue.SubAppId"),
        ("ApplyUpload", {"MediaType": "exe"}, "InvalidParameterValue.MediaType"),
        ("ApplyUpload", {"MediaType": ""}, "InvalidParameterValue.MediaType"),
        ("ApplyUpload", {"MediaType": "MP4"}, ""),
        ("ApplyUpload", {"MediaType": "mpd"}, ""),
        ("ApplyUpload", {"MediaType": "mp4", "CoverType": "mp4"}, "InvalidParameterValue.CoverType"),
        ("ApplyUpload", {"MediaType": "mp4", "CoverType": "JPEG"}, ""),
        ("ApplyUpload", {"MediaType": "mp4", "ExpireTime": "tomorrow"}, "InvalidParameterValue.ExpireTime"),
        ("ApplyUpload", {"MediaType": "mp4", "ExpireTime": "2030-02-30T00:00:00Z"}, "InvalidParameterValue.ExpireTime"),
        ("ApplyUpload", {"MediaType": "mp4", "ExpireTime": "9999-12-31T23:59:59Z"}, ""),
        ("ApplyUpload", {"MediaType": "mp4", "MediaStoragePath": "a/b.mp4"}, "InvalidParameterValue.MediaStoragePath"),
        ("ApplyUpload", {"MediaType": "mp4", "MediaStoragePath": "/a/../b"}, "InvalidParameterValue.MediaStoragePath"),
        ("ApplyUpload", {"MediaType": "mp4", "StorageRegion": "mars"}, "InvalidParameterValue.StorageRegion"),
        ("ApplyUpload", {"MediaType": "mp4", "SourceContext": "字" * 250}, ""),
        ("ApplyUpload", {"MediaType": "mp4", "SourceContext": "字" * 251}, "InvalidParameterValue"),
        ("ApplyUpload", {"MediaType": "mp4", "SessionContext": "x" * 1001}, "InvalidParameterValue"),
        ("CommitUpload", {"VodSessionKey": "no"}, "InvalidParameterValue.VodSessionKey"),
        ("CommitUpload", {}, "MissingParameter"),
        ("DescribeMediaInfos", {"FileIds": []}, "InvalidParameterValue.FileIds"),
        ("DescribeMediaInfos", {"FileIds": "1"}, "InvalidParameter"),
        ("DescribeMediaInfos", {"FileIds": [str(n) for n in range(21)]}, "InvalidParameterValue.FileIds"),
        ("DescribeTaskDetail", {"TaskId": "none"}, "ResourceNotFound"),
        ("PullUpload", {"MediaUrl": "ftp://h/a.mp4"}, "InvalidParameterValue.MediaUrl"),
        ("PullUpload", {"MediaUrl": "http://h/a.exe"}, "InvalidParameterValue.MediaType"),
        ("PullUpload", {"MediaUrl": "http://h/a.mp4", "CoverUrl": "x"}, "InvalidParameterValue.CoverUrl"),
        ("PullUpload", {"MediaUrl": "http://h/a.mp4", "TasksPriority": 11}, "InvalidParameterValue"),
        ("PullUpload", {"MediaUrl": "http://h/a.mp4", "SessionId": "x" * 51}, "InvalidParameterValue.SessionIdTooLong"),
        (
            "PullUpload",
            {"MediaUrl": "http://h/a.mp4", "SessionContext": "x" * 1001},
            "InvalidParameterValue.SessionContextTooLong",
        ),
        ("PullUpload", {"MediaUrl": "http://h/a.mp4", "SourceContext": "x" * 251}, "InvalidParameterValue"),
        ("PullUpload", {"MediaUrl": "http://h/a.mp4", "StorageRegion": "mars"}, "InvalidParameterValue.StorageRegion"),
        ("PullUpload", {"MediaUrl": "http://h/a.mpd"}, "InvalidParameterValue.MediaType"),
        ("PullUpload", {"MediaUrl": "http://h/a.exe", "MediaType": "M3U8"}, ""),
        ("PullUpload", {"MediaUrl": "http://h/a.mp4", "TasksPriority": -10}, ""),
        ("ParseStreamingManifest", {"MediaManifestContent": "#EXTM3U", "ManifestType": "ism"}, "InvalidParameterValue"),
        ("ConfirmEvents", {"EventHandles": []}, "InvalidParameterValue"),
        ("ConfirmEvents", {"EventHandles": ["h"] * 17}, "InvalidParameterValue"),
        ("ConfirmEvents", {"EventHandles": ["h"] * 16}, ""),
        ("ModifyEventConfig", {"Mode": "SHOUT"}, "InvalidParameterValue"),
        ("ModifyEventConfig", {"SignKey": "not-letters"}, "InvalidParameterValue"),
        ("DeleteMedia", {"FileId": "1"}, "ResourceNotFound"),
    ],
)
def test_a_bad_value_has_its_own_code(
    client: Client, emulator: Emulator, action: str, fields: dict[str, Any], code: str
) -> None:
    answer = client.call(action, **fields)
    assert (answer.status, answer.code) == (200, code)
    assert emulator.history()[-1]["code"] == code
    assert emulator.history()[-1]["operation"] == action


@pytest.mark.parametrize("action", ["ApplyUpload", "PullUpload"])
def test_a_path_may_be_chosen_where_the_application_allows_it(client: Client, emulator: Emulator, action: str) -> None:
    fields = {"MediaType": "mp4", "MediaStoragePath": "/mine/a.mp4"}
    if action == "PullUpload":
        fields["MediaUrl"] = "http://h/a.mp4"
    for allowed, code, mode in ((True, "", "fileid+path"), (False, "InvalidParameterValue.MediaStoragePath", "fileid")):
        emulator.settings(storage_paths=allowed)
        assert client.call(action, **fields, SubAppId=101).code == code
        apps = client.call("DescribeSubAppIds").data["SubAppIdInfoSet"]
        assert {app["Mode"] for app in apps} == {mode}
    assert client.call(action, **fields | {"MediaStoragePath": ""}).code == ""


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'"x"', b"[" * 100_000])
def test_bodies_that_are_no_object(client: Client, body: bytes) -> None:
    assert client.send(client.api("ApplyUpload", body)).code == "InvalidParameter"


def test_the_sub_application_must_be_repeated(client: Client) -> None:
    ticket = client.apply(SubAppId=101)
    client.put(ticket, b"x")
    for other in ({}, {"SubAppId": 1500000101}):
        assert client.commit(ticket, **other).code == "InvalidParameterValue.SubAppId"
    file_id = client.commit(ticket, SubAppId=101).data["FileId"]
    assert client.call("DescribeMediaInfos", FileIds=[file_id]).data["NotExistFileIdSet"] == [file_id]
    found = client.call("DescribeMediaInfos", FileIds=[file_id, "1"], SubAppId=101, Filters=["metaData"]).data
    assert found["NotExistFileIdSet"] == ["1"]
    assert found["MediaInfoSet"] == [{"FileId": file_id, "MetaData": {"Size": 1, "Container": "mp4", "Duration": 0.0}}]
    assert client.call("DeleteMedia", FileId=file_id, SubAppId=101).code == ""
    assert client.call("DescribeMediaInfos", FileIds=[file_id], SubAppId=101).data["MediaInfoSet"] == []


def test_a_get_with_lists(client: Client) -> None:
    sent = sign_tc3("DescribeMediaInfos", b"", client.keys, method="GET", query="FileIds.0=1&FileIds.1=2+3%2B%E4%B8%AD")
    assert client.send(sent).data["NotExistFileIdSet"] == ["1", "2 3+中"]
    gap = sign_tc3("DescribeMediaInfos", b"", client.keys, method="GET", query="FileIds.0=1&FileIds.2=2")
    assert client.send(gap).code == "InvalidParameter"


def test_a_parameter_comes_once(client: Client) -> None:
    sent = sign_tc3("ApplyUpload", b"", client.keys, method="GET", query="MediaType=mp4&MediaType=avi")
    assert client.send(sent).code == "InvalidParameter"


@pytest.mark.parametrize("part", ["", ".intl", ".ap-guangzhou", ".ap-beijing-1", ".ap-shanghai-fsi"])
def test_any_regions_host_is_the_apis(client: Client, part: str) -> None:
    sent = sign_tc3("ApplyUpload", b'{"MediaType":"mp4"}', client.keys, host=f"vod{part}.tencentcloudapi.com")
    assert client.send(sent).data["VodSessionKey"]


def test_the_api_has_one_path_and_two_methods(client: Client, emulator: Emulator) -> None:
    good = client.api("ApplyUpload", b'{"MediaType":"mp4"}')
    unnamed = client.api("", b'{"MediaType":"mp4"}')
    plain = client.api("ApplyUpload", b'{"MediaType":"mp4"}', content_type="text/plain")
    for sent, code in (
        (replace(good, target="/x"), "InvalidParameter"),
        (replace(good, method="PUT"), "InvalidParameter"),
        (unnamed, "MissingParameter"),
        (unnamed.with_header("X-TC-Action", None), "MissingParameter"),
        (plain, "InvalidParameter"),
    ):
        assert client.send(sent).code == code
    assert emulator.media() == []


def test_a_task_belongs_to_its_sub_application(client: Client) -> None:
    task = client.call("PullUpload", MediaUrl="http://h/a.mp4", SubAppId=101).data["TaskId"]
    for other in ({}, {"SubAppId": 1500000101}):
        assert client.call("DescribeTaskDetail", TaskId=task, **other).code == "ResourceNotFound"
    assert client.call("DescribeTaskDetail", TaskId=task, SubAppId=101).data["Status"] == "WAITING"


def test_v1_needs_its_signature(client: Client) -> None:
    form = b"Action=DescribeSubAppIds&Version=2018-07-17"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(form))}
    assert client.send(Sent("POST", API, "/", headers, form)).code == "MissingParameter"


def states(client: Client, task: str) -> list[dict[str, Any]]:
    return [client.call("DescribeTaskDetail", TaskId=task).data for _ in range(3)]


def test_a_pull_advances_and_becomes_media(client: Client, emulator: Emulator) -> None:
    pulled = client.call("PullUpload", MediaUrl="https://example.com/a.mp4?x=1", SessionId="s", SessionContext="c").data
    assert emulator.media()[0]["state"] == "applied"
    seen = states(client, pulled["TaskId"])
    assert [state["Status"] for state in seen] == ["WAITING", "PROCESSING", "FINISH"]
    task = seen[-1]["PullUploadTask"]
    assert (task["ErrCode"], task["Progress"], task["SessionContext"]) == (0, 100, "c")
    assert emulator.media()[0]["state"] == "committed"
    assert task["FileId"] == emulator.media()[0]["media_id"]
    again = client.call("PullUpload", MediaUrl="https://example.com/a.mp4", SessionId="s")
    assert again.code == "InvalidParameterValue.SessionId"


def test_a_pull_that_fails(client: Client, emulator: Emulator) -> None:
    task = client.call("PullUpload", MediaUrl="http://nowhere.invalid/a.mp4").data["TaskId"]
    detail = states(client, task)[-1]["PullUploadTask"]
    assert (detail["Status"], detail["ErrCode"], detail["FileId"]) == ("FINISH", 60000, "")
    assert emulator.media()[0]["state"] == "applied"


def test_a_pull_takes_its_cover_along(client: Client, emulator: Emulator) -> None:
    fields = {"MediaUrl": "https://example.com/a.mp4", "CoverUrl": "https://example.com/c.png"}
    task = states(client, client.call("PullUpload", **fields).data["TaskId"])[-1]["PullUploadTask"]
    assert task["MediaBasicInfo"]["CoverUrl"].endswith("cover.png")
    (info,) = client.call("DescribeMediaInfos", FileIds=[task["FileId"]]).data["MediaInfoSet"]
    assert info["BasicInfo"]["CoverUrl"] == task["MediaBasicInfo"]["CoverUrl"]
    assert len(emulator.media()[0]["objects"]) == 2


def test_a_pull_without_its_cover_fails(client: Client, emulator: Emulator) -> None:
    fields = {"MediaUrl": "https://example.com/a.mp4", "CoverUrl": "https://no.invalid/c.png"}
    task = states(client, client.call("PullUpload", **fields).data["TaskId"])[-1]["PullUploadTask"]
    assert (task["ErrCode"], task["FileId"]) == (60000, "")
    assert emulator.media()[0]["objects"] == []


def test_a_pull_is_forgotten_after_three_days(client: Client, emulator: Emulator) -> None:
    task = client.call("PullUpload", MediaUrl="https://example.com/a.mp4").data["TaskId"]
    finished = states(client, task)[-1]["FinishTime"]
    for days, code in ((2.9, ""), (3.1, "ResourceNotFound")):
        emulator.settings(clock_offset=days * 86400)
        answer = client.send(client.api("DescribeTaskDetail", {"TaskId": task}, now=time.time() + days * 86400))
        assert answer.code == code
        assert code or answer.data["FinishTime"] == finished


def test_the_end_of_a_pull_is_an_event_of_its_own(client: Client) -> None:
    task = client.call("PullUpload", MediaUrl="https://example.com/a.mp4", SessionContext="c").data["TaskId"]
    seen = [client.call("PullEvents").data["EventSet"] for _ in range(3)]
    assert seen[:2] == [None, None]
    [event] = seen[2]
    assert (event["EventType"], event["PullCompleteEvent"]["TaskId"]) == ("PullComplete", task)
    assert event["PullCompleteEvent"]["SessionContext"] == "c"
    assert client.call("DescribeTaskDetail", TaskId=task).data["PullUploadTask"] == event["PullCompleteEvent"]


def test_deletions_are_told_if_they_are_asked_for(client: Client) -> None:
    for switch, expected in (("OFF", None), ("ON", "FileDeleted")):
        client.call("ModifyEventConfig", UploadMediaCompleteEventSwitch="OFF", DeleteMediaCompleteEventSwitch=switch)
        ticket = client.apply()
        client.put(ticket, b"x")
        file_id = client.commit(ticket).data["FileId"]
        assert client.call("DeleteMedia", FileId=file_id).code == ""
        events = client.call("PullEvents").data["EventSet"] or [None]
        assert [event and event["EventType"] for event in events] == [expected]
    assert events[0]["FileDeleteEvent"]["FileIdSet"] == [file_id]


class Receiver(http.server.BaseHTTPRequestHandler):
    """Serves `/a.mp4` and keeps what is posted."""

    posted: list[tuple[dict[str, str], Any]]
    arrived: threading.Event

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"movie")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posted.append((dict(self.headers.items()), json.loads(body)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.arrived.set()

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def receiver():
    kind = type("Fresh", (Receiver,), {"posted": [], "arrived": threading.Event()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield kind, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_loopback_pull_is_really_fetched(client: Client, emulator: Emulator, receiver) -> None:
    task = client.call("PullUpload", MediaUrl=f"{receiver[1]}/a.mp4").data["TaskId"]
    deadline = time.monotonic() + 60
    while client.call("DescribeTaskDetail", TaskId=task).data["Status"] != "FINISH":
        assert time.monotonic() < deadline
    assert emulator.media()[0]["objects"][0]["sha256"] == hashlib.sha256(b"movie").hexdigest()


def test_a_push_is_signed(client: Client, receiver) -> None:
    kind, address = receiver
    client.call("ModifyEventConfig", Mode="PUSH", NotificationUrl=f"{address}/events", SignKey="k1")
    ticket = client.apply(SourceContext="mine")
    client.put(ticket, b"x")
    file_id = client.commit(ticket).data["FileId"]
    assert kind.arrived.wait(60)
    [(headers, event)] = kind.posted
    assert headers["Sign"] == hashlib.md5(f"k1{headers['T']}".encode()).hexdigest()
    assert int(headers["T"]) == pytest.approx(time.time() + 600, abs=10)
    assert event["EventType"] == "NewFileUpload"
    assert event["FileUploadEvent"]["FileId"] == file_id
    assert event["FileUploadEvent"]["MediaBasicInfo"]["SourceInfo"]["SourceContext"] == "mine"


def test_events_are_pulled_and_confirmed(client: Client, emulator: Emulator) -> None:
    assert client.call("PullEvents").data["EventSet"] is None
    ticket = client.apply()
    client.put(ticket, b"x")
    client.commit(ticket)
    [event] = client.call("PullEvents").data["EventSet"]
    assert client.call("PullEvents").data["EventSet"] is None
    emulator.settings(clock_offset=31)
    sent = client.api("PullEvents", {}, now=time.time() + 31)
    assert client.send(sent).data["EventSet"] == [event]
    sent = client.api("ConfirmEvents", {"EventHandles": [event["EventHandle"]]}, now=time.time() + 31)
    assert client.send(sent).code == ""


@pytest.mark.parametrize(("days", "kept"), [(3.9, True), (4.1, False)])
def test_an_event_waits_four_days_to_be_pulled(client: Client, emulator: Emulator, days: float, kept: bool) -> None:
    ticket = client.apply()
    client.put(ticket, b"x")
    client.commit(ticket)
    emulator.settings(clock_offset=days * 86400)
    sent = client.api("PullEvents", {}, now=time.time() + days * 86400)
    assert bool(client.send(sent).data["EventSet"]) is kept


HLS = """#EXTM3U
#EXT-X-KEY:METHOD=AES-128,URI="k.key"
#EXT-X-MAP:URI="init.mp4"
#EXTINF:9,
seg 0.ts
#EXTINF:9,
d/1.ts
seg 0.ts
"""
MPD = """<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="PT5S"><Period><AdaptationSet>
<SegmentTemplate media="$RepresentationID$/$Number%03d$.m4s" initialization="$RepresentationID$/i.mp4" duration="2"
 timescale="1" startNumber="1"/><Representation id="v1" bandwidth="1"/></AdaptationSet></Period></MPD>"""


@pytest.mark.parametrize(
    ("kind", "text", "members"),
    [
        ("m3u8", HLS, ["k.key", "init.mp4", "seg 0.ts", "d/1.ts"]),
        ("m3u8", "\ufeff#EXTM3U\r\na.ts\r\n", ["a.ts"]),
        ("mpd", MPD, ["v1/i.mp4", "v1/001.m4s", "v1/002.m4s", "v1/003.m4s"]),
    ],
)
def test_members_of_a_manifest(client: Client, kind: str, text: str, members: list[str]) -> None:
    answer = client.call("ParseStreamingManifest", MediaManifestContent=text, ManifestType=kind)
    assert answer.data["MediaSegmentSet"] == members


@pytest.mark.parametrize("entry", ["../a.ts", "/a.ts", "http://h/a.ts", "d/../../a.ts", "data:x", "..\\a.ts"])
def test_members_outside_are_refused(client: Client, entry: str) -> None:
    answer = client.call("ParseStreamingManifest", MediaManifestContent=f"#EXTM3U\n{entry}\n")
    assert answer.code == "InvalidParameterValue.MediaManifestContent"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.ts",
        "<MPD",
        "<!DOCTYPE a><MPD/>",
        MPD.replace('duration="2"', 'duration="0"'),
        MPD.replace("PT5S", "PT9999999S"),
        MPD.replace("MPD", "MPQ"),
        MPD.replace('timescale="1"', 'timescale="0"'),
        MPD.replace('timescale="1"', 'timescale="one"'),
        MPD.replace(' mediaPresentationDuration="PT5S"', ""),
        MPD.replace('duration="2"', 'endNumber="99999999"'),
        "#EXTM3U\n" + "".join(f"{number}.ts\n" for number in range(100_001)),
    ],
)
def test_manifests_that_are_none(client: Client, text: str) -> None:
    answer = client.call(
        "ParseStreamingManifest", MediaManifestContent=text, ManifestType="mpd" if "<" in text else "m3u8"
    )
    assert answer.code == "InvalidParameterValue.MediaManifestContent"


@pytest.mark.parametrize(
    ("values", "words"),
    [({"tokens": 1}, "tokens"), ({"token_lifetime": 0}, "token_lifetime"), ({"etag": "sha"}, "etag"), ([], "object")],
)
def test_settings_that_are_none(client: Client, values: Any, words: str) -> None:
    status, answer = client.control("PUT", "settings", values)
    assert status == 400
    assert words in answer["error"]


def test_settings_over_http(client: Client) -> None:
    caller = {"access_key": "vodfast-emulator-c", "secret": "hidden-secret", "token": "hidden-token"}
    status, answer = client.control("PUT", "settings", {"sub_apps": [7], "callers": [caller]})
    assert (status, answer["sub_apps"], answer["callers"]) == (200, [7], ["vodfast-emulator-c"])
    assert "hidden" not in json.dumps(client.control("GET", "settings"))
    assert client.call("ApplyUpload", MediaType="mp4", SubAppId=7).code == ""
    assert client.control("GET", "meter")[1]["calls"] == {"tencent.ApplyUpload": 1}
