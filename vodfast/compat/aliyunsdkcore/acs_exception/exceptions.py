"""`ClientException` and `ServerException`, with the vendor's attributes and getters.

Decides how an error of vodfast becomes one of them: the service's refusals keep their code, message, status and request
id; what never reached the service, or was never sent, is the client's.
"""

from __future__ import annotations

from typing import Any

from vodfast.compat.aliyunsdkcore.acs_exception import error_code, error_type
from vodfast.errors import ConfigError, CredentialsError, InvalidInput, VodfastError

_WRONG_SECRET = "SignatureDoesNotMatch"  # noqa: S105  # a code


class ClientException(Exception):
    """A call that could not be made."""

    def __init__(self, code: str, msg: str) -> None:
        super().__init__()
        self.error_code = code
        self.message = msg

    def __str__(self) -> str:
        return f"{self.error_code} {self.message}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).__new__, (type(self),), vars(self)  # so that it comes back from a child process

    def set_error_code(self, code: str) -> None:
        self.error_code = code

    def set_error_msg(self, msg: str) -> None:
        self.message = msg

    def get_error_type(self) -> str:
        return error_type.ERROR_TYPE_CLIENT

    def get_error_code(self) -> str:
        return self.error_code

    def get_error_msg(self) -> str:
        return self.message


class ServerException(Exception):
    """A call the service refused."""

    def __init__(self, code: str, msg: str, http_status: int | None = None, request_id: str | None = None) -> None:
        super().__init__()
        self.error_code = code
        self.message = msg
        self.http_status = http_status
        self.request_id = request_id

    def __str__(self) -> str:
        return f"HTTP Status: {self.http_status} Error:{self.error_code} {self.message} RequestID: {self.request_id}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).__new__, (type(self),), vars(self)

    def set_error_code(self, code: str) -> None:
        self.error_code = code

    def set_error_msg(self, msg: str) -> None:
        self.message = msg

    def get_error_type(self) -> str:
        return error_type.ERROR_TYPE_SERVER

    def get_error_code(self) -> str:
        return self.error_code

    def get_error_msg(self) -> str:
        return self.message

    def get_http_status(self) -> int | None:
        return self.http_status

    def get_request_id(self) -> str | None:
        return self.request_id


def translated(error: VodfastError) -> ClientException | ServerException:
    """The vendor's exception for an error of vodfast. A wrong secret has the code the vendor's SDK gives it."""
    said = error.context.get("vendor_message") or error.message
    if error.status is not None:
        code = error.code or error_code.SDK_UNKNOWN_SERVER_ERROR
        if code == _WRONG_SECRET:
            code = "InvalidAccessKeySecret"
            said = "The AccessKeySecret is incorrect. Please check your AccessKeyId and AccessKeySecret."
        return ServerException(code, said, error.status, error.request_id)
    if isinstance(error, InvalidInput):
        return ClientException(error_code.SDK_INVALID_PARAMS, said)
    if isinstance(error, CredentialsError):
        return ClientException(error_code.SDK_INVALID_CREDENTIAL, said)
    if isinstance(error, ConfigError):
        return ClientException(error_code.SDK_INVALID_PARAMETER, said)
    return ClientException(error_code.SDK_HTTP_ERROR, said)
