"""pull, jobs, media, token, doctor, completion, and how errors are told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from vodfast.cli import main
from vodfast.cli.catalogue import COMMANDS
from vodfast.credentials import emulator_credentials
from vodfast.emulator import Emulator
from vodfast.providers import provider_names

Run = Callable[..., Any]
Clip = Callable[..., Path]


def test_pull_gives_a_job_for_every_url_and_jobs_tells_its_end(vodfast: Run, emulator: Emulator) -> None:
    ran = vodfast("pull", "https://example.com/a.mp4", "https://example.com/b.mp4", "--title", "T", "--output", "jsonl")
    assert ran.code == 0, ran
    assert [(line["source"][-5:], line["state"]) for line in ran.lines] == [
        ("a.mp4", "accepted"),
        ("b.mp4", "accepted"),
    ]
    jobs = [line["job_id"] for line in ran.lines]
    ran = vodfast("jobs", *jobs, "--wait", "--wait-timeout", "30", "--output", "json")
    ends = json.loads(ran.out)
    assert [end["job_id"] for end in ends] == jobs
    assert {end["state"] for end in ends} <= {"done", "failed"}
    assert (ran.code == 0) is all(end["state"] == "done" for end in ends)


def test_pull_tells_refusals_and_goes_on(vodfast: Run, emulator: Emulator) -> None:
    emulator.set_faults(
        [
            {
                "action": "error",
                "match": {"operation": "PullUpload"},
                "code": "InvalidParameterValue.MediaUrl",
                "times": 1,
            }
        ]
    )
    ran = vodfast("pull", "https://example.com/a.mp4", "https://example.com/b.mp4", "--output", "json")
    first, second = json.loads(ran.out)
    assert ran.code == 1
    assert (first["state"], first["error"]["code"]) == ("failed", "InvalidParameterValue.MediaUrl")
    assert (second["state"], second["error"]) == ("accepted", None)
    assert ran.err.count("vodfast: https://example.com/a.mp4") == 1


def test_accepted_jobs_are_told_even_if_waiting_fails(vodfast: Run, emulator: Emulator) -> None:
    emulator.set_faults(
        [{"action": "error", "match": {"operation": "DescribeTaskDetail"}, "code": "InternalError", "times": 0}]
    )
    ran = vodfast("pull", "https://example.com/a.mp4", "--wait", "--output", "jsonl", "--attempts", "1")
    assert ran.code == 4, ran
    assert [line["state"] for line in ran.lines] == ["accepted"]
    assert ran.lines[0]["job_id"]


def test_pull_and_wait(vodfast: Run, emulator: Emulator) -> None:
    ran = vodfast("pull", "https://example.com/a.mp4", "--wait", "--wait-timeout", "30", "--output", "jsonl")
    [line] = ran.lines
    assert line["state"] in ("done", "failed"), ran
    assert ran.code == (0 if line["state"] == "done" else 1)


@pytest.mark.parametrize(
    "args",
    [
        ["pull", "ftp://example.com/a.mp4"],
        ["pull", "https://example.com/a.mp4\r\nX: y"],
        ["pull", "https://example.com/a.mp4", "--title", "a\nb"],
        ["pull", "https://example.com/a.mp4", "--set", "tasks_priority=11"],
        ["pull", "https://example.com/a.mp4", "--set", "colour=red"],
        ["pull", "https://example.com/a.mp4", "--wait", "--wait-timeout", "soon"],
        ["pull", "https://example.com/a.mp4", "--wait-timeout", "15m"],
        ["pull", "https://example.com/a.mp4", "--to", "netease", "--set", "colour=red"],
        ["register", "bucket/a.mp4"],
        ["register", "bucket/a.mp4", "--set", "colour=red"],
        ["jobs", "a", "--cancel"],
        ["jobs", "a", "--cancel", "--wait", "--to", "aliyun"],
        ["callback", "set"],
        ["callback", "set", "ftp://example.com"],
        ["callback", "set", "https://example.com/cb", "--set", "colour=red"],
        ["callback", "clear", "--to", "netease"],
        ["callback", "verify", "missing"],
        ["pull"],
        ["jobs"],
        ["jobs", "a\nb"],
        ["media"],
        ["token", "--lifetime", "91d"],
        ["token", "--set", "colour=red"],
        ["token", "--set", "class_id=x"],
        ["completion", "tcsh"],
        ["emulator", "--port", "70000"],
        ["nothing"],
        ["--nothing"],
    ],
    ids=lambda args: ascii(" ".join(args))[1:60],
)
def test_bad_use_is_told_in_one_line(vodfast: Run, emulator: Emulator, args: list[str]) -> None:
    ran = vodfast(*args)
    assert ran.code == 2, ran
    assert ran.err.startswith("vodfast: ")
    assert len(ran.err.splitlines()) == 1
    assert ran.out == ""
    assert emulator.history() == []


def test_media_are_described_by_id(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    assert vodfast("upload", clip("a.mp4")).code == 0
    [item] = emulator.media()
    ran = vodfast("media", item["media_id"], "--output", "jsonl")
    assert ran.code == 0, ran
    assert (ran.lines[0]["media_id"], ran.lines[0]["found"], ran.lines[0]["name"]) == (item["media_id"], True, "a")
    ran = vodfast("media", item["media_id"], "123")
    assert ran.code == 1
    assert [line.split("\t")[0] for line in ran.out.splitlines()] == [item["media_id"], "123"]
    assert "not found" in ran.out


def test_a_service_that_refuses_or_is_away(vodfast: Run, emulator: Emulator) -> None:
    for code, expected in (("AuthFailure.SignatureFailure", 3), ("InternalError", 4), ("ResourceNotFound", 1)):
        emulator.set_faults(
            [{"action": "error", "match": {"operation": "DescribeMediaInfos"}, "code": code, "times": 0}]
        )
        ran = vodfast("media", "1", "--attempts", "2")
        assert ran.code == expected, ran
        assert len(ran.err.splitlines()) == 1
        assert code in ran.err


def test_a_token_is_all_that_is_printed_and_is_signed(vodfast: Run, emulator: Emulator) -> None:
    ran = vodfast("token", "--to", "tencent:101", "--lifetime", "2h", "--set", "class_id=7", "--set", 'procedure="5"')
    assert (ran.code, ran.err) == (0, "")
    decoded = base64.b64decode(ran.out.strip(), validate=True)
    signature, original = decoded[:20], decoded[20:]
    assert signature == hmac.digest(b"vodfast-emulator-tencent-secret", original, hashlib.sha1)
    fields = {name: values[0] for name, values in parse_qs(original.decode()).items()}
    assert int(fields["expireTime"]) - int(fields["currentTimeStamp"]) == 7200
    assert (fields["classId"], fields["procedure"], fields["vodSubAppId"]) == ("7", "5", "101")


def test_doctor_finds_everything_in_order(vodfast: Run, emulator: Emulator) -> None:
    ran = vodfast("doctor", "--to", "tencent", "--output", "json")
    assert ran.code == 0, ran
    findings = {finding["name"]: finding for finding in json.loads(ran.out)}
    assert {finding["status"] for finding in findings.values()} == {"ok"}
    assert findings.keys() >= {"libcurl", "native core", "event loop", "certificate authorities", "tencent clock"}
    assert findings["tencent credentials"]["detail"] == "from emulator"


def test_the_command_goes_through_a_proxy(
    vodfast: Run, emulator: Emulator, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator is one, and the clouds behind it as well."""
    monkeypatch.delenv("VODFAST_EMULATOR")
    monkeypatch.setenv("VODFAST_PROXY", f"http://someone:sesame@{emulator.endpoint}")
    monkeypatch.setenv("VODFAST_CA_BUNDLE", emulator.ca or "")
    keys = emulator_credentials("tencent")
    monkeypatch.setenv("VODFAST_TENCENT_ACCESS_KEY", keys.access_key)
    monkeypatch.setenv("VODFAST_TENCENT_SECRET_KEY", keys.secret_key.reveal())
    ran = vodfast("doctor")
    assert (ran.code, f"proxy: everything goes through {emulator.endpoint}\n" in ran.out) == (0, True), ran
    assert "sesame" not in ran.out + ran.err
    assert vodfast("upload", clip()).code == 0
    assert [item["state"] for item in emulator.media()] == ["committed"]
    monkeypatch.setenv("VODFAST_PROXY", "sesame sesame")
    ran = vodfast("upload", clip())
    assert (ran.code, "proxy must be" in ran.err, "sesame" in ran.err) == (3, True, False)


