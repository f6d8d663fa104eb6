"""What to upload beside media, with the vendor's attributes and setters."""

from __future__ import annotations

from vodfast.compat.voduploadsdk.AliyunVodUtils import *  # noqa: F403  # scripts import everything from here, too
from vodfast.compat.voduploadsdk.media_request import MediaRequest


class UploadAttachedMediaRequest(MediaRequest):
    """A watermark, subtitle or material, by `businessType`."""

    _attributes = (
        "businessType filePath fileName mediaExt title fileSize cateId tags description userData storageLocation appId "
        "workflowId"
    )
    fileSize: int | None

    def __init__(
        self,
        filePath: str,
        businessType: str,
        title: str | None = None,
        fileExt: str | None = None,
    ) -> None:
        super().__init__()
        self.businessType = businessType
        self.setFilePath(filePath, title, fileExt)

    def setBusinessType(self, businessType: str) -> None:
        self.businessType = businessType

    def setFileSize(self, fileSize: int) -> None:
        self.fileSize = fileSize
