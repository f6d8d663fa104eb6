"""The upload gateway's verbs for one object, as described requests.

Decides requests and the reading of answers (section 5 of the protocol notes), and which of the object's hosts takes
the next attempt. Leaves `Auth` and checksums to `signing.py`, refusals to `faults.py`, presigned URLs to
`presigned.py`, and performing and retrying to the engine.

The gateway knows no abort, no head and no delete: what is not committed is the service's to clean up, so these steps
send nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar
from urllib.parse import quote

import msgspec

from vodfast.config import GIB, MIB
from vodfast.credentials import Credentials
from vodfast.errors import ErrorKind, InvalidInput, RetryClass, VodfastError
from vodfast.stores.bounds import all_parts, check_single_put, part_number
from vodfast.stores.tos import faults, signing
from vodfast.stores.tos.address import Route, path_of
from vodfast.stores.tos.wire import Envelope, ListedPart, Payload
from vodfast.transfer.message import Body, Request, Response, build_headers
from vodfast.transfer.ports import (
    Call,
    ObjectReceipt,
    ObjectStore,
    PartPage,
    PartReceipt,
    PartSpec,
    StoreLimits,
    without_request,
)

T = TypeVar("T")

GATEWAY_LIMITS: Final = StoreLimits(
    min_part=5 * MIB,
    max_part=5 * GIB,
    max_parts=10000,
    max_single_put=20 * MIB,
    part_digest="crc32",
    object_digest=None,
    can_list_parts=True,
)
"""Largest part: not documented, the bound of S3-like stores is used. Single PUT: where the vendor's clients stop."""

STORAGE_HEADER: Final = {2: "archive", 3: "ia"}
"""`X-Upload-Storage-Class` by the API's number; 0 and 1 send none (section 5.2)."""

CALL_TIMEOUT: Final = 60.0
MERGE_TIMEOUT: Final = 600.0
_PARTS_MODE = (("x-storage-mode", "gateway"),)


