"""Playlists as Alibaba's upload SDK reads them: which files their lines name, and what they become when the files are
not where the lines say.

Decides the folder that is uploaded. What a playlist needs besides its segments, and the upload itself, is vodfast's.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from vodfast.compat.voduploadsdk.AliyunVodUtils import AliyunVodUtils

_URI = re.compile(r'URI="([^"]+)"')


def lines_of(text: str) -> list[str]:
    """The lines that name files, without blank ones and tags."""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def named_by(address: str, text: str) -> list[str]:
    """Path or URL of each file, beside the playlist's own, without queries."""
    names = [AliyunVodUtils.getFileBriefPath(line)[0] for line in lines_of(text)]
    return [AliyunVodUtils.replaceFileName(address, name) or name for name in names]


def lies_beside(index: Path, text: str, slices: Iterable[str]) -> bool:
    """Whether the lines lead to exactly these files, so that the playlist can go as it is."""
    wanted = [str(index.parent / line) for line in lines_of(text)]
    return sorted(set(wanted)) == sorted({str(Path(path)) for path in slices})


def gathered(folder: Path, index: Path | None, text: str, name: str, put: Mapping[str, Callable[[Path], None]]) -> Path:
    """A playlist of that name in `folder`, rewritten to bare file names, beside the files it names: `put` brings each
    there. What tags of the playlist `index` name beside it comes along.
    """
    rewritten = [
        line.strip() if line.startswith("#") else AliyunVodUtils.getFileBriefPath(line.strip())[1]
        for line in text.splitlines()
        if line.strip()
    ]
    own = folder / name
    own.write_text("\n".join(rewritten) + "\n")
    for file_name, bring in put.items():
        bring(folder / file_name)
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
