"""`python -m tests.demo`: the sample media into the emulator through the real engine over real sockets.

For every cloud vodfast knows, each file it takes is uploaded; the bytes the emulator stored are then compared with
the files by SHA-256, computed by the emulator itself. Exits 0 only if every item agrees.
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

SHOWS: dict[str, tuple[str | None, tuple[UploadItem, ...]]] = {
    "volcengine": ("demo", (CLIP, IMAGE, SUBTITLE, SOUND)),
    "aliyun": (None, (CLIP, IMAGE, SUBTITLE, SOUND)),
    "tencent": (None, (msgspec.structs.replace(CLIP, cover=MEDIA / "cover.png"), SOUND)),
    "netease": (None, (CLIP, SOUND)),
}
"""What each cloud takes, and the place it goes to."""


def sent(item: UploadItem) -> list[str]:
    """SHA-256 of the item's files, sorted."""
    paths = [Path(str(source)) for source in (item.source, item.cover) if source is not None]
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def stored(emulator: Emulator, media_id: str | None) -> list[str]:
    """SHA-256 of the objects of a committed media item, sorted, by the emulator's own reckoning."""
    return sorted(
        stored["sha256"]
        for media in emulator.media()
        if media["media_id"] == media_id and media["state"] == "committed"
        for stored in media["objects"]
    )


def show(cloud: str, emulator: Emulator) -> Iterator[bool]:
    """Upload the items to one cloud, print a line for each, and say whether it arrived as it was sent."""
    config = TransferConfig(route=parse_route(emulator.endpoint))
    place, items = SHOWS[cloud]
    with Client(cloud, credentials=emulator_credentials(cloud), config=config, place=place) as client:
        for item in items:
            result: UploadResult = client.upload(item.source, kind=item.kind, title=item.title, cover=item.cover)
            verified = stored(emulator, result.media_id) == sent(item)
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
