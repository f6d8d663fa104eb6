"""File types ApsaraVideo VOD takes (sections 4.1, 4.3 and 4.4 of the protocol notes), in lower case.

Decides which extension is taken as what, and the Content-Type an object is stored with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vodfast.providers.kinds import extension

_VIDEO: Final = (
    "mp4 ts 3gp mpg mpeg mpe dat vob asf avi wmv flv f4v rm rmvb mov mkv dv gif m2t m4v mj2 mjpeg mts ogg qt swf webm"
)
_AUDIO: Final = "aac ac3 acm aif aifc aiff amr ape caf flac m4a mp3 ra wav wma"
MEDIA: Final = frozenset(f"{_VIDEO} {_AUDIO}".split())
IMAGE: Final = frozenset(["png", "jpg", "jpeg", "gif", "heic", "webp"])
ATTACHED: Final[Mapping[str, frozenset[str]]] = {
    "watermark": frozenset(["png", "gif", "apng", "mov"]),
    "subtitle": frozenset(["srt", "ass", "stl", "ttml", "vtt"]),
    "material": frozenset(["jpg", "gif", "png", "mp4", "mat", "zip", "apk"]),
}
"""By kind, which is the service's BusinessType."""

PACKAGE: Final = "m3u8"
"""The manifest that is taken as media together with all it needs."""

_CONTENT_TYPES: Final[Mapping[str, str]] = {
    "3gp": "video/3gpp",
    "aac": "audio/aac",
    "amr": "audio/amr",
    "apng": "image/apng",
    "asf": "video/x-ms-asf",
    "avi": "video/x-msvideo",
    "f4v": "video/mp4",
    "flac": "audio/flac",
    "flv": "video/x-flv",
    "gif": "image/gif",
    "heic": "image/heic",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "m3u8": "application/vnd.apple.mpegurl",
    "m4a": "audio/mp4",
    "m4s": "video/iso.segment",
    "m4v": "video/x-m4v",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpe": "video/mpeg",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "ogg": "application/ogg",
    "png": "image/png",
    "qt": "video/quicktime",
    "srt": "application/x-subrip",
    "ts": "video/mp2t",
    "ttml": "application/ttml+xml",
    "vtt": "text/vtt",
    "wav": "audio/x-wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "wma": "audio/x-ms-wma",
    "wmv": "video/x-ms-wmv",
    "zip": "application/zip",
}


def content_type(key: str) -> str | None:
    """What an object key's extension says about its content; None leaves it to the store."""
    return _CONTENT_TYPES.get(extension(key))
