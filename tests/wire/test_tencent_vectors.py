"""Every golden vector of Tencent Cloud VOD and COS against the client's own encoders and signers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import msgspec
import pytest
from fastcrc import crc64

from vodfast.credentials import Credentials, Secret
from vodfast.providers.tencent import signing as vod
from vodfast.providers.tencent import wire
from vodfast.providers.tencent.calls import Api
from vodfast.providers.tencent.protocol import TencentVod
from vodfast.providers.tencent.verbs import verify_callback
from vodfast.stores.cos import signing as cos
from vodfast.stores.cos.address import host_of, path_of
from vodfast.stores.cos.dialect import CosStore
from vodfast.transfer.message import Request, Response
from vodfast.transfer.ports import Call, PartReceipt, PartSpec

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "tencent.json").read_text(encoding="utf-8")
)["vectors"]


def of_scheme(prefix: str) -> list[Any]:
    return [pytest.param(v["input"], v["expected"], id=v["id"]) for v in VECTORS if v["scheme"].startswith(prefix)]


def keys(given: dict[str, Any]) -> Credentials:
    return Credentials.of(given["secret_id"], given["secret_key"], given.get("token"))


class Bytes:
    """A streamed body over plain bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def length(self) -> int:
        return len(self._data)

    def open(self, digest: str | None) -> Any:
        raise AssertionError("building a request must not read its body")

    def checksum(self, digest: str) -> int:
        raise AssertionError("building a request must not read its body")


def test_all_vectors_are_covered() -> None:
    schemes = {"TC3": 12, "V1-": 3, "COS-": 16, "UGC-": 2, "checksum": 4, "event-": 1}
    counted = {prefix: len(of_scheme(prefix)) for prefix in schemes}
    assert sum(counted.values()) == len(VECTORS)
    assert counted == schemes


@pytest.mark.parametrize(("given", "expected"), of_scheme("TC3"))
def test_tc3(given: dict[str, Any], expected: dict[str, Any]) -> None:
    payload = expected["signed_payload"].encode()
    if given["unsigned_payload"]:
        assert payload == vod.UNSIGNED_PAYLOAD
    content_type = expected["headers"]["Content-Type"]
    if given["method"] == "GET":
        assert urlencode(vod.flatten(given["params"])) == given["query"]
    canonical = vod.canonical_request(given["method"], given["query"], content_type, given["host"], payload)
    assert canonical == expected["canonical_request"]
    stamp, service = given["timestamp"], given["service"]
    assert vod.credential_scope(stamp, service) == expected["credential_scope"]
    assert vod.string_to_sign(stamp, service, canonical) == expected["string_to_sign"]
    secret = Secret(given["secret_key"])
    assert vod.signing_key(secret, vod.utc_date(stamp), service).hex() == expected["signing_key_hex"]
    assert vod.tc3_signature(secret, stamp, service, canonical) == expected["signature"]
    assert vod.tc3_authorization(keys(given), stamp, service, canonical) == expected["authorization"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        case
        for case in of_scheme("TC3")
        if case.values[0]["method"] == "POST"
        and case.values[0]["service"] == "vod"
        and not case.values[0]["unsigned_payload"]
        and case.values[0]["region"]
    ],
)
def test_tc3_whole_request(given: dict[str, Any], expected: dict[str, Any]) -> None:
    api = Api(endpoint=given["host"], region=given["region"], language=given["language"])
    request = api.request(given["action"], given["body"].encode(), keys(given), given["timestamp"] + 0.9)
    assert request.url == f"https://{given['host']}/"
    sent = dict(request.headers)
    optional = {"Host", "X-TC-RequestClient"}
    wanted = {name.lower(): value for name, value in expected["headers"].items() if name not in optional}
    assert sent == wanted | {"authorization": expected["authorization"]}


SHAPES = {
    "ApplyUpload": wire.ApplyUploadRequest,
    "CommitUpload": wire.CommitUploadRequest,
    "PullUpload": wire.PullUploadRequest,
    "DescribeMediaInfos": wire.DescribeMediaInfosRequest,
}


@pytest.mark.parametrize(
    ("given", "expected"), [case for case in of_scheme("TC3") if case.values[0]["action"] in SHAPES]
)
def test_bodies_mean_the_same(given: dict[str, Any], expected: dict[str, Any]) -> None:
    body = msgspec.convert(given["params"], SHAPES[given["action"]], strict=True)
    assert json.loads(msgspec.json.encode(body)) == given["params"]


