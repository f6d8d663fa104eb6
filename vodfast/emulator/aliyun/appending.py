"""AppendObject of OSS: an object that grows from its end (protocol notes 5.2).

Decides where bytes may be put and what is answered. The notes give request and answer; the refusals and their headers
are those the vendor's clients read. The first piece makes the object, and with it the media it belongs to.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from vodfast.emulator.blobs import Content
from vodfast.emulator.buckets import StoredObject
from vodfast.emulator.messages import Reply
from vodfast.emulator.multipart import Target
from vodfast.emulator.object_store import MAX_PUT, Headers
from vodfast.emulator.service import Call, Refusal

if TYPE_CHECKING:
    from vodfast.emulator.aliyun.oss import Oss

OPERATION = "AppendObject"
ELSEWHERE = "PositionNotEqualToLength"


def append(store: Oss, call: Call, target: Target) -> Reply:
    """Put the received bytes behind those of the object.

    Raises:
        Refusal: InvalidArgument, PositionNotEqualToLength or ObjectNotAppendable; nothing was stored.
    """
    assert call.blob is not None
    stored = target.bucket.objects.get(target.key)
    if stored is not None and stored.kind != "Appendable":
        raise Refusal("ObjectNotAppendable", "The object was not made by appending.")
    length = stored.content.size if stored is not None else 0
    if _position(target) != length:
        raise Refusal(ELSEWHERE, "The position is not the length of the object.")
    if length + call.blob.length > MAX_PUT:
        raise Refusal("InvalidArgument", f"An object that grows has at most {MAX_PUT} bytes.")
    etag = f'"{store.spell(secrets.token_hex(16))}"'
    if stored is None:
        kind = call.request.header("content-type")
        store.holder.store(target.bucket, target.key, Content((call.take(),)), etag, kind, kind="Appendable")
    else:
        store.holder.append(target.bucket, target.key, call.take(), etag)
    made = target.bucket.objects[target.key]
    return store.reply(call, 200, (*store.proof(etag, made.content), *next_position(made)))


def next_position(stored: StoredObject | None) -> Headers:
    """The header that says where the next piece goes."""
    return (("x-oss-next-append-position", str(stored.content.size if stored is not None else 0)),)


def _position(target: Target) -> int:
    text = target.query.get("position", "")
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        told = (("ArgumentName", "position"), ("ArgumentValue", text))
        raise Refusal("InvalidArgument", "The position is not a number of bytes.", details=told)
    return int(text)
