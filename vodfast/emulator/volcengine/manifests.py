"""Members of an HLS playlist, as ParseUploadManifest lists them (protocol notes 8.3).

Decides what counts as a member: playlist lines and the URI attributes of tags, in their order, each once. The service
checks no path, so whatever the playlist names is answered; whoever uploads has to look.
"""

from __future__ import annotations

import re

from vodfast.emulator.service import Refusal

_URI = re.compile(r'[:,]URI="([^"]*)"')
_MOST = 100_000


def members(text: str) -> list[str]:
    """What the playlist names.

    Raises:
        Refusal: InvalidParameter.
    """
    lines = [line.strip() for line in text.removeprefix("\ufeff").splitlines()]
    if not lines or lines[0] != "#EXTM3U":
        raise Refusal("InvalidParameter", "ManifestContent does not begin with #EXTM3U.")
    found: dict[str, None] = {}
    for line in lines[1:]:
        if line.startswith("#EXT-X-"):
            found |= dict.fromkeys(_URI.findall(line))
        elif line and not line.startswith("#"):
            found[line] = None
    found.pop("", None)
    if len(found) > _MOST:
        raise Refusal("InvalidParameter", f"ManifestContent names more than {_MOST} members.")
    return list(found)
