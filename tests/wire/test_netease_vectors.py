"""NetEase vectors on the client side: checksums, bodies, chunk addresses, relayed answers and callbacks."""

from __future__ import annotations

import base64
import json
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from vodfast.config import MIB
from vodfast.credentials import Credentials, Secret
from vodfast.providers.contract import MediaSpec
from vodfast.providers.netease import UploadOptions, checks, signing, verbs
from vodfast.providers.netease.calls import Api
from vodfast.providers.netease.protocol import LIMITS
from vodfast.stores.nos import signing as owner
from vodfast.stores.nos.dialect import NosStore, callback_answer, chunk_target
from vodfast.stores.nos.nodes import NodeBook, read_node
from vodfast.stores.oss.address import place_of
from vodfast.stores.oss.dialect import OssStore
from vodfast.transfer.plan import plan_upload
from vodfast.transfer.ports import PartSpec
from vodfast.transfer.sources import BufferSource

VECTORS: list[dict[str, Any]] = json.loads(Path(__file__).parent.parent.joinpath("vectors/netease.json").read_text())[
    "vectors"
]

NOT_SPOKEN = {
    "sdk-resume-record": "no wire: the vendor client's record on disk, see tests/compat/vcloud/test_records.py",
}


def of_scheme(scheme: str) -> list[Any]:
    found = [vector for vector in VECTORS if vector["scheme"] == scheme]
    assert found
    return [pytest.param(vector["inputs"], vector["expected"], id=vector["id"]) for vector in found]


def test_all_vectors_are_covered() -> None:
    spoken = {
        "vcloud-checksum-sha1": 7,
        "vcloud-json-body": 4,
        "nos-upload-token": 3,
        "nos-chunk-url": 6,
        "vcloud-callback-sign-md5": 3,
        "nos-callback-ret-msg-base64": 2,
        "oss-v1-hmac-sha1-sts": 1,
        "nos-authorization-hmac-sha256": 7,
    }
    left = [vector["scheme"] for vector in VECTORS if vector["scheme"] not in NOT_SPOKEN]
    assert {scheme: left.count(scheme) for scheme in left} == spoken


@pytest.mark.parametrize(("given", "expected"), of_scheme("vcloud-checksum-sha1"))
def test_checksum(given: dict[str, Any], expected: dict[str, Any]) -> None:
    text = str(given["cur_time"])
    assert f"{given['app_secret']}{given['nonce']}{text}" == expected["string_to_sign"]
    assert signing.checksum(Secret(given["app_secret"]), given["nonce"], text) == expected["checksum"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [case for case in of_scheme("vcloud-checksum-sha1") if case.values[0]["nonce"].isascii()],
)
def test_whole_request(given: dict[str, Any], expected: dict[str, Any]) -> None:
    api = Api(endpoint="vcloud.163.com", nonce=lambda: given["nonce"])
    keys = Credentials.of(given["app_key"], given["app_secret"], "store-token")
    request = api.request("video/query", b"{}", keys, given["cur_time"] + 0.9)
    assert dict(request.headers) == {name.lower(): value for name, value in expected["headers"].items()}
    assert (request.method, request.url) == ("POST", "https://vcloud.163.com/app/vod/video/query")


def test_bodies_mean_the_same() -> None:
    cases = {vector["id"]: vector["inputs"]["body"] for vector in VECTORS if vector["scheme"] == "vcloud-json-body"}
    assert set(cases) == {"body-01", "body-02", "body-03", "body-04"}
    assert checks.init_body(MediaSpec(name="beauty.mp4", size=1)) == cases["body-01"]
    full = cases["body-02"]
    media = MediaSpec(
        name=full["originFileName"],
        size=1,
        title=full["userFileName"],
        description=full["description"],
        category=str(full["typeId"]),
        context=full["userDefInfo"],
        options=UploadOptions(
            preset_id=full["presetId"],
            callback_url=full["callbackUrl"],
            watermark_id=full["watermarkId"],
            upload_callback_url=full["uploadCallbackUrl"],
            trans_offset=full["transOffset"],
            trans_duration=full["transDuration"],
        ),
    )
    checks.check_media(media, LIMITS)
    assert checks.init_body(media) == full
    query = Api(endpoint="vcloud.163.com")
    request = verbs.query(query, cases["body-03"]["objectNames"]).build(Credentials.of("a", "b"), 1.0)
    assert isinstance(request.body, bytes)
    assert json.loads(request.body) == cases["body-03"]


@pytest.mark.parametrize(("given", "expected"), of_scheme("nos-upload-token"))
def test_the_token_is_opaque_and_goes_out_byte_for_byte(given: dict[str, Any], expected: dict[str, Any]) -> None:
    policy = given["policy"]
    store = store_of("http://127.0.0.1:9000", policy["Bucket"], policy["Object"])
    body = BufferSource(b"x", "b", "b").part(PartSpec(0, 0, 1))
    call = store.append_part(None, PartSpec(0, 0, 1), body, last=True)
    request = call.build(Credentials.of("key", "secret", expected["x_nos_token"]), 1.0)
    assert dict(request.headers) == {"x-nos-token": expected["x_nos_token"], "content-length": "1"}


