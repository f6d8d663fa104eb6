"""Bad input and refused credentials: one clear line, the right kind of error, nothing left behind in the emulator."""

from __future__ import annotations

import dataclasses
import os
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vodfast import (
    AuthError,
    Client,
    ConfigError,
    Credentials,
    ErrorKind,
    InvalidInput,
    TransferConfig,
    Unsupported,
    VodfastError,
    parse_route,
)
from vodfast.credentials import emulator_credentials
from vodfast.providers.tencent import UploadOptions

KEY = "vodfast-emulator-tencent"


@dataclasses.dataclass(frozen=True)
class Refusal:
    """What the caller did, what must be raised, and words the message must hold."""

    fields: dict[str, Any]
    error: type[VodfastError]
    words: str


def options(**fields: Any) -> dict[str, Any]:
    return {"options": UploadOptions(**fields)}


REFUSALS = {
    "no extension": Refusal({"name": "clip"}, InvalidInput, "type"),
    "unsupported type": Refusal({"name": "clip.exe"}, InvalidInput, "exe"),
    "unsupported cover": Refusal({"cover": b"x", "cover_name": "c.exe"}, InvalidInput, "cover"),
    "empty cover": Refusal({"cover": b"", "cover_name": "c.png"}, InvalidInput, "cover"),
    "expire time": Refusal(options(expire_time="tomorrow"), InvalidInput, "expire_time"),
    "expire date": Refusal(options(expire_time="2030-02-30T00:00:00Z"), InvalidInput, "expire_time"),
    "context too long": Refusal({"context": "x" * 251}, InvalidInput, "250"),
    "session context too long": Refusal(options(session_context="x" * 1001), InvalidInput, "1000"),
    "storage path": Refusal(options(media_storage_path="no/slash"), InvalidInput, "media_storage_path"),
    "storage path up": Refusal(options(media_storage_path="/a/../b"), InvalidInput, "media_storage_path"),
    "no concurrency": Refusal(options(part_concurrency=0), InvalidInput, "part_concurrency"),
    "category": Refusal({"category": "news"}, InvalidInput, "category"),
    "contradiction": Refusal({"category": "1", **options(class_id=2)}, InvalidInput, "class_id"),
    "description": Refusal({"description": "no place for it"}, Unsupported, "description"),
    "tags": Refusal({"tags": ("a",)}, Unsupported, "tags"),
    "storage class": Refusal({"storage_class": "ARCHIVE"}, Unsupported, "storage"),
    "kind": Refusal({"kind": "subtitle"}, Unsupported, "subtitle"),
    "title with a line break": Refusal({"title": "a\r\nX-Evil: 1"}, InvalidInput, "title"),
    "title with NUL": Refusal({"title": "a\0b"}, InvalidInput, "title"),
    "lone surrogate": Refusal({"title": "\ud800"}, InvalidInput, "title"),
    "name with a line break": Refusal({"name": "a\nb.mp4"}, InvalidInput, "name"),
    "context with a line break": Refusal({"context": "a\r\nb"}, InvalidInput, "context"),
    "procedure with a line break": Refusal(options(procedure="a\nb"), InvalidInput, "procedure"),
    "region with a line break": Refusal(options(storage_region="ap\r\n"), InvalidInput, "storage_region"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
def test_refused_before_anything_is_sent(vodfast_emulator: Any, client: Client, refusal: Refusal) -> None:
    with pytest.raises(refusal.error) as caught:
        client.upload(b"media", **{"name": "clip.mp4", **refusal.fields})
    assert refusal.words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert vodfast_emulator.history() == []


def test_missing_directory_and_unreadable_files(vodfast_emulator: Any, client: Client, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file") as missing:
        client.upload(tmp_path / "missing.mp4")
    assert str(tmp_path / "missing.mp4") in str(missing.value)
    with pytest.raises(InvalidInput, match="directory"):
        client.upload(tmp_path)
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"x")
    secret.chmod(0)
    if os.geteuid() != 0:
        with pytest.raises(InvalidInput, match="permission"):
            client.upload(secret)
    loop = tmp_path / "loop.mp4"
    loop.symlink_to(loop)
    with pytest.raises(InvalidInput, match="symbolic links"):
        client.upload(loop)
    assert stat.S_ISLNK(loop.lstat().st_mode)
    assert vodfast_emulator.history() == []


def with_keys(config: TransferConfig, credentials: Credentials, **more: Any) -> Client:
    return Client("tencent", config=config, credentials=credentials, allow_foreign_keys=True, **more)


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        (Credentials.of("vodfast-emulator-nobody", f"{KEY}-secret"), "AuthFailure.SecretIdNotFound"),
        (Credentials.of(KEY, "wrong"), "AuthFailure.SignatureFailure"),
    ],
    ids=["wrong key", "wrong secret"],
)
def test_refused_credentials(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], credentials: Credentials, code: str
) -> None:
    with with_keys(config_for(), credentials) as client, pytest.raises(AuthError) as caught:
        client.upload(b"media", name="clip.mp4")
    assert caught.value.code == code
    assert caught.value.request_id
    assert caught.value.attempts == 1
    assert vodfast_emulator.media() == []


