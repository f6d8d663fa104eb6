"""Every golden vector of ApsaraVideo VOD and OSS against the client's own encoders and signers."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.etree.ElementTree import fromstring

import pytest

from vodfast import _native
from vodfast.credentials import Credentials, Secret
from vodfast.providers.aliyun import signing as rpc
from vodfast.providers.aliyun import texts, wire
from vodfast.providers.aliyun.calls import Api
from vodfast.providers.aliyun.protocol import AliyunVod
from vodfast.stores.oss import signing as oss
from vodfast.stores.oss.address import path_of, place_of
from vodfast.stores.oss.dialect import OssStore
from vodfast.transfer.message import Response
from vodfast.transfer.ports import PartReceipt

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "aliyun.json").read_text(encoding="utf-8")
)["vectors"]
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

FOR_A_DROP_IN = ("oss2-determine-part-size", "oss2-resumable-store-key")
"""How the vendor's older client cuts parts and names its checkpoints: no fact of the wire, and not ours."""


def of_scheme(scheme: str) -> list[Any]:
    return [pytest.param(v["input"], v["expected"], id=v["id"]) for v in VECTORS if v["scheme"] == scheme]


def keys(given: dict[str, Any]) -> Credentials:
    return Credentials.of(given["access_key_id"], given["access_key_secret"], given.get("security_token"))


def test_all_vectors_are_covered() -> None:
    schemes = {
        "rpc-v1-hmac-sha1": 7,
        "acs3-hmac-sha256": 3,
        "oss-v1-header": 7,
        "oss-v1-query": 2,
        "oss-v4-header": 5,
        "oss-v4-query": 1,
        "crc64-ecma": 3,
        "crc64-combine": 1,
        "complete-multipart-xml": 1,
        "vod-upload-info": 1,
        "vod-callback-signature": 1,
        "vod-title-truncate": 1,
    } | dict.fromkeys(FOR_A_DROP_IN, 1)
    assert {scheme: len(of_scheme(scheme)) for scheme in schemes} == schemes
    assert sum(schemes.values()) == len(VECTORS)


def rpc_pairs(given: dict[str, Any]) -> list[tuple[str, str]]:
    pairs = [(name, str(value)) for name, value in {**given["params"], **given["body_params"]}.items()]
    pairs += [
        ("Action", given["action"]),
        ("Version", given["version"]),
        ("Format", given["format"]),
        ("RegionId", given["region_id"]),
        ("Timestamp", given["timestamp"]),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureType", ""),
        ("SignatureNonce", given["signature_nonce"]),
        ("AccessKeyId", given["access_key_id"]),
    ]
    return [*pairs, *([("SecurityToken", given["security_token"])] if given["security_token"] else [])]


@pytest.mark.parametrize(("given", "expected"), of_scheme("rpc-v1-hmac-sha1"))
def test_rpc_v1(given: dict[str, Any], expected: dict[str, Any]) -> None:
    pairs = rpc_pairs(given)
    assert rpc.canonical_query(pairs) == expected["canonical_query"]
    text = rpc.v1_string_to_sign(given["method"], pairs)
    assert text == expected["string_to_sign"]
    assert rpc.v1_signature(Secret(given["access_key_secret"]), text) == expected["signature"]


SECONDS = {"2024-05-17T08:09:10Z": 1715933350, "2024-02-29T23:59:59Z": 1709251199}


@pytest.mark.parametrize(
    ("given", "expected"),
    [case for case in of_scheme("rpc-v1-hmac-sha1") if case.values[0]["method"] == "POST"],
)
def test_rpc_v1_whole_request(given: dict[str, Any], expected: dict[str, Any]) -> None:
    api = Api(endpoint="vod.cn-shanghai.aliyuncs.com", region=given["region_id"], signature="V1")
    params = [(name, str(value)) for name, value in {**given["params"], **given["body_params"]}.items()]
    now = SECONDS[given["timestamp"]] + 0.9
    request = api.request(given["action"], params, keys(given), now, given["signature_nonce"])
    sent = dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True, strict_parsing=True))
    wanted = dict(parse_qsl(urlsplit(expected["request_target"]).query, keep_blank_values=True))
    assert sent == wanted | given["body_params"]
    assert request.body == b""


