"""A blocking client where gevent or eventlet has put greenlets in the place of threads."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from vodfast import Client, ConfigError
from vodfast.credentials import Credentials


def opened() -> None:
    Client("tencent", credentials=Credentials.of("id", "key")).close()


def patched(monkeypatch: pytest.MonkeyPatch, module: str, question: str, *replaced: str) -> None:
    answering: Any = SimpleNamespace(**{question: lambda name: name in replaced})
    monkeypatch.setitem(sys.modules, module, answering)


@pytest.mark.parametrize(
    ("module", "question", "replaced", "instead"),
    [
        ("gevent.monkey", "is_module_patched", "threading", r"patch_all\(thread=False, queue=False\)"),
        ("gevent.monkey", "is_module_patched", "queue", r"patch_all\(thread=False, queue=False\)"),
        ("eventlet.patcher", "is_monkey_patched", "thread", r"monkey_patch\(thread=False\)"),
    ],
)
def test_a_client_says_so_instead_of_waiting_for_ever(
    monkeypatch: pytest.MonkeyPatch, module: str, question: str, replaced: str, instead: str
) -> None:
    patched(monkeypatch, module, question, replaced)
    with pytest.raises(ConfigError, match=f"{module.partition('.')[0]} has replaced threads.*{instead}"):
        opened()


def test_other_patches_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    patched(monkeypatch, "gevent.monkey", "is_module_patched", "socket", "ssl")
    patched(monkeypatch, "eventlet.patcher", "is_monkey_patched", "socket")
    opened()
