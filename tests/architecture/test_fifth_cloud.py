"""`docs/adding-a-cloud.md` is true: what a cloud adds and touches, and that a fifth one needs no more than that."""

from __future__ import annotations

import ast
import importlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from vodfast import Client, Unsupported
from vodfast.cli import main
from vodfast.credentials import CredentialPlaces
from vodfast.providers import provider_names
from vodfast.providers.tencent import PullOptions
from vodfast.providers.tencent.options import UploadOptions as TencentOptions
from vodfast.providers.tencent.protocol import TencentVod

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-cloud.md").read_text()
ADDED, TOUCHED = (
    re.findall(r"^\| `(vodfast/[^`]+)` \|", part, re.MULTILINE) for part in PAGE.split("\n## What it touches")
)
NAMES = re.compile("|".join(provider_names()), re.IGNORECASE)
STORES = [path.name for path in (ROOT / "vodfast" / "stores").iterdir() if (path / "dialect.py").exists()]


def test_the_lists_are_found() -> None:
    assert len(ADDED) >= 12
    assert TOUCHED == ["vodfast/providers/__init__.py", "vodfast/emulator/world.py", "vodfast/emulator/settings.py"]


@pytest.mark.parametrize("path", ADDED)
def test_every_cloud_and_store_has_the_files_the_page_lists(path: str) -> None:
    for name in STORES if "<store>" in path else provider_names():
        assert (ROOT / path.replace("<cloud>", name).replace("<store>", name)).is_file(), name


@pytest.mark.parametrize("cloud", provider_names())
def test_every_cloud_has_tests_of_its_own(cloud: str) -> None:
    assert (ROOT / "tests" / "unit" / cloud).is_dir()
    assert (ROOT / "tests" / "vectors" / f"{cloud}.json").is_file()
    assert (ROOT / "tests" / "wire" / f"test_{cloud}_vectors.py").is_file()


def elsewhere() -> Iterator[Path]:
    """Sources that belong to no cloud, store or vendor's stand-in, and are not on the list of what is touched."""
    for path in sorted((ROOT / "vodfast").rglob("*.py")):
        parts = path.relative_to(ROOT / "vodfast").parts
        own = parts[0] == "compat" or (len(parts) > 2 and parts[1] in (*provider_names(), *STORES))
        if not own and str(path.relative_to(ROOT)) not in TOUCHED:
            yield path


@pytest.mark.parametrize("path", [*elsewhere()], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_cloud_is_named_in_the_code_of_anybody_else(path: Path) -> None:
    """Comments and docstrings may give examples; code that names a cloud would have to learn of a fifth."""
    tree = ast.parse(path.read_text())
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts:
            assert not NAMES.search(node.value), (node.lineno, node.value)
        for field in ("id", "attr", "name", "module"):
            word = getattr(node, field, None)
            assert not (isinstance(word, str) and NAMES.search(word)), (getattr(node, "lineno", 0), word)


@pytest.mark.parametrize("path", [*elsewhere()], ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_asks_which_cloud_it_is(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            cloud = any(getattr(side, "attr", getattr(side, "id", "")) == "cloud" for side in sides)
            assert not (cloud and any(isinstance(side, ast.Constant) and side.value for side in sides)), node.lineno


class NimbusOptions(TencentOptions, frozen=True, kw_only=True):
    """Of the cloud below."""

    altitude: int | None = None


@dataclass(frozen=True, slots=True)
class NimbusVod(TencentVod):
    """A fifth cloud, which speaks Tencent's protocol under a name of its own."""

    @property
    def name(self) -> str:
        return "nimbus"

    @property
    def credential_places(self) -> CredentialPlaces:
        return CredentialPlaces(env=(("NIMBUS_KEY", "NIMBUS_SECRET", None),))


@pytest.fixture
def nimbus(monkeypatch: pytest.MonkeyPatch, vodfast_emulator: Any, tmp_path: Path) -> str:
    """A folder and a line: the package with its options, and its entry in the registry."""
    package = ModuleType("vodfast.providers.nimbus")
    package.__dict__.update(UploadOptions=NimbusOptions, PullOptions=PullOptions, NimbusVod=NimbusVod)
    monkeypatch.setitem(sys.modules, "vodfast.providers.nimbus", package)
    registry = importlib.import_module("vodfast.providers")._PROVIDERS
    monkeypatch.setitem(registry, "nimbus", "vodfast.providers.nimbus:NimbusVod")
    monkeypatch.setenv("VODFAST_EMULATOR", vodfast_emulator.endpoint)
    monkeypatch.setattr("vodfast.waiting.FIRST_PAUSE", 0.01)
    monkeypatch.setenv("VODFAST_NIMBUS_ACCESS_KEY", "vodfast-emulator-tencent")
    monkeypatch.setenv("VODFAST_NIMBUS_SECRET_KEY", "vodfast-emulator-tencent-secret")
    monkeypatch.chdir(tmp_path)
    Path("clip.mp4").write_bytes(b"media" * 1000)
    return "nimbus"


def test_a_fifth_cloud_from_python(nimbus: str, vodfast_emulator: Any) -> None:
    with Client(nimbus, place="101", settings={"region": "ap-beijing"}) as client:
        result = client.upload("clip.mp4", title="T", options=NimbusOptions(procedure="p"))
        assert (result.cloud, result.state) == ("nimbus", "done")
        assert client.media([str(result.query_id)])[0].found
        assert client.wait_jobs([client.pull(["https://e.com/a.mp4"])[0].job_id])[0].state == "done"
        with pytest.raises(Unsupported):
            client.register(["bucket/a.mp4"])
    (item, _) = vodfast_emulator.media()
    assert (item["media_id"], item["asked"]["Procedure"]) == (result.media_id, "p")


def test_a_fifth_cloud_from_the_shell(nimbus: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["upload", "clip.mp4", "--to", "nimbus:101", "--set", "altitude=7", "--wait", "--output", "json"]) == 0
    (result,) = json.loads(capfd.readouterr().out)
    assert (result["cloud"], result["state"], result["processing"]) == ("nimbus", "done", "done")
    assert main(["upload", "clip.mp4", "--to", "nimbus", "--set", "colour=red"]) == 2
    assert "nimbus has no option 'colour'" in (told := capfd.readouterr().err)
    assert "altitude (a number)" in told
    assert main(["upload", "clip.mp4", "--to", "nimbus", "--service", "colour=red"]) == 2
    assert "cos_domain" in capfd.readouterr().err
    assert main(["doctor", "--to", "nimbus"]) == 0
    assert "nimbus service: answers, and accepts the credentials" in capfd.readouterr().out
    assert main(["doctor"]) in (0, 3)
    assert "nimbus clock" in capfd.readouterr().out
    assert main(["upload", "clip.mp4", "--to", "elsewhere"]) == 2
    assert "nimbus" in capfd.readouterr().err
