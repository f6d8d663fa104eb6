"""NetEase VCloud VOD as a `Provider`: its settings and verbs.

Decides settings and which verb is what here. Leaves checks to `checks.py`, how an upload begins to `session.py`, the
other verbs to `verbs.py`, calls and signatures to `calls.py`, and the object stores to `stores/nos` and `stores/oss`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from vodfast.credentials import CredentialPlaces, Credentials
from vodfast.errors import ConfigError, InvalidInput, Unsupported
from vodfast.providers.answers import Reply
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
)
from vodfast.providers.fields import check_operation, check_plain
from vodfast.providers.netease import checks, session, verbs
from vodfast.providers.netease.calls import Api, permanent
from vodfast.providers.netease.faults import CLOUD
from vodfast.stores.nos.checkpoint import Checkpoint
from vodfast.stores.nos.dialect import NOS_LIMITS, look_up
from vodfast.stores.nos.nodes import LOOKUP_HOSTS, NodeBook, read_node
from vodfast.transfer.ports import Call, ObjectReceipt

LIMITS: Final = ProviderLimits(
    can_renew=False,
    needs_commit=False,
    max_bytes=NOS_LIMITS.max_object,
    kinds=("media", "image"),
    callback_key="sign_key",
    media_batch=100,
)
"""No bound of a lookup is documented; 100 names a call is our own."""

PLACES: Final = CredentialPlaces(env=())
"""The vendor's own clients read no variables and no common file (section 3.2)."""

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class NeteaseVod:
    """NetEase VCloud VOD of one account.

    `endpoint` is the API's host: `vcloud.163.com` or the newer `vcloud.yunxinapi.com` for China,
    `vcloud-sea.yunxinapi.com` for Singapore. `node` is one upload node to use in place of those looked up, such as
    `wanproxy-web.127.net`; `lookup` is one host to ask for nodes in place of the vendor's four. `https=False` makes
    plain http addresses, which the transport lets through to an emulator only. Use one provider for many uploads: it
    remembers the upload nodes.

    Raises:
        ConfigError: a setting cannot be used; the message names it.
    """

    endpoint: str = "vcloud.163.com"
    node: str | None = None
    lookup: str | None = None
    https: bool = True
    _api: Api = field(init=False, repr=False)
    _book: NodeBook = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.https, bool):
            raise ConfigError("https must be True or False", cloud=CLOUD)
        endpoint = _host("endpoint", self.endpoint, "vcloud.163.com")
        lookup = LOOKUP_HOSTS if self.lookup is None else (_host("lookup", self.lookup, LOOKUP_HOSTS[0]),)
        fixed = None
        if self.node is not None:
            fixed = read_node(self.node, https=self.https) if isinstance(self.node, str) else None
            if fixed is None:
                raise ConfigError(
                    "node must be an IP or a host of the vendor, such as wanproxy-web.127.net", cloud=CLOUD
                )
        object.__setattr__(self, "_api", Api(endpoint=endpoint, https=self.https))
        object.__setattr__(self, "_book", NodeBook(https=self.https, fixed=fixed, lookup=lookup))

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
        """Ask for a session: bucket, object name and upload token; or, of one that a filled checkpoint is of, whether
        it was finished meanwhile.

        Repeating it is harmless: each answer is an object of its own, and one that is never finished leaves nothing.
        """
        self.check(media)
        options = checks.upload_options(media)
        if options.checkpoint is not None and options.checkpoint.open:
            return session.reopen(self._api, self._book, options.checkpoint, options.content_type)
        return session.open_session(self._api, self._book, checks.init_body(media), media.size, options)

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

        def read(reply: Reply) -> dict[str, Any]:
            found = reply.plain()
            return found if isinstance(found, dict) else {"ret": found}

        return self._api.call(operation, parameters, read, repeatable=reads, reads=reads)

    def nodes(self, bucket: str = "") -> Call[tuple[str, ...]]:
        """The addresses to upload to, best first."""
        return look_up(self._book, bucket, cloud=CLOUD)

    def stored_bytes(self, checkpoint: Checkpoint) -> Call[int | None]:
        """How far an unfinished upload is, None if the store does not know it any more."""
        return session.stored_bytes(self._book, checkpoint)

    def clock(self) -> Call[None]:
        """A signed lookup, for its date and its verdict on the keys."""
        return verbs.clock(self._api)


if TYPE_CHECKING:
    _is_provider: type[Provider] = NeteaseVod


def _host(setting: str, value: object, example: str) -> str:
    host = value.lower() if isinstance(value, str) else ""
    if not _HOST.fullmatch(host) or ".." in host:
        raise ConfigError(f"{setting} must be a host name such as {example}, without scheme or path", cloud=CLOUD)
    return host
