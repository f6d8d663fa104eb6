"""Calls of other products: scripts that upload may also assume roles, sign URLs or start machines.

Decides that the vendor's own client makes them, where it is installed, and that they end as a call here does. Leaves to
`client.py` which calls these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vodfast.compat import vendors
from vodfast.compat.aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from vodfast.compat.aliyunsdkcore.request import AcsRequest, CommonRequest, RoaRequest, is_a

_PACKAGE = "aliyunsdkcore"


def installed() -> bool:
    """Whether the vendor's core SDK is."""
    return vendors.installed(f"{_PACKAGE}.client") is not None


def _vendors(module: str) -> Any:
    return vendors.module(f"{_PACKAGE}.{module}")


def made(
    request: AcsRequest, host: str | None, keys: tuple[str, str, str | None], settings: Mapping[str, Any]
) -> bytes:
    """The answer's JSON. `host` is None where the client finds it; `settings` are arguments of its constructor.

    Raises:
        ServerException: the service refused.
        ClientException: the call could not be made.
    """
    key, secret, token = keys
    if token:
        named: dict[str, Any] = {"credential": _vendors("auth.credentials").StsTokenCredential(key, secret, token)}
    else:
        named = {"ak": key, "secret": secret}
    client = _vendors("client").AcsClient(**named, **settings)
    failures = _vendors("acs_exception.exceptions")
    try:
        answer: bytes = client.do_action_with_exception(_theirs(request, host))
    except failures.ServerException as error:
        raise ServerException(error.error_code, error.message, error.http_status, error.request_id) from error
    except failures.ClientException as error:
        raise ClientException(error.error_code, error.message) from error
    return answer


def _theirs(request: AcsRequest, host: str | None) -> Any:
    """The same request as an object of the vendor's: its attributes have the same names."""
    classes = _vendors("request")
    if is_a(CommonRequest, request):
        theirs = classes.CommonRequest()
    else:
        kind = classes.RoaRequest if is_a(RoaRequest, request) else classes.RpcRequest
        theirs = kind(request.get_product(), request.get_version(), request.get_action_name())
    vars(theirs).update(vars(request), endpoint=host)
    return theirs
