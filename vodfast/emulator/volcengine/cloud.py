"""The Volcengine account: keys, applications for uploads, their places, and which host belongs to which service.

Decides names and lifetimes of what the services share (protocol notes 4.2). Leaves the API to `vod.py`, the gateway to
`gateway.py` and presigned URLs to `tos.py`. Host names of gateway and store are inventions of the right form.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

from vodfast.emulator.accounts import Accounts
from vodfast.emulator.blobs import Content
from vodfast.emulator.media import MediaItem
from vodfast.emulator.messages import Request
from vodfast.emulator.service import Service
from vodfast.emulator.volcengine.gateway import Gateway
from vodfast.emulator.volcengine.jobs import Jobs
from vodfast.emulator.volcengine.signatures import region_of
from vodfast.emulator.volcengine.tos import Tos
from vodfast.emulator.volcengine.vod import Vod

if TYPE_CHECKING:
    from vodfast.emulator.world import World

ROLES = ("main", "backup", "fallback")
_GATEWAY_HOST = re.compile(r"tos-[a-z0-9-]+\.volcvod\.com")
_TOS_HOST = re.compile(r"[a-z0-9-]+\.tos-cn-beijing\.ivolces\.com")
_BUCKET = "tos-cn-v-"


class Place:
    """One address of an application: where bytes may go, and the SessionKey that commits them there.

    `grants` are the `Auth` texts that open it, with their expiry in Unix seconds.
    """

    __slots__ = ("application", "grants", "hosts", "quick", "session_key", "uri")

    def __init__(self, application: Application, uri: str, hosts: tuple[str, ...]) -> None:
        self.application = application
        self.uri = uri
        self.hosts = hosts
        self.session_key = f"eyJ{secrets.token_urlsafe(48)}=="
        self.grants: dict[str, float] = {}
        self.quick = False


class Application:
    """What one ApplyUploadInfo opened. `fields` are the call's parameters."""

    __slots__ = ("fields", "functions", "item", "places", "poster", "version")

    def __init__(self, item: MediaItem, fields: dict[str, str], version: str) -> None:
        self.item = item
        self.fields = fields
        self.version = version
        self.places: list[Place] = []
        self.functions: list[dict[str, object]] = []
        self.poster = ""


class VolcengineCloud:
    """All services and what they share."""

    name = "volcengine"

    def __init__(self, world: World) -> None:
        self.world = world
        self.accounts = Accounts(self.name)
        self.sessions: dict[str, Place] = {}
        self.grants: dict[str, Place] = {}
        self.objects: dict[str, Content] = {}
        self.jobs = Jobs(self)
        self.vod = Vod(self)
        self.gateway = Gateway(self)
        self.tos = Tos(self)
        self.services: tuple[Service, ...] = (self.vod, self.gateway, self.tos)

    def configure(self, callers_changed: bool) -> None:
        """Settings have changed."""
        if callers_changed:
            self.accounts.configure(self.world.settings.callers)

    def credential_variables(self) -> dict[str, str]:
        """The vendor's own variables, with the emulator's permanent key."""
        account = self.accounts.permanent
        return {"VOLC_ACCESSKEY": account.access_key, "VOLC_SECRETKEY": account.secret}

    def clear(self) -> None:
        """Forget everything but settings."""
        for content in self.objects.values():
            content.discard()
        self.gateway.clear()
        self.tos.clear()
        self.jobs.clear()
        for shared in (self.sessions, self.grants, self.objects):
            shared.clear()
        self.accounts.configure(self.world.settings.callers)

    def at(self, host: str) -> Service | None:
        """The service with a vendor host name."""
        if region_of(host) is not None:
            return self.vod
        if _GATEWAY_HOST.fullmatch(host):
            return self.gateway
        return self.tos if _TOS_HOST.fullmatch(host) else None

    def recognise(self, request: Request) -> Service | None:
        """The service meant by a request to a loopback address: vendor clients may have their endpoint set to one."""
        if (request.header("authorization") or "").startswith("HMAC-SHA256 ") or "X-Algorithm=HMAC" in request.query:
            return self.vod
        return self.gateway if request.path.startswith(f"/{_BUCKET}".encode()) else None

    def open_application(self, fields: dict[str, str], version: str) -> Application:
        """A new application with its places; the first is the one address for clients that know no candidates."""
        world = self.world
        name = fields.get("FileName") or f"{secrets.token_hex(16)}{fields.get('FileExtension', '')}"
        item = MediaItem(self.name, f"v02{secrets.token_hex(14)}", name, fields)
        application = Application(item, fields, version)
        offered = world.settings.volcengine_candidates if version != "2020-08-01" else "none"
        for number, role in enumerate(ROLES if offered != "none" else ROLES[:1]):
            zone = 0 if offered == "shared" else number
            place = Place(application, f"{_BUCKET}{zone:06x}/{name}", (f"tos-{role}.volcvod.com",))
            application.places.append(place)
            self.sessions[place.session_key] = place
        world.media.append(item)
        return application

    def grant(self, place: Place) -> str:
        """A fresh `Auth` for a place."""
        auth = f"VODFAST-EMULATOR/{secrets.token_urlsafe(40)}:{secrets.token_hex(8)}="
        place.grants[auth] = self.world.now() + self.world.settings.token_lifetime
        self.grants[auth] = place
        return auth

    def store(self, place: Place, content: Content) -> None:
        """Put an object in place of whatever was there."""
        old, item = self.objects.get(place.uri), place.application.item
        if old is not None:
            old.discard()
            for other in self.world.media:
                if other.objects.get(place.uri) is old:
                    del other.objects[place.uri]
        self.objects[place.uri] = content
        item.objects[place.uri] = content
        self.world.history.count("objects_stored")

    def source_info(self, place: Place) -> dict[str, Any]:
        """What the API says of a stored object; dimensions are 0 because nothing looks inside."""
        stored = self.objects.get(place.uri)
        name = place.uri.partition("/")[2]
        return {
            "FileId": place.application.item.media_id,
            "FileName": name,
            "FileType": place.application.fields.get("FileType", "media"),
            "Format": name.rpartition(".")[2].upper(),
            "Size": float(stored.size) if stored is not None else 0.0,
            "StoreUri": place.uri,
            "Height": 0,
            "Width": 0,
            "Duration": 0.0,
        }

    def commit(self, application: Application, media_id: str) -> None:
        """The media exists from now on; committing again changes nothing."""
        item = application.item
        if item.committed:
            return
        item.media_id = media_id
        item.committed = True
        self.world.history.count("media_created")
        self.world.history.count("commits")
