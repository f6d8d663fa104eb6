"""How an upload to NetEase VCloud VOD begins: a new object, or one that the caller's checkpoint is of.

Decides what upload/init becomes (sections 4.1, 5.2 and 7 of the protocol notes) and how an upload is gone on with
(5.7). Leaves the body of the call to `checks.py` and the stores to `stores/nos` and `stores/oss`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from vodfast.credentials import Credentials, Secret
from vodfast.errors import InvalidInput
from vodfast.providers.answers import Reply
from vodfast.providers.contract import Ticket, TicketObject
from vodfast.providers.netease import verbs, wire
from vodfast.providers.netease.calls import Api, permanent
from vodfast.providers.netease.faults import CLOUD
from vodfast.providers.netease.options import UploadOptions
from vodfast.stores.nos.checkpoint import Checkpoint
from vodfast.stores.nos.dialect import NosStore
from vodfast.stores.nos.nodes import NodeBook, read_nodes
from vodfast.stores.oss.address import path_of, place_of
from vodfast.stores.oss.dialect import OssStore
from vodfast.transfer.message import Request
from vodfast.transfer.ports import Call, ObjectReceipt, without_request

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,62}")
_SECRET = re.compile(r"[\x21-\x7e]{1,16384}")
_CALLBACK = re.compile(r"[A-Za-z0-9+/]{1,8192}={0,2}")
_FRESH: Final = 60.0
"""Seconds for which the answer that an object is not finished yet may be believed."""
_TOKEN = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,16382}[\x21-\x7e])?")


def open_session(
    api: Api, book: NodeBook, body: Mapping[str, Any], size: int | None, options: UploadOptions
) -> Call[Ticket]:
    """upload/init. The ticket remembers who asked: whether an object was finished is a question to the API, asked with
    the caller's keys in the middle of the upload."""
    checkpoint = options.checkpoint

    def read(reply: Reply, keys: Credentials, _: float) -> Ticket:
        answer = reply.read(wire.InitReply)
        if answer.storage_type == "oss":
            return _in_oss(reply, answer, options.content_type)
        token = answer.x_nos_token
        if token is None or not _TOKEN.fullmatch(token):
            raise reply.useless("no usable xNosToken")
        if not _BUCKET.fullmatch(answer.bucket) or len(answer.object) > 1024:
            raise reply.useless("no usable bucket or object")
        if checkpoint is not None:
            checkpoint.bucket, checkpoint.key, checkpoint.token = answer.bucket, answer.object, Secret(token)
            checkpoint.context, checkpoint.size, checkpoint.reply = None, size, None
        try:
            store = NosStore(
                book,
                answer.bucket,
                answer.object,
                lambda: verbs.confirm(api, answer.object),
                cloud=CLOUD,
                content_type=options.content_type,
                checkpoint=checkpoint,
            )
        except ValueError:
            raise reply.useless("no usable bucket or object") from None
        return _ticket(store, msgspec.structs.replace(keys, token=Secret(token)), reply.request_id)

    return _with_keys(api.call("upload/init", body, lambda reply: reply), read)


def reopen(api: Api, book: NodeBook, checkpoint: Checkpoint, content_type: str | None) -> Call[Ticket]:
    """The session a checkpoint is of. Whether its object was finished meanwhile is asked first; the answer serves the
    store when it wants to know, unless it is an old one that a journal has kept and that may have changed since."""
    name, token = checkpoint.key, checkpoint.token
    assert token is not None
    _learn(book, checkpoint)

    def read(found: ObjectReceipt | None, keys: Credentials, asked_at: float) -> Ticket:
        known = [without_request(CLOUD, verbs.QUERY, found)] if abs(time.time() - asked_at) < _FRESH else []
        answers: Iterator[Call[ObjectReceipt | None]] = iter(known)
        store = _store_of(
            book, checkpoint, lambda: next(answers, None) or verbs.confirm(api, name), content_type, checkpoint
        )
        return _ticket(store, msgspec.structs.replace(keys, token=token), None)

    return _with_keys(verbs.confirm(api, name), read)


