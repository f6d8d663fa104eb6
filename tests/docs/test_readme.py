"""The README shows code that compiles, commands and options that exist, and files that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from vodfast.cli import main
from vodfast.cli.catalogue import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = PAGES[0].read_text()
COMMAND_LINES = re.findall(r"^\$ vodfast (.*)$", README, re.MULTILINE)


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_python_compiles(code: str) -> None:
    compile(code, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_commands_and_options_exist(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    command, *words = line.partition("#")[0].split()
    assert command in COMMANDS
    assert main([command, "--help"]) == 0
    explained = capsys.readouterr().out
    for option in [word for word in words if word.startswith("--")]:
        assert option in explained


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
