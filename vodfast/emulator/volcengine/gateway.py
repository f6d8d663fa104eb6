"""The upload gateway: direct uploads, parts, merge and list under an opaque `Auth`.

Decides routing by method and query, the grant, checksums and the merge body (protocol notes 5). Everything an answer
says is JSON; `success` 0 is success.
"""

from __future__ import annotations

import mimetypes
import re
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import msgspec

from vodfast.emulator.blobs import Content
from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.volcengine.actions import UPLOAD_HEADER

if TYPE_CHECKING:
    from vodfast.emulator.volcengine.cloud import Place, VolcengineCloud

MAX_PARTS = 10000
MIN_PART = 5 << 20
"""Bytes of every part but the last, checked when merging."""
MAX_PUT = 5 << 30
_CRC32 = re.compile(r"[0-9a-f]{8}")
_STORAGE = {"2": "archive", "3": "ia"}

_ERRORS: dict[str, tuple[int, int, int]] = {
    "MissingAuth": (401, 401, 4010),
    "InvalidAuth": (403, 403, 4030),
    "ExpiredAuth": (403, 403, 4031),
    "UploadNotFound": (404, 404, 4040),
    "MethodNotAllowed": (405, 405, 4050),
    "InvalidParameter": (400, 400, 4000),
    "ChecksumMismatch": (400, 400, 4001),
    "InvalidMergeParts": (400, 400, 4002),
    "EntityTooLarge": (413, 413, 4130),
    "TooManyRequests": (429, 429, 4290),
    "InternalError": (500, 500, 5000),
    "RequestSizeLimitExceeded": (413, 413, 4131),
}
"""Status, `code` and `error_code`; only the rule that 5000 and above may be tried again is known (5.5)."""


class Target(NamedTuple):
    """What a request is about."""

    place: Place
    auth: str
    query: dict[str, str]


class Upload:
    """An open multipart upload of a StoreUri. `parts` maps part numbers to content and its CRC-32."""

    __slots__ = ("parts", "place")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.parts: dict[int, tuple[Content, str]] = {}


