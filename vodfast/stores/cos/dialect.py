"""The verbs of Tencent Cloud COS for one object, as described requests.

Decides requests and the reading of answers (section 3.3 of the protocol notes) and the limits of the store. Leaves
signatures to `signing.py`, error codes to `faults.py`, and performing, retrying and comparing digests to the engine.

No Content-Type is sent: the vendor's own VOD upload sends none, and the VOD service knows the type from ApplyUpload.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar
from urllib.parse import quote, unquote, unquote_plus
from xml.etree.ElementTree import Element

from vodfast.config import GIB, MIB
from vodfast.credentials import Credentials
from vodfast.errors import InvalidInput
from vodfast.stores.cos import faults, signing
from vodfast.stores.cos.address import path_of
from vodfast.stores.xmlbody import BadXml, child_text, complete_multipart_body, parse_xml
from vodfast.transfer.message import Body, Request, Response, build_headers
from vodfast.transfer.ports import Call, ObjectReceipt, ObjectStore, PartPage, PartReceipt, PartSpec, StoreLimits

T = TypeVar("T")

COS_LIMITS: Final = StoreLimits(
    min_part=MIB,
    max_part=5 * GIB,
    max_parts=10000,
    max_single_put=5 * GIB,
    part_digest="crc64",
    object_digest="crc64",
    can_list_parts=True,
)

CALL_TIMEOUT: Final = 60.0
COMPLETE_TIMEOUT: Final = 1200.0
"""Seconds; the store answers 200 at once and pads with spaces while it joins the parts."""
PAGE_SIZE: Final = 1000

_BACKDATED: Final = 60
_VALID: Final = 3600
"""Seconds a signature is valid around now. A streamed body may take longer: COS checks when the request arrives."""
_CRC64 = re.compile(r"[0-9]{1,20}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_ETAG = re.compile(r"[\x21-\x7e]{1,256}")


@dataclass(frozen=True, slots=True)
class CosStore:
    """One key in one bucket, reached by the bucket's virtual host. Implements `transfer.ports.ObjectStore`.

    `key` has no leading `/` (unless that is its first character). Building one raises `ValueError` for a key that
    cannot be addressed.
    """

    host: str
    key: str
    limits: StoreLimits = COS_LIMITS
    complete_timeout: float = COMPLETE_TIMEOUT
    cloud: str = "tencent"
    _path: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_path", path_of(self.key))

    def put_object(self, body: Body) -> Call[ObjectReceipt]:
        """Store the whole object with one request, at most 5 GiB."""
        if body.length > self.limits.max_single_put:
            raise InvalidInput(f"one PUT takes at most {self.limits.max_single_put} bytes; send it in parts")

        def parse(response: Response) -> ObjectReceipt:
            self._expect("PutObject", response, 200)
            return ObjectReceipt(tag=self._etag("PutObject", response), digest=self._crc64("PutObject", response))

        return self._call("PutObject", "PUT", (), parse, body=body)

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

        return self._call("InitiateMultipartUpload", "POST", (("uploads", ""),), parse, body=b"")

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
        """One page of stored parts, up to 1000, without digests: the store says none here. `marker` is that of the
        page before, None for the first."""
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
        """Join the parts, which must be all of 1..n. A 200 counts only with the result document: COS sends the status
        before it has joined anything, and an `<Error>` may follow."""
        ordered = sorted(parts, key=lambda part: part.index)
        if not ordered or [part.index for part in ordered] != list(range(len(ordered))):
            raise InvalidInput("the parts to join are not all of 1..n, each once")
        document = complete_multipart_body((part.index + 1, part.tag) for part in ordered)

        def parse(response: Response) -> ObjectReceipt:
            operation = "CompleteMultipartUpload"
            self._expect(operation, response, 200)
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
            encoded = child_text(root, "Encoding-Type") == "url"
            return tuple(
                upload_id
                for entry in root.iterfind("Upload")
                if self._names_this(child_text(entry, "Key") or "", encoded=encoded)
                and (upload_id := child_text(entry, "UploadId"))
            )

        return self._call("ListMultipartUploads", "GET", params, parse, of_bucket=True, reads=True)

    def head_object(self) -> Call[ObjectReceipt | None]:
        """What is stored under the key, None if nothing is. A refusal has no body here, so its status decides."""

        def parse(response: Response) -> ObjectReceipt | None:
            if response.status == 404:
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
    ) -> Call[T]:
        streamed = body is not None and not isinstance(body, bytes)
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params)
        path, signed_path = ("/", "/") if of_bucket else (self._path, f"/{self.key}")
        url = f"https://{self.host}{path}{'?' if query else ''}{query}"
        length = len(body) if isinstance(body, bytes) else body.length if body is not None else None

        def build(credentials: Credentials, now: float) -> Request:
            headers = [] if length is None else [("content-length", str(length))]
            if credentials.token:
                headers.append(("x-cos-security-token", credentials.token.reveal()))
            pairs = signing.authorization_pairs(
                credentials,
                method,
                signed_path,
                params,
                [("host", self.host), *headers],
                (int(now) - _BACKDATED, int(now) + _VALID),
            )
            authorization = "&".join(f"{name}={value}" for name, value in pairs)
            return Request(
                operation=operation,
                method=method,
                url=url,
                headers=build_headers([*headers, ("authorization", authorization)]),
                body=body,
                digest=self.limits.part_digest if streamed else None,
                timeout=None if streamed else timeout,
            )

        return Call(cloud=self.cloud, operation=operation, build=build, parse=parse, reads=reads)

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
        text = response.header("x-cos-hash-crc64ecma")
        if text is None:
            return None
        if not _CRC64.fullmatch(text) or int(text) >= 1 << 64:
            self._useless(operation, response, "an x-cos-hash-crc64ecma that is no 64-bit number")
        return int(text)

    def _number(self, operation: str, response: Response, text: str | None, what: str) -> int:
        if text is None or not _NUMBER.fullmatch(text):
            self._useless(operation, response, f"no usable {what}")
        return int(text)

    def _part_page(self, response: Response, after: int) -> PartPage:
        operation = "ListParts"
        root = self._document(operation, response, "ListPartsResult")
        key = child_text(root, "Key")
        if key is not None and not self._names_this(key, encoded=child_text(root, "Encoding-Type") == "url"):
            self._useless(operation, response, "the parts of another object")
        parts = []
        for entry in root.iterfind("Part"):
            number = self._number(operation, response, child_text(entry, "PartNumber"), "PartNumber")
            length = self._number(operation, response, child_text(entry, "Size"), "Size")
            tag = child_text(entry, "ETag")
            if not 1 <= number <= self.limits.max_parts or not tag or not _ETAG.fullmatch(tag):
                self._useless(operation, response, "a part without a usable number or ETag")
            parts.append(PartReceipt(index=number - 1, length=length, tag=tag, digest=None))
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
    _is_store: type[ObjectStore] = CosStore
