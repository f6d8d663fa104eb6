"""Every cloud: bad input and refused credentials give one clear line and the right kind of error, and leave nothing.

What only one cloud refuses stands with that cloud's tests.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import CLOUDS, Cloud
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
from vodfast.providers import provider_names
from vodfast.providers.contract import ProviderOptions

Opened = Callable[..., Any]

REFUSED: dict[str, tuple[dict[str, Any], type[VodfastError], str]] = {
    "no name": ({"name": ""}, InvalidInput, "name"),
    "no extension": ({"name": "clip"}, InvalidInput, "extension|suffix|type"),
    "a line break in the title": ({"title": "a\r\nX-Evil: 1"}, InvalidInput, "title"),
    "NUL in the title": ({"title": "a\0b"}, InvalidInput, "title"),
    "a lone surrogate": ({"title": "\ud800"}, InvalidInput, "title"),
    "a title that is no text": ({"title": 7}, InvalidInput, "title"),
    "a name that is no text": ({"name": 7}, InvalidInput, "name must be text"),
    "one text for tags": ({"tags": "news"}, InvalidInput, r"tags must be a list.*\[tag\]"),
    "a line break in the name": ({"name": "a\nb.mp4"}, InvalidInput, "name"),
    "NUL in the context": ({"context": "a\0b"}, InvalidInput, "context"),
    "a context without end": ({"context": "x" * 5000}, InvalidInput, "context"),
    "a category that is no number": ({"category": "news"}, InvalidInput, "category"),
    "an escape in the description": ({"description": "a\x1b[2J"}, VodfastError, "description"),
    "a tag with a line break": ({"tags": ("a\nb",)}, VodfastError, "tags"),
    "a film that is no picture": ({"kind": "image"}, VodfastError, "kind|image"),
    "a film that is no subtitle": ({"kind": "subtitle"}, VodfastError, "kind|subtitle"),
    "a kind nobody has": ({"kind": "hologram"}, Unsupported, "hologram"),
    "a storage class nobody has": ({"storage_class": "granite"}, VodfastError, "storage"),
    "options of no cloud": ({"options": ProviderOptions()}, InvalidInput, "options"),
}


@pytest.mark.parametrize(("fields", "error", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_before_anything_is_sent(
    vodfast_emulator: Any,
    cloud_client: Client,
    fields: dict[str, Any],
    error: type[VodfastError],
    words: str,
) -> None:
    with pytest.raises(error, match=words) as caught:
        cloud_client.upload(b"media", **{"name": "clip.mp4", **fields})
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert vodfast_emulator.history() == []


def test_options_of_another_cloud(vodfast_emulator: Any, cloud_client: Client, cloud: Cloud) -> None:
    import importlib

    for other in provider_names():
        options = importlib.import_module(f"vodfast.providers.{other}").UploadOptions()
        if other != cloud.name:
            with pytest.raises(InvalidInput, match=cloud.name):
                cloud_client.upload(b"media", name="clip.mp4", options=options)
    assert vodfast_emulator.history() == []


def test_missing_directory_and_unreadable_files(vodfast_emulator: Any, cloud_client: Client, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file") as missing:
        cloud_client.upload(tmp_path / "missing.mp4")
    assert str(tmp_path / "missing.mp4") in str(missing.value)
    with pytest.raises(InvalidInput, match="directory"):
        cloud_client.upload(tmp_path)
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"x")
    secret.chmod(0)
    if os.geteuid() != 0:
        with pytest.raises(InvalidInput, match="permission"):
            cloud_client.upload(secret)
    loop = tmp_path / "loop.mp4"
    loop.symlink_to(loop)
    with pytest.raises(InvalidInput, match="symbolic links"):
        cloud_client.upload(loop)
    assert stat.S_ISLNK(loop.lstat().st_mode)
    assert vodfast_emulator.history() == []


@pytest.mark.parametrize("which", ["key", "secret"])
def test_refused_credentials(vodfast_emulator: Any, open_client: Opened, cloud: Cloud, which: str) -> None:
    own = emulator_credentials(cloud.name)
    wrong = {
        "key": Credentials.of("vodfast-emulator-nobody", own.secret_key.reveal()),
        "secret": Credentials.of(own.access_key, "no-such-secret"),
    }[which]
    with open_client(credentials=wrong) as cloud_client, pytest.raises(AuthError) as caught:
        cloud_client.upload(b"media", name="clip.mp4")
    assert caught.value.code
    assert caught.value.request_id
    assert caught.value.attempts == 1
    assert "no-such-secret" not in str(caught.value)
    assert vodfast_emulator.media() == []


def test_an_error_of_the_callers_own_credentials_function_is_the_callers(
    vodfast_emulator: Any, open_client: Opened
) -> None:
    def broken() -> Credentials:
        raise OSError("the vault is sealed")

    with open_client(credentials=broken) as cloud_client, pytest.raises(OSError, match="vault is sealed"):
        cloud_client.upload(b"media", name="clip.mp4")
    assert vodfast_emulator.history() == []


@pytest.mark.parametrize("cloud", [cloud for cloud in CLOUDS if cloud.bad_place], ids=lambda cloud: cloud.name)
def test_a_place_the_account_does_not_have(vodfast_emulator: Any, open_client: Opened, cloud: Cloud) -> None:
    vodfast_emulator.settings(volcengine_spaces=["demo"])
    with open_client(place=cloud.bad_place) as cloud_client, pytest.raises(VodfastError) as caught:
        cloud_client.upload(b"media", name="clip.mp4")
    assert caught.value.code
    assert vodfast_emulator.media() == []


def test_a_certificate_nobody_vouches_for_is_refused_at_once(
    vodfast_emulator: Any, open_client: Opened, cloud: Cloud
) -> None:
    route = parse_route(f"https://{vodfast_emulator.endpoint}")
    with open_client(route=route) as cloud_client, pytest.raises(VodfastError, match="not trusted") as caught:
        cloud_client.upload(b"media", name="clip.mp4")
    assert (caught.value.kind, caught.value.attempts) == (ErrorKind.TLS, 1)
    assert vodfast_emulator.media() == []


def test_over_https_with_the_right_authority(
    vodfast_emulator: Any, open_client: Opened, cloud: Cloud, judge: Callable[..., None]
) -> None:
    route = parse_route(f"https://{vodfast_emulator.endpoint}")
    with open_client(route=route, ca_bundle=vodfast_emulator.ca) as cloud_client:
        judge(cloud_client.upload(b"media" * 100_000, name="clip.mp4"), b"media" * 100_000)


def test_connection_refused_is_unavailable_and_certainly_not_done(open_client: Opened) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{holder.getsockname()[1]}"
        with open_client(route=parse_route(closed), attempts=2) as cloud_client, pytest.raises(VodfastError) as caught:
            cloud_client.upload(b"media", name="clip.mp4")
    assert caught.value.kind is ErrorKind.NETWORK
    assert (caught.value.reached, caught.value.unsettled, caught.value.attempts) == (False, False, 2)


def test_real_looking_keys_are_not_sent_to_an_emulator(config_for: Callable[..., TransferConfig], cloud: Cloud) -> None:
    with pytest.raises(ConfigError, match="not the emulator's"):
        Client(cloud.name, config=config_for(), place=cloud.place, credentials=Credentials.of("AKIDreal", "secret"))


def test_nor_are_those_a_function_returns(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], cloud: Cloud
) -> None:
    keys = Credentials.of("AKIDreal", "secret")
    opened = Client(cloud.name, config=config_for(), place=cloud.place, credentials=lambda: keys)
    with opened, pytest.raises(ConfigError, match="not the emulator's"):
        opened.upload(b"media", name="clip.mp4")
    assert vodfast_emulator.history() == []


def test_no_credentials_names_every_place_that_was_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cloud: Cloud
) -> None:
    places = cloud.provider().credential_places
    monkeypatch.setenv("HOME", str(tmp_path))
    variables = [name for pair in places.env for name in pair if name]
    for name in [*os.environ]:
        if name.startswith("VODFAST_") or name in variables:
            monkeypatch.delenv(name)
    with pytest.raises(ConfigError) as caught:
        Client(cloud.name, place=cloud.place)
    wanted = [
        f"VODFAST_{cloud.name.upper()}_ACCESS_KEY",
        *(pair[0] for pair in places.env),
        *(f[0] for f in places.files),
    ]
    for place in wanted:
        assert place in str(caught.value)


def test_one_environment_variable_leads_everything_to_the_emulator(
    vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch, cloud: Cloud
) -> None:
    monkeypatch.setenv("VODFAST_EMULATOR", vodfast_emulator.endpoint)
    with Client(cloud.name, place=cloud.place) as cloud_client:
        assert cloud_client.origin == "emulator"
        assert cloud_client.upload(b"media", name="clip.mp4").state == "done"


def test_an_unknown_setting_is_told_with_the_known_ones(cloud: Cloud) -> None:
    with pytest.raises(ConfigError, match=r"colour.*endpoint") as caught:
        Client(cloud.name, credentials=emulator_credentials(cloud.name), settings={"colour": "red"})
    assert cloud.name in str(caught.value)


@pytest.mark.parametrize("address", ["10.0.0.1:80", "127.0.0.1", "127.0.0.1:0", "ftp://127.0.0.1:1", "example.com:80"])
def test_an_emulator_is_on_loopback_only(address: str) -> None:
    with pytest.raises(ConfigError, match="emulator's address"):
        parse_route(address)


def test_a_cloud_nobody_knows() -> None:
    with pytest.raises(ConfigError, match="no cloud named"):
        Client("nowhere")
