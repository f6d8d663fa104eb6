"""Clients that stand-ins share: which calls share one, what the environment says, and when they are closed."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from vodfast.blocking import Client
from vodfast.compat.clients import close_all, environment_config, shared_client
from vodfast.config import TransferConfig
from vodfast.errors import AuthError, InvalidInput

pytestmark = pytest.mark.usefixtures("emulated")

KEY = "vodfast-emulator-tencent"
SECRET = f"{KEY}-secret"


def opened(key: str = KEY, **more: Any) -> Client:
    with shared_client("tencent", key, SECRET, **more) as client:
        return client


def test_the_same_keys_and_settings_share_a_client() -> None:
    first = opened()
    assert opened() is first
    others = [
        opened(token="t"),
        opened(place="101"),
        opened(settings={"region": "ap-beijing"}),
        opened(config=TransferConfig(attempts=2)),
    ]
    assert len({id(client) for client in [first, *others]}) == 5


def test_clients_nobody_uses_are_closed_and_those_in_use_are_not() -> None:
    with shared_client("tencent", KEY, SECRET, place="101") as used:
        idle = [opened(place=str(1500000101 + number)) for number in range(6)]
        for client in idle[:2]:
            with pytest.raises(InvalidInput, match="closed"):
                client.media(["1"])
        assert [info.found for info in used.media(["1"])] == [False]
    close_all()
    with pytest.raises(InvalidInput, match="closed"):
        used.media(["1"])


def test_many_threads_share_one() -> None:
    clients, start = [], threading.Barrier(8)

    def use() -> None:
        start.wait()
        with shared_client("tencent", KEY, SECRET) as client:
            clients.append(client)
            assert client.upload(b"media", name="a.mp4").state == "done"

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clients) == 8
    assert len({id(client) for client in clients}) == 1


def test_real_keys_never_reach_an_emulator_but_wrong_emulator_keys_do(vodfast_emulator: Any) -> None:
    assert opened("AKIDfromTheScript").upload(b"media", name="a.mp4").state == "done"
    with pytest.raises(AuthError, match="SecretId"):
        opened("vodfast-emulator-nobody").upload(b"media", name="a.mp4")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_opens_its_own(vodfast_emulator: Any) -> None:
    assert opened().upload(b"media", name="a.mp4").state == "done"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = int(opened().upload(b"media", name="b.mp4").state != "done")
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert opened().upload(b"media", name="c.mp4").state == "done"
    assert [item["name"] for item in vodfast_emulator.media()] == ["a", "b", "c"]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_that_is_killed_right_after_an_upload_leaves_none_that_looks_interrupted(
    vodfast_emulator: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"media")
    for _ in range(3):
        child = os.fork()
        if child == 0:
            with shared_client("tencent", KEY, SECRET) as client:
                client.upload(path, force_new=True)
            os.kill(os.getpid(), signal.SIGKILL)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert [item["state"] for item in vodfast_emulator.media()] == ["committed"] * 3


def test_the_environment_counts_as_it_does_for_the_vendors(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    assert environment_config(environ={}).trust_env
    assert environment_config(environ={}).ca_bundle is None
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        assert environment_config(environ={name: str(bundle)}).ca_bundle == str(bundle)
        assert environment_config(environ={name: str(tmp_path)}).ca_bundle is None
    own = environment_config(environ={"VODFAST_CA_BUNDLE": "/own", "REQUESTS_CA_BUNDLE": str(bundle)})
    assert own.ca_bundle == "/own"
    assert environment_config(TransferConfig(ca_bundle="/mine"), {"SSL_CERT_FILE": str(bundle)}).ca_bundle == "/mine"
    emulated = environment_config(environ={"VODFAST_EMULATOR": "127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:2"})
    assert not emulated.trust_env
