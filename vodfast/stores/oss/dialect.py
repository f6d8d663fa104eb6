"""The verbs of Alibaba Cloud OSS for one object, as described requests.

Decides requests and the reading of answers (section 5.2 of the protocol notes) and the limits of the store. Leaves
signatures to `signing.py`, error codes to `faults.py`, and performing, retrying and comparing digests to the engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar
from urllib.parse import quote, unquote, unquote_plus
from xml.etree.ElementTree import Element

from vodfast.config import GIB, KIB
from vodfast.credentials import Credentials
from vodfast.errors import InvalidInput
from vodfast.stores.oss import faults, signing
from vodfast.stores.oss.address import Place, path_of
from vodfast.stores.xmlbody import BadXml, child_text, complete_multipart_body, parse_xml
from vodfast.transfer.message import Body, Request, Response, build_headers
from vodfast.transfer.ports import Call, ObjectReceipt, ObjectStore, PartPage, PartReceipt, PartSpec, StoreLimits

T = TypeVar("T")

OSS_LIMITS: Final = StoreLimits(
    min_part=100 * KIB,
    max_part=5 * GIB,
    max_parts=10000,
    max_single_put=5 * GIB,
    part_digest="crc64",
    object_digest="crc64",
    can_list_parts=True,
)

CALL_TIMEOUT: Final = 60.0
COMPLETE_TIMEOUT: Final = 1200.0
"""Seconds; joining many parts takes the store long."""
PAGE_SIZE: Final = 1000

_MAX_REPLY: Final = 1 << 20
_CRC64 = re.compile(r"[0-9]{1,20}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_ETAG = re.compile(r"[\x21-\x7e]{1,256}")


@dataclass(frozen=True, slots=True)
class OssStore:
    """One key in one bucket. Implements `transfer.ports.ObjectStore`.

    `key` has no leading `/`. `region` is what a V4 signature names, `signature` is `V4` or `V1`. `content_type` is
    stored with the object; None leaves it to the store. `callback` is the base64 text of a callback the store makes
    when the object is finished; its answer becomes the receipt's `reply`. `notification` is base64 text the store hands
    on to the service that listens to the bucket. Building one raises `ValueError` for a key that cannot be addressed.
    """

    place: Place
    key: str
    region: str
    signature: str = "V4"
    content_type: str | None = None
    callback: str | None = None
    notification: str | None = None
    limits: StoreLimits = OSS_LIMITS
    complete_timeout: float = COMPLETE_TIMEOUT
    cloud: str = "aliyun"
    _path: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_path", f"{self.place.prefix}{path_of(self.key)}")

    def put_object(self, body: Body) -> Call[ObjectReceipt]:
        """Store the whole object with one request, at most 5 GiB."""
        if body.length > self.limits.max_single_put:
            raise InvalidInput(f"one PUT takes at most {self.limits.max_single_put} bytes; send it in parts")

        def parse(response: Response) -> ObjectReceipt:
            self._expect("PutObject", response, 200)
            return self._finished("PutObject", response)

        return self._call("PutObject", "PUT", (), parse, body=body, typed=True, finishing=True)

    def create_upload(self) -> Call[str]:
        """Open a multipart upload; the answer is its id. Repeating it after a lost answer leaves an unused upload
        behind, which `list_uploads` finds."""

        def parse(response: Response) -> str:
            operation = "InitiateMultipartUpload"
            self._expect(operation, response, 200)
            root = self._document(operation, response, "InitiateMultipartUploadResult")
            upload_id = child_text(root, "UploadId")
            if not upload_id or len(upload_id) > 1024 or not upload_id.isprintable():
                self._useless(operation, response, "no usable UploadId")
            return upload_id

        return self._call("InitiateMultipartUpload", "POST", (("uploads", ""),), parse, body=b"", typed=True)

    def put_part(self, upload_id: str, part: PartSpec, body: Body) -> Call[PartReceipt]:
        """Store one part; the same number again replaces it."""
        if not 0 <= part.index < self.limits.max_parts:
            raise InvalidInput(
                f"part {part.index + 1} is out of range: parts are numbered 1 to {self.limits.max_parts}"
            )
        if body.length != part.length or part.length > self.limits.max_part:
            raise InvalidInput(f"part {part.index + 1} must be {part.length} bytes, at most {self.limits.max_part}")

        def parse(response: Response) -> PartReceipt:
            self._expect("UploadPart", response, 200)
            return PartReceipt(
                index=part.index,
                length=part.length,
                tag=self._etag("UploadPart", response),
                digest=self._crc64("UploadPart", response),
            )

        params = (("partNumber", str(part.index + 1)), ("uploadId", upload_id))
        return self._call("UploadPart", "PUT", params, parse, body=body)

    def list_parts(self, upload_id: str, marker: str | None) -> Call[PartPage]:
        """One page of stored parts, up to 1000, with their digests where the store says them. `marker` is that
        of the page before, None for the first."""
        after = marker or "0"
        if not _NUMBER.fullmatch(after):
            raise InvalidInput("a marker for ListParts is a part number")
        params = (
            ("uploadId", upload_id),
            ("part-number-marker", after),
            ("max-parts", str(PAGE_SIZE)),
            ("encoding-type", "url"),
        )

        def parse(response: Response) -> PartPage:
            self._expect("ListParts", response, 200)
            return self._part_page(response, int(after))

        return self._call("ListParts", "GET", params, parse, reads=True)

    def complete_upload(self, upload_id: str, parts: Sequence[PartReceipt]) -> Call[ObjectReceipt]:
        """Join the parts, which must be all of 1..n. Repeated after a success it is refused with NoSuchUpload: then
        `head_object` tells."""
        ordered = sorted(parts, key=lambda part: part.index)
        if not ordered or [part.index for part in ordered] != list(range(len(ordered))):
            raise InvalidInput("the parts to join are not all of 1..n, each once")
        document = complete_multipart_body((part.index + 1, part.tag) for part in ordered)

        def parse(response: Response) -> ObjectReceipt:
            operation = "CompleteMultipartUpload"
            self._expect(operation, response, 200)
            if self.callback is not None:
                return self._finished(operation, response)
            root = self._document(operation, response, "CompleteMultipartUploadResult")
            tag = child_text(root, "ETag")
            if not tag or not _ETAG.fullmatch(tag):
                self._useless(operation, response, "no usable ETag")
            return ObjectReceipt(tag=tag, digest=self._crc64(operation, response))

        return self._call(
            "CompleteMultipartUpload",
            "POST",
            (("uploadId", upload_id),),
            parse,
            body=document,
            timeout=self.complete_timeout,
            finishing=True,
        )

    def abort_upload(self, upload_id: str) -> Call[None]:
        """Drop an upload with its parts. An upload the store does not know is already gone."""

        def parse(response: Response) -> None:
            if response.status == 404 and (faults.error_fields(response) or ("",))[0] == "NoSuchUpload":
                return
            self._expect("AbortMultipartUpload", response, 200, 204)

        return self._call("AbortMultipartUpload", "DELETE", (("uploadId", upload_id),), parse)

    def list_uploads(self) -> Call[tuple[str, ...]]:
        """Ids of the uploads open for this very key, at most a page of them: each session has a key of its own."""
        params = (
            ("uploads", ""),
            ("prefix", self.key),
            ("max-uploads", str(PAGE_SIZE)),
            ("encoding-type", "url"),
        )

        def parse(response: Response) -> tuple[str, ...]:
            self._expect("ListMultipartUploads", response, 200)
            root = self._document("ListMultipartUploads", response, "ListMultipartUploadsResult")
            encoded = child_text(root, "EncodingType") == "url"
            return tuple(
                upload_id
                for entry in root.iterfind("Upload")
                if self._names_this(child_text(entry, "Key") or "", encoded=encoded)
                and (upload_id := child_text(entry, "UploadId"))
            )

        return self._call("ListMultipartUploads", "GET", params, parse, of_bucket=True, reads=True)

    def head_object(self) -> Call[ObjectReceipt | None]:
        """What is stored under the key, None if nothing is. A refusal travels in a header here."""

        def parse(response: Response) -> ObjectReceipt | None:
            if response.status == 404 and (faults.error_fields(response) or ("NoSuchKey",))[0] == "NoSuchKey":
                return None
            self._expect("HeadObject", response, 200)
            length = response.header("content-length")
            return ObjectReceipt(
                tag=self._etag("HeadObject", response),
                digest=self._crc64("HeadObject", response),
                size=None if length is None else self._number("HeadObject", response, length, "Content-Length"),
            )

        return self._call("HeadObject", "HEAD", (), parse, reads=True)

    def delete_object(self) -> Call[None]:
        """Remove the object; one that is not there counts as removed."""

        def parse(response: Response) -> None:
            if response.status == 404 and (faults.error_fields(response) or ("",))[0] == "NoSuchKey":
                return
            self._expect("DeleteObject", response, 200, 204)

        return self._call("DeleteObject", "DELETE", (), parse)

    def _call(
        self,
        operation: str,
        method: str,
        params: tuple[tuple[str, str], ...],
        parse: Callable[[Response], T],
        *,
        body: bytes | Body | None = None,
        timeout: float | None = CALL_TIMEOUT,
        reads: bool = False,
        of_bucket: bool = False,
        typed: bool = False,
        finishing: bool = False,
    ) -> Call[T]:
        streamed = body is not None and not isinstance(body, bytes)
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params)
        path = f"{self.place.prefix}/" if of_bucket else self._path
        target = (self.place.bucket, "" if of_bucket else self.key)
        url = f"https://{self.place.authority}{path}{'?' if query else ''}{query}"
        headers = []
        if body is not None:
            headers.append(("content-length", str(len(body) if isinstance(body, bytes) else body.length)))
        if typed and self.content_type is not None:
            headers.append(("content-type", self.content_type))
        if finishing and self.callback is not None:
            headers.append(("x-oss-callback", self.callback))
        if finishing and self.notification is not None:
            headers.append(("x-oss-notification", self.notification))

        def build(credentials: Credentials, now: float) -> Request:
            signed = signing.signed_headers(
                self.signature, credentials, now, self.region, method, target, params, headers
            )
            return Request(
                operation=operation,
                method=method,
                url=url,
                headers=build_headers(signed),
                body=body,
                digest=self.limits.part_digest if streamed else None,
                timeout=None if streamed else timeout,
            )

        return Call(cloud=self.cloud, operation=operation, build=build, parse=parse, reads=reads)

    def _finished(self, operation: str, response: Response) -> ObjectReceipt:
        """The receipt from headers; with a callback the body is what the callback's receiver answered."""
        reply = None if self.callback is None else response.body[:_MAX_REPLY].decode(errors="replace")
        digest = self._crc64(operation, response)
        return ObjectReceipt(tag=self._etag(operation, response), digest=digest, reply=reply)

    def _expect(self, operation: str, response: Response, *statuses: int) -> None:
        if response.status not in statuses:
            raise faults.fault(response, cloud=self.cloud, operation=operation)

    def _useless(self, operation: str, response: Response, problem: str) -> NoReturn:
        raise faults.useless(problem, response, cloud=self.cloud, operation=operation)

    def _document(self, operation: str, response: Response, root_name: str) -> Element:
        try:
            root = parse_xml(response.body)
        except BadXml as error:
            self._useless(operation, response, str(error))
        if root.tag == "Error":
            raise faults.fault(response, cloud=self.cloud, operation=operation)
        if root.tag != root_name:
            self._useless(operation, response, f"a document that is no {root_name}")
        return root

    def _etag(self, operation: str, response: Response) -> str:
        tag = response.header("etag")
        if tag is None or not _ETAG.fullmatch(tag):
            self._useless(operation, response, "no usable ETag header")
        return tag

    def _crc64(self, operation: str, response: Response) -> int | None:
        text = response.header("x-oss-hash-crc64ecma")
        return None if text is None else self._digest(operation, response, text)

    def _digest(self, operation: str, response: Response, text: str) -> int:
        if not _CRC64.fullmatch(text) or int(text) >= 1 << 64:
            self._useless(operation, response, "a CRC-64 that is no 64-bit number")
        return int(text)

    def _number(self, operation: str, response: Response, text: str | None, what: str) -> int:
        if text is None or not _NUMBER.fullmatch(text):
            self._useless(operation, response, f"no usable {what}")
        return int(text)

    def _part_page(self, response: Response, after: int) -> PartPage:
        operation = "ListParts"
        root = self._document(operation, response, "ListPartsResult")
        key = child_text(root, "Key")
        if key is not None and not self._names_this(key, encoded=child_text(root, "EncodingType") == "url"):
            self._useless(operation, response, "the parts of another object")
        parts = []
        for entry in root.iterfind("Part"):
            number = self._number(operation, response, child_text(entry, "PartNumber"), "PartNumber")
            length = self._number(operation, response, child_text(entry, "Size"), "Size")
            tag = child_text(entry, "ETag")
            said = child_text(entry, "HashCrc64ecma")
            digest = None if said is None else self._digest(operation, response, said)
            if not 1 <= number <= self.limits.max_parts or not tag or not _ETAG.fullmatch(tag):
                self._useless(operation, response, "a part without a usable number or ETag")
            parts.append(PartReceipt(index=number - 1, length=length, tag=tag, digest=digest))
        if len({part.index for part in parts}) != len(parts):
            self._useless(operation, response, "the same part twice")
        if child_text(root, "IsTruncated") != "true":
            return PartPage(parts=tuple(parts), marker=None)
        following = self._number(operation, response, child_text(root, "NextPartNumberMarker"), "NextPartNumberMarker")
        if following <= after:
            self._useless(operation, response, "a page marker that does not advance")
        return PartPage(parts=tuple(parts), marker=str(following))

    def _names_this(self, key: str, *, encoded: bool) -> bool:
        said = {unquote(key), unquote_plus(key)} if encoded else {key}
        return self.key.strip() in {name.removeprefix("/").strip() for name in said} | {name.strip() for name in said}


if TYPE_CHECKING:
    _is_store: type[ObjectStore] = OssStore
