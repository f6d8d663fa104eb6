"""Where one NOS upload stands, for callers who keep their own record of it.

Decides what it takes to go on with an upload (section 5.7 of the protocol notes). Leaves keeping it to the caller and
its use to `dialect.py`.
"""

from __future__ import annotations

import msgspec

from vodfast.credentials import Secret


class Checkpoint(msgspec.Struct):
    """An empty one is filled in by the upload it is given to, and empty again once the object is finished. A filled one
    makes the upload go on from there.

    `key` is the object's name, `token` the upload token, which is good for a year: keep it as a secret. `context` is
    what the store calls the unfinished upload, None before the first chunk is answered. `size` is the file's in bytes.
    `nodes` are addresses to try before any are looked up. `reply` is the media service's answer to the finished object,
    as JSON text, None if the store did not relay it.
    """

    bucket: str = ""
    key: str = ""
    token: Secret | None = None
    context: str | None = None
    size: int | None = None
    nodes: tuple[str, ...] = ()
    reply: str | None = None

    @property
    def open(self) -> bool:
        """Whether there is an upload to go on with."""
        return bool(self.bucket and self.key and self.token)

    def clear(self, reply: str | None = None) -> None:
        """Nothing is left to go on with."""
        self.bucket, self.key, self.token, self.context, self.size, self.nodes = "", "", None, None, None, ()
        self.reply = reply
