"""The verbs of NetEase NOS direct upload for one object, as described requests.

Decides requests and the reading of answers (sections 5.1 to 5.6 of the protocol notes) and the limits of the store.
Leaves the choice of a node to `nodes.py`, statuses to `faults.py`, and offsets, retries and the order of parts to the
engine. Nothing is signed here: the upload token is the whole authorisation.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar
from urllib.parse import quote

import msgspec

from vodfast.config import MIB
from vodfast.credentials import Credentials
from vodfast.errors import ErrorKind, InvalidInput, RetryClass, Unsupported, VodfastError
from vodfast.stores.nos import faults, wire
from vodfast.stores.nos.nodes import Node, NodeBook, read_node
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

LOOKUP_TIMEOUT: Final = 10.0
OFFSET_TIMEOUT: Final = 15.0

_ANOTHER_NODE: Final = (ErrorKind.NETWORK, ErrorKind.TLS, ErrorKind.UNAVAILABLE, ErrorKind.UNEXPECTED)
_NOT_THE_NODE: Final = (*faults.GONE, faults.CALLBACK_FAILED)
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


def chunk_target(bucket: str, key: str, offset: int, *, last: bool, context: str | None) -> str:
    """Path and query of one chunk POST: everything outside unreserved is escaped, slashes of the key included."""
    follows = f"&context={quote(context, safe='')}" if context else ""
    return f"{_path(bucket, key)}?offset={offset}&complete={'true' if last else 'false'}{follows}&version=1.0"


def _path(bucket: str, key: str) -> str:
    return f"/{quote(bucket, safe='')}/{quote(key, safe='')}"


class NosStore:
    """One object in one bucket, authorised by the token in the credentials. Implements `transfer.ports.AppendStore`.

    `confirm` makes the call that tells whether the object was finished: the store itself has no such verb that an
    upload token opens. `content_type` is stored with the object; None leaves it to the store. Raises `ValueError` for
    a bucket or key that cannot be addressed.
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
    ) -> None:
        if {bucket, key} & {"", ".", ".."} or not (bucket + key).isprintable():
            raise ValueError("bucket or key is empty, a bare dot segment, or holds characters that cannot be sent")
        self.bucket = bucket
        self.key = key
        self._book = book
        self._confirm = confirm
        self._cloud = cloud
        self._content_type = content_type

    def __repr__(self) -> str:
        return f"NosStore({self.bucket!r}, {self.key!r})"

    def prepare(self) -> Call[None] | None:
        """The node lookup, if no node is known for the bucket. Each failure turns to the next lookup host."""
        if self._book.best(self.bucket) is not None:
            return None
        asked: list[str] = []

        def build(_: Credentials, __: float) -> Request:
            asked[:] = [self._book.lookup_host]
            scheme = "https" if self._book.https else "http"
            return Request(
                operation="lbs",
                method="GET",
                url=f"{scheme}://{asked[0]}/lbs?version=1.0&bucketname={quote(self.bucket, safe='')}",
                headers=(),
                timeout=LOOKUP_TIMEOUT,
            )

        def parse(response: Response) -> None:
            entries = self._read("lbs", response, wire.NodeList).upload
            nodes = [node for entry in entries if (node := read_node(entry, https=self._book.https)) is not None]
            if not nodes:
                self._useless("lbs", response, "no upload node that can be used")
            self._book.learn(self.bucket, nodes)

        def failed(_: VodfastError) -> None:
            if asked:
                self._book.lookup_failed(asked[0])

        return Call(cloud=self._cloud, operation="lbs", build=build, parse=parse, reads=True, failed=failed)

    def append_part(self, upload_id: str | None, part: PartSpec, body: Body, *, last: bool) -> Call[AppendReceipt]:
        """Send one chunk, at most 4 MiB; `upload_id` is the `context`. The last one makes the media."""
        if body.length != part.length or part.length > self.limits.max_part:
            raise InvalidInput(f"a chunk must be {part.length} bytes, at most {self.limits.max_part}")

        def parse(response: Response) -> AppendReceipt:
            if last and upload_id is not None and response.status in faults.GONE:
                verdict = faults.PERHAPS_FINISHED
                raise faults.fault(response, cloud=self._cloud, operation="chunk", verdict=verdict)
            answer = self._read("chunk", response, wire.ChunkReply)
            usable = 0 < len(answer.context) <= 1024 and answer.context.isprintable()
            if answer.offset < 0 or not (usable or last):
                self._useless("chunk", response, "no usable offset or context")
            whole = ObjectReceipt(
                tag=answer.context, digest=None, size=answer.offset, reply=callback_answer(answer.callback_ret_msg)
            )
            return AppendReceipt(upload_id=answer.context, end=answer.offset, whole=whole if last else None)

        target = chunk_target(self.bucket, self.key, part.offset, last=last, context=upload_id)
        headers: tuple[tuple[str, str], ...] = (("content-length", str(part.length)),)
        if upload_id is None and self._content_type is not None:
            headers = (*headers, ("content-type", self._content_type))  # that of the first chunk counts
        return self._call("chunk", "POST", target, parse, headers=headers, body=body)

    def stored_bytes(self, upload_id: str) -> Call[int | None]:
        """How many bytes the server has under a context, None if it does not know the context."""

        def parse(response: Response) -> int | None:
            if response.status == 404:
                return None
            answer = self._read("offset", response, wire.OffsetReply)
            if answer.offset < 0:
                self._useless("offset", response, "a negative offset")
            return answer.offset

        target = f"{_path(self.bucket, self.key)}?uploadContext&context={quote(upload_id, safe='')}&version=1.0"
        return self._call("offset", "GET", target, parse, timeout=OFFSET_TIMEOUT, reads=True)

    def head_object(self) -> Call[ObjectReceipt | None]:
        """Whether the media service knows the object."""
        return self._confirm()

    def delete_object(self) -> Call[None]:
        raise Unsupported("an upload token cannot delete; delete the media in the console", cloud=self._cloud)

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
            if used and error.kind in _ANOTHER_NODE and error.status not in _NOT_THE_NODE:
                self._book.failed(self.bucket, used[0])
                if error.kind is ErrorKind.TLS and self._book.best(self.bucket) not in (None, used[0]):
                    error.retry = RetryClass.LATER  # one node's bad certificate is no reason to pass over the others

        return Call(cloud=self._cloud, operation=operation, build=build, parse=parse, reads=reads, failed=failed)

    def _read(self, operation: str, response: Response, shape: type[W]) -> W:
        if response.status != 200:
            raise faults.fault(response, cloud=self._cloud, operation=operation)
        try:
            return msgspec.json.decode(response.body, type=shape)
        except _UNREADABLE as error:
            detail = str(error) if isinstance(error, msgspec.ValidationError) else "broken JSON"
            self._useless(operation, response, detail)

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
