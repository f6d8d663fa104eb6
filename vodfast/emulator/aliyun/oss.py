"""OSS: the object store of Alibaba Cloud.

Decides what OSS alone does (protocol notes 5.1 to 5.3): addresses in both styles, signatures and scopes, limits, codes,
and headers of its own. Leaves the operations to `object_store.py` and `multipart.py`, refusals to `replies.py`.
"""

from __future__ import annotations

import base64
import functools
import re
import secrets
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from vodfast.emulator.accounts import Account
from vodfast.emulator.aliyun import appending, replies
from vodfast.emulator.aliyun.signatures import verify_oss
from vodfast.emulator.blobs import Content
from vodfast.emulator.buckets import Bucket, BucketHolder, StoredObject, Upload
from vodfast.emulator.loopback import is_loopback
from vodfast.emulator.messages import Reply, Request
from vodfast.emulator.multipart import Target, listed_parts
from vodfast.emulator.object_store import Codes, Headers, ObjectStore
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.xmldocument import Fields

MAX_KEY = 1023
"""Bytes of a key in UTF-8."""

_REPLACING = frozenset(("PutObject", "InitiateMultipartUpload", "CompleteMultipartUpload"))
"""Operations that make an object in place of another, or begin to."""
_MAKING = _REPLACING | {appending.OPERATION}
_ENDING = frozenset(("PutObject", "CompleteMultipartUpload"))
_CHOICES = {
    "x-oss-forbid-overwrite": ("true", "false"),
    "x-oss-object-acl": ("public-read", "private", "public-read-write", "default"),
    "x-oss-storage-class": ("Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive"),
    "x-oss-server-side-encryption": ("AES256", "KMS", "SM4"),
}
"""Values of headers that an uploader may send (5.2)."""
_HOST = re.compile(
    r"(?:(?P<bucket>[a-z0-9-]+)\.)?"
    r"(?:(?:vpc100-)?oss-(?!accelerate)(?P<region>[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com"
    r"|(?P<dual>[a-z0-9-]+)\.oss\.aliyuncs\.com|oss-accelerate(?:-overseas)?\.aliyuncs\.com)"
)


class Scope(Protocol):
    """How far a temporary key reaches."""

    @property
    def bucket(self) -> Bucket: ...
    @property
    def directory(self) -> str:
        """What the keys of its objects begin with."""


class KeyHolder(BucketHolder):
    """Whose buckets these are, and who may use them."""

    @abstractmethod
    def find(self, access_key: str) -> Account | None:
        """A credential of any sort."""

    @abstractmethod
    def scope(self, account: Account) -> Scope | None:
        """What a credential is limited to, None for keys of the account itself."""


