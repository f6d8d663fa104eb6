"""Each case is one change to an acceptable request: the documented code refuses it and nothing happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.emulator.changes import Change, another_date, flip_last, header, swap, too_long
from tests.emulator.client import KEY, Client, Keys, Sent, bucket_host, sign_cos, sign_tc3, sign_v1
from vodfast.emulator import Emulator

BODY = b'{"MediaType": "mp4", "MediaName": "x"}'


TC3: dict[str, tuple[Change, str]] = {
    "signature bit": (flip_last, "AuthFailure.SignatureFailure"),
    "body byte": (lambda sent: replace(sent, body=BODY.replace(b'"x"', b'"y"')), "AuthFailure.SignatureFailure"),
    "another known key": (swap("tencent/", "nobody/"), "AuthFailure.SecretIdNotFound"),
    "content type": (header("Content-Type", "application/json; charset=utf-8"), "AuthFailure.SignatureFailure"),
    "host": (lambda sent: replace(sent, host="vod.ap-guangzhou.tencentcloudapi.com"), "AuthFailure.SignatureFailure"),
    "timestamp by a second": (
        lambda sent: sent.with_header("X-TC-Timestamp", str(int(sent.headers["X-TC-Timestamp"]) + 1)),
        "AuthFailure.SignatureFailure",
    ),
    "timestamp missing": (header("X-TC-Timestamp", None), "MissingParameter"),
    "timestamp not a number": (header("X-TC-Timestamp", "soon"), "InvalidParameter"),
    "scope date": (another_date, "AuthFailure.SignatureFailure"),
    "scope service": (swap("/vod/", "/cvm/"), "AuthFailure.SignatureFailure"),
    "scope end": (swap("tc3_request", "tc4_request"), "AuthFailure.InvalidAuthorization"),
    "host not in the signed list": (swap("content-type;host", "content-type"), "AuthFailure.InvalidAuthorization"),
    "content type not in the signed list": (swap("content-type;host", "host"), "AuthFailure.InvalidAuthorization"),
    "one more signed header": (swap(";host", ";host;x-tc-action"), "AuthFailure.SignatureFailure"),
    "a signed header that is absent": (swap(";host", ";host;x-none"), "AuthFailure.SignatureFailure"),
    "algorithm": (swap("TC3-HMAC-SHA256", "TC3-HMAC-SHA1"), "AuthFailure.InvalidAuthorization"),
    "signature in capitals": (
        lambda sent: sent.with_header("Authorization", sent.headers["Authorization"][:-64] + "A" * 64),
        "AuthFailure.InvalidAuthorization",
    ),
    "a token from nowhere": (header("X-TC-Token", "t"), "AuthFailure.TokenFailure"),
    "no signature at all": (header("Authorization", None), "AuthFailure.InvalidAuthorization"),
    "payload declared unsigned": (header("X-TC-Content-SHA256", "UNSIGNED-PAYLOAD"), "AuthFailure.SignatureFailure"),
    "method": (lambda sent: replace(sent, method="GET"), "AuthFailure.SignatureFailure"),
    "version": (header("X-TC-Version", "2024-07-18"), "NoSuchVersion"),
    "version missing": (header("X-TC-Version", None), "MissingParameter"),
    "action": (header("X-TC-Action", "ApplyUploads"), "InvalidAction"),
}


@pytest.mark.parametrize("case", TC3)
def test_one_change_to_an_api_call(client: Client, emulator: Emulator, case: str) -> None:
    change, code = TC3[case]
    sent = client.api("ApplyUpload", BODY)
    answer = client.send(change(sent))
    assert (answer.status, answer.code) == (200, code)
    assert answer.headers["content-type"] == "application/json"
    assert answer.data["RequestId"]
    assert emulator.media() == []
    assert client.send(sent).code == ""


@pytest.mark.parametrize("offset", [-301, 301, -86400, 10**9])
def test_clocks_too_far_apart(client: Client, offset: int) -> None:
    sent = client.api("ApplyUpload", BODY, now=time.time() + offset)
    assert client.send(sent).code == "AuthFailure.SignatureExpire"


def test_the_date_of_the_scope_is_that_of_the_timestamp(client: Client, emulator: Emulator) -> None:
    """Even for who has signed with another one."""
    sent = client.api("ApplyUpload", BODY, date="2020-01-01")
    assert client.send(sent).code == "AuthFailure.SignatureFailure"
    assert emulator.media() == []


def test_a_server_clock_that_is_off(client: Client, emulator: Emulator) -> None:
    emulator.settings(clock_offset=3600)
    assert client.send(client.api("ApplyUpload", BODY)).code == "AuthFailure.SignatureExpire"
    assert client.send(client.api("ApplyUpload", BODY, now=time.time() + 3600)).code == ""


def test_forms_of_tc3_that_are_accepted(client: Client) -> None:
    accepted = [
        client.api("ApplyUpload", BODY, unsigned=True),
        client.api("ApplyUpload", BODY, more={"x-tc-language": "en-US"}),
        client.api("ApplyUpload", BODY, host="vod.ap-guangzhou.tencentcloudapi.com"),
        client.api("ApplyUpload", BODY, host="vod.intl.tencentcloudapi.com"),
        client.api("ApplyUpload", b"", method="GET", query="MediaType=mp4&SubAppId=101"),
        client.api("ApplyUpload", BODY, now=time.time() - 290),
    ]
    assert [client.send(sent).code for sent in accepted] == [""] * len(accepted)


def test_a_temporary_caller_needs_its_token_until_it_expires(client: Client, emulator: Emulator) -> None:
    caller = {"access_key": "vodfast-emulator-caller", "secret": "s3", "token": "t0", "expires_at": time.time() + 60}
    emulator.settings(callers=[caller])
    good = Keys("vodfast-emulator-caller", "s3", "t0")
    for keys, code in {
        "good": (good, ""),
        "no token": (replace(good, token=None), "AuthFailure.TokenFailure"),
        "another token": (replace(good, token="t1"), "AuthFailure.TokenFailure"),
        "another secret": (replace(good, secret="s4"), "AuthFailure.SignatureFailure"),
    }.values():
        assert client.send(sign_tc3("ApplyUpload", BODY, keys)).code == code
    emulator.settings(callers=[caller | {"expires_at": time.time() - 1}])
    assert client.send(sign_tc3("ApplyUpload", BODY, good)).code == "AuthFailure.TokenFailure"


def test_an_upload_certificate_is_not_for_the_api(client: Client) -> None:
    certificate = client.apply()["TempCertificate"]
    keys = Keys(certificate["SecretId"], certificate["SecretKey"], certificate["Token"])
    assert client.send(sign_tc3("ApplyUpload", BODY, keys)).code == "UnauthorizedOperation"


def older(**changed: str | None) -> dict[str, str]:
    """The parameters of a call in the older form; None leaves one out."""
    fields = {"Action": "ApplyUpload", "Version": "2018-07-17", "MediaType": "mp4", "SecretId": KEY, "Nonce": "7"}
    given = fields | {"Timestamp": str(int(time.time()))} | changed
    return {name: value for name, value in given.items() if value is not None}


def in_form(old: bytes, new: bytes) -> Change:
    return lambda sent: replace(sent, body=sent.body.replace(old, new, 1)).with_header(
        "Content-Length", str(len(sent.body) - len(old) + len(new))
    )


V1: dict[str, tuple[Callable[[], Sent], str]] = {
    "a value": (lambda: in_form(b"mp4", b"mov")(sign_v1(older())), "AuthFailure.SignatureFailure"),
    "a parameter more": (lambda: in_form(b"Action", b"ClassId=1&Action")(sign_v1(older())),
                         "AuthFailure.SignatureFailure"),
    "signature": (lambda: in_form(b"Signature=", b"Signature=A")(sign_v1(older())), "AuthFailure.SignatureFailure"),
    "a signature beyond ASCII": (lambda: in_form(b"Signature=", b"Signature=%C3%A9")(sign_v1(older())),
                                 "AuthFailure.SignatureFailure"),
    "another digest than it says": (lambda: sign_v1(older(SignatureMethod="HmacSHA256")),
                                    "AuthFailure.SignatureFailure"),
    "a digest that is none": (lambda: sign_v1(older(SignatureMethod="HmacMD5"), digest="md5"), "InvalidParameter"),
    "an old time": (lambda: sign_v1(older(Timestamp=str(int(time.time()) - 400))), "AuthFailure.SignatureExpire"),
    "a time that is none": (lambda: sign_v1(older(Timestamp="now")), "InvalidParameter"),
    "a token from nowhere": (lambda: sign_v1(older(Token="t")), "AuthFailure.TokenFailure"),
    "another key": (lambda: sign_v1(older(SecretId="nobody")), "AuthFailure.SecretIdNotFound"),
    "no key": (lambda: sign_v1(older(SecretId=None)), "MissingParameter"),
    "no nonce": (lambda: sign_v1(older(Nonce=None)), "MissingParameter"),
    "no time": (lambda: sign_v1(older(Timestamp=None)), "MissingParameter"),
}  # fmt: skip


@pytest.mark.parametrize("case", V1)
def test_one_change_to_a_call_in_the_older_form(client: Client, emulator: Emulator, case: str) -> None:
    make, code = V1[case]
    assert client.send(make()).code == code
    assert emulator.media() == []


def test_calls_in_the_older_form_that_are_accepted(client: Client, emulator: Emulator) -> None:
    for sent in (
        sign_v1(older()),
        sign_v1(older(), method="GET"),
        sign_v1(older(SignatureMethod="HmacSHA256"), digest="sha256"),
    ):
        assert client.send(sent).code == ""
    assert len(emulator.media()) == 3


COS: dict[str, tuple[Change, int, str]] = {
    "signature bit": (flip_last, 403, "SignatureDoesNotMatch"),
    "key": (lambda sent: replace(sent, target=sent.target + "x"), 403, "SignatureDoesNotMatch"),
    "method": (lambda sent: replace(sent, method="POST"), 403, "SignatureDoesNotMatch"),
    "a signed header": (header("x-cos-meta-note", "another"), 403, "SignatureDoesNotMatch"),
    "a signed header left out": (header("x-cos-meta-note", None), 403, "SignatureDoesNotMatch"),
    "access key": (swap("q-ak=vodfast", "q-ak=fastvod"), 403, "InvalidAccessKeyId"),
    "token": (header("x-cos-security-token", "another"), 403, "InvalidAccessKeyId"),
    "no token": (header("x-cos-security-token", None), 403, "InvalidAccessKeyId"),
    "key time": (swap("q-key-time=1", "q-key-time=0"), 403, "SignatureDoesNotMatch"),
    "time reversed": (swap("q-sign-time=1", "q-sign-time=9"), 400, "InvalidArgument"),
    "time not a time": (swap("q-sign-time=1", "q-sign-time=x"), 400, "InvalidArgument"),
    "algorithm": (swap("q-sign-algorithm=sha1", "q-sign-algorithm=md5"), 400, "InvalidArgument"),
    "a field missing": (swap("&q-url-param-list=", ""), 400, "InvalidArgument"),
    "header list shortened": (swap("q-header-list=content-length;", "q-header-list="), 403, "SignatureDoesNotMatch"),
    "parameter list lengthened": (swap("q-url-param-list=", "q-url-param-list=a"), 403, "SignatureDoesNotMatch"),
    "no signature at all": (header("Authorization", None), 403, "AccessDenied"),
    "content digest": (header("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="), 400, "BadDigest"),
    "content digest of no length": (header("Content-MD5", "abc"), 400, "InvalidDigest"),
    "no length": (header("Content-Length", None), 411, "MissingContentLength"),
    "a length beyond 5 GiB": (too_long, 400, "EntityTooLarge"),
}
UNSIGNED = ("content digest", "content digest of no length", "no length", "a length beyond 5 GiB")


@pytest.mark.parametrize("case", COS)
def test_one_change_to_a_put(client: Client, emulator: Emulator, case: str) -> None:
    change, status, code = COS[case]
    ticket = client.apply()
    unsigned = {"x-cos-meta-note": "n"} if case not in UNSIGNED else {}
    sent = client.cos(ticket, "PUT", body=b"" if case == "no length" else b"bytes", headers=unsigned, bare=not unsigned)
    if case == "parameter list lengthened":
        sent = replace(sent, target=sent.target + "?a")
    answer = client.send(change(sent))
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["content-type"] == "application/xml"
    assert answer.headers["x-cos-request-id"] == answer.text("RequestId")
    assert answer.headers["x-cos-trace-id"] == answer.text("TraceId")
    assert answer.text("Resource").startswith(bucket_host(ticket))
    assert emulator.media()[0]["objects"] == []
    assert client.put(ticket, b"bytes").status == 200


def test_signatures_of_another_time(client: Client) -> None:
    ticket, now = client.apply(), time.time()
    early = client.put(ticket, b"x", start=now + 60, end=now + 120)
    assert (early.status, early.code) == (403, "RequestTimeTooSkewed")
    late = client.put(ticket, b"x", start=now - 120, end=now - 60)
    assert (late.status, late.code) == (403, "Request has expired")


def test_a_certificate_reaches_its_own_directory_only(client: Client) -> None:
    mine, other = client.apply(), client.apply()
    keys = Keys(*(mine["TempCertificate"][name] for name in ("SecretId", "SecretKey", "Token")))
    directory = mine["MediaStoragePath"].rpartition("/")[0]
    assert client.put(mine, b"x", key=f"{directory}/gear1/seg 0.ts").status == 200
    for key in (other["MediaStoragePath"], "/elsewhere", f"{directory}x/f0.mp4", directory):
        refused = client.put(mine, b"x", key=key)
        assert (refused.status, refused.code) == (403, "AccessDenied")
    assert client.send(client.cos(other, "PUT", body=b"x", keys=keys)).code == "AccessDenied"
    listing = client.send(client.cos(mine, "GET", "uploads=", key="/"))
    assert listing.code == "AccessDenied"
    elsewhere = {
        "StorageRegion": "ap-beijing",
        "StorageBucket": client.apply(StorageRegion="ap-beijing")["StorageBucket"],
    }
    assert client.put(mine | elsewhere, b"x").code == "AccessDenied"


def test_an_expired_certificate(client: Client, emulator: Emulator) -> None:
    emulator.settings(token_lifetime=0.5)
    ticket = client.apply()
    emulator.settings(clock_offset=1)
    refused = client.put(ticket, b"x")
    assert (refused.status, refused.code) == (400, "ExpiredToken")


def test_each_session_has_a_certificate_of_its_own(client: Client) -> None:
    first, second = client.apply(), client.apply()
    for name in ("SecretId", "SecretKey", "Token"):
        assert first["TempCertificate"][name] != second["TempCertificate"][name]
        assert first["TempCertificate"][name].startswith("vodfast-emulator-tmp-")
    assert first["TempCertificate"]["ExpiredTime"] == pytest.approx(time.time() + 3600, abs=5)
    assert first["MediaStoragePath"] != second["MediaStoragePath"]


@pytest.mark.parametrize("suffix", ["myqcloud.com", "tencentcos.cn"])
def test_presigned_and_other_domains(client: Client, suffix: str) -> None:
    ticket = client.apply()
    sent = client.cos(ticket, "PUT", body=b"x", presign=True)
    assert client.send(sent).status == 200
    assert client.send(replace(sent, target=sent.target.replace("q-signature=", "q-signature=0"))).code == (
        "SignatureDoesNotMatch"
    )
    certificate = ticket["TempCertificate"]
    keys = Keys(certificate["SecretId"], certificate["SecretKey"], certificate["Token"])
    host = f"{ticket['StorageBucket']}.cos.{ticket['StorageRegion']}.{suffix}"
    with_port = sign_cos("PUT", f"{host}:8431", ticket["MediaStoragePath"], "", b"x", keys, signed_host=host)
    assert client.send(with_port).status == 200
    assert client.send(sign_cos("PUT", f"{host}:8431", ticket["MediaStoragePath"], "", b"x", keys)).status == 200
