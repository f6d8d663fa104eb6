"""Uploads in parts in the dialect of S3: initiate, part, list, complete, abort.

Decides the rules that COS and OSS share (protocol notes of Tencent 3.3, of Aliyun 5.2 and 5.3): numbers 1 to 10000, any
order of arrival, small parts found when completing, ETags as answered, pages of listings. Leaves what the stores write
in ways of their own to their services, and signatures and scope to `object_store.py`.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote
from xml.etree.ElementTree import Element, ParseError

import defusedxml
import defusedxml.ElementTree

from vodfast.emulator.accounts import Account
from vodfast.emulator.blobs import Content
from vodfast.emulator.buckets import Bucket, Upload
from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal

if TYPE_CHECKING:
    from vodfast.emulator.object_store import ObjectStore

MAX_PARTS = 10000
PAGE_SIZE = 1000


class Target(NamedTuple):
    """What a request to the store is about."""

    bucket: Bucket
    key: str
    query: dict[str, str]
    account: Account


class Multipart:
    """The multipart operations of every bucket of a store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._table = {
            "InitiateMultipartUpload": self._initiate,
            "UploadPart": self._part,
            "ListParts": self._list_parts,
            "ListMultipartUploads": self._list_uploads,
            "CompleteMultipartUpload": self._complete,
            "AbortMultipartUpload": self._abort,
        }

    def perform(self, call: Call, target: Target) -> Reply:
        """One operation by its name."""
        return self._table[call.operation](call, target)

    def check_part(self, call: Call) -> None:
        """What a part's head alone can be refused for."""
        if call.part_number is None or not 1 <= call.part_number <= MAX_PARTS:
            target = call.context
            assert isinstance(target, Target)
            raise Refusal(
                "InvalidArgument",
                f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive.",
                details=(("ArgumentName", "partNumber"), ("ArgumentValue", target.query.get("partNumber", ""))),
            )

    def _upload(self, target: Target) -> Upload:
        upload = target.bucket.uploads.get(target.query.get("uploadId", ""))
        if upload is None or upload.key != target.key:
            raise Refusal("NoSuchUpload", "The specified upload does not exist. It may have been aborted or completed.")
        return upload

    def _opening(self, target: Target) -> tuple[Callable[[str], str], list[tuple[str, object]]]:
        """How the answer to this query writes keys, and the fields it begins with."""
        encoded = target.query.get("encoding-type") == "url"
        write = _encoded if encoded else str
        return write, self._store.opening(target.bucket, encoded)

    def _answer(self, call: Call, root: str, fields: list[tuple[str, object]]) -> Reply:
        return self._store.reply(call, 200, (), self._store.document(root, fields))

    def _initiate(self, call: Call, target: Target) -> Reply:
        upload_id = call.upload_id = self._store.new_upload_id()
        self._store.holder.start_upload(target.bucket, upload_id, target.key, call.request.header("content-type"))
        write, fields = self._opening(target)
        fields += [("Key", write(target.key)), ("UploadId", upload_id)]
        return self._answer(call, "InitiateMultipartUploadResult", fields)

    def _part(self, call: Call, target: Target) -> Reply:
        assert call.part_number is not None
        upload, blob = self._upload(target), call.take()
        etag, content = self._store.etag_of(blob), Content((blob,))
        world = self._store.holder.world
        upload.keep(call.part_number, content, etag, world.now())
        world.history.count("parts_stored")
        return self._store.reply(call, 200, self._store.proof(etag, content))

    def _list_parts(self, call: Call, target: Target) -> Reply:
        upload, query = self._upload(target), target.query
        marker, limit = _number(query, "part-number-marker", 0), _number(query, "max-parts", PAGE_SIZE)
        behind = sorted(number for number in upload.parts if number > marker)
        shown = behind[: min(limit, PAGE_SIZE)]
        write, fields = self._opening(target)
        fields += [
            ("Key", write(target.key)),
            ("UploadId", call.upload_id),
            *self._store.owner,
            ("StorageClass", "Standard"),
            ("PartNumberMarker", marker),
            ("NextPartNumberMarker", shown[-1] if shown else marker),
            ("MaxParts", limit),
            ("IsTruncated", _boolean(len(behind) > len(shown))),
        ]
        for number in shown:
            part = [
                ("PartNumber", number),
                ("LastModified", _iso(upload.times[number])),
                ("ETag", upload.etags[number]),
                *self._store.part_digest(upload.parts[number]),
                ("Size", upload.parts[number].size),
            ]
            fields.append(("Part", part))
        return self._answer(call, "ListPartsResult", fields)

    def _list_uploads(self, call: Call, target: Target) -> Reply:
        bucket, query = target.bucket, target.query
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        limit = min(_number(query, "max-uploads", PAGE_SIZE), PAGE_SIZE)
        after = (query.get("key-marker", ""), query.get("upload-id-marker", ""))
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
        shown, truncated = plain[:limit], len(plain) > limit
        last = shown[-1] if truncated and shown else ("", "")
        write, fields = self._opening(target)
        fields += [
            ("KeyMarker", write(after[0])),
            ("UploadIdMarker", after[1]),
            ("NextKeyMarker", write(last[0])),
            ("NextUploadIdMarker", last[1]),
            ("MaxUploads", limit),
            ("Prefix", write(prefix)),
            ("Delimiter", write(delimiter)),
            ("IsTruncated", _boolean(truncated)),
        ]
        for key, upload_id in shown:
            upload = [
                ("Key", write(key)),
                ("UploadId", upload_id),
                ("StorageClass", "Standard"),
                *self._store.owner,
                ("Initiated", _iso(bucket.uploads[upload_id].started)),
            ]
            fields.append(("Upload", upload))
        fields += [("CommonPrefixes", [("Prefix", write(folder))]) for folder in folders]
        return self._answer(call, "ListMultipartUploadsResult", fields)

    def _complete(self, call: Call, target: Target) -> Reply:
        store, upload = self._store, self._upload(target)
        listed = store.parts_to_join(call, upload)
        self._check_parts(listed, upload)
        content = Content([blob for number, _ in listed for blob in upload.parts[number].blobs])
        etag = store.etag_of_parts(len(listed))
        used = {number for number, _ in listed}
        for number, part in upload.parts.items():
            if number not in used:
                part.discard()
        store.holder.finish_upload(target.bucket, target.query["uploadId"], content, etag)
        write, fields = self._opening(target)
        place = ("Location", store.location(call.request, target.bucket, quote(target.key)))
        fields = [place, *fields, ("Key", write(target.key)), ("ETag", etag)]
        return store.joined(call, etag, content, fields)

    def _check_parts(self, listed: list[tuple[int, str]], upload: Upload) -> None:
        """Refuse what cannot be joined."""
        numbers = [number for number, _ in listed]
        if not numbers:
            raise Refusal("MalformedXML", "You must specify at least one part.")
        if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
            raise Refusal("InvalidPartOrder", "The parts are not listed in ascending order.")
        if not self._store.gaps_allowed and numbers != list(range(1, len(numbers) + 1)):
            raise Refusal("InvalidPart", "The part numbers are not contiguous from 1.")
        for number, etag in listed:
            said = self._store.spell(etag.strip().strip('"'))
            if number not in upload.parts or said != upload.etags[number].strip('"'):
                raise Refusal("InvalidPart", f"Part {number} was not uploaded, or its ETag differs.")
        smallest = self._store.min_part
        if any(upload.parts[number].size < smallest for number in numbers[:-1]):
            raise Refusal("EntityTooSmall", f"A part other than the last is smaller than {smallest} bytes.")

    def _abort(self, call: Call, target: Target) -> Reply:
        self._upload(target)
        self._store.holder.abort_upload(target.bucket, target.query["uploadId"])
        return self._store.reply(call, 204)


def listed_parts(body: bytes) -> list[tuple[int, str]]:
    """Part numbers and ETags of a CompleteMultipartUpload body, in its order.

    Raises:
        Refusal: MalformedXML.
    """
    try:
        root = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, defusedxml.DefusedXmlException, ValueError, LookupError):
        raise Refusal("MalformedXML", "The XML you provided was not well formed.") from None
    if _name(root) != "CompleteMultipartUpload" or any(_name(part) != "Part" for part in root):
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


def _encoded(text: str) -> str:
    return quote(text, safe="")


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))
