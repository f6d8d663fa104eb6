"""Where to upload."""

from __future__ import annotations


class UploadHost:
    """Addresses of the best upload node and of the next one."""

    def __init__(self, upload_host: str, upload_host_backup: str) -> None:
        self.upload_host = upload_host
        self.upload_host_backup = upload_host_backup
