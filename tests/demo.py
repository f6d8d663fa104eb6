"""`python -m tests.demo`: the sample media into the emulator through the real engine over real sockets.

For every cloud vodfast knows, each file and each package it takes is uploaded; the bytes the emulator stored are then
compared with the files by SHA-256, computed by the emulator itself. Exits 0 only if every item agrees.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from vodfast.blocking import Client
from vodfast.config import TransferConfig, parse_route
from vodfast.credentials import emulator_credentials
from vodfast.emulator import Emulator
from vodfast.items import UploadItem, UploadResult
from vodfast.providers import provider_names

MEDIA = Path(__file__).with_name("media")
CLIP = UploadItem(source=MEDIA / "clip.mp4", title="A test picture and two tones")
IMAGE = UploadItem(source=MEDIA / "cover.png", kind="image")
SUBTITLE = UploadItem(source=MEDIA / "captions.vtt", kind="subtitle")
SOUND = UploadItem(source=MEDIA / "tones.mp3")
HLS = UploadItem(source=MEDIA / "hls" / "master.m3u8")
DASH = UploadItem(source=MEDIA / "dash" / "manifest.mpd")

SHOWS: dict[str, tuple[str | None, tuple[UploadItem, ...]]] = {
    "volcengine": ("demo", (CLIP, IMAGE, SUBTITLE, SOUND, HLS)),
    "aliyun": (None, (CLIP, IMAGE, SUBTITLE, SOUND, HLS)),
    "tencent": (None, (msgspec.structs.replace(CLIP, cover=MEDIA / "cover.png"), SOUND, HLS, DASH)),
    "netease": (None, (CLIP, IMAGE, SOUND)),
}
"""What each cloud takes, and the place it goes to."""


def sent(item: UploadItem) -> list[str]:
    """SHA-256 of the item's files, sorted."""
    paths = [Path(str(source)) for source in (item.source, item.cover) if source is not None]
    if item in (HLS, DASH):
        paths = [path for path in paths[0].parent.rglob("*") if path.is_file()]
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def stored(emulator: Emulator, before: set[str]) -> list[str]:
    """SHA-256 of all that is committed now and was not `before`, sorted, by the emulator's own reckoning."""
    return sorted(
        stored["sha256"]
        for media in emulator.media()
        if media["media_id"] not in before and media["state"] == "committed"
        for stored in media["objects"]
    )


def show(cloud: str, emulator: Emulator) -> Iterator[bool]:
    """Upload the items to one cloud, print a line for each, and say whether it arrived as it was sent."""
    config = TransferConfig(route=parse_route(emulator.endpoint))
    place, items = SHOWS[cloud]
    with Client(cloud, credentials=emulator_credentials(cloud), config=config, place=place) as client:
        for item in items:
            before = {media["media_id"] for media in emulator.media()}
            result: UploadResult = client.upload(item.source, kind=item.kind, title=item.title, cover=item.cover)
            arrived = {media["media_id"] for media in emulator.media() if media["state"] == "committed"}
            verified = result.media_id in arrived and stored(emulator, before) == sent(item)
            print(
                f"{cloud:<10}  {result.media_id}  {result.bytes:>9,} bytes  {result.seconds:6.3f} s  "
                f"{'bytes verified' if verified else 'BYTES DIFFER'}  {Path(result.source).name}"
            )
            yield verified


def main() -> int:
    with Emulator() as emulator:
        verified = [ok for cloud in provider_names() for ok in show(cloud, emulator)]
    good = all(verified) and bool(verified)
    print(f"{sum(verified)} of {len(verified)} items verified" + ("" if good else ": the demo failed"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
