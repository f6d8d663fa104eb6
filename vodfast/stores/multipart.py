"""The multipart dialect that COS and OSS share with S3: verbs by query parameter, XML bodies, ETags and CRC-64 sums.

Decides requests before they are signed and the reading of answers (sections 3.3 and 5.2 of the protocol notes of
Tencent and Aliyun). Leaves addresses, signatures, header names, limits and error codes to each store's folder, and
performing, retrying and comparing digests to the engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, Protocol, TypeVar
from urllib.parse import quote, unquote, unquote_plus

from vodfast.credentials import Credentials
from vodfast.errors import InvalidInput, VodfastError
from vodfast.stores.bounds import all_parts, check_single_put, part_number
from vodfast.stores.receipts import Unusable, crc64_sum, entity_tag, is_number, number
from vodfast.stores.xmlbody import BadXml, child_text, complete_multipart_body, parse_xml
from vodfast.transfer.message import Body, Request, Response, build_headers
from vodfast.transfer.ports import Call, ObjectReceipt, PartPage, PartReceipt, PartSpec, StoreLimits

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

T = TypeVar("T")
Pairs = tuple[tuple[str, str], ...]

CALL_TIMEOUT: Final = 60.0
COMPLETE_TIMEOUT: Final = 1200.0
"""Seconds; joining many parts takes a store long."""
PAGE_SIZE: Final = 1000


class Draft(NamedTuple):
    """A request before it is signed. `key` is empty for one on the bucket itself; values of `params` are decoded."""

    method: str
    key: str
    params: Pairs
    headers: Pairs


class ErrorReader(Protocol):
    """What a store's `faults.py` offers."""

    def error_fields(self, response: Response) -> tuple[str, str, str | None] | None: ...
    def fault(self, response: Response, *, cloud: str, operation: str) -> VodfastError: ...
    def useless(self, problem: str, response: Response, *, cloud: str, operation: str) -> VodfastError: ...


class _ErrorDocument(ValueError):
    """A 200 whose body says `<Error>`."""


