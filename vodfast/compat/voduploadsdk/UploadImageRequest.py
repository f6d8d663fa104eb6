"""What to upload as an image, with the vendor's attributes and setters."""

from __future__ import annotations

from vodfast.compat.voduploadsdk.AliyunVodUtils import *  # noqa: F403  # scripts import everything from here, too
from vodfast.compat.voduploadsdk.media_request import MediaRequest


class UploadImageRequest(MediaRequest):
    """An image; `imageType` is `default` or `cover`."""

    _attributes = (
        "filePath fileName imageExt mediaExt title imageType cateId tags description userData storageLocation appId "
        "workflowId"
    )
    imageExt: str | None

    def __init__(self, filePath: str, title: str | None = None, fileExt: str | None = None) -> None:
        super().__init__()
        self.imageType = "default"
        self.setFilePath(filePath, title, fileExt)

    def setFilePath(self, filePath: str, title: str | None = None, fileExt: str | None = None) -> None:
        super().setFilePath(filePath, title, fileExt)
        self.imageExt = self.mediaExt

    def setImageType(self, imageType: str) -> None:
        self.imageType = imageType
