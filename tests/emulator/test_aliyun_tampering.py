"""Each case is one change to an acceptable request: the documented code refuses it and nothing happens."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from tests.emulator.aliyun_client import (
    API,
    Client,
    Keys,
    Place,
    code,
    presign_oss1,
    presign_oss4,
    sign_acs3,
    sign_oss1,
    sign_oss4,
    sign_rpc,
    sign_rpc_form,
)
from tests.emulator.changes import Change, another_date, flip_last, header, swap, target, too_long
from tests.emulator.client import Sent
from vodfast.emulator import Emulator

FIELDS = {"Title": "T * ~ +/ 标", "FileName": "a.mp4"}


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return Client(emulator.endpoint)


MISMATCH = "SignatureDoesNotMatch"

ACS3: dict[str, tuple[Change, str]] = {
    "signature bit": (flip_last, MISMATCH),
    "parameter value": (target("a.mp4", "b.mp4"), MISMATCH),
    "parameter added": (target("Title=", "Description=x&Title="), MISMATCH),
    "parameter removed": (target("FileName=a.mp4&", ""), MISMATCH),
    "parameter twice": (target("FileName=a.mp4", "FileName=a.mp4&FileName=a.mp4"), "InvalidParameter"),
    "another key": (swap("aliyun,", "nobody,"), "InvalidAccessKeyId.NotFound"),
    "host": (lambda sent: replace(sent, host="vod.cn-beijing.aliyuncs.com"), MISMATCH),
    "action": (header("x-acs-action", "CreateUploadImage"), MISMATCH),
    "version": (header("x-acs-version", "2017-03-22"), MISMATCH),
    "nonce": (header("x-acs-signature-nonce", "n"), MISMATCH),
    "date": (header("x-acs-date", "2020-01-01T00:00:00Z"), "InvalidTimeStamp.Expired"),
    "date's form": (header("x-acs-date", "now"), "InvalidTimeStamp.Format"),
    "nonce missing": (header("x-acs-signature-nonce", None), "MissingParameter"),
    "version missing": (header("x-acs-version", None), "MissingParameter"),
    "date missing": (header("x-acs-date", None), "MissingParameter"),
    "payload hash": (header("x-acs-content-sha256", "0" * 64), MISMATCH),
    "payload hash missing": (header("x-acs-content-sha256", None), "MissingParameter"),
    "one more x-acs header": (header("x-acs-extra", "1"), "IncompleteSignature"),
    "a token from nowhere": (header("x-acs-security-token", "t"), "IncompleteSignature"),
    "host not in the list": (swap("host;", ""), "IncompleteSignature"),
    "a signed header that is absent": (swap("host;", "host;range;"), "IncompleteSignature"),
    "a list that is not sorted": (swap("host;x-acs-action;", "x-acs-action;host;"), "IncompleteSignature"),
    "a header listed twice": (swap("host;", "host;host;"), "IncompleteSignature"),
    "algorithm": (swap("ACS3-HMAC-SHA256", "ACS3-HMAC-SM3"), "IncompleteSignature"),
    "no signature": (header("Authorization", None), "MissingParameter"),
    "method": (lambda sent: replace(sent, method="GET"), MISMATCH),
    "path": (target("/?", "/x?"), "InvalidParameter"),
}


@pytest.mark.parametrize("case", ACS3)
def test_a_changed_acs3_request_is_refused(client: Client, emulator: Emulator, case: str) -> None:
    change, expected = ACS3[case]
    answer = client.send(change(sign_acs3("CreateUploadVideo", FIELDS, client.keys)))
    assert code(answer) == expected
    assert answer.status == (404 if expected.endswith("NotFound") else 400)
    assert emulator.media() == []


def test_acs3_names_the_key_that_signs_in_both_places_or_in_one(client: Client, emulator: Emulator) -> None:
    for named, expected in (("STS.another", "InvalidAccessKeyId.NotFound"), (client.keys.access_key, "")):
        sent = sign_acs3("CreateUploadVideo", FIELDS, client.keys, more={"x-acs-accesskey-id": named})
        assert code(client.send(sent)) == expected
    assert len(emulator.media()) == 1


def test_acs3_with_a_form(client: Client, emulator: Emulator) -> None:
    good = sign_acs3("CreateUploadVideo", FIELDS, client.keys, form=True)
    changed = replace(good, body=good.body.replace(b"a.mp4", b"b.mp4"))
    assert code(client.send(changed)) == MISMATCH
    assert code(client.send(good.with_header("content-type", "text/plain"))) == MISMATCH
    assert code(client.send(swap("content-type;", "")(good))) == "IncompleteSignature"
    assert emulator.media() == []
    assert code(client.send(good)) == ""
    assert code(client.send(good)) == "SignatureNonceUsed"
    assert len(emulator.media()) == 1


RPC: dict[str, tuple[Change, str]] = {
    "parameter": (target("a.mp4", "b.mp4"), MISMATCH),
    "action": (target("CreateUploadVideo", "CreateUploadImage"), MISMATCH),
    "method": (lambda sent: replace(sent, method="POST"), MISMATCH),
    "key": (target("vodfast-emulator-aliyun", "nobody"), "InvalidAccessKeyId.NotFound"),
    "nonce missing": (target("SignatureNonce=", "Nonce="), "MissingParameter"),
    "key missing": (target("AccessKeyId=", "AccessKey="), "MissingParameter"),
    "signature missing": (target("Signature=", "Sign="), "MissingParameter"),
    "time missing": (target("Timestamp=", "Time="), "MissingParameter"),
    "method of the signature missing": (target("SignatureMethod=", "Method="), "MissingParameter"),
    "version of the signature missing": (target("SignatureVersion=", "Version1="), "MissingParameter"),
    "time's form": (target("Timestamp=20", "Timestamp=x"), "InvalidTimeStamp.Format"),
    "hash": (target("HMAC-SHA1", "HMAC-MD5"), "InvalidParameter"),
    "version of the signature": (target("SignatureVersion=1.0", "SignatureVersion=2.0"), "InvalidParameter"),
    "empty parameter added": (target("&Action", "&SignatureType=&Action"), MISMATCH),
    "signature": (target("Signature=", "Signature=A"), MISMATCH),
    "token from nowhere": (target("&SignatureMethod", "&SecurityToken=t&SignatureMethod"),
                           "InvalidSecurityToken.MismatchWithAccessKey"),
    "date": (target("Timestamp=20", "Timestamp=19"), "InvalidTimeStamp.Expired"),
}  # fmt: skip


@pytest.mark.parametrize("case", RPC)
def test_a_changed_v1_request_is_refused(client: Client, emulator: Emulator, case: str) -> None:
    change, expected = RPC[case]
    answer = client.send(change(sign_rpc("CreateUploadVideo", FIELDS, client.keys)))
    assert code(answer) == expected
    assert emulator.media() == []


@pytest.mark.parametrize("sign", [sign_acs3, sign_rpc])
@pytest.mark.parametrize(
    ("off", "expected"),
    [(-890, ""), (890, ""), (-910, "InvalidTimeStamp.Expired"), (910, "InvalidTimeStamp.Expired")],
)
def test_a_clock_may_be_a_quarter_of_an_hour_off(client: Client, sign: Any, off: int, expected: str) -> None:
    assert code(client.send(sign("CreateUploadVideo", FIELDS, client.keys, now=time.time() + off))) == expected


@pytest.mark.parametrize("sign", [sign_acs3, sign_rpc])
def test_a_temporary_caller_needs_its_token_until_it_expires(client: Client, emulator: Emulator, sign: Any) -> None:
    caller = {"access_key": "STS.caller", "secret": "s3", "token": "t0", "expires_at": time.time() + 60}
    emulator.settings(callers=[caller])
    good = Keys("STS.caller", "s3", "t0")
    for keys, expected in (
        (good, ""),
        (replace(good, token=None), "InvalidSecurityToken.MismatchWithAccessKey"),
        (replace(good, token="t1"), "InvalidSecurityToken.MismatchWithAccessKey"),
        (replace(good, secret="s4"), MISMATCH),
    ):
        assert code(client.send(sign("CreateUploadVideo", FIELDS, keys))) == expected
    emulator.settings(callers=[caller | {"expires_at": time.time() - 1}])
    assert code(client.send(sign("CreateUploadVideo", FIELDS, good))) == "InvalidSecurityToken.Expired"


def test_what_is_accepted(client: Client, emulator: Emulator) -> None:
    good = sign_rpc("CreateUploadVideo", FIELDS, client.keys)
    assert code(client.send(good)) == ""
    assert code(client.send(good)) == "SignatureNonceUsed"
    as_xml = client.send(sign_rpc("CreateUploadVideo", FIELDS, client.keys, form="XML"))
    assert b"<CreateUploadVideoResponse><VideoId>" in as_xml.body
    assert b"<Error><Code>" in client.send(sign_rpc("Nothing", {}, client.keys, form="XML")).body
    late = sign_acs3("CreateUploadVideo", FIELDS, client.keys, now=time.time() - 890)
    assert code(client.send(late)) == ""
    assert len(emulator.media()) == 3


STORE: dict[str, tuple[Change, str]] = {
    "signature bit": (flip_last, MISMATCH),
    "key": (target("mp4", "mp5"), MISMATCH),
    "query added": (lambda sent: replace(sent, target=f"{sent.target}?acl"), MISMATCH),
    "content type": (header("content-type", "video/mp5"), MISMATCH),
    "token": (header("x-oss-security-token", "t"), "InvalidSecurityToken"),
    "no token": (header("x-oss-security-token", None), "InvalidAccessKeyId"),
    "another key id": (swap("Credential=STS.", "Credential=XXX."), "InvalidAccessKeyId"),
    "region of the scope": (swap("cn-shanghai", "cn-beijing"), "InvalidArgument"),
    "product of the scope": (swap("/oss/", "/ecs/"), "InvalidArgument"),
    "date of the scope": (another_date, "InvalidArgument"),
    "date": (header("x-oss-date", time.strftime("%Y%m%dT000000Z", time.gmtime(0))), "InvalidArgument"),
    "date's form": (header("x-oss-date", "today"), "InvalidArgument"),
    "a date that is none": (header("x-oss-date", time.strftime("%Y%m%dT250000Z", time.gmtime())), "InvalidArgument"),
    "payload hash": (header("x-oss-content-sha256", "0" * 64), "InvalidArgument"),
    "one more x-oss header": (header("x-oss-meta-a", "b"), MISMATCH),
    "content MD5": (header("content-md5", base64.b64encode(hashlib.md5(b"bytes").digest()).decode()), MISMATCH),
    "additional header named": (lambda sent: sent.with_header(
        "Authorization", sent.headers["Authorization"] + ", AdditionalHeaders=host"), MISMATCH),
    "additional header that is absent": (lambda sent: sent.with_header(
        "Authorization", sent.headers["Authorization"] + ", AdditionalHeaders=range"), "InvalidArgument"),
    "one more field": (swap("Signature=", "Region=cn-shanghai, Signature="), "InvalidArgument"),
    "a field twice": (swap("Signature=", "Signature=0, Signature="), "InvalidArgument"),
    "no field of that name": (swap("Signature=", "Sign="), "InvalidArgument"),
    "additional headers empty": (lambda sent: sent.with_header(
        "Authorization", sent.headers["Authorization"] + ", AdditionalHeaders="), "InvalidArgument"),
    "an empty signature": (lambda sent: sent.with_header(
        "Authorization", re.sub("Signature=.*", "Signature=", sent.headers["Authorization"])), "InvalidArgument"),
    "algorithm": (swap("OSS4-HMAC-SHA256", "OSS5"), "InvalidArgument"),
    "no signature": (header("Authorization", None), "AccessDenied"),
    "method": (lambda sent: replace(sent, method="DELETE"), MISMATCH),
    "bucket": (lambda sent: replace(sent, host="outin-other.oss-cn-shanghai.aliyuncs.com"), "NoSuchBucket"),
    "region of the host": (lambda sent: replace(sent, host=sent.host.replace("shanghai", "beijing")), "NoSuchBucket"),
    "no length": (header("Content-Length", None), "MissingContentLength"),
    "a length beyond 5 GiB": (too_long, "InvalidArgument"),
}  # fmt: skip


@pytest.mark.parametrize("case", STORE)
def test_a_changed_v4_request_of_the_store_is_refused(client: Client, emulator: Emulator, case: str) -> None:
    change, expected = STORE[case]
    place = client.create()
    body = b"" if case == "no length" else b"bytes"
    good = sign_oss4("PUT", place, {}, body, headers={"content-type": "video/mp4"})
    assert code(client.send(change(good))) == expected
    (media,) = emulator.media()
    assert (media["state"], media["objects"]) == ("applied", [])
    assert code(client.oss("PUT", place, body=b"bytes")) == ""
    assert emulator.media()[0]["state"] == "committed"


def test_a_date_of_v4_has_all_its_digits(client: Client) -> None:
    place = client.create()
    moment = time.strftime("%Y%m%dT%H%M1Z", time.gmtime())
    assert code(client.send(sign_oss4("PUT", place, {}, b"x", moment=moment))) == "InvalidArgument"
    assert client.oss("HEAD", place).status == 404


STORE_V1: dict[str, tuple[Change, str]] = {
    "signature": (swap(":", ":A"), MISMATCH),
    "content type": (header("content-type", "video/mp5"), MISMATCH),
    "key": (target("mp4", "mp5"), MISMATCH),
    "sub-resource": (lambda sent: replace(sent, target=f"{sent.target}?acl"), MISMATCH),
    "date": (header("date", "Fri, 17 May 2024 08:09:10 GMT"), "RequestTimeTooSkewed"),
    "date missing": (header("date", None), "AccessDenied"),
    "date's form": (header("date", "today"), "AccessDenied"),
    "another date of its own": (lambda sent: sent.with_header("x-oss-date", sent.headers["date"]), MISMATCH),
    "no colon": (swap(":", ";"), "AccessDenied"),
    "content MD5": (header("content-md5", base64.b64encode(hashlib.md5(b"bytes").digest()).decode()), MISMATCH),
    "another x-oss header": (header("x-oss-meta-a", "1"), MISMATCH),
    "key id": (swap("OSS STS.", "OSS XXX."), "InvalidAccessKeyId"),
}


@pytest.mark.parametrize("case", STORE_V1)
def test_a_changed_v1_request_of_the_store_is_refused(client: Client, emulator: Emulator, case: str) -> None:
    change, expected = STORE_V1[case]
    place = client.create()
    good = sign_oss1("PUT", place, {}, b"bytes")
    assert code(client.send(change(good))) == expected
    assert emulator.media()[0]["objects"] == []
    unsigned = replace(good, target=f"{good.target}?max-parts=3")
    assert client.send(unsigned).status == 200


QUERY: dict[str, tuple[Change, str]] = {
    "signature": (target("x-oss-signature=", "x-oss-signature=0"), MISMATCH),
    "key": (target("mp4", "mp5"), MISMATCH),
    "method": (lambda sent: replace(sent, method="DELETE"), MISMATCH),
    "lifetime": (target("x-oss-expires=60", "x-oss-expires=600"), MISMATCH),
    "no lifetime": (target("x-oss-expires=60", "x-oss-expires="), "InvalidArgument"),
    "lifetime over": (target("x-oss-expires=60", "x-oss-expires=0"), "AccessDenied"),
    "a lifetime that is none": (target("x-oss-expires=60", "x-oss-expires=6x"), "InvalidArgument"),
    "no date": (target("x-oss-date=", "x-oss-day="), "InvalidArgument"),
    "no key": (target("x-oss-credential=", "x-oss-key="), "InvalidArgument"),
    "version": (target("OSS4-HMAC-SHA256", "OSS5-HMAC-SHA256"), "InvalidArgument"),
    "region of the scope": (target("cn-shanghai%2Foss", "cn-beijing%2Foss"), "InvalidArgument"),
    "another key id": (target("credential=STS.", "credential=XXX."), "InvalidAccessKeyId"),
    "token": (target("token%2B", "token%2C"), "InvalidSecurityToken"),
    "parameter added": (target("?", "?acl&"), MISMATCH),
    "parameter twice": (target("?", "?x-oss-expires=60&"), "InvalidArgument"),
    "a header that is signed": (header("x-oss-meta-a", "1"), MISMATCH),
}


@pytest.mark.parametrize("case", QUERY)
def test_oss4_in_the_query(client: Client, emulator: Emulator, case: str) -> None:
    change, expected = QUERY[case]
    place = client.create()
    client.oss("PUT", place, body=b"bytes")
    if case == "lifetime over":
        emulator.settings(clock_offset=1)
    assert code(client.send(change(presign_oss4("GET", place)))) == expected
    assert client.send(presign_oss4("GET", place)).body == b"bytes"
    assert client.send(presign_oss4("GET", place, additional=("host",))).status == 200
    assert client.oss("HEAD", place).status == 200


def test_a_signature_in_the_query_is_not_made_in_advance(client: Client, emulator: Emulator) -> None:
    place = client.create()
    client.oss("PUT", place, body=b"bytes")
    early = presign_oss4("GET", place, lifetime=9000)
    emulator.settings(clock_offset=-890)
    assert client.send(early).status == 200
    emulator.settings(clock_offset=-910)
    assert code(client.send(early)) == "AccessDenied"


QUERY_V1: dict[str, tuple[Change, str]] = {
    "signature": (target("Signature=", "Signature=A"), MISMATCH),
    "key": (target("mp4", "mp5"), MISMATCH),
    "method": (lambda sent: replace(sent, method="DELETE"), MISMATCH),
    "expiry": (target("Expires=1", "Expires=2"), MISMATCH),
    "expiry over": (target("Expires=1", "Expires=0"), "AccessDenied"),
    "no expiry": (target("Expires=", "Expired="), "AccessDenied"),
    "another key id": (target("KeyId=STS.", "KeyId=XXX."), "InvalidAccessKeyId"),
    "token": (target("token%2B", "token%2C"), "InvalidSecurityToken"),
    "sub-resource": (target("?", "?acl&"), MISMATCH),
    "a header that is signed": (header("x-oss-meta-a", "1"), MISMATCH),
}


@pytest.mark.parametrize("case", QUERY_V1)
def test_oss1_in_the_query(client: Client, case: str) -> None:
    change, expected = QUERY_V1[case]
    place = client.create()
    client.oss("PUT", place, body=b"bytes")
    good = presign_oss1("GET", place)
    assert code(client.send(change(good))) == expected
    assert client.send(good).body == b"bytes"
    assert client.send(replace(good, target=f"{good.target}&max-parts=3")).status == 200


def test_rpc_with_a_form(client: Client, emulator: Emulator) -> None:
    good = sign_rpc_form("CreateUploadVideo", FIELDS, client.keys)
    assert code(client.send(replace(good, body=good.body.replace(b"a.mp4", b"b.mp4")))) == MISMATCH
    assert code(client.send(replace(good, target=good.target.replace("?", "?RegionId=x&")))) == MISMATCH
    assert emulator.media() == []
    assert code(client.send(good)) == ""
    assert code(client.send(good)) == "SignatureNonceUsed"
    assert len(emulator.media()) == 1


@pytest.mark.parametrize("text", ["%%%", "e30=", "W10=", base64.b64encode(b"{").decode(), ""])
def test_a_notification_that_is_none(client: Client, emulator: Emulator, text: str) -> None:
    place = client.create()
    headers = {"x-oss-notification": text}
    assert code(client.oss("PUT", place, body=b"x", headers=headers)) == "InvalidArgument"
    assert emulator.media()[0]["objects"] == []
    good = base64.b64encode(b'{"Vod":{"UserData":{"IsShowWaterMark": "False"}}}').decode()
    assert code(client.oss("PUT", place, body=b"x", headers={"x-oss-notification": good})) == ""
    changed = sign_oss4("PUT", place, {}, b"x", headers={"x-oss-notification": good})
    assert code(client.send(changed.with_header("x-oss-notification", good[:-4]))) == MISMATCH


def test_scope_and_clock(client: Client, emulator: Emulator) -> None:
    one, two = client.create(), client.create()
    other = Place(one.media_id, one.bucket, two.key, one.keys, one.host)
    for method in ("PUT", "GET", "DELETE"):
        body = b"x" if method == "PUT" else b""
        assert code(client.oss(method, other, body=body)) == "AccessDenied"
    assert code(client.oss("GET", one, {"uploads": "", "prefix": ""}, key="")) == "AccessDenied"
    assert client.oss("GET", one, {"uploads": "", "prefix": one.key}, key="").status == 200
    assert code(client.oss("PUT", one, body=b"x", now=time.time() - 901)) == "RequestTimeTooSkewed"
    assert code(client.send(sign_acs3("GetVideoInfo", {"VideoId": one.media_id}, one.keys))) == "Forbidden"
    emulator.settings(clock_offset=4000)
    ahead = time.time() + 4000
    assert code(client.oss("PUT", one, body=b"x", now=ahead)) == "SecurityTokenExpired"
    renewed = json.loads(
        client.send(sign_acs3("RefreshUploadVideo", {"VideoId": one.media_id}, client.keys, now=ahead)).body
    )
    again = Place.of(renewed)
    assert (again.key, again.bucket) == (one.key, one.bucket)
    assert client.oss("PUT", again, body=b"x", now=ahead).status == 200


def test_secrets_stay_out_of_the_history(client: Client, emulator: Emulator) -> None:
    place = client.create()
    token = place.keys.token or ""
    caller = Keys("STS.caller", "s", "canary-token")
    emulator.settings(callers=[{"access_key": caller.access_key, "secret": caller.secret, "token": caller.token}])
    assert code(client.send(sign_rpc("GetVideoInfo", {"VideoId": place.media_id}, caller))) == ""
    client.oss("PUT", place, {"x-oss-security-token": token}, b"x")
    shown = str(emulator.history())
    for secret in ("canary-token", token, quote(token, safe=""), "Signature="):
        assert secret not in shown


PART = b"p" * 102400


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 2, 3], ""),
        ([1, 3], ""),
        ([2, 1], "InvalidPartOrder"),
        ([1, 1], "InvalidPartOrder"),
        ([1, 4], "InvalidPart"),
        ([], "MalformedXML"),
    ],
)
def test_which_parts_make_an_object(client: Client, emulator: Emulator, numbers: list[int], expected: str) -> None:
    place = client.create()
    upload_id = client.initiate(place)
    etags = {n: client.part(place, upload_id, n, PART).headers["etag"] for n in (1, 2)}
    etags[3] = client.part(place, upload_id, 3, b"last").headers["etag"]
    listed = client.oss("GET", place, {"uploadId": upload_id, "max-parts": "2"}).body
    assert listed.count(b"<HashCrc64ecma>") == 2
    assert b"<IsTruncated>true</IsTruncated>" in listed
    assert b"<NextPartNumberMarker>2<" in listed
    answer = client.complete(place, upload_id, [(n, etags.get(n, '"0"')) for n in numbers])
    assert code(answer) == expected
    assert (emulator.media()[0]["state"] == "committed") is not bool(expected)
    if not expected:
        assert code(client.complete(place, upload_id, sorted(etags.items()))) == "NoSuchUpload"
        size = sum(len(PART) if n < 3 else 4 for n in numbers)
        assert client.oss("HEAD", place).headers["content-length"] == str(size)


def test_the_store_keeps_its_rules(client: Client, emulator: Emulator) -> None:
    place = client.create()
    upload_id = client.initiate(place)
    small = [(n, client.part(place, upload_id, n, b"small").headers["etag"]) for n in (1, 2)]
    assert code(client.complete(place, upload_id, small)) == "EntityTooSmall"
    assert code(client.part(place, upload_id, 0, b"x")) == "InvalidArgument"
    assert code(client.part(place, upload_id, 10001, b"x")) == "InvalidArgument"
    assert code(client.part(place, "nope", 1, b"x")) == "NoSuchUpload"
    assert client.oss("DELETE", place, {"uploadId": upload_id}).status == 204
    assert emulator.media()[0]["state"] == "aborted"
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert code(client.oss("PUT", place, body=b"x", headers={"content-md5": wrong})) == "InvalidDigest"
    refused = client.oss("HEAD", place)
    assert refused.status == 404
    assert b"<Code>NoSuchKey</Code>" in base64.b64decode(refused.headers["x-oss-err"])
    stored = client.oss("PUT", place, body=b"123456789", additional=("host",))
    assert stored.headers["x-oss-hash-crc64ecma"] == "11051210869376104954"
    assert stored.headers["etag"] == '"25F9E794323B453885F5181F1B624D0B"'
    again = client.oss("PUT", place, body=b"x", headers={"x-oss-forbid-overwrite": "true"})
    assert code(again) == "FileAlreadyExists"
    assert client.oss("GET", place).body == b"123456789"


BAD_CALLS = [
    ("CreateUploadVideo", {"Title": "t"}, "MissingParameter"),
    ("CreateUploadVideo", {"Title": "t", "FileName": "a.exe"}, "InvalidFileName.Extension"),
    ("CreateUploadVideo", {"Title": "字" * 43, "FileName": "a.mp4"}, "LengthExceededMax"),
    ("CreateUploadVideo", {"Title": "\U0001f600", "FileName": "a.mp4"}, "IllegalCharacters"),
    (
        "CreateUploadVideo",
        {"Title": "t", "FileName": "a.mp4", "Tags": ",".join("abcdefghijklmnopq")},
        "TagsExceededMax",
    ),
    ("CreateUploadVideo", {"Title": "t", "FileName": "a.mp4", "CateId": "x"}, "InvalidParameter"),
    ("CreateUploadVideo", {"Title": "t", "FileName": "a.mp4", "Titel": "x"}, "InvalidParameter"),
    ("CreateUploadVideo", {"Title": "t", "FileName": "a.mp4", "StorageLocation": "x"}, "InvalidStorage.NotFound"),
    ("CreateUploadVideo", {"Title": "t", "FileName": "a.mp4", "UserData": "{"}, "InvalidParameter.UserData"),
    ("CreateUploadVideo", {"Title": "t", "FileName": "a.mp4", "ReferenceId": "abc"}, "InvalidParameter.ReferenceId"),
    ("CreateUploadImage", {"ImageType": "banner"}, "InvalidParameter.ImageType"),
    ("CreateUploadAttachedMedia", {"BusinessType": "subtitle", "MediaExt": "mp4"}, "InvalidParameter.MediaExt"),
    ("RefreshUploadVideo", {}, "MissingParameter"),
    ("RefreshUploadVideo", {"VideoId": "x"}, "InvalidVideo.NotFound"),
    ("UploadMediaByURL", {"UploadURLs": "https://e.com/a b.mp4,x"}, "InvalidParameter.UploadURLs"),
    ("GetURLUploadInfos", {"JobIds": ",".join("abcdefghijk")}, "InvalidParameter"),
    ("CancelUrlUploadJobs", {"UploadURLs": "x"}, "InvalidParameter"),
    ("RegisterMedia", {"RegisterMetadatas": "[]"}, "InvalidParameter.RegisterMetadatas"),
    ("RegisterMedia", {"RegisterMetadatas": '[{"FileURL": "x"}]'}, "MissingParameter"),
    ("DeleteMultipartUpload", {"MediaId": "x", "MediaType": "video"}, "InvalidVideo.NotFound"),
    ("SetMessageCallback", {"CallbackType": "HTTP"}, "InvalidParameter.CallbackURL"),
]


@pytest.mark.parametrize(("action", "fields", "expected"), BAD_CALLS)
def test_calls_that_are_refused(client: Client, action: str, fields: dict[str, str], expected: str) -> None:
    assert client.call(action, **fields)["Code"] == expected


def test_an_endpoint_given_by_address_is_given_back(client: Client, emulator: Emulator) -> None:
    """Whoever has the emulator's address as endpoint gets it back as the store's."""
    sent = sign_rpc("CreateUploadVideo", FIELDS, client.keys)
    data = json.loads(client.send(replace(sent, host=emulator.endpoint)).body)
    address = json.loads(base64.b64decode(data["UploadAddress"]))
    assert address["Endpoint"] == f"http://{emulator.endpoint}"
    place = Place.of(data)
    good = sign_oss4("PUT", place, {}, b"bytes")
    path_style = replace(good, host=emulator.endpoint, target=f"/{place.bucket}{good.target}")
    assert client.send(path_style).status == 200
    assert emulator.media()[0]["state"] == "committed"
    telemetry = Sent("POST", API, "/", {"content-type": "application/x-www-form-urlencoded", "Content-Length": "36"},
                     b"Action=ReportUploadProgress&VideoId=x")  # fmt: skip
    telemetry.headers["Content-Length"] = str(len(telemetry.body))
    assert client.send(telemetry).status == 200
