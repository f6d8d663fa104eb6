"""Multipart uploads of COS: initiate, part, list, complete, abort.

Decides the rules of parts (protocol notes 3.3): numbers 1 to 10000, any order of arrival, at least 1 MiB except the
last, checked when completing; ETags must be those answered. Leaves signatures and scope to `cos.py`.
"""

from __future__ import annotations

import itertools
import re
import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree.ElementTree import Element, ParseError

import defusedxml
import defusedxml.ElementTree

from vodfast.emulator.blobs import Content
from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.tencent import replies

if TYPE_CHECKING:
    from vodfast.emulator.tencent.cloud import Bucket, TencentCloud, Upload

MAX_PARTS = 10000
MIN_PART = 1 << 20
"""Bytes of every part but the last."""
_NAMESPACE = "http://www.qcloud.com/document/product/436/7751"
_OWNER = [("ID", "qcs::cam::uin/100000000001:uin/100000000001"), ("DisplayName", "100000000001")]


class Multipart:
    """The multipart operations of every bucket."""

    def __init__(self, cloud: TencentCloud) -> None:
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
            raise Refusal("InvalidArgument", f"partNumber must be a number from 1 to {MAX_PARTS}.")

    def _upload(self, bucket: Bucket, key: str, query: dict[str, str]) -> Upload:
        upload = bucket.uploads.get(query.get("uploadId", ""))
        if upload is None or upload.key != key:
            raise Refusal("NoSuchUpload", "The specified multipart upload does not exist.")
        return upload

    def _initiate(self, call: Call, bucket: Bucket, key: str, _: dict[str, str]) -> Reply:
        upload_id = f"{int(time.time())}{secrets.token_hex(24)}"
        call.upload_id = upload_id
        self._cloud.start_upload(bucket, upload_id, key, call.request.header("content-type"))
        fields = (("Bucket", bucket.name), ("Key", key), ("UploadId", upload_id))
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
        etag = f'"{call.blob.md5.hex() or secrets.token_hex(16)}"'
        upload.parts[call.part_number] = content
        upload.etags[call.part_number] = etag
        upload.times[call.part_number] = self._cloud.world.now()
        self._cloud.world.history.count("parts_stored")
        return replies.answer(call, 200, (("ETag", etag), ("x-cos-hash-crc64ecma", str(content.crc64))))

    def _list_parts(self, call: Call, bucket: Bucket, key: str, query: dict[str, str]) -> Reply:
        upload = self._upload(bucket, key, query)
        marker, limit = _number(query, "part-number-marker", 0), _number(query, "max-parts", 1000)
        behind = sorted(number for number in upload.parts if number > marker)
        shown = behind[: min(limit, 1000)]
        encoded = query.get("encoding-type") == "url"
        fields: list[tuple[str, object]] = [("Bucket", bucket.name)]
        if encoded:
            fields.append(("Encoding-Type", "url"))
        fields += [
            ("Key", quote(key, safe="") if encoded else key),
            ("UploadId", call.upload_id),
            ("Initiator", _OWNER),
            ("Owner", _OWNER),
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
                ("Size", upload.parts[number].size),
            ]
            fields.append(("Part", part))
        return replies.answer(call, 200, (), replies.document("ListPartsResult", fields))

    def _list_uploads(self, call: Call, bucket: Bucket, _: str, query: dict[str, str]) -> Reply:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        limit = min(_number(query, "max-uploads", 1000), 1000)
        after = (query.get("key-marker", ""), query.get("upload-id-marker", ""))
        encoded = query.get("encoding-type") == "url"
        write = (lambda text: quote(text, safe="")) if encoded else str
        found = sorted(
            (upload.key, upload_id)
            for upload_id, upload in bucket.uploads.items()
            if upload.key.startswith(prefix) and _is_after((upload.key, upload_id), after)
        )
        folders: dict[str, None] = {}
        plain: list[tuple[str, str]] = []
        for key, upload_id in found:
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            if cut >= 0:
                folders[key[: cut + len(delimiter)]] = None
            else:
                plain.append((key, upload_id))
        shown = plain[:limit]
        truncated = len(plain) > limit
        last = shown[-1] if truncated and shown else ("", "")
        fields: list[tuple[str, object]] = [("Bucket", bucket.name)]
        if encoded:
            fields.append(("Encoding-Type", "url"))
        fields += [
            ("KeyMarker", write(after[0])),
            ("UploadIdMarker", after[1]),
            ("NextKeyMarker", write(last[0])),
            ("NextUploadIdMarker", last[1]),
            ("MaxUploads", limit),
            ("Prefix", write(prefix)),
            ("Delimiter", write(delimiter)),
            ("IsTruncated", "true" if truncated else "false"),
        ]
        for key, upload_id in shown:
            upload = [
                ("Key", write(key)),
                ("UploadId", upload_id),
                ("StorageClass", "Standard"),
                ("Initiator", _OWNER),
                ("Owner", _OWNER),
                ("Initiated", _iso(bucket.uploads[upload_id].started)),
            ]
            fields.append(("Upload", upload))
        fields += [("CommonPrefixes", [("Prefix", write(folder))]) for folder in folders]
        return replies.answer(call, 200, (), replies.document("ListMultipartUploadsResult", fields))

    def _complete(self, call: Call, bucket: Bucket, key: str, query: dict[str, str]) -> Reply:
        upload = self._upload(bucket, key, query)
        listed = _listed_parts(bytes(call.body))
        _check_order(listed)
        for number, etag in listed:
            if number not in upload.parts or etag.strip().strip('"').lower() != upload.etags[number].strip('"'):
                raise Refusal("InvalidPart", f"Part {number} was not uploaded, or its ETag differs.")
        if any(upload.parts[number].size < MIN_PART for number, _ in listed[:-1]):
            raise Refusal("EntityTooSmall", f"A part other than the last is smaller than {MIN_PART} bytes.")
        content = Content([blob for number, _ in listed for blob in upload.parts[number].blobs])
        etag = f'"{secrets.token_hex(16)}-{len(listed)}"'
        used = {number for number, _ in listed}
        for number, part in upload.parts.items():
            if number not in used:
                part.discard()
        self._cloud.finish_upload(bucket, query["uploadId"], content, etag)
        fields = (
            ("Location", f"{call.request.host}/{quote(key)}"),
            ("Bucket", bucket.name),
            ("Key", key),
            ("ETag", etag),
        )
        body = replies.document("CompleteMultipartUploadResult", fields, namespace=_NAMESPACE)
        return self._padded(call, content, body)

    def _padded(self, call: Call, content: Content, body: bytes) -> Reply:
        """Chunked, with the spaces a real store sends while it merges."""
        settings = self._cloud.world.settings
        headers = (replies.XML, ("x-cos-hash-crc64ecma", str(content.crc64)), ("x-cos-request-id", call.request_id))
        lead = b" " * settings.complete_padding
        if settings.complete_padding_place == "after-declaration":
            head = replies.DECLARATION.encode()
            lead, body = head + lead, body.removeprefix(head)
        return Reply(200, headers, body, chunked=True, lead=lead)

    def _abort(self, call: Call, bucket: Bucket, key: str, query: dict[str, str]) -> Reply:
        upload = self._upload(bucket, key, query)
        for part in upload.parts.values():
            part.discard()
        self._cloud.abort_upload(bucket, query["uploadId"])
        return replies.answer(call, 204)


