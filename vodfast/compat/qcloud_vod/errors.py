"""Which official exception an error of vodfast becomes.

Decides class, code and message from where it happened: the API, the object store, or here, before anything was sent.
Where a script goes by the official names, or has the vendor's own exception classes loaded, those are raised, so that
its `except` clauses hold.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Final, cast

from vodfast.compat.qcloud_cos.cos_exception import CosClientError, CosServiceError
from vodfast.compat.qcloud_vod.exception import VodClientException
from vodfast.compat.tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from vodfast.errors import ErrorKind, VodfastError

_API: Final = frozenset(("ApplyUpload", "CommitUpload", "ParseStreamingManifest"))
_REDIRECTED = 300
_SDK_EXCEPTION = "tencentcloud.common.exception.tencent_cloud_sdk_exception"
_STORE_EXCEPTION = "qcloud_cos.cos_exception"
_PART_FAILED = "some upload_part fail after max_retry, please upload_file again"
"""What the official client says of every part that failed; here the cause comes after it."""
_REFUSALS: Final[Mapping[str, tuple[str, str]]] = {
    "media_type": ("InvalidParameterValue.MediaType", "MediaType"),
    "cover_type": ("InvalidParameterValue.CoverType", "CoverType"),
    "expire_time": ("InvalidParameterValue.ExpireTime", "ExpireTime"),
    "media_storage_path": ("InvalidParameterValue.MediaStoragePath", "MediaStoragePath"),
    "place": ("InvalidParameterValue.SubAppId", "SubAppId"),
    "region": ("UnsupportedRegion", "region"),
    "title": ("InvalidParameterValue", "MediaName"),
    "procedure": ("InvalidParameterValue", "Procedure"),
    "source_context": ("InvalidParameterValue", "SourceContext"),
    "session_context": ("InvalidParameterValue", "SessionContext"),
    "storage_region": ("InvalidParameterValue.StorageRegion", "StorageRegion"),
    "class_id": ("InvalidParameterValue", "ClassId"),
    "ext_info": ("InvalidParameterValue", "ExtInfo"),
    "access_key": ("InvalidCredential", "secret id"),
    "secret_key": ("InvalidCredential", "secret key"),
    "token": ("InvalidCredential", "token"),
}
"""What is refused here, by vodfast's name of it: the official code and the official name."""
_KNOWN_WORDS: Final[Mapping[str, str]] = {"media_type": "invalid media type", "cover_type": "invalid cover type"}
"""What the service says of a field, where it is known."""


def official(error: VodfastError) -> Exception:
    """The exception the vendor's SDK raises for this, to be raised from `error`."""
    message = error.context.get("vendor_message", error.message)
    if error.operation in _API:
        return sdk_exception(error.code or _network_code(error), message, error.request_id)
    if error.operation is not None:
        return _of_the_store(error, message)
    if "missing" in error.context:  # a file that a manifest names: its path is the official text
        return VodClientException(error.context["missing"])
    field = error.context.get("field", error.message.partition(" ")[0])
    if field in _REFUSALS:
        code, name = _REFUSALS[field]
        return sdk_exception(code, _KNOWN_WORDS.get(field) or error.message.replace(field, name, 1), None)
    if error.kind in (ErrorKind.SOURCE_CHANGED, ErrorKind.INTEGRITY, ErrorKind.CANCELLED):
        return _class(_STORE_EXCEPTION, CosClientError)(str(error))
    return VodClientException(str(error))


def sdk_exception(code: str, message: str, request_id: str | None) -> Exception:
    """The API SDK's exception. What the service never answered has two arguments, as there."""
    found = _class(_SDK_EXCEPTION, TencentCloudSDKException)
    return found(code, message) if request_id is None else found(code, message, request_id)


def sdk_exception_class() -> type[Exception]:
    """That exception as an import of it finds it: the vendor's own class, or the one here if there is none."""
    return _imported(_SDK_EXCEPTION, TencentCloudSDKException)


def _of_the_store(error: VodfastError, message: str) -> Exception:
    if error.operation == "UploadPart":
        return _class(_STORE_EXCEPTION, CosClientError)(f"{_PART_FAILED}: {error}")
    if error.status is None or error.status < _REDIRECTED:
        return _class(_STORE_EXCEPTION, CosClientError)(str(error))
    facts = {
        "code": error.code or "Unknown",
        "message": message,
        "resource": error.context.get("resource", ""),
        "requestid": error.request_id or "",
        "traceid": error.context.get("trace_id", "Unknown"),
    }
    return _class(_STORE_EXCEPTION, CosServiceError)("PUT", facts, error.status)


def _network_code(error: VodfastError) -> str:
    return "ClientNetworkError" if error.status is None else "ServerNetworkError"


def _class(module: str, own: type[Exception]) -> Callable[..., Exception]:
    """The class of that name in the vendor's module, if a script has imported it; or where official names lead here and
    a script may do so in its `except` block: the vendor's client has loaded it by then.
    """
    if "qcloud_vod" in sys.modules:
        return _imported(module, own)
    return cast(type[Exception], getattr(sys.modules.get(module), own.__name__, own))


def _imported(module: str, own: type[Exception]) -> type[Exception]:
    try:
        found = importlib.import_module(module)
    except ImportError:
        return own
    return cast(type[Exception], getattr(found, own.__name__, own))
