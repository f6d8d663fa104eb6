"""The stand-ins beside the vendors' packages themselves: which names there are, and how each may be called.

What is not here on purpose stands in `ABSENT`; the migration pages say so.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import types
import warnings
from typing import Any

import pytest

ALIYUN = [
    "aliyunsdkcore",
    "aliyunsdkcore.client",
    "aliyunsdkcore.request",
    "aliyunsdkcore.acs_exception.exceptions",
    "aliyunsdkcore.acs_exception.error_code",
    "aliyunsdkcore.acs_exception.error_msg",
    "aliyunsdkcore.acs_exception.error_type",
    "aliyunsdkcore.auth.credentials",
    "aliyunsdkcore.profile.region_provider",
    "aliyunsdkcore.http.format_type",
    "aliyunsdkcore.http.method_type",
    "aliyunsdkcore.http.protocol_type",
    "aliyunsdkvod",
    "aliyunsdkvod.endpoint",
    "aliyunsdkvod.request",
    "voduploadsdk",
    "voduploadsdk.AliyunVodUploader",
    "voduploadsdk.AliyunVodUtils",
    "voduploadsdk.UploadVideoRequest",
    "voduploadsdk.UploadImageRequest",
    "voduploadsdk.UploadAttachedMediaRequest",
]
VOLCENGINE = [
    "volcengine",
    "volcengine.Credentials",
    "volcengine.Policy",
    "volcengine.ServiceInfo",
    "volcengine.const.Const",
    "volcengine.util.Functions",
]
ABSENT = {
    "aliyunsdkcore": {"NullHandler"},
    "aliyunsdkcore.acs_exception.error_msg": {
        "ENDPOINT_NO_PRODUCT", "ENDPOINT_NO_REGION", "INVALID_REGION_ID", "SDK_ENDPOINT_MANAGEMENT_DOC_HTML"
    },
    "aliyunsdkcore.client": {
        "AcsClient.client_user_agent", "AcsClient.default_user_agent", "AcsClient.handle_extra_agent",
        "AcsClient.merge_user_agent", "AcsClient.user_agent_header",
    },
    "aliyunsdkcore.request": {
        "AcsRequest.get_signed_header", "AcsRequest.get_url", "CommonRequest.fill_params",
        "CommonRequest.get_signed_header", "CommonRequest.get_url", "CommonRequest.trans_to_acs_request",
        "RoaRequest.get_signed_header", "RoaRequest.get_url",
        "RpcRequest.get_signed_header", "RpcRequest.get_url",
    },
}  # fmt: skip
DIFFERENT = {"VOD_PRINT_INFO_LOG_SWITCH"}
"""Constants with another value."""


def both(name: str) -> tuple[types.ModuleType, types.ModuleType]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name), importlib.import_module(f"vodfast.compat.{name}")


def arguments(function: Any) -> list[tuple[str, str, Any]]:
    """Names, kinds and defaults; a default that is an object of the vendor's own counts as None."""
    return [
        (one.name, one.kind.name, None if isinstance(one.default, types.ModuleType) else one.default)
        for one in inspect.signature(function).parameters.values()
    ]


def public(names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith("_") and not hasattr(Exception, name)]


def differences(theirs: Any, ours: Any, names: list[str], prefix: str = "") -> list[str]:
    found = []
    for name in names:
        value = inspect.getattr_static(theirs, name) if inspect.isclass(theirs) else getattr(theirs, name)
        if not hasattr(ours, name):
            found.append(f"{prefix}{name}")
            continue
        own = inspect.getattr_static(ours, name) if inspect.isclass(ours) else getattr(ours, name)
        if inspect.isclass(value):
            found += differences(value, own, ["__init__", *public(dir(value))], f"{name}.")
        elif callable(value) or isinstance(value, staticmethod):
            if arguments(getattr(theirs, name)) != arguments(getattr(ours, name)):
                found.append(f"{prefix}{name}: {arguments(getattr(ours, name))}")
            if isinstance(value, staticmethod) != isinstance(own, staticmethod):
                found.append(f"{prefix}{name}: static in one only")
        elif value != own and name not in DIFFERENT:
            found.append(f"{prefix}{name}: {own!r}")
    return found


