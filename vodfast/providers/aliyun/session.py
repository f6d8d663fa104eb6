"""Upload sessions of ApsaraVideo VOD: what is asked, and what an answer becomes.

Decides the parameters of the three CreateUpload operations and of RefreshUploadVideo, and how UploadAddress and
UploadAuth turn into a store and its credentials (sections 4.1 to 4.4 and 4.10 of the protocol notes). There is no
commit: the stored object is it.
"""

from __future__ import annotations

import calendar
import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from vodfast.credentials import Credentials
from vodfast.errors import InvalidInput, Unsupported, VodfastError
from vodfast.providers.aliyun import checks, media_types, texts, wire
from vodfast.providers.aliyun.calls import Api
from vodfast.providers.aliyun.options import UploadOptions, UploadToken, UserData
from vodfast.providers.answers import Reply
from vodfast.providers.contract import MediaSpec, ProviderLimits, Ticket, TicketObject
from vodfast.providers.fields import check_id_list, check_known, check_seconds, refuse
from vodfast.providers.kinds import stem
from vodfast.stores.oss.address import Place, place_of
from vodfast.stores.oss.dialect import OssStore
from vodfast.transfer.message import Request, Response
from vodfast.transfer.ports import Call, without_request

Params = list[tuple[str, str | int | None]]

CREDENTIAL_SECONDS: Final = 3000
"""How long a credential is good for at most, whatever `Expiration` says (section 4.10)."""
MAX_TOKEN_LIFETIME: Final = 3600
_LATEST: Final = 1 << 40
"""Unix seconds; an expiry beyond is no date."""

_SENDABLE = re.compile(r"[\x21-\x7e]+")
_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Sessions:
    """Opens and renews uploads for one provider's settings."""

    api: Api
    region: str
    place: str | None
    network: str
    oss_signature: str
    complete_timeout: float

    def apply(self, media: MediaSpec) -> Call[Ticket]:
        """Ask for a media id, an address and credentials. `media` is checked.

        Each answer is a media record of its own. One whose answer was lost stays behind empty, in the state Uploading,
        and holds no bytes; that is the price of asking again.
        """
        operation, params = self._create(media)
        options = checks.upload_options(media)
        exchange = _Exchange(
            self,
            self.api.call(operation, params, lambda reply: reply),
            paths=[member.path for member in media.members],
            notification=texts.notification(options.watermark),
            renewable=operation == _VIDEO,
        )
        if options.token is None:
            return exchange.call()
        return without_request(checks.CLOUD, operation, exchange.taken_up(options.token))

    def renew(self, ticket: Ticket) -> Call[Ticket]:
        """New credentials for a video's upload; the object stays where it is.

        Raises:
            Unsupported: the ticket is that of an image or of attached media.
        """
        if not ticket.renewable or ticket.media_id is None:
            raise Unsupported("aliyun renews uploads of videos only: upload anew", cloud=checks.CLOUD)
        main, *members = ticket.objects
        return _Exchange(
            self,
            self.api.call("RefreshUploadVideo", [("VideoId", ticket.media_id)], lambda reply: reply),
            paths=[member.path for member in members],
            notification=main.store.notification if isinstance(main.store, OssStore) else None,
            renewable=True,
            before=ticket,
        ).call()

    def token(self, lifetime: float, fields: Mapping[str, object], limits: ProviderLimits) -> Call[str]:
        """What a browser or phone needs, as JSON text with the service's own names: the id, `UploadAddress` and
        `UploadAuth`, both undecoded.

        The service grants about 3000 seconds whatever is asked, so a longer `lifetime` than 3600 is refused. `fields`
        are those of an upload: `name` (required) and any of `kind`, `title`, `description`, `tags`, `category`,
        `context`, `size`, and the names of `UploadOptions`; or `media_id` or `reference_id` alone, to renew a video's
        token.
        """
        check_seconds(checks.CLOUD, "lifetime", lifetime)
        if not 1 <= lifetime <= MAX_TOKEN_LIFETIME:
            refuse(
                checks.CLOUD,
                "lifetime",
                f"must be 1 to {MAX_TOKEN_LIFETIME} seconds: the service grants about {CREDENTIAL_SECONDS} and no more",
            )
        if "media_id" in fields:
            if len(fields) > 1:
                refuse(checks.CLOUD, "media_id", "renews a token as it is; leave the other fields out")
            (media_id,) = check_id_list(checks.CLOUD, "media_id", (fields["media_id"],), 1, joined=True)
            return self.api.call("RefreshUploadVideo", [("VideoId", media_id)], _token)
        if fields.keys() == {"reference_id"}:
            checks.check_reference(fields["reference_id"])
            return self.api.call("RefreshUploadVideo", [("ReferenceId", str(fields["reference_id"]))], _token)
        media = _media_of(fields)
        checks.check_media(media, limits)
        operation, created = self._create(media)
        return self.api.call(operation, created, _token)

    def store(self, place: Place, key: str, notification: str | None = None) -> OssStore:
        """One object of an upload.

        Raises:
            ValueError: the key cannot be addressed.
        """
        return OssStore(
            place=place,
            key=key,
            region=place.region or self.region,
            signature=self.oss_signature,
            content_type=media_types.content_type(key),
            notification=notification,
            complete_timeout=self.complete_timeout,
            cloud=checks.CLOUD,
        )

    def _create(self, media: MediaSpec) -> tuple[str, Params]:
        options = checks.upload_options(media)
        file_type = checks.file_type_of(media)
        title = media.title or texts.default_title(media.name, checks.MAX_TITLE)
        common: Params = [
            ("Title", title),
            ("Description", media.description),
            ("Tags", texts.joined(media.tags)),
            ("StorageLocation", self.place),
            ("UserData", texts.user_data(media.context, options.user_data)),
            ("AppId", options.app_id),
        ]
        file_name = f"{stem(media.name)}.{file_type}"
        category = None if media.category is None else int(media.category)
        if media.kind == "media":
            return _VIDEO, [
                *common,
                ("FileName", file_name),
                ("FileSize", media.size),
                ("CoverURL", options.cover_url),
                ("CateId", category),
                ("TemplateGroupId", options.template_group_id),
                ("WorkflowId", options.workflow_id),
                ("ReferenceId", options.reference_id),
            ]
        if media.kind == "image":
            return "CreateUploadImage", [
                *common,
                ("ImageType", options.image_type),
                ("ImageExt", file_type),
                ("OriginalFileName", file_name),
                ("CateId", category),
            ]
        categories = options.category_ids if category is None else (category,)
        return "CreateUploadAttachedMedia", [
            *common,
            ("BusinessType", media.kind),
            ("MediaExt", file_type),
            ("FileName", file_name),
            ("FileSize", media.size),
            ("CateIds", texts.joined(categories)),
        ]