class Gateway:
    """The gateway as a service."""

    cloud = "volcengine"
    operations = frozenset(("DirectUpload", "InitUpload", "UploadPart", "MergeParts", "ListParts"))

    def __init__(self, cloud: VolcengineCloud) -> None:
        self._cloud = cloud
        self._uploads: dict[str, Upload] = {}

    def clear(self) -> None:
        """Forget open uploads."""
        for upload in self._uploads.values():
            for content, _ in upload.parts.values():
                content.discard()
        self._uploads.clear()

    def new_request_id(self) -> str:
        return secrets.token_hex(16).upper()

    def open(self, call: Call) -> None:
        request = call.request
        query = query_of(request.query)
        call.operation = _operation(request.method, query)
        call.upload_id = query.get("uploadID")
        if re.fullmatch(r"\d{1,8}", query.get("partNumber", ""), re.ASCII):
            call.part_number = int(query["partNumber"])
        place, auth = self._admit(call)
        if not call.operation:
            raise Refusal("MethodNotAllowed", "There is no such operation.")
        self._check_headers(call, place)
        call.context = Target(place, auth, query)
        if call.operation in ("DirectUpload", "UploadPart"):
            self._take_content(call)

    def _admit(self, call: Call) -> tuple[Place, str]:
        auth = call.request.header("authorization")
        if not auth:
            raise Refusal("MissingAuth", "The request has no Authorization.")
        place = self._cloud.grants.get(auth)
        if place is None:
            raise Refusal("InvalidAuth", "The Authorization is not known.")
        call.media_id = place.application.item.media_id
        try:
            path = call.request.decoded_path().decode()
        except UnicodeDecodeError:
            path = ""
        same_uri = {other.hosts[0] for other in place.application.places if other.uri == place.uri}
        host = call.request.host
        known = path == f"/{place.uri}" or (call.operation == "ListParts" and path == _listing_path(place))
        if not known or (host.endswith(".volcvod.com") and host not in same_uri):
            raise Refusal("InvalidAuth", "The Authorization is for another host or object.")
        if self._cloud.world.now() >= place.grants[auth]:
            raise Refusal("ExpiredAuth", "The Authorization has expired.")
        return place, auth

    def _check_headers(self, call: Call, place: Place) -> None:
        request, settings = call.request, self._cloud.world.settings
        in_parts = request.header("x-storage-mode") == "gateway"
        if in_parts is (call.operation == "DirectUpload"):
            raise Refusal("InvalidParameter", "X-Storage-Mode: gateway belongs to uploads in parts, and only there.")
        wanted = _STORAGE.get(place.application.fields.get("StorageClass", "0"))
        if call.operation != "ListParts" and request.header("x-upload-storage-class") != wanted:
            raise Refusal("InvalidParameter", "X-Upload-Storage-Class is not that of the application.")
        given = request.header(UPLOAD_HEADER["Key"].lower())
        if settings.volcengine_upload_header and given != UPLOAD_HEADER["Value"]:
            raise Refusal("InvalidParameter", "An UploadHeader of the application is missing.")

    def _take_content(self, call: Call) -> None:
        request = call.request
        if call.operation == "UploadPart":
            self._upload(call)
            if call.part_number is None or not 1 <= call.part_number <= MAX_PARTS:
                raise Refusal("InvalidParameter", f"partNumber must be a number from 1 to {MAX_PARTS}.")
        if request.length is None and not request.chunked:
            raise Refusal("InvalidParameter", "The length of the body is not given.")
        if request.length is not None and request.length > MAX_PUT:
            raise Refusal("EntityTooLarge", "The body is too large.")
        claimed = request.header("content-crc32")
        if claimed is None or (claimed != "Ignore" and not _CRC32.fullmatch(claimed)):
            raise Refusal("InvalidParameter", "Content-CRC32 must be 8 lower-case hex digits, or Ignore.")
        call.writer = self._cloud.world.blobs.writer(request.length, crc32=True)

    def _upload(self, call: Call) -> Upload:
        upload, target = self._uploads.get(call.upload_id or ""), call.context
        assert isinstance(target, Target)
        if upload is None or upload.place.uri != target.place.uri:
            raise Refusal("UploadNotFound", "The uploadID is not known, or has expired.")
        return upload

    def answer(self, call: Call) -> Reply:
        target = call.context
        assert isinstance(target, Target)
        if self._cloud.world.now() >= target.place.grants[target.auth]:
            raise Refusal("ExpiredAuth", "The Authorization has expired.")
        match call.operation:
            case "DirectUpload":
                return self._direct(call, target)
            case "InitUpload":
                return self._init(call, target)
            case "UploadPart":
                return self._part(call)
            case "MergeParts":
                return self._merge(call, target)
        return self._list(call)

    def _content(self, call: Call) -> tuple[Content, str]:
        """The received content, once its checksum is found right."""
        assert call.blob is not None
        crc = f"{call.blob.crc32:08x}"
        claimed = call.request.header("content-crc32")
        if claimed not in (crc, "Ignore"):
            raise Refusal("ChecksumMismatch", "crc32 mismatch: Content-CRC32 is not that of the body.")
        return Content((call.take(),)), crc

    def _direct(self, call: Call, target: Target) -> Reply:
        content, crc = self._content(call)
        self._cloud.store(target.place, content)
        return _success(call, {"hash": crc, "key": target.place.uri.partition("/")[2], "crc32": crc})

    def _init(self, call: Call, target: Target) -> Reply:
        upload_id = secrets.token_hex(16)
        call.upload_id = upload_id
        self._uploads[upload_id] = Upload(target.place)
        target.place.application.item.open_uploads += 1
        return _success(call, {"uploadID": upload_id})

    def _part(self, call: Call) -> Reply:
        assert call.part_number is not None
        upload = self._upload(call)
        content, crc = self._content(call)
        old = upload.parts.get(call.part_number)
        if old is not None:
            old[0].discard()
        upload.parts[call.part_number] = (content, crc)
        self._cloud.world.history.count("parts_stored")
        payload = {
            "uploadid": call.upload_id,
            "part_number": str(call.part_number),
            "crc32": crc,
            "etag": secrets.token_hex(16),
            "meta": {"ObjectContentType": _content_type(upload.place)},
        }
        return _success(call, payload)

    def _merge(self, call: Call, target: Target) -> Reply:
        upload = self._upload(call)
        said = target.query.get("ObjectContentType")
        if said and said != _content_type(upload.place):
            raise Refusal("InvalidParameter", "ObjectContentType is not what part 1 was answered.")
        sums = merge_sums(bytes(call.body), self._cloud.world.settings.volcengine_merge_numbering)
        numbers = sorted(upload.parts)
        if numbers != list(range(1, len(sums) + 1)) or sums != [upload.parts[number][1] for number in numbers]:
            raise Refusal("InvalidMergeParts", "invalid merge parts: they are not the ones stored.")
        if any(upload.parts[number][0].size < MIN_PART for number in numbers[:-1]):
            raise Refusal("InvalidMergeParts", f"invalid merge parts: one is smaller than {MIN_PART} bytes.")
        content = Content([blob for number in numbers for blob in upload.parts[number][0].blobs])
        del self._uploads[call.upload_id or ""]
        upload.place.application.item.open_uploads -= 1
        self._cloud.store(target.place, content)
        payload = {"hash": secrets.token_hex(16), "key": target.place.uri.partition("/")[2]}
        return _success(call, payload)

    def _list(self, call: Call) -> Reply:
        upload = self._upload(call)
        listed = [
            {"partNumber": number, "crc32": crc, "etag": secrets.token_hex(16), "size": content.size}
            for number, (content, crc) in sorted(upload.parts.items())
        ]
        return _success(call, {"partList": listed})

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        """The refusal in the gateway's envelope; a code of digits is an `error_code` of its own."""
        text = refusal.code
        number = int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else None
        status, code, error_code = (200, 0, number) if number is not None else _ERRORS.get(text, (400, 400, 4000))
        status = status if refusal.status is None else refusal.status
        error = {"code": code, "error": text, "error_code": error_code, "message": refusal.message}
        return _envelope(call, status, 1, error, {})

    def throttled(self) -> Refusal:
        return Refusal("TooManyRequests", "Too many requests.")

    def expire(self, call: Call) -> None:
        """End the grant; this very request is refused as well."""
        if isinstance(call.context, Target):
            call.context.place.grants[call.context.auth] = 0.0

    def lie(self, _: Call, reply: Reply) -> Reply:
        """Another CRC-32 in the answer."""
        said: Any = msgspec.json.decode(reply.body)
        if "crc32" in said["payload"]:
            said["payload"]["crc32"] = f"{int(said['payload']['crc32'], 16) ^ 1:08x}"
        return Reply(reply.status, reply.headers, msgspec.json.encode(said))


