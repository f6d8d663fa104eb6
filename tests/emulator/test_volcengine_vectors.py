"""The golden vectors, through the emulator's verifiers and checksums. Each case feeds the vendor's own bytes."""

from __future__ import annotations

import base64
import calendar
import json
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from vodfast.emulator.accounts import Account
from vodfast.emulator.blobs import BlobStore
from vodfast.emulator.messages import Request, parse_head
from vodfast.emulator.service import Refusal
from vodfast.emulator.volcengine import gateway, signatures, tos
from vodfast.emulator.volcengine.unseal import unseal

FILE = Path(__file__).parents[1] / "vectors" / "volcengine.json"
VECTORS: list[dict[str, Any]] = json.loads(FILE.read_text())["vectors"]


def vectors(scheme: str) -> Any:
    found = [vector for vector in VECTORS if vector["scheme"] == scheme]
    return pytest.mark.parametrize("vector", found, ids=[vector["id"] for vector in found])


def test_every_vector_has_its_test() -> None:
    schemes = {"openapi-v4-header", "openapi-v4-query", "sts2-local-token", "content-crc32", "merge-body"}
    # A part plan is the client's business: any layout within the limits is taken (see the store's own tests).
    assert {vector["scheme"] for vector in VECTORS} == schemes | {"tos-crc64-ecma", "vpc-complete-body", "part-plan"}
    assert len(VECTORS) == 38


def finder(given: dict[str, Any]) -> signatures.Find:
    known = Account(
        access_key=given["access_key"], secret=given["secret_key"], token=given.get("session_token") or None
    )
    return {known.access_key: known}.get


def moment(x_date: str) -> int:
    return calendar.timegm(time.strptime(x_date, "%Y%m%dT%H%M%SZ"))


def head(method: str, target: str, headers: dict[str, str]) -> Request:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return parse_head("\r\n".join(lines).encode())


def verify(vector: dict[str, Any], body: bytes, now: float, **changed: str) -> signatures.Caller:
    """The signature alone: a token is compared with a known caller's, since these are no real STS2 tokens."""
    given, expected = vector["input"], vector["expected"]
    target = quote(given["path"], safe="/-_.~") + expected["request_url_path_query"].removeprefix(given["path"])
    if "request_url_path_query" in changed:
        target = changed.pop("request_url_path_query")
    request = head(given["method"], target, expected["headers_after_signing"] | changed)
    return signatures.verify_header(request, body, finder(given), now, region=given["region"], service=given["service"])


