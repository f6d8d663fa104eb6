"""`docs/configuration.md` names every variable, every place of keys and every setting with its default."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from vodfast._native import available_crc_kernels
from vodfast.cli.upload import upload
from vodfast.config import _FROM_ENV, TransferConfig
from vodfast.providers import load_provider, provider_names

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text()


def rows(head: str) -> list[list[str]]:
    """The cells below a heading row."""
    lines = PAGE.split(f"| {head} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_variable_that_is_read_is_named() -> None:
    sources = [*(ROOT / "vodfast").rglob("*.py"), *(ROOT / "src").rglob("*.pyx"), *(ROOT / "src").rglob("*.pxi")]
    read = {
        name for path in sources for name in re.findall(r"""["'](VODFAST_[A-Z_]+|NO_COLOR)["']""", path.read_text())
    }
    named = {name for variable, _ in rows("variable | meaning") for name in code(variable)}
    assert {name for name in named if "<" not in name} == read


@pytest.mark.parametrize("cloud", provider_names())
def test_every_place_of_keys_is_named(cloud: str) -> None:
    places = load_provider(cloud, {}).credential_places
    ((_, variables, files),) = [row for row in rows("cloud | variables | files") if row[0] == cloud]
    assert code(variables) == [name for names in places.env for name in names if name]
    assert code(files) == [place[0] for place in (*places.files, *places.json_files, *places.profile_files)]
    own = {name for variable, _ in rows("variable | meaning") for name in code(variable)}
    assert "VODFAST_<CLOUD>_ACCESS_KEY" in own
    assert f"`{cloud.upper()}`" in PAGE


def test_every_setting_has_the_default_that_is_told() -> None:
    told = {
        code(field)[0]: ast.literal_eval(code(default)[0])
        for field, default, _ in rows("field | default | option or variable")
    }
    config = TransferConfig()
    assert told == {name: getattr(config, name) for name in TransferConfig.__struct_fields__}


def test_every_option_that_is_told_exists() -> None:
    told = {how for _, _, cell in rows("field | default | option or variable") for how in code(cell)}
    options = {how for how in told if how.startswith("-")}
    assert len(options) == 8
    assert options <= {name for parameter in upload.params for name in parameter.opts}
    assert told - options == {variable for variable, _ in _FROM_ENV.values()}


def test_every_checksum_kernel_of_this_machine_is_named() -> None:
    ((_, meaning),) = [row for row in rows("variable | meaning") if "KERNEL" in row[0]]
    assert set(available_crc_kernels()) <= set(code(meaning))
