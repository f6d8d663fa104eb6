"""oss2, unmodified, as a job server: `open` a bucket once, then its methods.

A `body` that is `{"file": path}` is opened and streamed; `{"text": ...}` is sent as bytes. Answers are the result's
plain attributes, so `crc` and `etag` are the SDK's own.
"""

from __future__ import annotations

import tempfile
from typing import Any

import oss2
from jobs import serve
from oss2.models import PartInfo

_bucket: oss2.Bucket | None = None


def open_bucket(keys: list[str], endpoint: str, bucket: str, version: str, region: str) -> None:
    """Make the process's one bucket; `version` is `v1` or `v4`, and three `keys` are a temporary credential."""
    global _bucket
    _bucket = oss2.Bucket(oss2.StsAuth(*keys, auth_version=version), endpoint, bucket, region=region)


def facts(result: Any) -> dict[str, Any]:
    """What of a result is plain data, lists of plain objects included."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(one) for one in value]
        return value if isinstance(value, (str, int, float, bool, type(None))) else vars(value)

    return {name: plain(value) for name, value in vars(result).items() if name not in ("resp", "headers")}


def put(key: str, body: dict[str, str]) -> dict[str, Any]:
    if "text" in body:
        return facts(_bucket.put_object(key, body["text"].encode()))
    return facts(_bucket.put_object_from_file(key, body["file"]))


def resumable(key: str, file: str, store: str | None = None, **options: Any) -> dict[str, Any]:
    """`store` is the directory of the SDK's checkpoint, a throw-away one if it is not given."""
    place = oss2.ResumableStore(root=store or tempfile.mkdtemp())
    return facts(oss2.resumable_upload(_bucket, key, file, store=place, **options))


def append(key: str, position: int, text: str, init_crc: int | None = None) -> dict[str, Any]:
    """With `init_crc` (of what is there) the SDK compares the CRC of the whole."""
    return facts(_bucket.append_object(key, position, text.encode(), init_crc=init_crc))


def initiate(key: str) -> dict[str, Any]:
    return facts(_bucket.init_multipart_upload(key))


def part(key: str, upload_id: str, number: int, text: str) -> dict[str, Any]:
    return facts(_bucket.upload_part(key, upload_id, number, text.encode()))


def parts(key: str, upload_id: str, **options: Any) -> dict[str, Any]:
    return facts(_bucket.list_parts(key, upload_id, **options))


def complete(key: str, upload_id: str, tags: list[tuple[int, str]]) -> dict[str, Any]:
    return facts(_bucket.complete_multipart_upload(key, upload_id, [PartInfo(*tag) for tag in tags]))


def abort(key: str, upload_id: str) -> int:
    return int(_bucket.abort_multipart_upload(key, upload_id).status)


def uploads(prefix: str) -> list[str]:
    return [upload.upload_id for upload in _bucket.list_multipart_uploads(prefix=prefix).upload_list]


def head(key: str) -> dict[str, Any]:
    result = _bucket.head_object(key)
    return facts(result) | {"kind": result.object_type, "crc": result.server_crc}


def get(key: str) -> str:
    """The bytes as latin-1 text; the SDK compares their CRC by itself."""
    return str(_bucket.get_object(key).read().decode("latin-1"))


def delete(key: str) -> int:
    return int(_bucket.delete_object(key).status)


def signed_url(method: str, key: str, seconds: int, params: dict[str, str] | None = None) -> str:
    return str(_bucket.sign_url(method, key, seconds, params=params, slash_safe=True))


def put_to_url(url: str, file: str) -> dict[str, Any]:
    return facts(_bucket.put_object_with_url_from_file(url, file))


if __name__ == "__main__":
    serve(
        {
            "open": open_bucket,
            "put": put,
            "resumable": resumable,
            "append": append,
            "initiate": initiate,
            "part": part,
            "parts": parts,
            "complete": complete,
            "abort": abort,
            "uploads": uploads,
            "head": head,
            "get": get,
            "delete": delete,
            "signed_url": signed_url,
            "put_to_url": put_to_url,
        }
    )
