"""Volcengine VOD as a `Provider`: settings, apply, renew and commit.

Decides what an upload session is here (sections 2, 4 and 7 of the protocol notes). Leaves checks to `checks.py`, the
addresses of a reply to `places.py`, the other verbs to `verbs.py`, and calls and signatures to `calls.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from vodfast.credentials import CredentialPlaces, Credentials
from vodfast.errors import ConfigError, ErrorKind, InvalidInput, RetryClass, Unsupported, VodfastError
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
    TicketObject,
)
from vodfast.providers.fields import authority, check_operation, check_plain, check_text
from vodfast.providers.volcengine import checks, packages, verbs, wire
from vodfast.providers.volcengine.calls import Api, Carried
from vodfast.providers.volcengine.places import Unusable, places_of, renewed
from vodfast.stores.tos.dialect import GATEWAY_LIMITS
from vodfast.transfer.ports import Call, ObjectReceipt

LIMITS: Final = ProviderLimits(
    can_renew=True,
    needs_commit=True,
    max_bytes=GATEWAY_LIMITS.max_object,
    kinds=checks.KINDS,
    packages=packages.EXTENSIONS,
    mixed_pulls=True,
    pull_batch=verbs.BATCH,
    job_batch=verbs.BATCH,
)

PLACES: Final = CredentialPlaces(
    env=(("VOLC_ACCESSKEY", "VOLC_SECRETKEY", None),),
    files=(("~/.volc/credentials", "default", ("access_key_id", "secret_access_key", None)),),
    json_files=(("~/.volc/config", ("ak", "sk", None)),),
)

HOME_REGION: Final = "cn-north-1"
_REGION = re.compile(r"[a-z0-9-]{1,63}")


@dataclass(frozen=True, slots=True)
class VolcengineVod:
    """Volcengine VOD in one region and one space.

    `place` is the space's name; only uploads and pulls need it. `endpoint` is a host, with a port if it is not 443;
    without it the region's own. `api_version` is that of apply and commit.

    Raises:
        ConfigError: a setting cannot be used; the message names it.
    """

    region: str = HOME_REGION
    place: str | None = None
    endpoint: str | None = None
    api_version: str = checks.VERSIONS[0]
    _api: Api = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.region, str) or not _REGION.fullmatch(self.region):
            raise ConfigError("region must be a region's name such as cn-north-1", cloud=checks.CLOUD)
        if self.api_version not in checks.VERSIONS:
            raise ConfigError(f"api_version must be one of {', '.join(checks.VERSIONS)}", cloud=checks.CLOUD)
        if self.place is not None:
            try:
                check_text(checks.CLOUD, "place", self.place, limit=256)
            except InvalidInput as error:
                raise ConfigError(error.message, cloud=checks.CLOUD) from None
        infix = "" if self.region == HOME_REGION else f"{self.region}."
        chosen = f"vod.{infix}volcengineapi.com" if self.endpoint is None else self.endpoint
        object.__setattr__(
            self, "_api", Api(endpoint=authority(checks.CLOUD, chosen, "vod.volcengineapi.com"), region=self.region)
        )

    @property
    def name(self) -> str:
        return checks.CLOUD

    @property
    def limits(self) -> ProviderLimits:
        return LIMITS

    @property
    def credential_places(self) -> CredentialPlaces:
        return PLACES

    def check(self, media: MediaSpec) -> None:
        """Refuse what the service would refuse; nothing is sent. See `Provider.check`."""
        self._space()
        checks.check_media(media, LIMITS, self.api_version, self.region)

    def _space(self) -> str:
        if not self.place:
            raise ConfigError(
                "place must name the space to upload into: --to volcengine:SPACE, or place= in Python", cloud=self.name
            )
        return self.place

    def parse_manifest(self, manifest: ManifestSpec) -> Call[tuple[str, ...]] | None:
        """What the service's own parser finds; see `packages.parse_manifest`."""
        return packages.parse_manifest(self._api, self._space(), manifest)

    def split_package(self, media: MediaSpec, key: str) -> tuple[MediaSpec, Mapping[str, MediaSpec]]:
        """A session for each member, and the manifest's own; see `packages.split`."""
        return packages.split(media, key, self.api_version)

    def apply(self, media: MediaSpec) -> Call[Ticket]:
        """Ask for addresses and a session. Repeating it is harmless: what is never committed leaves no media."""
        self.check(media)
        options = checks.upload_options(media)
        modern = self.api_version != checks.OLD
        asked = wire.ApplyUploadInfoRequest(
            space_name=self._space(),
            file_size=media.size,
            file_type=checks.file_type_of(media),
            file_name=options.file_name,
            storage_class=checks.storage_class_of(media.storage_class),
            file_extension=checks.extension_of(media) if modern else None,
            client_net_work_mode=options.network_mode,
            client_id_c_mode=options.idc_mode,
            need_fallback=options.need_fallback if modern else None,
            upload_host_prefer=options.host_prefer,
        )
        commit = wire.CommitUploadInfoRequest(
            space_name=self._space(),
            callback_args=media.context,
            functions=checks.functions_text_of(media),
            get_meta_mode=options.get_meta_mode,
            expire_time=options.expire_time,
            vod_upload_source=options.upload_source,
        )

        def read(reply: Reply) -> Ticket:
            data = reply.read(wire.ApplyResult).data or wire.ApplyData()
            try:
                places = places_of(data, media.size, asked.storage_class or 0, self.name)
            except Unusable as error:
                raise reply.useless(str(error)) from None
            due = None if packages.ends_when_stored(options) else commit
            session = wire.Session(keys=places.keys, apply=asked, commit=due)
            first, *others = places.stores
            return Ticket(
                session=msgspec.json.encode(session).decode(),
                objects=(TicketObject(role="media", store=first, fallbacks=tuple(others)),),
                credentials=places.credentials,
                expires_at=None,
                renewable=places.renewable,
                request_id=reply.request_id,
            )

        return self._api.call("ApplyUploadInfo", self.api_version, asked, read)

    def renew(self, ticket: Ticket) -> Call[Ticket]:
        """Apply again with the SessionKey, for fresh `Auth` texts. The service may move the object: then the upload
        cannot go on, and a new session is needed.
        """
        session = msgspec.json.decode(ticket.session, type=wire.Session)
        asked = msgspec.structs.replace(session.apply, session_key=session.keys[0])
        stores = [store for entry in ticket.objects for store in (entry.store, *entry.fallbacks)]

        def read(reply: Reply) -> Ticket:
            data = reply.read(wire.ApplyResult).data or wire.ApplyData()
            try:
                credentials = renewed(stores, ticket.credentials, data)
            except Unusable as error:
                raise VodfastError(
                    f"the service answered the renewal with {error}; a new session is needed",
                    kind=ErrorKind.SESSION_EXPIRED,
                    retry=RetryClass.RENEW,
                    cloud=self.name,
                    operation=reply.operation,
                    request_id=reply.request_id,
                ) from None
            return msgspec.structs.replace(ticket, credentials=credentials, request_id=reply.request_id)

        return self._api.call("ApplyUploadInfo", self.api_version, asked, read)

    def commit(self, ticket: Ticket, receipts: Mapping[str, ObjectReceipt]) -> Call[MediaRecord] | MediaRecord:
        """Turn the stored object into media, with the SessionKey of the address that took it; a member of a package may
        stay an object, and then nothing is asked.

        The key names one session and one object, which is what makes the call safe to repeat; that the service answers
        a repeat with the same media is an inference (section 7), and no call finds media by session instead.
        `cover_url` of the record is the service's PosterUri: bucket and key, to be joined with a domain of the space.

        Raises:
            InvalidInput: the object has no receipt, so it may not be stored.
        """
        receipt = receipts.get("media")
        if receipt is None:
            raise InvalidInput("nothing may be committed before the media is stored", cloud=self.name)
        session = msgspec.json.decode(ticket.session, type=wire.Session)
        if session.commit is None:
            return MediaRecord(media_id="", url=None, cover_url=None, request_id=ticket.request_id)
        body = msgspec.structs.replace(session.commit, session_key=session.keys[int(receipt.tag)])

        def read(reply: Reply) -> MediaRecord:
            data = reply.read(wire.CommitResult).data or wire.CommitData()
            media_id = data.vid or data.mid
            if not media_id and not packages.is_member(session):
                raise reply.useless("neither a Vid nor a Mid")
            return MediaRecord(
                media_id=media_id or "",
                url=None,
                cover_url=data.poster_uri or None,
                request_id=reply.request_id,
                raw=reply.read(wire.RawCommitResult).data or {},
            )

        return self._api.call("CommitUploadInfo", self.api_version, body, read, seen=True)

    def part_concurrency(self, media: MediaSpec) -> int | None:
        """The option `part_concurrency`."""
        return checks.upload_options(media).part_concurrency

    def check_pull(self, item: PullItem) -> None:
        """Refuse what the service would refuse; nothing is sent."""
        self._space()
        checks.check_pull(item)

    def pull(self, items: Sequence[PullItem]) -> Call[tuple[PullTicket, ...]]:
        """Have the service fetch up to 20 URLs; see `verbs.pull`."""
        return verbs.pull(self._api, self._space(), items)

    def jobs(self, job_ids: Sequence[str]) -> Call[tuple[JobRecord, ...]]:
        """The state of up to 20 pull jobs."""
        return verbs.jobs(self._api, job_ids)

    def cancel_jobs(self, job_ids: Sequence[str]) -> Call[tuple[str, ...]]:
        raise Unsupported("volcengine cannot cancel pull jobs; wait for them with jobs", cloud=self.name)

    def check_register(self, item: RegisterItem) -> None:
        raise Unsupported("volcengine cannot register stored objects; pull them by URL", cloud=self.name)

    def register(self, items: Sequence[RegisterItem]) -> Call[tuple[Registered, ...]]:
        raise Unsupported("volcengine cannot register stored objects; pull them by URL", cloud=self.name)

    def media(self, media_ids: Sequence[str]) -> Call[tuple[MediaInfo, ...]]:
        raise Unsupported(
            "media of volcengine cannot be looked up; the commit of an upload answers what is known", cloud=self.name
        )

    def issue_token(self, credentials: Credentials, now: float, lifetime: float, fields: Mapping[str, object]) -> str:
        """An STS2 upload token, made locally; see `verbs.issue_token` for the fields."""
        return verbs.issue_token(credentials, now, lifetime, fields)

    def set_callback(self, url: str | None, fields: Mapping[str, object]) -> Call[None]:
        raise Unsupported("volcengine has no call for its callback address; set it in the console", cloud=self.name)

    def verify_callback(self, headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
        raise Unsupported(
            "volcengine documents no signature of its callbacks; check what they say with jobs", cloud=self.name
        )

    def invoke(self, operation: str, parameters: Mapping[str, object]) -> Call[dict[str, Any]]:
        """Any action by its name, as a GET; `Version` among the parameters wins over `api_version`. Lists and objects
        travel as JSON text."""
        return self._named(operation, parameters, "query", lambda reply: reply.fields())

    def answer(
        self, operation: str, parameters: Mapping[str, object], carried: Carried = "query"
    ) -> Call[dict[str, Any]]:
        """Any action by its name, as `invoke`, with the whole answer: `ResponseMetadata` and `Result`. `form` or `json`
        makes it a POST with its parameters in the body.
        """
        return self._named(operation, parameters, carried, lambda reply: reply.whole())

    def _named(
        self,
        operation: str,
        parameters: Mapping[str, object],
        carried: Carried,
        read: Callable[[Reply], dict[str, Any]],
    ) -> Call[dict[str, Any]]:
        reads = check_operation(checks.CLOUD, operation)
        check_plain(checks.CLOUD, "parameters", parameters)
        given = {
            name: msgspec.json.encode(value).decode() if isinstance(value, (Mapping, list, tuple)) else value
            for name, value in parameters.items()
            if name != "Version"
        }
        version = str(parameters.get("Version", self.api_version))
        return self._api.call(operation, version, given, read, carried=carried, repeatable=reads, reads=reads)

    def clock(self) -> Call[None]:
        """A signed read of no job, for its date and its verdict on the keys."""
        return verbs.clock(self._api)


if TYPE_CHECKING:
    _is_provider: type[Provider] = VolcengineVod
