"""The node lookup and the upload nodes: chunks in order, offsets, and the chunk that finishes the object.

Decides who may append what and what is answered (protocol notes 5.1 to 5.6). Leaves sessions to `cloud.py` and tokens
to `signatures.py`.
"""

from __future__ import annotations

import base64
import re
import uuid
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec

from vodfast.emulator.blobs import Blob
from vodfast.emulator.loopback import is_loopback
from vodfast.emulator.messages import Reply
from vodfast.emulator.netease.names import BUCKET, NOS_KEY, NOS_SECRET
from vodfast.emulator.netease.signatures import verify_token
from vodfast.emulator.service import Call, Refusal

if TYPE_CHECKING:
    from vodfast.emulator.netease.cloud import NeteaseCloud, Session

MAX_CHUNK = 4 << 20
_JSON = (("Content-Type", "application/json"),)
_NUMBER = re.compile(r"[0-9]{1,18}")


class Target(NamedTuple):
    """What a request to a node is about. `context` is empty on a first chunk."""

    session: Session
    context: str
    offset: int = 0
    complete: bool = False


class Nos:
    """Lookup and nodes as one service: the paths do not clash."""

    cloud = "netease"
    operations = frozenset(("lbs", "chunk", "offset"))

    def __init__(self, cloud: NeteaseCloud) -> None:
        self._cloud = cloud

    def new_request_id(self) -> str:
        return str(uuid.uuid4())

    def open(self, call: Call) -> None:
        request = call.request
        given = _query(request.query)
        if request.path == b"/lbs":
            call.operation = "lbs"
            return
        call.operation = {"POST": "chunk", "GET": "offset" if "uploadContext" in given else ""}.get(request.method, "")
        if not call.operation:
            raise Refusal("400", "A node takes chunks and offset queries only.")
        offset = given.get("offset", "")
        call.upload_id = given.get("context") or None
        session = self._authorised(call)
        call.media_id = session.item.media_id
        if given.get("version") != "1.0":
            raise Refusal("400", "The version must be 1.0.")
        context = given.get("context", "")
        if call.operation == "offset":
            if not context:
                raise Refusal("400", "No context is given.")
            call.context = Target(session, context)
            return
        if not _NUMBER.fullmatch(offset) or given.get("complete") not in ("true", "false"):
            raise Refusal("400", "offset must be a number, complete must be true or false.")
        call.context = Target(session, context, int(offset), given["complete"] == "true")
        call.part_number = len(session.open.get(context, ())) + 1
        if request.length is None or request.length > MAX_CHUNK:
            raise Refusal("400", f"A chunk has a Content-Length of 0 to {MAX_CHUNK}.")
        call.writer = self._cloud.world.blobs.writer(request.length)

    def _authorised(self, call: Call) -> Session:
        """The session whose object the path names and whose token the request carries."""
        bucket, _, key = call.request.path.removeprefix(b"/").partition(b"/")
        try:
            place = unquote_to_bytes(bucket).decode(), unquote_to_bytes(key).decode()
        except UnicodeDecodeError:
            raise Refusal("400", "The object name is not UTF-8.") from None
        policy = verify_token(call.request.header("x-nos-token"), NOS_KEY, NOS_SECRET)
        if (policy.get("Bucket"), policy.get("Object")) != place:
            raise Refusal("403", "The token is for another object.")
        expires = policy.get("Expires")
        session = self._cloud.sessions.get(place[1])
        if session is None or place[0] != BUCKET:
            raise Refusal("404", "There is no such object.")
        if not isinstance(expires, int) or expires <= self._cloud.world.now() or session.revoked:
            raise Refusal("403", "The token has expired.")
        return session

    def answer(self, call: Call) -> Reply:
        if call.operation == "lbs":
            return self._lookup(call)
        target = call.context
        assert isinstance(target, Target)
        if target.session.revoked:
            raise Refusal("403", "The token has expired.")
        if target.context:
            self._check_context(target)
        if call.operation == "offset":
            stored = sum(blob.length for blob in target.session.open[target.context])
            return _reply({"requestId": call.request_id, "offset": stored})
        return self._append(call, target)

    def _lookup(self, call: Call) -> Reply:
        """Nodes as they are set; a client that came by a loopback address is sent back there."""
        request = call.request
        if request.method != "GET" or _query(request.query).get("version") != "1.0":
            raise Refusal("400", "The lookup is a GET with version=1.0.")
        nodes = [node if "://" in node else f"http://{node}" for node in self._cloud.world.settings.netease_nodes]
        if is_loopback(request.host):
            nodes = [f"http://{request.authority}"] * len(nodes)
        return _reply({"lbs": f"http://{request.authority}/lbs", "upload": nodes})

    def _check_context(self, target: Target) -> None:
        owner = self._cloud.contexts.get(target.context)
        if owner is None:
            raise Refusal("404", "The context is unknown.")
        if owner is not target.session:
            raise Refusal("400", "The context is of another object.")

    def _append(self, call: Call, target: Target) -> Reply:
        session, context = target.session, target.context
        if not context:
            if target.offset:
                raise Refusal("400", "The first chunk begins at 0.")
            context = self._cloud.start(session)
        held = session.open[context]
        stored = sum(blob.length for blob in held)
        if target.offset != stored:
            # A chunk that was here before, or one ahead of its turn: the answer says where to go on.
            return self._accepted(call, context, stored)
        received = call.take()
        blob = self._kept(received)
        held.append(blob)
        self._cloud.world.history.count("parts_stored")
        stored += blob.length
        if not target.complete or blob is not received:
            return self._accepted(call, context, stored)
        way = self._cloud.world.settings.netease_callback
        self._cloud.finish(session, context, register=way != "failing")
        if way == "failing":
            raise Refusal("520", "The callback failed.")
        return self._accepted(call, context, stored, session.taken_over(call.request_id) if way == "relayed" else b"")

    def _kept(self, blob: Blob) -> Blob:
        """The chunk, or as much of its beginning as the settings let a node keep."""
        most = self._cloud.world.settings.netease_takes
        if most is None or blob.length <= most:
            return blob
        cut = self._cloud.world.blobs.keep(b"".join(blob.read(0, most)))
        blob.discard()
        return cut

    def _accepted(self, call: Call, context: str, stored: int, relayed: bytes = b"") -> Reply:
        call.upload_id = context
        message = base64.b64encode(relayed).decode()
        return _reply({"requestId": call.request_id, "offset": stored, "context": context, "callbackRetMsg": message})

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        status = refusal.status or (int(refusal.code) if re.fullmatch(r"[45][0-9]{2}", refusal.code) else 500)
        if call.operation == "lbs":
            return _reply({"Code": refusal.code, "Message": refusal.message}, status)
        return _reply({"requestId": call.request_id, "errMsg": refusal.message}, status)

    def throttled(self) -> Refusal:
        return Refusal("503", "Send fewer requests.")

    def expire(self, call: Call) -> None:
        """The upload token of the object is refused from now on."""
        if isinstance(call.context, Target):
            call.context.session.revoked = True

    def lie(self, _: Call, reply: Reply) -> Reply:
        return reply


def _query(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=50))
    except ValueError:
        raise Refusal("400", "The query is not form-encoded UTF-8.") from None


def _reply(fields: dict[str, object], status: int = 200) -> Reply:
    return Reply(status, _JSON, msgspec.json.encode(fields))
