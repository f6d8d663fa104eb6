"""ApsaraVideo VOD as a `Provider`: settings, and which call answers which verb.

Decides settings and their defaults (section 1 of the protocol notes). Leaves uploads to `session.py`, checks to
`checks.py`, the other verbs to `verbs.py`, calls and signatures to `calls.py`, and the object store to `stores/oss`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from vodfast.credentials import CredentialPlaces, Credentials
from vodfast.errors import ConfigError, InvalidInput
from vodfast.providers.aliyun import checks, media_types, session, verbs
from vodfast.providers.aliyun.calls import VERSION, Api
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
from vodfast.providers.fields import authority, fits
from vodfast.stores.multipart import COMPLETE_TIMEOUT
from vodfast.stores.oss.address import NETWORKS
from vodfast.stores.oss.dialect import OSS_LIMITS
from vodfast.stores.oss.signing import VERSIONS
from vodfast.transfer.ports import Call, ObjectReceipt

LIMITS: Final = ProviderLimits(
    can_renew=True,
    needs_commit=False,
    max_bytes=OSS_LIMITS.max_object,
    kinds=("media", "image", "watermark", "subtitle", "material"),
    packages=(media_types.PACKAGE,),
    callback_key="auth_key",
    pull_batch=20,
    job_batch=10,
    media_batch=1,
    register_batch=10,
)

PLACES: Final = CredentialPlaces(
    env=(
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"),
        ("ALIYUN_ACCESS_KEY_ID", "ALIYUN_ACCESS_KEY_SECRET", None),
    ),
    files=(("~/.alibabacloud/credentials.ini", "default", ("access_key_id", "access_key_secret", "security_token")),),
    profile_files=(("~/.aliyun/config.json", ("access_key_id", "access_key_secret", "sts_token")),),
)

SIGNATURES: Final = ("ACS3", "V1")
_REGION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_STORAGE = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]\.oss-[a-z0-9-]{2,60}\.aliyuncs\.com")
_HOME_REGIONS: Final[Mapping[str, str]] = {"cn-hangzhou": "cn-shanghai"}
"""Regions that another one serves."""


@dataclass(frozen=True, slots=True)
class AliyunVod:
    """ApsaraVideo VOD in one service region.

    `place` is the storage location, such as `outin-xxxx.oss-cn-shanghai.aliyuncs.com`, None for the account's default.
    `endpoint` is a host, with a port if it is not 443, None for the region's own. `signature` is `ACS3` or `V1`,
    `oss_signature` `V4` or `V1`. `network` chooses how the object store is reached: `given` as the service says,
    `public`, `internal`, `vpc`, `dualstack`, `accelerate` or `accelerate-overseas`. `callback_url` is the address
    callbacks arrive at, which their signature covers. `complete_timeout` (seconds) is for joining parts.

    Raises:
        ConfigError: a setting cannot be used; the message names it.
    """

    region: str = "cn-shanghai"
    place: str | None = None
    endpoint: str | None = None
    signature: str = "ACS3"
    oss_signature: str = "V4"
    network: str = "given"
    callback_url: str | None = None
    complete_timeout: float = COMPLETE_TIMEOUT
    _api: Api = field(init=False, repr=False)
    _session: session.Sessions = field(init=False, repr=False)

    def __post_init__(self) -> None:
        place_ok = self.place is None or fits(_STORAGE, self.place)
        for setting, value, ok, wanted in (
            ("region", self.region, fits(_REGION, self.region), "a region such as cn-shanghai"),
            ("place", self.place, place_ok, "a storage location such as outin-xxxx.oss-cn-shanghai.aliyuncs.com"),
            ("signature", self.signature, self.signature in SIGNATURES, f"one of {', '.join(SIGNATURES)}"),
            ("oss_signature", self.oss_signature, self.oss_signature in VERSIONS, f"one of {', '.join(VERSIONS)}"),
            ("network", self.network, self.network in NETWORKS, f"one of {', '.join(NETWORKS)}"),
            ("complete_timeout", self.complete_timeout, self.complete_timeout > 0, "a number of seconds above 0"),
        ):
            if not ok:
                raise ConfigError(f"{setting} {value!r} cannot be used: give {wanted}", cloud=checks.CLOUD)
        host = f"vod.{_HOME_REGIONS.get(self.region, self.region)}.aliyuncs.com"
        api = Api(
            endpoint=host
            if self.endpoint is None
            else authority(checks.CLOUD, self.endpoint, "vod.cn-shanghai.aliyuncs.com"),
            region=self.region,
            signature=self.signature,
        )
        object.__setattr__(self, "_api", api)
        sessions = session.Sessions(
            api=api,
            region=self.region,
            place=self.place,
            network=self.network,
            oss_signature=self.oss_signature,
            complete_timeout=self.complete_timeout,
        )
        object.__setattr__(self, "_session", sessions)

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
        checks.check_members(media, LIMITS)

    def parse_manifest(self, manifest: ManifestSpec) -> Call[tuple[str, ...]] | None:
        """The service has no such call."""
        return None

    def split_package(self, media: MediaSpec, key: str) -> tuple[MediaSpec, Mapping[str, MediaSpec]]:
        """A playlist's members travel in its own session, behind the prefix it is given for them."""
        return media, {}

    def apply(self, media: MediaSpec) -> Call[Ticket]:
        """CreateUploadVideo, CreateUploadImage or CreateUploadAttachedMedia, by kind; see `session.Sessions.apply`."""
        self.check(media)
        return self._session.apply(media)

    def renew(self, ticket: Ticket) -> Call[Ticket]:
        """RefreshUploadVideo: fresh credentials for the same object. Images and attached media must be begun anew."""
        return self._session.renew(ticket)

    def commit(self, ticket: Ticket, receipts: Mapping[str, ObjectReceipt]) -> MediaRecord:
        """Nothing to call: the stored object is the commit (section 0 of the notes), and its id is that of the ticket.

        Raises:
            InvalidInput: an object has no receipt, so it may not be stored.
        """
        if any(entry.name not in receipts for entry in ticket.objects) or ticket.media_id is None:
            raise InvalidInput("there is no media before its objects are stored", cloud=self.name)
        return MediaRecord(
            media_id=ticket.media_id,
            url=ticket.url,
            query_id=ticket.media_id if ticket.renewable else None,  # videos only, for both
            request_id=ticket.request_id,
        )

    def part_concurrency(self, media: MediaSpec) -> int | None:
        """The option `part_concurrency`."""
        return checks.upload_options(media).part_concurrency

    def check_pull(self, item: PullItem) -> None:
        """Refuse what the service would refuse; nothing is sent."""
        checks.check_pull(item)

    def pull(self, items: Sequence[PullItem]) -> Call[tuple[PullTicket, ...]]:
        """Have the service fetch up to 20 URLs; see `verbs.pull`."""
        return verbs.pull(self._api, self.place, items, most=LIMITS.pull_batch)

    def jobs(self, job_ids: Sequence[str]) -> Call[tuple[JobRecord, ...]]:
        """The state of up to 10 pull jobs of the last year, by ids or URLs; see `verbs.jobs`."""
        return verbs.jobs(self._api, job_ids, most=LIMITS.job_batch)

    def cancel_jobs(self, job_ids: Sequence[str]) -> Call[tuple[str, ...]]:
        """Cancel up to 10 pull jobs that are still waiting, by ids or URLs."""
        return verbs.cancel_jobs(self._api, job_ids, most=LIMITS.job_batch)

    def check_register(self, item: RegisterItem) -> None:
        """Refuse what the service would refuse; nothing is sent."""
        checks.check_register(item)

    def register(self, items: Sequence[RegisterItem]) -> Call[tuple[Registered, ...]]:
        """Make media of up to 10 objects of a VOD bucket; see `verbs.register`."""
        return verbs.register(self._api, items, most=LIMITS.register_batch)

    def media(self, media_ids: Sequence[str]) -> Call[tuple[MediaInfo, ...]]:
        """GetVideoInfo: what the service knows of one video."""
        return verbs.media(self._api, media_ids)

    def mezzanine(self, media_id: str) -> Call[MediaInfo]:
        """GetMezzanineInfo: the file as it was uploaded, which tells whether it has arrived."""
        return verbs.mezzanine(self._api, media_id)

    def delete_parts(self, media_id: str) -> Call[None]:
        """DeleteMultipartUpload: drop the parts of a video's unfinished upload."""
        return verbs.delete_parts(self._api, media_id)

    def issue_token(
        self, credentials: Credentials, now: float, lifetime: float, fields: Mapping[str, object]
    ) -> Call[str]:
        """UploadAddress and UploadAuth, undecoded, for the vendor's browser and phone clients; see
        `session.Sessions.token` for the fields."""
        return self._session.token(lifetime, fields, LIMITS)

    def set_callback(self, url: str | None, fields: Mapping[str, object]) -> Call[None]:
        """Where events go; see `verbs.set_callback` for the fields."""
        return verbs.set_callback(self._api, url, fields)

    def verify_callback(self, headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
        """Whether a callback is fresh and was signed with `secret`, the AuthKey, for the setting `callback_url`.

        Raises:
            ConfigError: the client was made without `callback_url`.
        """
        if self.callback_url is None:
            raise ConfigError("give the setting callback_url: the signature of callbacks covers it", cloud=self.name)
        return verbs.verify_callback(self.callback_url, headers, secret, now)

    def invoke(
        self, operation: str, parameters: Mapping[str, object], *, version: str = VERSION
    ) -> Call[dict[str, Any]]:
        """Any operation of the API 2017-03-21 by its name; see `verbs.invoke`. With another `version` it is one of
        another product, which the setting `endpoint` leads to: STS is `sts.aliyuncs.com`, version 2015-04-01.
        """
        return verbs.invoke(self._api, operation, parameters, version)

    def assume_role(self, role_arn: str, session_name: str, *, seconds: int = 3600) -> Call[Credentials]:
        """Keys of a role that live for `seconds` (900 to 43200, and no longer than the role allows), for
        `client.perform`: `Client("aliyun", credentials=...)` takes them.

        Raises:
            InvalidInput: an argument has a form the service refuses.
        """
        return verbs.assume_role(self._api, role_arn, session_name, seconds)

    def clock(self) -> Call[None]:
        """A signed read of a video that cannot exist, for its date and its verdict on the keys."""
        return verbs.clock(self._api)


if TYPE_CHECKING:
    _is_provider: type[Provider] = AliyunVod
