"""The exception of Alibaba's upload SDK, and the functions its other modules and many scripts use.

Decides how names, titles and addresses are cut, as the vendor does, and which exception type an error becomes.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import logging
import os
import sys
import traceback
import urllib.parse
from collections.abc import Callable
from typing import Any, TypeVar

from vodfast.compat.aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException, translated
from vodfast.compat.voduploadsdk.downloads import AliyunVodDownloader
from vodfast.compat.voduploadsdk.web_source import NotFetched
from vodfast.errors import ErrorKind, IntegrityError, InvalidInput, SourceChanged, VodfastError

__all__ = [
    "VOD_PRINT_INFO_LOG_SWITCH",
    "AliyunVodDownloader",
    "AliyunVodException",
    "AliyunVodLog",
    "AliyunVodUtils",
    "ClientException",
    "ServerException",
    "catch_error",
    "datetime",
    "functools",
    "hashlib",
    "logger",
    "logging",
    "os",
    "sys",
    "traceback",
    "urllib",
]
"""Scripts import everything from here, so what the vendor's module brings along is brought along."""

T = TypeVar("T")

VOD_PRINT_INFO_LOG_SWITCH = 0
"""Set to 1, what is logged is printed as well; the vendor's is 1 from the start."""

_REGIONS = (
    "cn-qingdao cn-beijing cn-zhangjiakou cn-huhehaote cn-hangzhou cn-shanghai cn-shenzhen cn-hongkong ap-southeast-1 "
    "ap-southeast-2 ap-southeast-3 ap-northeast-1 us-west-1 us-east-1 eu-central-1 me-east-1"
)
INTERNAL_REGIONS = frozenset(_REGIONS.split())
"""Regions with a network of their own."""


