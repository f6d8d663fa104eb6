"""What the engine asks of a store, and what a store answers.

Decides the shape of a call (described, not performed), of an object store's verbs, and of its limits. Leaves wire
formats and signatures to `stores/<store>/`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

import msgspec

from vodfast.credentials import Credentials
from vodfast.errors import VodfastError
from vodfast.transfer.message import Body, DigestName, Request, Response

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Call(Generic[T_co]):
    """One round trip, described but not performed.

    `build(credentials, now)` makes the signed request, anew for every attempt (`now` is Unix seconds). `parse` reads
    the response or raises a `VodfastError` that says whether a retry can help. `repeatable` tells whether sending it
    again is harmless when the outcome of the first one is unknown. `reads` marks calls that change nothing.
    `failed` is told of every attempt that failed, so that a store with several addresses can turn to the next.
    `answered` gives the answer of a step the service does not have; then nothing is built, sent or parsed.
    `final` says that its effect makes the media and cannot be taken back. `ahead` computes and keeps what `build` would
    otherwise stop for, a pass over the bytes of a part: it may be called on another thread, while others are sent.
    """

    cloud: str
    operation: str
    build: Callable[[Credentials, float], Request]
    parse: Callable[[Response], T_co]
    repeatable: bool = True
    reads: bool = False
    failed: Callable[[VodfastError], None] | None = None
    answered: Callable[[], T_co] | None = None
    final: bool = False
    ahead: Callable[[], object] | None = None


def without_request(cloud: str, operation: str, answer: T) -> Call[T]:
    """A call that needs no round trip, for a step of the port that a store does not have."""

    def unused(*_: object) -> Any:
        raise AssertionError(f"{operation} sends nothing")

    return Call(cloud=cloud, operation=operation, build=unused, parse=unused, answered=lambda: answer)


class StoreLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a store takes. Sizes in bytes; `min_part` does not bind the last part."""

    min_part: int
    max_part: int
    max_parts: int
    max_single_put: int
    part_order: Literal["any", "ascending", "append"] = "any"
    """`append`: an `AppendStore`, whose answer to each part says where the next one begins."""
    part_digest: DigestName | None
    """Which checksum the store answers for a part or a single PUT."""
    object_digest: DigestName | None
    """Which checksum the store answers for the whole object when the parts are joined."""
    can_list_parts: bool

    @property
    def max_object(self) -> int:
        return self.max_part * self.max_parts


class PartSpec(msgspec.Struct, frozen=True):
    """One part of an object: `index` counts from 0 (the wire's part number is index + 1)."""

    index: int
    offset: int
    length: int


class PartReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """Proof of a stored part. `tag` is the store's ETag-like string, never assumed to be an MD5.

    `digest` is what the store says of the bytes it has, None if it did not say.
    """

    index: int
    length: int
    tag: str
    digest: int | None


class ObjectReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """Proof of a stored object. `size` and `digest` are the store's word, None where it does not say.

    `reply` is what the service answered the store's own callback, where the store hands that on.
    """

    tag: str
    digest: int | None
    size: int | None = None
    reply: str | None = None


class AppendReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to an appended part. `upload_id` goes with the next request, `end` is how many bytes the store has now,
    which may be fewer than were sent. `whole` is set if this part finished the object.
    """

    upload_id: str
    end: int
    whole: ObjectReceipt | None = None


class PartPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the store's list of parts; `marker` asks for the next page, None ends."""

    parts: tuple[PartReceipt, ...]
    marker: str | None


class ObjectStore(Protocol):
    """One object's place in a store: endpoint, bucket and key are bound, credentials come with each call."""

    @property
    def limits(self) -> StoreLimits: ...
    def put_object(self, body: Body) -> Call[ObjectReceipt]: ...
    def create_upload(self) -> Call[str]: ...
    def put_part(self, upload_id: str, part: PartSpec, body: Body) -> Call[PartReceipt]: ...
    def list_parts(self, upload_id: str, marker: str | None) -> Call[PartPage]: ...
    def complete_upload(self, upload_id: str, parts: Sequence[PartReceipt]) -> Call[ObjectReceipt]: ...
    def abort_upload(self, upload_id: str) -> Call[None]: ...
    def list_uploads(self) -> Call[tuple[str, ...]]:
        """Ids of the uploads open for this very key: finds one whose creation was never answered."""

    def head_object(self) -> Call[ObjectReceipt | None]:
        """What is stored under the key now, None if nothing is: settles a lost answer."""

    def delete_object(self) -> Call[None]: ...


class AppendStore(Protocol):
    """One object in a store that takes it as one growing run of bytes (`part_order="append"`): nothing is created or
    joined, parts arrive in order, and the part said to be the last finishes the object.
    """

    @property
    def limits(self) -> StoreLimits: ...
    @property
    def begun(self) -> str | None:
        """The id of an unfinished upload of the same bytes that the caller knows of, None if there is none."""

    @property
    def reopened(self) -> bool:
        """Whether the caller knows of an upload to this object, which may have been finished; the store has asked
        already, so the first `head_object` costs nothing."""

    @property
    def pipelined(self) -> int:
        """How many parts may be on their way at once, behind one another on one connection; 1 if each waits for the
        answer to the one before. Asked again each time."""

    def pipeline_failed(self) -> None:
        """Parts sent behind one another came to nothing: the service may not take them so."""

    def prepare(self) -> Call[None] | None:
        """A round trip that is due before the next part or question (finding an upload node), None if none is. Asked
        for again each time, so a store whose addresses all failed can look for others.
        """

    def append_part(self, upload_id: str | None, part: PartSpec, body: Body, *, last: bool) -> Call[AppendReceipt]:
        """`upload_id` is that of the last answer, None for the first part."""

    def stored_bytes(self, upload_id: str) -> Call[int | None]:
        """How many bytes the store has, None if it does not know the upload (any more)."""

    def head_object(self) -> Call[ObjectReceipt | None]:
        """The finished object, None if it is not finished: settles a lost answer to the last part."""

    def delete_object(self) -> Call[None]:
        """Raises `Unsupported` where the store has no such verb."""


AnyStore: TypeAlias = ObjectStore | AppendStore