@pytest.mark.parametrize(("given", "expected"), of_scheme("acs3-hmac-sha256"))
def test_acs3(given: dict[str, Any], expected: dict[str, Any]) -> None:
    query = rpc.canonical_query(given["query"].items())
    headers = list(given["headers"].items())
    canonical = rpc.acs3_canonical_request(given["method"], query, headers, expected["payload_sha256"])
    assert canonical == expected["canonical_request"]
    assert rpc.acs3_string_to_sign(canonical) == expected["string_to_sign"]
    authorization = rpc.acs3_authorization(keys(given), canonical, rpc.signed_names(headers))
    assert authorization == expected["authorization"]
    assert authorization.endswith(expected["signature"])


@pytest.mark.parametrize(("given", "expected"), of_scheme("acs3-hmac-sha256"))
def test_acs3_whole_request(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """The same call as we make it: fewer headers, so another signature, over what the vector's headers say too."""
    headers = given["headers"]
    api = Api(endpoint=headers["host"], region="cn-shanghai", signature="ACS3")
    now = SECONDS[headers["x-acs-date"]] + 0.9
    action, nonce = headers["x-acs-action"], headers["x-acs-signature-nonce"]
    request = api.request(action, given["query"].items(), keys(given), now, nonce)
    sent = dict(request.headers)
    authorization = sent.pop("authorization")
    ours = {name: value for name, value in headers.items() if name in sent}
    assert sent == ours
    assert set(headers) - set(sent) == {"host", "user-agent", "x-acs-credentials-provider"}
    query = urlsplit(request.url).query
    assert query == expected["canonical_request"].split("\n")[2]
    signed = [("host", headers["host"]), *sent.items()]
    canonical = rpc.acs3_canonical_request("POST", query, signed, EMPTY)
    assert authorization == rpc.acs3_authorization(keys(given), canonical, rpc.signed_names(signed))


def test_long_parameters_travel_in_the_body_and_are_signed() -> None:
    long = [("UploadMetadatas", "标" * 2000), ("UploadURLs", "u")]
    credentials = Credentials.of("id", "secret")
    body = rpc.canonical_query(long).encode()
    modern = Api(endpoint="h", region="r", signature="ACS3").request("A", long, credentials, 1.0, "n")
    assert (modern.url, modern.body) == ("https://h/", body)
    sent = dict(modern.headers)
    assert sent["x-acs-content-sha256"] == hashlib.sha256(body).hexdigest()
    assert "content-type;host;" in sent["authorization"]
    older = Api(endpoint="h", region="r", signature="V1").request("A", long, credentials, 1.0, "n")
    assert older.body == body
    assert "UploadURLs" not in older.url
    pairs = parse_qsl(urlsplit(older.url).query, keep_blank_values=True)
    signature = dict(pairs)["Signature"]
    signed = [pair for pair in pairs if pair[0] != "Signature"] + long
    assert signature == rpc.v1_signature(Secret("secret"), rpc.v1_string_to_sign("POST", signed))


@pytest.mark.parametrize(("given", "expected"), of_scheme("oss-v1-header"))
def test_oss_v1(given: dict[str, Any], expected: dict[str, Any]) -> None:
    headers = given["headers"]
    resource = oss.v1_resource(given["bucket"], given["key"], given["query"].items())
    text = oss.v1_string_to_sign(given["method"], resource, headers.items(), headers["date"])
    assert text == expected["string_to_sign"]
    assert oss.v1_signature(Secret(given["access_key_secret"]), text) == expected["signature"]
    own = [(name, value) for name, value in headers.items() if name not in ("date", "x-oss-security-token")]
    made = oss.signed_headers(
        "V1",
        keys(given),
        given["epoch"] + 0.5,
        "any",
        given["method"],
        (given["bucket"], given["key"]),
        given["query"].items(),
        own,
    )
    assert dict(made) == headers | {"authorization": expected["authorization"]}


@pytest.mark.parametrize(("given", "expected"), of_scheme("oss-v1-query"))
def test_oss_v1_query(given: dict[str, Any], expected: dict[str, Any]) -> None:
    params = list(given["query"].items())
    if given["security_token"]:
        params.append(("security-token", given["security_token"]))
    headers = [(name.lower(), value) for name, value in given["headers"].items()]
    resource = oss.v1_resource(given["bucket"], given["key"], params)
    text = oss.v1_string_to_sign(given["method"], resource, headers, expected["expires"])
    assert oss.v1_signature(Secret(given["access_key_secret"]), text) == expected["signature"]
    assert int(expected["expires"]) == given["epoch"] + given["expires_in"]
    sent = dict(parse_qsl(urlsplit(expected["url"]).query))
    assert sent["Signature"] == expected["signature"]


def v4_params(given: dict[str, Any]) -> list[tuple[str, str]]:
    if "query" in given:
        return list(given["query"].items())
    return parse_qsl(urlsplit(given["unsigned_url"]).query, keep_blank_values=True)


@pytest.mark.parametrize(("given", "expected"), of_scheme("oss-v4-header"))
def test_oss_v4(given: dict[str, Any], expected: dict[str, Any]) -> None:
    headers = given["headers"]
    params = v4_params(given)
    target = (given["bucket"], given["key"])
    canonical = oss.v4_canonical_request(given["method"], *target, params, headers.items(), given["additional_headers"])
    assert canonical == expected["canonical_request"]
    stamp, region = headers["x-oss-date"], given["region"]
    assert oss.v4_stamp(given["epoch"] + 0.9) == stamp
    assert oss.v4_string_to_sign(stamp, oss.v4_scope(stamp, region), canonical) == expected["string_to_sign"]
    secret = Secret(given["access_key_secret"])
    assert oss.v4_signature(secret, stamp, region, canonical) == expected["signature"]
    if "signing_key_hex" in expected:
        assert oss.v4_key(secret, stamp[:8], region).hex() == expected["signing_key_hex"]
    if not given["additional_headers"]:
        own = [pair for pair in headers.items() if not pair[0].startswith("x-oss-") and pair[0] != "date"]
        made = dict(oss.signed_headers("V4", keys(given), given["epoch"], region, given["method"], target, params, own))
        assert made["authorization"] == expected["authorization"].replace(", ", ",")


def test_oss_v4_query() -> None:
    ((given, expected),) = [case.values for case in of_scheme("oss-v4-query")]
    stamp = oss.v4_stamp(given["epoch"])
    params = [
        ("x-oss-signature-version", oss.V4),
        ("x-oss-date", stamp),
        ("x-oss-expires", str(given["expires_in"])),
        ("x-oss-credential", f"{given['access_key_id']}/{oss.v4_scope(stamp, given['region'])}"),
    ]
    canonical = oss.v4_canonical_request(
        given["method"], given["bucket"], given["key"], params, given["headers"].items()
    )
    assert canonical == expected["canonical_request"]
    signature = oss.v4_signature(Secret(given["access_key_secret"]), stamp, given["region"], canonical)
    assert signature == expected["signature"]
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in [*params, ("x-oss-signature", signature)])
    assert f"{given['unsigned_url']}?{query}" == expected["url"]


