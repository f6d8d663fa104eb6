"""The bucket as its owner sees it, by the S3-like interface: what uploads have stored can be read and deleted.

Decides who may (protocol notes 6) and the shape of answers. An upload token opens nothing here. Leaves signatures to
`signatures.py` and objects to `cloud.py`.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from vodfast.emulator.messages import Reply
from vodfast.emulator.netease.names import BUCKET, NOS_KEY, NOS_SECRET
from vodfast.emulator.netease.signatures import verify_owner
from vodfast.emulator.service import Call, Refusal

if TYPE_CHECKING:
    from vodfast.emulator.netease.cloud import NeteaseCloud

HOST = f"{BUCKET}.nos-eastchina1.126.net"
_OPERATIONS = {"GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}
_STATUS = {"NoSuchKey": 404, "MethodNotAllowed": 405, "ServerBusy": 503}


class Owner:
    """The S3-like interface as a service."""

    cloud = "netease"
    operations = frozenset(_OPERATIONS.values())

    def __init__(self, cloud: NeteaseCloud) -> None:
        self._cloud = cloud

    def new_request_id(self) -> str:
        return str(uuid.uuid4())

    def open(self, call: Call) -> None:
        call.operation = _OPERATIONS.get(call.request.method, "")
        if not call.operation:
            raise Refusal("MethodNotAllowed", "There is no such operation on this resource.")
        verify_owner(call.request, BUCKET, NOS_KEY, NOS_SECRET)

    def answer(self, call: Call) -> Reply:
        key = call.request.decoded_path()[1:].decode(errors="replace")
        session = self._cloud.sessions.get(key)
        content = session.item.objects.get(key) if session is not None else None
        if session is None or content is None:
            raise Refusal("NoSuchKey", "There is no such object.")
        call.media_id = session.item.media_id
        headers = (("x-nos-request-id", call.request_id),)
        if call.operation == "DeleteObject":
            session.item.objects.pop(key).discard()
            return Reply(204, headers)
        if call.operation == "HeadObject":
            return Reply(200, headers, length=content.size)
        return Reply(200, headers, stream=content.read(), length=content.size)

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        body = f"<Error><Code>{escape(refusal.code)}</Code><Message>{escape(refusal.message)}</Message></Error>"
        status = refusal.status or _STATUS.get(refusal.code, 403)
        return Reply(
            status, (("Content-Type", "application/xml"), ("x-nos-request-id", call.request_id)), body.encode()
        )

    def throttled(self) -> Refusal:
        return Refusal("ServerBusy", "Send fewer requests.")

    def expire(self, call: Call) -> None:
        """The owner's keys do not expire."""

    def lie(self, _: Call, reply: Reply) -> Reply:
        return reply