@pytest.mark.parametrize(("given", "expected"), of_scheme("V1-"))
def test_v1(given: dict[str, Any], expected: dict[str, Any]) -> None:
    method = dict(parse_qsl(expected["encoded_params"]))["SignatureMethod"]
    pairs = vod.flatten(given["params"])
    pairs += [
        ("Action", given["action"]),
        ("RequestClient", given["request_client"]),
        ("Nonce", str(given["nonce"])),
        ("Timestamp", str(given["timestamp"])),
        ("Version", given["version"]),
        ("Region", given["region"]),
        *([("Token", given["token"])] if given["token"] else []),
        ("SecretId", given["secret_id"]),
        ("SignatureMethod", method),
        ("Language", given["language"]),
    ]
    text = vod.v1_string_to_sign(given["method"], given["host"], pairs)
    assert text == expected["string_to_sign"]
    signature = vod.v1_signature(Secret(given["secret_key"]), method, text)
    assert signature == expected["signature"]
    assert urlencode([*pairs, ("Signature", signature)]) == expected["encoded_params"]


def cos_parts(expected: dict[str, Any]) -> tuple[str, str, list[tuple[str, str]]]:
    url = urlsplit(expected.get("url") or expected["result"])
    return url.hostname or "", unquote(url.path), parse_qsl(url.query, keep_blank_values=True)