@vectors("openapi-v4-header")
def test_header_signature(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    given, expected = vector["input"], vector["expected"]
    if given["session_token"]:
        trusted = signatures.Caller(Account(access_key=given["access_key"], secret=given["secret_key"]), None)
        monkeypatch.setattr(signatures, "open_token", lambda *_: trusted)
    body, now = given["body"].encode(), moment(given["x_date"])
    assert verify(vector, body, now + 900).account.access_key == given["access_key"]
    pairs = list(given["query"].items())
    sent = {name.lower(): value for name, value in expected["headers_after_signing"].items()}
    names = re.search(r"SignedHeaders=([^,]+)", expected["authorization"])
    assert names
    listed = [
        (name, signatures.signed_host(sent[name]) if name == "host" else sent[name]) for name in names[1].split(";")
    ]
    canonical = signatures.canonical_request(
        given["method"], given["path"].encode(), pairs, listed, expected["x_content_sha256"]
    )
    assert canonical.decode() == expected["canonical_request"]
    scope = f"{given['x_date'][:8]}/{given['region']}/vod/request"
    assert signatures.string_to_sign(given["x_date"], scope, canonical) == expected["string_to_sign"]
    key = signatures.signing_key(given["secret_key"], given["x_date"][:8], given["region"], "vod")
    assert key.hex() == expected["signing_key_hex"]
    for wrong in (
        lambda: verify(vector, body + b" ", now),
        lambda: verify(vector, body, now, Host="another.host"),
        lambda: verify(vector, body, now, request_url_path_query="/?Action=Another"),
    ):
        with pytest.raises(Refusal) as refused:
            wrong()
        assert refused.value.code == "SignatureDoesNotMatch"
    for late in (now + 901, now - 901):
        with pytest.raises(Refusal) as refused:
            verify(vector, body, late)
        assert refused.value.code == "InvalidTimestamp"


@vectors("openapi-v4-query")
def test_query_signature(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    given, expected = vector["input"], vector["expected"]
    if given["session_token"]:
        trusted = signatures.Caller(Account(access_key=given["access_key"], secret=given["secret_key"]), None)
        monkeypatch.setattr(signatures, "open_token", lambda *_: trusted)
    pairs, now = signatures.pairs_of(expected["query_string"]), moment(given["x_date"])
    caller = signatures.verify_query(given["method"], pairs, finder(given), now + 10)
    assert caller.account.access_key == given["access_key"]
    for at, (name, value) in enumerate(pairs):
        if name in ("X-Date", "X-Credential", "X-Algorithm", "X-Signature", "X-Security-Token", "X-Expires"):
            continue
        changed = [*pairs[:at], (name, value + "x"), *pairs[at + 1 :]]
        with pytest.raises(Refusal) as refused:
            signatures.verify_query(given["method"], changed, finder(given), now)
        assert refused.value.code == "SignatureDoesNotMatch"
    with pytest.raises(Refusal) as refused:
        signatures.verify_query(given["method"], pairs, finder(given), now + 3601)
    assert refused.value.code == "InvalidTimestamp"


@vectors("sts2-local-token")
def test_token(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expected"]
    find, now = finder(given), expected["effective_expire_unix"] - 1
    caller = signatures.open_token(expected["session_token"], find, now)
    assert caller.account.access_key == expected["temp_access_key_id"]
    assert caller.account.secret == expected["temp_secret_access_key"]
    assert caller.policy == expected["policy_string"]
    with pytest.raises(Refusal, match="expired"):
        signatures.open_token(expected["session_token"], find, now + 1)
    inside = json.loads(expected["inner_token_json"])
    other = {
        "ExpiredTime": inside["ExpiredTime"] + 1,
        "AccessKeyId": "AKTPother",
        "PolicyString": "{}",
        "Signature": "0",
    }
    other["SignedSecretAccessKey"] = base64.b64encode(bytes(64)).decode()
    for name, value in other.items():
        text = json.dumps(inside | {name: value})
        with pytest.raises(Refusal, match="differs"):
            signatures.open_token("STS2" + base64.b64encode(text.encode()).decode(), find, now)
    for broken in (
        "STS2",
        "STS2!",
        "STS2" + base64.b64encode(b"[]").decode(),
        "STS2" + base64.b64encode(b"{}").decode(),
    ):
        with pytest.raises(Refusal, match="not well formed"):
            signatures.open_token(broken, find, now)


def test_unsealing_against_the_standard() -> None:
    """FIPS 197, appendix C.1, as one CBC block with an empty start."""
    key, sealed = bytes(range(16)), bytes.fromhex("69c4e0d86a7b0430d8cdb78070b4c55a")
    assert unseal(sealed, key, bytes(16)).hex() == "00112233445566778899aabbccddeeff"
    with pytest.raises(ValueError, match="blocks"):
        unseal(b"", key, key)


@vectors("content-crc32")
def test_crc32(vector: dict[str, Any]) -> None:
    assert summed(vector)[0] == vector["expected"]["content_crc32"]


@vectors("tos-crc64-ecma")
def test_crc64(vector: dict[str, Any]) -> None:
    assert summed(vector)[1] == vector["expected"]["x_tos_hash_crc64ecma_unsigned_decimal"]


def summed(vector: dict[str, Any]) -> tuple[str, str]:
    given, store = vector["input"], BlobStore()
    try:
        body = (given["pattern_utf8"] * given["repeat"] + given["tail_utf8"]).encode()
        writer = store.writer(len(body), crc32=True)
        writer.write(body)
        blob = writer.seal_now()
        assert blob.length == given["length"]
        return f"{blob.crc32:08x}", str(blob.crc64)
    finally:
        store.close()


@vectors("merge-body")
def test_merge_body(vector: dict[str, Any]) -> None:
    sums, expected = vector["input"]["part_crc32"], vector["expected"]
    zero, one = expected["body_python_java_zero_based"].encode(), expected["body_go_php_node_one_based"].encode()
    assert gateway.merge_sums(zero, "any") == gateway.merge_sums(one, "any") == sums
    assert gateway.merge_sums(zero, "zero") == gateway.merge_sums(one, "one") == sums
    for body, numbering in ((zero, "one"), (one, "zero"), (b"2:00000000", "any"), (one + b"\n", "any"), (b"", "any")):
        with pytest.raises(Refusal, match="invalid merge parts"):
            gateway.merge_sums(body, numbering)


@vectors("vpc-complete-body")
def test_vpc_complete_body(vector: dict[str, Any]) -> None:
    given, expected = vector["input"]["etag_headers"], vector["expected"]
    assert tos._listed(expected["body_recommended"].encode()) == [(at, etag) for at, etag in enumerate(given, 1)]
    theirs = expected["body_official_python_sdk"].encode()
    if expected["is_valid_json"]:
        assert tos._listed(theirs) == [(at, etag.strip('"')) for at, etag in enumerate(given, 1)]
        assert tos._listed(theirs.replace(b"ETag", b"Etag")) == tos._listed(theirs)
    else:
        with pytest.raises(Refusal, match="does not list parts"):
            tos._listed(theirs)
