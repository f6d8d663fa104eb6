"""Where an object of Tencent Cloud COS lives: host name and path.

Decides host names by domain family and the percent-encoding of keys (section 3.1 of the protocol notes). Leaves
requests to `dialect.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

DOMAINS: Final[Mapping[str, str]] = {
    "myqcloud": "{bucket}.cos.{region}.myqcloud.com",
    "tencentcos": "{bucket}.cos.{region}.tencentcos.cn",
    "accelerate": "{bucket}.cos.accelerate.myqcloud.com",
    "internal": "{bucket}.cos-internal.{region}.tencentcos.cn",
}
"""Domain families. `accelerate` needs a switch on the bucket; `internal` is reachable inside Tencent Cloud only."""

_OLD_REGIONS: Final[Mapping[str, str]] = {
    "cossh": "ap-shanghai",
    "cosgz": "ap-guangzhou",
    "cosbj": "ap-beijing",
    "costj": "ap-beijing-1",
    "coscd": "ap-chengdu",
    "cossgp": "ap-singapore",
    "coshk": "ap-hongkong",
    "cosca": "na-toronto",
    "cosger": "eu-frankfurt",
}
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def host_of(bucket: str, region: str, domain: str = "myqcloud") -> str:
    """The virtual host of a bucket (its full name, with the account's number).

    Raises:
        ValueError: bucket or region cannot be a label of a host name, or the family is unknown.
    """
    place = _OLD_REGIONS.get(region, region.removeprefix("cos."))
    if domain not in DOMAINS:
        raise ValueError(f"the COS domain must be one of {', '.join(DOMAINS)}")
    if not _LABEL.fullmatch(bucket) or not _LABEL.fullmatch(place):
        raise ValueError("bucket or region cannot be part of a host name")
    return DOMAINS[domain].format(bucket=bucket, region=place)


def path_of(key: str) -> str:
    """The URL path of a key: `/` and the key in percent-encoded UTF-8, safe from dot-segment folding.

    HTTP stacks fold `.` and `..` segments (written plainly or as %2E) after the request was signed, so the slash next
    to such a segment is encoded instead, as the vendor's client does; a last segment, which that client forgets, gets
    the slash before it encoded.

    Raises:
        ValueError: the key is empty, `.` or `..`, or holds control characters or lone surrogates.
    """
    if not key or key in (".", "..") or _UNSENDABLE.search(key):
        raise ValueError("the key is empty, a bare dot segment, or holds characters that cannot be sent")
    path = quote(key, safe="-_.~/").replace("./", ".%2F")
    head, slash, last = path.rpartition("/")
    if slash and last in (".", ".."):
        path = f"{head}%2F{last}"
    return f"/{path}"