def test_an_expired_caller_token_is_refused(vodfast_emulator: Any, config_for: Callable[..., TransferConfig]) -> None:
    caller = {"access_key": "vodfast-emulator-sts", "secret": "s", "token": "t", "expires_at": time.time() - 10}
    vodfast_emulator.settings(callers=[caller])
    keys = Credentials.of("vodfast-emulator-sts", "s", "t")
    with with_keys(config_for(), keys) as client, pytest.raises(AuthError) as caught:
        client.upload(b"media", name="clip.mp4")
    assert caught.value.code == "AuthFailure.TokenFailure"
    assert vodfast_emulator.media() == []


def test_a_credentials_function_is_asked_again_when_its_token_has_expired(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig]
) -> None:
    callers = [
        {"access_key": "vodfast-emulator-old", "secret": "s", "token": "t", "expires_at": time.time() - 10},
        {"access_key": "vodfast-emulator-new", "secret": "s", "token": "t", "expires_at": time.time() + 600},
    ]
    vodfast_emulator.settings(callers=callers)
    asked = []

    def fresh() -> Credentials:
        asked.append(1)
        return Credentials.of("vodfast-emulator-old" if len(asked) == 1 else "vodfast-emulator-new", "s", "t")

    with Client("tencent", config=config_for(), credentials=fresh) as client:
        assert client.upload(b"media", name="clip.mp4").state == "done"
    assert len(asked) == 2


def test_temporary_credentials_carry_their_token(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig]
) -> None:
    caller = {"access_key": "vodfast-emulator-sts", "secret": "s", "token": "t/+ =", "expires_at": time.time() + 600}
    vodfast_emulator.settings(callers=[caller])
    with with_keys(config_for(), Credentials.of("vodfast-emulator-sts", "s", "t/+ =")) as client:
        assert client.upload(b"media", name="clip.mp4").state == "done"


def test_sub_application(vodfast_emulator: Any, config_for: Callable[..., TransferConfig]) -> None:
    with Client("tencent", config=config_for(), place="101") as client:
        assert client.upload(b"media", name="clip.mp4").state == "done"
    with Client("tencent", config=config_for(), place="999") as client, pytest.raises(VodfastError) as caught:
        client.upload(b"media", name="clip.mp4")
    assert caught.value.code == "InvalidParameterValue.SubAppId"
    assert len(vodfast_emulator.media()) == 1
    with pytest.raises(ConfigError, match=r"sub-application|place"):
        Client("tencent", config=config_for(), place="my app")


def test_a_certificate_nobody_vouches_for_is_refused_at_once(vodfast_emulator: Any) -> None:
    config = TransferConfig(route=parse_route(f"https://{vodfast_emulator.endpoint}"))
    with Client("tencent", config=config) as client, pytest.raises(VodfastError, match="not trusted") as caught:
        client.upload(b"media", name="clip.mp4")
    assert caught.value.kind is ErrorKind.TLS
    assert caught.value.attempts == 1
    assert vodfast_emulator.media() == []


def test_over_https_with_the_right_authority(vodfast_emulator: Any) -> None:
    config = TransferConfig(route=parse_route(f"https://{vodfast_emulator.endpoint}"), ca_bundle=vodfast_emulator.ca)
    with Client("tencent", config=config) as client:
        result = client.upload(b"media" * 100_000, name="clip.mp4")
    assert result.verified == "crc64"


def test_connection_refused_is_unavailable_and_certainly_not_done(config_for: Callable[..., TransferConfig]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{holder.getsockname()[1]}"
        config = config_for(route=parse_route(closed), attempts=2)
        with Client("tencent", config=config) as client, pytest.raises(VodfastError) as caught:
            client.upload(b"media", name="clip.mp4")
    assert caught.value.kind is ErrorKind.NETWORK
    assert (caught.value.reached, caught.value.unsettled, caught.value.attempts) == (False, False, 2)


def test_real_looking_keys_are_not_sent_to_an_emulator(config_for: Callable[..., TransferConfig]) -> None:
    with pytest.raises(ConfigError, match="not the emulator's"):
        Client("tencent", config=config_for(), credentials=Credentials.of("AKIDreal", "secret"))


def test_no_credentials_names_every_place_that_was_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in list(os.environ):
        if name.startswith(("VODFAST_", "TENCENTCLOUD_")):
            monkeypatch.delenv(name)
    with pytest.raises(ConfigError) as caught:
        Client("tencent")
    for place in ("VODFAST_TENCENT_ACCESS_KEY", "TENCENTCLOUD_SECRET_ID", "~/.tencentcloud/credentials"):
        assert place in str(caught.value)


def test_one_environment_variable_leads_everything_to_the_emulator(
    vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VODFAST_EMULATOR", vodfast_emulator.endpoint)
    with Client("tencent") as client:
        assert client.origin == "emulator"
        assert client.upload(b"media", name="clip.mp4").state == "done"
    assert emulator_credentials("tencent").access_key == KEY


@pytest.mark.parametrize("address", ["10.0.0.1:80", "127.0.0.1", "127.0.0.1:0", "ftp://127.0.0.1:1", "example.com:80"])
def test_an_emulator_is_on_loopback_only(address: str) -> None:
    with pytest.raises(ConfigError, match="emulator's address"):
        parse_route(address)


def test_unknown_cloud_and_setting() -> None:
    with pytest.raises(ConfigError, match="no cloud named"):
        Client("nowhere")
    with pytest.raises(ConfigError, match="colour"):
        Client("tencent", credentials=emulator_credentials("tencent"), settings={"colour": "red"})
