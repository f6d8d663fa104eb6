"""Playlists as Alibaba's upload SDK reads them: which files their lines name, and what they become when the files are
not where the lines say.

Decides the folder that is uploaded. What a playlist needs besides its segments, and the upload itself, is vodfast's.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from vodfast.compat.voduploadsdk.AliyunVodUtils import AliyunVodException, AliyunVodUtils
from vodfast.packages.gate import is_url

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


def leads_out(text: str) -> bool:
    """Whether a line names a file above the playlist's folder."""
    return any(".." in line.partition("?")[0].split("/") for line in lines_of(text))


def not_named(index: Path, text: str, slices: Iterable[str]) -> list[str] | None:
    """What of the slices no line leads to; None if a line leads elsewhere, so that the playlist cannot go as it is."""
    wanted = {str(index.parent / line) for line in lines_of(text)}
    given = {str(Path(path)): path for path in slices}
    if not wanted <= given.keys():
        return None
    wanted |= {str(index.parent / path) for path in tagged(text)}
    return [path for own, path in given.items() if own not in wanted]


def by_name(text: str, slices: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Paths or URLs by their file names: those that lines or tags name, and the others.

    Raises:
        FileNotFoundError: a line names what is not among them.
        AliyunVodException: two of them have one name, or one has a name that is none.
    """
    others: dict[str, str] = {}
    for one in slices:
        name = file_name(one)
        if "/" in name or name in ("", ".", ".."):
            raise _refused(f"{one[:200]!r} has no file name")
        if others.setdefault(name, one) != one:
            raise _refused(f"two of them are called {name}: only one can lie beside the playlist")
    named = {}
    for name in dict.fromkeys(map(file_name, lines_of(text))):
        if name not in others:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        named[name] = others.pop(name)
    named |= {name: others.pop(name) for name in tagged(text) if name in others}
    return named, others


def _refused(why: str) -> AliyunVodException:
    return AliyunVodException("InvalidM3u8SliceFile", "M3u8 slice files invalid", why)


def tagged(text: str) -> dict[str, str]:
    """What tags name beside the playlist or below it, such as keys and maps: each entry by its path."""
    found = {urllib.parse.unquote(uri.partition("?")[0]): uri for uri in _URI.findall(text) if not is_url(uri)}
    return {path: uri for path, uri in found.items() if path and path[0] != "/" and ".." not in path.split("/")}


def gathered(folder: Path, text: str, name: str, put: Mapping[str, Callable[[Path], None]]) -> Path:
    """A playlist of that name in `folder`, rewritten to bare file names, beside the files it names: `put` brings each
    there.
    """
    rewritten = [
        line.strip() if line.startswith("#") else file_name(line.strip()) for line in text.splitlines() if line.strip()
    ]
    own = folder / name
    own.write_text("\n".join(rewritten) + "\n", encoding="utf-8")
    for path, bring in put.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        bring(target)
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
