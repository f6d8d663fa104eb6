"""Which files are meant by a kind, by their extensions.

Decides what the extension of a name is, what is searched for in a directory, since not every cloud minds what it is
sent and a library holds more than media, and which extensions certainly belong to another kind. Which of them a cloud
takes is that cloud's business.
"""

from __future__ import annotations

from collections.abc import Mapping

_VIDEO = (
    "3g2 3gp asf asx avi dat dv f4v flv gxf m2t m2ts m4v mj2 mkv mod mov mp4 mp4v mpe mpeg mpg mpv mts mxf ogv qt rm "
    "rmvb swf ts vob webm wm wmv"
)
_AUDIO = "aac ac3 acm aif aifc aiff amr ape au caf flac m4a mka mp2 mp3 oga ogg opus ra ram wav wma"
_PACKAGES = "m3u8 mpd"
_IMAGES = "apng avif bmp gif heic heif jpe jpeg jpg png svg tif tiff webp"
_SUBTITLES = "ass dfxp lrc sbv smi srt ssa stl sub ttml vtt"

_EXTENSIONS: Mapping[str, frozenset[str]] = {
    "media": frozenset(f"{_VIDEO} {_AUDIO} {_PACKAGES}".split()),
    "image": frozenset(_IMAGES.split()),
    "watermark": frozenset(f"{_IMAGES} mov".split()),
    "subtitle": frozenset(_SUBTITLES.split()),
}


def extension(name: str) -> str:
    """The last extension of a file name or URL path in lower case, without the dot; "" if there is none."""
    _, dot, last = name.rpartition("/")[2].rpartition(".")
    return last.lower() if dot else ""


def stem(name: str) -> str:
    """A file name without folders and without its last extension."""
    base = name.rpartition("/")[2]
    head, dot, _ = base.rpartition(".")
    return head if dot and head else base


def meant(name: str, kind: str) -> bool:
    """Whether a file of this name in a directory is of the kind; kinds that can be anything mean every file."""
    extensions = _EXTENSIONS.get(kind)
    return extensions is None or name.rpartition(".")[2].lower() in extensions


def other_kind(name: str, kind: str) -> str | None:
    """The kind a file of this name is of instead; None if it may well be of `kind`."""
    if meant(name, kind):
        return None
    return next((other for other in ("media", "image", "subtitle") if meant(name, other)), None)
