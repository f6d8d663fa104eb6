"""Credential objects, with the vendor's names.

Decides which kinds hold keys. Those of a role, which must be asked for, are `roles.py`'s; RSA key pairs are here to be
named in an error.
"""

from __future__ import annotations

from typing import Any, TypeAlias


class AccessKeyCredential:
    """An account's or user's key pair."""

    def __init__(self, access_key_id: str, access_key_secret: str) -> None:
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret


class StsTokenCredential:
    """The temporary keys of an assumed role, with their token."""

    def __init__(self, sts_access_key_id: str, sts_access_key_secret: str, sts_token: str) -> None:
        self.sts_access_key_id = sts_access_key_id
        self.sts_access_key_secret = sts_access_key_secret
        self.sts_token = sts_token


KeyCredential: TypeAlias = AccessKeyCredential | StsTokenCredential
"""The kinds that hold keys."""


def keys_of(credential: KeyCredential) -> tuple[str, str, str | None]:
    """Id, secret and token as they stand: scripts renew a credential by assigning to it."""
    if isinstance(credential, StsTokenCredential):
        return credential.sts_access_key_id, credential.sts_access_key_secret, credential.sts_token
    return credential.access_key_id, credential.access_key_secret, None


class RamRoleArnCredential:
    """A role to be assumed with an account's or user's key pair."""

    def __init__(
        self, sts_access_key_id: str, sts_access_key_secret: str, role_arn: str, session_role_name: str
    ) -> None:
        self.sts_access_key_id = sts_access_key_id
        self.sts_access_key_secret = sts_access_key_secret
        self.role_arn = role_arn
        self.session_role_name = session_role_name


class EcsRamRoleCredential:
    """The role of the virtual machine."""

    def __init__(self, role_name: str) -> None:
        self.role_name = role_name


class RsaKeyPairCredential:
    """An RSA key pair; not used here."""

    def __init__(self, public_key_id: str, private_key: str, session_period: int = 3600) -> None:
        self.public_key_id = public_key_id
        self.private_key = private_key
        self.session_period = session_period


_KINDS = {
    kind.__name__: kind
    for kind in (
        AccessKeyCredential,
        StsTokenCredential,
        RamRoleArnCredential,
        EcsRamRoleCredential,
        RsaKeyPairCredential,
    )
}


def own(credential: Any) -> Any:
    """The same as an object of a class here, if its class is of that name in the vendor's package. Both have the same
    attributes from then on.
    """
    kind = _KINDS.get(type(credential).__name__)
    if kind is None or isinstance(credential, kind):
        return credential
    made = kind.__new__(kind)
    made.__dict__ = vars(credential)
    return made
