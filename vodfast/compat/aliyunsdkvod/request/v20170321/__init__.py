"""One module for each operation, with one class of the same name: `CreateUploadVideoRequest.CreateUploadVideoRequest`.

Decides what a request class is made of; which there are is in `operations.py`. Any other operation can be called with
`CommonRequest`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from vodfast.compat.aliyunsdkcore.http import method_type, protocol_type
from vodfast.compat.aliyunsdkcore.request import RpcRequest
from vodfast.compat.aliyunsdkvod.endpoint import endpoint_data
from vodfast.compat.aliyunsdkvod.operations import OPERATIONS, READ_BY_GET, SAY_HTTPS

F = TypeVar("F", bound=Callable[..., Any])


def _setter(name: str) -> Callable[[RpcRequest, Any], None]:
    """`set_X(self, X)`: scripts may give the value by that name."""

    def setter(self: RpcRequest, value: Any) -> None:
        self.add_query_param(name, value)

    return _renamed(setter, f"set_{name}", ("self", name))


def _getter(name: str) -> Callable[[RpcRequest], Any]:
    def getter(self: RpcRequest) -> Any:
        return self.get_query_params().get(name)

    return _renamed(getter, f"get_{name}", ("self",))


def _renamed(given: F, name: str, arguments: tuple[str, ...]) -> F:
    function = cast(FunctionType, given)
    function.__code__ = function.__code__.replace(co_varnames=arguments)
    function.__annotations__ = {}
    function.__name__ = function.__qualname__ = name
    return given


def _set_offsets(self: RpcRequest, SpecifiedOffsetTimes: object) -> None:
    self.add_query_param("SpecifiedOffsetTimes", json.dumps(SpecifiedOffsetTimes))


def _set_tags(self: RpcRequest, Tag: Sequence[Mapping[str, object]]) -> None:
    for number, one in enumerate(Tag, 1):
        for field in ("Value", "Key"):
            if one.get(field) is not None:
                self.add_query_param(f"Tag.{number}.{field}", one[field])


_OWN: Final[Mapping[str, dict[str, Any]]] = {
    "DescribeVodUserDomains": {"set_Tags": _set_tags, "get_Tags": _getter("Tag")},
    "SubmitSnapshotJob": {"set_SpecifiedOffsetTimes": _set_offsets},
}
"""What is not kept under its own name, or not as it is given."""


class _RequestModule(ModuleType):
    """The module of one operation, whose class is made when it is first asked for: a script uses few of them."""

    def __init__(self, operation: str, parameters: str) -> None:
        own = f"{operation}Request"
        super().__init__(f"{__name__}.{own}", f"The request of {operation}.")
        self.__all__ = [own]
        self._parts = own, operation, parameters

    def __getattr__(self, name: str) -> Any:
        own, operation, parameters = self._parts
        if name != own:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name, obj=self)
        return self.__dict__.setdefault(own, _request_class(operation, parameters, self.__name__))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.__all__})


def _request_class(operation: str, parameters: str, module: str) -> type[RpcRequest]:

    def begin(self: RpcRequest) -> None:
        RpcRequest.__init__(self, "vod", "2017-03-21", operation, "vod")
        self.set_method(method_type.GET if operation in READ_BY_GET else method_type.POST)
        if operation in SAY_HTTPS:
            self.set_protocol_type(protocol_type.HTTPS)
        self.endpoint_map = endpoint_data.getEndpointMap()
        self.endpoint_regional = endpoint_data.getEndpointRegional()

    members: dict[str, Any] = {"__init__": begin, "__doc__": f"{operation} of ApsaraVideo VOD."}
    for name in parameters.split():
        members |= {f"set_{name}": _setter(name), f"get_{name}": _getter(name)}
    return type(f"{operation}Request", (RpcRequest,), members | _OWN.get(operation, {}) | {"__module__": module})


def _module(operation: str, parameters: str) -> ModuleType:
    """The module of one operation, known to the import system."""
    module = _RequestModule(operation, parameters)
    module.__spec__ = ModuleSpec(module.__name__, None, origin=__file__)
    sys.modules[module.__name__] = module
    return module


if TYPE_CHECKING:

    def __getattr__(name: str) -> ModuleType: ...


__all__ = [f"{operation}Request" for operation in OPERATIONS]
globals().update(
    {f"{operation}Request": _module(operation, parameters) for operation, parameters in OPERATIONS.items()}
)
