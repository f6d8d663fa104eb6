"""Names of files where the locale cannot spell them: under the locale C of a service or a cron job, say.

Decides that bytes which the locale's encoding does not know are UTF-8, as a manifest is and what a cloud is told.
Where the locale can spell a name, its word counts.
"""

from __future__ import annotations

import os


def as_text(name: str) -> str:
    """A name or an argument as the system handed it to Python, as the text that was meant.

    What is not UTF-8 either comes back as it is.
    """
    try:
        name.encode()
        return name
    except UnicodeEncodeError:
        pass
    try:
        return os.fsencode(name).decode()
    except UnicodeError:
        return name


def file_name(path: str) -> str:
    """The last segment of a path, as text."""
    return as_text(os.path.basename(path))


def on_disk(path: str) -> str:
    """A path that is given as text, as the system's calls take it."""
    try:
        os.fsencode(path)
        return path
    except UnicodeEncodeError:
        return os.fsdecode(path.encode("utf-8", "surrogateescape"))