class Oss(ObjectStore):
    """OSS as a service."""

    cloud = "aliyun"
    codes = Codes(
        too_large="InvalidArgument",
        damaged="InvalidDigest",
        expired="SecurityTokenExpired",
        bad_key="InvalidObjectName",
        throttled="UploadTrafficRateLimitExceeded",
    )
    more_operations: Mapping[tuple[str, str], str] = {("POST", "append"): appending.OPERATION}
    declaration = replies.DECLARATION
    crc64_header = "x-oss-hash-crc64ecma"
    copy_header = "x-oss-copy-source"
    request_id_header = "x-oss-request-id"
    min_part = 100 << 10
    gaps_allowed = True
    spell = staticmethod(str.upper)
    owner = ()
    calls_back = False
    """Whether a callback that a request asks for is made."""

    def __init__(self, holder: KeyHolder) -> None:
        super().__init__(holder)
        self._keys = holder

    def new_request_id(self) -> str:
        return secrets.token_hex(12).upper()

    def new_upload_id(self) -> str:
        return secrets.token_hex(16).upper()

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        reply = replies.refuse(call, refusal)
        if refusal.code == appending.ELSEWHERE and isinstance(call.context, Target):
            stored = call.context.bucket.objects.get(call.context.key)
            reply.headers = (*reply.headers, *appending.next_position(stored))
        return reply

    def _address(self, request: Request) -> tuple[Bucket, bytes]:
        """From the host and path or, for loopback addresses and bare endpoints, the path alone."""
        path = request.decoded_path()[1:]
        name, region = (None, None) if is_loopback(request.host) else place(request.host) or (None, None)
        if name is None:
            # The bucket ends at the first slash on the wire: one inside the key may be written %2F.
            first, _, rest = request.path[1:].partition(b"/")
            name = first.decode("latin-1")
            path = path[len(first) + 1 :] if rest or request.path.endswith(b"/") else b""
        bucket = self.holder.buckets.get(name)
        if bucket is None or region not in (None, bucket.region):
            raise Refusal("NoSuchBucket", "The specified bucket does not exist.")
        return bucket, path

    def _verify(self, request: Request, place: tuple[Bucket, bytes], query: list[tuple[str, str]]) -> Account:
        bucket, key = place
        return verify_oss(request, (bucket.name, key), bucket.region, query, self._keys.find, self.holder.world.now())

    def _check_key(self, key: str) -> None:
        if not key or len(key.encode()) > MAX_KEY or key[0] in "/\\":
            raise Refusal("InvalidObjectName", "The specified object is not valid.")

    def _may(self, account: Account, bucket: Bucket, wanted: str) -> bool:
        scope = self._keys.scope(account)
        return scope is None or (scope.bucket is bucket and wanted.startswith(scope.directory))

    def _check_headers(self, call: Call) -> None:
        request = call.request
        if request.header("x-oss-callback") is not None and not self.calls_back:
            raise Refusal("NotImplemented", "This emulator makes no callbacks for the objects of this bucket.")
        _notification(request.header("x-oss-notification"))
        for name, values in _CHOICES.items() if call.operation in _MAKING else ():
            if request.header(name) not in (None, *values):
                told = (("ArgumentName", name), ("ArgumentValue", request.header(name) or ""))
                raise Refusal("InvalidArgument", f"The value of {name} is not one of those there are.", details=told)
        if call.operation in ("PutObject", "UploadPart") and call.request.header("if-modified-since") is not None:
            raise Refusal("NotImplemented", "A header you provided implies functionality that is not implemented.", 400)

    def _object_headers(self, stored: StoredObject) -> Headers:
        told = (("x-oss-object-type", stored.kind),)
        return (*told, *appending.next_position(stored)) if stored.kind == "Appendable" else told

    def answer(self, call: Call) -> Reply:
        target = call.context
        assert isinstance(target, Target)
        forbidden = call.operation in _REPLACING and call.request.header("x-oss-forbid-overwrite") == "true"
        if forbidden and target.key in target.bucket.objects:
            raise Refusal("FileAlreadyExists", "The object you specified already exists.")
        reply = super().answer(call)
        told = _notification(call.request.header("x-oss-notification"))
        owner = self.holder.session_of(target.bucket, target.key)
        if told and owner is not None and call.operation in _ENDING:
            owner.item.asked["x-oss-notification"] = told
        return reply

    def perform(self, call: Call, target: Target) -> Reply:
        return (
            appending.append(self, call, target)
            if call.operation == appending.OPERATION
            else super().perform(call, target)
        )

    def opening(self, bucket: Bucket, encoded: bool) -> list[tuple[str, object]]:
        return [*([("EncodingType", "url")] if encoded else []), ("Bucket", bucket.name)]

    def part_digest(self, content: Content) -> list[tuple[str, object]]:
        return [("HashCrc64ecma", content.crc64)]

    def parts_to_join(self, call: Call, upload: Upload) -> list[tuple[int, str]]:
        if call.request.header("x-oss-complete-all") == "yes" and not call.body:
            return sorted(upload.etags.items())
        return listed_parts(bytes(call.body))

    def location(self, _: Request, bucket: Bucket, key: str) -> str:
        return object_url(bucket, key)

    def joined(self, call: Call, etag: str, content: Content, fields: Fields) -> Reply:
        return self.reply(call, 200, self.proof(etag, content), self.document("CompleteMultipartUploadResult", fields))


@functools.lru_cache(maxsize=1024)
def place(host: str) -> tuple[str | None, str | None] | None:
    """Bucket (None for a bare endpoint) and region (None for acceleration) of an OSS host name; None for others."""
    parsed = _HOST.fullmatch(host)
    return (parsed["bucket"], parsed["region"] or parsed["dual"]) if parsed else None


def storage_location(bucket: Bucket) -> str:
    """A bucket as the VOD API's StorageLocation names it."""
    return f"{bucket.name}.oss-{bucket.region}.aliyuncs.com"


def object_url(bucket: Bucket, key: str) -> str:
    """Where an object could be fetched."""
    return f"https://{storage_location(bucket)}/{key}"


def _notification(text: str | None) -> dict[str, dict[str, Any]]:
    """What is meant for VOD (5.7), from Base64 of a JSON object; empty if there is none.

    Raises:
        Refusal: InvalidArgument.
    """
    if text is None:
        return {}
    try:
        said = msgspec.json.decode(base64.b64decode(text, validate=True), type=dict[str, dict[str, Any]])
    except ValueError:
        said = {}
    if "Vod" not in said:
        raise Refusal("InvalidArgument", "The x-oss-notification header is not the Base64 of its JSON.")
    return said
