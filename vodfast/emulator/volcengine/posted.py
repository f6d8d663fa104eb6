"""Parameters in the body of a POST to the VOD API (protocol notes 2 and 3.3).

Decides what a form, a JSON object and a multipart form hold. Leaves which of them an action takes to `actions.py`.
"""

from __future__ import annotations

import email.parser
import email.policy
from collections.abc import Callable, Mapping

import msgspec

from vodfast.emulator.service import Refusal
from vodfast.emulator.volcengine.signatures import pairs_of

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MULTIPART = "multipart/form-data"


def parameters(content_type: str, body: bytes, taken: tuple[str, ...]) -> dict[str, str]:
    """What a body of one of the `taken` content types holds.

    Raises:
        Refusal: InvalidParameter.
    """
    kind = content_type.partition(";")[0].strip()
    if kind not in taken:
        raise Refusal("InvalidParameter", f"The content type of this POST must be {' or '.join(taken)}.")
    return _READERS[kind](content_type, body)


def single(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The pairs by name.

    Raises:
        Refusal: InvalidParameter, if a name comes twice.
    """
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Refusal("InvalidParameter", "A parameter is given twice.")
    return given


def _form(_: str, body: bytes) -> dict[str, str]:
    return single(pairs_of(body.decode("latin-1")))


def _document(_: str, body: bytes) -> dict[str, str]:
    try:
        return msgspec.json.decode(body, type=dict[str, str])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Refusal("InvalidParameter", "The body is not a JSON object of texts.") from None


def _multipart(content_type: str, body: bytes) -> dict[str, str]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    pairs = []
    for part in message.iter_parts() if message.is_multipart() and not message.defects else ():
        name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        try:
            pairs.append((str(name or ""), value.decode() if isinstance(value, bytes) else ""))
        except UnicodeDecodeError:
            raise Refusal("InvalidParameter", "A field of the body is not UTF-8.") from None
    if not pairs or not all(name for name, _ in pairs):
        raise Refusal("InvalidParameter", "The body is not a multipart form.")
    return single(pairs)


_READERS: Mapping[str, Callable[[str, bytes], dict[str, str]]] = {FORM: _form, JSON: _document, MULTIPART: _multipart}