def _listed_parts(body: bytes) -> list[tuple[int, str]]:
    """Part numbers and ETags of a CompleteMultipartUpload body, in its order.

    Raises:
        Refusal: MissingRequestBodyError or MalformedXML.
    """
    if not body.strip():
        raise Refusal("MissingRequestBodyError", "The request body is empty.")
    try:
        root = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, defusedxml.DefusedXmlException, ValueError, LookupError):
        raise Refusal("MalformedXML", "The XML you provided was not well formed.") from None
    if _name(root) != "CompleteMultipartUpload" or not len(root) or any(_name(part) != "Part" for part in root):
        raise Refusal("MalformedXML", "The XML you provided does not list parts.")
    listed = []
    for part in root:
        texts = {_name(child): (child.text or "").strip() for child in part}
        number = texts.get("PartNumber", "")
        if not re.fullmatch(r"\d{1,6}", number, re.ASCII) or not texts.get("ETag"):
            raise Refusal("MalformedXML", "A part lacks its PartNumber or its ETag.")
        listed.append((int(number), texts["ETag"]))
    return listed


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _check_order(listed: list[tuple[int, str]]) -> None:
    numbers = [number for number, _ in listed]
    if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
        raise Refusal("InvalidPartOrder", "The parts are not listed in ascending order.")
    if numbers != list(range(1, len(numbers) + 1)):
        raise Refusal("InvalidPart", "The part numbers are not contiguous from 1.")


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
