"""The object store COS: which operation a request is, who may do it, and the single-object operations.

Decides routing by method and query, signature and scope checks, PUT, GET, HEAD and DELETE of objects (protocol notes
3.1 to 3.4). Leaves multipart uploads to `multipart.py` and shapes to `replies.py`.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
import secrets
from email.utils import formatdate
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from vodfast.emulator.accounts import Account
from vodfast.emulator.blobs import Blob, Content
from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.tencent import replies
from vodfast.emulator.tencent.multipart import Multipart
from vodfast.emulator.tencent.signatures import verify_cos

if TYPE_CHECKING:
    from vodfast.emulator.tencent.cloud import Bucket, TencentCloud

MAX_PUT = 5 << 30
"""Bytes of one PUT or part (3.3)."""
MAX_KEY = 850
"""Bytes of a key in UTF-8."""

_ACCELERATED = ".cos.accelerate.myqcloud.com"
_COS_HOST = re.compile(
    r"(?P<bucket>[a-z0-9-]+)\.(?:cos\.(?P<region>[a-z0-9-]+)\.(?:myqcloud\.com|tencentcos\.cn)"
    r"|cos-internal\.(?P<inner>[a-z0-9-]+)\.tencentcos\.cn)"
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


class Target(NamedTuple):
    """What a COS request is about."""

    bucket: Bucket
    key: str
    query: dict[str, str]
    account: Account


class Cos:
    """The object store as a service."""

    cloud = "tencent"
    operations = frozenset(_OPERATIONS.values())

    def __init__(self, cloud: TencentCloud) -> None:
        self._cloud = cloud
        self._multipart = Multipart(cloud)

    def new_request_id(self) -> str:
        return f"NjU{secrets.token_hex(12)}"

    def open(self, call: Call) -> None:
        request = call.request
        query = query_of(request.query)
        given = dict(query)
        kind = next((name for name in ("uploadId", "uploads") if name in given), "")
        call.operation = _OPERATIONS.get((request.method, kind), "")
        call.upload_id = given.get("uploadId")
        if given.get("partNumber", "").isdigit() and len(given["partNumber"]) < 9:
            call.part_number = int(given["partNumber"])
        bucket = self._bucket(request.host)
        path = request.decoded_path()
        try:
            key = path.decode()[1:]
        except UnicodeDecodeError:
            raise Refusal("InvalidURI", "The key is not UTF-8.") from None
        session = self._cloud.session_of(key)
        call.media_id = session.item.media_id if session is not None else None
        account = verify_cos(request, query, self._cloud.accounts.find, self._cloud.world.now())
        if not call.operation:
            raise Refusal("MethodNotAllowed", "There is no such operation on this resource.")
        if call.operation in _ON_BUCKET:
            if key:
                raise Refusal("InvalidArgument", "This operation is on the bucket, not on a key.")
            wanted = given.get("prefix", "")
        elif not key:
            raise Refusal("InvalidURI", "No key is given.")
        else:
            wanted = key
        if len(key.encode()) > MAX_KEY:
            raise Refusal("KeyTooLong", f"The key is longer than {MAX_KEY} bytes.")
        if account.scope is not None and not (account.scope[0] == bucket.name and wanted.startswith(account.scope[1])):
            raise Refusal("AccessDenied", "The temporary key is for its own upload's directory only.")
        call.context = Target(bucket, key, given, account)
        if call.operation in _WITH_CONTENT:
            self._take_content(call)

    def _bucket(self, host: str) -> Bucket:
        name, region = place(host) or ("", None)
        bucket = self._cloud.buckets.get(name)
        if bucket is None or region not in (None, bucket.region):
            raise Refusal("NoSuchBucket", "The specified bucket does not exist.")
        if region is None and not self._cloud.world.settings.accelerate:
            raise Refusal("BucketAccelerateNotEnabled", "The bucket does not allow the acceleration domain.")
        return bucket

    def _take_content(self, call: Call) -> None:
        request = call.request
        if request.length is None and not request.chunked:
            raise Refusal("MissingContentLength", "You must provide the Content-Length HTTP header.")
        if request.length is not None and request.length > MAX_PUT:
            raise Refusal("EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.")
        digest = request.header("content-md5")
        if digest is not None and not _is_md5(digest):
            raise Refusal("InvalidDigest", "The Content-MD5 you specified is not valid.")
        limit = request.header("x-cos-traffic-limit")
        if limit is not None and not (re.fullmatch(r"\d{1,12}", limit) and 819200 <= int(limit) <= 838860800):
            raise Refusal("InvalidArgument", "x-cos-traffic-limit is out of range.")
        if call.operation == "UploadPart":
            self._multipart.check_part(call)
        call.writer = self._cloud.world.blobs.writer(request.length)

    def answer(self, call: Call) -> Reply:
        target = call.context
        assert isinstance(target, Target)
        if target.account.ended:
            raise Refusal("ExpiredToken", "The security token has expired.")
        if call.blob is not None:
            self._check_content(call, call.blob)
        match call.operation:
            case "PutObject":
                return self._put(call, target)
            case "GetObject" | "HeadObject":
                return self._get(call, target)
            case "DeleteObject":
                return self._delete(call, target)
        return self._multipart.perform(call, target.bucket, target.key, target.query)

    def _check_content(self, call: Call, blob: Blob) -> None:
        if blob.length > MAX_PUT:
            blob.discard()
            raise Refusal("EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.")
        digest = call.request.header("content-md5")
        if digest is not None and blob.md5 and base64.b64decode(digest) != blob.md5:
            blob.discard()
            raise Refusal("BadDigest", "The Content-MD5 you specified did not match what we received.")

    def _put(self, call: Call, target: Target) -> Reply:
        assert call.blob is not None
        etag = new_etag(call.blob)
        content = Content((call.blob,))
        self._cloud.store(target.bucket, target.key, content, etag, call.request.header("content-type"))
        return replies.answer(call, 200, (("ETag", etag), ("x-cos-hash-crc64ecma", str(content.crc64))))

    def _get(self, call: Call, target: Target) -> Reply:
        stored = target.bucket.objects.get(target.key)
        if stored is None:
            raise Refusal("NoSuchKey", "The specified key does not exist.")
        headers: tuple[tuple[str, str], ...] = (
            ("Content-Type", stored.content_type or "application/octet-stream"),
            ("ETag", stored.etag),
            ("Last-Modified", formatdate(stored.stored, usegmt=True)),
            ("x-cos-hash-crc64ecma", str(stored.content.crc64)),
            ("Accept-Ranges", "bytes"),
            ("x-cos-request-id", call.request_id),
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

    def _delete(self, call: Call, target: Target) -> Reply:
        self._cloud.remove(target.bucket, target.key)
        return replies.answer(call, 204)

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        return replies.refuse(call, refusal)

    def throttled(self) -> Refusal:
        return Refusal("SlowDown", "Please reduce your request rate.", 503)

    def expire(self, call: Call) -> None:
        """End the certificate; this very request is refused as well."""
        if isinstance(call.context, Target) and call.context.account.token is not None:
            call.context.account.end()

    def lie(self, _: Call, reply: Reply) -> Reply:
        """Other digests of the same form, in headers and in the completion document."""
        for name, value in reply.headers:
            if name == "ETag":
                reply = reply.replaced(name, _another(value))
            elif name == "x-cos-hash-crc64ecma":
                reply = reply.replaced(name, str(int(value) ^ 1))
        return reply


@functools.lru_cache(maxsize=1024)
def place(host: str) -> tuple[str, str | None] | None:
    """Bucket and region (None for the acceleration domain) of a COS host name; None for other hosts."""
    if host.endswith(_ACCELERATED):
        return host.removesuffix(_ACCELERATED), None
    parsed = _COS_HOST.fullmatch(host)
    return (parsed["bucket"], parsed["region"] or parsed["inner"]) if parsed else None


def new_etag(blob: Blob) -> str:
    """Quoted MD5 of a blob, or random hex from a store that leaves MD5 out."""
    return f'"{blob.md5.hex() or secrets.token_hex(16)}"'


def _another(etag: str) -> str:
    return etag.translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))


def query_of(text: str) -> list[tuple[str, str]]:
    pairs = (pair.partition("=") for pair in text.split("&") if pair)
    return [(_plain(name), _plain(value)) for name, _, value in pairs]


def _plain(text: str) -> str:
    return unquote(text.replace("+", " "), errors="surrogateescape") if "%" in text or "+" in text else text


def _is_md5(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 16
    except (binascii.Error, ValueError):
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
    if start >= size or start >= stop:
        raise Refusal("InvalidRange", "The requested range cannot be satisfied.")
    return start, stop
