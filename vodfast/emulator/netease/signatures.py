"""Who a NetEase request comes from: the checksum of an API call, the upload token of a chunk, the sign of a callback.

Decides acceptance by the received values alone (protocol notes 3, 4.4, 5.2 and 6). Shares nothing with the client.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from vodfast.emulator.accounts import Account
from vodfast.emulator.messages import Request
from vodfast.emulator.service import Refusal

_SECONDS = re.compile(r"[0-9]{1,12}")
_ANY_TIME = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")
"""What vendor clients send for a time: milliseconds, and seconds divided by 1000, among them (section 3)."""
_TOKEN = re.compile(r"UPLOAD ([^:\s]+):([A-Za-z0-9+/]+={0,2}):([A-Za-z0-9+/]+={0,2})")
MAX_NONCE = 128


def checksum(secret: str, nonce: str, cur_time: str) -> str:
    """CheckSum as section 3 defines it."""
    digest = hashlib.sha1(usedforsecurity=False)
    for piece in (secret, nonce, cur_time):
        digest.update(piece.encode())
    return digest.hexdigest()


def verify_call(
    request: Request, find: Callable[[str], Account | None], now: float, window: float | None, used: set[str] | None
) -> Account:
    """The account behind an API call. `window` is how many seconds `CurTime` may be off, None for any; `used` collects
    nonces that may not come again, None to allow it.

    Raises:
        Refusal: 710.
    """
    key, nonce, cur_time, said = (sent_text(request, name) for name in ("appkey", "nonce", "curtime", "checksum"))
    if not 1 <= len(nonce) <= MAX_NONCE:
        raise Refusal("710", f"Nonce takes 1 to {MAX_NONCE} characters.")
    if not (_ANY_TIME if window is None else _SECONDS).fullmatch(cur_time):
        raise Refusal("710", "CurTime is not a time in seconds.")
    account = find(key)
    if account is None:
        raise Refusal("710", "The AppKey is unknown.")
    if not re.fullmatch(r"[0-9a-f]{40}", said) or not hmac.compare_digest(
        said, checksum(account.secret, nonce, cur_time)
    ):
        raise Refusal("710", "The CheckSum is wrong.")
    if window is not None and abs(now - int(cur_time)) > window:
        raise Refusal("710", "CurTime is too far from the server's clock.")
    if used is not None:
        if nonce in used:
            raise Refusal("710", "The Nonce was used before.")
        used.add(nonce)
    return account


def sent_text(request: Request, name: str) -> str:
    """A header's text: values arrive as bytes and are signed as UTF-8.

    Raises:
        Refusal: 710, if it is missing or no UTF-8.
    """
    value = request.header(name)
    if not value:
        raise Refusal("710", f"The header {name} is missing.")
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise Refusal("710", f"The header {name} is not UTF-8.") from None


def token_sign(secret: str, policy64: bytes) -> str:
    """The signature inside an upload token: base64 of HMAC-SHA256 over the encoded policy."""
    return base64.b64encode(hmac.digest(secret.encode(), policy64, "sha256")).decode()


def mint_token(access_key: str, secret: str, policy: bytes) -> str:
    """An upload token over these exact policy bytes."""
    policy64 = base64.b64encode(policy)
    return f"UPLOAD {access_key}:{token_sign(secret, policy64)}:{policy64.decode()}"


def verify_token(token: str | None, access_key: str, secret: str) -> Mapping[str, Any]:
    """The policy of a token that this service made. Who may do what with it is the caller's question.

    Raises:
        Refusal: 403.
    """
    found = _TOKEN.fullmatch(token or "")
    if found is None:
        raise Refusal("403", "There is no upload token of the form UPLOAD key:sign:policy.")
    key, sign, policy64 = found.groups()
    if key != access_key:
        raise Refusal("403", "The token's access key is unknown.")
    if not hmac.compare_digest(sign, token_sign(secret, policy64.encode())):
        raise Refusal("403", "The token's signature is wrong.")
    try:
        policy = msgspec.json.decode(base64.b64decode(policy64, validate=True))
    except (ValueError, RecursionError):
        raise Refusal("403", "The token's policy is no JSON.") from None
    if not isinstance(policy, dict):
        raise Refusal("403", "The token's policy is no JSON object.")
    return policy


_SIGNED = frozenset(
    (
        "acl", "location", "versioning", "versions", "versionId", "uploadId", "uploads", "partNumber", "delete",
        "deduplication", "crop", "resize",
    )
)  # fmt: skip
_OWNER = re.compile(r"NOS ([^:\s]+):([A-Za-z0-9+/]+={0,2})")


def owner_text(request: Request, bucket: str) -> str:
    """What the owner of a bucket signs of a request to it (section 6), path and parameters as they are on the wire."""
    words = [request.header(name) or "" for name in ("content-md5", "content-type")]
    words.append(request.header("expires") or request.header("date") or "")
    lines = [request.method, *(word.strip().strip('"') for word in words)]
    own = sorted((name, value) for name, value in request.headers() if name.startswith("x-nos-"))
    lines += [f"{name}:{value.strip().strip(chr(34))}" for name, value in own]
    pairs = sorted(pair for pair in request.query.split("&") if pair.partition("=")[0] in _SIGNED)
    query = "&".join(pair if pair.partition("=")[2] else pair.partition("=")[0] for pair in pairs)
    path = request.path.decode("latin-1").strip("/")
    return "\n".join([*lines, f"/{bucket}/{path}{'?' if query else ''}{query}"])


def verify_owner(request: Request, bucket: str, access_key: str, secret: str) -> None:
    """Whether a request is signed with the keys of the bucket's owner.

    Raises:
        Refusal: AccessDenied, InvalidAccessKeyId or SignatureDoesNotMatch.
    """
    found = _OWNER.fullmatch(request.header("authorization") or "")
    if found is None:
        raise Refusal("AccessDenied", "There is no Authorization of the form NOS key:signature.")
    if found[1] != access_key:
        raise Refusal("InvalidAccessKeyId", "The access key is unknown.")
    digest = hmac.digest(secret.encode(), owner_text(request, bucket).encode("latin-1", "replace"), "sha256")
    if not hmac.compare_digest(found[2], base64.b64encode(digest).decode()):
        raise Refusal("SignatureDoesNotMatch", "The signature is not the one calculated here.")


def callback_sign(body: bytes, key: str) -> str:
    """The `sign` header of a callback."""
    digest = hashlib.md5(body, usedforsecurity=False)
    digest.update(key.encode())
    return digest.hexdigest()
