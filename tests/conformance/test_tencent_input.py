"""What only Tencent Cloud VOD refuses or takes: its own fields, temporary keys, sub-applications, storage paths."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import pytest

from vodfast import (
    AuthError,
    Client,
    ConfigError,
    Credentials,
    InvalidInput,
    TransferConfig,
    Unsupported,
    VodfastError,
)
from vodfast.providers.tencent import UploadOptions


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
    "context with a bell": Refusal({"context": "a\ab"}, InvalidInput, "context"),
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


def with_keys(config: TransferConfig, credentials: Credentials, **more: Any) -> Client:
    return Client("tencent", config=config, credentials=credentials, allow_foreign_keys=True, **more)


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


def test_the_place_is_the_sub_application(vodfast_emulator: Any, config_for: Callable[..., TransferConfig]) -> None:
    with Client("tencent", config=config_for(), place="101") as client:
        assert client.upload(b"media", name="clip.mp4").state == "done"
    with Client("tencent", config=config_for(), place="999") as client, pytest.raises(VodfastError) as caught:
        client.upload(b"media", name="clip.mp4")
    assert caught.value.code == "InvalidParameterValue.SubAppId"
    assert len(vodfast_emulator.media()) == 1
    with pytest.raises(ConfigError, match=r"sub-application|place"):
        Client("tencent", config=config_for(), place="my app")


def test_a_storage_path_of_ones_own_with_a_cover(vodfast_emulator: Any, client: Client) -> None:
    from vodfast.providers.tencent import UploadOptions

    for name in ("one", "two"):
        options = UploadOptions(media_storage_path=f"/shows/{name}.mp4")
        result = client.upload(
            name.encode(), name="clip.mp4", cover=b"png", cover_name="cover.png", options=options, title=name
        )
        assert result.cover_url
    first, second = vodfast_emulator.media()
    assert {stored["key"] for stored in first["objects"]} > {"shows/one.mp4"}
    assert {stored["key"] for stored in second["objects"]} > {"shows/two.mp4"}
    assert (len(first["objects"]), len(second["objects"])) == (2, 2)