def stored_bytes(book: NodeBook, checkpoint: Checkpoint) -> Call[int | None]:
    """How many bytes the store has of a checkpoint's upload.

    Raises:
        InvalidInput: the upload has not begun, or no upload node is known.
    """
    token, context = checkpoint.token, checkpoint.context
    if token is None or context is None:
        raise InvalidInput("the checkpoint is of no upload that has begun", cloud=CLOUD)
    _learn(book, checkpoint)
    if book.best(checkpoint.bucket) is None:
        raise InvalidInput("no upload node is known: ask for the bucket's with nodes first", cloud=CLOUD)

    def never() -> Call[ObjectReceipt | None]:
        raise AssertionError("only the store itself is asked")

    call = _store_of(book, checkpoint, never, None, None).stored_bytes(context)
    return replace(call, build=lambda keys, now: call.build(msgspec.structs.replace(keys, token=token), now))


def _learn(book: NodeBook, checkpoint: Checkpoint) -> None:
    if checkpoint.nodes and book.best(checkpoint.bucket) is None:
        book.learn(checkpoint.bucket, read_nodes(checkpoint.nodes, https=book.https))


def _store_of(
    book: NodeBook,
    checkpoint: Checkpoint,
    confirm: Callable[[], Call[ObjectReceipt | None]],
    content_type: str | None,
    updated: Checkpoint | None,
) -> NosStore:
    try:
        return NosStore(
            book,
            checkpoint.bucket,
            checkpoint.key,
            confirm,
            cloud=CLOUD,
            content_type=content_type,
            checkpoint=updated,
            reopened=updated is not None,
        )
    except ValueError:
        raise InvalidInput("the checkpoint has no usable bucket or key", cloud=CLOUD) from None


def _ticket(store: NosStore, credentials: Credentials, request_id: str | None) -> Ticket:
    return Ticket(
        session=store.key,
        objects=(TicketObject(role="media", store=store),),
        credentials=credentials,
        expires_at=None,
        url=f"http://{store.bucket}.vod.126.net/{store.bucket}/{store.key}",
        request_id=request_id,
    )


def _in_oss(reply: Reply, answer: wire.InitReply, content_type: str | None) -> Ticket:
    """A ticket into Aliyun OSS (section 7): temporary keys, and a callback by which the service learns of it."""
    secrets = (answer.access_key_id, answer.access_key_secret, answer.security_token)
    if not all(text and _SECRET.fullmatch(text) for text in secrets):
        raise reply.useless("no usable keys for OSS")
    if answer.callback is None or not _CALLBACK.fullmatch(answer.callback):
        raise reply.useless("no usable callback for OSS")
    host = (answer.host or "").rpartition("://")[2].removeprefix(f"{answer.bucket}.")
    try:
        place = place_of(host, answer.bucket)
        store = OssStore(
            place,
            answer.object,
            region=place.region or "",
            signature="V1" if place.region is None else "V4",
            content_type=content_type,
            callback=answer.callback,
            cloud=CLOUD,
        )
    except ValueError:
        raise reply.useless("no usable host, bucket or object for OSS") from None
    return Ticket(
        session=answer.object,
        objects=(TicketObject(role="media", store=store),),
        credentials=Credentials.of(secrets[0] or "", secrets[1] or "", secrets[2]),
        expires_at=None,
        url=f"https://{place.authority}{place.prefix}{path_of(answer.object)}",
        request_id=reply.request_id,
    )


def _with_keys(call: Call[Any], read: Callable[[Any, Credentials, float], Ticket]) -> Call[Ticket]:
    """The call with its answer read together with the keys it was made with, and when that was."""
    asked: list[tuple[Credentials, float]] = []

    def build(credentials: Credentials, now: float) -> Request:
        asked[:] = [(permanent(credentials), now)]
        return call.build(credentials, now)

    return Call(
        cloud=call.cloud,
        operation=call.operation,
        build=build,
        parse=lambda response: read(call.parse(response), *asked[0]),
    )
