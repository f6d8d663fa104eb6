"""Every golden vector of Volcengine VOD and its stores against the client's own encoders and signers."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from vodfast import _native
from vodfast.credentials import Credentials, Secret
from vodfast.providers.volcengine import signing, sts2
from vodfast.providers.volcengine.calls import Api
from vodfast.stores.tos.dialect import GATEWAY_LIMITS
from vodfast.stores.tos.presigned import complete_body
from vodfast.stores.tos.signing import crc32_text, merge_body
from vodfast.transfer.plan import plan_upload

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "volcengine.json").read_text(encoding="utf-8")
)["vectors"]
SCHEMES = {
    "openapi-v4-header": 12,
    "openapi-v4-query": 3,
    "sts2-local-token": 4,
    "content-crc32": 5,
    "merge-body": 2,
    "tos-crc64-ecma": 5,
    "vpc-complete-body": 2,
    "part-plan": 5,
}


def of_scheme(scheme: str) -> list[Any]:
    return [pytest.param(v["input"], v["expected"], id=v["id"]) for v in VECTORS if v["scheme"] == scheme]


def keys(given: dict[str, Any]) -> Credentials:
    return Credentials.of(given["access_key"], given["secret_key"], given.get("session_token") or None)


def test_all_vectors_are_covered() -> None:
    assert {scheme: len(of_scheme(scheme)) for scheme in SCHEMES} == SCHEMES
    assert sum(SCHEMES.values()) == len(VECTORS) == 38


def signed_headers(given: dict[str, Any], expected: dict[str, Any]) -> dict[str, str]:
    """The headers that the vendor's client signed, by lower-case name."""
    listed = expected["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    sent = {name.lower(): value for name, value in expected["headers_after_signing"].items()}
    return {name: sent[name] for name in listed}


@pytest.mark.parametrize(("given", "expected"), of_scheme("openapi-v4-header"))
def test_header_signature(given: dict[str, Any], expected: dict[str, Any]) -> None:
    body_hash = hashlib.sha256(given["body"].encode()).hexdigest()
    assert body_hash == expected["x_content_sha256"]
    headers = signed_headers(given, expected)
    pairs = list(given["query"].items())
    canonical = signing.canonical_request(given["method"], given["path"], pairs, headers, body_hash)
    assert canonical == expected["canonical_request"]
    date, region, service = given["x_date"], given["region"], given["service"]
    scope = signing.credential_scope(date, region, service)
    assert signing.string_to_sign(date, scope, canonical) == expected["string_to_sign"]
    secret = Secret(given["secret_key"])
    assert signing.signing_key(secret, date[:8], region, service).hex() == expected["signing_key_hex"]
    assert signing.signature(secret, date, region, service, canonical) == expected["signature"]
    value = signing.authorization(keys(given), date, region, service, canonical, headers)
    assert value == expected["authorization"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [case for case in of_scheme("openapi-v4-header") if case.values[0]["path"] == "/"],
)
def test_whole_request(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """The same call made by `Api` carries the same signature; only how a blank is written in the URL differs."""
    query = dict(given["query"])
    action, version = query.pop("Action"), query.pop("Version")
    content_type = given["headers_before_signing"].get("Content-Type", "")
    document = content_type == "application/json"
    carried = "json" if document else "form" if given["method"] == "POST" else "query"
    fields = {"query": query, "form": given.get("form"), "json": json.loads(given["body"]) if document else None}
    pairs = list(fields[carried].items())
    api = Api(endpoint=given["headers_before_signing"]["Host"], region=given["region"])
    now = signing.datetime.strptime(given["x_date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    request = api.request(action, version, pairs, keys(given), now + 0.9, carried=carried)
    sent = dict(request.headers)
    ours, theirs = urlsplit(request.url).query, expected["request_url_path_query"].partition("?")[2]
    assert parse_qsl(ours) == parse_qsl(theirs)
    if carried != "query":
        assert isinstance(request.body, bytes)
        read = json.loads if document else parse_qsl
        assert read(request.body.decode()) == read(given["body"])
        assert sent["content-type"] == content_type
    else:
        assert request.body is None
        assert sent["authorization"] == expected["authorization"]
        assert sent["x-content-sha256"] == expected["x_content_sha256"]
    assert sent["x-date"] == given["x_date"]
    assert sent.get("x-security-token", "") == given["session_token"]


@pytest.mark.parametrize(("given", "expected"), of_scheme("openapi-v4-query"))
def test_query_signature(given: dict[str, Any], expected: dict[str, Any]) -> None:
    pairs = list(given["query"].items())
    where = (given["x_date"], given["region"], given["service"])
    made = signing.presigned_pairs(keys(given), given["method"], pairs, *where, list_token=False)
    assert made[-1] == ("X-Signature", expected["signature"])
    assert dict(made)["X-SignedQueries"] == expected["signed_queries"]
    assert made == parse_qsl(expected["query_string"], keep_blank_values=True)
    listed = dict(signing.presigned_pairs(keys(given), given["method"], pairs, *where))["X-SignedQueries"]
    assert ("X-Security-Token" in listed.split(";")) is bool(given["session_token"])


@pytest.mark.parametrize(("given", "expected"), of_scheme("sts2-local-token"))
def test_token(given: dict[str, Any], expected: dict[str, Any]) -> None:
    statements = given["policy"]
    if statements == "upload":
        statements = [sts2.allow(sts2.UPLOAD_ACTIONS, [])]
    policy = sts2.policy_text(statements)
    # The vendor's client deletes blanks inside values too, which makes such a resource match nothing.
    assert policy.replace(" ", "") == expected["policy_string"]
    drawn = sts2.Randomness(given["uuid4"].replace("-", ""), given["random_runes_32"])
    token = sts2.issue(
        keys(given), given["now_unix"] + 0.7, given["expire_seconds"], policy.replace(" ", ""), drawn, UTC
    )
    assert token == {
        "AccessKeyID": expected["temp_access_key_id"],
        "SecretAccessKey": expected["temp_secret_access_key"],
        "SessionToken": expected["session_token"],
        "ExpiredTime": expected["expired_time"],
        "CurrentTime": expected["current_time"],
    }
    key = bytes.fromhex(expected["aes_key_hex_md5_of_secret"])
    sealed = sts2.encrypt(expected["temp_secret_access_key"].encode(), key, key)
    assert base64.b64encode(sealed).decode() == expected["signed_secret_access_key"]
    assert base64.b64decode(token["SessionToken"][4:]).decode() == expected["inner_token_json"]


def content(given: dict[str, Any]) -> bytes:
    data = (given["pattern_utf8"] * given["repeat"] + given["tail_utf8"]).encode()
    assert len(data) == given["length"]
    return data


@pytest.mark.parametrize(("given", "expected"), of_scheme("content-crc32"))
def test_crc32(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert crc32_text(_native.crc32(content(given))) == expected["content_crc32"]


@pytest.mark.parametrize(("given", "expected"), of_scheme("tos-crc64-ecma"))
def test_crc64(given: dict[str, Any], expected: dict[str, Any]) -> None:
    value = _native.crc64(content(given))
    assert str(value) == expected["x_tos_hash_crc64ecma_unsigned_decimal"]
    assert f"{value:016x}" == expected["hex"]


@pytest.mark.parametrize(("given", "expected"), of_scheme("merge-body"))
def test_merge_body(given: dict[str, Any], expected: dict[str, Any]) -> None:
    sums = [int(text, 16) for text in given["part_crc32"]]
    assert merge_body(sums).decode() == expected["body_go_php_node_one_based"]


@pytest.mark.parametrize(("given", "expected"), of_scheme("vpc-complete-body"))
def test_vpc_complete_body(given: dict[str, Any], expected: dict[str, Any]) -> None:
    body = complete_body(given["etag_headers"])
    assert json.loads(body) == json.loads(expected["body_recommended"])


@pytest.mark.parametrize(("given", "expected"), of_scheme("part-plan"))
def test_part_plan(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """With the vendor's part size we cut at the same places; a short tail is a part of its own, as its newest client
    does it, so what the vendor glues together is the sum of our last two parts."""
    size, part_size = given["file_size"], expected["effective_chunk_size"]
    plan = plan_upload(size, GATEWAY_LIMITS, part_size)
    ours = [(part.offset, part.length) for part in plan.parts()]
    assert sum(length for _, length in ours) == size
    assert all(GATEWAY_LIMITS.min_part <= length <= part_size for _, length in ours[:-1])
    theirs = [(part["offset"], part["size"]) for part in expected["parts"]] or [(0, size)]
    assert [offset for offset, _ in ours][: len(theirs)] == [offset for offset, _ in theirs]
    assert ours[: len(theirs) - 1] == theirs[:-1]
    assert sum(length for _, length in ours[len(theirs) - 1 :]) == theirs[-1][1]
    assert not plan.multipart or size > GATEWAY_LIMITS.max_single_put
