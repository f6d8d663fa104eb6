"""An object store with the multipart dialect of S3, as COS and OSS speak it: which operation a request is, and what
becomes of single objects.

Decides routing by method and query, the order of checks, and PUT, GET, HEAD and DELETE of objects. Leaves addresses,
signatures, scopes, names of headers and codes to each store, and uploads in parts to `multipart.py`.
"""

from __future__ import annotations

import base64
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import unquote

from vodfast.emulator.accounts import Account
from vodfast.emulator.blobs import Blob, Content
from vodfast.emulator.buckets import Bucket, BucketHolder, StoredObject, Upload
from vodfast.emulator.conditions import condition
from vodfast.emulator.messages import Reply, Request
from vodfast.emulator.multipart import Multipart, Target
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.xmldocument import XML, Fields, document

MAX_PUT = 5 << 30
"""Bytes of one PUT or part."""

_OPERATIONS = {
    ("PUT", ""): "PutObject",
    ("PUT", "uploadId"): "UploadPart",
    ("POST", "uploads"): "InitiateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("DELETE", ""): "DeleteObject",
    ("GET", "uploadId"): "ListParts",
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", ""): "GetObject",
    ("HEAD", ""): "HeadObject",
}
"""By method, and by the name in the query that says what is meant."""
_NOT_SERVED = frozenset(
    ("acl", "append", "ci-process", "cors", "delete", "encryption", "lifecycle", "location", "logging", "policy",
     "restore", "retention", "select", "symlink", "tagging", "versioning", "versions", "website", "x-oss-process")
)  # fmt: skip
"""Queries that make a request mean something else than the object's bytes."""
_ON_BUCKET = frozenset(("ListMultipartUploads",))
_WITH_CONTENT = frozenset(("PutObject", "UploadPart", "AppendObject"))
_OTHER_DIGITS = str.maketrans("0123456789", "1234567890")

Headers = tuple[tuple[str, str], ...]


class Codes(NamedTuple):
    """What a store calls the refusals that every store has."""

    too_large: str
    damaged: str
    expired: str
    bad_key: str
    throttled: str


