"""What to upload as a video, with the vendor's attributes and setters."""

from __future__ import annotations

from vodfast.compat.voduploadsdk.AliyunVodUtils import *  # noqa: F403  # scripts import everything from here, too
from vodfast.compat.voduploadsdk.media_request import MediaRequest


class UploadVideoRequest(MediaRequest):
    """A video or audio file, or a playlist."""

    _attributes = (
        "filePath fileName mediaExt title cateId tags description coverURL templateGroupId isShowWatermark userData "
        "storageLocation uploadId appId workflowId"
    )
    coverURL: str | None
    templateGroupId: str | None
    isShowWatermark: bool | None
    uploadId: str | None

    def __init__(self, filePath: str, title: str | None = None, fileExt: str | None = None) -> None:
        super().__init__()
        self.setFilePath(filePath, title, fileExt)

    def setCoverURL(self, coverURL: str) -> None:
        self.coverURL = coverURL

    def setTemplateGroupId(self, templateGroupId: str) -> None:
        self.templateGroupId = templateGroupId

    def shutdownWatermark(self) -> None:
        """Leave out the template's watermark this once."""
        self.isShowWatermark = False

    def setUploadId(self, uploadId: str) -> None:
        """A mark of the caller's own, handed to the start callback."""
        self.uploadId = uploadId
