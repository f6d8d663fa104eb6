"""Volcengine VOD."""

from vodfast.providers.volcengine.functions import (
    AddMaterialInfo,
    AddOptionInfo,
    CaptionUpload,
    Encryption,
    Function,
    GetMeta,
    Snapshot,
    StartWorkflow,
)
from vodfast.providers.volcengine.options import PullOptions, UploadOptions
from vodfast.providers.volcengine.wire import Asr, Control, Execution, ExecutionTask, Image, Ocr, Operation, Template

__all__ = [
    "AddMaterialInfo",
    "AddOptionInfo",
    "Asr",
    "CaptionUpload",
    "Control",
    "Encryption",
    "Execution",
    "ExecutionTask",
    "Function",
    "GetMeta",
    "Image",
    "Ocr",
    "Operation",
    "PullOptions",
    "Snapshot",
    "StartWorkflow",
    "Template",
    "UploadOptions",
]
