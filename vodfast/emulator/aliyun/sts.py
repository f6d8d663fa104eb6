"""STS: temporary credentials for a role of the account (protocol notes 1.3).

Decides what AssumeRole takes and answers. Every well-formed role exists and may be assumed by whoever has a key of the
account; what the role may do is not modelled, so a policy to narrow it is refused as an unknown parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vodfast.emulator.aliyun.jobs import iso
from vodfast.emulator.service import Call, Refusal

if TYPE_CHECKING:
    from vodfast.emulator.aliyun.cloud import AliyunCloud

VERSION = "2015-04-01"
OPERATIONS: Mapping[str, frozenset[str]] = {
    "AssumeRole": frozenset(("RoleArn!", "RoleSessionName!", "DurationSeconds"))
}
"""Operation to names, as in `parameters.py`."""

_ROLE = re.compile(r"acs:ram::(\d{1,20}):role/([A-Za-z0-9.-]{1,64})", re.ASCII)
_SESSION = re.compile(r"[A-Za-z0-9.@_-]{2,64}")
_SHORTEST, _USUAL, _LONGEST = 900, 3600, 43200
"""Seconds a credential lives."""


def perform(cloud: AliyunCloud, given: dict[str, str], _: Call) -> dict[str, Any]:
    """The fields of AssumeRole's answer, without RequestId.

    Raises:
        Refusal: InvalidParameter.RoleArn, .RoleSessionName or .DurationSeconds.
    """
    role = _ROLE.fullmatch(given["RoleArn"])
    if role is None:
        raise Refusal("InvalidParameter.RoleArn", "The parameter RoleArn is wrongly formed.")
    session = given["RoleSessionName"]
    if not _SESSION.fullmatch(session):
        raise Refusal("InvalidParameter.RoleSessionName", "The parameter RoleSessionName is wrongly formed.")
    text = given.get("DurationSeconds", str(_USUAL))
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or not _SHORTEST <= int(text) <= _LONGEST:
        raise Refusal("InvalidParameter.DurationSeconds", f"DurationSeconds takes {_SHORTEST} to {_LONGEST} seconds.")
    account = cloud.accounts.lend("STS.", float(int(cloud.world.now()) + int(text)))
    owner, name = role.groups()
    return {
        "AssumedRoleUser": {
            "Arn": f"acs:ram::{owner}:role/{name}/{session}",
            "AssumedRoleId": f"{account.access_key.rpartition('-')[2]}:{session}",
        },
        "Credentials": {
            "AccessKeyId": account.access_key,
            "AccessKeySecret": account.secret,
            "SecurityToken": account.token,
            "Expiration": iso(account.expires_at or 0.0),
        },
    }
