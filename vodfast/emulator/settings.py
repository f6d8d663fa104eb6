"""What can be set on a running emulator, with its defaults.

Decides names, ranges and defaults of settings. Leaves acting on them to whoever reads them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from vodfast.emulator.accounts import Caller
from vodfast.errors import InvalidInput

_STORAGE_REGIONS = ("ap-chongqing", "ap-beijing", "ap-shanghai", "ap-guangzhou", "ap-hongkong", "ap-singapore")
_NETEASE_NODES = ("nosup-hz1.127.net", "nosup-hz2.127.net")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting. Sizes in bytes, times in seconds."""

    clock_offset: Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)] = 0.0
    """How far the server's clock is ahead of the machine's: at most 31 years, either way."""
    latency: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Between the end of every request and its answer, as with a service that is far away."""
    token_lifetime: Annotated[float, msgspec.Meta(gt=0, le=1e9)] = 3600.0
    """Of upload certificates issued from now on."""
    etag: Literal["md5", "opaque"] = "md5"
    """`opaque` answers random ETags like a bucket with managed keys, and saves the MD5."""
    retain: bool = True
    """Keep the bytes. Without, only sizes and CRC-64 are known, and objects have no SHA-256."""
    complete_padding: Annotated[int, msgspec.Meta(ge=0, le=65536)] = 8
    """Spaces sent ahead of the result of completing a multipart upload."""
    complete_padding_place: Literal["after-declaration", "leading"] = "after-declaration"
    """Whether they come after the XML declaration, as strict parsers need it, or before everything."""
    callers: tuple[Caller, ...] = ()
    """Temporary credentials that callers may use besides the permanent keys."""
    sub_apps: tuple[int, ...] = (101, 1500000101, 1500000102)
    """Sub-applications of the Tencent account."""
    storage_paths: bool = True
    """Whether the Tencent account's applications are of the mode in which uploads may choose their path."""
    storage_regions: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = _STORAGE_REGIONS
    """Activated storage regions of the Tencent account, the default one first."""
    accelerate: bool = False
    """Whether buckets answer on the global acceleration domain."""
    netease_freshness: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """How many seconds `CurTime` of a NetEase call may be off. None takes any, as the vendor's own client needs."""
    netease_nonce_once: bool = False
    """Whether NetEase refuses a nonce that comes twice. The vendor's own client repeats one for its whole life."""
    netease_strict: bool = False
    """Whether NetEase refuses numbers sent as text and bodies not declared as JSON."""
    netease_callback: Literal["relayed", "silent", "failing"] = "relayed"
    """What the last chunk's answer says of the media: its id, nothing, or status 520 with no media made."""
    netease_nodes: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = _NETEASE_NODES
    """Upload nodes the NetEase lookup names, best first: vendor host names or addresses, with a scheme or without. A
    client that looked up by a loopback address is sent back there, as many times as there are nodes."""
    netease_takes: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """At most how many bytes of a chunk a NetEase node keeps; the answer's offset then says less than was sent. None
    keeps all."""
    netease_late: Annotated[int, msgspec.Meta(ge=0)] = 0
    """How many lookups of a NetEase media still do not find it after its object was finished."""
    netease_storage: Literal["nos", "oss"] = "nos"
    """Where NetEase has new uploads put: its own store, or Aliyun OSS as for overseas accounts."""

    volcengine_spaces: tuple[str, ...] = ()
    """Spaces of the Volcengine account; without any, every name is one."""
    volcengine_candidates: Literal["none", "separate", "shared"] = "separate"
    """Whether ApplyUploadInfo names a main, a backup and a fallback address: each with its own StoreUri, or all with
    the same."""
    volcengine_vpc: Literal["off", "direct", "part", "quick"] = "direct"
    """What an upload that asks for `vpc-inner` gets."""
    volcengine_vpc_part_size: Annotated[int, msgspec.Meta(ge=1)] = 20 << 20
    volcengine_vpc_etag: Literal["quoted", "bare"] = "quoted"
    """How a presigned URL's answer says an ETag. The vendor's own client makes invalid JSON of a bare one."""
    volcengine_merge_numbering: Literal["any", "zero", "one"] = "any"
    """From which number the keys of a merge body may count."""
    volcengine_callback_url: str = ""
    """Where FileUploadComplete events go, a loopback http address; empty for nowhere."""
    volcengine_upload_header: bool = False
    """Whether ApplyUploadInfo names an UploadHeader, which the gateway then insists on."""

    def changed(self, values: dict[str, Any]) -> Settings:
        """These settings with some replaced by plain data.

        Raises:
            InvalidInput: no such setting, or a value out of range.
        """
        now = {name: getattr(self, name) for name in self.__struct_fields__}
        unknown = sorted(values.keys() - now.keys())
        if unknown:
            raise InvalidInput(f"the emulator has no setting {unknown[0]!r}: known are {', '.join(now)}")
        try:
            return msgspec.convert(msgspec.to_builtins(now | values), Settings)
        except (msgspec.ValidationError, TypeError) as error:
            raise InvalidInput(f"the emulator's setting is not understood: {error}") from None

    def describe(self) -> dict[str, Any]:
        """As plain data; of callers only the access keys."""
        shown: dict[str, Any] = msgspec.to_builtins(self)
        return shown | {"callers": [caller.access_key for caller in self.callers]}
