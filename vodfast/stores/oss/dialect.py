"""Alibaba Cloud OSS for one object.

Decides where OSS differs from the multipart dialect it shares (section 5.2 of the protocol notes): header names,
limits, content types, callbacks and notifications. Leaves the verbs to `stores/multipart.py`, signatures to
`signing.py`, and error codes to `faults.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from vodfast.config import GIB, KIB
from vodfast.credentials import Credentials
from vodfast.stores.multipart import COMPLETE_TIMEOUT, Draft, ErrorReader, MultipartStore, Pairs
from vodfast.stores.oss import faults, signing
from vodfast.stores.oss.address import Place, path_of
from vodfast.transfer.message import Body, Response
from vodfast.transfer.ports import Call, ObjectReceipt, ObjectStore, PartReceipt, StoreLimits

OSS_LIMITS: Final = StoreLimits(
    min_part=100 * KIB,
    max_part=5 * GIB,
    max_parts=10000,
    max_single_put=5 * GIB,
    part_digest="crc64",
    object_digest="crc64",
    can_list_parts=True,
)

_MAX_REPLY: Final = 1 << 20
_BEGINNING: Final = frozenset(("PutObject", "InitiateMultipartUpload"))
_FINISHING: Final = frozenset(("PutObject", "CompleteMultipartUpload"))


@dataclass(frozen=True, slots=True)
class OssStore(MultipartStore):
    """One key in one bucket.

    `region` is what a V4 signature names, `signature` is `V4` or `V1`. `content_type` is stored with the object; None
    leaves it to the store. `callback` is the base64 text of a callback the store makes when the object is finished,
    which makes the media; its answer becomes the receipt's `reply`. `notification` is base64 text the store hands on to
    the service that listens to the bucket. Building one raises `ValueError` for a key that cannot be addressed.
    """

    crc64_header: ClassVar[str] = "x-oss-hash-crc64ecma"
    encoding_element: ClassVar[str] = "EncodingType"
    errors: ClassVar[ErrorReader] = faults

    place: Place
    key: str
    region: str
    signature: str = "V4"
    content_type: str | None = None
    callback: str | None = None
    notification: str | None = None
    limits: StoreLimits = OSS_LIMITS
    complete_timeout: float = COMPLETE_TIMEOUT
    cloud: str = "aliyun"
    _path: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_path", path_of(self.key))

    def put_object(self, body: Body) -> Call[ObjectReceipt]:
        """With a callback its effect cannot be taken back; likewise the next."""
        return replace(MultipartStore.put_object(self, body), final=self.callback is not None)

    def complete_upload(self, upload_id: str, parts: Sequence[PartReceipt]) -> Call[ObjectReceipt]:
        return replace(MultipartStore.complete_upload(self, upload_id, parts), final=self.callback is not None)

    def _address(self, key: str) -> str:
        return f"https://{self.place.authority}{self.place.prefix}{self._path if key else '/'}"

    def _own_headers(self, operation: str) -> Pairs:
        given = (
            ("content-type", self.content_type, _BEGINNING),
            ("x-oss-callback", self.callback, _FINISHING),
            ("x-oss-notification", self.notification, _FINISHING),
        )
        return tuple((name, value) for name, value, where in given if value is not None and operation in where)

    def _signed(self, draft: Draft, credentials: Credentials, now: float) -> Sequence[tuple[str, str]]:
        target = (self.place.bucket, draft.key)
        return signing.signed_headers(
            self.signature, credentials, now, self.region, draft.method, target, draft.params, draft.headers
        )

    def _stored(self, response: Response) -> ObjectReceipt:
        """With a callback the body is what the callback's receiver answered."""
        receipt = MultipartStore._stored(self, response)
        if self.callback is None:
            return receipt
        return msgspec.structs.replace(receipt, reply=response.body[:_MAX_REPLY].decode(errors="replace"))

    def _joined(self, response: Response) -> ObjectReceipt:
        """A callback's answer stands in the place of the result document."""
        return MultipartStore._joined(self, response) if self.callback is None else self._stored(response)


if TYPE_CHECKING:
    _is_store: type[ObjectStore] = OssStore
