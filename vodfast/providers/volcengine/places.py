"""Where an apply reply says the bytes may go.

Decides the choice of section 4.3 of the protocol notes (presigned URLs, else candidates in order, else the one
address), what of a reply is refused as unusable, and how `Auth` and SessionKeys are kept apart by route. Leaves the
stores to `stores/tos`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from vodfast.credentials import Credentials
from vodfast.errors import InvalidInput
from vodfast.providers.volcengine import wire
from vodfast.stores.tos import signing
from vodfast.stores.tos.address import Route, may_be_carried, usable_host
from vodfast.stores.tos.dialect import GatewayStore
from vodfast.stores.tos.presigned import PresignedStore, usable_url
from vodfast.transfer.message import build_headers
from vodfast.transfer.ports import AnyStore

_MOST_ROUTES: Final = 64
_MOST_PART: Final = 1 << 40


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """The stores of one reply, best first, with what opens them. `keys` are the SessionKeys by route."""

    stores: tuple[AnyStore, ...]
    keys: tuple[str, ...]
    credentials: Credentials
    renewable: bool


class Unusable(Exception):
    """The reply grants nothing that can be used; the text says what is wrong."""


def places_of(data: wire.ApplyData, size: int | None, storage_class: int, cloud: str) -> Places:
    """The places of a reply.

    Raises:
        Unusable: there is none, or what it says could bend a request.
    """
    vpc = data.vpc_tos_upload_address
    if vpc is not None and (vpc.upload_mode or _is_quick(vpc)):
        key = data.upload_address.session_key if data.upload_address is not None else None
        if not key:
            raise Unusable("presigned URLs without a SessionKey")
        store = _presigned(vpc, size, cloud)
        return Places(stores=(store,), keys=(key,), credentials=signing.grants(()), renewable=False)
    routes: dict[str, list[Route]] = {}
    auths: list[str] = []
    keys: list[str] = []
    for address in _addresses(data):
        for uri, auth, host in _offers(address):
            headers = _headers(address.upload_header or ())
            routes.setdefault(uri, []).append(Route(host=host, grant=len(auths), headers=headers))
            auths.append(auth)
            keys.append(address.session_key or "")
    try:
        stores = tuple(
            GatewayStore(uri=uri, routes=tuple(hosts), storage_class=storage_class, cloud=cloud)
            for uri, hosts in routes.items()
        )
    except ValueError:
        raise Unusable("a StoreUri that cannot be addressed") from None
    if not stores:
        raise Unusable("no upload address with a host, a StoreUri and a SessionKey")
    return Places(stores=stores, keys=tuple(keys), credentials=signing.grants(auths), renewable=True)


def renewed(stores: Iterable[AnyStore], old: Credentials, data: wire.ApplyData) -> Credentials:
    """Fresh `Auth` texts for the routes of these stores; a route the new reply does not name keeps its old one.

    Raises:
        Unusable: the reply names none of the StoreUris, so the upload cannot go on.
    """
    by_route: dict[tuple[str, str], str] = {}
    by_uri: dict[str, str] = {}
    for address in _addresses(data):
        for uri, auth, host in _offers(address):
            by_route.setdefault((uri, host), auth)
            by_uri.setdefault(uri, auth)
    auths, found = list(signing.all_auths(old)), False
    for store in stores:
        assert isinstance(store, GatewayStore)
        for route in store.routes:
            fresh = by_route.get((store.uri, route.host)) or by_uri.get(store.uri)
            if fresh is not None:
                auths[route.grant], found = fresh, True
    if not found:
        raise Unusable("another place for the object")
    return signing.grants(auths)


def _addresses(data: wire.ApplyData) -> list[wire.Address]:
    """The candidates in order, or else the one address; unusable ones are left out."""
    candidates = data.candidate_upload_addresses or wire.Candidates()
    offered = [
        address
        for group in (
            candidates.main_upload_addresses,
            candidates.backup_upload_addresses,
            candidates.fallback_upload_addresses,
        )
        for address in group or ()
        if _offers(address)
    ]
    if not offered and data.upload_address is not None:
        offered = [data.upload_address]
    return offered[:_MOST_ROUTES]


def _offers(address: wire.Address) -> list[tuple[str, str, str]]:
    """(StoreUri, Auth, host) of one address, for each of its hosts."""
    infos = address.store_infos or ()
    if not infos or not address.session_key:
        return []
    uri, auth = infos[0].store_uri, infos[0].auth
    if not uri or not auth:
        return []
    try:
        build_headers([("authorization", auth)])
    except InvalidInput:
        raise Unusable("an Auth that cannot be sent") from None
    hosts = address.upload_hosts or ()
    if not all(usable_host(host) for host in hosts):
        raise Unusable("an upload host that is none")
    return [(uri, auth, host) for host in hosts[:_MOST_ROUTES]]


def _headers(pairs: Iterable[wire.Pair]) -> tuple[tuple[str, str], ...]:
    named = [(pair.key or "", pair.value or "") for pair in pairs]
    try:
        built = build_headers(named)
    except InvalidInput:
        raise Unusable("an upload header that cannot be sent") from None
    if not all(may_be_carried(name) for name, _ in built):
        raise Unusable("an upload header that would change the request itself")
    return built


def _is_quick(vpc: wire.VpcAddress) -> bool:
    return vpc.quick_complete_mode == "enable"


def _presigned(vpc: wire.VpcAddress, size: int | None, cloud: str) -> PresignedStore:
    if _is_quick(vpc):
        return PresignedStore(cloud=cloud)
    if vpc.upload_mode == "direct":
        url = vpc.put_url or ""
        _check_urls([url])
        return PresignedStore(put_url=url, put_headers=_given(vpc.put_url_headers), cloud=cloud)
    parts = vpc.part_upload_info or wire.PartUploadInfo()
    urls, part_size = tuple(parts.part_put_urls or ()), parts.part_size or 0
    if vpc.upload_mode != "part" or size is None:
        raise Unusable("a way of upload nobody asked for")
    if not 0 < part_size < _MOST_PART or len(urls) != -(-size // part_size):
        raise Unusable("part URLs that do not fit the size")
    _check_urls([*urls, parts.complete_part_url or ""])
    return PresignedStore(
        part_size=part_size,
        part_urls=urls,
        complete_url=parts.complete_part_url or "",
        complete_headers=_given(parts.complete_url_headers),
        cloud=cloud,
    )


def _given(headers: dict[str, str] | None) -> dict[str, str]:
    """Headers that belong to a presigned URL, to be sent exactly."""
    pairs = dict(headers or {})
    try:
        build_headers(pairs.items())
    except InvalidInput:
        raise Unusable("a header that cannot be sent") from None
    if not all(map(may_be_carried, pairs)):
        raise Unusable("a header that would change the request itself")
    return pairs


def _check_urls(urls: list[str]) -> None:
    if not all(usable_url(url) for url in urls):
        raise Unusable("a presigned URL that is none")
