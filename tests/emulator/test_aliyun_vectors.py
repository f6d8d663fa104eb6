"""Every golden vector of ApsaraVideo VOD and OSS against the emulator's own verifiers."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from tests.emulator.aliyun_client import Client
from vodfast.emulator import Emulator, crc
from vodfast.emulator.accounts import Account
from vodfast.emulator.aliyun import signatures
from vodfast.emulator.aliyun.oss import place
from vodfast.emulator.messages import parse_head
from vodfast.emulator.multipart import listed_parts
from vodfast.emulator.object_store import query_of
from vodfast.emulator.service import Refusal

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "aliyun.json").read_text(encoding="utf-8")
)["vectors"]


def of_scheme(scheme: str) -> list[Any]:
    return [pytest.param(v["input"], v["expected"], id=v["id"]) for v in VECTORS if v["scheme"] == scheme]


def account_of(given: dict[str, Any]) -> Account:
    return Account(
        access_key=given["access_key_id"], secret=given["access_key_secret"], token=given.get("security_token")
    )


NOW = 1715933350.0


def head(method: str, url: str, headers: dict[str, str]) -> Any:
    """The request as it comes in from the wire."""
    parts = urlsplit(url)
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() != "host"]
    return parse_head(("\r\n".join(lines) + "\r\n\r\n").encode())


def rejected(find: Any, *arguments: Any) -> str:
    with pytest.raises(Refusal) as caught:
        find(*arguments)
    return caught.value.code


@pytest.mark.parametrize(("given", "expected"), of_scheme("rpc-v1-hmac-sha1"))
def test_rpc_v1(given: dict[str, Any], expected: dict[str, Any]) -> None:
    pairs = dict(parse_qsl(urlsplit(expected["request_target"]).query, keep_blank_values=True)) | given["body_params"]
    assert signatures.rpc_string_to_sign(given["method"], pairs.items()) == expected["string_to_sign"]
    account = account_of(given)
    now = NOW if given["timestamp"].startswith("2024-05") else 1709251199.0
    find = {account.access_key: account}.get
    assert signatures.verify_rpc(given["method"], pairs, find, now) is account
    for name in pairs:
        if name not in ("Signature", "AccessKeyId"):
            assert rejected(signatures.verify_rpc, given["method"], pairs | {name: "x" + pairs[name]}, find, now)
    assert rejected(signatures.verify_rpc, "PUT", pairs, find, now) == "SignatureDoesNotMatch"
    assert rejected(signatures.verify_rpc, given["method"], pairs, find, now + 901) == "InvalidTimeStamp.Expired"


@pytest.mark.parametrize(("given", "expected"), of_scheme("acs3-hmac-sha256"))
def test_acs3(given: dict[str, Any], expected: dict[str, Any]) -> None:
    account = account_of(given)
    find = {account.access_key: account}.get
    query = list(given["query"].items())
    headers = given["headers"] | {"authorization": expected["authorization"]}
    request = head(given["method"], f"http://{given['headers']['host']}/", headers)
    assert signatures.verify_acs3(request, query, b"", find, NOW) is account
    canonical = signatures.acs3_canonical(
        given["method"],
        signatures.rpc_canonical_query(query),
        sorted(given["headers"].items()),
        expected["payload_sha256"],
    )
    assert canonical.decode() == expected["canonical_request"]
    for name, value in headers.items():
        changed = head(given["method"], f"http://{given['headers']['host']}/", headers | {name: value + "0"})
        if name != "host":
            assert rejected(signatures.verify_acs3, changed, query, b"", find, NOW)
    assert rejected(signatures.verify_acs3, request, [*query, ("X", "")], b"", find, NOW) == "SignatureDoesNotMatch"
    assert rejected(signatures.verify_acs3, request, query, b"a=b", find, NOW)
    assert rejected(signatures.verify_acs3, request, query, b"", find, NOW - 901) == "InvalidTimeStamp.Expired"


def store_request(given: dict[str, Any], url: str, extra: dict[str, str]) -> tuple[Any, Any, Any]:
    request = head(given["method"], url, given["headers"] | extra)
    resource = (given["bucket"], given["key"].encode())
    return request, resource, query_of(urlsplit(url).query)


def with_query(given: dict[str, Any], url: str) -> str:
    """The vectors of the older client tell the query apart from the URL."""
    if "unsigned_url" in given or not given.get("query"):
        return url
    pairs = [f"{name}={quote(value, safe='')}" for name, value in given["query"].items()]
    return f"{url}?{'&'.join(pairs)}"


@pytest.mark.parametrize(("given", "expected"), [*of_scheme("oss-v1-header"), *of_scheme("oss-v4-header")])
def test_oss_headers(given: dict[str, Any], expected: dict[str, Any]) -> None:
    account = account_of(given)
    find = {account.access_key: account}.get
    region = given.get("region", "cn-shanghai")
    extra = {"authorization": expected["authorization"]}
    request, resource, query = store_request(given, with_query(given, expected["url"]), extra)
    assert signatures.verify_oss(request, resource, region, query, find, NOW) is account
    for name in given["headers"]:
        covered = name.startswith("x-oss-") or name in ("content-type", "content-md5")
        if covered or (name == "date" and not expected["authorization"].startswith("OSS4")):
            broken = {name: given["headers"][name] + "x"}
            other, _, _ = store_request(given, with_query(given, expected["url"]), extra | broken)
            assert rejected(signatures.verify_oss, other, resource, region, query, find, NOW)
    wrong = (resource[0], resource[1] + b"x")
    assert rejected(signatures.verify_oss, request, wrong, region, query, find, NOW) == "SignatureDoesNotMatch"
    moved = [*query, ("partNumber" if "partNumber" not in dict(query) else "uploads", "9")]
    assert rejected(signatures.verify_oss, request, resource, region, moved, find, NOW) == "SignatureDoesNotMatch"
    assert rejected(signatures.verify_oss, request, resource, region, query, find, NOW + 901) == "RequestTimeTooSkewed"


@pytest.mark.parametrize(("given", "expected"), [*of_scheme("oss-v1-query"), *of_scheme("oss-v4-query")])
def test_oss_queries(given: dict[str, Any], expected: dict[str, Any]) -> None:
    account = account_of(given)
    find = {account.access_key: account}.get
    request, resource, query = store_request(given, expected["url"], {})
    assert signatures.verify_oss(request, resource, "cn-shanghai", query, find, NOW) is account
    late = NOW + given["expires_in"] + 1
    assert rejected(signatures.verify_oss, request, resource, "cn-shanghai", query, find, late) == "AccessDenied"
    flipped = [(name, value + "x" if "ignature" in name else value) for name, value in query]
    assert rejected(signatures.verify_oss, request, resource, "cn-shanghai", flipped, find, NOW)


@pytest.mark.parametrize(("given", "expected"), of_scheme("oss-v4-header"))
def test_oss_v4_canonical(given: dict[str, Any], expected: dict[str, Any]) -> None:
    query = list(given["query"].items()) if "query" in given else query_of(urlsplit(given["unsigned_url"]).query)
    resource = (given["bucket"], given["key"].encode())
    canonical = signatures.oss4_canonical(
        given["method"], resource, query, given["headers"], given["additional_headers"]
    )
    assert canonical.decode() == expected["canonical_request"]
    stamp = given["headers"]["x-oss-date"]
    made = signatures.oss4_signature(given["access_key_secret"], stamp, given["region"], canonical)
    assert made == expected["signature"]


@pytest.mark.parametrize(
    "name",
    [
        "acl", "append", "callback", "callback-var", "delete", "encryption", "location", "objectMeta", "partNumber",
        "policy", "position", "restore", "security-token", "sequential", "stat", "symlink", "tagging", "uploadId",
        "uploads", "versionId", "versioning", "versions", "x-oss-process", "x-oss-traffic-limit", "x-oss-request-payer",
        "response-content-type", "response-content-language", "response-expires", "response-cache-control",
        "response-content-disposition", "response-content-encoding",
    ],
)  # fmt: skip
def test_v1_covers_every_parameter_that_changes_what_is_done(name: str) -> None:
    for value, signed in (("", name), ("a b", f"{name}=a b")):
        query = [("max-parts", "5"), (name, value)]
        text = signatures.oss1_string_to_sign("GET", ("b", b"k"), query, {}, "date")
        assert text.endswith(f"\n/b/k?{signed}".encode())


@pytest.mark.parametrize(("given", "expected"), of_scheme("oss-v1-header"))
def test_oss_v1_text(given: dict[str, Any], expected: dict[str, Any]) -> None:
    resource = (given["bucket"], given["key"].encode())
    query = list(given["query"].items())
    text = signatures.oss1_string_to_sign(given["method"], resource, query, given["headers"], given["headers"]["date"])
    assert text == expected["string_to_sign"].encode()
    assert signatures.oss1_signature(given["access_key_secret"], text) == expected["signature"]


def test_digests_and_the_rest() -> None:
    for given, expected in (case.values for case in of_scheme("crc64-ecma")):
        unit = given["pattern"]
        data = bytes.fromhex(unit["unit_hex"]) * unit["repeat"] if unit else bytes.fromhex(given["data_hex"])
        assert crc.crc64(data) == int(expected["crc64_decimal"])
        assert hashlib.md5(data).hexdigest().upper() == expected["md5_hex_upper"]
        assert base64.b64encode(hashlib.md5(data).digest()).decode() == expected["content_md5"]
    ((given, expected),) = [case.values for case in of_scheme("crc64-combine")]
    parts = [bytes.fromhex(part) for part in given["parts_hex"]]
    assert crc.join((crc.crc64(part), len(part)) for part in parts) == int(expected["object_crc64"])
    ((given, expected),) = [case.values for case in of_scheme("complete-multipart-xml")]
    listed = listed_parts(expected["body"].encode())
    assert listed == sorted((part["part_number"], f'"{part["etag"]}"') for part in given["parts"])
    ((given, expected),) = [case.values for case in of_scheme("vod-callback-signature")]
    made = signatures.callback_signature(given["callback_url"], given["timestamp"], given["private_key"])
    assert made == expected["x_vod_signature"]


CLIENTS_OWN = ("oss2-determine-part-size", "oss2-resumable-store-key", "vod-title-truncate")
"""Rules of vendor clients that no server sees."""


def test_every_vector_a_server_can_see_is_used() -> None:
    named = Path(__file__).read_text(encoding="utf-8")
    assert {vector["scheme"] for vector in VECTORS if f'"{vector["scheme"]}"' not in named} == set()
    assert sum(vector["scheme"] not in CLIENTS_OWN for vector in VECTORS) == 32


def test_what_an_upload_is_granted_is_written_as_in_the_vector(emulator: Emulator) -> None:
    ((given, expected),) = [case.values for case in of_scheme("vod-upload-info")]
    client = Client(emulator.endpoint)
    answer = client.call("CreateUploadVideo", Title="t", FileName="a.mp4")
    for name, part in (("UploadAddress", "address"), ("UploadAuth", "auth")):
        said = json.loads(base64.b64decode(answer[name], validate=True))
        assert said.keys() == expected[part].keys()
        assert {field: type(value) for field, value in said.items()} == dict.fromkeys(expected[part], str)
        for text, fields in ((answer[name], said), (given[name], expected[part])):
            compact = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
            assert text == base64.b64encode(compact.encode()).decode()
    said = json.loads(base64.b64decode(answer["UploadAuth"]))
    assert said["AccessKeyId"].startswith("STS.")
    assert said["Expiration"].isdigit()
    assert time.strptime(said["ExpireUTCTime"], "%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("b-1.oss-cn-shanghai.aliyuncs.com", ("b-1", "cn-shanghai")),
        ("b-1.oss-cn-shanghai-internal.aliyuncs.com", ("b-1", "cn-shanghai")),
        ("b-1.vpc100-oss-cn-shanghai.aliyuncs.com", ("b-1", "cn-shanghai")),
        ("b-1.cn-shanghai.oss.aliyuncs.com", ("b-1", "cn-shanghai")),
        ("b-1.oss-accelerate.aliyuncs.com", ("b-1", None)),
        ("b-1.oss-accelerate-overseas.aliyuncs.com", ("b-1", None)),
        ("oss-cn-shanghai.aliyuncs.com", (None, "cn-shanghai")),
        ("vod.cn-shanghai.aliyuncs.com", None),
        ("b-1.oss-cn-shanghai.example.com", None),
    ],
)
def test_hosts(host: str, found: tuple[str | None, str | None] | None) -> None:
    assert place(host) == found
