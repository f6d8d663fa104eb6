"""Stand-in for `volcengine.Policy`: what a temporary token allows, and the token itself.

Decides attributes and text form as scripts use them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence


class Statement:
    """One statement of a policy. `condition` never reaches the token."""

    def __init__(self) -> None:
        self.effect = ""
        self.action: list[str] = []
        self.resource: list[str] = []
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
    made.action = list(actions)
    made.resource = list(resources)
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
