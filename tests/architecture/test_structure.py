"""Rules of the layout that an import contract cannot express."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "vodfast").rglob("*.py"), *(ROOT / "src").iterdir(), *(ROOT / "bench").rglob("*.py")])
BANNED = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core", "shared", "stuff"}


def clouds(folder: str) -> list[Path]:
    return sorted(
        path for path in (ROOT / "vodfast" / folder).iterdir() if path.is_dir() and path.name != "__pycache__"
    )


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_one_subject(path: Path) -> None:
    assert path.stem not in BANNED
    assert len(path.read_text().splitlines()) <= 500


@pytest.mark.parametrize("path", sorted((ROOT / "vodfast").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_decides(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize(
    ("folder", "files"),
    [
        ("providers", {"__init__.py", "options.py", "protocol.py", "verbs.py", "signing.py", "faults.py", "wire.py"}),
        (
            "stores",
            {"__init__.py", "dialect.py", "faults.py"},
        ),  # and signing.py, where the store takes more than a token
    ],
)
def test_every_cloud_folder_has_the_same_files(folder: str, files: set[str]) -> None:
    assert clouds(folder)
    for cloud in clouds(folder):
        assert files <= {path.name for path in cloud.iterdir()}, cloud.name


def test_the_emulator_shares_no_native_code_with_the_client() -> None:
    for path in (ROOT / "vodfast" / "emulator").rglob("*.py"):
        assert not {name for name in imported(path) if "_native" in name}, path


def test_wire_structs_stand_in_wire_modules_only() -> None:
    for path in [*(ROOT / "vodfast" / "providers").rglob("*.py"), *(ROOT / "vodfast" / "stores").rglob("*.py")]:
        if path.name not in ("wire.py", "options.py", "contract.py"):
            tree = ast.parse(path.read_text())
            structs = [
                node.name
                for node in ast.walk(tree)
                if isinstance(node, ast.ClassDef) and any("Struct" in ast.unparse(parent) for parent in node.bases)
            ]
            assert not [name for name in structs if name.endswith(("Request", "Response"))], path


def test_the_stub_documents_every_native_name() -> None:
    from vodfast import _native

    stub = ast.parse((ROOT / "vodfast" / "_native.pyi").read_text())
    documented = {node.name for node in stub.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    public = {name for name in dir(_native) if not name.startswith("_")}
    assert public <= documented