class ObjectStore(ABC):
    """The object store as a service."""

    more_operations: Mapping[tuple[str, str], str] = {}
    """What this store does beside what every store does, by method and name in the query."""

    cloud: str
    codes: Codes
    declaration: str
    crc64_header: str
    copy_header: str
    """Names the object a PUT is to be copied from."""
    request_id_header: str
    min_part: int
    """Bytes of every part but the last."""
    gaps_allowed: bool
    """Whether the numbers of the parts to join may leave some out."""
    spell: Callable[[str], str]
    """How hexadecimal digits are written."""
    owner: tuple[tuple[str, object], ...]
    """Fields of a listing that say whose it is."""

    def __init__(self, holder: BucketHolder) -> None:
        self.holder = holder
        self._multipart = Multipart(self)
        self._table = {**_OPERATIONS, **self.more_operations}
        self._kinds = tuple(dict.fromkeys(kind for _, kind in self._table if kind))
        self.operations = frozenset(self._table.values())

    @abstractmethod
    def new_request_id(self) -> str: ...

    @abstractmethod
    def new_upload_id(self) -> str: ...

    @abstractmethod
    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        """The error document."""

    @abstractmethod
    def _address(self, request: Request) -> tuple[Bucket, bytes]:
        """Bucket and decoded key."""

    @abstractmethod
    def _verify(self, request: Request, place: tuple[Bucket, bytes], query: list[tuple[str, str]]) -> Account:
        """Whose signature the request carries.

        Raises:
            Refusal: it is no good.
        """

    @abstractmethod
    def _check_key(self, key: str) -> None:
        """Refuse what is no key of an object."""

    @abstractmethod
    def _may(self, account: Account, bucket: Bucket, wanted: str) -> bool:
        """Whether a credential reaches a key, or the keys that begin so."""

    @abstractmethod
    def _check_headers(self, call: Call) -> None:
        """Refuse headers of the store's own that make no sense."""

    @abstractmethod
    def _object_headers(self, stored: StoredObject) -> Headers:
        """What the store says of an object beside what every store says."""

    @abstractmethod
    def opening(self, bucket: Bucket, encoded: bool) -> list[tuple[str, object]]:
        """The first fields of a document: its bucket, and whether keys are percent-encoded in it."""

    @abstractmethod
    def part_digest(self, content: Content) -> list[tuple[str, object]]:
        """Fields of a listed part that tell its checksum."""

    @abstractmethod
    def parts_to_join(self, call: Call, upload: Upload) -> list[tuple[int, str]]:
        """Part numbers and ETags as a completion says them."""

    @abstractmethod
    def location(self, request: Request, bucket: Bucket, key: str) -> str:
        """Where a joined object could be fetched; `key` is percent-encoded."""

    @abstractmethod
    def joined(self, call: Call, etag: str, content: Content, fields: Fields) -> Reply:
        """The answer to a completed upload."""

    def open(self, call: Call) -> None:
        request = call.request
        query = query_of(request.query)
        given = dict(query)
        kind = next((name for name in self._kinds if name in given), "")
        call.operation = self._table.get((request.method, kind), "")
        call.upload_id = given.get("uploadId")
        if given.get("partNumber", "").isdigit() and len(given["partNumber"]) < 9:
            call.part_number = int(given["partNumber"])
        bucket, raw = self._address(request)
        try:
            key = raw.decode()
        except UnicodeDecodeError:
            raise Refusal(self.codes.bad_key, "The key is not UTF-8.") from None
        session = self.holder.session_of(bucket, key)
        call.media_id = session.item.media_id if session is not None else None
        account = self._verify(request, (bucket, raw), query)
        if not call.operation:
            raise Refusal("MethodNotAllowed", "There is no such operation on this resource.")
        self._check_meaning(call, given)
        if call.operation in _ON_BUCKET:
            if key:
                raise Refusal("InvalidArgument", "This operation is on the bucket, not on a key.")
            wanted = given.get("prefix", "")
        else:
            self._check_key(key)
            wanted = key
        if not self._may(account, bucket, wanted):
            raise Refusal("AccessDenied", "The temporary key is for its own upload only.")
        call.context = Target(bucket, key, given, account)
        self._check_headers(call)
        if call.operation in _WITH_CONTENT:
            self._take_content(call)

    def _check_meaning(self, call: Call, given: dict[str, str]) -> None:
        """Refuse what looks like an upload or a download and is something else."""
        if call.request.header(self.copy_header) is not None or not _NOT_SERVED.isdisjoint(
            set(given).difference(self._kinds)
        ):
            raise Refusal("NotImplemented", "This emulator stores and reads the bytes of objects, and nothing else.")
        if "partNumber" in given and "uploadId" not in given:
            raise Refusal("InvalidArgument", "A partNumber needs an uploadId.")

    def _take_content(self, call: Call) -> None:
        request = call.request
        if request.length is None and not request.chunked:
            raise Refusal("MissingContentLength", "You must provide the Content-Length HTTP header.")
        if request.length is not None and request.length > MAX_PUT:
            raise self._too_large()
        digest = request.header("content-md5")
        if digest is not None and not _is_md5(digest):
            raise Refusal("InvalidDigest", "The Content-MD5 you specified is not valid.")
        if call.operation == "UploadPart":
            self._multipart.check_part(call)
        call.writer = self.holder.world.blobs.writer(request.length)

    def _too_large(self) -> Refusal:
        return Refusal(self.codes.too_large, "Your proposed upload exceeds the maximum allowed object size.")

    def answer(self, call: Call) -> Reply:
        target = call.context
        assert isinstance(target, Target)
        if target.account.ended:
            raise Refusal(self.codes.expired, "The security token has expired.")
        if call.blob is not None:
            self._check_content(call.request, call.blob)
        match call.operation:
            case "PutObject":
                return self._put(call, target)
            case "GetObject" | "HeadObject":
                return self._get(call, target)
            case "DeleteObject":
                self.holder.remove(target.bucket, target.key)
                return self.reply(call, 204)
        return self.perform(call, target)

    def perform(self, call: Call, target: Target) -> Reply:
        """An operation that is none of single objects."""
        return self._multipart.perform(call, target)

    def _check_content(self, request: Request, blob: Blob) -> None:
        if blob.length > MAX_PUT:
            raise self._too_large()
        digest = request.header("content-md5")
        if digest is not None and blob.md5 and base64.b64decode(digest) != blob.md5:
            raise Refusal(self.codes.damaged, "The Content-MD5 you specified did not match what we received.")

    def _put(self, call: Call, target: Target) -> Reply:
        blob = call.take()
        etag, content = self.etag_of(blob), Content((blob,))
        self.holder.store(target.bucket, target.key, content, etag, call.request.header("content-type"))
        return self.reply(call, 200, self.proof(etag, content))

    def _get(self, call: Call, target: Target) -> Reply:
        stored = target.bucket.objects.get(target.key)
        if stored is None:
            raise Refusal("NoSuchKey", "The specified key does not exist.")
        said = condition(call.request, stored.etag, stored.stored)
        if said == 412:
            raise Refusal("PreconditionFailed", "At least one of the pre-conditions you specified does not hold.")
        if said == 304:
            return self.reply(call, 304, self.proof(stored.etag, stored.content))
        headers: Headers = (
            ("Content-Type", stored.content_type or "application/octet-stream"),
            ("Last-Modified", formatdate(stored.stored, usegmt=True)),
            ("Accept-Ranges", "bytes"),
            *self.proof(stored.etag, stored.content),
            *self._object_headers(stored),
            (self.request_id_header, call.request_id),
        )
        size = stored.content.size
        chosen = _range(call.request.header("range"), size)
        if chosen is None:
            status, (start, stop) = 200, (0, size)
        else:
            status, (start, stop) = 206, chosen
            headers = (*headers, ("Content-Range", f"bytes {start}-{stop - 1}/{size}"))
        if call.request.method == "GET" and not all(blob.retained for blob in stored.content.blobs):
            raise Refusal("NotImplemented", "This emulator was told not to keep bytes.")
        return Reply(status, headers, stream=stored.content.read(start, stop), length=stop - start)

    def proof(self, etag: str, content: Content) -> Headers:
        """The headers that say what was stored."""
        return ("ETag", etag), (self.crc64_header, str(content.crc64))

    def reply(self, call: Call, status: int, headers: Headers = (), body: bytes = b"") -> Reply:
        """A success; a body is XML."""
        kind = (XML,) if body else ()
        return Reply(status, (*kind, *headers, (self.request_id_header, call.request_id)), body)

    def document(self, root: str, fields: Fields, *, namespace: str = "") -> bytes:
        """An XML document with the store's own declaration."""
        return document(self.declaration, root, fields, namespace=namespace)

    def etag_of(self, blob: Blob) -> str:
        """Quoted MD5 of a blob, or random hex from a store that leaves MD5 out."""
        return f'"{self.spell(blob.md5.hex() or secrets.token_hex(16))}"'

    def etag_of_parts(self, count: int) -> str:
        """One for an object joined from so many parts."""
        return f'"{self.spell(secrets.token_hex(16))}-{count}"'

    def throttled(self) -> Refusal:
        return Refusal(self.codes.throttled, "Please reduce your request rate.", 503)

    def expire(self, call: Call) -> None:
        """End the credential; this very request is refused as well."""
        if isinstance(call.context, Target) and call.context.account.token is not None:
            call.context.account.end()

    def lie(self, _: Call, reply: Reply) -> Reply:
        """Other digests of the same form, in the headers."""
        for name, value in reply.headers:
            if name == "ETag":
                reply = reply.replaced(name, value.translate(_OTHER_DIGITS))
            elif name == self.crc64_header:
                reply = reply.replaced(name, str(int(value) ^ 1))
        return reply


def query_of(text: str) -> list[tuple[str, str]]:
    """The decoded pairs of a query string."""
    pairs = (pair.partition("=") for pair in text.split("&") if pair)
    return [(_plain(name), _plain(value)) for name, _, value in pairs]


def _plain(text: str) -> str:
    return unquote(text.replace("+", " "), errors="surrogateescape") if "%" in text or "+" in text else text


def _is_md5(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 16
    except ValueError:
        return False


def _range(text: str | None, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of a single byte range; None for the whole."""
    parsed = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", text or "", re.ASCII)
    if parsed is None or not (parsed[1] or parsed[2]):
        return None
    if parsed[1]:
        start, stop = int(parsed[1]), min(int(parsed[2]) + 1 if parsed[2] else size, size)
    else:
        start, stop = max(size - int(parsed[2]), 0), size
    if start >= stop:
        raise Refusal("InvalidRange", "The requested range cannot be satisfied.")
    return start, stop