def own_names(module: types.ModuleType) -> list[str]:
    """What a module defines, not what it imports."""
    return [
        name
        for name in public(dir(module))
        if getattr(getattr(module, name), "__module__", module.__name__) == module.__name__
        and not isinstance(getattr(module, name), types.ModuleType)
        and (not name.islower() or callable(getattr(module, name)))
    ]


@pytest.mark.parametrize("name", ALIYUN + VOLCENGINE)
def test_every_name_of_a_module(name: str) -> None:
    theirs, ours = both(name)
    assert set(differences(theirs, ours, own_names(theirs))) == ABSENT.get(name, set())


def test_every_request_class() -> None:
    name = "aliyunsdkvod.request.v20170321"
    theirs, ours = both(name)
    modules = [one.name for one in pkgutil.iter_modules(theirs.__path__)]
    assert sorted(ours.__all__) == sorted(modules)
    for module in modules:
        their_module, our_module = both(f"{name}.{module}")
        absent = {f"{module}.{one}" for one in ("get_url", "get_signed_header")}
        assert set(differences(their_module, our_module, [module])) == absent
        request, own = getattr(their_module, module)(), getattr(our_module, module)()
        for getter in ("get_action_name", "get_version", "get_product", "get_method", "get_style", "get_headers",
                       "get_accept_format", "get_query_params", "get_location_service_code"):  # fmt: skip
            assert getattr(own, getter)() == getattr(request, getter)(), (module, getter)
        assert {one for one in dir(own) if one[:4] == "set_"} == {one for one in dir(request) if one[:4] == "set_"}


UPLOADS = {
    "apply_upload_info", "commit_upload_info", "get_upload_sts2", "get_upload_sts2_with_expired_time",
    "parse_upload_manifest", "query_upload_task_info", "sign_sts2", "upload_material", "upload_media",
    "upload_media_by_url", "get_service_info", "set_ak", "set_sk", "set_session_token", "set_host", "set_scheme",
    "set_connection_timeout", "set_socket_timeout",
}  # fmt: skip


def test_every_method_of_the_vod_service() -> None:
    theirs, ours = both("volcengine.vod.VodService")
    service = ours.VodService()
    for name in public(dir(theirs.VodService)):
        if name in UPLOADS:
            assert arguments(getattr(ours.VodService, name)) == arguments(getattr(theirs.VodService, name)), name
        else:
            lent = getattr(service, name)
            assert getattr(lent, "__func__", lent) is getattr(theirs.VodService, name)
    with pytest.raises(AttributeError, match="not for nothing"):
        service.nothing()
    assert arguments(ours.VodService) == arguments(theirs.VodService.__init__)[1:]
    assert {one for one in public(dir(ours.VodService)) if one not in UPLOADS} == {"client"}
    theirs_set, ours_set = (vars(one.VodService("r").service_info) for one in (theirs, ours))
    assert {name: value for name, value in ours_set.items() if name != "credentials"} == {
        name: value for name, value in theirs_set.items() if name != "credentials"
    }


def test_what_scripts_import_from_the_module_of_the_service() -> None:
    theirs, ours = both("volcengine.vod.VodService")
    for name in ("MinChunkSize", "LargeFileSize"):
        assert getattr(ours, name) == getattr(theirs, name)
    for name in ("MessageToJson", "MessageToDict", "Parse", "ParseDict", "ParseError", "Policy", "Statement",
                 "VodUploadMediaRequest", "VodUploadMaterialRequest", "VodCommitUploadInfoResponse",
                 "VodUrlUploadResponse", "VodParseUploadManifestResponse"):  # fmt: skip
        assert getattr(ours, name).__name__ == getattr(theirs, name).__name__ == name