@pytest.mark.parametrize("cloud", provider_names())
def test_doctor_asks_every_cloud(vodfast: Run, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, cloud: str) -> None:
    ran = vodfast("doctor", "--to", cloud, "--output", "jsonl")
    assert ran.code == 0, ran
    told = {line["name"]: line["status"] for line in ran.lines}
    assert {told[f"{cloud} {what}"] for what in ("credentials", "service", "clock")} == {"ok"}
    emulator.settings(clock_offset=-200)
    told = {line["name"]: line["status"] for line in vodfast("doctor", "--to", cloud, "--output", "jsonl").lines}
    assert told[f"{cloud} clock"] == "warn"
    monkeypatch.delenv("VODFAST_TO")
    assert f"{cloud} clock: the service is 200 s behind" in vodfast("doctor").out
    ran = vodfast("doctor", "--region", "somewhere")
    assert (ran.code, "say which one with --to" in ran.err) == (2, True)


def test_doctor_tells_a_wrong_clock(vodfast: Run, emulator: Emulator) -> None:
    emulator.settings(clock_offset=200)
    ran = vodfast("doctor", "--to", "tencent")
    assert ran.code == 0
    [line] = [line for line in ran.out.splitlines() if "clock" in line]
    assert line.startswith("warn")
    assert any(f"{seconds} s ahead of" in line for seconds in (199, 200, 201))
    emulator.settings(clock_offset=1e6)
    ran = vodfast("doctor", "--to", "tencent", "--attempts", "1")
    assert ran.code == 3, ran