def store_of(host: str, bucket: str, key: str) -> NosStore:
    node = read_node(host, https=False)
    assert node is not None

    def never() -> Any:
        raise AssertionError("not asked")

    return NosStore(NodeBook(https=False, fixed=node), bucket, key, never, cloud="netease")


@pytest.mark.parametrize(("given", "expected"), of_scheme("nos-chunk-url"))
def test_chunk_url(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """From size and offset alone: whether the chunk is the last is our plan's word, not the vector's."""
    store = store_of(given["host"], given["bucket"], given["object"])
    plan = plan_upload(given["size"], store.limits)
    part = next(part for part in plan.parts() if part.offset == given["offset"])
    assert part.length <= 4 * MIB
    last = part.offset + part.length == given["size"]
    assert last is expected["correct_complete"]
    body = BufferSource(bytes(part.length), "b", "b").part(PartSpec(0, 0, part.length))
    call = store.append_part(given["context"] or None, part, body, last=last)
    request = call.build(Credentials.of("key", "secret", "UPLOAD t"), 1.0)
    assert request.url == given["host"] + expected["recommended_wire_target"]
    target = chunk_target(given["bucket"], given["object"], given["offset"], last=last, context=given["context"])
    assert target == expected["recommended_wire_target"]


@pytest.mark.parametrize(("given", "expected"), of_scheme("vcloud-callback-sign-md5"))
def test_callback_sign(given: dict[str, Any], expected: dict[str, Any]) -> None:
    key = given["sign_key"] or signing.DEFAULT_SIGN_KEY
    assert signing.callback_sign(given["body"].encode(), key) == expected["sign"]
    assert given["body"] + key == expected["string_to_sign"]
    assert verbs.verify_callback({"Sign": expected["sign"]}, given["body"].encode(), key)
    assert not verbs.verify_callback({"Sign": expected["sign"]}, given["body"].encode() + b" ", key)


@pytest.mark.parametrize(("given", "expected"), of_scheme("nos-callback-ret-msg-base64"))
def test_relayed_answer(given: dict[str, Any], expected: dict[str, Any]) -> None:
    answer = callback_answer(expected["callbackRetMsg"])
    assert (answer or "") == given["callback_answer"]
    assert base64.b64encode(given["callback_answer"].encode()).decode() == expected["callbackRetMsg"]
    record = verbs.relayed_record(answer, "0-1.mp4", "url")
    wanted = json.loads(given["callback_answer"] or "null")
    assert (record.media_id if record else None) == (str(wanted["ret"]["vid"]) if wanted else None)


@pytest.mark.parametrize(("given", "expected"), of_scheme("nos-authorization-hmac-sha256"))
def test_the_owner_of_a_bucket(given: dict[str, Any], expected: dict[str, Any]) -> None:
    keys = Credentials.of(given["access_key"], given["secret_key"])
    target = (given["bucket"], given["key"])
    params = [(name, value or "") for name, value in given["params"].items()]
    body = None if given["body"] is None else given["body"].encode()
    headers = owner.signed_headers(
        keys, given["unix_time"], given["method"], target, params, given["headers"].items(), body
    )
    sent = {name.lower(): value for name, value in headers}
    assert sent["authorization"] == expected["authorization"]
    assert (sent["date"], sent.get("content-md5")) == (expected["date"], expected["content_md5"])
    assert owner.canonical_resource(*target, params) == expected["canonical_resource"]
    text = owner.string_to_sign(given["method"], expected["canonical_resource"], headers, expected["date"])
    assert text == expected["string_to_sign"]


@pytest.mark.parametrize(("given", "expected"), of_scheme("oss-v1-hmac-sha1-sts"))
def test_oss_data_plane(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """The request that finishes an object in an account kept in Aliyun OSS, callback included."""
    wanted = {name.lower(): value for name, value in given["headers"].items()}
    store = OssStore(
        place_of(given["endpoint"], given["bucket"]),
        given["object"],
        region="",
        signature="V1",
        content_type=wanted["content-type"],
        callback=wanted["x-oss-callback"],
        cloud="netease",
    )
    keys = Credentials.of(given["access_key_id"], given["access_key_secret"], given["security_token"])
    now = parsedate_to_datetime(given["date"]).timestamp()
    body = BufferSource(b"x", "b", "b").part(PartSpec(0, 0, 1))
    sent = dict(store.put_object(body).build(keys, now + 0.5).headers)
    assert sent["authorization"] == expected["authorization"]
    assert (sent["date"], sent["x-oss-security-token"]) == (given["date"], given["security_token"])
    assert wanted.items() <= sent.items()
