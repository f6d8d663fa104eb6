"""Official names in the workers of pytest-xdist: `python -m vodfast.compat -m pytest -n 4`.

Decides that a worker learns them before it imports a conftest, if the run itself knows them. Loaded by pytest in every
run, so nothing is imported before a worker is started.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A worker has been started and has imported nothing yet. One on another machine imports what that has."""
    from vodfast.compat.aliases import AliasFinder

    if node.gateway.spec.popen and any(isinstance(finder, AliasFinder) for finder in sys.meta_path):
        told = f"import sys; sys.path[:] = {sys.path!r}; from vodfast.compat import children; children.install()"
        node.gateway.remote_exec(told).waitclose()
