"""A package on Volcengine VOD: a playlist with everything it names (section 8.3 of the protocol notes).

Decides that each member is an object of its own under the directory of the playlist, and committed unless the options
say not to: the vendor's Go and Java clients commit, its Python client does not, and what becomes of an object without a
commit is not documented. A committed one cannot be deleted here, so nothing is committed before everything is stored,
and the same upload again writes under the same names. Asks the service's parser. Leaves finding and guarding the
members to whoever reads the files, and the sessions to `protocol.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from vodfast.providers.answers import Reply
from vodfast.providers.contract import ManifestSpec, MediaSpec
from vodfast.providers.volcengine import checks, wire
from vodfast.providers.volcengine.calls import Api
from vodfast.providers.volcengine.options import UploadOptions
from vodfast.transfer.ports import Call

EXTENSIONS: Final = ("m3u8",)
PARSER_VERSION: Final = "2022-01-01"
MEMBER: Final = "object"
"""FileType of a member."""


class MemberOptions(UploadOptions, frozen=True, kw_only=True):
    """Of one member."""

    committed: bool = True
    """Without, its session ends when it is stored."""


def parse_manifest(api: Api, space: str, manifest: ManifestSpec) -> Call[tuple[str, ...]]:
    """What the service finds in a playlist, relative to it, playlists it names included. It guards no path."""
    body = wire.ParseUploadManifestRequest(
        space_name=space, manifest_type=manifest.kind, manifest_content=manifest.text
    )

    def read(reply: Reply) -> tuple[str, ...]:
        data = reply.read(wire.ManifestResult).data or wire.ManifestData()
        return tuple(data.media_segments or ())

    return api.call("ParseUploadManifest", PARSER_VERSION, body, read, carried="json", reads=True)


def split(media: MediaSpec, key: str, version: str) -> tuple[MediaSpec, Mapping[str, MediaSpec]]:
    """The playlist's own spec, and by path those of its members.

    They only find each other under one directory: that of the object name the caller gave, or else one named `key`.
    """
    options = checks.upload_options(media)
    name = options.file_name or f"{key}/{checks.plain_name(media.name, version)}"
    directory = name[: name.rfind("/") + 1]
    own = msgspec.structs.replace(media, members=(), options=msgspec.structs.replace(options, file_name=name))
    members = {
        member.path: MediaSpec(
            name=member.path.rpartition("/")[2],
            size=member.size,
            storage_class=media.storage_class,
            options=MemberOptions(
                file_name=directory + member.path,
                file_type=MEMBER,
                functions_json="",
                network_mode=options.network_mode,
                idc_mode=options.idc_mode,
                host_prefer=options.host_prefer,
                need_fallback=options.need_fallback,
                part_concurrency=options.part_concurrency,
                committed=options.commit_members,
            ),
        )
        for member in media.members
    }
    return own, members


def ends_when_stored(options: UploadOptions) -> bool:
    """Whether these are options of a member that is not committed."""
    return isinstance(options, MemberOptions) and not options.committed


def is_member(session: wire.Session) -> bool:
    """Whether a session is that of a member, of which the service need not make media."""
    return session.apply.file_type == MEMBER and (session.commit is None or session.commit.functions is None)
