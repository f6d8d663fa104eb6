"""Tencent Cloud VOD as a `Provider`: settings, apply and commit.

Decides what an upload session is here (sections 2.6 and 2.8 of the protocol notes). Leaves checks to `checks.py`, the
other verbs to `verbs.py`, calls and signatures to `calls.py`, and the object store to `stores/cos`.
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
    TicketObject,
)
from vodfast.providers.fields import authority, check_operation, check_plain, fits
from vodfast.providers.kinds import stem
from vodfast.providers.tencent import checks, verbs, wire
from vodfast.providers.tencent.calls import Api, open_envelope
from vodfast.stores.cos.address import DOMAINS, host_of
from vodfast.stores.cos.dialect import COS_LIMITS, CosStore
from vodfast.stores.multipart import COMPLETE_TIMEOUT
from vodfast.transfer.message import Request, Response
from vodfast.transfer.ports import Call, ObjectReceipt

LIMITS: Final = ProviderLimits(
    can_renew=False,
    needs_commit=True,
    max_bytes=COS_LIMITS.max_object,
    kinds=("media",),
    packages=("m3u8", "mpd"),
    callback_key="sign_key",
    media_batch=20,
)

PLACES: Final = CredentialPlaces(
    env=(("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", None),),
    files=(
        ("~/.tencentcloud/credentials", "default", ("secret_id", "secret_key", None)),
        ("/etc/tencentcloud/credentials", "default", ("secret_id", "secret_key", None)),
    ),
)

LANGUAGES: Final = ("en-US", "zh-CN")
_REGION = re.compile(r"[a-z0-9-]{1,64}")
_SENDABLE = re.compile(r"[\x21-\x7e]+")
_LATEST: Final = 1 << 40
"""Unix seconds; an expiry beyond is no date."""


@dataclass(frozen=True, slots=True)
class TencentVod:
    """Tencent Cloud VOD, reached through one access region.

    `region` goes into a header only and is not where media is stored (`UploadOptions.storage_region` is). `place` is
    the sub-application id; accounts that opened VOD after 2023-12-25 must give one. `endpoint` is a host, with a port
    if it is not 443. `cos_domain` chooses among `myqcloud`, `tencentcos`, `accelerate` and `internal`.
    `complete_timeout` (seconds) is for joining parts.

    Raises:
        ConfigError: a setting cannot be used; the message names it.
    """

    region: str = "ap-guangzhou"
    place: str | int | None = None
    endpoint: str = "vod.tencentcloudapi.com"
    language: str = "en-US"
    cos_domain: str = "myqcloud"
    complete_timeout: float = COMPLETE_TIMEOUT
    _api: Api = field(init=False, repr=False)
    _sub_app_id: int | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for setting, value, ok, wanted in (
            ("region", self.region, fits(_REGION, self.region), "a region such as ap-guangzhou"),
            ("language", self.language, self.language in LANGUAGES, f"one of {', '.join(LANGUAGES)}"),
            ("cos_domain", self.cos_domain, self.cos_domain in DOMAINS, f"one of {', '.join(DOMAINS)}"),
            ("complete_timeout", self.complete_timeout, self.complete_timeout > 0, "a number of seconds above 0"),
        ):
            if not ok:
                raise ConfigError(
                    f"{setting} {value!r} cannot be used: give {wanted}", cloud=checks.CLOUD, context={"field": setting}
                )
        object.__setattr__(self, "_sub_app_id", _sub_app_id(self.place))
        api = Api(
            endpoint=authority(checks.CLOUD, self.endpoint, "vod.tencentcloudapi.com"),
            region=self.region,
            language=self.language,
        )
        object.__setattr__(self, "_api", api)

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
        checks.check_media(media, LIMITS)

    def parse_manifest(self, manifest: ManifestSpec) -> Call[tuple[str, ...]] | None:
        """ParseStreamingManifest: a parser of text that knows nothing of uploads (section 2.7 of the notes)."""
        body = wire.ParseStreamingManifestRequest(media_manifest_content=manifest.text, manifest_type=manifest.kind)

        def read(reply: Reply) -> tuple[str, ...]:
            return tuple(reply.read(wire.ParseStreamingManifestResponse).media_segment_set or ())

        return self._api.call("ParseStreamingManifest", body, read, reads=True)

    def split_package(self, media: MediaSpec, key: str) -> tuple[MediaSpec, Mapping[str, MediaSpec]]:
        """Everything in one session: members lie beside the manifest, in the directory of MediaStoragePath."""
        return media, {}

    def apply(self, media: MediaSpec) -> Call[Ticket]:
        """Ask for a session: a bucket, keys and temporary credentials.

        Repeating it is harmless: each answer is a session of its own, and one that is never committed leaves no media.
        """
        self.check(media)
        options = checks.upload_options(media)
        cover_type = checks.cover_type_of(media)
        body = wire.ApplyUploadRequest(
            media_type=checks.media_type_of(media),
            sub_app_id=self._sub_app_id,
            media_name=media.title or stem(media.name),
            cover_type=cover_type,
            procedure=options.procedure,
            expire_time=options.expire_time,
            storage_region=options.storage_region,
            class_id=checks.class_id_of(media.category, options.class_id),
            source_context=options.source_context if media.context is None else media.context,
            session_context=options.session_context,
            ext_info=options.ext_info,
            media_storage_path=options.media_storage_path,
        )
        call = self._api.call("ApplyUpload", body, lambda reply: reply)
        exchange = _Apply(self, call, media)
        return Call(cloud=call.cloud, operation=call.operation, build=exchange.build, parse=exchange.parse)

    def renew(self, ticket: Ticket) -> Call[Ticket]:
        """Not on this cloud: only a new ApplyUpload brings new credentials, for a new path (section 4 of the notes)."""
        raise Unsupported("tencent cannot renew a session: upload again", cloud=self.name)

    def commit(self, ticket: Ticket, receipts: Mapping[str, ObjectReceipt]) -> Call[MediaRecord]:
        """Turn the stored objects into media. `VodSessionKey` is what makes the call safe to repeat.

        The key names one session, one path and so one media; the vendor's own client sends it again after a lost
        answer. There is nothing to ask instead: no call finds media by session. What the service says to a repeat is
        not documented, so a refusal after a lost answer (`NOT_FOUND`, `SESSION_EXPIRED`) proves nothing by itself.

        Raises:
            InvalidInput: an object of the ticket has no receipt, so it may not be stored.
        """
        missing = [part.name for part in ticket.objects if part.name not in receipts]
        if missing:
            raise InvalidInput(f"nothing may be committed before {' and '.join(missing)} is stored", cloud=self.name)

        def read(reply: Reply) -> MediaRecord:
            answer = reply.read(wire.CommitUploadResponse)
            if not answer.file_id:
                raise reply.useless("an empty FileId")
            return MediaRecord(
                media_id=answer.file_id,
                url=answer.media_url or None,
                cover_url=answer.cover_url or None,
                query_id=answer.file_id,
                request_id=reply.request_id,
            )

        body = wire.CommitUploadRequest(vod_session_key=ticket.session, sub_app_id=self._sub_app_id)
        return self._api.call("CommitUpload", body, read, seen=True)

    def part_concurrency(self, media: MediaSpec) -> int | None:
        """The option `part_concurrency`."""
        return checks.upload_options(media).part_concurrency

    def check_pull(self, item: PullItem) -> None:
        """Refuse what the service would refuse; nothing is sent."""
        checks.check_pull(item)

    def pull(self, items: Sequence[PullItem]) -> Call[tuple[PullTicket, ...]]:
        """Have the service fetch one URL; see `verbs.pull`."""
        return verbs.pull(self._api, self._sub_app_id, items)

    def jobs(self, job_ids: Sequence[str]) -> Call[tuple[JobRecord, ...]]:
        """The state of one job of the last three days."""
        return verbs.jobs(self._api, self._sub_app_id, job_ids)

    def cancel_jobs(self, job_ids: Sequence[str]) -> Call[tuple[str, ...]]:
        """Not on this cloud."""
        raise Unsupported("tencent cannot cancel a pull: let it end, then delete its media", cloud=self.name)

    def check_register(self, item: RegisterItem) -> None:
        """Not on this cloud."""
        raise Unsupported("tencent registers no stored objects: pull them by URL", cloud=self.name)

    def register(self, items: Sequence[RegisterItem]) -> Call[tuple[Registered, ...]]:
        """Not on this cloud."""
        raise Unsupported("tencent registers no stored objects: pull them by URL", cloud=self.name)

    def media(self, media_ids: Sequence[str]) -> Call[tuple[MediaInfo, ...]]:
        """What the service knows of up to 20 media."""
        return verbs.media(self._api, self._sub_app_id, media_ids, most=LIMITS.media_batch)

    def issue_token(self, credentials: Credentials, now: float, lifetime: float, fields: Mapping[str, object]) -> str:
        """An upload signature, at most 90 days valid; see `verbs.issue_token` for the fields."""
        return verbs.issue_token(credentials, now, lifetime, fields, self._sub_app_id)

    def set_callback(self, url: str | None, fields: Mapping[str, object]) -> Call[None]:
        """Where events go; see `verbs.set_callback` for the fields."""
        return verbs.set_callback(self._api, self._sub_app_id, url, fields)

    def verify_callback(self, headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
        """Whether a pushed event carries a fresh `Sign` made with `secret`, the sign key."""
        return verbs.verify_callback(headers, body, secret, now)

    def invoke(self, operation: str, parameters: Mapping[str, object]) -> Call[dict[str, Any]]:
        """Any action of the API 2018-07-17 by its name; parameters are plain data, SubAppId among them."""
        reads = check_operation(checks.CLOUD, operation)
        check_plain(checks.CLOUD, "parameters", parameters)
        return self._api.call(operation, parameters, lambda reply: reply.fields(), repeatable=reads, reads=reads)

    def clock(self) -> Call[None]:
        """A signed read of the storage regions, for its date and its verdict on the keys."""
        return verbs.clock(self._api, self._sub_app_id)


if TYPE_CHECKING:
    _is_provider: type[Provider] = TencentVod


class _Apply:
    """ApplyUpload, which must remember who asked: without a certificate in the answer, the store takes the caller's
    own keys, token included."""

    def __init__(self, provider: TencentVod, call: Call[Reply], media: MediaSpec) -> None:
        self._provider = provider
        self._call = call
        self._media = media
        self._asked_by: Credentials | None = None

    def build(self, credentials: Credentials, now: float) -> Request:
        self._asked_by = credentials
        return self._call.build(credentials, now)

    def parse(self, response: Response) -> Ticket:
        reply = open_envelope(self._call.operation, response)
        answer = reply.read(wire.ApplyUploadResponse)
        if not answer.vod_session_key:
            raise reply.useless("an empty VodSessionKey")
        paths = [("media", "", answer.media_storage_path)]
        if self._media.cover_name is not None:
            paths.append(("cover", "", answer.cover_storage_path or ""))
        folder, slash, _ = answer.media_storage_path.rpartition("/")
        taken = {path for _, _, path in paths}
        for member in self._media.members:
            place = f"{folder}{slash}{member.path}"
            if place in taken:
                raise InvalidInput(
                    f"the member {member.path} has the name the service gives the manifest or cover: rename it",
                    cloud=checks.CLOUD,
                )
            paths.append(("member", member.path, place))
        credentials = self._credentials(reply, answer.temp_certificate)
        return Ticket(
            session=answer.vod_session_key,
            objects=tuple(
                TicketObject(role=role, path=path, store=self._store(reply, answer, role, place))
                for role, path, place in paths
            ),
            credentials=credentials,
            expires_at=credentials.expires_at,
            request_id=reply.request_id,
        )

    def _store(self, reply: Reply, answer: wire.ApplyUploadResponse, role: str, path: str) -> CosStore:
        try:
            return CosStore(
                host=host_of(answer.storage_bucket, answer.storage_region, self._provider.cos_domain),
                key=path.removeprefix("/"),
                complete_timeout=self._provider.complete_timeout,
                cloud=checks.CLOUD,
            )
        except ValueError:
            raise reply.useless(f"no usable bucket, region or {role} path") from None

    def _credentials(self, reply: Reply, certificate: wire.TempCertificate | None) -> Credentials:
        if certificate is None:
            if self._asked_by is None:
                raise reply.useless("no TempCertificate")
            return self._asked_by
        texts = (certificate.secret_id, certificate.secret_key, certificate.token)
        if not all(map(_SENDABLE.fullmatch, texts)) or not 0 < certificate.expired_time < _LATEST:
            raise reply.useless("a TempCertificate that cannot be used")
        return Credentials.of(
            certificate.secret_id, certificate.secret_key, certificate.token, float(certificate.expired_time)
        )


def _sub_app_id(place: object) -> int | None:
    """The sub-application id as the API wants it."""
    if place is None:
        return None
    text = "" if isinstance(place, bool) else str(place)
    if re.fullmatch(r"[1-9][0-9]{0,17}", text):
        return int(text)
    raise ConfigError(
        "place must be a sub-application id, a positive whole number", cloud=checks.CLOUD, context={"field": "place"}
    )
