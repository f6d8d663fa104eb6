"""Who may call: permanent keys, callers with temporary credentials, and certificates issued per upload.

Decides what a credential is to the emulator and when it has expired. Leaves which codes refuse it to the services.
Every key begins with `vodfast-emulator-`, which no cloud issues, or was configured by a test.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import msgspec

KEY_PREFIX = "vodfast-emulator-"


class Account(msgspec.Struct, kw_only=True):
    """One credential. `token` is None for permanent keys; `expires_at` is Unix seconds.

    `scope` (bucket, key prefixes) limits an upload certificate to its session's directories; None means everything.
    """

    access_key: str
    secret: str
    token: str | None = None
    expires_at: float | None = None
    scope: tuple[str, tuple[str, ...]] | None = None

    def expired(self, now: float) -> bool:
        return self.expires_at is not None and now >= self.expires_at

    def end(self) -> None:
        """Expire for good."""
        self.expires_at = 0.0

    @property
    def ended(self) -> bool:
        """Whether `end` was called."""
        return self.expires_at == 0.0

    def __repr__(self) -> str:
        return f"Account({self.access_key!r})"


def temporary(prefix: str, expires_at: float) -> Account:
    """A fresh temporary credential, which nobody knows yet. Its token holds what must be encoded in a URL."""
    return Account(
        access_key=f"{prefix}{KEY_PREFIX}tmp-{secrets.token_hex(8)}",
        secret=f"{KEY_PREFIX}tmp-secret-{secrets.token_hex(12)}",
        token=f"{KEY_PREFIX}tmp-token+/{secrets.token_hex(16)}==",
        expires_at=expires_at,
    )


class Caller(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A caller's temporary credential, as configured: like one from an assumed role."""

    access_key: str
    secret: str
    token: str | None = None
    expires_at: float | None = None

    def __repr__(self) -> str:
        return f"Caller({self.access_key!r})"


class Accounts:
    """The credentials one cloud knows, by access key."""

    def __init__(self, cloud: str) -> None:
        self._cloud = cloud
        self._known: dict[str, Account] = {}
        self.configure(())

    @property
    def permanent(self) -> Account:
        return self._known[KEY_PREFIX + self._cloud]

    def find(self, access_key: str) -> Account | None:
        return self._known.get(access_key)

    def configure(self, callers: Sequence[Caller]) -> None:
        """Forget everything but the permanent key, then add these callers."""
        name = KEY_PREFIX + self._cloud
        self._known = {name: Account(access_key=name, secret=f"{name}-secret")}
        for caller in callers:
            self._known[caller.access_key] = Account(**msgspec.structs.asdict(caller))

    def issue(self, expires_at: float, scope: tuple[str, tuple[str, ...]]) -> Account:
        """A fresh temporary credential limited to `scope`."""
        account = self.lend("", expires_at)
        account.scope = scope
        return account

    def lend(self, prefix: str, expires_at: float) -> Account:
        """A fresh temporary credential for everything; its key begins with `prefix`, as the cloud's own do."""
        account = temporary(prefix, expires_at)
        self._known[account.access_key] = account
        return account

    def with_token(self, token: str) -> list[Account]:
        """The credentials that carry this token."""
        return [account for account in self._known.values() if account.token == token]
