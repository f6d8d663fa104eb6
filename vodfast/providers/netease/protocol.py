"""NetEase VCloud VOD as a `Provider`: settings, apply and what stands for a commit.

Decides what an upload session is here (sections 4.1, 5.2 and 5.5 of the protocol notes). Leaves checks to
`checks.py`, the other verbs to `verbs.py`, calls and signatures to `calls.py`, and the object stores to `stores/nos`
and `stores/oss`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from vodfast.credentials import CredentialPlaces, Credentials, Secret
from vodfast.errors import ConfigError, InvalidInput, Unsupported
from vodfast.providers.contract import (
    JobRecord,
    ManifestSpec,
    MediaInfo,
    MediaRecord,
    MediaSpec,
    Provider,
    ProviderLimits,
    PullItem,
    PullTicket,
    Registered,
    RegisterItem,
    Ticket,
    TicketObject,
)
from vodfast.providers.fields import check_operation, check_plain
from vodfast.providers.netease import checks, verbs, wire
from vodfast.providers.netease.calls import Api, Reply, open_envelope, permanent
from vodfast.providers.netease.faults import CLOUD
from vodfast.stores.nos.dialect import NOS_LIMITS, NosStore
from vodfast.stores.nos.nodes import NodeBook, read_node
from vodfast.stores.oss.address import path_of, place_of
from vodfast.stores.oss.dialect import OssStore
from vodfast.transfer.message import Request, Response
from vodfast.transfer.ports import Call, ObjectReceipt

LIMITS: Final = ProviderLimits(
    can_renew=False,
    needs_commit=False,
    commit_repeatable=True,
    max_bytes=NOS_LIMITS.max_object,
    kinds=("media", "image"),
    callback_key="sign_key",
    media_batch=100,
)
"""No bound of a lookup is documented; 100 names a call is our own."""

PLACES: Final = CredentialPlaces(env=())
"""The vendor's own clients read no variables and no common file (section 3.2)."""

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,62}")
_SECRET = re.compile(r"[\x21-\x7e]{1,16384}")
_CALLBACK = re.compile(r"[A-Za-z0-9+/]{1,8192}={0,2}")
_TOKEN = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,16382}[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class NeteaseVod:
    """NetEase VCloud VOD of one account.

    `endpoint` is the API's host: `vcloud.163.com` or the newer `vcloud.yunxinapi.com` for China,
    `vcloud-sea.yunxinapi.com` for Singapore. `node` is one upload node to use in place of those looked up, such as
    `wanproxy-web.127.net`. `https=False` makes plain http addresses, which the transport lets through to an emulator
    only. Use one provider for many uploads: it remembers the upload nodes.

    Raises:
        ConfigError: a setting cannot be used; the message names it.
    """

    endpoint: str = "vcloud.163.com"
    node: str | None = None
    https: bool = True
    _api: Api = field(init=False, repr=False)
    _book: NodeBook = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.https, bool):
            raise ConfigError("https must be True or False", cloud=CLOUD)
        endpoint = self.endpoint.lower() if isinstance(self.endpoint, str) else ""
        if not _HOST.fullmatch(endpoint) or ".." in endpoint:
            raise ConfigError(
                "endpoint must be a host name such as vcloud.163.com, without scheme or path", cloud=CLOUD
            )
        fixed = None
        if self.node is not None:
            fixed = read_node(self.node, https=self.https) if isinstance(self.node, str) else None
            if fixed is None:
                raise ConfigError(
                    "node must be an IP or a host of the vendor, such as wanproxy-web.127.net", cloud=CLOUD
                )
        object.__setattr__(self, "_api", Api(endpoint=endpoint, https=self.https))
        object.__setattr__(self, "_book", NodeBook(https=self.https, fixed=fixed))

    @property
    def name(self) -> str:
        return CLOUD

    @property
    def limits(self) -> ProviderLimits:
        return LIMITS

    @property
    def credential_places(self) -> CredentialPlaces:
        return PLACES

    def check(self, media: MediaSpec) -> None:
        """Refuse what the service would refuse; nothing is sent. See `Provider.check`."""
        checks.check_media(media, LIMITS)

    def parse_manifest(self, manifest: ManifestSpec) -> Call[tuple[str, ...]] | None:
        """No such call is used."""
        return None

    def split_package(self, media: MediaSpec, key: str) -> tuple[MediaSpec, Mapping[str, MediaSpec]]:
        """Everything in one session."""
        return media, {}

    def apply(self, media: MediaSpec) -> Call[Ticket]:
        """Ask for a session: bucket, object name and upload token.

        Repeating it is harmless: each answer is an object of its own, and one that is never finished leaves nothing.
        """
        self.check(media)
        call = self._api.call("upload/init", checks.init_body(media), lambda reply: reply)
        exchange = _Init(self, call, checks.upload_options(media).content_type)
        return Call(cloud=call.cloud, operation=call.operation, build=exchange.build, parse=exchange.parse)

    def renew(self, ticket: Ticket) -> Call[Ticket]:
        """Not on this cloud: another upload/init makes another object (section 4.1)."""
        raise Unsupported("netease cannot renew a session: upload again", cloud=CLOUD)

    def commit(self, ticket: Ticket, receipts: Mapping[str, ObjectReceipt]) -> Call[MediaRecord] | MediaRecord:
        """The media that the last chunk made: from the answer the store relayed, or by asking for the object's name.

        Raises:
            InvalidInput: the object has no receipt, so it is not finished.
        """
        if "media" not in receipts:
            raise InvalidInput("there is no media before its object is stored", cloud=CLOUD)
        name, url = ticket.session, ticket.url or ""
        return verbs.relayed_record(receipts["media"].reply, name, url) or verbs.record(self._api, name, url)

    def part_concurrency(self, media: MediaSpec) -> int | None:
        """One chunk at a time; the store says so itself."""
        return None

    def check_pull(self, item: PullItem) -> None:
        raise Unsupported("netease fetches no URLs: download the file and upload it", cloud=CLOUD)

    def pull(self, items: Sequence[PullItem]) -> Call[tuple[PullTicket, ...]]:
        raise Unsupported("netease fetches no URLs: download the file and upload it", cloud=CLOUD)

    def jobs(self, job_ids: Sequence[str]) -> Call[tuple[JobRecord, ...]]:
        raise Unsupported("netease has no pull jobs; look media up by object name with media()", cloud=CLOUD)

    def cancel_jobs(self, job_ids: Sequence[str]) -> Call[tuple[str, ...]]:
        raise Unsupported("netease has no pull jobs; there is nothing to cancel", cloud=CLOUD)

    def check_register(self, item: RegisterItem) -> None:
        raise Unsupported("netease registers no stored objects: upload the file", cloud=CLOUD)

    def register(self, items: Sequence[RegisterItem]) -> Call[tuple[Registered, ...]]:
        raise Unsupported("netease registers no stored objects: upload the file", cloud=CLOUD)

    def media(self, media_ids: Sequence[str]) -> Call[tuple[MediaInfo, ...]]:
        """What the service made of up to 100 objects, by object name (the last part of an upload's `url`)."""
        return verbs.query(self._api, checks.check_object_names(media_ids, LIMITS.media_batch))

    def issue_token(
        self, credentials: Credentials, now: float, lifetime: float, fields: Mapping[str, object]
    ) -> Call[str]:
        """JSON text with what a browser or phone needs for one upload, made by the service; see `verbs.issue_token`
        for the fields."""
        permanent(credentials)
        return verbs.issue_token(self._api, fields, LIMITS)

    def set_callback(self, url: str | None, fields: Mapping[str, object]) -> Call[None]:
        """Where events go; see `verbs.set_callback` for the fields."""
        return verbs.set_callback(self._api, url, fields)

    def verify_callback(self, headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
        """Whether a callback carries the `sign` of its body made with `secret`. It has no date to be judged by."""
        return verbs.verify_callback(headers, body, secret)

    def invoke(self, operation: str, parameters: Mapping[str, object]) -> Call[dict[str, Any]]:
        """Any operation below `/app/vod/`, such as `video/query`; the answer is its `ret`."""
        reads = check_operation(CLOUD, operation)
        check_plain(CLOUD, "parameters", parameters)
        return self._api.call(operation, parameters, lambda reply: reply.fields(), repeatable=reads, reads=reads)

    def clock(self) -> Call[None]:
        """A signed lookup, for its date and its verdict on the keys."""
        return verbs.clock(self._api)


if TYPE_CHECKING:
    _is_provider: type[Provider] = NeteaseVod


class _Init:
    """upload/init, which must remember who asked: whether an object was finished is a question to the API, asked with
    the caller's keys in the middle of the upload."""

    def __init__(self, provider: NeteaseVod, call: Call[Reply], content_type: str | None) -> None:
        self._provider = provider
        self._call = call
        self._content_type = content_type
        self._asked_by: Credentials | None = None

    def build(self, credentials: Credentials, now: float) -> Request:
        self._asked_by = permanent(credentials)
        return self._call.build(credentials, now)

    def parse(self, response: Response) -> Ticket:
        reply = open_envelope(self._call.operation, response)
        answer = reply.read(wire.InitReply)
        if answer.storage_type == "oss":
            return self._in_oss(reply, answer)
        if answer.x_nos_token is None or not _TOKEN.fullmatch(answer.x_nos_token):
            raise reply.useless("no usable xNosToken")
        if not _BUCKET.fullmatch(answer.bucket) or len(answer.object) > 1024:
            raise reply.useless("no usable bucket or object")
        assert self._asked_by is not None
        api = self._provider._api
        name = answer.object
        try:
            store = NosStore(
                self._provider._book,
                answer.bucket,
                name,
                lambda: verbs.confirm(api, name),
                cloud=CLOUD,
                content_type=self._content_type,
            )
        except ValueError:
            raise reply.useless("no usable bucket or object") from None
        return Ticket(
            session=answer.object,
            objects=(TicketObject(role="media", store=store),),
            credentials=msgspec.structs.replace(self._asked_by, token=Secret(answer.x_nos_token)),
            expires_at=None,
            url=f"http://{answer.bucket}.vod.126.net/{answer.bucket}/{name}",
            request_id=reply.request_id,
        )

    def _in_oss(self, reply: Reply, answer: wire.InitReply) -> Ticket:
        """A ticket into Aliyun OSS (section 7): temporary keys, and a callback by which the service learns of it."""
        secrets = (answer.access_key_id, answer.access_key_secret, answer.security_token)
        if not all(text and _SECRET.fullmatch(text) for text in secrets):
            raise reply.useless("no usable keys for OSS")
        if answer.callback is None or not _CALLBACK.fullmatch(answer.callback):
            raise reply.useless("no usable callback for OSS")
        host = (answer.host or "").rpartition("://")[2].removeprefix(f"{answer.bucket}.")
        try:
            place = place_of(host, answer.bucket)
            store = OssStore(
                place,
                answer.object,
                region=place.region or "",
                signature="V1" if place.region is None else "V4",
                content_type=self._content_type,
                callback=answer.callback,
                cloud=CLOUD,
            )
        except ValueError:
            raise reply.useless("no usable host, bucket or object for OSS") from None
        return Ticket(
            session=answer.object,
            objects=(TicketObject(role="media", store=store),),
            credentials=Credentials.of(secrets[0] or "", secrets[1] or "", secrets[2]),
            expires_at=None,
            url=f"https://{place.authority}{place.prefix}{path_of(answer.object)}",
            request_id=reply.request_id,
        )
