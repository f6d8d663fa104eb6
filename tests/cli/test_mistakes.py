"""What users get wrong, on every cloud: one clear line, the right exit code, and nothing sent that should not be."""

from __future__ import annotations

import re
import shlex
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vodfast.emulator import Emulator
from vodfast.providers import provider_names

Run = Callable[..., Any]
Clip = Callable[..., Path]

TO = {"volcengine": "volcengine:demo"}

MISTAKES: dict[str, set[int]] = {
    "upload missing.mp4": {1},
    "upload dangling.mp4": {1},
    "upload noext": {1},
    "upload dir": {2},
    "upload '*.mkv'": {2},
    "upload ''": {2},
    "upload https://e.com/a.mp4": {2},
    "upload": {2},
    "upload a.mp4 --kind hologram": {2},
    "upload a.mp4 --kind image": {2},
    "upload words.vtt --kind image": {2},
    "upload a.mp4 --category news": {2},
    "upload a.mp4 --storage-class granite": {2},
    "upload a.mp4 --tag a,b": {2},
    "upload a.mp4 --title 'a\nb'": {2},
    "upload a.mp4 --cover a.mp4": {2},
    "upload a.mp4 --cover missing.png": {2},
    "upload a.mp4 --set colour=red": {2},
    "upload a.mp4 --set x": {2},
    "upload a.mp4 --service colour=red": {2},
    "upload a.mp4 --region 'x y'": {2},
    "upload a.mp4 --endpoint https://x/y": {2},
    "upload a.mp4 --part-size 1K": {2},
    "upload a.mp4 --bwlimit fast": {2},
    "upload a.mp4 --report a.mp4": {2},
    "upload a.mp4 --report dir": {2},
    "upload a.mp4 b.mp4 --name c.mp4": {2},
    "upload a.mp4 --wait-timeout 5": {2},
    "upload a.mp4 --titel x": {2},
    "upload --from missing": {2},
    "pull": {2},
    "pull a.mp4": {2},
    "pull ftp://e.com/a.mp4": {2},
    "pull https://e.com/a.mp4 --set colour=red": {2},
    "pull https://e.com/a.mp4 --cover-url x": {2},
    "pull --from missing": {2},
    "register": {2},
    "jobs": {2},
    "jobs ''": {2},
    "jobs nobody": {1, 2},
    "jobs nobody --cancel --wait": {2},
    "media": {2},
    "media ''": {2},
    "token --lifetime 0": {2},
    "token --set colour=red": {2},
    "callback set x": {2},
    "callback set https://e.com/cb --set colour=red": {2},
    "callback verify a.mp4": {2},
    "callback verify a.mp4 -H nonsense": {2},
    "invoke": {2},
    "invoke Nothing": {1},
    "doctor --ca-bundle missing.pem": {2},
    "uplaod a.mp4": {2},
}
"""What is typed, and the exit codes that are right."""


@pytest.fixture
def files(clip: Clip) -> None:
    for name in ("a.mp4", "b.mp4", "noext", "words.vtt", "dir/c.mp4"):
        clip(name)
    Path("dangling.mp4").symlink_to("nowhere.mp4")


@pytest.mark.parametrize("cloud", provider_names())
@pytest.mark.parametrize("typed", MISTAKES)
def test_a_mistake_is_told_in_one_line_before_anything_is_sent(
    vodfast: Run, emulator: Emulator, files: None, monkeypatch: pytest.MonkeyPatch, cloud: str, typed: str
) -> None:
    monkeypatch.setenv("VODFAST_TO", TO.get(cloud, cloud))
    ran = vodfast(*shlex.split(typed))
    assert ran.code in MISTAKES[typed], ran
    said = ran.err.splitlines()
    assert not re.search(r"Traceback|Error:|<class|None\b", ran.err), "words, no workings"
    assert all(len(line) < 900 and line.isprintable() for line in said)
    if ran.code == 2:
        assert len(said) == 1, "one line"
        assert said[0].startswith("vodfast: ")
        assert ran.out == ""
        assert emulator.history() == [], "refused before anything is sent"
    elif not typed.startswith("jobs"):
        assert said


def test_a_cloud_that_needs_a_place_says_how_to_give_it(
    vodfast: Run, emulator: Emulator, files: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VODFAST_TO", "volcengine")
    ran = vodfast("upload", "a.mp4")
    assert ran.code == 2
    assert "--to volcengine:SPACE" in ran.err
    assert emulator.history() == []


def test_a_command_that_is_nearly_one_is_told_which_was_meant(vodfast: Run) -> None:
    assert vodfast("uplaod", "a.mp4").err == (
        "vodfast: No such command 'uplaod': did you mean upload? (see vodfast --help)\n"
    )
    assert vodfast("frobnicate").err == "vodfast: No such command 'frobnicate'. (see vodfast --help)\n"


def test_an_emulator_that_is_not_there_is_told_about_in_a_line(
    vodfast: Run, files: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as reserved:  # bound, but not listening
        reserved.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{reserved.getsockname()[1]}"
        monkeypatch.setenv("VODFAST_EMULATOR", place)
        ran = vodfast("upload", "a.mp4", "--attempts", "1")
    assert (ran.code, ran.out) == (4, "")
    said = f"failed  a.mp4: no emulator answers at {place}: start one with `vodfast emulator`"
    assert ran.err.splitlines()[0] == said
