"""The object store OSS: which operation a request is, who may do it, and the single-object operations.

Decides addressing in both styles, routing by method and query, signature and scope checks, PUT, GET, HEAD and DELETE
of objects (protocol notes 5.1 to 5.3). Leaves multipart uploads to `multipart.py` and shapes to `replies.py`.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
import secrets
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import unquote

import msgspec

from vodfast.emulator.accounts import Account
from vodfast.emulator.aliyun import replies
from vodfast.emulator.aliyun.multipart import Multipart
from vodfast.emulator.aliyun.signatures import verify_oss
from vodfast.emulator.blobs import Blob, Content
from vodfast.emulator.loopback import is_loopback
from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal

if TYPE_CHECKING:
    from vodfast.emulator.aliyun.cloud import Bucket
    from vodfast.emulator.media import MediaItem
    from vodfast.emulator.world import World

MAX_PUT = 5 << 30
"""Bytes of one PUT or part (5.3)."""
MAX_KEY = 1023
"""Bytes of a key in UTF-8."""

_HOST = re.compile(
    r"(?:(?P<bucket>[a-z0-9-]+)\.)?"
    r"(?:(?:vpc100-)?oss-(?!accelerate)(?P<region>[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com"
    r"|(?P<dual>[a-z0-9-]+)\.oss\.aliyuncs\.com|oss-accelerate(?:-overseas)?\.aliyuncs\.com)"
)
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
_ON_BUCKET = frozenset(("ListMultipartUploads",))
_WITH_CONTENT = frozenset(("PutObject", "UploadPart"))


class Owner(Protocol):
    """What one object belongs to: its media item, and how far a temporary key for it reaches."""

    @property
    def item(self) -> MediaItem: ...
    @property
    def bucket(self) -> Bucket: ...
    @property
    def directory(self) -> str:
        """What the keys of its objects begin with."""


class Holder(Protocol):
    """Whose buckets these are: keys and their scope, and what becomes of stored objects."""

    world: World
    buckets: dict[str, Bucket]

    def find(self, access_key: str) -> Account | None: ...
    def scope(self, account: Account) -> Owner | None:
        """What a credential is limited to, None for keys of the account itself."""

    def session_of(self, bucket: Bucket, key: str) -> Owner | None: ...
    def store(
        self, bucket: Bucket, key: str, content: Content, etag: str, content_type: str | None, *, multipart: bool
    ) -> None: ...
    def remove(self, bucket: Bucket, key: str) -> None: ...
    def start_upload(self, bucket: Bucket, upload_id: str, key: str, content_type: str | None) -> None: ...
    def finish_upload(self, bucket: Bucket, upload_id: str, content: Content, etag: str) -> None: ...
    def abort_upload(self, bucket: Bucket, upload_id: str) -> None: ...
    def url(self, bucket: Bucket, key: str) -> str: ...


class Target(NamedTuple):
    """What a request to the store is about."""

    bucket: Bucket
    key: str
    query: dict[str, str]
    account: Account


class Oss:
    """The object store as a service."""

    cloud = "aliyun"
    operations = frozenset(_OPERATIONS.values())

    def __init__(self, cloud: Holder) -> None:
        self._cloud = cloud
        self._multipart = Multipart(cloud)

    def new_request_id(self) -> str:
        return secrets.token_hex(12).upper()

    def open(self, call: Call) -> None:
        request = call.request
        query = query_of(request.query)
        given = dict(query)
        kind = next((name for name in ("uploadId", "uploads") if name in given), "")
        call.operation = _OPERATIONS.get((request.method, kind), "")
        call.upload_id = given.get("uploadId")
        if given.get("partNumber", "").isdigit() and len(given["partNumber"]) < 9:
            call.part_number = int(given["partNumber"])
        bucket, raw = self._address(call)
        try:
            key = raw.decode()
        except UnicodeDecodeError:
            raise Refusal("InvalidObjectName", "The key is not UTF-8.") from None
        session = self._cloud.session_of(bucket, key)
        call.media_id = session.item.media_id if session is not None else None
        cloud = self._cloud
        account = verify_oss(request, (bucket.name, raw), bucket.region, query, cloud.find, cloud.world.now())
        if not call.operation:
            raise Refusal("MethodNotAllowed", "There is no such operation on this resource.")
        if call.operation in _ON_BUCKET:
            if key:
                raise Refusal("InvalidArgument", "This operation is on the bucket, not on a key.")
            wanted = given.get("prefix", "")
        else:
            wanted = key
            if not key or len(raw) > MAX_KEY or key[0] in "/\\":
                raise Refusal("InvalidObjectName", "The specified object is not valid.")
        scope = cloud.scope(account)
        if scope is not None and not (scope.bucket is bucket and wanted.startswith(scope.directory)):
            raise Refusal("AccessDenied", "The temporary key is for its own upload only.")
        call.context = Target(bucket, key, given, account)
        self._check_notification(request.header("x-oss-notification"))
        if call.operation in _WITH_CONTENT:
            self._take_content(call)

    def _address(self, call: Call) -> tuple[Bucket, bytes]:
        """Bucket and decoded key, from the host and path or, for addresses and bare endpoints, the path alone."""
        request = call.request
        path = request.decoded_path()[1:]
        name, region = (None, None) if is_loopback(request.host) else place(request.host) or (None, None)
        if name is None:
            # The bucket ends at the first slash on the wire: one inside the key may be written %2F.
            first, _, rest = request.path[1:].partition(b"/")
            name = first.decode("latin-1")
            path = path[len(first) + 1 :] if rest or request.path.endswith(b"/") else b""
        bucket = self._cloud.buckets.get(name)
        if bucket is None or region not in (None, bucket.region):
            raise Refusal("NoSuchBucket", "The specified bucket does not exist.")
        return bucket, path

    @staticmethod
    def _check_notification(text: str | None) -> None:
        """Base64 of a JSON object with what is meant for VOD (5.7)."""
        if text is None:
            return
        try:
            said = msgspec.json.decode(base64.b64decode(text, validate=True), type=dict[str, dict[str, Any]])
        except (binascii.Error, msgspec.MsgspecError, ValueError):
            said = {}
        if "Vod" not in said:
            raise Refusal("InvalidArgument", "The x-oss-notification header is not the Base64 of its JSON.")

    def _take_content(self, call: Call) -> None:
        request = call.request
        if request.length is None and not request.chunked:
            raise Refusal("MissingContentLength", "You must provide the Content-Length HTTP header.")
        if request.length is not None and request.length > MAX_PUT:
            raise Refusal("InvalidArgument", "The object is larger than 5 GB.")
        digest = request.header("content-md5")
        if digest is not None and not _is_md5(digest):
            raise Refusal("InvalidDigest", "The Content-MD5 you specified is not valid.")
        if request.header("if-modified-since") is not None:
            raise Refusal("NotImplemented", "A header you provided implies functionality that is not implemented.", 400)
        if call.operation == "UploadPart":
            self._multipart.check_part(call)
        call.writer = self._cloud.world.blobs.writer(request.length)

    def answer(self, call: Call) -> Reply:
        target = call.context
        assert isinstance(target, Target)
        if target.account.ended:
            if call.blob is not None:
                call.blob.discard()
            raise Refusal("SecurityTokenExpired", "The security token you provided has expired.")
        if call.blob is not None:
            self._check_content(call, call.blob)
        match call.operation:
            case "PutObject":
                return self._put(call, target)
            case "GetObject" | "HeadObject":
                return self._get(call, target)
            case "DeleteObject":
                self._cloud.remove(target.bucket, target.key)
                return replies.answer(call, 204)
        return self._multipart.perform(call, target.bucket, target.key, target.query)

    def _check_content(self, call: Call, blob: Blob) -> None:
        if blob.length > MAX_PUT:
            blob.discard()
            raise Refusal("InvalidArgument", "The object is larger than 5 GB.")
        digest = call.request.header("content-md5")
        if digest is not None and blob.md5 and base64.b64decode(digest) != blob.md5:
            blob.discard()
            raise Refusal("InvalidDigest", "The Content-MD5 you specified did not match what we received.")

    def _put(self, call: Call, target: Target) -> Reply:
        assert call.blob is not None
        if call.request.header("x-oss-forbid-overwrite") == "true" and target.key in target.bucket.objects:
            call.blob.discard()
            raise Refusal("FileAlreadyExists", "The object you specified already exists.")
        etag = new_etag(call.blob)
        content = Content((call.blob,))
        kind = call.request.header("content-type")
        self._cloud.store(target.bucket, target.key, content, etag, kind, multipart=False)
        return replies.answer(call, 200, (("ETag", etag), ("x-oss-hash-crc64ecma", str(content.crc64))))

    def _get(self, call: Call, target: Target) -> Reply:
        stored = target.bucket.objects.get(target.key)
        if stored is None:
            raise Refusal("NoSuchKey", "The specified key does not exist.")
        headers = (
            ("Content-Type", stored.content_type or "application/octet-stream"),
            ("ETag", stored.etag),
            ("Last-Modified", formatdate(stored.stored, usegmt=True)),
            ("x-oss-object-type", "Multipart" if stored.multipart else "Normal"),
            ("x-oss-hash-crc64ecma", str(stored.content.crc64)),
            ("x-oss-request-id", call.request_id),
        )
        size = stored.content.size
        if call.operation == "HeadObject":
            return Reply(200, headers, length=size)
        if not all(blob.retained for blob in stored.content.blobs):
            raise Refusal("NotImplemented", "This emulator was told not to keep bytes.")
        return Reply(200, headers, stream=stored.content.read(), length=size)

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        return replies.refuse(call, refusal)

    def throttled(self) -> Refusal:
        return Refusal("UploadTrafficRateLimitExceeded", "Your upload traffic exceeds the limit.", 503)

    def expire(self, call: Call) -> None:
        """End the credential; this very request is refused as well."""
        if isinstance(call.context, Target) and call.context.account.token is not None:
            call.context.account.end()

    def lie(self, _: Call, reply: Reply) -> Reply:
        """Other digests of the same form, in the headers."""
        for name, value in reply.headers:
            if name == "ETag":
                reply = reply.replaced(name, value.translate(str.maketrans("0123456789ABCDEF", "123456789ABCDEF0")))
            elif name == "x-oss-hash-crc64ecma":
                reply = reply.replaced(name, str(int(value) ^ 1))
        return reply


@functools.lru_cache(maxsize=1024)
def place(host: str) -> tuple[str | None, str | None] | None:
    """Bucket (None for a bare endpoint) and region (None for acceleration) of an OSS host name; None for others."""
    parsed = _HOST.fullmatch(host)
    return (parsed["bucket"], parsed["region"] or parsed["dual"]) if parsed else None


def new_etag(blob: Blob) -> str:
    """Quoted MD5 of a blob in capitals, or random hex from a store that leaves MD5 out."""
    return f'"{(blob.md5.hex() or secrets.token_hex(16)).upper()}"'


def query_of(text: str) -> list[tuple[str, str]]:
    """The decoded pairs of a query string."""
    pairs = (pair.partition("=") for pair in text.split("&") if pair)
    return [(_plain(name), _plain(value)) for name, _, value in pairs]


def _plain(text: str) -> str:
    return unquote(text.replace("+", " "), errors="surrogateescape") if "%" in text or "+" in text else text


def _is_md5(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
