"""voduploadsdk, unmodified, as a job server: any method of its uploader with any field of its request classes."""

from __future__ import annotations

from typing import Any

from jobs import serve
from voduploadsdk.AliyunVodUploader import AliyunVodUploader
from voduploadsdk.UploadAttachedMediaRequest import UploadAttachedMediaRequest
from voduploadsdk.UploadImageRequest import UploadImageRequest
from voduploadsdk.UploadVideoRequest import UploadVideoRequest

REQUESTS = {"video": UploadVideoRequest, "image": UploadImageRequest, "attached": UploadAttachedMediaRequest}


class Uploader(AliyunVodUploader):
    """The vendor's, which is meant to be subclassed for its progress."""

    def __init__(self, *keys: str) -> None:
        super().__init__(*keys)
        self.progress: list[tuple[int, int]] = []

    def uploadProgressCallback(self, consumedBytes: int, totalBytes: int) -> None:
        self.progress.append((consumedBytes, totalBytes))


def upload(
    method: str,
    keys: list[str],
    request: str,
    arguments: list[Any],
    fields: dict[str, Any] | None = None,
    more: list[Any] | None = None,
    multipart: dict[str, int] | None = None,
    region: str | None = None,
) -> dict[str, Any]:
    """One upload: `arguments` make the request of class `request`, `fields` are set on it by its setters or directly,
    `more` goes to the uploader's method behind it. What came back, the progress calls and the start call."""
    uploader = Uploader(*keys)
    if region is not None:
        uploader.setApiRegion(region)
    if multipart is not None:
        uploader.setMultipartUpload(**multipart)
    asked = REQUESTS[request](*arguments)
    for name, value in (fields or {}).items():
        setter = getattr(asked, f"set{name[0].upper()}{name[1:]}", None)
        if setter is not None:
            setter(value)
        else:
            setattr(asked, name, value)
    started: list[Any] = []
    behind = list(more or [])
    if method == "uploadLocalVideo":
        behind = [lambda upload_id, info: started.append([upload_id, info["VideoId"]])]
    answer = getattr(uploader, method)(asked, *behind)
    return {"answer": answer, "progress": uploader.progress, "started": started, "request": vars(asked)}


def parse(method: str, keys: list[str], argument: str) -> Any:
    """`parseLocalM3u8` or `parseWebM3u8`."""
    return getattr(AliyunVodUploader(*keys), method)(argument)


if __name__ == "__main__":
    serve({"upload": upload, "parse": parse})
