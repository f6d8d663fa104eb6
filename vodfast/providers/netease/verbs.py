"""What NetEase VCloud VOD offers beside uploads: media lookup, callbacks.

Decides the meaning of those calls and their answers (sections 4.2 to 4.4 of the protocol notes), and how the media id
is read from what the store relays (5.5). Leaves field checks to `checks.py` and signatures to `signing.py`.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from vodfast.errors import AmbiguousCommit, InvalidInput, RetryClass, Unsupported
from vodfast.providers.answers import Reply
from vodfast.providers.contract import MediaInfo, MediaRecord, MediaSpec, ProviderLimits
from vodfast.providers.fields import check_choice, check_http_url, refuse
from vodfast.providers.netease import checks, signing, wire
from vodfast.providers.netease.calls import Api
from vodfast.providers.netease.faults import CLOUD, DONE
from vodfast.providers.netease.options import UploadOptions
from vodfast.transfer.ports import Call, ObjectReceipt

QUERY: Final = "video/query"

EVENTS: Final[Mapping[str, tuple[int, str | None]]] = {
    "transcode": (1, "transcode/setcallback"),
    "upload": (2, "upload/setcallback"),
    "merge": (5, None),
    "cut": (6, None),
}
"""By event: its type in callback/setUrl, and the older call of its own."""

_CALLBACK_FIELDS: Final = ("event", "sign_key", "newer")
_SIGN_KEY = re.compile(r"[A-Za-z0-9]{1,32}")


def query(api: Api, names: Sequence[str]) -> Call[tuple[MediaInfo, ...]]:
    """Media by object name, in the order asked; names the service does not know have `found=False`."""

    def read(reply: Reply) -> tuple[MediaInfo, ...]:
        entries = _entries(reply)
        whole = {entry["objectName"]: entry for entry in msgspec.json.decode(reply.content).get("list") or ()}
        return tuple(_info(name, entries.get(name), whole.get(name)) for name in names)

    return api.call(QUERY, wire.QueryRequest(object_names=list(dict.fromkeys(names))), read, reads=True)


def confirm(api: Api, name: str) -> Call[ObjectReceipt | None]:
    """Whether the service made media of an object, with the media id in the receipt as the store would relay it."""

    def read(reply: Reply) -> ObjectReceipt | None:
        entry = _entries(reply).get(name)
        if entry is None:
            return None
        media = wire.CallbackMedia(vid=entry.vid, img_id=entry.img_id)
        answer = wire.CallbackAnswer(code=DONE, ret=media, request_id=reply.request_id)
        return ObjectReceipt(tag="", digest=None, reply=msgspec.json.encode(answer).decode())

    return api.call(QUERY, wire.QueryRequest(object_names=[name]), read, reads=True)


def record(api: Api, name: str, url: str) -> Call[MediaRecord]:
    """The media the service made of a finished object. Normally registered before the last chunk was answered; until
    it is, asking again is all that can be done.

    Raises (from the call):
        AmbiguousCommit: the service does not list the object yet.
    """

    def read(reply: Reply) -> MediaRecord:
        entry = _entries(reply).get(name)
        media_id = None if entry is None else media_id_of(entry)
        if media_id is None:
            raise AmbiguousCommit(
                f"the object {name} is stored, but the service lists no media for it yet: look for it later",
                retry=RetryClass.LATER,
                cloud=CLOUD,
                operation=QUERY,
                request_id=reply.request_id,
            )
        return MediaRecord(media_id=media_id, url=url, query_id=name, request_id=reply.request_id)

    return api.call(QUERY, wire.QueryRequest(object_names=[name]), read, reads=True)


def relayed_record(text: str | None, name: str, url: str) -> MediaRecord | None:
    """The media from what the service answered the store, None if that says nothing usable."""
    try:
        answer = msgspec.json.decode(text or "", type=wire.CallbackAnswer)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    media_id = media_id_of(answer.ret) if answer.ret is not None and answer.code == DONE else None
    if media_id is None:
        return None
    return MediaRecord(media_id=media_id, url=url, query_id=name, request_id=answer.request_id)


def media_id_of(entry: wire.QueryEntry | wire.CallbackMedia) -> str | None:
    """`vid`, or `imgId` of an image; None without a positive one."""
    number = entry.vid if entry.vid is not None else entry.img_id
    return str(number) if number is not None and number > 0 else None


def _entries(reply: Reply) -> dict[str, wire.QueryEntry]:
    return {entry.object_name: entry for entry in reply.read(wire.QueryReply).entries or ()}


def _info(name: str, entry: wire.QueryEntry | None, whole: Mapping[str, object] | None) -> MediaInfo:
    media_id = None if entry is None else media_id_of(entry)
    if entry is None or media_id is None:
        return MediaInfo(media_id=name, found=False)
    return MediaInfo(media_id=media_id, found=True, name=name, state="done", raw=whole or {})


def set_callback(api: Api, url: str | None, fields: Mapping[str, object]) -> Call[None]:
    """Where the account's events go.

    `fields` may hold `event` (`upload`, the default, `transcode`, `merge`, `cut`), `sign_key` (1 to 32 letters and
    digits, signs every callback; not for the older transcode call) and `newer` (True for callback/setUrl, which
    `merge` and `cut` take anyway).
    """
    unknown = sorted(str(name) for name in fields if name not in _CALLBACK_FIELDS)
    if unknown:
        raise InvalidInput(
            f"set_callback on netease knows no field {', '.join(unknown)}; it takes {', '.join(_CALLBACK_FIELDS)}",
            cloud=CLOUD,
        )
    if url is None:
        raise Unsupported("netease has no call that clears a callback; set another URL", cloud=CLOUD)
    check_http_url(CLOUD, "url", url)
    event = fields.get("event", "upload")
    check_choice(CLOUD, "event", event, EVENTS, ", ".join(EVENTS))
    number, older = EVENTS[str(event)]
    sign_key, newer = fields.get("sign_key"), fields.get("newer", False)
    if sign_key is not None and (not isinstance(sign_key, str) or not _SIGN_KEY.fullmatch(sign_key)):
        refuse(CLOUD, "sign_key", "must be 1 to 32 letters and digits")
    if not isinstance(newer, bool):
        refuse(CLOUD, "newer", "must be True or False")
    if older is None or newer:
        if len(url) > checks.MAX_CALLBACK_URL or not url.startswith("http"):
            refuse(CLOUD, "url", f"may have at most {checks.MAX_CALLBACK_URL} characters")
        body = wire.SetCallbackRequest(callback_url=url, type=number, sign_key=sign_key)
        return api.call("callback/setUrl", body, lambda _: None)
    if sign_key is not None and event == "transcode":
        refuse(CLOUD, "sign_key", "has no place in transcode/setcallback; give newer=True")
    return api.call(older, wire.SetCallbackRequest(callback_url=url, sign_key=sign_key), lambda _: None)


def verify_callback(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether a callback carries the `sign` of its body made with `secret`, the sign key set with the callback.

    The service's default key is the public word `vcloud`: a callback signed with it proves nothing, so set another.
    Nothing in a callback says when it was made; a replayed one verifies.
    """
    given = next((value for name, value in headers.items() if name.lower() == "sign"), "")
    if not secret:
        return False
    expected = signing.callback_sign(body, secret)
    return hmac.compare_digest(given.strip().lower().encode(errors="replace"), expected.encode())


