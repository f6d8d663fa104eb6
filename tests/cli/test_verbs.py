"""The verbs beside uploads, from the shell, on every cloud that has them: judged by the emulator's history."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.listener import listening
from tests.oracle import operations
from vodfast.emulator import Emulator
from vodfast.providers import provider_names

Run = Callable[..., Any]
Clip = Callable[..., Path]

TO = {"volcengine": "volcengine:demo"}
"""Where a cloud needs a place."""


@pytest.mark.parametrize("cloud", ["volcengine", "aliyun", "tencent"])
def test_pull_wait_and_jobs(vodfast: Run, emulator: Emulator, cloud: str) -> None:
    to = TO.get(cloud, cloud)
    urls = ["https://example.com/a.mp4", "https://nowhere.invalid/b.mp4"]
    ran = vodfast("pull", *urls, "--to", to, "--wait", "--wait-timeout", "30", "--output", "jsonl")
    assert ran.code == 1, ran
    assert [(line["source"], line["state"]) for line in ran.lines] == [(urls[0], "done"), (urls[1], "failed")]
    done, failed = ran.lines
    assert done["media_id"] in {item["media_id"] for item in emulator.media() if item["state"] == "committed"}
    assert failed["error"]["message"]
    assert failed["error"]["message"] in ran.err
    ran = vodfast("jobs", done["job_id"], failed["job_id"], "nobody", "--to", to, "--output", "json")
    assert [job["state"] for job in json.loads(ran.out)] == ["done", "failed", "unknown"]
    assert ran.code == 1


def test_a_list_of_urls_has_fields_of_its_own(vodfast: Run, emulator: Emulator) -> None:
    lines = [
        "https://e.com/a.mp4",
        '{"url": "https://e.com/b.mp4", "title": "B", "options": {"tags": ["x"]}}',
        "",
        "https://e.com/a.mp4",
    ]
    Path("list").write_text("\n".join(lines))
    args = ("--from", "list", "--to", "aliyun", "--title", "Common", "--output", "jsonl")
    ran = vodfast("pull", "https://e.com/c.mp4", *args)
    assert ran.code == 0, ran
    assert [line["source"][-5:] for line in ran.lines] == ["c.mp4", "a.mp4", "b.mp4"]
    Path("list").write_text("https://e.com/a.mp4\nhttps://e.com/b.mpd\n")
    assert "https://e.com/b.mpd: aliyun" in vodfast("pull", *args[:4]).err
    told = [(item["asked"]["Title"], item["asked"].get("Tags")) for item in emulator.media()]
    assert told == [("Common", None), ("Common", None), ("B", "x")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"url": "https://e.com/a.mp4", "titel": "x"}', "list, line 1: unknown fields: titel"),
        ('{"title": "x"}', "list, line 1: it needs a url"),
        ('{"url": "https://e.com/a.mp4", "title": 7}', "list, line 1"),
        ('{"url": "https://e.com/a.mp4", "options": {"colour": 1}}', "list, line 1: options: aliyun has no option"),
        ('{"url": ', "list, line 1: not a JSON object"),
        ("ftp://e.com/a.mp4", "http or https"),
        ("", "at least one URL"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_sent(vodfast: Run, emulator: Emulator, line: str, said: str) -> None:
    Path("list").write_text(line)
    for command in ("pull", "register"):
        if command == "pull" or "ftp" not in line:
            ran = vodfast(command, "--from", "list", "--to", "aliyun")
            assert (ran.code, len(ran.err.splitlines())) == (2, 1), ran
            assert said in ran.err
    assert emulator.history() == []


@pytest.mark.parametrize(
    ("content", "said"), [(b'[{"url": "https://e.com/a.mp4"}]', "one JSON list"), ("a".encode("utf-16"), "UTF-16")]
)
def test_a_list_of_another_form_says_so(vodfast: Run, emulator: Emulator, content: bytes, said: str) -> None:
    Path("list").write_bytes(content)
    ran = vodfast("pull", "--from", "list", "--to", "aliyun")
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert said in ran.err


def test_a_line_of_json_ends_where_the_line_does(vodfast: Run, emulator: Emulator) -> None:
    """Unicode knows other ends of lines, which JSON may hold unescaped."""
    Path("list").write_text('{"url": "https://e.com/a.mp4", "title": "a\u2028b"}\n', encoding="utf-8")
    ran = vodfast("pull", "--from", "list", "--to", "aliyun")
    assert (ran.code, "title holds a line break" in ran.err) == (2, True), ran


@pytest.mark.parametrize("more", [[], ["--wait"]])
def test_the_id_of_an_accepted_job_is_told_before_the_next_is_asked_for(
    vodfast: Run, spawn: Run, emulator: Emulator, more: list[str]
) -> None:
    """Whatever becomes of the command then: nobody else knows of the job."""
    emulator.set_faults([{"action": "stall", "match": {"operation": "PullUpload", "nth": 2}, "times": 0}])
    urls = ("https://e.com/a.mp4", "https://e.com/b.mp4")
    process = spawn("pull", *urls, "--output", "jsonl", *more, env={"VODFAST_EMULATOR": emulator.endpoint})
    told = (process.stderr if more else process.stdout).readline().decode()
    assert [record["operation"] for record in emulator.history()].count("PullUpload") <= 2, "the second has no answer"
    process.kill()
    process.wait()
    assert "https://e.com/a.mp4" in told
    job = told.split()[-1] if more else json.loads(told)["job_id"]
    (known,) = vodfast("jobs", job, "--output", "jsonl").lines
    assert known["state"] != "unknown"


def slow(operation: str) -> dict[str, Any]:
    """The first answer comes when a short wait is over, however fast or slow the machine is."""
    return {"action": "delay", "seconds": 0.1, "match": {"operation": operation}}


def test_accepted_is_not_finished(vodfast: Run, emulator: Emulator) -> None:
    ran = vodfast("pull", "https://example.com/a.mp4", "--output", "jsonl")
    assert (ran.code, ran.lines[0]["state"], ran.lines[0]["media_id"]) == (0, "accepted", None)
    emulator.set_faults([slow("DescribeTaskDetail")])
    ran = vodfast("pull", "https://example.com/b.mp4", "--wait", "--wait-timeout", "0.01s", "--output", "jsonl")
    [line] = ran.lines
    assert (ran.code, line["state"]) == (1, "waiting"), ran
    assert f"vodfast jobs {line['job_id']}" in ran.err
    ran = vodfast("jobs", line["job_id"], "--wait", "--output", "jsonl")
    assert (ran.code, ran.lines[0]["state"]) == (0, "done")


def test_jobs_are_cancelled(vodfast: Run, emulator: Emulator) -> None:
    ran = vodfast("pull", "https://e.com/a.mp4", "https://e.com/b.mp4", "--to", "aliyun", "--output", "jsonl")
    first, second = (line["job_id"] for line in ran.lines)
    assert vodfast("jobs", second, "--wait", "--to", "aliyun").code == 0
    ran = vodfast("jobs", first, second, "--cancel", "--to", "aliyun", "--output", "jsonl")
    assert ran.code == 1
    assert ran.lines == [{"job_id": first, "state": "cancelled"}, {"job_id": second, "state": "not cancelled"}]
    assert operations(emulator).count("CancelUrlUploadJobs") == 1


def test_register(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    ran = vodfast("upload", clip("a.png"), "--kind", "image", "--to", "aliyun", "--output", "json")
    stored = json.loads(ran.out)[0]["url"].partition("://")[2]
    args = ("--title", "T", "--tag", "x", "--category", "7", "--set", "template_group_id=VOD_NO_TRANSCODE")
    ran = vodfast("register", stored, "bucket/none.mp4", *args, "--to", "aliyun", "--output", "jsonl")
    assert ran.code == 1, ran
    assert [(line["source"], line["state"]) for line in ran.lines] == [(stored, "done"), ("bucket/none.mp4", "failed")]
    assert ran.lines[0]["media_id"] == emulator.media()[0]["media_id"]
    assert "bucket/none.mp4: the cloud could not register it" in ran.err
    assert operations(emulator).count("RegisterMedia") == 2


def test_media_is_waited_for(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    args = ("--to", "aliyun", "--set", "template_group_id=T1")
    ran = vodfast("upload", clip("a.mp4"), *args, "--output", "jsonl")
    assert ran.results[0]["processing"] is None
    media_id = ran.results[0]["query_id"]
    ran = vodfast("media", media_id, "--to", "aliyun", "--output", "jsonl")
    assert (ran.lines[0]["state"], ran.lines[0]["vendor_state"]) == ("running", "UploadSucc")
    ran = vodfast("media", media_id, "--to", "aliyun", "--wait", "--output", "jsonl")
    assert (ran.code, ran.lines[0]["state"], ran.lines[0]["vendor_state"]) == (0, "done", "Normal")


@pytest.mark.parametrize("cloud", [cloud for cloud in provider_names() if cloud != "volcengine"])
def test_an_upload_is_waited_for(vodfast: Run, clip: Clip, emulator: Emulator, cloud: str) -> None:
    more = ("--set", "template_group_id=T1") if cloud == "aliyun" else ()
    args = ("--to", cloud, "--wait", *more, "--output", "jsonl", "--report", "r")
    ran = vodfast("upload", clip("a.mp4"), clip("b.mp4"), "missing.mp4", *args)
    assert ran.code == 1, ran
    ends = {Path(result["source"]).name: (result["state"], result["processing"]) for result in ran.results}
    assert ends == {"a.mp4": ("done", "done"), "b.mp4": ("done", "done"), "missing.mp4": ("failed", None)}
    assert len(ran.results) == 3
    lines = [json.loads(line) for line in Path("r").read_text().splitlines()]
    assert sorted(map(str, lines)) == sorted(map(str, ran.results))
    assert ran.err.count("finished  ") == 2
    assert emulator.meter()["media_created"] == 2
    asked = {"aliyun": "GetVideoInfo", "tencent": "DescribeMediaInfos", "netease": "video/query"}[cloud]
    assert asked in operations(emulator)


def test_an_upload_that_is_not_finished_in_time_is_done_and_told(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    emulator.set_faults([slow("GetVideoInfo")])
    args = ("--to", "aliyun", "--wait", "--wait-timeout", "0.01", "--set", "template_group_id=T1")
    ran = vodfast("upload", clip("a.mp4"), *args, "--output", "jsonl", "--report", "r")
    assert ran.code == 1, ran
    [result] = ran.results
    assert (result["state"], result["processing"]) == ("done", "running")
    assert f"unfinished  {result['source']}: uploaded, running in the cloud" in ran.err
    ran = vodfast("upload", "--from", "r", "--to", "aliyun")
    assert (ran.code, emulator.meter()["media_created"]) == (0, 1), "what is uploaded is not uploaded again"


def test_a_cloud_that_cannot_be_asked_is_no_failed_upload(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    fault = {"action": "error", "match": {"operation": "DescribeMediaInfos"}, "code": "InternalError", "times": 0}
    emulator.set_faults([fault])
    ran = vodfast("upload", clip("a.mp4"), "--wait", "--attempts", "1", "--output", "jsonl")
    assert (ran.code, ran.results[0]["state"], ran.results[0]["processing"]) == (1, "done", "unknown"), ran
    assert "cannot tell what the cloud has finished" in ran.err


def test_what_cannot_be_waited_for_is_refused_at_once(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    ran = vodfast("upload", clip("a.mp4"), "--to", "volcengine:demo", "--wait")
    assert (ran.code, emulator.history()) == (2, []), ran
    assert "volcengine" in ran.err
    ran = vodfast("upload", clip("a.png"), "--kind", "image", "--to", "aliyun", "--wait", "--output", "jsonl")
    assert (ran.code, ran.results[0]["processing"]) == (0, None), "an image is finished when it is stored"


@pytest.mark.parametrize("cloud", ["aliyun", "tencent", "netease"])
def test_callbacks_are_set_and_verified(
    vodfast: Run, clip: Clip, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, cloud: str
) -> None:
    monkeypatch.setenv("VODFAST_CALLBACK_SECRET", "s3cret")
    with listening() as (url, heard):
        assert vodfast("callback", "set", url, "--to", cloud).code == 0
        assert vodfast("upload", clip("a.mp4"), "--to", cloud, "--context", "ctx").code == 0
        headers, body = heard.get(timeout=120)
    Path("body").write_bytes(body)
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    own = ("--service", f"callback_url={url}") if cloud == "aliyun" else ()
    ran = vodfast("callback", "verify", "body", *given, *own, "--to", cloud)
    assert (ran.code, ran.out) == (0, "genuine\n"), ran
    monkeypatch.setenv("VODFAST_CALLBACK_SECRET", "an0ther")
    ran = vodfast("callback", "verify", "body", *given, *own, "--to", cloud)
    assert (ran.code, ran.out) == (1, "not genuine\n"), ran
    monkeypatch.delenv("VODFAST_CALLBACK_SECRET")
    assert vodfast("callback", "verify", "body", *given, *own, "--to", cloud).code == 2


def test_a_callback_is_cleared(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    with listening() as (url, heard):
        assert vodfast("callback", "set", url).code == 0
        assert vodfast("callback", "clear").code == 0
        assert vodfast("upload", clip("a.mp4")).code == 0
        assert heard.empty()
    assert operations(emulator).count("ModifyEventConfig") == 2
    for cloud in ("aliyun", "netease", "volcengine"):
        ran = vodfast("callback", "clear", "--to", cloud)
        assert (ran.code, cloud in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("to", "args", "holds"),
    [
        ("tencent:101", ["--set", "class_id=7", "--set", "one_time_valid=true"], ""),
        ("volcengine", ["--set", 'spaces=["demo"]', "--set", "max_bytes=1000"], "STS2"),
        ("aliyun", ["--lifetime", "50m", "--set", "name=a.mp4", "--set", 'user_data={"extend":{"a":1}}'], "UploadAuth"),
        ("netease", ["--set", "name=a.mp4", "--set", 'extra={"futureField":1}'], "xNosToken"),
    ],
)
def test_a_token(vodfast: Run, emulator: Emulator, to: str, args: list[str], holds: str) -> None:
    ran = vodfast("token", "--to", to, *args)
    assert (ran.code, ran.err) == (0, ""), ran
    assert len(ran.out.splitlines()) == 1
    assert holds in ran.out
