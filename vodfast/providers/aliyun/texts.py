"""The forms in which ApsaraVideo VOD wants values: joined lists, JSON texts, Base64 JSON, encoded URLs.

Decides the encoding of section 4's structured parameters and the decoding of UploadAddress and UploadAuth (section
4.10 of the protocol notes), as pure functions. Leaves bounds to `checks.py`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar
from urllib.parse import quote, unquote

import msgspec

from vodfast.errors import InvalidInput
from vodfast.providers.aliyun import wire
from vodfast.providers.aliyun.options import UserData
from vodfast.providers.kinds import stem

B = TypeVar("B", bound=wire.Body)

EMOJI: Final = re.compile("[\U0001f000-\U0001faff\ufe0f\u20e3]")
"""Pictographs, and the two marks that turn other characters into emoji."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def cut_to_bytes(text: str, limit: int) -> str:
    """The longest beginning of `text` of at most `limit` bytes of UTF-8, no character split."""
    return text.encode()[:limit].decode(errors="ignore")


def default_title(name: str, limit: int) -> str:
    """A title from a file name: its stem without emoji and control characters, cut to `limit` bytes."""
    plain = _CONTROL.sub("", EMOJI.sub("", stem(name))).strip()
    return cut_to_bytes(plain, limit).strip() or "untitled"


def encoded_url(url: str) -> str:
    """A URL as UploadURLs wants it: percent-encoded once as a whole, `/` left alone; commas then only separate."""
    return quote(url, safe="/-_.~")


def decoded_url(url: str) -> str:
    """The other way: the service answers URLs in either form."""
    return unquote(url)


def joined(values: Iterable[object]) -> str | None:
    """`a,b,c`, or None for nothing."""
    return ",".join(str(value) for value in values) or None


def json_text(value: object) -> str:
    """Compact JSON.

    Raises:
        InvalidInput: the value holds something JSON has no form for.
    """
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        raise InvalidInput("user_data.extend holds a value that JSON cannot express", cloud="aliyun") from None


def extend_of(context: str | None, data: UserData | None) -> Mapping[str, object] | None:
    """What comes back in events, from either way of giving it."""
    return {"context": context} if context is not None else data.extend if data is not None else None


def user_data(context: str | None, data: UserData | None) -> str | None:
    """The UserData parameter (section 4.9), nested values as objects; None if there is nothing to say."""
    extend = extend_of(context, data)
    data = data or UserData()
    body = wire.UserData(
        message_callback=wire.MessageCallback(callback_url=data.callback_url, callback_type="http")
        if data.callback_url
        else None,
        extend=dict(extend) if extend is not None else None,
        accelerate_config=wire.AccelerateConfig(type="oss", domain=data.accelerate_domain)
        if data.accelerate_domain
        else None,
    )
    text = json_text(body)
    return None if text == "{}" else text


def notification(watermark: bool | None) -> str | None:
    """What travels to VOD with the object itself (section 5.7): Base64 of JSON, whose values are texts."""
    if watermark is None:
        return None
    said = {"Vod": {"UserData": {"IsShowWaterMark": "true" if watermark else "false"}}}
    return base64.b64encode(msgspec.json.encode(said)).decode()


def decode(text: str, shape: type[B]) -> B:
    """UploadAddress or UploadAuth.

    Raises:
        ValueError: not Base64, not JSON, or a field is missing or of the wrong type. The text quotes nothing.
    """
    try:
        return msgspec.json.decode(base64.b64decode(text, validate=True), type=shape)
    except (ValueError, RecursionError):
        raise ValueError("not the Base64 of the JSON object due") from None
