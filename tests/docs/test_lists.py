"""`docs/lists.md` names every field a list may have, and its lines are read."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from vodfast.cli.entries import Entry
from vodfast.cli.inputs import gather
from vodfast.providers.contract import PullItem, RegisterItem

PAGE = (Path(__file__).parents[2] / "docs" / "lists.md").read_text()


def named(line_start: str) -> set[str]:
    (line,) = re.findall(rf"^{re.escape(line_start)}(.*)$", PAGE, re.MULTILINE)
    return set(re.findall(r"`([a-z_]+)`", line))


@pytest.mark.parametrize(
    ("line_start", "kind"), [("Fields: ", Entry), ("| `pull` | ", PullItem), ("| `register` | ", RegisterItem)]
)
def test_every_field_of_a_line_is_named(line_start: str, kind: type[msgspec.Struct]) -> None:
    assert named(line_start) == set(kind.__struct_fields__)


def test_the_sample_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (sample,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "list").write_text(sample)
    monkeypatch.chdir(tmp_path)

    def taken(_: str) -> None:
        """Every name is taken, and nothing is noted."""

    plan = gather([], ["list"], cloud="tencent", recursive=False, refusal=taken, note=taken)
    assert [entry.source for entry in plan.entries] == ["a.mp4", "b.mp4", "c.mp4"]
    assert plan.entries[0].given() == {
        "title": "Episode 1",
        "tags": ("first", "pilot"),
        "options": {"procedure": "720p"},
    }
