"""TOS behind presigned URLs, for uploads inside a VPC (protocol notes 6).

Decides the URLs it hands out and that only they open it: method, host, path, query and the given headers are covered
by the signature, whose form is this emulator's own. Answers carry an ETag, quoted unless set otherwise, and
`x-tos-hash-crc64ecma`.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import msgspec

from vodfast.emulator.blobs import Content
from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal

if TYPE_CHECKING:
    from vodfast.emulator.volcengine.cloud import Place, VolcengineCloud

MAX_PARTS = 10000

_SUFFIX = ".tos-cn-beijing.ivolces.com"
_SIGNATURE = re.compile(r"(.*)&X-Tos-Signature=([0-9a-f]{64})")
_STATUS = {
    "AccessDenied": 403,
    "SignatureDoesNotMatch": 403,
    "NoSuchUpload": 404,
    "SlowDown": 429,
    "InternalError": 500,
    "ServiceUnavailable": 503,
}
"""By code; others are 400."""


class Grant(NamedTuple):
    """What one presigned URL opens."""

    operation: str
    place: Place
    headers: dict[str, str]
    upload_id: str
    part_number: int | None
    expires: float


class Tos:
    """Presigned TOS as a service."""

    cloud = "volcengine"
    operations = frozenset(("VpcPutObject", "VpcUploadPart", "VpcCompleteUpload"))

    def __init__(self, cloud: VolcengineCloud) -> None:
        self._cloud = cloud
        self._key = secrets.token_bytes(32)
        self._grants: dict[str, Grant] = {}
        self._ended: set[str] = set()
        self._uploads: dict[str, dict[int, tuple[Content, str]]] = {}

    def clear(self) -> None:
        """Forget URLs and open uploads."""
        for parts in self._uploads.values():
            for content, _ in parts.values():
                content.discard()
        for shared in (self._uploads, self._grants, self._ended):
            shared.clear()

    def presign(self, place: Place, mode: str, size: int) -> dict[str, Any]:
        """`VpcTosUploadAddress` for an upload of `size` bytes."""
        if mode == "quick":
            place.quick = True
            return {"UploadMode": "direct", "QuickCompleteMode": "enable"}
        headers = {"Content-Type": "video/mp4", "X-Tos-Meta-Origin": "vod"}
        if mode == "direct":
            url = self._url("PUT", place, "", Grant("VpcPutObject", place, headers, "", None, self._until()))
            return {"UploadMode": "direct", "PutUrl": url, "PutUrlHeaders": headers}
        upload_id, part_size = secrets.token_hex(16), self._cloud.world.settings.volcengine_vpc_part_size
        if size > MAX_PARTS * part_size:
            raise Refusal("InvalidParameter", f"FileSize makes more than {MAX_PARTS} parts of {part_size} bytes.")
        self._uploads[upload_id] = {}
        place.application.item.open_uploads += 1
        urls = [
            self._url(
                "PUT",
                place,
                f"partNumber={number}&uploadId={upload_id}",
                Grant("VpcUploadPart", place, {}, upload_id, number, self._until()),
            )
            for number in range(1, -(-size // part_size) + 1)
        ]
        complete = Grant("VpcCompleteUpload", place, headers, upload_id, None, self._until())
        return {
            "UploadMode": "part",
            "PartUploadInfo": {
                "PartSize": part_size,
                "PartPutUrls": urls,
                "CompletePartUrl": self._url("POST", place, f"uploadId={upload_id}", complete),
                "CompleteUrlHeaders": headers,
            },
        }

    def _until(self) -> float:
        return self._cloud.world.now() + self._cloud.world.settings.token_lifetime

    def _url(self, method: str, place: Place, query: str, grant: Grant) -> str:
        bucket, _, key = place.uri.partition("/")
        host, path = f"{bucket}{_SUFFIX}", f"/{quote(key, safe='/-_.~')}"
        query = "&".join(
            filter(None, (query, f"X-Tos-Expires={int(grant.expires)}", "X-Tos-Algorithm=TOS4-HMAC-SHA256"))
        )
        signature = self._sign(method, host, path, query)
        self._grants[signature] = grant
        return f"https://{host}{path}?{query}&X-Tos-Signature={signature}"

    def _sign(self, method: str, host: str, path: str, query: str) -> str:
        return hmac.new(self._key, f"{method}\n{host}\n{path}\n{query}".encode("latin-1"), "sha256").hexdigest()

    def new_request_id(self) -> str:
        return secrets.token_hex(16)

    def open(self, call: Call) -> None:
        request = call.request
        parsed = _SIGNATURE.fullmatch(request.query)
        if parsed is None:
            raise Refusal("AccessDenied", "The URL is not presigned.")
        given = self._sign(request.method, request.host, request.path.decode("latin-1"), parsed[1])
        grant = self._grants.get(parsed[2])
        if grant is None or not hmac.compare_digest(given, parsed[2]):
            raise Refusal("SignatureDoesNotMatch", "The URL or the method is not the one that was signed.")
        call.operation = grant.operation
        call.part_number = grant.part_number
        call.upload_id = grant.upload_id or None
        call.media_id = grant.place.application.item.media_id
        self._check_life(parsed[2], grant)
        for name, value in grant.headers.items():
            if request.header(name.lower()) != value:
                raise Refusal("SignatureDoesNotMatch", f"The header {name} is not the one that was signed.")
        if grant.operation == "VpcUploadPart" and request.header("content-type") is not None:
            raise Refusal("SignatureDoesNotMatch", "Content-Type was not signed.")
        call.context = (parsed[2], grant)
        if grant.operation != "VpcCompleteUpload":
            call.writer = self._cloud.world.blobs.writer(request.length)

    def _check_life(self, signature: str, grant: Grant) -> None:
        if signature in self._ended or self._cloud.world.now() >= grant.expires:
            raise Refusal("AccessDenied", "The URL has expired.")

    def answer(self, call: Call) -> Reply:
        assert isinstance(call.context, tuple)
        signature, grant = call.context
        self._check_life(signature, grant)
        if grant.operation == "VpcCompleteUpload":
            return self._complete(call, grant)
        assert call.blob is not None
        etag = call.blob.md5.hex() or secrets.token_hex(16)
        if self._cloud.world.settings.volcengine_vpc_etag == "quoted":
            etag = f'"{etag}"'
        if grant.operation == "VpcPutObject":
            content = Content((call.take(),))
            self._cloud.store(grant.place, content)
        else:
            content = self._keep(call, grant, etag)
        return _answer(call, (("ETag", etag), ("x-tos-hash-crc64ecma", str(content.crc64))))

    def _keep(self, call: Call, grant: Grant, etag: str) -> Content:
        assert grant.part_number is not None
        parts = self._uploads.get(grant.upload_id)
        if parts is None:
            raise Refusal("NoSuchUpload", "The upload does not exist.")
        if grant.part_number in parts:
            parts[grant.part_number][0].discard()
        content = Content((call.take(),))
        parts[grant.part_number] = (content, etag)
        self._cloud.world.history.count("parts_stored")
        return content

    def _complete(self, call: Call, grant: Grant) -> Reply:
        parts = self._uploads.get(grant.upload_id)
        if parts is None:
            raise Refusal("NoSuchUpload", "The upload does not exist.")
        listed = _listed(bytes(call.body))
        if [number for number, _ in listed] != sorted(parts) or sorted(parts) != list(range(1, len(parts) + 1)):
            raise Refusal("InvalidPart", "The parts are not all that were uploaded, in order.")
        if any(etag.strip('"') != parts[number][1].strip('"') for number, etag in listed):
            raise Refusal("InvalidPart", "An ETag differs.")
        content = Content([blob for number, _ in listed for blob in parts[number][0].blobs])
        del self._uploads[grant.upload_id]
        grant.place.application.item.open_uploads -= 1
        self._cloud.store(grant.place, content)
        return _answer(call, (("x-tos-hash-crc64ecma", str(content.crc64)),), b"{}")

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        status = refusal.status if refusal.status is not None else _STATUS.get(refusal.code, 400)
        error = {"Code": refusal.code, "Message": refusal.message, "RequestId": call.request_id, "HostId": "-"}
        headers = (("Content-Type", "application/json"), ("x-tos-request-id", call.request_id))
        return Reply(status, headers, msgspec.json.encode(error))

    def throttled(self) -> Refusal:
        return Refusal("SlowDown", "Please reduce your request rate.")

    def expire(self, call: Call) -> None:
        """The URL is dead from now on."""
        if isinstance(call.context, tuple):
            self._ended.add(call.context[0])

    def lie(self, _: Call, reply: Reply) -> Reply:
        """Another CRC-64 in the answer."""
        for name, value in reply.headers:
            if name == "x-tos-hash-crc64ecma":
                return reply.replaced(name, str(int(value) ^ 1))
        return reply


def _answer(call: Call, headers: tuple[tuple[str, str], ...], body: bytes = b"") -> Reply:
    return Reply(200, (*headers, ("x-tos-request-id", call.request_id)), body)


def _listed(body: bytes) -> list[tuple[int, str]]:
    """Part numbers and ETags of a completion; ETags with or without inner quotes, under either spelling (section 6)."""
    try:
        parts: Any = msgspec.json.decode(body)["Parts"]
        listed = [(part["PartNumber"], part["ETag"] if "ETag" in part else part["Etag"]) for part in parts]
        if not listed or not all(type(number) is int and isinstance(etag, str) for number, etag in listed):
            raise TypeError
    except (msgspec.MsgspecError, KeyError, TypeError, RecursionError):
        raise Refusal("MalformedBody", "The body does not list parts.") from None
    return listed
