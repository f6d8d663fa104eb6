"""Multipart uploads of OSS: initiate, part, list, complete, abort.

Decides the rules of parts (protocol notes 5.2, 5.3): numbers 1 to 10000 with gaps allowed, at least 100 KB except the
last, checked when completing; ETags must be those answered. Leaves signatures and scope to `oss.py`.
"""

from __future__ import annotations

import itertools
import re
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree.ElementTree import ParseError

import defusedxml
import defusedxml.ElementTree

from vodfast.emulator.aliyun import replies
from vodfast.emulator.blobs import Content
from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal

if TYPE_CHECKING:
    from vodfast.emulator.aliyun.cloud import Bucket, Upload
    from vodfast.emulator.aliyun.oss import Holder

MAX_PARTS = 10000
MIN_PART = 100 << 10
"""Bytes of every part but the last."""


class Multipart:
    """The multipart operations of every bucket."""

    def __init__(self, cloud: Holder) -> None:
        self._cloud = cloud
        self._table = {
            "InitiateMultipartUpload": self._initiate,
            "UploadPart": self._part,
            "ListParts": self._list_parts,
            "ListMultipartUploads": self._list_uploads,
            "CompleteMultipartUpload": self._complete,
            "AbortMultipartUpload": self._abort,
        }

    def perform(self, call: Call, bucket: Bucket, key: str, query: dict[str, str]) -> Reply:
        """One operation by its name."""
        return self._table[call.operation](call, bucket, key, query)

    def check_part(self, call: Call) -> None:
        """What a part's head alone can be refused for."""
        if call.part_number is None or not 1 <= call.part_number <= MAX_PARTS:
            raise Refusal("InvalidArgument", f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive.")

    def _upload(self, bucket: Bucket, key: str, query: dict[str, str]) -> Upload:
        upload = bucket.uploads.get(query.get("uploadId", ""))
        if upload is None or upload.key != key:
            raise Refusal("NoSuchUpload", "The specified upload does not exist. It may have been aborted or completed.")
        return upload

    def _initiate(self, call: Call, bucket: Bucket, key: str, query: dict[str, str]) -> Reply:
        upload_id = secrets.token_hex(16).upper()
        call.upload_id = upload_id
        self._cloud.start_upload(bucket, upload_id, key, call.request.header("content-type"))
        write, fields = _writer(query)
        fields += [("Bucket", bucket.name), ("Key", write(key)), ("UploadId", upload_id)]
        return replies.answer(call, 200, (), replies.document("InitiateMultipartUploadResult", fields))

    def _part(self, call: Call, bucket: Bucket, key: str, query: dict[str, str]) -> Reply:
        assert call.blob is not None
        assert call.part_number is not None
        try:
            upload = self._upload(bucket, key, query)
        except Refusal:
            call.blob.discard()
            raise
        content = Content((call.blob,))
        old = upload.parts.get(call.part_number)
        if old is not None:
            old.discard()
        etag = f'"{(call.blob.md5.hex() or secrets.token_hex(16)).upper()}"'
        upload.parts[call.part_number] = content
        upload.etags[call.part_number] = etag
        upload.times[call.part_number] = self._cloud.world.now()
        self._cloud.world.history.count("parts_stored")
        return replies.answer(call, 200, (("ETag", etag), ("x-oss-hash-crc64ecma", str(content.crc64))))

    def _list_parts(self, call: Call, bucket: Bucket, key: str, query: dict[str, str]) -> Reply:
        upload = self._upload(bucket, key, query)
        marker, limit = _number(query, "part-number-marker", 0), _number(query, "max-parts", 1000)
        behind = sorted(number for number in upload.parts if number > marker)
        shown = behind[: min(limit, 1000)]
        write, fields = _writer(query)
        fields += [
            ("Bucket", bucket.name),
            ("Key", write(key)),
            ("UploadId", call.upload_id),
            ("StorageClass", "Standard"),
            ("PartNumberMarker", marker),
            ("NextPartNumberMarker", shown[-1] if shown else marker),
            ("MaxParts", limit),
            ("IsTruncated", "true" if len(behind) > len(shown) else "false"),
        ]
        for number in shown:
            part = [
                ("PartNumber", number),
                ("LastModified", _iso(upload.times[number])),
                ("ETag", upload.etags[number]),
                ("HashCrc64ecma", upload.parts[number].crc64),
                ("Size", upload.parts[number].size),
            ]
            fields.append(("Part", part))
        return replies.answer(call, 200, (), replies.document("ListPartsResult", fields))

    def _list_uploads(self, call: Call, bucket: Bucket, _: str, query: dict[str, str]) -> Reply:
        prefix = query.get("prefix", "")
        limit = min(_number(query, "max-uploads", 1000), 1000)
        after = (query.get("key-marker", ""), query.get("upload-id-marker", ""))
        write, fields = _writer(query)
        found = sorted(
            (upload.key, upload_id)
            for upload_id, upload in bucket.uploads.items()
            if upload.key.startswith(prefix) and _is_after((upload.key, upload_id), after)
        )
        shown = found[:limit]
        truncated = len(found) > limit
        last = shown[-1] if truncated and shown else ("", "")
        fields += [
            ("Bucket", bucket.name),
            ("KeyMarker", write(after[0])),
            ("UploadIdMarker", after[1]),
            ("NextKeyMarker", write(last[0])),
            ("NextUploadIdMarker", last[1]),
            ("Prefix", write(prefix)),
            ("Delimiter", ""),
            ("MaxUploads", limit),
            ("IsTruncated", "true" if truncated else "false"),
        ]
        for key, upload_id in shown:
            started = _iso(bucket.uploads[upload_id].started)
            fields.append(("Upload", [("Key", write(key)), ("UploadId", upload_id), ("Initiated", started)]))
        return replies.answer(call, 200, (), replies.document("ListMultipartUploadsResult", fields))

    def _complete(self, call: Call, bucket: Bucket, key: str, query: dict[str, str]) -> Reply:
        upload = self._upload(bucket, key, query)
        if call.request.header("x-oss-complete-all") == "yes" and not call.body:
            listed = sorted(upload.etags.items())
        else:
            listed = _listed_parts(bytes(call.body))
        if not listed:
            raise Refusal("MalformedXML", "You must specify at least one part.")
        if any(later[0] <= earlier[0] for earlier, later in itertools.pairwise(listed)):
            raise Refusal("InvalidPartOrder", "The list of parts was not in ascending order.")
        for number, etag in listed:
            if number not in upload.parts or etag.strip().strip('"').upper() != upload.etags[number].strip('"'):
                raise Refusal("InvalidPart", "One or more of the specified parts could not be found or differ.")
        if any(upload.parts[number].size < MIN_PART for number, _ in listed[:-1]):
            raise Refusal("EntityTooSmall", f"A part other than the last is smaller than {MIN_PART} bytes.")
        content = Content([blob for number, _ in listed for blob in upload.parts[number].blobs])
        etag = f'"{secrets.token_hex(16).upper()}-{len(listed)}"'
        used = {number for number, _ in listed}
        for number, part in upload.parts.items():
            if number not in used:
                part.discard()
        self._cloud.finish_upload(bucket, query["uploadId"], content, etag)
        write, fields = _writer(query)
        fields += [
            ("Location", self._cloud.url(bucket, quote(key))),
            ("Bucket", bucket.name),
            ("Key", write(key)),
            ("ETag", etag),
        ]
        headers = (("ETag", etag), ("x-oss-hash-crc64ecma", str(content.crc64)))
        return replies.answer(call, 200, headers, replies.document("CompleteMultipartUploadResult", fields))

    def _abort(self, call: Call, bucket: Bucket, key: str, query: dict[str, str]) -> Reply:
        self._upload(bucket, key, query)
        self._cloud.abort_upload(bucket, query["uploadId"])
        return replies.answer(call, 204)


def _writer(query: dict[str, str]) -> tuple[Callable[[str], str], list[tuple[str, object]]]:
    """How the answer to this query writes keys, and the fields it begins with."""
    if query.get("encoding-type") == "url":
        return lambda text: quote(text, safe=""), [("EncodingType", "url")]
    return str, []


def _listed_parts(body: bytes) -> list[tuple[int, str]]:
    """Part numbers and ETags of a CompleteMultipartUpload body, in its order.

    Raises:
        Refusal: MalformedXML.
    """
    try:
        root = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, defusedxml.DefusedXmlException, ValueError, LookupError):
        raise Refusal("MalformedXML", "The XML you provided was not well formed.") from None
    if root.tag != "CompleteMultipartUpload" or any(part.tag != "Part" for part in root):
        raise Refusal("MalformedXML", "The XML you provided does not list parts.")
    listed = []
    for part in root:
        texts = {child.tag: (child.text or "").strip() for child in part}
        number = texts.get("PartNumber", "")
        if not re.fullmatch(r"\d{1,6}", number, re.ASCII) or not texts.get("ETag"):
            raise Refusal("MalformedXML", "A part lacks its PartNumber or its ETag.")
        listed.append((int(number), texts["ETag"]))
    return listed


def _is_after(entry: tuple[str, str], marker: tuple[str, str]) -> bool:
    key, upload_id = marker
    if not key:
        return True
    return entry > marker if upload_id else entry[0] > key


def _number(query: dict[str, str], name: str, otherwise: int) -> int:
    text = query.get(name, "")
    if not text:
        return otherwise
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise Refusal("InvalidArgument", f"{name} is not a number.")
    return int(text)


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))
