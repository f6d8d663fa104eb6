"""COS: the object store of Tencent Cloud.

Decides what COS alone does (protocol notes 3.1 to 3.4): its hosts, signatures and scopes, limits, codes, and how it
answers a completed upload. Leaves the operations to `object_store.py` and `multipart.py`, refusals to `replies.py`.
"""

from __future__ import annotations

import functools
import re
import secrets
import time
from typing import TYPE_CHECKING

from vodfast.emulator.accounts import Account
from vodfast.emulator.blobs import Content
from vodfast.emulator.buckets import Bucket, StoredObject, Upload
from vodfast.emulator.messages import Reply, Request
from vodfast.emulator.multipart import listed_parts
from vodfast.emulator.object_store import Codes, Headers, ObjectStore
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.tencent import replies
from vodfast.emulator.tencent.signatures import verify_cos
from vodfast.emulator.xmldocument import XML, Fields

if TYPE_CHECKING:
    from vodfast.emulator.tencent.cloud import TencentCloud

MAX_KEY = 850
"""Bytes of a key in UTF-8."""
MAX_META = 2048
"""Bytes of one entry of an object's own metadata, name and value."""

_META = "x-cos-meta-"
_STORAGE_CLASS = re.compile(r"(MAZ_)?(STANDARD|STANDARD_IA|INTELLIGENT_TIERING|ARCHIVE|DEEP_ARCHIVE|COLD)")
_NAMESPACE = "http://www.qcloud.com/document/product/436/7751"
_ACCOUNT = [("ID", "qcs::cam::uin/100000000001:uin/100000000001"), ("DisplayName", "100000000001")]
_ACCELERATED = ".cos.accelerate.myqcloud.com"
_HOST = re.compile(
    r"(?P<bucket>[a-z0-9-]+)\.(?:cos\.(?P<region>[a-z0-9-]+)\.(?:myqcloud\.com|tencentcos\.cn)"
    r"|cos-internal\.(?P<inner>[a-z0-9-]+)\.tencentcos\.cn)"
)


class Cos(ObjectStore):
    """COS as a service."""

    cloud = "tencent"
    codes = Codes(
        too_large="EntityTooLarge",
        damaged="BadDigest",
        expired="ExpiredToken",
        bad_key="InvalidURI",
        throttled="SlowDown",
    )
    declaration = replies.DECLARATION
    crc64_header = "x-cos-hash-crc64ecma"
    copy_header = "x-cos-copy-source"
    request_id_header = "x-cos-request-id"
    min_part = 1 << 20
    gaps_allowed = False
    spell = staticmethod(str.lower)
    owner = (("Initiator", _ACCOUNT), ("Owner", _ACCOUNT))

    def __init__(self, cloud: TencentCloud) -> None:
        super().__init__(cloud)
        self._accounts = cloud.accounts

    def new_request_id(self) -> str:
        return f"NjU{secrets.token_hex(12)}"

    def new_upload_id(self) -> str:
        return f"{int(time.time())}{secrets.token_hex(24)}"

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        return replies.refuse(call, refusal)

    def _address(self, request: Request) -> tuple[Bucket, bytes]:
        name, region = place(request.host) or ("", None)
        bucket = self.holder.buckets.get(name)
        if bucket is None or region not in (None, bucket.region):
            raise Refusal("NoSuchBucket", "The specified bucket does not exist.")
        if region is None and not self.holder.world.settings.accelerate:
            raise Refusal("BucketAccelerateNotEnabled", "The bucket does not allow the acceleration domain.")
        return bucket, request.decoded_path()[1:]

    def _verify(self, request: Request, _: tuple[Bucket, bytes], query: list[tuple[str, str]]) -> Account:
        return verify_cos(request, query, self._accounts.find, self.holder.world.now())

    def _check_key(self, key: str) -> None:
        if not key:
            raise Refusal("InvalidURI", "No key is given.")
        if len(key.encode()) > MAX_KEY:
            raise Refusal("KeyTooLong", f"The key is longer than {MAX_KEY} bytes.")

    def _may(self, account: Account, bucket: Bucket, wanted: str) -> bool:
        return account.scope is None or (account.scope[0] == bucket.name and wanted.startswith(account.scope[1]))

    def _check_headers(self, call: Call) -> None:
        limit = call.request.header("x-cos-traffic-limit")
        if limit is not None and not (re.fullmatch(r"\d{1,12}", limit) and 819200 <= int(limit) <= 838860800):
            raise Refusal("InvalidArgument", "x-cos-traffic-limit is out of range.")
        stored_as = call.request.header("x-cos-storage-class")
        if stored_as is not None and not _STORAGE_CLASS.fullmatch(stored_as):
            raise Refusal("NotSupportedStorageClass", "There is no such storage class.")
        _check_metadata([pair for pair in call.request.headers() if pair[0].startswith(_META)])

    def _object_headers(self, _: StoredObject) -> Headers:
        return ()

    def opening(self, bucket: Bucket, encoded: bool) -> list[tuple[str, object]]:
        return [("Bucket", bucket.name), *([("Encoding-Type", "url")] if encoded else [])]

    def part_digest(self, _: Content) -> list[tuple[str, object]]:
        return []

    def parts_to_join(self, call: Call, _: Upload) -> list[tuple[int, str]]:
        if not call.body.strip():
            raise Refusal("MissingRequestBodyError", "The request body is empty.")
        return listed_parts(bytes(call.body))

    def location(self, request: Request, _: Bucket, key: str) -> str:
        return f"{request.host}/{key}"

    def joined(self, call: Call, _: str, content: Content, fields: Fields) -> Reply:
        """Chunked, with the spaces a real store sends while it merges; only the document tells the ETag."""
        settings = self.holder.world.settings
        body = self.document("CompleteMultipartUploadResult", fields, namespace=_NAMESPACE)
        headers = (XML, (self.crc64_header, str(content.crc64)), (self.request_id_header, call.request_id))
        lead = b" " * settings.complete_padding
        if settings.complete_padding_place == "after-declaration":
            head = self.declaration.encode()
            lead, body = head + lead, body.removeprefix(head)
        return Reply(200, headers, body, chunked=True, lead=lead)


def _check_metadata(pairs: list[tuple[str, str]]) -> None:
    if not all(re.fullmatch(r"[a-z0-9-]+", name.removeprefix(_META)) for name, _ in pairs):
        raise Refusal("InvalidArgument", "Names of metadata take letters, digits and dashes.")
    sizes = [len(name) + len(value) for name, value in pairs]
    if max(sizes, default=0) > MAX_META or sum(sizes) > 2 * MAX_META:
        raise Refusal("InvalidArgument", f"Metadata takes {MAX_META} bytes each, and twice that in all.")


@functools.lru_cache(maxsize=1024)
def place(host: str) -> tuple[str, str | None] | None:
    """Bucket and region (None for the acceleration domain) of a COS host name; None for other hosts."""
    if host.endswith(_ACCELERATED):
        return host.removesuffix(_ACCELERATED), None
    parsed = _HOST.fullmatch(host)
    return (parsed["bucket"], parsed["region"] or parsed["inner"]) if parsed else None
