"""What a video-on-demand service offers, whichever cloud it is.

Decides the common media fields, the ticket between apply and commit, and the verbs. Leaves the wire to each
`providers/<cloud>/`. Nothing here does I/O: every verb returns a `Call` for the engine to perform.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from vodfast.credentials import CredentialPlaces, Credentials
from vodfast.transfer.ports import AnyStore, Call, ObjectReceipt


class ProviderOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Typed options that exist on one cloud only; each provider has a subclass named `UploadOptions`."""


class PullOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The same for `pull`."""


class RegisterOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The same for `register`."""


class MemberSpec(msgspec.Struct, frozen=True):
    """One file a manifest needs besides itself: `path` is relative to the manifest's directory, with `/` and without
    `..`; `size` is bytes.
    """

    path: str
    size: int


class ManifestSpec(msgspec.Struct, frozen=True):
    """One manifest of a package, the top one or a playlist it names: `kind` is `m3u8` or `mpd`, `path` as in
    `MemberSpec` (the top one's is its file name), `text` the whole file, decoded and without a byte-order mark.
    """

    kind: str
    path: str
    text: str


class MediaSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One media item to upload, in words that mean the same on every cloud.

    `name` is the source's file name (a stream has the one the caller gave) and `size` its bytes, None while unknown.
    A field the cloud has no place for is refused by `Provider.check`, never dropped.
    """

    name: str
    size: int | None
    kind: str = "media"
    title: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    category: str | None = None
    context: str | None = None
    """Text the cloud hands back in its callbacks."""
    storage_class: str | None = None
    cover_name: str | None = None
    """File name of a cover that goes with it."""
    cover_size: int | None = None
    members: tuple[MemberSpec, ...] = ()
    """Files that go with a manifest, playlists it names included, each once; empty if the media is no package."""
    options: ProviderOptions | None = None


class ProviderLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Abilities and bounds of one service. Sizes in bytes."""

    can_renew: bool
    needs_commit: bool
    """False: the store makes the media when the object is finished, and `commit` only asks for it."""
    max_bytes: int
    kinds: tuple[str, ...]
    callback_key: str | None = None
    """The field by which `set_callback` is told the key that signs callbacks."""
    packages: tuple[str, ...] = ()
    """Extensions of the manifests it takes together with all their members: `m3u8`, `mpd`."""
    mixed_pulls: bool = False
    """Whether items of one `pull` call may differ in their options; if not, only neighbours that agree share one."""
    pull_batch: int = 1
    """How many items one `pull` call takes; likewise the next three."""
    job_batch: int = 1
    media_batch: int = 1
    register_batch: int = 1


class TicketObject(msgspec.Struct, frozen=True, kw_only=True):
    """One object the apply call made room for: `role` is `media`, `cover` or `member`, whose `path` is that of its
    `MemberSpec`.

    `fallbacks` are other places for the whole object, best first: each is tried when the place before it cannot be
    made to work, from the first byte. The receipt's `tag` tells `commit` which place it was.
    """

    role: str
    store: AnyStore
    path: str = ""
    fallbacks: tuple[AnyStore, ...] = ()

    @property
    def name(self) -> str:
        """What tells the objects of a ticket apart: the role, of a member with its path."""
        return f"{self.role}:{self.path}" if self.path else self.role


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed apply reply. `session` is the service's opaque upload context: it grants upload rights, so it is never
    printed. `credentials` are for the stores; `expires_at` is Unix seconds.
    """

    session: str
    objects: tuple[TicketObject, ...]
    credentials: Credentials
    expires_at: float | None
    media_id: str | None = None
    url: str | None = None
    request_id: str | None = None
    renewable: bool = True
    """Whether `Provider.renew` works for this very ticket, where `limits.can_renew`; if not, upload anew."""

    def __repr__(self) -> str:
        return f"Ticket(objects={len(self.objects)}, media_id={self.media_id!r}, expires_at={self.expires_at!r})"


class MediaRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the service says of a finished media item. `query_id` is what `media` takes to look it up, None where the
    service cannot be asked about it.
    """

    media_id: str
    url: str | None
    cover_url: str | None = None
    query_id: str | None = None
    request_id: str | None = None
    raw: Mapping[str, object] = {}
    """The cloud's whole answer for that item, where it says more than the fields above."""


class PullItem(msgspec.Struct, frozen=True, kw_only=True):
    """One URL for the service to fetch by itself."""

    url: str
    title: str | None = None
    cover_url: str | None = None
    category: str | None = None
    context: str | None = None
    media_type: str | None = None
    options: PullOptions | None = None


class PullTicket(msgspec.Struct, frozen=True, kw_only=True):
    """The service accepted a pull: accepted is not finished, ask `jobs` with `job_id`."""

    job_id: str
    url: str
    request_id: str | None = None
    raw: Mapping[str, object] = {}
    """The cloud's whole answer for that item, where it says more than the fields above."""


