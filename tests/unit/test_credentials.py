"""Where keys come from, in which order, and which may meet an emulator."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from vodfast import ConfigError, Credentials
from vodfast.credentials import CachedCredentials, CredentialPlaces, find_credentials, for_emulator, load_credentials
from vodfast.providers import load_provider

OWN = {"VODFAST_CLOUD_ACCESS_KEY": "own", "VODFAST_CLOUD_SECRET_KEY": "s"}
VENDOR = {"VENDOR_ID": "vendor", "VENDOR_KEY": "s", "VENDOR_TOKEN": "t"}
PLACES = CredentialPlaces(
    env=(("VENDOR_ID", "VENDOR_KEY", "VENDOR_TOKEN"),), files=(("~/.vendor/keys", "default", ("id", "key", None)),)
)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".vendor").mkdir()
    (tmp_path / ".vendor" / "keys").write_text("[default]\nid = filed\nkey = %secret%\n")
    return tmp_path


def test_own_variables_then_the_vendors_then_its_file(home: Path) -> None:
    assert find_credentials("cloud", PLACES, {**OWN, **VENDOR}).credentials.access_key == "own"
    found = find_credentials("cloud", PLACES, VENDOR)
    assert (found.credentials.access_key, found.credentials.token and found.credentials.token.reveal()) == (
        "vendor",
        "t",
    )
    found = find_credentials("cloud", PLACES, {"VENDOR_ID": "half"})
    assert found.credentials.secret_key.reveal() == "%secret%"
    assert found.origin == "file ~/.vendor/keys"


ALIBABA = load_provider("aliyun").credential_places
PROFILES = [
    {"name": "other", "mode": "AK", "access_key_id": "other", "access_key_secret": "s"},
    {"name": "mine", "mode": "StsToken", "access_key_id": "mine", "access_key_secret": "s", "sts_token": "t"},
    {"name": "old", "access_key_id": "old", "access_key_secret": "s"},
    {"name": "role", "mode": "RamRoleArn", "access_key_id": "base", "access_key_secret": "s", "ram_role_arn": "acs:x"},
]


def test_the_current_profile_of_the_vendors_command_line(home: Path) -> None:
    file = home / ".aliyun" / "config.json"
    file.parent.mkdir()

    def held(document: object) -> str | None:
        file.write_text(json.dumps(document))
        try:
            found = find_credentials("aliyun", ALIBABA, {})
        except ConfigError:
            return None
        assert found.origin == "file ~/.aliyun/config.json"
        return f"{found.credentials.access_key} {found.credentials.token and found.credentials.token.reveal()}"

    assert held({"current": "mine", "profiles": PROFILES}) == "mine t"
    assert held({"current": "other", "profiles": PROFILES}) == "other None"
    assert held({"current": "old", "profiles": PROFILES}) == "old None", "keys, whatever its mode would be called"
    assert held({"current": "role", "profiles": PROFILES}) is None, "its keys are those of somebody else"
    for document in ({"current": "none", "profiles": PROFILES}, {"current": "mine"}, {"profiles": [7]}, {}):
        assert held(document) is None
    for spoilt in (b"{", b'{"current": "\xff"}', b'{"current":' + b"[" * 100_000):
        file.write_bytes(spoilt)
        with pytest.raises(ConfigError, match=r"config\.json cannot be read"):
            find_credentials("aliyun", ALIBABA, {})
    ini = home / ".alibabacloud" / "credentials.ini"
    ini.parent.mkdir()
    ini.write_text("[default]\ntype = sts\naccess_key_id = ini\naccess_key_secret = s\nsecurity_token = t\n")
    found = find_credentials("aliyun", ALIBABA, {}).credentials
    assert (found.access_key, found.token and found.token.reveal()) == ("ini", "t")


def test_half_a_pair_does_not_count(home: Path) -> None:
    (home / ".vendor" / "keys").unlink()
    with pytest.raises(ConfigError, match="VODFAST_CLOUD_ACCESS_KEY"):
        find_credentials("cloud", PLACES, {"VODFAST_CLOUD_ACCESS_KEY": "own", "VENDOR_KEY": "s"})


def test_an_error_says_which_cloud_lacks_credentials(home: Path) -> None:
    (home / ".vendor" / "keys").unlink()
    with pytest.raises(ConfigError) as refused:
        find_credentials("cloud", PLACES, {})
    assert refused.value.cloud == "cloud"


def test_half_a_pair_is_told_if_there_is_nothing_else() -> None:
    places = CredentialPlaces(env=(("V_ID", "V_KEY", None),))
    for env, said in (
        ({"VODFAST_TENCENT_ACCESS_KEY": "a"}, "VODFAST_TENCENT_SECRET_KEY is not"),
        ({"VODFAST_TENCENT_SECRET_KEY": "a"}, "VODFAST_TENCENT_ACCESS_KEY is not"),
        ({"V_ID": "a", "V_KEY": " "}, "V_ID is set, V_KEY is not"),
    ):
        with pytest.raises(ConfigError, match=said):
            find_credentials("tencent", places, env)


@pytest.mark.parametrize("content", [b"no section\n", b"[default]\nid = \xff\n"])
def test_a_file_that_is_no_ini_is_named(home: Path, content: bytes) -> None:
    (home / ".vendor" / "keys").write_bytes(content)
    with pytest.raises(ConfigError, match=r"\.vendor/keys cannot be read as INI"):
        find_credentials("cloud", PLACES, {})


def test_the_emulator_never_meets_real_keys() -> None:
    assert for_emulator("cloud", PLACES, {}).credentials.access_key == "vodfast-emulator-cloud"
    assert for_emulator("cloud", PLACES, VENDOR).origin == "emulator"
    with pytest.raises(ConfigError, match="VODFAST_CLOUD_ACCESS_KEY are not the emulator's"):
        for_emulator("cloud", PLACES, OWN)


def test_emulator_keys_in_the_environment_are_used_even_wrong_ones() -> None:
    wrong = {"VODFAST_CLOUD_ACCESS_KEY": "vodfast-emulator-cloud", "VODFAST_CLOUD_SECRET_KEY": "wrong"}
    found = for_emulator("cloud", PLACES, wrong)
    assert found.credentials.secret_key.reveal() == "wrong"
    vendor = {"VENDOR_ID": "vodfast-emulator-other", "VENDOR_KEY": "s"}
    assert for_emulator("cloud", PLACES, vendor).credentials.access_key == "vodfast-emulator-other"


async def test_a_function_is_asked_once_by_many_and_again_before_expiry() -> None:
    asked = []

    async def load() -> Credentials:
        asked.append(1)
        await asyncio.sleep(0)
        return Credentials.of(f"key{len(asked)}", "s", expires_at=1000.0)

    cached = CachedCredentials(load)
    found = await asyncio.gather(*(cached.get(0.0) for _ in range(10)))
    assert {one.access_key for one in found} == {"key1"}
    assert (await cached.get(939.0)).access_key == "key1"
    assert (await cached.get(941.0)).access_key == "key2"


async def test_refused_keys_are_loaded_again_but_only_once_for_many_refusals() -> None:
    asked = []

    def load() -> Credentials:
        asked.append(1)
        return Credentials.of(f"key{len(asked)}", "s")

    cached = CachedCredentials(load)
    first = await cached.get(0.0)
    cached.refused(first)
    second = await cached.get(0.0)
    cached.refused(first)
    assert (await cached.get(0.0)) is second
    assert len(asked) == 2


async def test_a_function_that_returns_something_else_is_refused() -> None:
    with pytest.raises(ConfigError, match="not str"):
        await load_credentials(lambda: "keys")
    with pytest.raises(ConfigError, match="not str"):
        await load_credentials("keys")


async def test_only_an_emulators_keys_go_to_an_emulator_whoever_gives_them() -> None:
    foreign, own = Credentials.of("AKID", "s"), Credentials.of("vodfast-emulator-cloud", "s")
    with pytest.raises(ConfigError, match="not the emulator's"):
        CachedCredentials(foreign, for_emulator=True)
    with pytest.raises(ConfigError, match="not the emulator's"):
        await CachedCredentials(lambda: foreign, for_emulator=True).get(0.0)
    assert await CachedCredentials(lambda: own, for_emulator=True).get(0.0) is own
    assert await CachedCredentials(lambda: foreign).get(0.0) is foreign


@pytest.mark.parametrize("spoilt", ["K77\n", " K77", "K77\0", "K77\u00e9", "K77\r\nx-header: b", "K77\u200b"])
@pytest.mark.parametrize("place", ["access_key", "secret_key", "token"])
async def test_keys_no_cloud_gives_out_are_refused_without_being_shown(place: str, spoilt: str) -> None:
    keys = Credentials.of(**{"access_key": "a", "secret_key": "s", "token": "t"} | {place: spoilt})
    for use in (lambda: CachedCredentials(keys), lambda: asyncio.run(load_credentials(lambda: keys))):
        with pytest.raises(ConfigError, match=f"^{place} holds") as refused:
            await asyncio.to_thread(use)
        assert "K77" not in str(refused.value)


def test_keys_that_are_no_text_are_refused() -> None:
    with pytest.raises(ConfigError, match="secret_key must be text, not NoneType"):
        CachedCredentials(Credentials.of("a", None))


@pytest.mark.parametrize("place", ["access_key", "secret_key"])
def test_empty_keys_are_refused_and_an_empty_token_is_none(place: str) -> None:
    CachedCredentials(Credentials.of("a", "s", ""))
    with pytest.raises(ConfigError, match=f"^{place} is empty"):
        CachedCredentials(Credentials.of(**{"access_key": "a", "secret_key": "s"} | {place: ""}))
