"""Stand-in for `volcengine.Policy`: what a temporary token allows, and the token itself.

Decides attributes and text form as scripts use them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["ComplexEncoder", "InnerToken", "Policy", "SecurityToken2", "Statement", "json"]


class Statement:
    """One statement of a policy. `condition` never reaches the token."""

    def __init__(self) -> None:
        self.effect = ""
        self.action: Sequence[str] = []
        self.resource: Sequence[str] = []
        self.condition = ""

    @staticmethod
    def new_allow_statement(actions: Sequence[str], resources: Sequence[str]) -> Statement:
        """One that allows; no resources means all."""
        return _statement("Allow", actions, resources)

    @staticmethod
    def new_deny_statement(actions: Sequence[str], resources: Sequence[str]) -> Statement:
        """One that denies."""
        return _statement("Deny", actions, resources)


def _statement(effect: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    made = Statement()
    made.effect = effect
    made.action = actions
    made.resource = resources
    return made


class Policy:
    """The statements of one token."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.statements = statements


class SecurityToken2:
    """A temporary token. Its text is the JSON that clients in browsers and phones take, secrets included."""

    def __init__(self) -> None:
        self.access_key_id = ""
        self.secret_access_key = ""
        self.session_token = ""
        self.expired_time = ""
        self.current_time = ""

    def __str__(self) -> str:
        return json.dumps(
            {
                "AccessKeyID": self.access_key_id,
                "SecretAccessKey": self.secret_access_key,
                "SessionToken": self.session_token,
                "ExpiredTime": self.expired_time,
                "CurrentTime": self.current_time,
            }
        )


class InnerToken:
    """The inside of a temporary token, which the service reads."""

    def __init__(self) -> None:
        self.lt_access_key_id = ""
        self.access_key_id = ""
        self.signed_secret_access_key = ""
        self.expired_time = 0
        self.policy_string = ""
        self.signature = ""

    def __str__(self) -> str:
        return json.dumps(ComplexEncoder().default(self))


_WRITTEN: Final[Mapping[str, Mapping[str, str]]] = {
    "Policy": {"Statement": "statements"},
    "Statement": {"Effect": "effect", "Action": "action", "Resource": "resource"},
    "InnerToken": {
        "LTAccessKeyId": "lt_access_key_id",
        "AccessKeyId": "access_key_id",
        "SignedSecretAccessKey": "signed_secret_access_key",
        "ExpiredTime": "expired_time",
        "PolicyString": "policy_string",
        "Signature": "signature",
    },
}
"""Attributes of each class by their names in JSON. The class goes by its name, so that the vendor's own counts, too."""


class ComplexEncoder(json.JSONEncoder):
    """Writes policies, statements and the inside of tokens as JSON."""

    def default(self, o: Any) -> Any:
        for kind in type(o).__mro__:
            if kind.__name__ in _WRITTEN:
                return {name: getattr(o, attribute) for name, attribute in _WRITTEN[kind.__name__].items()}
        return super().default(o)