@pytest.mark.parametrize(
    ("given", "expected"), [*of_scheme("oss-v1-header"), *of_scheme("oss-v1-query"), *of_scheme("oss-v4-header")]
)
def test_urls_lead_to_the_same_object(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """Host and decoded path; the vendor's older client encodes slashes, we do not."""
    url = urlsplit(expected["url"])
    endpoint = url.netloc.removeprefix(f"{given['bucket']}.")
    place = place_of(f"{url.scheme}://{endpoint}", given["bucket"])
    assert place.authority == url.netloc
    path = f"{place.prefix}{path_of(given['key'])}"
    assert unquote(path) == unquote(url.path)
    assert place.region == (None if endpoint.startswith("127.") else "cn-shanghai")


def pattern(given: dict[str, Any]) -> bytes:
    if given["data_hex"] is not None:
        return bytes.fromhex(given["data_hex"])
    return bytes.fromhex(given["pattern"]["unit_hex"]) * given["pattern"]["repeat"]


@pytest.mark.parametrize(("given", "expected"), of_scheme("crc64-ecma"))
def test_crc64(given: dict[str, Any], expected: dict[str, Any]) -> None:
    data = pattern(given)
    assert len(data) == given["length"]
    assert _native.crc64(data) == int(expected["crc64_decimal"]) == int(expected["crc64_hex"], 16)
    store = OssStore(place=place_of("oss-cn-x.aliyuncs.com", "b-1"), key="k", region="cn-x")
    headers = (
        ("etag", f'"{expected["md5_hex_upper"]}"'),
        ("x-oss-hash-crc64ecma", expected["crc64_decimal"]),
        ("content-length", str(len(data))),
    )
    receipt = store.head_object().parse(Response(status=200, headers=headers, body=b""))
    assert receipt is not None
    assert (receipt.digest, receipt.size) == (_native.crc64(data), len(data))
    assert receipt.tag == f'"{hashlib.md5(data).hexdigest().upper()}"'


def test_crc64_combine() -> None:
    ((given, expected),) = [case.values for case in of_scheme("crc64-combine")]
    whole = 0
    for part in map(bytes.fromhex, given["parts_hex"]):
        whole = _native.crc64_combine(whole, _native.crc64(part), len(part))
    assert whole == int(expected["object_crc64"])


def test_complete_body_means_the_same() -> None:
    ((given, expected),) = [case.values for case in of_scheme("complete-multipart-xml")]
    store = OssStore(place=place_of("oss-cn-x.aliyuncs.com", "b-1"), key="k", region="cn-x")
    parts = [
        PartReceipt(index=part["part_number"] - 1, length=1, tag=f'"{part["etag"]}"', digest=None)
        for part in given["parts"]
    ]
    body = store.complete_upload("u", parts).build(Credentials.of("a", "b"), 1.0).body
    assert isinstance(body, bytes)
    ours, theirs = fromstring(body), fromstring(expected["body"])
    assert ours.tag == theirs.tag
    assert [[(leaf.tag, leaf.text) for leaf in part] for part in ours] == [
        [(leaf.tag, leaf.text) for leaf in part] for part in theirs
    ]
    assert base64.b64encode(hashlib.md5(expected["body"].encode()).digest()).decode() == expected["content_md5"]


def test_upload_info() -> None:
    ((given, expected),) = [case.values for case in of_scheme("vod-upload-info")]
    address = texts.decode(given["UploadAddress"], wire.UploadAddress)
    auth = texts.decode(given["UploadAuth"], wire.UploadAuth)
    assert (address.endpoint, address.bucket, address.file_name) == tuple(
        expected["address"][name] for name in ("Endpoint", "Bucket", "FileName")
    )
    wanted = expected["auth"]
    assert (auth.access_key_id, auth.access_key_secret, auth.security_token, auth.expire_utc_time) == (
        wanted["AccessKeyId"], wanted["AccessKeySecret"], wanted["SecurityToken"], wanted["ExpireUTCTime"]
    )  # fmt: skip
    assert (auth.expiration, auth.region) == (wanted["Expiration"], wanted["Region"])


def test_callback() -> None:
    ((given, expected),) = [case.values for case in of_scheme("vod-callback-signature")]
    stamp = given["timestamp"]
    headers = {"X-VOD-TIMESTAMP": str(stamp), "X-VOD-SIGNATURE": expected["x_vod_signature"]}
    provider = AliyunVod(callback_url=given["callback_url"])
    assert provider.verify_callback(headers, b"", given["private_key"], stamp + 3)
    assert not provider.verify_callback(headers, b"", given["private_key"], stamp + 301)
    assert not provider.verify_callback(headers, b"", given["private_key"], stamp - 301)
    assert not provider.verify_callback(headers, b"", "another", stamp)
    assert not provider.verify_callback(headers | {"X-VOD-TIMESTAMP": str(stamp + 1)}, b"", given["private_key"], stamp)


def test_title_is_cut_between_characters() -> None:
    ((given, expected),) = [case.values for case in of_scheme("vod-title-truncate")]
    assert texts.cut_to_bytes(given["text"], given["max_bytes"]) == expected["text"]