@dataclass(frozen=True, slots=True)
class GatewayStore:
    """One StoreUri, reached by one or more hosts. Implements `transfer.ports.ObjectStore`.

    A failed attempt turns to the next host; an upload begun on one goes on there, because it belongs to the StoreUri.
    The `tag` of an object's receipt is the `grant` of the route that took it. The `tag` of a part's receipt is the
    CRC-32 that was accepted for it and, after `;`, the content type the gateway saw, which merge wants back.
    A grant that is refused is worth renewing once: one that replaced it and never worked is refused for good.
    Building one raises `ValueError` for a StoreUri that cannot be addressed.
    """

    uri: str
    routes: tuple[Route, ...]
    storage_class: int = 0
    limits: StoreLimits = GATEWAY_LIMITS
    merge_timeout: float = MERGE_TIMEOUT
    cloud: str = "volcengine"
    _path: str = field(init=False, repr=False)
    _turn: list[int] = field(init=False, repr=False, default_factory=lambda: [0], compare=False)
    _refused: dict[int, str] = field(init=False, repr=False, default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if not self.routes:
            raise ValueError("a StoreUri needs a host")
        object.__setattr__(self, "_path", path_of(self.uri))

    def put_object(self, body: Body) -> Call[ObjectReceipt]:
        """Store the whole object with one request."""
        check_single_put(body, self.limits)

        def read(payload: Payload, response: Response, route: Route) -> ObjectReceipt:
            return ObjectReceipt(tag=str(route.grant), digest=self._crc32("DirectUpload", response, payload.crc32))

        return self._call("DirectUpload", "", read, body=body)

    def create_upload(self) -> Call[str]:
        """Open a multipart upload; the answer is its id. One whose answer was lost expires by itself."""

        def read(payload: Payload, response: Response, _: Route) -> str:
            upload_id = payload.upload_id
            if not upload_id or len(upload_id) > 1024 or not upload_id.isprintable():
                self._useless("InitUpload", response, "no usable uploadID")
            return upload_id

        return self._call("InitUpload", "?uploads", read, body=b"", more=_PARTS_MODE)

    def put_part(self, upload_id: str, part: PartSpec, body: Body) -> Call[PartReceipt]:
        """Store one part; the same number again replaces it."""
        number = part_number(part, body, self.limits)

        def read(payload: Payload, response: Response, _: Route) -> PartReceipt:
            said = payload.part_number
            if said is not None and str(said) != str(number):
                self._useless("UploadPart", response, "the answer to another part")
            content_type = (payload.meta.content_type if payload.meta else None) or ""
            accepted = signing.crc32_text(body.checksum("crc32"))
            return PartReceipt(
                index=part.index,
                length=part.length,
                tag=f"{accepted};{content_type}" if content_type else accepted,
                digest=self._crc32("UploadPart", response, payload.crc32),
            )

        query = f"?partNumber={number}&uploadID={quote(upload_id, safe='')}"
        return self._call("UploadPart", query, read, body=body, more=_PARTS_MODE)

    def list_parts(self, upload_id: str, marker: str | None) -> Call[PartPage]:
        """All stored parts, in one page. A length of 0 means that the gateway does not say it."""

        def read(payload: Payload, response: Response, _: Route) -> PartPage:
            parts = tuple(self._listed(response, part) for part in payload.parts or ())
            if len({part.index for part in parts}) != len(parts):
                self._useless("ListParts", response, "the same part twice")
            return PartPage(parts=parts, marker=None)

        query = f"?uploadID={quote(upload_id, safe='')}"
        return self._call("ListParts", query, read, method="GET", more=_PARTS_MODE, reads=True)

    def _listed(self, response: Response, part: ListedPart) -> PartReceipt:
        said = part.part_number if part.part_number is not None else part.part_number_too
        text = str(said)
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        digest = self._crc32("ListParts", response, part.crc32)
        if not 1 <= number <= self.limits.max_parts or digest is None or (part.size or 0) < 0:
            self._useless("ListParts", response, "a part without a usable number or crc32")
        return PartReceipt(index=number - 1, length=part.size or 0, tag=signing.crc32_text(digest), digest=digest)

    def complete_upload(self, upload_id: str, parts: Sequence[PartReceipt]) -> Call[ObjectReceipt]:
        """Join the parts, which must be all of 1..n; the gateway compares the CRC-32 of each once more."""
        ordered = all_parts(parts)
        sums = [signing.crc32_value(part.tag.partition(";")[0]) for part in ordered]
        if None in sums:
            raise InvalidInput("a part to join has no CRC-32")
        content_type = ordered[0].tag.partition(";")[2]
        query = f"?uploadID={quote(upload_id, safe='')}"
        if content_type:
            query += f"&ObjectContentType={quote(content_type, safe='')}"

        def read(_: Payload, _response: Response, route: Route) -> ObjectReceipt:
            return ObjectReceipt(tag=str(route.grant), digest=None)

        return self._call(
            "MergeParts",
            query,
            read,
            body=signing.merge_body(value for value in sums if value is not None),
            more=_PARTS_MODE,
            timeout=self.merge_timeout,
        )

    def abort_upload(self, upload_id: str) -> Call[None]:
        """Nothing: an upload that is not merged expires."""
        return without_request(self.cloud, "AbortUpload", None)

    def list_uploads(self) -> Call[tuple[str, ...]]:
        """Nothing: the gateway lists no uploads."""
        return without_request(self.cloud, "ListUploads", ())

    def head_object(self) -> Call[ObjectReceipt | None]:
        """Nothing: the gateway cannot be asked, so a lost merge that cannot be repeated counts as failed."""
        return without_request(self.cloud, "HeadObject", None)

    def delete_object(self) -> Call[None]:
        """Nothing: an object that is not committed is the service's to remove."""
        return without_request(self.cloud, "DeleteObject", None)

    def _call(
        self,
        operation: str,
        query: str,
        read: Callable[[Payload, Response, Route], T],
        *,
        method: str = "PUT",
        body: bytes | Body | None = None,
        more: tuple[tuple[str, str], ...] = (),
        timeout: float = CALL_TIMEOUT,
        reads: bool = False,
    ) -> Call[T]:
        streamed = None if isinstance(body, bytes) else body
        used = [self._turn[0] % len(self.routes)]
        grant = [""]

        def build(credentials: Credentials, _: float) -> Request:
            used[0] = self._turn[0] % len(self.routes)
            route = self.routes[used[0]]
            grant[0] = signing.auth(credentials, route.grant)
            headers = [("authorization", grant[0]), *more]
            declared = None
            if isinstance(body, bytes):
                headers.append(("content-length", str(len(body))))
            elif body is not None:
                declared = body.checksum("crc32")
                headers.append(("content-length", str(body.length)))
                headers.append(("content-crc32", signing.crc32_text(declared)))
            if self.storage_class in STORAGE_HEADER and method == "PUT":
                headers.append(("x-upload-storage-class", STORAGE_HEADER[self.storage_class]))
            return Request(
                operation=operation,
                method=method,
                url=f"https://{route.host}{self._path}{query}",
                headers=build_headers([*_beside(route.headers, headers), *headers]),
                body=body,
                declared=declared,
                timeout=timeout if streamed is None else None,
            )

        def parse(response: Response) -> T:
            route = self.routes[used[0]]
            payload = self._payload(operation, response, route.grant, grant[0])
            return read(payload, response, route)

        def failed(error: VodfastError) -> None:
            # Requests in flight side by side fail together: only the first of them turns the page.
            elsewhere = error.retry is RetryClass.LATER or not error.reached
            if elsewhere and used[0] == self._turn[0] % len(self.routes):
                self._turn[0] = used[0] + 1

        return Call(
            cloud=self.cloud,
            operation=operation,
            build=build,
            parse=parse,
            reads=reads,
            failed=failed,
            ahead=None if streamed is None else lambda: streamed.checksum("crc32"),
        )

    def _payload(self, operation: str, response: Response, place: int, grant: str) -> Payload:
        said = faults.outcome(response)
        if response.status != 200 or said is None or said.success != 0:
            again = self._refused.get(place, grant) != grant
            error = faults.gateway_fault(response, said, cloud=self.cloud, operation=operation, again=again)
            if error.retry is RetryClass.RENEW and error.kind is ErrorKind.SESSION_EXPIRED:
                self._refused[place] = grant
            raise error
        self._refused.pop(place, None)
        try:
            return msgspec.json.decode(response.body, type=Envelope, strict=False).payload or Payload()
        except (msgspec.MsgspecError, ValueError, RecursionError):
            self._useless(operation, response, "a payload of another form")

    def _useless(self, operation: str, response: Response, problem: str) -> NoReturn:
        raise faults.useless(problem, response, cloud=self.cloud, operation=operation)

    def _crc32(self, operation: str, response: Response, text: str | None) -> int | None:
        if not text:
            return None
        value = signing.crc32_value(text)
        if value is None:
            self._useless(operation, response, "a crc32 that is none")
        return value


def _beside(asked: Sequence[tuple[str, str]], own: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers a reply asked for, without those this request has by itself."""
    names = {name for name, _ in own}
    return [(name, value) for name, value in asked if name.lower() not in names]


if TYPE_CHECKING:
    _is_store: type[ObjectStore] = GatewayStore
