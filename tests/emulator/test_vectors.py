"""The golden vectors, through the emulator's verifiers and checksums. Each case feeds the vendor's own bytes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from vodfast.emulator.accounts import Account
from vodfast.emulator.blobs import Content
from vodfast.emulator.messages import Request, parse_head
from vodfast.emulator.object_store import query_of
from vodfast.emulator.service import Refusal
from vodfast.emulator.settings import Settings
from vodfast.emulator.tencent import TencentCloud, signatures
from vodfast.emulator.world import World

FILE = Path(__file__).parents[1] / "vectors" / "tencent.json"
VECTORS: list[dict[str, Any]] = json.loads(FILE.read_text())["vectors"]


def vectors(prefix: str) -> Any:
    found = [vector for vector in VECTORS if vector["scheme"].startswith(prefix)]
    return pytest.mark.parametrize("vector", found, ids=[vector["id"] for vector in found])


def test_every_vector_has_its_test() -> None:
    prefixes = ("TC3", "V1", "COS", "UGC", "checksum", "event")
    assert all(vector["scheme"].startswith(prefixes) for vector in VECTORS)
    assert len(VECTORS) == 38


def account(given: dict[str, Any]) -> signatures.Find:
    token = given.get("token") or given.get("args", {}).get("Params", {}).get("x-cos-security-token")
    known = Account(access_key=given["secret_id"], secret=given["secret_key"], token=token)
    return {known.access_key: known}.get


def head(method: str, target: str, headers: dict[str, str]) -> Request:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return parse_head("\r\n".join(lines).encode())


def tc3_request(given: dict[str, Any], expected: dict[str, Any]) -> Request:
    headers = expected["headers"] | {"Authorization": expected["authorization"]}
    return head(given["method"], f"/?{given['query']}" if given["query"] else "/", headers)


@vectors("TC3")
def test_tc3(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expected"]
    request, body, find = tc3_request(given, expected), given["body"].encode(), account(given)
    now = given["timestamp"] + 299
    assert signatures.verify_tc3(request, body, given["service"], find, now).access_key == given["secret_id"]
    listed = [("content-type", request.header("content-type") or ""), ("host", given["host"])]
    canonical = signatures.tc3_canonical(given["method"], given["query"], listed, expected["hashed_payload"])
    assert canonical.decode() == expected["canonical_request"]
    date = expected["credential_scope"][:10]
    text = signatures.tc3_string_to_sign(canonical, given["timestamp"], date, given["service"])
    assert text == expected["string_to_sign"]
    assert signatures.tc3_signature(given["secret_key"], date, given["service"], text) == expected["signature"]


@vectors("TC3")
def test_tc3_of_other_bytes(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expected"]
    query = f"{given['query']}&a=b" if given["method"] == "GET" else given["query"]
    host = expected["headers"] | ({"Host": "another.host"} if given["unsigned_payload"] else {})
    request = tc3_request(given | {"query": query}, expected | {"headers": host})
    with pytest.raises(Refusal) as refused:
        signatures.verify_tc3(
            request, given["body"].encode() + b" ", given["service"], account(given), given["timestamp"]
        )
    assert refused.value.code == "AuthFailure.SignatureFailure"


@vectors("V1")
def test_v1(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expected"]
    pairs = dict(parse_qsl(expected["encoded_params"], keep_blank_values=True))
    assert signatures.v1_string_to_sign(given["method"], given["host"], pairs) == expected["string_to_sign"]
    find, now = account(given), given["timestamp"] - 299
    assert signatures.verify_v1(given["method"], given["host"], pairs, find, now).access_key == given["secret_id"]
    for change in ({"Nonce": "1"}, {"Action": "Another"}, {"SignatureMethod": "HmacSHA1"}, {"Extra": ""}):
        changed = pairs | change
        if changed != pairs:
            with pytest.raises(Refusal, match="signature differs"):
                signatures.verify_v1(given["method"], given["host"], changed, find, now)


def cos_request(vector: dict[str, Any]) -> Request:
    given, expected = vector["input"], vector["expected"]
    url = urlsplit(expected.get("result") or expected["url"])
    headers = expected.get("headers") or given["args"].get("Headers") or {}
    headers = {"Host": url.netloc} | headers
    if "authorization" in expected:
        headers["Authorization"] = expected["authorization"]
    method = expected.get("method") or given["args"]["Method"]
    return head(method, url.path + (f"?{url.query}" if url.query else ""), headers)


@vectors("COS")
def test_cos(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expected"]
    request = cos_request(vector)
    query = query_of(request.query)
    known = account(given)(given["secret_id"])
    assert known is not None
    assert signatures.verify_cos(request, query, {known.access_key: known}.get, given["now"]) is known
    key_time = expected["string_to_sign"].split("\n")[1]
    fields = {"q-key-time": key_time, "q-sign-time": key_time}
    signature = signatures.cos_signature(known.secret, fields, expected["http_string"].encode())
    assert signature.decode() == expected["signature"]
    known.secret += "x"
    with pytest.raises(Refusal) as refused:
        signatures.verify_cos(request, query, {known.access_key: known}.get, given["now"])
    assert refused.value.code == "SignatureDoesNotMatch"


@vectors("UGC")
def test_ugc(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expected"]
    now = given["expire_time"]
    fields = signatures.verify_ugc(expected["signature"], account(given), now)
    assert fields == dict(parse_qsl(expected["original"], keep_blank_values=True))
    raw = bytearray(base64.b64decode(expected["signature"]))
    raw[-1] ^= 1
    with pytest.raises(Refusal):
        signatures.verify_ugc(base64.b64encode(bytes(raw)).decode(), account(given), now)
    with pytest.raises(Refusal, match="expired"):
        signatures.verify_ugc(expected["signature"], account(given), now + 1)


@vectors("checksum")
def test_checksums(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expected"]
    rule = given.get("data_rule")
    if rule is None:
        data = bytes.fromhex(given["data_hex"])
    else:
        pattern = bytes.fromhex(rule["pattern_hex"])
        data = pattern * (rule["repeat_to_length"] // len(pattern))
    world = World(Settings())
    store = world.blobs
    try:
        blob = store.keep(data)
        assert TencentCloud(world).cos.etag_of(blob) == expected["etag"]
        assert str(blob.crc64) == expected["crc64ecma"]
        assert base64.b64encode(blob.md5).decode() == expected["content_md5"]
        if "split_at" in expected:
            halves = [store.keep(data[: expected["split_at"]]), store.keep(data[expected["split_at"] :])]
            assert [str(half.crc64) for half in halves] == [expected["crc64_first"], expected["crc64_second"]]
            assert str(Content(halves).crc64) == expected["crc64ecma"]
    finally:
        store.close()


@vectors("event")
def test_callback_sign(vector: dict[str, Any]) -> None:
    given = vector["input"]
    assert signatures.callback_sign(given["sign_key"], given["t"]) == vector["expected"]["sign"]
    assert signatures.callback_sign(given["sign_key"], given["t"] + 1) != vector["expected"]["sign"]
