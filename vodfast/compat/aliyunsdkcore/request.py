"""Requests as scripts build them: an operation's name and its parameters.

Decides what is kept and handed out again. How a call travels, such as its method, scheme and signature, is vodfast's:
what is set for that is kept and has no effect.
"""

from __future__ import annotations

from typing import Any

from vodfast.compat.aliyunsdkcore.acs_exception import error_code
from vodfast.compat.aliyunsdkcore.acs_exception.exceptions import ClientException
from vodfast.compat.aliyunsdkcore.http import format_type, method_type, protocol_type

STYLE_RPC = "RPC"
STYLE_ROA = "ROA"

_default_protocol_type = protocol_type.HTTP


def set_default_protocol_type(user_protocol_type: str) -> None:
    """What new requests say of their scheme; https is spoken whatever they say.

    Raises:
        ClientException: it is neither `http` nor `https`.
    """
    global _default_protocol_type
    if user_protocol_type not in (protocol_type.HTTP, protocol_type.HTTPS):
        raise ClientException(error_code.SDK_INVALID_PARAMS, "Invalid 'protocol_type', should be 'http' or 'https'")
    _default_protocol_type = user_protocol_type


def get_default_protocol_type() -> str:
    return _default_protocol_type


class AcsRequest:
    """One call to be made."""

    _style = STYLE_RPC

    def __init__(
        self,
        product: str | None,
        version: str | None = None,
        action_name: str | None = None,
        location_service_code: str | None = None,
        location_endpoint_type: str = "openAPI",
        accept_format: str | None = None,
        protocol_type: str | None = None,
        method: str | None = None,
    ) -> None:
        self._product = product
        self._version = version
        self._action_name = action_name
        self._location_service_code = location_service_code
        self._location_endpoint_type = location_endpoint_type
        self._accept_format = accept_format
        self._protocol_type = protocol_type or _default_protocol_type
        self._method = method
        self._params: dict[str, Any] = {}
        self._body_params: dict[str, Any] = {}
        said = {"x-acs-action": action_name, "x-acs-version": version, "x-sdk-invoke-type": "normal"}
        self._header: dict[str, str] = {name: value for name, value in said.items() if value is not None}
        self._uri_pattern: str | None = None
        self._uri_params: Any = None
        self._content: bytes | str | None = None
        self._extra_user_agent: dict[str, str] = {}
        self._request_connect_timeout: float | None = None
        self._request_read_timeout: float | None = None
        self.endpoint: str | None = None
        self.string_to_sign = ""
        self.request_network = "public"
        self.product_suffix = ""
        self.endpoint_map: dict[str, str] | None = None
        self.endpoint_regional: str | None = None

    # The operation and its parameters.

    def get_product(self) -> str | None:
        return self._product

    def set_product(self, product: str) -> None:
        self._product = product

    def get_version(self) -> str | None:
        return self._version

    def set_version(self, version: str) -> None:
        self._header["x-acs-version"] = version
        self._version = version

    def get_action_name(self) -> str | None:
        return self._action_name

    def set_action_name(self, action_name: str) -> None:
        self._header["x-acs-action"] = action_name
        self._action_name = action_name

    def add_query_param(self, k: str, v: Any) -> None:
        self._params[k] = v

    def get_query_params(self) -> dict[str, Any]:
        return self._params

    def set_query_params(self, params: dict[str, Any]) -> None:
        self._params = params

    def add_body_params(self, k: str, v: Any) -> None:
        self._body_params[k] = v

    def get_body_params(self) -> dict[str, Any]:
        return self._body_params

    def set_body_params(self, body_params: dict[str, Any]) -> None:
        self._body_params = body_params

    # Where it goes, and how long it may take.

    def set_endpoint(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def get_location_service_code(self) -> str | None:
        return self._location_service_code

    def set_location_service_code(self, location_service_code: str) -> None:
        self._location_service_code = location_service_code

    def get_location_endpoint_type(self) -> str:
        return self._location_endpoint_type

    def get_connect_timeout(self) -> float | None:
        return self._request_connect_timeout

    def set_connect_timeout(self, connect_timeout: float) -> None:
        """Seconds until a connection must be there, for this request."""
        self._request_connect_timeout = connect_timeout

    def get_read_timeout(self) -> float | None:
        return self._request_read_timeout

    def set_read_timeout(self, read_timeout: float) -> None:
        """No effect: vodfast has a time limit of its own for calls."""
        self._request_read_timeout = read_timeout

    # What is kept and has no effect.

    def get_style(self) -> str:
        return self._style

    def get_accept_format(self) -> str | None:
        return self._accept_format

    def set_accept_format(self, accept_format: str) -> None:
        """Answers are JSON whatever is set, as the vendor's `do_action_with_exception` has it."""
        self._accept_format = accept_format

    def get_method(self) -> str | None:
        return self._method

    def set_method(self, method: str) -> None:
        self._method = method

    def get_protocol_type(self) -> str:
        return self._protocol_type

    def set_protocol_type(self, protocol_type: str) -> None:
        self._protocol_type = protocol_type

    def get_headers(self) -> dict[str, str]:
        return self._header

    def set_headers(self, headers: dict[str, str]) -> None:
        self._header = headers

    def add_header(self, k: str, v: str) -> None:
        self._header[k] = v

    def set_content_type(self, content_type: str) -> None:
        self.add_header("Content-Type", content_type)

    def set_user_agent(self, agent: str) -> None:
        self.add_header("User-Agent", agent)

    def append_user_agent(self, key: str, value: str) -> None:
        self._extra_user_agent[key] = value

    def request_user_agent(self) -> dict[str, str]:
        own = self._header.get("User-Agent")
        return dict(self._extra_user_agent) if own is None else {"request": own}

    def get_content(self) -> bytes | str | None:
        return self._content

    def set_content(self, content: bytes | str) -> None:
        self._content = content

    def get_uri_pattern(self) -> str | None:
        return self._uri_pattern

    def set_uri_pattern(self, pattern: str) -> None:
        self._uri_pattern = pattern

    def get_uri_params(self) -> Any:
        return self._uri_params

    def set_uri_params(self, params: Any) -> None:
        self._uri_params = params


def is_a(kind: type[AcsRequest], given: object) -> bool:
    """Whether it is of this class, or of the one of that name in the vendor's package: a script whose imports were not
    all changed has objects of both.
    """
    return any(one.__name__ == kind.__name__ for one in type(given).__mro__)


class RpcRequest(AcsRequest):
    """A call of an RPC style service, such as this one."""

    def __init__(
        self,
        product: str | None,
        version: str | None,
        action_name: str | None,
        location_service_code: str | None = None,
        location_endpoint_type: str = "openAPI",
        format: str | None = None,
        protocol: str | None = None,
        signer: object = None,  # noqa: ARG002  # vodfast signs
    ) -> None:
        super().__init__(
            product,
            version,
            action_name,
            location_service_code,
            location_endpoint_type,
            format,
            protocol,
            method_type.GET,
        )


class _PathRequest(AcsRequest):
    """What requests have whose operation may be a path."""

    _path_params: dict[str, Any] | None = None

    def get_path_params(self) -> dict[str, Any] | None:
        return self._path_params

    def set_path_params(self, path_params: dict[str, Any]) -> None:
        self._path_params = path_params

    def add_path_param(self, k: str, v: Any) -> None:
        self._path_params = {**(self._path_params or {}), k: v}


class RoaRequest(_PathRequest):
    """A call of another product whose operations are paths; the vendor's client makes it."""

    _style = STYLE_ROA

    def __init__(
        self,
        product: str | None,
        version: str | None,
        action_name: str | None,
        location_service_code: str | None = None,
        location_endpoint_type: str = "openAPI",
        method: str | None = None,
        headers: dict[str, str] | None = None,
        uri_pattern: str | None = None,
        path_params: dict[str, Any] | None = None,
        protocol: str | None = None,
    ) -> None:
        super().__init__(
            product,
            version,
            action_name,
            location_service_code,
            location_endpoint_type,
            format_type.RAW,
            protocol,
            method,
        )
        if headers is not None:
            self._header = headers
        self._uri_pattern = uri_pattern
        self._path_params = path_params


class CommonRequest(_PathRequest):
    """A call of any operation by its name."""

    def __init__(
        self,
        domain: str | None = None,
        version: str | None = None,
        action_name: str | None = None,
        uri_pattern: str | None = None,
        product: str | None = None,
        location_endpoint_type: str = "openAPI",
    ) -> None:
        super().__init__(
            product,
            version,
            action_name,
            location_endpoint_type=location_endpoint_type,
            method=method_type.GET,
        )
        self.endpoint = domain
        self.add_header("x-sdk-invoke-type", "common")
        self._uri_pattern = uri_pattern

    def get_domain(self) -> str | None:
        return self.endpoint

    def set_domain(self, domain: str) -> None:
        self.endpoint = domain

    def set_uri_pattern(self, uri_pattern: str) -> None:
        self._uri_pattern = uri_pattern
