"""Tencent Cloud COS for one object.

Decides where COS differs from the multipart dialect it shares (section 3.3 of the protocol notes): header names,
limits, and how long a signature holds. Leaves the verbs to `stores/multipart.py`, signatures to `signing.py`, and
error codes to `faults.py`.

No Content-Type is sent: the vendor's own VOD upload sends none, and the VOD service knows the type from ApplyUpload.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from vodfast.config import GIB, MIB
from vodfast.credentials import Credentials
from vodfast.stores.cos import faults, signing
from vodfast.stores.cos.address import path_of
from vodfast.stores.multipart import COMPLETE_TIMEOUT, Draft, ErrorReader, MultipartStore, Pairs
from vodfast.transfer.ports import ObjectStore, StoreLimits

COS_LIMITS: Final = StoreLimits(
    min_part=MIB,
    max_part=5 * GIB,
    max_parts=10000,
    max_single_put=5 * GIB,
    part_digest="crc64",
    object_digest="crc64",
    can_list_parts=True,
)

_BACKDATED: Final = 60
_VALID: Final = 3600
"""Seconds a signature is valid around now. A streamed body may take longer: COS checks when the request arrives."""


@dataclass(frozen=True, slots=True)
class CosStore(MultipartStore):
    """One key in one bucket, reached by the bucket's virtual host.

    Building one raises `ValueError` for a key that cannot be addressed.
    """

    crc64_header: ClassVar[str] = "x-cos-hash-crc64ecma"
    encoding_element: ClassVar[str] = "Encoding-Type"
    errors: ClassVar[ErrorReader] = faults

    host: str
    key: str
    limits: StoreLimits = COS_LIMITS
    complete_timeout: float = COMPLETE_TIMEOUT
    cloud: str = "tencent"
    _path: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_path", path_of(self.key))

    def _address(self, key: str) -> str:
        return f"https://{self.host}{self._path if key else '/'}"

    def _own_headers(self, operation: str) -> Pairs:
        return ()

    def _signed(self, draft: Draft, credentials: Credentials, now: float) -> Pairs:
        headers = draft.headers
        if credentials.token:
            headers = (*headers, ("x-cos-security-token", credentials.token.reveal()))
        pairs = signing.authorization_pairs(
            credentials,
            draft.method,
            f"/{draft.key}",
            draft.params,
            [("host", self.host), *headers],
            (int(now) - _BACKDATED, int(now) + _VALID),
        )
        return (*headers, ("authorization", "&".join(f"{name}={value}" for name, value in pairs)))


if TYPE_CHECKING:
    _is_store: type[ObjectStore] = CosStore