class MultipartStore(ABC):
    """One key in one bucket. Implements `transfer.ports.ObjectStore`.

    A store adds its fields, the constants and the three methods that are abstract here; what it stores or joins in a
    way of its own it reads in `_stored` and `_joined`.
    """

    __slots__ = ()

    crc64_header: ClassVar[str]
    encoding_element: ClassVar[str]
    """The element of a listing that says whether its keys are percent-encoded."""
    errors: ClassVar[ErrorReader]

    key: str
    """Without a leading `/`, unless that is its first character."""
    limits: StoreLimits
    complete_timeout: float
    cloud: str

    @abstractmethod
    def _address(self, key: str) -> str:
        """The URL of the key, or of the bucket if it is empty, without a query."""

    @abstractmethod
    def _own_headers(self, operation: str) -> Pairs:
        """What the store's own fields add to one operation."""

    @abstractmethod
    def _signed(self, draft: Draft, credentials: Credentials, now: float) -> Sequence[tuple[str, str]]:
        """All headers of a request made at Unix time `now`."""

    def put_object(self, body: Body) -> Call[ObjectReceipt]:
        """Store the whole object with one request."""
        check_single_put(body, self.limits)
        return self._call("PutObject", "PUT", (), self._stored, body=body)

    def create_upload(self) -> Call[str]:
        """Open a multipart upload; the answer is its id. Repeating it after a lost answer leaves an unused upload
        behind, which `list_uploads` finds."""

        def read(response: Response) -> str:
            upload_id = child_text(_document(response, "InitiateMultipartUploadResult"), "UploadId")
            if not upload_id or len(upload_id) > 1024 or not upload_id.isprintable():
                raise Unusable("no usable UploadId")
            return upload_id

        return self._call("InitiateMultipartUpload", "POST", (("uploads", ""),), read, body=b"", seen=True)

    def put_part(self, upload_id: str, part: PartSpec, body: Body) -> Call[PartReceipt]:
        """Store one part; the same number again replaces it."""

        def read(response: Response) -> PartReceipt:
            tag, digest = self._proof(response)
            return PartReceipt(index=part.index, length=part.length, tag=tag, digest=digest)

        params = (("partNumber", str(part_number(part, body, self.limits))), ("uploadId", upload_id))
        return self._call("UploadPart", "PUT", params, read, body=body)

    def list_parts(self, upload_id: str, marker: str | None) -> Call[PartPage]:
        """One page of stored parts, up to 1000, with their digests where the store says them. `marker` is that of the
        page before, None for the first."""
        after = marker or "0"
        if not is_number(after):
            raise InvalidInput("a marker for ListParts is a part number")
        params = (
            ("uploadId", upload_id),
            ("part-number-marker", after),
            ("max-parts", str(PAGE_SIZE)),
            ("encoding-type", "url"),
        )
        return self._call("ListParts", "GET", params, lambda response: self._page(response, int(after)), reads=True)

    def complete_upload(self, upload_id: str, parts: Sequence[PartReceipt]) -> Call[ObjectReceipt]:
        """Join the parts, which must be all of 1..n. A 200 counts only with the result document: a store may send the
        status before it has joined anything, and an `<Error>` may follow. Repeated after a success it is refused with
        NoSuchUpload: then `head_object` tells."""
        document = complete_multipart_body((part.index + 1, part.tag) for part in all_parts(parts))
        return self._call(
            "CompleteMultipartUpload",
            "POST",
            (("uploadId", upload_id),),
            self._joined,
            body=document,
            timeout=self.complete_timeout,
        )

    def abort_upload(self, upload_id: str) -> Call[None]:
        """Drop an upload with its parts. An upload the store does not know is already gone."""
        params = (("uploadId", upload_id),)
        call = self._call("AbortMultipartUpload", "DELETE", params, self._nothing, statuses=(200, 204))
        return self._unless_gone(call, "NoSuchUpload")

    def list_uploads(self) -> Call[tuple[str, ...]]:
        """Ids of the uploads open for this very key, at most a page of them: each session has a key of its own."""
        params = (
            ("uploads", ""),
            ("prefix", self.key),
            ("max-uploads", str(PAGE_SIZE)),
            ("encoding-type", "url"),
        )

        def read(response: Response) -> tuple[str, ...]:
            root = _document(response, "ListMultipartUploadsResult")
            return tuple(
                upload_id
                for entry in root.iterfind("Upload")
                if self._names_this(root, child_text(entry, "Key") or "")
                and (upload_id := child_text(entry, "UploadId"))
            )

        return self._call("ListMultipartUploads", "GET", params, read, key="", reads=True)

    def head_object(self) -> Call[ObjectReceipt | None]:
        """What is stored under the key, None if nothing is. A refusal has no body here, so a bare 404 decides."""

        def read(response: Response) -> ObjectReceipt:
            tag, digest = self._proof(response)
            length = response.header("content-length")
            size = None if length is None else number(length, "Content-Length")
            return ObjectReceipt(tag=tag, digest=digest, size=size)

        call = self._call("HeadObject", "HEAD", (), read, reads=True)
        return self._unless_gone(call, "NoSuchKey", unsaid="NoSuchKey")

    def delete_object(self) -> Call[None]:
        """Remove the object; one that is not there counts as removed."""
        call = self._call("DeleteObject", "DELETE", (), self._nothing, statuses=(200, 204))
        return self._unless_gone(call, "NoSuchKey")

    def _call(
        self,
        operation: str,
        method: str,
        params: Pairs,
        read: Callable[[Response], T],
        *,
        key: str | None = None,
        body: bytes | Body | None = None,
        timeout: float = CALL_TIMEOUT,
        statuses: tuple[int, ...] = (200,),
        reads: bool = False,
        seen: bool = False,
    ) -> Call[T]:
        streamed = body is not None and not isinstance(body, bytes)
        length = len(body) if isinstance(body, bytes) else body.length if body is not None else None
        headers = () if length is None else (("content-length", str(length)),)
        draft = Draft(method, self.key if key is None else key, params, (*headers, *self._own_headers(operation)))
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params)
        url = f"{self._address(draft.key)}{'?' if query else ''}{query}"

        def build(credentials: Credentials, now: float) -> Request:
            return Request(
                operation=operation,
                method=method,
                url=url,
                headers=build_headers(self._signed(draft, credentials, now)),
                body=body,
                digest=self.limits.part_digest if streamed else None,
                timeout=None if streamed else timeout,
                seen=seen,
            )

        def parse(response: Response) -> T:
            if response.status not in statuses:
                raise self.errors.fault(response, cloud=self.cloud, operation=operation)
            try:
                return read(response)
            except _ErrorDocument:
                raise self.errors.fault(response, cloud=self.cloud, operation=operation) from None
            except (Unusable, BadXml) as problem:
                raise self.errors.useless(str(problem), response, cloud=self.cloud, operation=operation) from None

        return Call(cloud=self.cloud, operation=operation, build=build, parse=parse, reads=reads)

    def _unless_gone(self, call: Call[T], code: str, *, unsaid: str = "") -> Call[T | None]:
        """The same, with None for a 404 of this code. `unsaid` is the code of a 404 without one."""

        def parse(response: Response) -> T | None:
            if response.status == 404 and (self.errors.error_fields(response) or (unsaid,))[0] == code:
                return None
            return call.parse(response)

        return Call(cloud=call.cloud, operation=call.operation, build=call.build, parse=parse, reads=call.reads)

    def _proof(self, response: Response) -> tuple[str, int | None]:
        """ETag and CRC-64 as the headers have them."""
        return entity_tag(response.header("etag")), crc64_sum(response.header(self.crc64_header))

    def _stored(self, response: Response) -> ObjectReceipt:
        """The receipt of an object stored with one request."""
        tag, digest = self._proof(response)
        return ObjectReceipt(tag=tag, digest=digest)

    def _joined(self, response: Response) -> ObjectReceipt:
        """The receipt of an object joined from parts."""
        tag = entity_tag(child_text(_document(response, "CompleteMultipartUploadResult"), "ETag"))
        return ObjectReceipt(tag=tag, digest=crc64_sum(response.header(self.crc64_header)))

    def _nothing(self, response: Response) -> None:
        """There is nothing to read, unless the store thinks better of its status."""
        if self.errors.error_fields(response) is not None:
            raise _ErrorDocument
        if response.body.strip():
            raise Unusable("a body where none belongs")

    def _page(self, response: Response, after: int) -> PartPage:
        root = _document(response, "ListPartsResult")
        key = child_text(root, "Key")
        if key is not None and not self._names_this(root, key):
            raise Unusable("the parts of another object")
        parts = tuple(_listed(entry) for entry in root.iterfind("Part"))
        if not all(0 <= part.index < self.limits.max_parts for part in parts):
            raise Unusable("a part without a usable number")
        if len({part.index for part in parts}) != len(parts):
            raise Unusable("the same part twice")
        if child_text(root, "IsTruncated") != "true":
            return PartPage(parts=parts, marker=None)
        following = number(child_text(root, "NextPartNumberMarker"), "NextPartNumberMarker")
        if following <= after:
            raise Unusable("a page marker that does not advance")
        return PartPage(parts=parts, marker=str(following))

    def _names_this(self, listing: Element, key: str) -> bool:
        """Whether a key in a listing is this one; readers of XML may have stripped it."""
        encoded = child_text(listing, self.encoding_element) == "url"
        said = {unquote(key), unquote_plus(key)} if encoded else {key}
        return self.key.strip() in {name.removeprefix("/").strip() for name in said} | {name.strip() for name in said}


def _document(response: Response, root_name: str) -> Element:
    root = parse_xml(response.body)
    if root.tag == "Error":
        raise _ErrorDocument
    if root.tag != root_name:
        raise Unusable(f"a document that is no {root_name}")
    return root


def _listed(entry: Element) -> PartReceipt:
    return PartReceipt(
        index=number(child_text(entry, "PartNumber"), "PartNumber") - 1,
        length=number(child_text(entry, "Size"), "Size"),
        tag=entity_tag(child_text(entry, "ETag")),
        digest=crc64_sum(child_text(entry, "HashCrc64ecma")),
    )
