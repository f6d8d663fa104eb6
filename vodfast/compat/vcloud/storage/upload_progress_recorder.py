"""Records of unfinished uploads, one file each: those of the original, which both can take up.

Decides names and writing: a record is whole or not there, and only its owner can read it, because it holds an upload
token. Leaves what stands in it to `uploader.py`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import tempfile
from typing import Any


class UploadProgressRecorder:
    """The records in one folder, which is made when there is one to write. They go by file name and `key`, the time of
    the file's modification.
    """

    def __init__(self, record_folder: str = tempfile.gettempdir()) -> None:  # the original's default
        self.record_folder = record_folder

    def get_upload_record(self, file_name: str, key: object) -> Any | None:
        """The record, None if there is none that can be read, or if somebody else put it there: it says where the file
        goes.
        """
        try:
            with open(self._path(file_name, key), encoding="utf-8") as file:
                return json.load(file) if os.fstat(file.fileno()).st_uid == os.getuid() else None
        except (OSError, ValueError):
            return None

    def set_upload_record(self, file_name: str, key: object, data: Any) -> None:
        """Write it, in place of an older one.

        Raises:
            OSError: the folder cannot be written.
        """
        folder = self.record_folder or os.curdir
        os.makedirs(folder, mode=0o700, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=".record-", dir=folder)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                json.dump(data, file)
            os.replace(draft, self._path(file_name, key))
        except BaseException:
            os.unlink(draft)
            raise

    def delete_upload_record(self, file_name: str, key: object) -> None:
        """Remove it, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.remove(self._path(file_name, key))

    def _path(self, file_name: str, key: object) -> str:
        """The original's name; where that would hold a slash, so that it could never write it, another alphabet."""
        name = base64.b64encode(f"{key}/{file_name}".encode()).decode()
        return os.path.join(self.record_folder, name.replace("/", "_"))
