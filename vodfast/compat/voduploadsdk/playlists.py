"""Playlists as Alibaba's upload SDK reads them: which files their lines name, and what they become when the files are
not where the lines say.

Decides the folder that is uploaded. What a playlist needs besides its segments, and the upload itself, is vodfast's.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from vodfast.compat.voduploadsdk.AliyunVodUtils import AliyunVodException, AliyunVodUtils

_URI = re.compile(r'URI="([^"]+)"')


def lines_of(text: str) -> list[str]:
    """The lines that name files, without blank ones and tags."""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def named_by(address: str, text: str) -> list[str]:
    """Path or URL of each file, beside the playlist's own, without queries."""
    names = [AliyunVodUtils.getFileBriefPath(line)[0] for line in lines_of(text)]
    return [AliyunVodUtils.replaceFileName(address, name) or name for name in names]


def file_name(address: str) -> str:
    """The decoded file name in a path or URL."""
    return AliyunVodUtils.getFileBriefPath(address)[1]


def not_named(index: Path, text: str, slices: Iterable[str]) -> list[str] | None:
    """What of the slices no line leads to; None if a line leads elsewhere, so that the playlist cannot go as it is."""
    wanted = {str(index.parent / line) for line in lines_of(text)}
    given = {str(Path(path)): path for path in slices}
    return [path for own, path in given.items() if own not in wanted] if wanted <= given.keys() else None


def by_name(text: str, slices: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Paths or URLs by their file names: those that lines name, and those that no line does.

    Raises:
        FileNotFoundError: a line names what is not among them.
        AliyunVodException: two of them have one name.
    """
    others: dict[str, str] = {}
    for one in slices:
        if others.setdefault(file_name(one), one) != one:
            said = f"two of them are called {file_name(one)}: only one can lie beside the playlist"
            raise AliyunVodException("InvalidM3u8SliceFile", "M3u8 slice files invalid", said)
    named = {}
    for name in dict.fromkeys(map(file_name, lines_of(text))):
        if name not in others:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        named[name] = others.pop(name)
    return named, others


def gathered(folder: Path, index: Path | None, text: str, name: str, put: Mapping[str, Callable[[Path], None]]) -> Path:
    """A playlist of that name in `folder`, rewritten to bare file names, beside the files it names: `put` brings each
    there. What tags of the playlist `index` name beside it comes along.
    """
    rewritten = [
        line.strip() if line.startswith("#") else file_name(line.strip()) for line in text.splitlines() if line.strip()
    ]
    own = folder / name
    own.write_text("\n".join(rewritten) + "\n")
    for named, bring in put.items():
        bring(folder / named)
    if index is not None:
        for uri in _URI.findall(text):
            if "/" not in uri and (index.parent / uri).is_file():
                linked(index.parent / uri)(folder / uri)
    return own


def linked(path: str | Path) -> Callable[[Path], None]:
    """Brings a file by a link, or as a copy where links do not reach."""

    def bring(target: Path) -> None:
        if target.exists():
            return
        try:
            target.hardlink_to(Path(path).resolve(strict=True))
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(path, target)

    return bring