_VIDEO: Final = "CreateUploadVideo"


class _Exchange:
    """A call whose answer is a ticket. It remembers when it was asked, because a credential without a date counts from
    then."""

    def __init__(
        self,
        sessions: Sessions,
        call: Call[Reply],
        *,
        paths: Sequence[str],
        notification: str | None,
        renewable: bool,
        before: Ticket | None = None,
    ) -> None:
        self._sessions = sessions
        self._call = call
        self._paths = paths
        self._notification = notification
        self._renewable = renewable
        self._before = before
        self._asked_at = 0.0

    def call(self) -> Call[Ticket]:
        inner = self._call
        return Call(cloud=inner.cloud, operation=inner.operation, build=self._build, parse=self._parse)

    def taken_up(self, token: UploadToken) -> Ticket:
        """The ticket of an upload that was opened elsewhere. When is not known, so without a date in it, it is renewed
        at once where it can be.

        Raises:
            InvalidInput: the token is of another kind, or cannot be used.
        """
        text = token.content.reveal()
        try:
            ticket = self._parse(Response(status=200, headers=(), body=text.encode()))
        except (VodfastError, UnicodeEncodeError) as error:
            reason = error.message if isinstance(error, VodfastError) else "it is no text"
            raise InvalidInput(f"the token cannot be used: {reason}", cloud=checks.CLOUD) from None
        ids = msgspec.json.decode(text, type=wire.CreateUploadResponse)
        if {"CreateUploadVideo": ids.video_id, "CreateUploadImage": ids.image_id}.get(
            self._call.operation, ids.media_id
        ) != ticket.media_id:
            raise InvalidInput("the token is for another kind of media", cloud=checks.CLOUD)
        return ticket

    def _build(self, credentials: Credentials, now: float) -> Request:
        self._asked_at = now
        return self._call.build(credentials, now)

    def _parse(self, response: Response) -> Ticket:
        reply = self._call.parse(response)
        answer = reply.read(wire.CreateUploadResponse)
        media_id = answer.video_id or answer.image_id or answer.media_id
        if media_id is None and self._before is not None:
            media_id = self._before.media_id
        if not media_id or not _MEDIA_ID.fullmatch(media_id):
            raise reply.useless("no usable media id")
        objects, auth = self._objects(reply, answer)
        credentials = self._credentials(reply, auth)
        self._check_unmoved(objects, media_id)
        return Ticket(
            session=media_id,
            objects=objects,
            credentials=credentials,
            expires_at=credentials.expires_at,
            media_id=media_id,
            url=answer.image_url or answer.media_url or None,
            request_id=reply.request_id,
            renewable=self._renewable,
        )

    def _objects(
        self, reply: Reply, answer: wire.CreateUploadResponse
    ) -> tuple[tuple[TicketObject, ...], wire.UploadAuth]:
        """The media and its members, each of which stands behind ObjectPrefix under its own relative path: so the
        playlists find them there as they stand."""
        sessions = self._sessions
        try:
            address = texts.decode(answer.upload_address, wire.UploadAddress)
            auth = texts.decode(answer.upload_auth, wire.UploadAuth)
            place = place_of(address.endpoint, address.bucket, region=auth.region or None, network=sessions.network)
            key = address.file_name.removeprefix("/")
            main = TicketObject(role="media", store=sessions.store(place, key, self._notification))
            members = self._members(place, (address.object_prefix or "").removeprefix("/"))
        except ValueError as error:
            raise reply.useless(f"UploadAddress or UploadAuth: {error}") from None
        return (main, *members), auth

    def _members(self, place: Place, prefix: str) -> Iterable[TicketObject]:
        """Raises ValueError if a member cannot be addressed."""
        if not prefix and self._before is not None:
            return self._before.objects[1:]
        if not prefix and self._paths:
            raise ValueError("no ObjectPrefix for the members of the playlist")
        return [
            TicketObject(role="member", path=path, store=self._sessions.store(place, f"{prefix}{path}"))
            for path in self._paths
        ]

    def _credentials(self, reply: Reply, auth: wire.UploadAuth) -> Credentials:
        texts_given = (auth.access_key_id, auth.access_key_secret, auth.security_token)
        expires_at = self._expiry(auth)
        if not all(map(_SENDABLE.fullmatch, texts_given)) or expires_at is None:
            raise reply.useless("an UploadAuth that cannot be used")
        return Credentials.of(auth.access_key_id, auth.access_key_secret, auth.security_token, expires_at)

    def _expiry(self, auth: wire.UploadAuth) -> float | None:
        """Unix seconds, None if what is said makes no sense."""
        if auth.expire_utc_time:
            try:
                until = float(calendar.timegm(time.strptime(auth.expire_utc_time, "%Y-%m-%dT%H:%M:%SZ")))
            except (ValueError, OverflowError):
                return None
            return until if 0 < until < _LATEST else None
        said = str(CREDENTIAL_SECONDS if auth.expiration in (None, "") else auth.expiration)
        if not _SECONDS.fullmatch(said) or int(said) == 0:
            return None
        return self._asked_at + min(int(said), CREDENTIAL_SECONDS)

    def _check_unmoved(self, objects: tuple[TicketObject, ...], media_id: str) -> None:
        before = self._before
        if before is None:
            return
        if _where(objects) != _where(before.objects) or media_id != before.media_id:
            raise VodfastError(
                "the service moved the upload to another address while it was under way; upload it again",
                cloud=checks.CLOUD,
                operation=self._call.operation,
            )


