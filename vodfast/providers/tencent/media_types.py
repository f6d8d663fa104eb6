"""File types Tencent Cloud VOD takes (section 2.6 of the protocol notes), lower case as they are sent."""

from __future__ import annotations

from typing import Final

_CONTAINERS: Final = ["3gp", "asf", "avi", "f4v", "flv", "m4v", "mkv", "mov", "mp4", "mp4v", "mxf", "ogg", "ts", "webm"]
_OLDER: Final = ["asx", "dat", "mpe", "mpeg", "mpg", "qt", "ram", "rm", "rmvb", "vob", "wm", "wmv"]
VIDEO: Final = frozenset([*_CONTAINERS, *_OLDER])
AUDIO: Final = frozenset(["aac", "amr", "flac", "m4a", "mp3", "ogg", "ra", "wav"])
COVER: Final = frozenset(["ai", "bmp", "cdr", "eps", "gif", "heif", "jpeg", "jpg", "png", "tif", "tiff"])
MEDIA: Final = VIDEO | AUDIO

PACKAGES: Final = frozenset(["m3u8", "mpd"])
"""Manifests, which are uploaded together with the files they name."""

PULLABLE: Final = MEDIA | {"m3u8"}
"""The service follows an HLS manifest by itself when it pulls a URL, a DASH manifest not."""