_COMMON_FIELDS: Final = ("name", "title", "description", "category", "context")


def issue_token(api: Api, fields: Mapping[str, object], limits: ProviderLimits) -> Call[str]:
    """What a browser or phone needs for one upload, made by the service: JSON with `bucket`, `object` and `xNosToken`,
    or, of an account whose bytes lie in Aliyun OSS, `storageType`, `host`, temporary keys and `callback` (section 7).

    `fields` are `name` (required, a file name with its extension), `title`, `description`, `category`, `context` and
    those of `UploadOptions`. How long the token lives is the service's decision: a year (section 5.2).
    """
    options: dict[str, Any] = {name: value for name, value in fields.items() if name not in _COMMON_FIELDS}
    common: dict[str, Any] = {name: value for name, value in fields.items() if name in _COMMON_FIELDS}
    unknown = sorted(name for name in options if name not in UploadOptions.__struct_fields__)
    if unknown:
        known = ", ".join((*_COMMON_FIELDS, *UploadOptions.__struct_fields__))
        raise InvalidInput(f"issue_token on netease knows no field {', '.join(unknown)}; it takes {known}", cloud=CLOUD)
    if "name" not in common:
        refuse(CLOUD, "name", "is missing; give the name of the file, with its extension")
    media = MediaSpec(size=None, options=UploadOptions(**options), **common)
    checks.check_media(media, limits)

    def read(reply: Reply) -> str:
        answer = reply.read(wire.InitReply)
        if not (answer.security_token if answer.storage_type == "oss" else answer.x_nos_token):
            raise reply.useless("no upload token")
        return msgspec.json.encode(answer).decode()

    return api.call("upload/init", checks.init_body(media), read)


def clock(api: Api) -> Call[None]:
    """A lookup of a name no object has, for its date and its verdict on the keys."""
    return api.call(QUERY, wire.QueryRequest(object_names=["0.mp4"]), lambda _: None, reads=True)