def test_doctor_without_credentials(vodfast: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VODFAST_TO")
    ran = vodfast("doctor")
    assert ran.code == 0
    assert "warn  tencent credentials" in ran.out
    ran = vodfast("doctor", "--to", "tencent")
    assert ran.code == 3
    assert "fail  tencent credentials" in ran.out


def test_doctor_says_that_nobody_answers(vodfast: Run, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator.set_faults([{"action": "status", "code": 503, "times": 0}])
    ran = vodfast("doctor", "--to", "tencent", "--attempts", "1")
    assert (ran.code, "fail  tencent service" in ran.out) == (4, True)
    monkeypatch.delenv("VODFAST_TO")
    assert vodfast("doctor", "--attempts", "1").code == 0
    with socket.socket() as reserved:  # bound, and nobody listens
        reserved.bind(("127.0.0.1", 0))
        monkeypatch.setenv("VODFAST_EMULATOR", f"127.0.0.1:{reserved.getsockname()[1]}")
        ran = vodfast("doctor", "--attempts", "1")
        assert (ran.code, "where nothing listens: start it with vodfast emulator" in ran.out) == (4, True)
        Path("bundle.pem").write_text("no certificate")
        assert vodfast("doctor", "--attempts", "1", "--ca-bundle", "bundle.pem").code == 3


def test_doctor_finds_an_old_libcurl_and_a_bad_bundle(
    vodfast: Run, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("bundle.pem").write_text("no certificate")
    ran = vodfast("doctor", "--ca-bundle", "bundle.pem")
    assert ran.code == 3
    assert "fail  certificate authorities: bundle.pem" in ran.out
    monkeypatch.setattr("vodfast.transfer.curl.curl_version", lambda: (8, 5, 0))
    ran = vodfast("doctor")
    assert ran.code == 3
    assert "fail  libcurl: libcurl 8.5.0 is too old" in ran.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion_script(vodfast: Run, shell: str) -> None:
    ran = vodfast("completion", shell)
    assert ran.code == 0
    assert "_VODFAST_COMPLETE" in ran.out
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=ran.out.encode(), check=True)


def test_completion_without_a_shell_names_them_on_one_line(vodfast: Run) -> None:
    ran = vodfast("completion")
    assert (ran.code, "Choose from: bash, zsh, fish (see" in ran.err, ran.err.count("\n")) == (2, True, 1)


def test_candidates_for_a_shell(vodfast: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_VODFAST_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "vodfast ")
    monkeypatch.setenv("COMP_CWORD", "1")
    ran = vodfast()
    assert [line.split(",")[1] for line in ran.out.splitlines()] == list(COMMANDS)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("vodfast upload --to ", {"volcengine", "aliyun", "tencent", "netease"}),
        ("vodfast upload --to t", {"tencent"}),
        ("vodfast upload --to tencent --set cl", {"class_id="}),
        ("vodfast pull --to volcengine:demo --set head", {"headers="}),
        ("vodfast register --to aliyun --set ", {"template_group_id=", "workflow_id=", "user_data="}),
        ("vodfast register --to tencent --set ", set()),
        ("vodfast callback ", {"set", "clear", "verify"}),
    ],
)
def test_values_for_a_shell(vodfast: Run, monkeypatch: pytest.MonkeyPatch, words: str, offered: set[str]) -> None:
    monkeypatch.setenv("_VODFAST_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    assert {line.split(",")[1] for line in vodfast().out.split()} == offered


def test_every_command_loads_and_explains_itself(vodfast: Run) -> None:
    overview = vodfast("--help")
    for name, (_, text) in COMMANDS.items():
        ran = vodfast(name, "--help")
        assert ran.code == 0
        assert f"Usage: vodfast {name}" in ran.out
        assert f"  {text}" in overview.out
    assert vodfast().code == 2


def test_an_interrupt_while_the_command_is_loaded_is_told_in_a_line(
    vodfast: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Loading(ModuleType):
        def __getattr__(self, name: str) -> Any:
            raise KeyboardInterrupt if name == "run" else AttributeError(name)

    monkeypatch.setitem(sys.modules, "vodfast.cli.run", Loading("vodfast.cli.run"))
    ran = vodfast("status")
    assert (ran.code, ran.out, ran.err) == (130, "", "vodfast: interrupted\n")


def test_a_file_that_looks_like_an_option_is_told_how_to_be_named(vodfast: Run, clip: Clip) -> None:
    clip("-s.mp4")
    ran = vodfast("upload", "-s.mp4")
    assert (ran.code, ran.err) == (
        2, "vodfast: No such option '-s'. For the file write ./-s.mp4 (see vodfast upload --help)\n",
    )  # fmt: skip


def test_what_is_unexpected_is_one_line_without_debug(
    vodfast: Run, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("first\nsecond")

    monkeypatch.setattr("vodfast.cli.inputs.gather", broken)
    ran = vodfast("upload", clip("a.mp4"))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("vodfast: RuntimeError: first (run vodfast --debug")
    assert len(ran.err.splitlines()) == 1
    for args in (["--debug", "upload", "a.mp4"], ["upload", "--debug", "a.mp4"]):
        ran = vodfast(*args)
        assert ran.code == 1
        assert "Traceback" in ran.err


class Stdin(SimpleNamespace):
    """Standard input that is or is not a terminal."""


def test_stdin_needs_a_name_with_an_extension_and_is_no_terminal(
    vodfast: Run, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(buffer=io.BytesIO(b"x" * 100), isatty=lambda: False))
    for args in ([], ["--name", "live"], ["--name", "live.exe"]):
        assert vodfast("upload", "-", *args).code == 2
    assert emulator.history() == []
    assert vodfast("upload", "-", "--name", "live", "--set", "media_type=mp4").code == 0
    assert [item["name"] for item in emulator.media()] == ["live"]
    monkeypatch.setattr(sys, "stdin", Stdin(buffer=io.BytesIO(b"x" * 100), isatty=lambda: True))
    assert vodfast("upload", "-", "--name", "live.mp4").code == 2


def test_empty_stdin_and_a_list_from_stdin(
    vodfast: Run, clip: Clip, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(buffer=io.BytesIO(b""), isatty=lambda: False))
    assert vodfast("upload", "-", "--name", "live.mp4").code == 1
    clip("a.mp4")
    monkeypatch.setattr(sys, "stdin", Stdin(buffer=io.BytesIO(b"a.mp4\n"), isatty=lambda: False))
    assert vodfast("upload", "--from", "-").code == 0
    assert [item["name"] for item in emulator.media() if item["state"] == "committed"] == ["a"]


def test_main_takes_no_arguments_from_the_caller_by_accident(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capfd.readouterr().out.startswith("vodfast ")
