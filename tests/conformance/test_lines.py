"""Text of several lines: what a caller writes for itself, or for people to read, arrives as it is on every cloud."""

from __future__ import annotations

import json
from typing import Any

from vodfast import Client

LINES = '{\r\n\t"id": 7,\n\t"名": "é & =?%"\n}'


def texts(value: Any) -> list[str]:
    """All texts in what was asked, and in JSON that is one of them."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts(one)]
    if not isinstance(value, str):
        return []
    try:
        return [value, *texts(json.loads(value))]
    except ValueError:
        return [value]


def test_a_context_of_several_lines_arrives(vodfast_emulator: Any, cloud_client: Client) -> None:
    cloud_client.upload(b"media", name="clip.mp4", context=LINES)
    (media,) = vodfast_emulator.media()
    assert LINES in texts(media["asked"])