class RegisterItem(msgspec.Struct, frozen=True, kw_only=True):
    """One object that already lies in the service's storage, to be made a media item."""

    url: str
    title: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    category: str | None = None
    cover_url: str | None = None
    options: RegisterOptions | None = None


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one `RegisterItem`. `media_id` is None if the service could not register it, `new` False if it
    had been registered before.
    """

    url: str
    media_id: str | None
    new: bool = False
    request_id: str | None = None


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """State of an asynchronous job.

    `state` is one of `waiting`, `running`, `done`, `failed`, `unknown`; `vendor_state` is the cloud's own word.
    `progress` is 0..100 where the cloud says. `raw` is the cloud's whole answer for that job.
    """

    job_id: str
    state: str
    vendor_state: str
    media_id: str | None = None
    url: str | None = None
    progress: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    request_id: str | None = None
    raw: Mapping[str, object] = {}


class MediaInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One media item as the service describes it. `found` is False for ids the service does not know.

    `state` has the words of `JobRecord`: `done` once the service has nothing left to do with it, `failed` if it could
    not be processed or is blocked, `unknown` if the service says nothing; `vendor_state` is the cloud's own word.
    `size` is bytes, `duration` seconds. `raw` is the cloud's whole answer for that item.
    """

    media_id: str
    found: bool
    name: str | None = None
    url: str | None = None
    cover_url: str | None = None
    size: int | None = None
    duration: float | None = None
    state: str = "unknown"
    vendor_state: str = ""
    created: str | None = None
    raw: Mapping[str, object] = {}


class Provider(Protocol):
    """One video-on-demand service, configured (region, endpoint, place) but without credentials and without I/O.

    Verbs a cloud does not have raise `Unsupported`, naming the cloud and the nearest alternative.
    """

    @property
    def name(self) -> str: ...
    @property
    def limits(self) -> ProviderLimits: ...
    @property
    def credential_places(self) -> CredentialPlaces: ...

    def check(self, media: MediaSpec) -> None:
        """Refuse what the service would refuse (or silently mangle), before anything is sent.

        Raises:
            InvalidInput: a field is out of range or of the wrong form; the message names it.
            Unsupported: this cloud has no place for a given field or kind.
        """

    def parse_manifest(self, manifest: ManifestSpec) -> Call[tuple[str, ...]] | None:
        """What the service's own parser finds in a manifest: its entries as they stand there, so relative to that
        manifest's own directory and not yet proven harmless. None where the service has no such call.
        """

    def split_package(self, media: MediaSpec, key: str) -> tuple[MediaSpec, Mapping[str, MediaSpec]]:
        """How a package travels: the spec of the manifest's own session, and by path the specs of those members that
        need a session each, to be committed before it. The members that stay in the manifest's spec travel in its
        session: the ticket has an object for each. `key` is 32 hex digits that are the same whenever this very upload
        is tried again, for a cloud where the caller has to choose a directory.
        """

    def apply(self, media: MediaSpec) -> Call[Ticket]: ...
    def renew(self, ticket: Ticket) -> Call[Ticket]:
        """Fresh credentials for the same session, where `limits.can_renew`; the objects stay where they are."""

    def commit(self, ticket: Ticket, receipts: Mapping[str, ObjectReceipt]) -> Call[MediaRecord] | MediaRecord:
        """`receipts` by `TicketObject.name`. A record instead of a call: the store's last answer already said what the
        media is.
        """

    def part_concurrency(self, media: MediaSpec) -> int | None:
        """How many parts of one object may be in flight, None to leave it to the engine."""

    def check_pull(self, item: PullItem) -> None: ...
    def pull(self, items: Sequence[PullItem]) -> Call[tuple[PullTicket, ...]]: ...
    def jobs(self, job_ids: Sequence[str]) -> Call[tuple[JobRecord, ...]]: ...
    def cancel_jobs(self, job_ids: Sequence[str]) -> Call[tuple[str, ...]]:
        """Cancel pull jobs that have not begun; the answer is the ids of those that are cancelled."""

    def check_register(self, item: RegisterItem) -> None: ...
    def register(self, items: Sequence[RegisterItem]) -> Call[tuple[Registered, ...]]: ...
    def media(self, media_ids: Sequence[str]) -> Call[tuple[MediaInfo, ...]]: ...
    def issue_token(
        self, credentials: Credentials, now: float, lifetime: float, fields: Mapping[str, object]
    ) -> str | Call[str]:
        """An upload token for a browser or phone, `lifetime` in seconds: made locally where the cloud allows it,
        otherwise a call to be made with the same credentials.
        """

    def set_callback(self, url: str | None, fields: Mapping[str, object]) -> Call[None]: ...
    def verify_callback(self, headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool: ...
    def invoke(self, operation: str, parameters: Mapping[str, object]) -> Call[dict[str, Any]]:
        """One operation of the service's own API by its name, for what no verb covers. The parameters go out as they
        are, unchecked; the answer is the service's own, out of its envelope. Reading operations are repeated when that
        can help, others only when they certainly had no effect.

        Raises:
            InvalidInput: no name of an operation, or parameters that cannot be sent.
        """

    def clock(self) -> Call[None]:
        """A cheap signed read whose answer carries the service's date; `doctor` uses it."""
