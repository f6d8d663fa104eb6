"""What a manifest says of one file: where it is, and what it is to the manifest.

Which entries a manifest has is `hls`'s and `dash`'s, following them `listing`'s.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

MAX_NAMES: Final = 400_000
"""Entries one manifest may have or stand for, however few files they are: reading them takes seconds."""


class Role(enum.Enum):
    """What an entry is to its manifest."""

    FILE = "file"
    PLAYLIST = "playlist"
    RENDITION = "rendition"
    """A playlist, or the rendition itself as a file."""
    OPTIONAL = "optional"
    """A file that may be missing: a segment marked as a gap, or one that only rounding makes expected."""
    MENTION = "mention"
    """A playlist that belongs to the presentation, not to this playlist."""


class Entry(NamedTuple):
    """One URI reference of a manifest, as it stands there."""

    uri: str
    role: Role = Role.FILE
