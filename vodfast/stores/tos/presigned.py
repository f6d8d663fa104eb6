"""An object of TOS reached by presigned URLs, which the service hands out for uploads inside a VPC.

Decides the requests of the three modes (section 6 of the protocol notes): one PUT, parts whose size and number the
service has chosen, or nothing because the content is known. Leaves refusals to `faults.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from vodfast.config import GIB
from vodfast.credentials import Credentials
from vodfast.errors import InvalidInput
from vodfast.stores.receipts import Unusable, crc64_sum, entity_tag
from vodfast.stores.tos import faults
from vodfast.stores.tos.wire import CompletedPart, CompletedParts
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

MAX_SINGLE: Final = 5 * GIB
COMPLETE_TIMEOUT: Final = 600.0
_CRC64_HEADER: Final = "x-tos-hash-crc64ecma"
_PLAIN = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?/[\x21-\x7e]*")


def usable_url(url: str) -> bool:
    """Whether a reply's URL is absolute http(s) in printable ASCII, without user information."""
    try:
        return _PLAIN.fullmatch(url) is not None and "#" not in url and urlsplit(url).port != 0
    except ValueError:
        return False


def complete_body(etags: Sequence[str]) -> bytes:
    """The JSON that joins parts 1..n; each ETag goes in as the header said it, quotes included."""
    return msgspec.json.encode(
        CompletedParts(parts=[CompletedPart(number=number, etag=etag) for number, etag in enumerate(etags, 1)])
    )


@dataclass(frozen=True, slots=True)
class PresignedStore:
    """One object behind presigned URLs. Implements `transfer.ports.ObjectStore`.

    `put_url` is for a single PUT; otherwise `part_urls` (one for each `part_size` bytes) and `complete_url`; without
    any of them the service has the content and nothing is sent. Repr shows no URL: they are signed.
    """

    put_url: str | None = field(default=None, repr=False)
    put_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    part_size: int = 0
    part_urls: tuple[str, ...] = field(default=(), repr=False)
    complete_url: str = field(default="", repr=False)
    complete_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    cloud: str = "volcengine"

    @property
    def limits(self) -> StoreLimits:
        """Bounds that leave the planner one choice: that of the service."""
        parts = bool(self.part_urls)
        return StoreLimits(
            min_part=self.part_size if parts else MAX_SINGLE,
            max_part=self.part_size if parts else MAX_SINGLE,
            max_parts=len(self.part_urls) if parts else 1,
            max_single_put=0 if parts else MAX_SINGLE,
            part_digest="crc64",
            object_digest="crc64",
            can_list_parts=False,
        )

    def put_object(self, body: Body) -> Call[ObjectReceipt]:
        """Store the whole object with one request, or none if the service has it already."""
        if self.part_urls:
            raise InvalidInput("the service wants this object in parts")
        if self.put_url is None:
            return without_request(self.cloud, "QuickComplete", ObjectReceipt(tag="0", digest=None))

        return self._call("VpcPutObject", "PUT", self.put_url, self.put_headers, _whole, body)

    def create_upload(self) -> Call[str]:
        """Nothing: the service has opened the upload."""
        return without_request(self.cloud, "VpcInitUpload", "presigned")

    def put_part(self, upload_id: str, part: PartSpec, body: Body) -> Call[PartReceipt]:
        """Store one part; the same URL again replaces it."""
        if not 0 <= part.index < len(self.part_urls) or body.length != part.length or part.length > self.part_size:
            raise InvalidInput(f"part {part.index + 1} does not fit the {len(self.part_urls)} parts the service chose")

        def read(response: Response) -> PartReceipt:
            tag, digest = entity_tag(response.header("etag")), crc64_sum(response.header(_CRC64_HEADER))
            return PartReceipt(index=part.index, length=part.length, tag=tag, digest=digest)

        return self._call("VpcUploadPart", "PUT", self.part_urls[part.index], {}, read, body)

    def list_parts(self, upload_id: str, marker: str | None) -> Call[PartPage]:
        """Nothing: no URL was given for it."""
        return without_request(self.cloud, "VpcListParts", PartPage(parts=(), marker=None))

    def complete_upload(self, upload_id: str, parts: Sequence[PartReceipt]) -> Call[ObjectReceipt]:
        """Join the parts, which must be all that the service chose."""
        ordered = sorted(parts, key=lambda part: part.index)
        if [part.index for part in ordered] != list(range(len(self.part_urls))):
            raise InvalidInput("the parts to join are not all of 1..n, each once")

        document = complete_body([part.tag for part in ordered])
        return self._call("VpcCompleteUpload", "POST", self.complete_url, self.complete_headers, _whole, document)

    def abort_upload(self, upload_id: str) -> Call[None]:
        """Nothing: no URL was given for it."""
        return without_request(self.cloud, "VpcAbortUpload", None)

    def list_uploads(self) -> Call[tuple[str, ...]]:
        """Nothing: no URL was given for it."""
        return without_request(self.cloud, "VpcListUploads", ())

    def head_object(self) -> Call[ObjectReceipt | None]:
        """Nothing: no URL was given for it."""
        return without_request(self.cloud, "VpcHeadObject", None)

    def delete_object(self) -> Call[None]:
        """Nothing: no URL was given for it."""
        return without_request(self.cloud, "VpcDeleteObject", None)

    def _call(
        self,
        operation: str,
        method: str,
        url: str,
        given: Mapping[str, str],
        read: Callable[[Response], T],
        body: bytes | Body,
    ) -> Call[T]:
        fixed = isinstance(body, bytes)
        length = len(body) if isinstance(body, bytes) else body.length

        def build(_: Credentials, _now: float) -> Request:
            return Request(
                operation=operation,
                method=method,
                url=url,
                headers=build_headers([*given.items(), ("content-length", str(length))]),
                body=body,
                digest=None if fixed else "crc64",
                timeout=COMPLETE_TIMEOUT if fixed else None,
            )

        def parse(response: Response) -> T:
            if response.status != 200:
                raise faults.tos_fault(response, cloud=self.cloud, operation=operation)
            try:
                return read(response)
            except Unusable as problem:
                raise faults.tos_useless(str(problem), response, cloud=self.cloud, operation=operation) from None

        return Call(cloud=self.cloud, operation=operation, build=build, parse=parse)


def _whole(response: Response) -> ObjectReceipt:
    return ObjectReceipt(tag="0", digest=crc64_sum(response.header(_CRC64_HEADER)))


if TYPE_CHECKING:
    _is_store: type[ObjectStore] = PresignedStore
