"""The verbs of NetEase NOS direct upload for one object, as described requests.

Decides requests and the reading of answers (sections 5.1 to 5.6 of the protocol notes) and the limits of the store.
Leaves the choice of a node to `nodes.py`, statuses to `faults.py`, and offsets, retries and the order of parts to the
engine. Nothing is signed here: the upload token is the whole authorisation.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar
from urllib.parse import quote

import msgspec

from vodfast.config import MIB
from vodfast.credentials import Credentials
from vodfast.errors import ErrorKind, InvalidInput, RetryClass, Unsupported, VodfastError
from vodfast.stores.nos import faults, wire
from vodfast.stores.nos.checkpoint import Checkpoint
from vodfast.stores.nos.nodes import Node, NodeBook, read_nodes
from vodfast.transfer.message import Body, Request, Response, build_headers
from vodfast.transfer.ports import AppendReceipt, AppendStore, Call, ObjectReceipt, PartSpec, StoreLimits

T = TypeVar("T")
W = TypeVar("W")

NOS_LIMITS: Final = StoreLimits(
    min_part=1,
    max_part=4 * MIB,
    max_parts=1 << 18,
    max_single_put=0,
    part_order="append",
    part_digest=None,
    object_digest=None,
    can_list_parts=False,
)
"""4 MiB a chunk (section 5.3). No number of chunks is documented; 1 TiB in all is a bound of our own."""

PIPELINED: Final = 16
"""Chunks behind one another at most: 64 MiB, what a line of 10 Gbit/s holds in 50 ms. The window of connections, which
they are counted in, sets how many it really are."""
LOOKUP_TIMEOUT: Final = 10.0
OFFSET_TIMEOUT: Final = 15.0

_ANOTHER_NODE: Final = (ErrorKind.NETWORK, ErrorKind.TLS, ErrorKind.UNAVAILABLE, ErrorKind.UNEXPECTED)
_NOT_THE_NODE: Final = (*faults.GONE, faults.CALLBACK_FAILED)
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


def chunk_target(bucket: str, key: str, offset: int, *, last: bool, context: str | None) -> str:
    """Path and query of one chunk POST: everything outside unreserved is escaped, slashes of the key included."""
    follows = f"&context={quote(context, safe='')}" if context else ""
    return f"{_path(bucket, key)}?offset={offset}&complete={'true' if last else 'false'}{follows}&version=1.0"


def look_up(book: NodeBook, bucket: str, *, cloud: str) -> Call[tuple[str, ...]]:
    """Ask for upload nodes, of a bucket if one is named; the book learns them. Each failure turns to the next host."""
    asked: list[str] = []

    def build(_: Credentials, __: float) -> Request:
        asked[:] = [book.lookup_host]
        named = f"&bucketname={quote(bucket, safe='')}" if bucket else ""
        return Request(
            operation="lbs",
            method="GET",
            url=f"{'https' if book.https else 'http'}://{asked[0]}/lbs?version=1.0{named}",
            headers=(),
            timeout=LOOKUP_TIMEOUT,
        )

    def parse(response: Response) -> tuple[str, ...]:
        entries = _read("lbs", response, wire.NodeList, cloud=cloud).upload
        nodes = read_nodes(entries, https=book.https)
        if not nodes:
            raise faults.useless("no upload node that can be used", response, cloud=cloud, operation="lbs")
        book.learn(bucket, nodes)
        return book.entries(bucket)

    def failed(_: VodfastError) -> None:
        if asked:
            book.lookup_failed(asked[0])

    return Call(cloud=cloud, operation="lbs", build=build, parse=parse, reads=True, failed=failed)


def _read(operation: str, response: Response, shape: type[W], *, cloud: str) -> W:
    if response.status != 200:
        raise faults.fault(response, cloud=cloud, operation=operation)
    try:
        return msgspec.json.decode(response.body, type=shape)
    except _UNREADABLE as error:
        detail = str(error) if isinstance(error, msgspec.ValidationError) else "broken JSON"
        raise faults.useless(detail, response, cloud=cloud, operation=operation) from None


def _path(bucket: str, key: str) -> str:
    return f"/{quote(bucket, safe='')}/{quote(key, safe='')}"


class NosStore:
    """One object in one bucket, authorised by the token in the credentials. Implements `transfer.ports.AppendStore`.

    `confirm` makes the call that tells whether the object was finished: the store itself has no such verb that an
    upload token opens. `content_type` is stored with the object; None leaves it to the store. `checkpoint` is kept up
    to date; `reopened` if it held an upload already. Raises `ValueError` for a bucket or key that cannot be addressed.
    """

    limits = NOS_LIMITS

    def __init__(
        self,
        book: NodeBook,
        bucket: str,
        key: str,
        confirm: Callable[[], Call[ObjectReceipt | None]],
        *,
        cloud: str,
        content_type: str | None = None,
        checkpoint: Checkpoint | None = None,
        reopened: bool = False,
    ) -> None:
        if {bucket, key} & {"", ".", ".."} or not (bucket + key).isprintable():
            raise ValueError("bucket or key is empty, a bare dot segment, or holds characters that cannot be sent")
        self.bucket = bucket
        self.key = key
        self._book = book
        self._confirm = confirm
        self._cloud = cloud
        self._content_type = content_type
        self._checkpoint = checkpoint
        self.begun = checkpoint.context if checkpoint is not None else None
        """An unfinished upload that is to be gone on with."""
        self.reopened = reopened

    def __repr__(self) -> str:
        return f"NosStore({self.bucket!r}, {self.key!r})"

    @property
    def pipelined(self) -> int:
        """Chunks on their way at once (section 5.4)."""
        return PIPELINED if self._book.pipelines else 1

    def pipeline_failed(self) -> None:
        """One at a time for a while, to whatever node."""
        self._book.pipeline_failed()

    def prepare(self) -> Call[Any] | None:
        """The node lookup, if no node is known for the bucket."""
        return None if self._book.best(self.bucket) is not None else look_up(self._book, self.bucket, cloud=self._cloud)

    def append_part(self, upload_id: str | None, part: PartSpec, body: Body, *, last: bool) -> Call[AppendReceipt]:
        """Send one chunk, at most 4 MiB; `upload_id` is the `context`. The last one makes the media."""
        if body.length != part.length or part.length > self.limits.max_part:
            raise InvalidInput(f"a chunk must be {part.length} bytes, at most {self.limits.max_part}")

        def parse(response: Response) -> AppendReceipt:
            if last and upload_id is not None and response.status in faults.GONE:
                verdict = faults.PERHAPS_FINISHED
                raise faults.fault(response, cloud=self._cloud, operation="chunk", verdict=verdict)
            answer = _read("chunk", response, wire.ChunkReply, cloud=self._cloud)
            usable = 0 < len(answer.context) <= 1024 and answer.context.isprintable()
            if answer.offset < 0 or not (usable or last):
                self._useless("chunk", response, "no usable offset or context")
            whole = ObjectReceipt(
                tag=answer.context, digest=None, size=answer.offset, reply=callback_answer(answer.callback_ret_msg)
            )
            self._note(answer.context, whole if last and answer.offset == part.offset + part.length else None)
            return AppendReceipt(upload_id=answer.context, end=answer.offset, whole=whole if last else None)

        target = chunk_target(self.bucket, self.key, part.offset, last=last, context=upload_id)
        headers: tuple[tuple[str, str], ...] = (("content-length", str(part.length)),)
        if upload_id is None and self._content_type is not None:
            headers = (*headers, ("content-type", self._content_type))  # that of the first chunk counts
        return replace(self._call("chunk", "POST", target, parse, headers=headers, body=body), final=last)

    def stored_bytes(self, upload_id: str) -> Call[int | None]:
        """How many bytes the server has under a context, None if it does not know the context, or not as one of this
        object."""

        def parse(response: Response) -> int | None:
            if response.status in faults.GONE:
                return None
            answer = _read("offset", response, wire.OffsetReply, cloud=self._cloud)
            if answer.offset < 0:
                self._useless("offset", response, "a negative offset")
            return answer.offset

        target = f"{_path(self.bucket, self.key)}?uploadContext&context={quote(upload_id, safe='')}&version=1.0"
        return self._call("offset", "GET", target, parse, timeout=OFFSET_TIMEOUT, reads=True)

    def head_object(self) -> Call[ObjectReceipt | None]:
        """Whether the media service knows the object."""
        call = self._confirm()

        def noted(found: ObjectReceipt | None) -> ObjectReceipt | None:
            if found is not None:
                self._note(None, found)
            return found

        known = call.answered
        if known is not None:
            return replace(call, answered=lambda: noted(known()))
        return replace(call, parse=lambda response: noted(call.parse(response)))

    def delete_object(self) -> Call[None]:
        raise Unsupported("an upload token cannot delete; delete the media in the console", cloud=self._cloud)

    def _note(self, context: str | None, finished: ObjectReceipt | None) -> None:
        """Tell the caller's checkpoint where the upload stands now."""
        if self._checkpoint is None:
            return
        if finished is not None:
            self._checkpoint.clear(finished.reply)
        else:
            self._checkpoint.context = context
            self._checkpoint.nodes = self._book.entries(self.bucket)

    def _call(
        self,
        operation: str,
        method: str,
        target: str,
        parse: Callable[[Response], T],
        *,
        headers: tuple[tuple[str, str], ...] = (),
        body: Body | None = None,
        timeout: float | None = None,
        reads: bool = False,
    ) -> Call[T]:
        used: list[Node] = []

        def build(credentials: Credentials, _: float) -> Request:
            node = self._book.best(self.bucket)
            if node is None or credentials.token is None:
                # Another upload found the last node dead after this one had asked: look for nodes first.
                raise VodfastError(
                    "no upload node is known any more",
                    kind=ErrorKind.UNAVAILABLE,
                    retry=RetryClass.LATER,
                    reached=False,
                )
            used[:] = [node]
            return Request(
                operation=operation,
                method=method,
                url=f"{node.base}{target}",
                headers=build_headers([*headers, ("x-nos-token", credentials.token.reveal())]),
                body=body,
                timeout=timeout,
                address=node.address,
            )

        def failed(error: VodfastError) -> None:
            if error.retry is RetryClass.RENEW and self._checkpoint is not None:
                self._checkpoint.clear()  # its token is dead
            if used and error.kind in _ANOTHER_NODE and error.status not in _NOT_THE_NODE:
                self._book.failed(self.bucket, used[0])
                if error.kind is ErrorKind.TLS and self._book.best(self.bucket) not in (None, used[0]):
                    error.retry = RetryClass.LATER  # one node's bad certificate is no reason to pass over the others

        return Call(cloud=self._cloud, operation=operation, build=build, parse=parse, reads=reads, failed=failed)

    def _useless(self, operation: str, response: Response, problem: str) -> NoReturn:
        raise faults.useless(problem, response, cloud=self._cloud, operation=operation)


def callback_answer(text: str | None) -> str | None:
    """What the media service answered NOS, from the base64 of the last chunk's answer; None if there is nothing
    readable."""
    try:
        return base64.b64decode(text or "", validate=True).decode() or None
    except (binascii.Error, ValueError):
        return None


if TYPE_CHECKING:
    _is_store: Callable[..., AppendStore] = NosStore
