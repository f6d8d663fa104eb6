"""One thing changed in a request that is ready to go out, for tests of what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from tests.emulator.client import Sent

Change = Callable[[Sent], Sent]


def swap(old: str, new: str) -> Change:
    """Another text in the place of one that the Authorization header has."""

    def change(sent: Sent) -> Sent:
        value = sent.headers["Authorization"]
        assert old in value
        return sent.with_header("Authorization", value.replace(old, new, 1))

    return change


def header(name: str, value: str | None) -> Change:
    """A header set, or left out."""
    return lambda sent: sent.with_header(name, value)


def too_long(sent: Sent) -> Sent:
    """A body longer than any store takes in one request, which waits to be let in."""
    return replace(sent.with_header("Content-Length", str((5 << 30) + 1)), body=b"").with_header(
        "Expect", "100-continue"
    )


def another_date(sent: Sent) -> Sent:
    """The date of the signature's scope is years ago."""
    value = sent.headers["Authorization"]
    changed = re.sub(r"/\d{4}(-?)\d\d-?\d\d/", r"/2020\g<1>01\g<1>01/", value, count=1)
    assert changed != value
    return sent.with_header("Authorization", changed)


def flip_last(sent: Sent) -> Sent:
    """Another last digit of the signature."""
    value = sent.headers["Authorization"]
    return sent.with_header("Authorization", value[:-1] + ("0" if value[-1] != "0" else "1"))


def target(old: str, new: str) -> Change:
    """Another text in the place of one that path or query has."""

    def change(sent: Sent) -> Sent:
        assert old in sent.target
        return replace(sent, target=sent.target.replace(old, new, 1))

    return change
