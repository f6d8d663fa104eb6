"""One file on its way, with its record and its progress handler.

Decides when the record is written and removed, and on which thread the handler runs. Leaves the transfer to the public
client, which is told by a checkpoint where the upload stands.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from vodfast.blocking import Client
from vodfast.compat.vcloud.http import Account, Response, ResponseInfo, connected, failed
from vodfast.compat.vcloud.model.upload_host import UploadHost
from vodfast.compat.vcloud.model.upload_init import UploadInit
from vodfast.compat.vcloud.storage.upload_progress_recorder import UploadProgressRecorder
from vodfast.credentials import Secret
from vodfast.errors import Cancelled, InvalidInput, VodfastError
from vodfast.events import AnyEvent, Progress
from vodfast.items import UploadResult
from vodfast.providers.netease import Checkpoint, UploadOptions

ANY_TYPE = "application/octet-stream"
"""The media type that says nothing and is not sent."""

_claimed: dict[tuple[object, ...], object] = {}
"""The records of uploads that are under way, each with its holder."""
os.register_at_fork(after_in_child=_claimed.clear)

Ended = tuple[dict[str, Any] | None, ResponseInfo]


class Record(NamedTuple):
    """Where one file's record is kept; without a recorder, nowhere."""

    recorder: UploadProgressRecorder | None
    file_name: str
    key: object

    @contextlib.contextmanager
    def claimed(self) -> Iterator[Record]:
        """This record for one upload alone: a second one of the same file that begins meanwhile has none."""
        place = (self.recorder.record_folder if self.recorder else None, self.file_name, self.key)
        holder = object()
        if _claimed.setdefault(place, holder) is not holder:
            yield self._replace(recorder=None)
            return
        try:
            yield self
        finally:
            del _claimed[place]

    def checkpoint(self, size: int) -> Checkpoint:
        """Where a recorded upload of a file of this size stands; an empty one if there is none."""
        if self.recorder is None:
            return Checkpoint()
        return checkpoint_of(self.recorder.get_upload_record(self.file_name, self.key), size)

    def write(self, checkpoint: Checkpoint, size: int) -> None:
        if self.recorder is None:
            return
        first, second = (*checkpoint.nodes, "", "")[:2]
        data = {
            "bucket": checkpoint.bucket,
            "object": checkpoint.key,
            "xNosToken": checkpoint.token.reveal() if checkpoint.token is not None else "",
            "size": size,
            "context": checkpoint.context,
            "host": {"upload_host": first, "upload_host_backup": second or first},
        }
        self.recorder.set_upload_record(self.file_name, self.key, data)

    def remove(self) -> None:
        if self.recorder is not None:
            self.recorder.delete_upload_record(self.file_name, self.key)


def checkpoint_of(record: Any, size: int) -> Checkpoint:
    """Where a recorded upload of a file of this size stands; an empty one if the record is of no use."""
    try:
        if int(record["size"]) != size or not record["xNosToken"]:
            return Checkpoint()
        return Checkpoint(
            bucket=str(record["bucket"]),
            key=str(record["object"]),
            token=Secret(str(record["xNosToken"])),
            context=str(record["context"]) or None,
            size=size,
            nodes=tuple(str(node) for node in record["host"].values()),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return Checkpoint()


def put_file(
    upload_init: UploadInit,
    upload_host: UploadHost,
    file_name: str,
    file_path: str | bytes | os.PathLike[str],
    file_size: int,  # noqa: ARG001  # the file itself says
    modify_time: object,
    offset: int,  # noqa: ARG001  # the server is asked
    context: str | None,
    upload_progress_recorder: UploadProgressRecorder | None,
    mime_type: str = ANY_TYPE,
    progress_handler: Callable[[int, int], object] | None = None,
) -> Ended:
    """Upload a file into an upload opened by `Client.upload_init`: the last answer and how it ended."""
    checkpoint = Checkpoint(
        bucket=upload_init.bucket,
        key=upload_init.objectName,
        token=Secret(upload_init.xNosToken),
        context=context or None,
        nodes=(upload_host.upload_host, upload_host.upload_host_backup),
    )
    record = Record(upload_progress_recorder, file_name, modify_time)
    return send(
        upload_init.account, os.fsdecode(file_path), checkpoint, record,
        body={"originFileName": upload_init.objectName}, mime_type=mime_type, progress_handler=progress_handler,
    )  # fmt: skip


def send(
    account: Account,
    file_path: str,
    checkpoint: Checkpoint,
    record: Record,
    *,
    body: Any,
    mime_type: str = ANY_TYPE,
    progress_handler: Callable[[int, int], object] | None = None,
) -> Ended:
    """Upload a file. The answer is that of the last chunk, with the object's name beside it; None if it failed.

    Raises:
        BaseException: what the handler raised; the record stays.
    """
    size, noted, seen = os.path.getsize(file_path), checkpoint.context, [-1]

    def note() -> None:
        nonlocal noted
        if checkpoint.open and checkpoint.context not in (None, noted):
            noted = checkpoint.context
            record.write(checkpoint, size)

    def show(done: int) -> None:
        if done != seen[-1]:
            seen.append(done)
            if callable(progress_handler):
                progress_handler(done, size)

    try:
        options = UploadOptions(
            checkpoint=checkpoint,
            content_type=None if mime_type == ANY_TYPE else mime_type,
            extra={name: value for name, value in _fields(body).items() if name != "originFileName"},
        )
        with connected(account) as client:
            result = _upload(client, file_path, body["originFileName"], options, note, show)
    except VodfastError as error:
        if not checkpoint.open:
            record.remove()
        return None, failed(error)
    record.remove()
    show(size)
    ret = {
        "offset": size,
        "object": str(result.url).rpartition("/")[2],
        "callbackRetMsg": base64.b64encode((checkpoint.reply or "").encode()).decode(),
    }
    return ret, ResponseInfo(Response(200, json.dumps(ret)))


def _fields(body: Any) -> Mapping[str, Any]:
    """A body that names its media: the service goes by this field."""
    name = body.get("originFileName") if isinstance(body, Mapping) else None
    if not isinstance(name, str) or not name:
        raise InvalidInput("originFileName is missing in the body", cloud="netease")
    fields: Mapping[str, Any] = body
    return fields


def _upload(
    client: Client, path: str, name: str, options: UploadOptions, note: Callable[[], None], show: Callable[[int], None]
) -> UploadResult:
    """`Client.upload`, with `note` after each acknowledged chunk and before the next one, and with `show` on this
    thread, as the original has it. What they raise ends the upload.
    """
    progress: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    outcome: list[UploadResult | BaseException] = []
    broken = threading.Event()

    def sink(event: AnyEvent) -> None:
        if broken.is_set():
            raise Cancelled("the progress handler ended the upload", cloud="netease")
        if isinstance(event, Progress):
            note()
            progress.put(event.done)

    def work() -> None:
        try:
            outcome.append(client.upload(path, name=name, options=options, events=sink))
        except BaseException as error:
            outcome.append(error)
        finally:
            progress.put(None)

    thread = threading.Thread(target=work, name="vodfast-vcloud")
    thread.start()
    try:
        while (done := progress.get()) is not None:
            show(done)
    except BaseException as error:
        broken.set()
        if not isinstance(error, Exception):
            client.cancel()  # an interrupt waits for no chunk
        raise
    finally:
        thread.join()
    (ended,) = outcome
    if isinstance(ended, BaseException):
        raise ended
    return ended
