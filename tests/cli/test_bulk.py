"""Thousands of files with odd names: each gets one honest record, and a second run has nothing left to do."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vodfast.emulator import Emulator
from vodfast.providers import provider_names

Run = Callable[..., Any]
Clip = Callable[..., Path]

TO = {"volcengine": "volcengine:demo"}

ODD = [
    "with blank.mp4",
    " leading.mp4",
    "-dash.mp4",
    "--to.mp4",
    "two..dots.mp4",
    "UPPER.MP4",
    "quote'.mp4",
    'quote".mp4',
    "back\\slash.mp4",
    "star*.mp4",
    "[brackets].mp4",
    "what?.mp4",
    "percent%41.mp4",
    "plus+and&=.mp4",
    "hash#.mp4",
    "semi;colon:.mp4",
    "pipe|.mp4",
    "<angle>.mp4",
    "{braces}.mp4",
    "$HOME`id`.mp4",
    "~tilde.mp4",
    "=equals.mp4",
    "comma,.mp4",
    "tab\there.mp4",
    "line\nbreak.mp4",
    "影片.mp4",
    "e\u0301.mp4",
    "é.mp4",
    "🎬.mp4",
    "عربى.mp4",
    "zero\u200bwidth.mp4",
    "right\u202eleft.mp4",
    "con.mp4",
    "x" * 200 + ".mp4",
    "影" * 80 + ".mp4",
    b"latin\xe9.mp4".decode("utf-8", "surrogateescape"),
]

FOUND_BAD = {"tab\there.mp4", "line\nbreak.mp4", b"latin\xe9.mp4".decode("utf-8", "surrogateescape")}
"""Names no cloud can be sent: control characters, and bytes that are no text."""


def committed(emulator: Emulator) -> list[str]:
    return sorted(item["objects"][0]["sha256"] for item in emulator.media() if item["state"] == "committed")


def lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


@pytest.mark.parametrize("cloud", provider_names())
def test_odd_names(vodfast: Run, clip: Clip, emulator: Emulator, cloud: str) -> None:
    for number, name in enumerate(ODD):
        clip(f"library/{name}", 100 + number)
    to = TO.get(cloud, cloud)
    ran = vodfast("upload", "-r", "library", "--to", to, "--report", "r", "--output", "jsonl")
    assert "\n\n" not in ran.err
    assert not set("\x1b\t\u200b\u202e") & set(ran.err), "a name cannot command the terminal, nor hide in it"
    ends = {os.path.basename(result["source"]): result for result in ran.results}
    skipped = set(ODD) - ends.keys()
    assert ran.err.count("vodfast: skipped library/") == len(skipped)
    assert skipped <= FOUND_BAD | {name for name in ODD if set(name) & set('\\/:*?"<>|')} | {"con.mp4", " leading.mp4"}
    done = {name for name, result in ends.items() if result["state"] == "done"}
    assert {result["error"]["kind"] for result in ends.values() if result["error"]} <= {"invalid-input"}
    assert len(done) >= 24, sorted(set(ODD) - done)
    wanted = [hashlib.sha256(Path("library", name).read_bytes()).hexdigest() for name in done]
    assert committed(emulator) == sorted(wanted)
    assert sorted(line["source"] for line in lines("r")) == sorted(result["source"] for result in ran.results)
    before = emulator.meter()["media_created"]
    vodfast("upload", "--from", "r", "--to", to, "--report", "r")
    assert emulator.meter()["media_created"] == before, "what is done is not uploaded again"
    assert {line["source"] for line in lines("r")} == {result["source"] for result in ran.results}


def test_a_directory_is_searched_for_what_is_meant(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    for name in ("d/a.mp4", "d/b.TS", "d/notes.txt", "d/cover.png", "d/words.srt", "d/font.ttf", "d/Thumbs.db"):
        clip(name)
    counts = []
    for more in ([], ["--kind", "image"], ["--kind", "subtitle"], ["--kind", "material", "--category", "font"]):
        ran = vodfast("upload", "-r", "d", "--to", "volcengine:demo", "--output", "jsonl", *more)
        counts.append(sorted(os.path.basename(result["source"]) for result in ran.results))
    everything = ["Thumbs.db", "a.mp4", "b.TS", "cover.png", "font.ttf", "notes.txt", "words.srt"]
    assert counts == [["a.mp4", "b.TS"], ["cover.png"], ["words.srt"], everything]
    assert "skipped" not in ran.err
    ran = vodfast("upload", "-r", "d", "--to", "tencent")
    assert "skipped d/notes.txt: it does not look like media\n" in ran.err


def test_odd_names_as_arguments_globs_and_lists(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    names = ["with blank.mp4", "[brackets].mp4", "star*.mp4", "what?.mp4", "影片.mp4", "quote'.mp4"]
    for number, name in enumerate(names):
        clip(name, 100 + number)
    assert vodfast("upload", *names).code == 0, "a name that exists is no glob"
    assert emulator.meter()["media_created"] == 6
    emulator.reset()
    assert vodfast("upload", "*.mp4", "[[]*.mp4").code == 0
    assert emulator.meter()["media_created"] == 6, "found twice, uploaded once"
    emulator.reset()
    Path("list").write_text("".join(f"{name}\n" for name in names))
    assert vodfast("upload", "--from", "list").code == 0
    assert emulator.meter()["media_created"] == 6
    clip("-dash.mp4")
    assert vodfast("upload", "--", "-dash.mp4").code == 0
    assert vodfast("upload", "./-dash.mp4").code == 0


@pytest.mark.parametrize(
    ("cloud", "count"), [(cloud, 2000 if cloud == "tencent" else 300) for cloud in provider_names()]
)
def test_thousands_of_files(vodfast: Run, clip: Clip, emulator: Emulator, cloud: str, count: int) -> None:
    bad = 30
    for number in range(count):
        clip(f"library/{number % 17}/{number:05}.mp4", 20 + number % 50)
    names = [f"library/gone/{number}.mp4" for number in range(bad)]
    Path("list").write_text("library\n" + "".join(f"{name}\n" for name in names))
    to = TO.get(cloud, cloud)
    ran = vodfast("upload", "--from", "list", "-r", "--to", to, "--report", "r", "--quiet")
    assert ran.code == 1
    states = [line["state"] for line in lines("r")]
    assert (len(states), states.count("done"), states.count("failed")) == (count + bad, count, bad)
    assert len({line["source"] for line in lines("r")}) == count + bad
    assert emulator.meter()["media_created"] == count
    for name in names:
        clip(name, 30)
    ran = vodfast("upload", "--from", "r", "--to", to, "--report", "r", "--quiet")
    assert (ran.code, emulator.meter()["media_created"]) == (0, count + bad)
    assert [line["state"] for line in lines("r")] == ["done"] * (count + bad)
    calls = emulator.meter()["requests"]
    assert vodfast("upload", "--from", "r", "--to", to, "--report", "r", "--quiet").code == 0
    assert emulator.meter()["requests"] == calls, "finished work costs no call"
