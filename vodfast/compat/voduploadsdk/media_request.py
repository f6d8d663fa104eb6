"""What the three kinds of requests have in common.

Decides file name, extension and title from a path or URL, as the vendor's classes do.
"""

from __future__ import annotations

from typing import ClassVar

from vodfast.compat.voduploadsdk.AliyunVodUtils import AliyunVodException, AliyunVodUtils


class MediaRequest:
    """A file and what is said of it. `fileName` is its path or URL without a query."""

    _attributes: ClassVar[str]
    """Their names, in the order in which `vars()` of the vendor's has them."""
    filePath: str
    fileName: str
    mediaExt: str
    title: str | None
    cateId: int | str | None
    tags: str | None
    description: str | None
    userData: str | None
    storageLocation: str | None
    appId: str | None
    workflowId: str | None

    def __init__(self) -> None:
        vars(self).update(dict.fromkeys(self._attributes.split()))

    def setFilePath(self, filePath: str, title: str | None = None, fileExt: str | None = None) -> None:
        """Path or URL; its extension is needed, here or as `fileExt`.

        Raises:
            AliyunVodException: it has none.
        """
        extension = AliyunVodUtils.getFileExtension(filePath) if fileExt is None else fileExt
        if extension is None or (fileExt is None and not extension):
            raise AliyunVodException("ParameterError", "InvalidParameter", "filePath has no Extension")
        self.mediaExt = extension.lstrip(".")
        self.filePath = AliyunVodUtils.toUnicode(filePath)
        self.fileName, name = AliyunVodUtils.getFileBriefPath(self.filePath)
        if self.mediaExt and not self.fileName.endswith(f".{self.mediaExt}"):
            self.fileName = f"{self.fileName}.{self.mediaExt}"
        if title or self.title is None:
            self.title = title or name

    def setTitle(self, title: str) -> None:
        self.title = title

    def setCateId(self, cateId: int | str) -> None:
        self.cateId = cateId

    def setTags(self, tags: str) -> None:
        self.tags = tags

    def setDescription(self, description: str) -> None:
        self.description = description

    def setStorageLocation(self, storageLocation: str) -> None:
        self.storageLocation = storageLocation

    def setUserData(self, userData: str) -> None:
        self.userData = userData

    def setAppId(self, appId: str) -> None:
        self.appId = appId

    def setWorkflowId(self, workflowId: str) -> None:
        self.workflowId = workflowId