@pytest.mark.parametrize(("given", "expected"), [c for c in of_scheme("COS-") if "url" in c.values[1]])
def test_cos_signature(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """The signature over exactly what the vendor's client signed, header by header."""
    host, path, params = cos_parts(expected)
    config = given["config"]
    headers = list(expected["headers"].items())
    if config.get("SignHost", True):
        headers.append(("host", host))
    if not config.get("SignParams", True):
        params = []
    credentials = keys(given)
    key_time = f"{given['now'] - 60};{given['now'] + 10000}"
    canonical = cos.http_string(
        expected["method"], path, cos.canonical_pairs(params)[0], cos.canonical_pairs(headers)[0]
    )
    assert canonical == expected["http_string"]
    assert cos.sign_key(credentials.secret_key, key_time) == expected["sign_key"]
    assert cos.string_to_sign(key_time, canonical) == expected["string_to_sign"]
    valid = (given["now"] - 60, given["now"] + 10000)
    pairs = cos.authorization_pairs(credentials, expected["method"], path, params, headers, valid)
    assert "&".join(f"{name}={value}" for name, value in pairs) == expected["authorization"]
    # the path on the wire, from the key alone
    assert urlsplit(expected["url"]).path == (path_of(given["args"]["Key"]) if "Key" in given["args"] else "/")


def test_cos_presigned() -> None:
    ((given, expected),) = [c.values for c in of_scheme("COS-") if "result" in c.values[1]]
    args = given["args"]
    host = urlsplit(expected["result"]).netloc
    valid = (given["now"] - 60, given["now"] + args["Expired"])
    params = list(args["Params"].items())
    headers = [*args["Headers"].items(), ("host", host)]
    pairs = cos.authorization_pairs(keys(given), args["Method"], f"/{args['Key']}", params, headers, valid)
    assert f"https://{host}{path_of(args['Key'])}?{urlencode([*pairs, *params])}" == expected["result"]


CONFIG_FAMILY = {True: "myqcloud", False: "tencentcos"}


def call_of(given: dict[str, Any]) -> Call[Any] | None:
    """The same operation through our store, if our store has it."""
    args = given["args"]
    family = CONFIG_FAMILY[given["config"].get("EnableOldDomain", True)]
    store = CosStore(host=host_of(args["Bucket"], "ap-chongqing", family), key=args.get("Key", "none"))
    body = Bytes(given.get("body_text", "").encode())
    match given["op"]:
        case "put_object":
            return store.put_object(body)
        case "create_multipart_upload":
            return store.create_upload()
        case "upload_part":
            index = args["PartNumber"] - 1
            return store.put_part(args["UploadId"], PartSpec(index, 0, body.length), body)
        case "list_parts":
            return store.list_parts(args["UploadId"], str(args["PartNumberMarker"]))
        case "complete_multipart_upload":
            parts = [
                PartReceipt(index=part["PartNumber"] - 1, length=1, tag=part["ETag"], digest=None)
                for part in args["MultipartUpload"]["Part"]
            ]
            return store.complete_upload(args["UploadId"], parts)
        case "abort_multipart_upload":
            return store.abort_upload(args["UploadId"])
    return None


@pytest.mark.parametrize(
    ("given", "expected"),
    [c for c in of_scheme("COS-") if call_of(c.values[0]) is not None and "Domain" not in c.values[0]["config"]],
)
def test_cos_requests(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """Method, URL, body and window of what our store builds, and a signature that a verifier from scratch accepts."""
    call = call_of(given)
    assert call is not None
    request: Request = call.build(keys(given), given["now"] + 0.25)
    wanted_url = expected["url"].replace("max-parts=30", "max-parts=1000")  # our page size
    assert (request.method, request.url) == (expected["method"], wanted_url)
    if "body" in expected:
        assert request.body == expected["body"].encode()
    sent = dict(request.headers)
    assert sent.get("x-cos-security-token") == given["token"]
    if "content-length" in sent:
        assert sent["content-length"] == expected["headers"]["Content-Length"]
    fields = dict(pair.split("=", 1) for pair in sent["authorization"].split("&"))
    assert fields["q-sign-time"] == f"{given['now'] - 60};{given['now'] + 3600}"
    url = urlsplit(request.url)
    seen = sent | {"host": url.netloc}
    query = {k.lower(): v for k, v in parse_qsl(url.query, keep_blank_values=True)}
    enc = lambda text: "".join(  # noqa: E731 - written out again, independent of the client
        chr(b) if (chr(b).isalnum() and b < 128) or chr(b) in "-_.~" else f"%{b:02X}" for b in text.encode()
    )
    params = "&".join(f"{n}={enc(query[n])}" for n in fields["q-url-param-list"].split(";") if n)
    heads = "&".join(f"{n}={enc(seen[n])}" for n in fields["q-header-list"].split(";"))
    text = f"{request.method.lower()}\n{unquote(url.path)}\n{params}\n{heads}\n"
    sign_key = hmac.new(given["secret_key"].encode(), fields["q-key-time"].encode(), "sha1").hexdigest()
    to_sign = f"sha1\n{fields['q-sign-time']}\n{hashlib.sha1(text.encode()).hexdigest()}\n"
    assert fields["q-signature"] == hmac.new(sign_key.encode(), to_sign.encode(), "sha1").hexdigest()
    assert fields["q-ak"] == given["secret_id"]
    assert set(query) == set(filter(None, fields["q-url-param-list"].split(";")))
    assert {"host"} <= set(fields["q-header-list"].split(";"))


@pytest.mark.parametrize(("given", "expected"), of_scheme("UGC-"))
def test_upload_token(given: dict[str, Any], expected: dict[str, Any]) -> None:
    options = [(name, str(value)) for name, value in given["options_in_order"].items()]
    now, until, random = given["current_time_stamp"], given["expire_time"], given["random"]
    original = vod.ugc_original(given["secret_id"], now, until, random, options)
    assert original == expected["original"]
    assert vod.ugc_signature(Secret(given["secret_key"]), original) == expected["signature"]
    assert base64.b64decode(expected["signature"])[:20].hex() == expected["hmac_sha1_hex"]
    snake = {
        "procedure": "procedure",
        "classId": "class_id",
        "sourceContext": "source_context",
        "oneTimeValid": "one_time_valid",
        "vodSubAppId": "sub_app_id",
        "storageRegion": "storage_region",
        "sessionContext": "session_context",
    }
    fields = {"random": random} | {snake[name]: value for name, value in given["options_in_order"].items()}
    assert TencentVod().issue_token(keys(given), now + 0.5, until - now, fields) == expected["signature"]


@pytest.mark.parametrize(("given", "expected"), of_scheme("checksum"))
def test_digests_are_compared_as_numbers(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """Our reading of the store's answer against a CRC-64 of the same bytes by an independent library."""
    if "data_rule" in given:
        rule = given["data_rule"]
        pattern = bytes.fromhex(rule["pattern_hex"])
        data = pattern * (rule["repeat_to_length"] // len(pattern))
    else:
        data = bytes.fromhex(given["data_hex"])
    call = CosStore(host="b-1.cos.ap-x.myqcloud.com", key="k").put_object(Bytes(data))
    headers = (("etag", expected["etag"]), ("x-cos-hash-crc64ecma", expected["crc64ecma"]))
    receipt = call.parse(Response(status=200, headers=headers, body=b""))
    assert receipt.digest == crc64.xz(data)
    assert receipt.tag == expected["etag"] == f'"{hashlib.md5(data).hexdigest()}"'
    if "split_at" in expected:
        part = PartSpec(0, 0, expected["split_at"])
        put = CosStore(host="b-1.cos.ap-x.myqcloud.com", key="k").put_part("u", part, Bytes(data[: part.length]))
        first = put.parse(
            Response(status=200, headers=(("etag", '"x"'), ("x-cos-hash-crc64ecma", expected["crc64_first"])), body=b"")
        )
        assert first.digest == crc64.xz(data[: part.length])
        assert int(expected["crc64_second"]) == crc64.xz(data[part.length :])


@pytest.mark.parametrize(("given", "expected"), of_scheme("event-"))
def test_callback(given: dict[str, Any], expected: dict[str, Any]) -> None:
    headers = {"Sign": expected["sign"], "T": str(given["t"])}
    assert verify_callback(headers, b"", given["sign_key"], given["t"] - 600)
    assert verify_callback(headers, b"", given["sign_key"], given["t"])
    assert not verify_callback(headers, b"", given["sign_key"], given["t"] + 1)
    assert not verify_callback(headers | {"T": str(given["t"] + 1)}, b"", given["sign_key"], given["t"])
