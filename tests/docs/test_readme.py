"""The README shows code and commands that run, and the pages lead to what is there."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from vodfast.cli import main
from vodfast.cli.catalogue import COMMANDS
from vodfast.credentials import emulator_credentials
from vodfast.items import UploadItem

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = PAGES[0].read_text()
COMMAND_LINES = re.findall(r"^\$ vodfast (.*)$", README, re.MULTILINE)


def samples(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files the samples speak of, in the working directory; everything goes to the emulator."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VODFAST_EMULATOR", vodfast_emulator.endpoint)
    for name in ("clip.mp4", "cover.png"):
        shutil.copy(ROOT / "tests" / "media" / name, name)
    shutil.copytree(ROOT / "tests" / "media", "library", ignore=shutil.ignore_patterns("*.sh", "*.md"))
    Path("tests").symlink_to(ROOT / "tests")
    return tmp_path


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_of_every_page_compiles(page: Path) -> None:
    for code in samples(page):
        compile(code, page.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("code", samples(PAGES[0]))
async def test_the_readmes_python_runs(code: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"piece by piece"

    names: dict[str, Any] = {"folder": folder, "stream": stream()}
    running = eval(compile(code, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)  # our own page
    if running is not None:
        await running
        assert capsys.readouterr().out.split()[1] == "done"


MIGRATING = [(page.stem, code) for page in PAGES if page.parent.name == "migrating" for code in samples(page)]
KEYS = {  # what each page calls the two keys
    "aliyun": ("access_key_id", "access_key_secret"),
    "netease": ("app_key", "app_secret"),
    "tencent": ("secret_id", "secret_key"),
    "volcengine": (),
}


@pytest.mark.parametrize(("cloud", "code"), MIGRATING, ids=[cloud for cloud, _ in MIGRATING])
def test_the_migration_pages_python_runs(
    cloud: str, code: str, folder: Path, vodfast_emulator: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in re.findall(r'"([^"/]+\.(?:mp4|png))"', code):
        shutil.copy("cover.png" if name.endswith("png") else "clip.mp4", folder / name)
    keys = emulator_credentials(cloud)
    names: dict[str, Any] = {"items": [UploadItem(source="clip.mp4")], "paths": ["clip.mp4"]}
    names |= dict(zip(KEYS[cloud], (keys.access_key, keys.secret_key.reveal())))
    exec(compile(code, f"{cloud}.md", "exec"), names)  # our own page
    committed = [media for media in vodfast_emulator.media() if media["state"] == "committed"]
    assert len(committed) == (2 if "client.upload(" in code else 0), capsys.readouterr().out


def test_the_readmes_commands_run(folder: Path, vodfast_emulator: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [shlex.split(line, comments=True) for line in COMMAND_LINES]
    assert ["emulator"] in lines
    for line in lines:
        if line != ["emulator"]:  # which serves until it is interrupted
            assert main(line) == 0, (line, capsys.readouterr().err)
    assert "nothing is left to upload" in capsys.readouterr().err, "the last one takes up what the report leaves"
    kept = {media["name"] for media in vodfast_emulator.media() if media["state"] == "committed"}
    assert {"Episode 1", "master", "manifest", "tones"} <= kept


def test_every_command_is_mentioned() -> None:
    assert {
        command for command in COMMANDS if f"vodfast {command}" not in README and f"`{command}`" not in README
    } == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text()):
        if "://" not in target:
            there = page.parent / target if target else page
            assert there.exists(), target
            assert not anchor or anchor in anchors(there), (target, anchor)


def anchors(page: Path) -> set[str]:
    """What a heading is called in a link: lower case, words joined with dashes, no punctuation."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
