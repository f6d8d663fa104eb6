"""`AliyunVodDownloader`: files of the web, stored on a disk.

Decides names, results and the folder. The uploads here do not need it: they stream.
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

from vodfast.compat.voduploadsdk import web_source

_log = logging.getLogger("voduploadsdk")


class AliyunVodDownloader:
    """Stores files in one folder, by default a new one among the temporary files."""

    def __init__(self, localDir: str | None = None) -> None:
        self._folder = localDir

    def setSaveLocalDir(self, localDir: str) -> None:
        self._folder = localDir

    def getSaveLocalDir(self) -> str:
        if not self._folder:
            self._folder = tempfile.mkdtemp(prefix="vodfast-")
        return self._folder

    def downloadFile(self, fileUrl: str, localFileName: str, fileSize: int | None = None) -> tuple[int, str | None]:
        """1 and the path; 0 and the path if a file of that size was there; -1 and None if it cannot be had."""
        path = f"{self.getSaveLocalDir()}/{localFileName}"
        if fileSize and self.getFileSize(path) == fileSize:
            return 0, path
        try:
            os.makedirs(self.getSaveLocalDir(), exist_ok=True)
            web_source.save(fileUrl, Path(path))
        except OSError as error:
            _log.error("Download fail: %s", error)
            return -1, None
        return 1, path

    def getFileSize(self, filePath: str) -> int:
        """0 if there is none."""
        try:
            return os.stat(filePath).st_size
        except OSError:
            return 0
