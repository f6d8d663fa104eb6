"""vod-python-sdk, unmodified, as a job server: `upload` with any request attribute."""

from __future__ import annotations

from typing import Any

from jobs import serve
from qcloud_vod.model import VodUploadRequest
from qcloud_vod.vod_upload_client import VodUploadClient


def upload(
    keys: list[str], request: dict[str, Any], region: str = "ap-guangzhou", client: dict[str, Any] | None = None
) -> dict[str, Any]:
    """One `VodUploadClient.upload`; answers the response's fields, the progress calls and the request as completed."""
    uploader = VodUploadClient(*keys)
    for name, value in (client or {}).items():
        setattr(uploader, name, value)
    asked = VodUploadRequest()
    for name, value in request.items():
        setattr(asked, name, value)
    progress: list[tuple[int, int]] = []
    answer = uploader.upload(region, asked, lambda done, total: progress.append((done, total)))
    return {
        "FileId": answer.FileId,
        "MediaUrl": answer.MediaUrl,
        "CoverUrl": answer.CoverUrl,
        "RequestId": answer.RequestId,
        "progress": progress,
        "MediaType": asked.MediaType,
        "MediaName": asked.MediaName,
        "CoverType": asked.CoverType,
    }


if __name__ == "__main__":
    serve({"upload": upload})
