"""Keys of a role: of one to be assumed, or of the virtual machine's.

Decides where they are asked for, when anew, and which exception a failure is. Leaves assuming a role to the public
client.
"""

from __future__ import annotations

import json
import time
from typing import Any, Final, NamedTuple, TypeAlias

from vodfast.compat.aliyunsdkcore.acs_exception import error_code
from vodfast.compat.aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException, translated
from vodfast.compat.aliyunsdkcore.auth.credentials import EcsRamRoleCredential, RamRoleArnCredential
from vodfast.compat.clients import shared_client
from vodfast.config import TransferConfig
from vodfast.errors import VodfastError

RoleCredential: TypeAlias = RamRoleArnCredential | EcsRamRoleCredential
"""The kinds whose keys are asked for."""

METADATA = "http://100.100.100.200/latest/meta-data/ram/security-credentials/"
"""Where a virtual machine asks for the keys of its role, without a proxy."""
_PATIENCE = 10.0
_SECONDS: Final = 3600
_RENEWED: Final = 0.8
"""Part of their time after which keys are asked for anew."""


class Lent(NamedTuple):
    """Id, secret and token, and the Unix time from which there should be others."""

    keys: tuple[str, str, str | None]
    until: float


def lent(credential: RoleCredential, config: TransferConfig) -> Lent:
    """Fresh keys of the role.

    Raises:
        ServerException: they are refused.
        ClientException: they cannot be asked for.
    """
    keys = _assumed(credential, config) if isinstance(credential, RamRoleArnCredential) else _of_machine(credential)
    return Lent(keys, time.time() + _SECONDS * _RENEWED)


def _assumed(credential: RamRoleArnCredential, config: TransferConfig) -> tuple[str, str, str | None]:
    if not credential.session_role_name:
        credential.session_role_name = f"aliyun-python-sdk-{int(time.time())}"
    arn, name = credential.role_arn, credential.session_role_name
    owner = credential.sts_access_key_id, credential.sts_access_key_secret
    try:
        with shared_client("aliyun", *owner, config=config) as client:
            keys = client.perform(lambda cloud: cloud.assume_role(arn, name, seconds=_SECONDS))
    except VodfastError as error:
        failure = translated(error)
        if isinstance(failure, ServerException):
            said = json.dumps({"Code": failure.error_code, "Message": failure.message})
            failure.set_error_code(error_code.SDK_GET_SESSION_CREDENTIAL_FAILED)
            failure.set_error_msg(f"refresh session token failed, server return: {said}")
        raise failure from error
    return keys.access_key, keys.secret_key.reveal(), keys.token and keys.token.reveal()


def _of_machine(credential: EcsRamRoleCredential) -> tuple[str, str, str | None]:
    import http.client  # few scripts need them, and loading them takes as long as a call
    import urllib.request

    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{METADATA}{credential.role_name}", timeout=_PATIENCE) as answer:
            found: dict[str, Any] = json.load(answer)
        code = found.get("Code")
        if code == "Success":
            return found["AccessKeyId"], found["AccessKeySecret"], found["SecurityToken"]
    except (OSError, http.client.HTTPException, ValueError, AttributeError, KeyError) as error:
        said = f"this machine does not give the keys of the role {credential.role_name!r}: {type(error).__name__}"
        raise ClientException(error_code.SDK_HTTP_ERROR, said) from None
    raise ServerException(str(code), f"refresh Ecs sts token err, code is {code}")
