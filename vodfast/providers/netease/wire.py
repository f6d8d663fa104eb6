"""Bodies of the NetEase VCloud VOD API as they stand on the wire.

Shapes only: names, types and which fields are optional (sections 4 to 4.4 of the protocol notes). Leaves checks to
`checks.py` and the emulator's own rules to the emulator.
"""

from __future__ import annotations

import msgspec


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Common form: camelCase names, unset fields left out. Values stay out of the repr: some of them are keys."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class Envelope(Body, frozen=True, kw_only=True):
    """Every answer: 200 and `ret`, or another code and `msg`."""

    code: int
    request_id: str | None = None
    msg: str | None = None
    ret: msgspec.Raw = msgspec.Raw(b"{}")


class InitRequest(Body, frozen=True, kw_only=True):
    """upload/init; fields of the caller's own are merged in beside these."""

    origin_file_name: str
    user_file_name: str | None = None
    type_id: int | None = None
    preset_id: int | None = None
    upload_callback_url: str | None = None
    callback_url: str | None = None
    description: str | None = None
    watermark_id: int | None = None
    user_def_info: str | None = None
    trans_offset: int | None = None
    trans_duration: int | None = None


class InitReply(Body, frozen=True, kw_only=True):
    """`host` to `callback` come with `storageType` `oss` only; then there is no token."""

    bucket: str
    object: str
    x_nos_token: str | None = None
    storage_type: str | None = None
    host: str | None = None
    access_key_id: str | None = None
    access_key_secret: str | None = None
    security_token: str | None = None
    callback: str | None = None


class QueryRequest(Body, frozen=True, kw_only=True):
    object_names: list[str]


class QueryEntry(Body, frozen=True, kw_only=True):
    """One known object: `vid` for video, `imgId` for an image; the other one is absent."""

    object_name: str
    vid: int | None = None
    img_id: int | None = None


class QueryReply(Body, frozen=True, kw_only=True):
    entries: list[QueryEntry] | None = msgspec.field(default=None, name="list")
    count: int | None = None


class SetCallbackRequest(Body, frozen=True, kw_only=True):
    """upload/setcallback, transcode/setcallback and, with `type`, callback/setUrl."""

    callback_url: str
    type: int | None = None
    sign_key: str | None = None


class CallbackMedia(Body, frozen=True, kw_only=True):
    """The part of the media service's answer to NOS that matters: which media it made."""

    vid: int | None = None
    img_id: int | None = None


class CallbackAnswer(Body, frozen=True, kw_only=True):
    """What the media service answered NOS (section 5.5), relayed in the last chunk's answer."""

    code: int
    ret: CallbackMedia | None = None
    request_id: str | None = None
