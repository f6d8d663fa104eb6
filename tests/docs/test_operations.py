"""The README's operations are true: every cell runs against the emulator, every test it names exists."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from tests.conftest import content
from tests.docs.named_tests import ROOT, exists
from vodfast import Client, Credentials, ErrorKind, PullItem, RegisterItem, TransferConfig, UploadItem, VodfastError
from vodfast.cli import main
from vodfast.config import MIB
from vodfast.providers import aliyun, netease, provider_names, tencent, volcengine

README = ROOT / "README.md"
SECTION = "## Every operation of the vendors' SDK pages\n"

_CODE = re.compile(r"`([^`]+)`")
_TO = re.compile(r"export VODFAST_TO=([^`.]+)`")

CLIENTS = (
    "Client(",
    "client.",
    "[client.",
    "list(client.",
    "[(",
    "[info",
    "[job",
    "[ticket",
    "[getattr(client.",
    "[Error",
    "[Client(",
)
FILES = ("clip.mp4", "photo.mp4", "cover.png", "photo.jpg", "logo.gif", "words.vtt", "letters.ttf")


class Row(NamedTuple):
    """One row of the tables, and where its block goes to."""

    to: str
    what: str
    python: str
    shell: str
    test: str


def rows() -> list[Row]:
    found, to = [], "netease"
    for line in README.read_text().partition(SECTION)[2].partition("\n## ")[0].splitlines():
        if match := _TO.search(line):
            to = match[1]
        elif line.startswith("| ") and not line.startswith(("| on the vendor's page", "| what |")):
            what, python, shell, test = (cell.strip() for cell in line.strip("| ").split(" | "))
            found.append(Row(to, what, python, shell, test))
    return found


ROWS = rows()
IDS = [f"{row.to.partition(':')[0]}-{number}" for number, row in enumerate(ROWS)]


def test_every_cloud_has_its_block() -> None:
    assert {row.to.partition(":")[0] for row in ROWS} == set(provider_names())
    assert len(ROWS) >= 95


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_the_named_test_exists(row: Row) -> None:
    assert exists(row.test), row


def begun(emulator: Any) -> netease.Checkpoint:
    """Where an upload stands that broke off after its first chunk."""
    checkpoint = netease.Checkpoint()
    emulator.set_faults([{"match": {"operation": "chunk", "part_number": 2}, "action": "status", "code": 503}])
    config = TransferConfig(part_size=MIB, attempts=1, resume=False)
    with Client("netease", config=config) as client, pytest.raises(VodfastError):
        client.upload(content(MIB + 1), name="a.mp4", options=netease.UploadOptions(checkpoint=checkpoint))
    emulator.set_faults([])
    return checkpoint


@pytest.fixture
def names(
    request: pytest.FixtureRequest,
    vodfast_emulator: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[dict[str, Any]]:
    """What the cells of a row may use, in a folder with the files the section speaks of."""
    row: Row = request.getfixturevalue("row")
    cloud, _, place = row.to.partition(":")
    monkeypatch.setenv("VODFAST_EMULATOR", vodfast_emulator.endpoint)
    monkeypatch.setenv("VODFAST_TO", row.to)
    monkeypatch.setenv("VODFAST_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr("vodfast.waiting.FIRST_PAUSE", 0.01)
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(FILES):
        Path(name).write_bytes(content(1000 + number))
    Path("urls.jsonl").write_text('{"url": "https://example.com/a.mp4", "title": "A"}\nhttps://example.com/b.mp4\n')
    for package in ("hls", "dash"):
        shutil.copytree(ROOT / "tests" / "media" / package, package)
    own = f"vodfast-emulator-{cloud}"
    caller = {"access_key": own, "secret": f"{own}-secret"}
    given: dict[str, Any] = {"SOURCE": "https://example.com/a.mp4", "OTHER": "https://example.com/b.mp4"}
    given |= {"ID": own, "KEY": f"{own}-secret", "TOKEN": None, "CALLBACK": "http://127.0.0.1:9/cb"}
    if "TOKEN" in row.python:
        caller = {"access_key": f"{own}-temporary", "secret": "s", "token": "t"}
        vodfast_emulator.settings(callers=[caller])
        given |= {"ID": caller["access_key"], "KEY": "s", "TOKEN": "t"}
    with Client(cloud, place=place or None) as client:
        cells = row.python + row.shell
        if "JOB" in cells or "jobs $SOURCE" in cells:
            given["JOB"] = client.pull([given["SOURCE"]])[0].job_id
        if "MEDIA" in cells or "OBJECT" in cells:
            done = client.upload("clip.mp4")
            given |= {"MEDIA": done.media_id, "OBJECT": done.query_id}
        if "STORED" in cells:
            given["STORED"] = str(client.upload("cover.png", kind="image").url).partition("://")[2]
        if "CHECKPOINT" in cells:
            given["CHECKPOINT"] = begun(vodfast_emulator)
        modules = {"aliyun": aliyun, "netease": netease, "tencent": tencent, "volcengine": volcengine}
        words = (Client, Credentials, ErrorKind, PullItem, RegisterItem, TransferConfig, UploadItem)
        yield given | modules | {word.__name__: word for word in words} | {"client": client}


@pytest.mark.parametrize("row", [row for row in ROWS if "`" in row.python])
def test_the_python_cell_runs(row: Row, names: dict[str, Any]) -> None:
    (code,) = _CODE.findall(row.python)
    assert code.startswith(CLIENTS), "a cell is an expression that asks a client"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # a single expression closes no client it makes
        outcome = eval(compile(code, "README.md", "eval"), names)  # our own page
    if isinstance(outcome, Client):
        with outcome:
            assert outcome.upload("clip.mp4").state == "done"
    assert outcome is not None or "set_callback" in code


@pytest.mark.parametrize("row", [row for row in ROWS if row.shell.startswith("`vodfast ")])
def test_the_shell_cell_runs(
    row: Row, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    command = _CODE.findall(row.shell)[0]
    for name in sorted(names, key=len, reverse=True):
        command = command.replace(f"${name}", str(names[name]))
    words = [str(README) if word == "FILE" else word for word in shlex.split(command)]
    monkeypatch.setenv("VODFAST_CALLBACK_SECRET", "key1")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"piece by piece"), isatty=lambda: False))
    code = main(words[1:])
    out, err = capfd.readouterr()
    assert code == (1 if "verify" in words else 0), (out, err)
