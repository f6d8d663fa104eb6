"""alibabacloud-oss-v2, unmodified, as a job server: `open` a client once, then any operation of it by name.

A `body` that is `{"file": path}` is opened and streamed; `{"text": ...}` is sent as bytes.
"""

from __future__ import annotations

import contextlib
from typing import Any

import alibabacloud_oss_v2 as oss
from jobs import serve

_client: oss.Client | None = None


def open_client(keys: list[str], region: str, endpoint: str | None, version: str = "v4") -> None:
    """Make the process's one client; without `endpoint` the region's own https one is used."""
    global _client
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(*keys)
    config.region = region
    config.endpoint = endpoint
    config.signature_version = version
    _client = oss.Client(config)


def facts(result: Any) -> dict[str, Any]:
    """What of a result is plain data, lists of its models included."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(one) for one in value]
        return facts(value) if hasattr(value, "_attribute_map") else value

    return {name: plain(value) for name, value in vars(result).items() if not name.startswith("_") and name != "body"}


def operation(name: str, request: str, fields: dict[str, Any]) -> dict[str, Any]:
    """One operation: the method's name, the name of its request model, and the model's fields."""
    with contextlib.ExitStack() as files:
        body = fields.get("body")
        if isinstance(body, dict):
            fields["body"] = files.enter_context(open(body["file"], "rb")) if "file" in body else body["text"].encode()
        if "parts" in fields:
            listed = [oss.UploadPart(part_number=number, etag=etag) for number, etag in fields.pop("parts")]
            fields["complete_multipart_upload"] = oss.CompleteMultipartUpload(parts=listed)
        return facts(getattr(_client, name)(getattr(oss, request)(**fields)))


def upload(bucket: str, key: str, file: str, **options: Any) -> dict[str, Any]:
    """The vendor's parallel uploader."""
    return facts(_client.uploader(**options).upload_file(oss.PutObjectRequest(bucket=bucket, key=key), file))


def presigned(name: str, request: str, fields: dict[str, Any]) -> dict[str, Any]:
    """URL and method of a presigned request."""
    signed = _client.presign(getattr(oss, request)(**fields))
    return {"method": signed.method, "url": signed.url, "headers": dict(signed.signed_headers or {})}


if __name__ == "__main__":
    serve({"open": open_client, "operation": operation, "upload": upload, "presigned": presigned})