class AliyunVodException(Exception):
    """Whatever went wrong; `type` is ServerException, ClientException, OssError, IOError, ParameterError or such."""

    def __init__(
        self,
        type: str | None,
        code: str | None,
        msg: str,
        http_status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__()
        self.type = type or "UnkownError"
        self.code = code
        self.message = msg
        self.http_status: int | str = http_status or "NULL"
        self.request_id = request_id or "NULL"

    def __str__(self) -> str:
        return (
            f"Type: {self.type}, Code: {self.code}, Message: {self.message}, HTTPStatus: {self.http_status}, "
            f"RequestId: {self.request_id}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).__new__, (type(self),), vars(self)  # so that it comes back from a child process


class AliyunVodLog:
    """Messages go to the logger `voduploadsdk`, and to standard output if the switch says so."""

    _log = logging.getLogger("voduploadsdk")

    @staticmethod
    def printLogStr(msg: str, *args: object, **kwargs: object) -> None:  # noqa: ARG004  # for the log alone
        if VOD_PRINT_INFO_LOG_SWITCH:
            sys.stdout.write(f"[{AliyunVodUtils.getCurrentTimeStr()}]{msg % args if args else msg}\n")

    @staticmethod
    def info(msg: str, *args: Any, **kwargs: Any) -> None:
        AliyunVodLog._log.info(msg, *args, **kwargs)
        AliyunVodLog.printLogStr(msg, *args, **kwargs)

    @staticmethod
    def error(msg: str, *args: Any, **kwargs: Any) -> None:
        AliyunVodLog._log.error(msg, *args, **kwargs)
        AliyunVodLog.printLogStr(msg, *args, **kwargs)

    @staticmethod
    def warning(msg: str, *args: Any, **kwargs: Any) -> None:
        AliyunVodLog._log.warning(msg, *args, **kwargs)
        AliyunVodLog.printLogStr(msg, *args, **kwargs)


logger = AliyunVodLog


class AliyunVodUtils:
    """Small functions on names and addresses."""

    @staticmethod
    def subString(strVal: str, maxBytes: int, charSet: str = "utf-8") -> str:
        """The text without as many last characters as make it longer than that many bytes."""
        return strVal.encode(charSet)[:maxBytes].decode(charSet, errors="ignore")

    @staticmethod
    def getFileExtension(fileName: str) -> str | None:
        """From the last dot up to a query, in lower case; None without a dot."""
        end = fileName.rfind("?")
        dot = fileName.rfind(".")
        return fileName[dot + 1 : end if end > 0 else len(fileName)].lower() if dot >= 0 else None

    @staticmethod
    def urlDecode(fileUrl: str) -> str:
        return urllib.parse.unquote(fileUrl)

    @staticmethod
    def urlEncode(fileUrl: Any) -> str:
        """Pairs, or a mapping, as a query."""
        return urllib.parse.urlencode(fileUrl)

    @staticmethod
    def getFileBriefPath(fileUrl: str) -> tuple[str, str]:
        """Path or URL without its query, and the decoded file name in it."""
        query = fileUrl.rfind("?")
        path = fileUrl[:query] if query > 0 else fileUrl
        return path, urllib.parse.unquote(os.path.basename(path))

    @staticmethod
    def getStringMd5(strVal: Any, isEncode: bool = True) -> str:
        """Of a text, or of bytes with `isEncode` False."""
        data = strVal.encode() if isEncode and isinstance(strVal, str) else strVal
        return hashlib.md5(data, usedforsecurity=False).hexdigest()

    @staticmethod
    def getCurrentTimeStr() -> str:
        return datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ005  # local time, as the vendor has it

    @staticmethod
    def convertOssInternal(ossUrl: str, ecsRegion: str | None = None, isVpc: bool = False) -> str:
        """The address inside the network of a region, where the bucket is in that region."""
        if not ossUrl or ecsRegion not in INTERNAL_REGIONS:
            return ossUrl
        inner = f"vpc100-oss-{ecsRegion}" if isVpc else f"oss-{ecsRegion}-internal"
        return ossUrl.replace("https:", "http:").replace(f"oss-{ecsRegion}.aliyuncs.com", f"{inner}.aliyuncs.com")

    @staticmethod
    def toUnicode(data: str | bytes) -> str:
        return data.decode() if isinstance(data, bytes) else data

    @staticmethod
    def replaceFileName(filePath: str, replace: str) -> str | None:
        """The path with another name at its end; None if it has no directory."""
        if not filePath or not replace:
            return filePath
        path = urllib.parse.unquote(filePath)
        for separator in ("/", "\\"):
            end = path.rfind(separator)
            if end >= 0:
                return f"{path[:end]}{separator}{replace}"
        return None

    @staticmethod
    def mkDir(filePath: str) -> int:
        """Make the directory a path is in: 1, or 0 if it was there; -1 without a path, -2 without a directory in it."""
        if not filePath:
            return -1
        for separator in ("/", "\\"):
            end = filePath.rfind(separator)
            if end >= 0:
                if os.path.isdir(filePath[:end]):
                    return 0
                os.makedirs(filePath[:end])
                return 1
        return -2


def catch_error(method: Callable[..., T]) -> Callable[..., T]:
    """Whatever the method raises becomes an `AliyunVodException`."""

    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> T:
        try:
            return method(*args, **kwargs)
        except AliyunVodException:
            raise
        except Exception as error:
            raise _as_vod_exception(error) from error

    return wrapper


def _as_vod_exception(error: Exception) -> AliyunVodException:
    """`OssError` for the object store, `ServerException` and `ClientException` for the API, `IOError` for files,
    `FileDownloadError` for those of the web.
    """
    for cause in (error, error.__cause__):
        if isinstance(cause, NotFetched):
            return AliyunVodException("FileDownloadError", "Download File Error", str(cause))
    if isinstance(error, VodfastError):
        missing = isinstance(error, InvalidInput) and error.kind is ErrorKind.NOT_FOUND
        if missing or isinstance(error, SourceChanged):
            return AliyunVodException("IOError", repr(error), error.message)
        if error.operation in _STORE_OPERATIONS or isinstance(error, IntegrityError):
            code = error.code or ("InconsistentError" if isinstance(error, IntegrityError) else error.kind.value)
            said = error.context.get("vendor_message") or error.message
            return AliyunVodException("OssError", code, said, error.status, error.request_id)
        if error.kind is ErrorKind.CANCELLED:
            return AliyunVodException("UnkownException", repr(error), error.message)
        error = translated(error)
    if isinstance(error, ServerException):
        return AliyunVodException(
            "ServerException", error.error_code, error.message, error.http_status, error.request_id
        )
    if isinstance(error, ClientException):
        return AliyunVodException("ClientException", error.error_code, error.message)
    kind = "IOError" if isinstance(error, OSError) else "UnkownException"
    return AliyunVodException(kind, repr(error), "".join(traceback.format_exception(error)))


_STORE_OPERATIONS = frozenset(
    [
        "PutObject", "InitiateMultipartUpload", "UploadPart", "ListParts", "ListMultipartUploads",
        "CompleteMultipartUpload", "AbortMultipartUpload", "HeadObject", "DeleteObject",
    ]
)  # fmt: skip
