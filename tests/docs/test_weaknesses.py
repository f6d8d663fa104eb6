"""`docs/weaknesses.md` names tests that exist, for every cloud."""

from __future__ import annotations

import re

import pytest

from tests.docs.named_tests import ROOT, exists

PAGE = (ROOT / "docs" / "weaknesses.md").read_text()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| the vendor's client")]


def test_every_vendor_has_its_table() -> None:
    assert re.findall(r"^## (\w+):", PAGE, re.MULTILINE) == ["Tencent", "Volcengine", "Alibaba", "NetEase"]
    assert len(ROWS) >= 95


@pytest.mark.parametrize("row", ROWS)
def test_the_named_test_exists(row: str) -> None:
    weakness, instead, test = (cell.strip() for cell in row.strip("| ").split(" | "))
    assert weakness
    assert instead
    assert exists(test), test
