"""Contests as data: what is moved, by whom, and the bars the figures must clear.

Decides the format of `workloads/*.json` and makes the files they ask for. Leaves running to `run.py`.
"""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path
from typing import Annotated, Literal

import fastcrc
import msgspec

FOLDER = Path(__file__).with_name("workloads")
_BLOCK = 1024 * 1024
_ZEROS = bytes(_BLOCK)


class Files(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files to upload: `size` bytes each. `sparse` ones are holes from end to end, `noise` cannot be compressed. With
    `playlist` they are the segments of one, which comes last.
    """

    count: Annotated[int, msgspec.Meta(ge=1)]
    size: Annotated[int, msgspec.Meta(ge=1)]
    content: Literal["noise", "sparse"] = "noise"
    playlist: bool = False


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side of a contest: `contestant` is a module of `bench.contestants`, `options` go to it unread."""

    name: str
    contestant: str
    files: Files | None = None
    options: dict[str, msgspec.Raw] = {}


class Bar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A demand on one figure of the entry `of`: divided by that of `over`, or less that of `less`, if one is given."""

    figure: str
    of: str
    over: str | None = None
    less: str | None = None
    at_least: float | None = None
    at_most: float | None = None

    def met(self, value: float) -> bool:
        low = float("-inf") if self.at_least is None else self.at_least
        high = float("inf") if self.at_most is None else self.at_most
        return low <= value <= high


class Workload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contest: `scheme` is how the emulator is reached (None: no server), `server` its settings."""

    title: str
    entries: list[Entry]
    bars: list[Bar]
    scheme: Literal["http", "https"] | None = None
    server: dict[str, msgspec.Raw] = {}
    runs: Annotated[int, msgspec.Meta(ge=1)] = 5


def load_workloads(only: str | None = None) -> dict[str, Workload]:
    """All contests by file name, or those whose name contains `only`."""
    found = {path.stem: path for path in sorted(FOLDER.glob("*.json")) if only is None or only in path.stem}
    return {name: msgspec.json.decode(path.read_bytes(), type=Workload) for name, path in found.items()}


class MadeFile(msgspec.Struct, frozen=True):
    """A file on disk and what a server must hold once it has it."""

    path: str
    size: int
    sha256: str | None
    crc64: int


def make_files(files: Files, folder: Path) -> list[MadeFile]:
    """The files of an entry, made once per `folder`, on disk and in the page cache before any clock runs."""
    suffix = "ts" if files.playlist else "mp4"
    home = folder / f"{files.content}-{files.count}x{files.size}-{suffix}"
    home.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(files.count):
        path = home / f"{number:05d}.{suffix}"
        if not path.exists() or path.stat().st_size != files.size:
            _write(path, files, seed=number)
        made.append(MadeFile(str(path), files.size, *_digests(path, files)))
    if files.playlist:
        made.append(_playlist(home / "index.m3u8", [Path(file.path).name for file in made], files))
    return made


def _playlist(path: Path, names: list[str], files: Files) -> MadeFile:
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:4"]
    lines += [line for name in names for line in ("#EXTINF:4.0,", name)]
    path.write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]))
    return MadeFile(str(path), path.stat().st_size, *_digests(path, files))


def _digests(path: Path, files: Files) -> tuple[str | None, int]:
    """SHA-256 and CRC-64/XZ, by libraries that are not ours; zeros are not read, and have no SHA-256."""
    crc64 = 0
    if files.content == "sparse":
        for start in range(0, files.size, _BLOCK):
            crc64 = fastcrc.crc64.xz(_ZEROS[: files.size - start], crc64)
        return None, crc64
    sha256 = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            sha256.update(block)
            crc64 = fastcrc.crc64.xz(block, crc64)
    return sha256.hexdigest(), crc64


def _write(path: Path, files: Files, seed: int) -> None:
    with path.open("wb") as stream:
        if files.content == "sparse":
            stream.truncate(files.size)
            return
        noise = random.Random(seed)
        left = files.size
        while left:
            stream.write(noise.randbytes(min(left, _BLOCK)))
            left -= min(left, _BLOCK)
        if files.size > _BLOCK:
            stream.flush()
            os.fsync(stream.fileno())
