"""Requests as scripts build them: an operation's name and its parameters.

Decides only what is kept. Everything about the wire, such as method, scheme and signature, is vodfast's: the setters
for it are taken and have no effect.
"""

from __future__ import annotations

from typing import Any

from vodfast.compat.aliyunsdkcore.http import format_type, method_type, protocol_type


class AcsRequest:
    """One call to be made."""

    def __init__(
        self,
        product: str | None,
        version: str | None = None,
        action_name: str | None = None,
        location_service_code: str | None = None,
        accept_format: str | None = None,
        protocol_type: str | None = protocol_type.HTTPS,  # noqa: ARG002  # https it is
        method: str | None = None,
    ) -> None:
        self._product = product
        self._version = version
        self._action_name = action_name
        self._location_service_code = location_service_code
        self._accept_format = accept_format
        self._method = method or method_type.GET
        self._query: dict[str, Any] = {}
        self._body: dict[str, Any] = {}
        self._headers: dict[str, str] = {}
        self.endpoint: str | None = None

    def add_query_param(self, k: str, v: Any) -> None:
        self._query[k] = v

    def get_query_params(self) -> dict[str, Any]:
        return self._query

    def set_query_params(self, params: dict[str, Any]) -> None:
        self._query = params

    def add_body_params(self, k: str, v: Any) -> None:
        self._body[k] = v

    def get_body_params(self) -> dict[str, Any]:
        return self._body

    def set_body_params(self, body_params: dict[str, Any]) -> None:
        self._body = body_params

    def get_product(self) -> str | None:
        return self._product

    def set_product(self, product: str) -> None:
        self._product = product

    def get_version(self) -> str | None:
        return self._version

    def set_version(self, version: str) -> None:
        self._version = version

    def get_action_name(self) -> str | None:
        return self._action_name

    def set_action_name(self, action_name: str) -> None:
        self._action_name = action_name

    def get_accept_format(self) -> str | None:
        return self._accept_format

    def set_accept_format(self, accept_format: str) -> None:
        """Answers are JSON whatever is set, as the vendor's `do_action_with_exception` has it."""
        self._accept_format = accept_format

    def get_method(self) -> str:
        return self._method

    def set_method(self, method: str) -> None:
        self._method = method

    def get_protocol_type(self) -> str:
        return protocol_type.HTTPS

    def set_protocol_type(self, protocol_type: str) -> None:
        """No effect: https is spoken always."""

    def get_headers(self) -> dict[str, str]:
        return self._headers

    def add_header(self, k: str, v: str) -> None:
        self._headers[k] = v

    def set_endpoint(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def set_connect_timeout(self, connect_timeout: float) -> None:
        """No effect: the client's own holds."""

    def set_read_timeout(self, read_timeout: float) -> None:
        """No effect: vodfast has a time limit of its own for calls."""

    def set_user_agent(self, agent: str) -> None:
        """No effect."""


class RpcRequest(AcsRequest):
    """A call of an RPC style service."""

    def __init__(
        self,
        product: str | None,
        version: str | None,
        action_name: str | None,
        location_service_code: str | None = None,
        location_endpoint_type: str = "openAPI",  # noqa: ARG002  # the vendor's locator service is not asked
        accept_format: str | None = None,
        protocol: str | None = None,  # noqa: ARG002  # https it is
        signer: object = None,  # noqa: ARG002  # vodfast signs
    ) -> None:
        super().__init__(product, version, action_name, location_service_code, accept_format)


class CommonRequest(AcsRequest):
    """A call of any operation by its name."""

    def __init__(
        self,
        domain: str | None = None,
        version: str | None = None,
        action_name: str | None = None,
        uri_pattern: str | None = None,  # noqa: ARG002  # of services of another style
        product: str | None = None,
        location_endpoint_type: str = "openAPI",  # noqa: ARG002  # as above
    ) -> None:
        super().__init__(product, version, action_name, accept_format=format_type.JSON)
        self.endpoint = domain

    def get_domain(self) -> str | None:
        return self.endpoint

    def set_domain(self, domain: str) -> None:
        self.endpoint = domain
