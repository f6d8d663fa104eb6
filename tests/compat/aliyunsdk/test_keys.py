"""Keys of every sort on `aliyunsdkcore`, judged by the emulator."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from tests.compat.aliyunsdk.calls import KEYS, ask, asked, create
from vodfast.compat.aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from vodfast.compat.aliyunsdkcore.auth import credentials, roles
from vodfast.compat.aliyunsdkcore.client import AcsClient


def test_keys_of_every_sort(vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("vodfast-emulator-caller", "vodfast-emulator-caller-secret", "token")
    vodfast_emulator.settings(callers=[dict(zip(("access_key", "secret", "token"), words))])
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_ID", "vodfast-emulator-nobody")
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_SECRET", "x")
    for client in (
        AcsClient(region_id="cn-shanghai", credential=credentials.StsTokenCredential(*words)),
        AcsClient(credential=credentials.AccessKeyCredential(*KEYS)),
    ):
        assert ask(client, create())["VideoId"]
    plain = AcsClient(words[0], words[1])
    assert ask(plain, create(SecurityToken=words[2]))["VideoId"], "as scripts did before there were such objects"
    renewed = credentials.StsTokenCredential(words[0], words[1], "an older one")
    client = AcsClient(credential=renewed)
    with pytest.raises(ServerException):
        ask(client, create())
    renewed.sts_token = words[2]
    assert ask(client, create())["VideoId"]
    with pytest.raises(ServerException):
        ask(AcsClient(), create())
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_ID", KEYS[0])
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_SECRET", KEYS[1])
    assert ask(AcsClient(), create())["VideoId"]
    monkeypatch.delenv("ALIYUN_ACCESS_KEY_ID")
    for refused in (
        {},
        {"credential": credentials.RsaKeyPairCredential("k", "p")},
        {"public_key_id": "k", "private_key": "p"},
    ):
        with pytest.raises(ClientException) as caught:
            AcsClient(**refused)
        assert caught.value.error_code == ("SDK.NotSupport" if refused else "SDK.InvalidCredential")
    with pytest.raises(ClientException, match=r"^SDK\.InvalidCredential Need a ak&secret pair or public_key_id"):
        AcsClient("only one of them")


ROLE = "acs:ram::1234567890:role/uploader"


def test_a_role_is_assumed_once_and_again_when_its_keys_grow_old(vodfast_emulator: Any) -> None:
    client = AcsClient(credential=credentials.RamRoleArnCredential(*KEYS, ROLE, "session"))
    for _ in range(2):
        ask(client, create())
    with time_machine.travel(time.time() + 0.9 * 3600):  # also for the emulator
        ask(client, create())
    assert [operation for operation, _ in asked(vodfast_emulator)] == [
        "AssumeRole", "CreateUploadVideo", "CreateUploadVideo", "AssumeRole", "CreateUploadVideo"
    ]  # fmt: skip
    nameless = credentials.RamRoleArnCredential(*KEYS, ROLE, "")
    assert ask(AcsClient(credential=nameless), create())["VideoId"]
    assert nameless.session_role_name.startswith("aliyun-python-sdk-")


def test_a_role_that_is_not_to_be_had(vodfast_emulator: Any) -> None:
    with pytest.raises(ServerException) as caught:
        ask(AcsClient(credential=credentials.RamRoleArnCredential(KEYS[0], "x", ROLE, "session")), create())
    assert (caught.value.error_code, caught.value.http_status) == ("SDK.GetSessionCredentialFailed", 400)
    assert "refresh session token failed, server return: " in caught.value.message
    vodfast_emulator.reset()
    with pytest.raises(ClientException) as refused:
        ask(AcsClient(credential=credentials.RamRoleArnCredential(*KEYS, "no role", "session")), create())
    assert refused.value.error_code == "SDK.InvalidParams"
    assert vodfast_emulator.history() == []


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """What the virtual machine says, by path."""
    said: dict[str, bytes] = {}

    class Metadata(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path in said else 404)
            self.end_headers()
            self.wfile.write(said.get(self.path, b""))

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setattr(roles, "METADATA", f"http://127.0.0.1:{server.server_port}/roles/")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # which is not asked
        yield said
        server.shutdown()
        thread.join()


def test_the_role_of_the_machine(
    vodfast_emulator: Any, metadata: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("vodfast-emulator-caller", "vodfast-emulator-caller-secret", "token")
    vodfast_emulator.settings(callers=[dict(zip(("access_key", "secret", "token"), words))])
    names = ("AccessKeyId", "AccessKeySecret", "SecurityToken")
    client = AcsClient(credential=credentials.EcsRamRoleCredential("uploader"))
    for text in (b"", b"[]", b'{"Code": "Success"}'):
        metadata["/roles/uploader"] = text
        with pytest.raises(ClientException) as caught:
            ask(client, create())
        assert caught.value.error_code == "SDK.HttpError"
    metadata["/roles/uploader"] = b'{"Code": "Failed"}'
    with pytest.raises(ServerException) as failed:
        ask(client, create())
    assert (failed.value.error_code, failed.value.http_status) == ("Failed", None)
    metadata["/roles/uploader"] = json.dumps({"Code": "Success", **dict(zip(names, words))}).encode()
    assert ask(client, create())["VideoId"]
    del metadata["/roles/uploader"]
    assert ask(client, create())["VideoId"], "they are kept"
    with pytest.raises(ClientException, match="role 'uploader'"):
        ask(AcsClient(credential=credentials.EcsRamRoleCredential("uploader")), create())
