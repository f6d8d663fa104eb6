"""Keys and where they come from.

Decides what a secret may show (nothing), what a set of credentials is, and in which order the places that may hold
one are asked. Leaves to each provider which variables and files its vendor uses (`CredentialPlaces`).
"""

from __future__ import annotations

import asyncio
import hmac
import inspect
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import msgspec

from vodfast.errors import CredentialsError

EMULATOR_KEY_PREFIX = "vodfast-emulator-"
"""Every access key of the emulator starts so; no cloud issues such keys."""


class Secret:
    """A string that cannot be printed, formatted, pickled or encoded by accident.

    `reveal()` is the only way to the value; signing code is its only caller.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(("vodfast.Secret", self._value))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """An access key with its secret, and a token and an expiry if it is temporary.

    `expires_at` is Unix seconds, None for keys that do not expire.
    """

    access_key: str
    secret_key: Secret
    token: Secret | None = None
    expires_at: float | None = None

    @classmethod
    def of(
        cls, access_key: str, secret_key: str, token: str | None = None, expires_at: float | None = None
    ) -> Credentials:
        """Wrap plain strings."""
        return cls(
            access_key=access_key,
            secret_key=Secret(secret_key),
            token=Secret(token) if token else None,
            expires_at=expires_at,
        )


CredentialsSource: TypeAlias = Credentials | Callable[[], Credentials] | Callable[[], Awaitable[Credentials]]
"""Credentials themselves, or a function (sync or async) that returns fresh ones each time it is called."""


KeyNames: TypeAlias = tuple[str, str, str | None]
"""What the access key, the secret key and the token are called in one place; None where it has no token."""


class CredentialPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Where one cloud's credentials may be found besides an explicit object.

    `env` lists (access key, secret key, token) variable names, best first; a set counts only if both key names are set.
    `files` lists INI files (`~` allowed) with the section and the names of the same three values; `json_files` lists
    files that hold one JSON object, with the names of the three values; `profile_files`, asked last, the same for files
    whose object has several `profiles` and says which one is `current`.
    """

    env: tuple[KeyNames, ...]
    files: tuple[tuple[str, str, KeyNames], ...] = ()
    json_files: tuple[tuple[str, KeyNames], ...] = ()
    profile_files: tuple[tuple[str, KeyNames], ...] = ()


class FoundCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials and, for `doctor`, the name of the place they came from."""

    credentials: Credentials
    origin: str


def emulator_credentials(cloud: str) -> Credentials:
    """The keys every vodfast emulator accepts for `cloud`; useless anywhere else."""
    return Credentials.of(f"{EMULATOR_KEY_PREFIX}{cloud}", f"{EMULATOR_KEY_PREFIX}{cloud}-secret")


def is_emulator_key(credentials: Credentials) -> bool:
    """Whether these keys can belong to an emulator only."""
    return credentials.access_key.removeprefix("STS.").startswith(EMULATOR_KEY_PREFIX)


def find_credentials(
    cloud: str, places: CredentialPlaces, environ: Mapping[str, str] | None = None
) -> FoundCredentials:
    """Ask `VODFAST_<CLOUD>_*`, then the vendor's own variables, then the vendor's own files.

    Raises:
        CredentialsError: none of the places holds a complete key pair; the message lists them.
    """
    env = os.environ if environ is None else environ
    variables = (_own_names(cloud), *places.env)
    for names in variables:
        found = _from_env(env, names)
        if found is not None:
            return found
    for name, section, names in places.files:
        if (keys := _keys_in(_ini_section(name, section), names)) is not None:
            return FoundCredentials(credentials=keys, origin=f"file {name}")
    for name, names in places.json_files:
        if (keys := _keys_in(_json_object(name), names)) is not None:
            return FoundCredentials(credentials=keys, origin=f"file {name}")
    for names in variables:
        key, secret = (bool(env.get(name, "").strip()) for name in names[:2])
        if key != secret:
            there, missing = names[:2] if key else names[1::-1]
            raise CredentialsError(
                f"half of the credentials for {cloud}: {there} is set, {missing} is not", cloud=cloud
            )
    for name, names in places.profile_files:
        if (keys := _keys_in(_current_profile(name), names)) is not None:
            return FoundCredentials(credentials=keys, origin=f"file {name}")
    files = [name for name, _, _ in places.files]
    files += [name for name, _ in (*places.json_files, *places.profile_files)]
    asked = ", ".join([*(names[0] for names in variables), *files])
    key_name, secret_name, _ = variables[0]
    raise CredentialsError(
        f"no credentials for {cloud}: set {key_name} and {secret_name}, or in Python pass credentials="
        f" (looked in: {asked})",
        cloud=cloud,
    )


def for_emulator(cloud: str, places: CredentialPlaces, environ: Mapping[str, str] | None = None) -> FoundCredentials:
    """The keys to use with an emulator: emulator keys from the environment if it holds such, else the emulator's own.

    The vendor's own variables may hold real keys, which have no business here and are passed over; the same in
    `VODFAST_<CLOUD>_*` is a contradiction.

    Raises:
        CredentialsError: `VODFAST_<CLOUD>_*` holds keys that are not an emulator's.
    """
    env = os.environ if environ is None else environ
    own_names = _own_names(cloud)
    for names in (own_names, *places.env):
        found = _from_env(env, names)
        if found is not None and is_emulator_key(found.credentials):
            return found
        if found is not None and names is own_names:
            raise CredentialsError(
                f"the keys in {names[0]} are not the emulator's and are not sent to it: unset {names[0]} to use the "
                "emulator with its own",
                cloud=cloud,
            )
    return FoundCredentials(credentials=emulator_credentials(cloud), origin="emulator")


def _own_names(cloud: str) -> tuple[str, str, str]:
    own = f"VODFAST_{cloud.upper()}"
    return (f"{own}_ACCESS_KEY", f"{own}_SECRET_KEY", f"{own}_TOKEN")


def _from_env(env: Mapping[str, str], names: KeyNames) -> FoundCredentials | None:
    keys = _keys_in(env, names)
    return None if keys is None else FoundCredentials(credentials=keys, origin=f"environment variable {names[0]}")


def _ini_section(file: str, section: str) -> Mapping[str, str]:
    """A section of an INI file, empty if there is none."""
    path = Path(file).expanduser()
    if not os.path.exists(path):
        return {}
    import configparser  # most keys come from elsewhere

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError):
        raise CredentialsError(f"the credentials file {path} cannot be read as INI: mend it or move it away") from None
    return parser[section] if parser.has_section(section) else {}


_KEY_MODES = (None, "AK", "StsToken")
"""Profiles that hold keys themselves; those of other modes tell how to get some."""


def _current_profile(file: str) -> Mapping[str, Any]:
    """The profile in use of a file of profiles, empty if there is none or it holds no keys."""
    document = _json_object(file)
    profiles = document.get("profiles")
    for profile in profiles if isinstance(profiles, list) else ():
        if isinstance(profile, dict) and profile.get("name") == document.get("current"):
            return profile if profile.get("mode") in _KEY_MODES else {}
    return {}


def _json_object(file: str) -> dict[str, Any]:
    """The object in a file, empty if there is no file."""
    path = Path(file).expanduser()
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, RecursionError, OSError):
        raise CredentialsError(
            f"the credentials file {path} cannot be read as a JSON object: mend it or move it away"
        ) from None


def _keys_in(values: Mapping[str, Any], names: KeyNames) -> Credentials | None:
    """What goes by these names, None if either key is missing."""
    found = [values.get(name) if name else None for name in names]
    key, secret, token = (text.strip() if isinstance(text, str) else "" for text in found)
    return Credentials.of(key, secret, token) if key and secret else None


async def load_credentials(source: CredentialsSource) -> Credentials:
    """Credentials from a source: the object itself, or what the function returns (awaited if need be).

    Raises:
        CredentialsError: the function returned something else, or keys no cloud gives out.
    """
    found: object = source
    if callable(found):
        found = found()
        if inspect.isawaitable(found):
            found = await found
    if not isinstance(found, Credentials):
        raise CredentialsError(f"a credentials function must return vodfast.Credentials, not {type(found).__name__}")
    return _plausible(found)


def _plausible(credentials: Credentials) -> Credentials:
    """The same, unless they hold what no cloud gives out; mostly that is a line end of the file they were read from."""
    for name, value in (
        ("access_key", credentials.access_key),
        ("secret_key", credentials.secret_key),
        ("token", credentials.token or ""),
    ):
        text = value.reveal() if isinstance(value, Secret) else value
        if not isinstance(text, str):
            raise CredentialsError(f"{name} must be text, not {type(text).__name__}")
        if not text and name != "token":
            raise CredentialsError(f"{name} is empty: check where it is read from")
        if text != text.strip() or not (text.isascii() and text.isprintable()):
            raise CredentialsError(
                f"{name} holds blanks at its ends, a line break or other characters no key has: check where it is read "
                "from"
            )
    return credentials


class CachedCredentials:
    """One account's credentials, loaded once and again shortly before they expire; concurrent callers load once.

    With `for_emulator`, keys of anybody else are not let through.

    Raises:
        CredentialsError: the credentials, if they are given at once, hold what no cloud gives out, or are not the
            emulator's but should be.
    """

    _MARGIN = 60.0

    def __init__(self, source: CredentialsSource, *, for_emulator: bool = False) -> None:
        self._for_emulator = for_emulator
        self._source = self._allowed(_plausible(source)) if isinstance(source, Credentials) else source
        self._loaded: Credentials | None = None
        self._lock = asyncio.Lock()

    @property
    def renewable(self) -> bool:
        """Whether asking again can bring other credentials."""
        return not isinstance(self._source, Credentials)

    async def get(self, now: float) -> Credentials:
        """Credentials good for at least another minute, if the source can give such. `now` is Unix seconds."""
        if isinstance(self._source, Credentials):
            return self._source
        async with self._lock:
            held = self._loaded
            if held is None or (held.expires_at is not None and held.expires_at - self._MARGIN <= now):
                self._loaded = held = self._allowed(await load_credentials(self._source))
            return held

    def _allowed(self, credentials: Credentials) -> Credentials:
        if self._for_emulator and not is_emulator_key(credentials):
            raise CredentialsError(
                "these credentials are not the emulator's: leave them out, or say allow_foreign_keys=True to send them "
                "to it"
            )
        return credentials

    def refused(self, credentials: Credentials) -> None:
        """The service refused these: the next `get` loads others, unless somebody else already did."""
        if self._loaded is credentials:
            self._loaded = None