def _listing_path(place: Place) -> str:
    """One vendor client asks for parts below the object's own path, by the name it gave to the apply (5.2)."""
    return f"/{place.uri}/{place.application.fields.get('FileName', '')}"


def query_of(text: str) -> dict[str, str]:
    """Decoded pairs; `+` is a plus sign here."""
    pairs = (pair.partition("=") for pair in text.split("&") if pair)
    return {unquote(name): unquote(value) for name, _, value in pairs}


def _operation(method: str, query: dict[str, str]) -> str:
    names = set(query)
    if method == "GET":
        return "ListParts" if names == {"uploadID"} else ""
    if method != "PUT":
        return ""
    if not names:
        return "DirectUpload"
    if names == {"uploads"}:
        return "InitUpload"
    if names == {"partNumber", "uploadID"}:
        return "UploadPart"
    return "MergeParts" if "uploadID" in names and names <= {"uploadID", "ObjectContentType"} else ""


def merge_sums(body: bytes, numbering: str) -> list[str]:
    """The CRC-32 texts of a merge body, whose keys must count up from 0 or from 1 (5.4).

    Raises:
        Refusal: InvalidMergeParts.
    """
    pieces = [piece.partition(":") for piece in body.decode("latin-1").split(",")]
    keys = [key for key, _, _ in pieces]
    sums = [value for _, _, value in pieces]
    starts = {"any": (0, 1), "zero": (0,), "one": (1,)}[numbering]
    counted = any(keys == [str(start + at) for at in range(len(keys))] for start in starts)
    if not counted or not all(_CRC32.fullmatch(value) for value in sums):
        raise Refusal("InvalidMergeParts", "invalid merge parts: the body is not number:crc32 in order.")
    return sums


def _content_type(place: Place) -> str:
    return mimetypes.guess_type(f"x.{place.uri.rpartition('.')[2]}")[0] or "application/octet-stream"


def _success(call: Call, payload: dict[str, Any]) -> Reply:
    return _envelope(call, 200, 0, {"code": 0, "error": "", "error_code": 0, "message": ""}, payload)


def _envelope(call: Call, status: int, success: int, error: dict[str, Any], payload: dict[str, Any]) -> Reply:
    body = {"version": "1.0", "success": success, "error": error, "payload": payload}
    headers = (("Content-Type", "application/json"), ("X-Tt-Logid", call.request_id))
    return Reply(status, headers, msgspec.json.encode(body))