def _where(objects: Iterable[TicketObject]) -> list[tuple[str, str] | None]:
    """Bucket and key of each object."""
    stores = [entry.store for entry in objects]
    return [(store.place.bucket, store.key) if isinstance(store, OssStore) else None for store in stores]


def _token(reply: Reply) -> str:
    answer = reply.read(wire.CreateUploadResponse)
    if not answer.upload_address or not answer.upload_auth:
        raise reply.useless("an empty UploadAddress or UploadAuth")
    names = ("RequestId", "VideoId", "ImageId", "MediaId", "ImageURL", "MediaURL", "FileURL")
    fields = reply.fields()
    return json.dumps({name: fields[name] for name in (*names, "UploadAddress", "UploadAuth") if fields.get(name)})


def _user_data(value: object) -> UserData:
    try:
        return msgspec.convert(value, UserData)
    except msgspec.ValidationError as error:
        refuse(checks.CLOUD, "user_data", f"is not as declared: {error}")


_COMMON: Final = ("name", "kind", "title", "description", "tags", "category", "context", "size")


def _media_of(fields: Mapping[str, object]) -> MediaSpec:
    options = [name for name in UploadOptions.__struct_fields__ if name not in ("part_concurrency", "token")]
    check_known(checks.CLOUD, "issue_token", fields, (*_COMMON, *options, "media_id"))
    name = fields.get("name")
    if not isinstance(name, str) or not name:
        refuse(checks.CLOUD, "name", "is missing; give the name of the file, with its extension")
    if isinstance(fields.get("user_data"), Mapping):
        fields = {**fields, "user_data": _user_data(fields["user_data"])}
    given = {"size": None} | {field: fields[field] for field in _COMMON if field in fields}
    chosen = {field: fields[field] for field in options if field in fields}
    for field in ("tags", "category_ids"):
        for where in (given, chosen):
            if isinstance(where.get(field), list):
                where[field] = tuple(where[field])  # type: ignore[arg-type]  # a list, checked above
    return MediaSpec(**given, options=UploadOptions(**chosen))  # type: ignore[arg-type]  # checked by check_media
