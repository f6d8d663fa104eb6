"""One module for each operation, with one class of the same name: `CreateUploadVideoRequest.CreateUploadVideoRequest`.

Decides which operations and parameters have setters and getters. They are made from the table, and any other operation
can be called with `CommonRequest`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

from vodfast.compat.aliyunsdkcore.request import RpcRequest

_OWNERS = "OwnerId OwnerAccount ResourceOwnerId ResourceOwnerAccount"
_MEDIA = "Title Description Tags StorageLocation UserData AppId"

OPERATIONS: Final[Mapping[str, str]] = {
    "CancelUrlUploadJobs": "JobIds UploadUrls",
    "CreateUploadAttachedMedia": f"{_MEDIA} BusinessType CateIds FileName FileSize MediaExt",
    "CreateUploadImage": f"{_MEDIA} CateId ImageExt ImageType OriginalFileName",
    "CreateUploadVideo": f"{_MEDIA} CateId CoverURL FileName FileSize ReferenceId TemplateGroupId WorkflowId",
    "DeleteAttachedMedia": "MediaIds",
    "DeleteImage": "DeleteImageType ImageIds ImageType ImageURLs VideoId",
    "DeleteMessageCallback": "AppId",
    "DeleteMultipartUpload": "MediaId MediaType",
    "DeleteVideo": "ReferenceIds VideoIds",
    "GetAttachedMediaInfo": "AuthTimeout MediaIds OutputType",
    "GetImageInfo": "AuthTimeout ImageId OutputType",
    "GetMessageCallback": "AppId",
    "GetMezzanineInfo": "AdditionType AuthTimeout OutputType ReferenceId VideoId",
    "GetPlayInfo": "AdditionType AuthTimeout Definition DigitalWatermarkType Formats OutputType PlayConfig ReAuthInfo "
    "ReferenceId ResultType StreamType Trace VideoId",
    "GetURLUploadInfos": "JobIds UploadURLs",
    "GetUploadDetails": "MediaIds MediaType",
    "GetVideoInfo": "ReferenceId VideoId",
    "GetVideoInfos": "ReferenceIds VideoIds",
    "GetVideoList": "CateId EndTime PageNo PageSize ReferenceIds SortBy StartTime Status StorageLocation",
    "GetVideoPlayAuth": "ApiVersion AuthInfoTimeout ReferenceId VideoId",
    "RefreshUploadVideo": "ReferenceId VideoId",
    "RegisterMedia": "RegisterMetadatas TemplateGroupId UserData WorkflowId",
    "SearchMedia": "Fields Match PageNo PageSize ScrollToken SearchType SortBy",
    "SetMessageCallback": "AppId AuthKey AuthSwitch CallbackType CallbackURL EventTypeList MnsEndpoint MnsQueueName",
    "SubmitTranscodeJobs": "EncryptConfig OverrideParams PipelineId Priority ReferenceId SessionId TemplateGroupId "
    "UserData VideoId",
    "UpdateVideoInfo": "CateId CoverURL Description ReferenceId Tags Title UserData VideoId",
    "UploadMediaByURL": "AppId SessionId StorageLocation TemplateGroupId UploadMetadatas UploadURLs UserData "
    "WorkflowId",
    "UploadStreamByURL": "Definition FileExtension HDRType MediaId StreamURL UploadMetadata UserData",
}
"""Operation to its parameters."""


def _setter(name: str) -> Callable[[RpcRequest, Any], None]:
    return lambda request, value: request.add_query_param(name, value)


def _getter(name: str) -> Callable[[RpcRequest], Any]:
    return lambda request: request.get_query_params().get(name)


def _module(operation: str, parameters: str) -> ModuleType:
    """The module of one operation, known to the import system."""
    own = f"{operation}Request"

    def begin(request: RpcRequest) -> None:
        RpcRequest.__init__(request, "vod", "2017-03-21", operation, "vod")
        request.set_method("POST")

    members: dict[str, Any] = {"__init__": begin, "__doc__": f"{operation} of ApsaraVideo VOD."}
    for name in f"{parameters} {_OWNERS}".split():
        members |= {f"set_{name}": _setter(name), f"get_{name}": _getter(name)}
    module = ModuleType(f"{__name__}.{own}", f"The request of {operation}.")
    module.__spec__ = ModuleSpec(module.__name__, None, origin=__file__)
    made = type(own, (RpcRequest,), members | {"__module__": module.__name__})
    setattr(module, own, made)
    sys.modules[module.__name__] = module
    return module


__all__ = [f"{operation}Request" for operation in OPERATIONS]
globals().update(
    {f"{operation}Request": _module(operation, parameters) for operation, parameters in OPERATIONS.items()}
)
