"""What is published: the sdist of this tree, the wheel built from it, and an upload with the installed copy."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "vodfast").rglob("*")
    if path.suffix in (".py", ".pyi") or path.name == "py.typed"
)


def ran(*command: str | Path, cwd: Path, **environment: str) -> str:
    """stdout of a command that succeeds, far from this tree."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VODFAST"))}
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=clean | environment, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made from a copy of the tree, in-place builds and caches of bytecode included."""
    place = tmp_path_factory.mktemp("sdist")
    shutil.copytree(ROOT, place / "tree", ignore=shutil.ignore_patterns(".*", "build", "dist", "*.egg-info"))
    ran(
        sys.executable, "-c", "from setuptools.build_meta import build_sdist; build_sdist('..')", cwd=place / "tree"
    )  # fmt: skip
    (made,) = place.glob("*.tar.gz")
    return made


@pytest.fixture(scope="module")
def said(sdist: Path) -> Message:
    """The metadata, which a wheel repeats."""
    with tarfile.open(sdist) as archive:
        file = archive.extractfile(f"{sdist.name.removesuffix('.tar.gz')}/PKG-INFO")
        assert file is not None
        return message_from_string(file.read().decode())


def test_the_sdist_holds_every_source_and_nothing_else(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        files = {member.name.partition("/")[2] for member in archive if member.isfile()}
    made = {name for name in files if name.startswith("vodfast.egg-info/")} | {"PKG-INFO", "setup.cfg"}
    native = {f"src/{path.name}" for path in (ROOT / "src").iterdir()}
    assert "src/_native.pyx" in native
    assert "vodfast/py.typed" in PACKAGE
    assert files - made == {*PACKAGE, *native, "pyproject.toml", "setup.py", "README.md", "LICENSE"}


def test_the_metadata_name_the_extras_and_the_license(said: Message) -> None:
    assert said.get_all("Provides-Extra") == ["cli", "tls-emulator"]
    extras = [line for line in said.get_all("Requires-Dist", []) if "extra ==" in line]
    assert [line.partition(">")[0] for line in extras] == ["rich", "trustme"]
    assert (said["License-Expression"], said.get_all("License-File")) == ("Apache-2.0", ["LICENSE"])
    assert said["Requires-Python"] == ">=3.11"


def test_a_wheel_built_from_the_sdist_uploads_from_anywhere(sdist: Path, tmp_path: Path, vodfast_emulator: Any) -> None:
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")
    alone = ("--no-index", "--no-deps", "--no-cache-dir")
    ran(*pip, "wheel", *alone, "--no-build-isolation", "--wheel-dir", tmp_path, sdist, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
    native = f"vodfast/_native{sysconfig.get_config_var('EXT_SUFFIX')}"
    assert files == {*PACKAGE, native}

    ran(sys.executable, "-m", "venv", "--without-pip", "fresh", cwd=tmp_path)
    programs = tmp_path / "fresh" / "bin"
    ran(*pip, "--python", programs / "python", "install", *alone, "--no-compile", wheel, cwd=tmp_path)
    (libraries,) = (tmp_path / "fresh").glob("lib/python*/site-packages")
    # What it depends on is borrowed from the tests' own environment, after the copy, which so comes first.
    (libraries / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    place = ran(programs / "python", "-c", "import vodfast._native; print(vodfast._native.__file__)", cwd=tmp_path)
    assert Path(place.strip()) == libraries / native

    clip = tmp_path / "clip.mp4"
    clip.write_bytes(os.urandom(100_000))
    route = {"VODFAST_EMULATOR": vodfast_emulator.endpoint, "VODFAST_STATE_DIR": str(tmp_path / "state")}
    ran(programs / "vodfast", "upload", "clip.mp4", "--to", "tencent", cwd=tmp_path, **route)
    (media,) = vodfast_emulator.media()
    assert media["state"] == "committed"
    assert media["objects"][0]["sha256"] == hashlib.sha256(clip.read_bytes()).hexdigest()
