"""What one request costs before it reaches the socket: bodies, signatures, answers. `pytest bench --benchmark-only`."""

import msgspec
import pytest

from vodfast.config import MIB
from vodfast.credentials import Credentials
from vodfast.providers.contract import MediaSpec
from vodfast.providers.tencent import signing as tc3
from vodfast.providers.tencent import wire
from vodfast.providers.tencent.protocol import TencentVod
from vodfast.stores.cos import signing as cos
from vodfast.stores.cos.dialect import CosStore
from vodfast.stores.xmlbody import complete_multipart_body, parse_xml
from vodfast.transfer.message import Response, build_headers
from vodfast.transfer.ports import PartSpec

NOW = 1_700_000_000.0
KEYS = Credentials.of("id-for-benchmarks", "key-for-benchmarks", "token-for-benchmarks" * 20, NOW + 3600)
STORE = CosStore(host="bucket-1250000000.cos.ap-chongqing.myqcloud.com", key="0a1b2c/f0.mp4")
TICKET = wire.ApplyUploadResponse(
    storage_bucket="bucket-1250000000",
    storage_region="ap-chongqing",
    vod_session_key="k" * 200,
    media_storage_path="/0a1b2c/f0.mp4",
    temp_certificate=wire.TempCertificate(secret_id="i", secret_key="k", token="t" * 400, expired_time=int(NOW) + 3600),
)


class Part:
    """A body that is never read here."""

    length = 16 * MIB


def test_sign_api_request(benchmark):
    canonical = tc3.canonical_request("POST", "", "application/json", "vod.tencentcloudapi.com", b'{"MediaType":"mp4"}')
    assert benchmark(tc3.tc3_authorization, KEYS, int(NOW), "vod", canonical).startswith("TC3-HMAC-SHA256")


def test_sign_store_request(benchmark):
    headers = [("content-length", str(16 * MIB)), ("host", STORE.host), ("x-cos-security-token", KEYS.token.reveal())]
    pairs = benchmark(
        cos.authorization_pairs,
        KEYS,
        "PUT",
        "/0a1b2c/f0.mp4",
        [("partNumber", "7"), ("uploadId", "u" * 64)],
        headers,
        (int(NOW) - 60, int(NOW) + 3600),
    )
    assert pairs[-1][0] == "q-signature"


def test_build_apply_upload(benchmark):
    call = TencentVod().apply(MediaSpec(name="clip.mp4", size=65536))
    assert benchmark(call.build, KEYS, NOW).operation == "ApplyUpload"


def test_build_put_part(benchmark):
    request = benchmark(lambda: STORE.put_part("u" * 64, PartSpec(6, 96 * MIB, Part.length), Part()).build(KEYS, NOW))
    assert request.operation == "UploadPart"


def test_read_put_part_answer(benchmark):
    call = STORE.put_part("u" * 64, PartSpec(6, 96 * MIB, Part.length), Part())
    answer = Response(
        status=200,
        headers=(("etag", '"0123456789abcdef0123456789abcdef"'), ("x-cos-hash-crc64ecma", "4510578591875220731")),
        body=b"",
    )
    assert benchmark(call.parse, answer).digest == 4510578591875220731


def test_decode_apply_upload_answer(benchmark):
    encoded = msgspec.json.encode(TICKET)
    assert benchmark(msgspec.json.decode, encoded, type=wire.ApplyUploadResponse) == TICKET


@pytest.mark.parametrize("parts", [64, 10_000])
def test_complete_body(benchmark, parts):
    pairs = [(number, f'"{number:032x}"') for number in range(1, parts + 1)]
    assert len(benchmark(complete_multipart_body, pairs)) > parts * 60


def test_parse_list_of_1000_parts(benchmark):
    part = "<Part><PartNumber>1</PartNumber><ETag>&quot;0123456789abcdef&quot;</ETag><Size>1048576</Size></Part>"
    body = f"<?xml version='1.0'?><ListPartsResult>{part * 1000}</ListPartsResult>".encode()
    assert len(benchmark(parse_xml, body)) == 1000


def test_build_headers(benchmark):
    pairs = [("Host", STORE.host), ("Authorization", "q-sign-algorithm=sha1&" * 10), ("Content-Length", "16777216")]
    assert len(benchmark(build_headers, pairs)) == 3
