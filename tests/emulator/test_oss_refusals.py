"""What OSS says of a refusal beside its code: what should have been signed, which argument, which time, what wait."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from xml.etree.ElementTree import fromstring

import pytest

from tests.emulator.aliyun_client import Client, Place, code, presign_oss1, presign_oss4, sign_oss1, sign_oss4
from tests.emulator.client import Answer, Sent
from vodfast.emulator import Emulator


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return Client(emulator.endpoint)


def told(answer: Answer) -> dict[str, str]:
    """The children of the error document, and of the header that replaces it for HEAD."""
    body = answer.body or base64.b64decode(answer.headers["x-oss-err"])
    return {child.tag: child.text or "" for child in fromstring(body)}


SIGNED: dict[str, Callable[[Place], Sent]] = {
    "V1": lambda place: sign_oss1("PUT", place, {}, b"x").with_header("content-type", "video/mp5"),
    "V4": lambda place: sign_oss4("PUT", place, {}, b"x").with_header("content-type", "video/mp5"),
    "V1 in the query": lambda place: presign_oss1("GET", place).with_header("x-oss-meta-a", "1"),
    "V4 in the query": lambda place: presign_oss4("GET", place).with_header("x-oss-meta-a", "1"),
}


@pytest.mark.parametrize("how", SIGNED)
def test_a_wrong_signature_is_told_with_what_should_have_been_signed(client: Client, how: str) -> None:
    place = client.create()
    answer = client.send(SIGNED[how](place))
    said = told(answer)
    assert (answer.status, said["Code"]) == (403, "SignatureDoesNotMatch")
    assert said["OSSAccessKeyId"] == place.keys.access_key
    assert re.fullmatch(r"[0-9a-f]{64}" if "V4" in how else r"[A-Za-z0-9+/]{27}=", said["SignatureProvided"])
    text = said["StringToSign"]
    assert bytes.fromhex(said["StringToSignBytes"]) == text.encode()
    assert ("video/mp5" in text or "x-oss-meta-a:1" in text) if "V1" in how else text.startswith("OSS4-HMAC-SHA256\n")


def test_a_key_that_xml_cannot_hold_is_told_all_the_same(client: Client) -> None:
    place = client.create()
    sent = sign_oss1("PUT", place, {}, b"x")
    answer = client.send(Sent(sent.method, sent.host, f"{sent.target}%01%EF%BF%BF", sent.headers, sent.body))
    assert told(answer)["StringToSign"].endswith("mp4??")


def test_a_wrong_clock_is_told_with_both_times(client: Client) -> None:
    said = told(client.oss("PUT", client.create(), body=b"x", now=time.time() - 1000))
    assert said["Code"] == "RequestTimeTooSkewed"
    times = [time.mktime(time.strptime(said[name], "%Y-%m-%dT%H:%M:%S.000Z")) for name in ("RequestTime", "ServerTime")]
    assert times[1] - times[0] == pytest.approx(1000, abs=120)


@pytest.mark.parametrize("number", ["0", "10001", "one", ""])
def test_a_part_number_out_of_range_is_named(client: Client, number: str) -> None:
    place = client.create()
    query = {"partNumber": number, "uploadId": client.initiate(place)}
    answer = client.oss("PUT", place, query, b"x")
    said = told(answer)
    assert (answer.status, said["Code"]) == (400, "InvalidArgument")
    assert said["Message"] == "Part number must be an integer between 1 and 10000, inclusive."
    assert (said["ArgumentName"], said["ArgumentValue"]) == ("partNumber", number)


def test_the_finer_code_stands_in_the_document_and_in_a_header(client: Client, emulator: Emulator) -> None:
    place = client.create()
    sent = sign_oss4("PUT", place, {}, b"x")
    empty = sent.with_header("Authorization", f"{sent.headers['Authorization']},AdditionalHeaders=")
    upload_id = client.initiate(place)
    etags = {n: client.part(place, upload_id, n, b"x").headers["etag"] for n in (1, 2)}
    order = client.complete(place, upload_id, [(2, etags[2]), (1, etags[1])])
    small = client.complete(place, upload_id, sorted(etags.items()))
    emulator.set_faults([{"action": "expire_token", "match": {"operation": "HeadObject"}}])
    expired = client.oss("HEAD", place)
    for answer, finer in (
        (client.send(empty), "0002-00000209"),
        (order, "0042-00000209"),
        (small, "0042-00000213"),
        (expired, "0002-00000007"),
    ):
        assert (told(answer)["EC"], answer.headers["x-oss-ec"]) == (finer, finer)
    assert "x-oss-ec" not in client.oss("GET", client.create()).headers


def test_a_throttled_answer_says_how_long_to_wait(client: Client, emulator: Emulator) -> None:
    emulator.set_faults([{"action": "throttle", "match": {"operation": "PutObject"}}])
    place = client.create()
    answer = client.oss("PUT", place, body=b"x")
    assert (answer.status, code(answer)) == (503, "UploadTrafficRateLimitExceeded")
    assert int(answer.headers["x-oss-qos-delay-time"]) > 0
    assert "x-oss-qos-delay-time" not in client.oss("PUT", place, body=b"x").headers


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("x-oss-forbid-overwrite", "true", "yes"),
        ("x-oss-object-acl", "private", "public"),
        ("x-oss-storage-class", "IA", "ia"),
        ("x-oss-server-side-encryption", "KMS", "rot13"),
    ],
)
def test_headers_of_an_object_have_their_values(client: Client, name: str, good: str, bad: str) -> None:
    place = client.create()
    for method, query in (("PUT", {}), ("POST", {"uploads": ""})):
        said = told(client.oss(method, place, query, headers={name: bad}))
        assert (said["Code"], said["ArgumentName"], said["ArgumentValue"]) == ("InvalidArgument", name, bad)
    assert client.oss("POST", place, {"uploads": ""}, headers={name: good}).status == 200
    assert client.oss("PUT", place, headers={name: good}).status == 200


def test_an_object_is_not_overwritten_against_ones_word(client: Client, emulator: Emulator) -> None:
    place = client.create()
    upload_id = client.initiate(place)
    etag = client.part(place, upload_id, 1, b"parts").headers["etag"]
    body = (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    )
    assert client.oss("PUT", place, body=b"first", headers={"x-oss-forbid-overwrite": "true"}).status == 200
    for method, query, content in (
        ("PUT", {}, b"second"),
        ("POST", {"uploads": ""}, b""),
        ("POST", {"uploadId": upload_id}, body.encode()),
    ):
        answer = client.oss(method, place, query, content, headers={"x-oss-forbid-overwrite": "true"})
        assert (answer.status, code(answer)) == (409, "FileAlreadyExists")
    assert client.oss("GET", place).body == b"first"
    allowed = client.oss(
        "POST", place, {"uploadId": upload_id}, body.encode(), headers={"x-oss-forbid-overwrite": "false"}
    )
    assert allowed.status == 200
    assert client.oss("GET", place).body == b"parts"
