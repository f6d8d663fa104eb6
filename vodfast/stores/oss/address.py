"""Where an object of Alibaba Cloud OSS lives: host name, bucket and path.

Decides virtual-hosted or path style, the host names of each network, the region a host belongs to, and the
percent-encoding of keys (sections 1.2, 5.1 and 5.3 of the protocol notes). Leaves requests to `dialect.py`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

NETWORKS: Final[Mapping[str, str]] = {
    "given": "",
    "public": "oss-{region}.aliyuncs.com",
    "internal": "oss-{region}-internal.aliyuncs.com",
    "vpc": "vpc100-oss-{region}.aliyuncs.com",
    "dualstack": "{region}.oss.aliyuncs.com",
    "accelerate": "oss-accelerate.aliyuncs.com",
    "accelerate-overseas": "oss-accelerate-overseas.aliyuncs.com",
}
"""Ways to a bucket. `given` takes the host the service names; `internal` and `vpc` are reachable inside Alibaba Cloud
only; acceleration needs a switch on the bucket."""

MAX_KEY: Final = 1023
"""Bytes of UTF-8."""

_REGIONAL = re.compile(
    r"(?:vpc100-)?oss-(?!accelerate)(?P<region>[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com"
    r"|(?P<dual>[a-z0-9-]+)\.oss\.aliyuncs\.com"
)
_ACCELERATED = re.compile(r"oss-accelerate(?:-overseas)?\.aliyuncs\.com")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket and the way to it. `authority` is the Host header's value; `prefix` stands ahead of the key's path.
    `region` is None if neither the host nor the service says it."""

    authority: str
    bucket: str
    prefix: str
    region: str | None


def place_of(endpoint: str, bucket: str, *, region: str | None = None, network: str = "given") -> Place:
    """The place of a bucket behind an endpoint such as `https://oss-cn-shanghai.aliyuncs.com`.

    A path-style URL is used for an IP address or `localhost`, the bucket's own host name otherwise. The scheme is
    of no account: https is spoken always. `network` changes the host only where it is one of the service's own.

    Raises:
        ValueError: endpoint, bucket or region cannot be used; the text says which.
    """
    host, port = _split(endpoint)
    if not _BUCKET.fullmatch(bucket):
        raise ValueError("the bucket cannot be part of a host name")
    if region is not None:
        region = region.removeprefix("oss-")
        if not _REGION.fullmatch(region):
            raise ValueError("the region cannot be used")
    regional = _REGIONAL.fullmatch(host)
    if regional is not None:
        region = region or regional["region"] or regional["dual"]
    path_style = host == "localhost" or _is_ip(host)
    if network != "given" and (regional is not None or _ACCELERATED.fullmatch(host)):
        if region is None and "{region}" in NETWORKS[network]:
            raise ValueError("the region is not known, so its network cannot be chosen")
        host, port = NETWORKS[network].format(region=region), ""
    shown = f"[{host}]" if ":" in host else host
    if path_style:
        return Place(authority=f"{shown}{port}", bucket=bucket, prefix=f"/{bucket}", region=region)
    return Place(authority=f"{bucket}.{shown}{port}", bucket=bucket, prefix="", region=region)


def _split(endpoint: str) -> tuple[str, str]:
    """Host in lower case, and `:port` or "" for the default one."""
    try:
        parts = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("the endpoint is not an address") from None
    plain = parts.path in ("", "/") and not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in ("http", "https") or not plain or port == 0:
        raise ValueError("the endpoint is not an http or https address without path")
    if not _HOST.fullmatch(host) and not _is_ip(host):
        raise ValueError("the endpoint has no usable host")
    default = {"http": 80, "https": 443}[parts.scheme]
    return host, "" if port in (None, default) else f":{port}"


def _is_ip(host: str) -> bool:
    try:
        return ipaddress.ip_address(host) is not None and "%" not in host
    except ValueError:
        return False


def path_of(key: str) -> str:
    """The URL path of a key: `/` and the key in percent-encoded UTF-8, safe from dot-segment folding.

    HTTP stacks on the way may fold `.` and `..` segments after the request was signed, so a key with such a segment
    has its slashes encoded too, as the vendor's older client does with every key. The signature covers the key itself.

    Raises:
        ValueError: the key is empty, `.` or `..`, longer than 1023 bytes, begins with `/` or a backslash, or holds
            control characters or lone surrogates.
    """
    if not key or key in (".", "..") or _UNSENDABLE.search(key) or key[0] in "/\\":
        raise ValueError("the key is empty, begins with a slash, or holds characters that cannot be sent")
    if len(key.encode()) > MAX_KEY:
        raise ValueError(f"the key is longer than {MAX_KEY} bytes")
    folding = any(segment in (".", "..") for segment in key.split("/"))
    return f"/{quote(key, safe='-_.~' if folding else '-_.~/')}"
