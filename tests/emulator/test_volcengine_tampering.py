"""One change to a good request: the emulator must refuse it, and nothing may happen."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.changes import Change, flip_last, header, swap, target, too_long
from tests.emulator.client import Client as Wire
from tests.emulator.client import Sent
from tests.emulator.volcengine_client import Keys, Volc, data, error, payload, sign, trouble, upload
from vodfast.emulator import Emulator

FIELDS = {"SpaceName": "demo", "FileExtension": ".mp4"}
MIB = 1 << 20


API: dict[str, tuple[Change, int, str]] = {
    "signature": (flip_last, 401, "SignatureDoesNotMatch"),
    "a parameter's value": (target("demo", "demp"), 401, "SignatureDoesNotMatch"),
    "a parameter more": (target("?", "?FileType=media&"), 401, "SignatureDoesNotMatch"),
    "version": (target("2022-01-01", "2020-08-01"), 401, "SignatureDoesNotMatch"),
    "method": (lambda sent: replace(sent, method="DELETE"), 401, "SignatureDoesNotMatch"),
    "body hash": (header("x-content-sha256", "0" * 64), 401, "SignatureDoesNotMatch"),
    "no body hash": (header("x-content-sha256", None), 401, "SignatureDoesNotMatch"),
    "a token from nowhere": (header("x-security-token", "t"), 401, "InvalidSecretToken"),
    "a token that is none": (header("x-security-token", "STS2e30="), 401, "InvalidSecretToken"),
    "access key": (swap("vodfast-emulator-volcengine", "somebody"), 401, "InvalidAccessKey"),
    "scope's region": (swap("cn-north-1", "cn-north-2"), 400, "InvalidCredential"),
    "scope's service": (swap("/vod/", "/tos/"), 400, "InvalidCredential"),
    "scope's end": (swap("/request", "/requests"), 400, "InvalidAuthorization"),
    "scope's day": (swap("/20", "/19"), 400, "InvalidCredential"),
    "algorithm": (swap("HMAC-SHA256", "HMAC-SHA512"), 400, "InvalidAuthorization"),
    "host not signed": (swap("host;", ""), 400, "InvalidAuthorization"),
    "a header signed twice": (swap("host;", "host;host;"), 400, "InvalidAuthorization"),
    "a signed header that is absent": (swap("host;", "host;x-none;"), 401, "SignatureDoesNotMatch"),
    "no signature": (header("Authorization", None), 401, "MissingAuthenticationToken"),
    "no time": (header("x-date", None), 400, "MissingRequestInfo"),
    "a time that is none": (header("x-date", "now"), 400, "InvalidTimestamp"),
    "path": (target("/?", "/x?"), 404, "ServiceNotFound"),
}


@pytest.mark.parametrize("case", API)
def test_one_change_to_a_call(volc: Volc, emulator: Emulator, case: str) -> None:
    change, status, code = API[case]
    sent = sign("ApplyUploadInfo", FIELDS)
    answer = volc.send(change(sent))
    assert (answer.status, error(answer)) == (status, code)
    assert json.loads(answer.body)["ResponseMetadata"]["RequestId"]
    assert emulator.media() == []
    assert error(volc.send(sent)) == ""


@pytest.mark.parametrize(
    ("fields", "how", "code"),
    [
        (FIELDS, {"now": time.time() - 100_000}, "InvalidTimestamp"),
        (FIELDS, {"now": time.time() + 100_000}, "InvalidTimestamp"),
        (FIELDS, {"moment": time.strftime("%Y%m%dT%H%M1Z", time.gmtime())}, "InvalidTimestamp"),
        (FIELDS, {"version": "2019-01-01"}, "InvalidActionOrVersion"),
        (FIELDS, {"keys": Keys(secret="wrong")}, "SignatureDoesNotMatch"),
        (FIELDS, {"region": "ap-southeast-1"}, "InvalidCredential"),
        (FIELDS, {"method": "POST"}, "InvalidParameter"),
        ({"FileExtension": ".mp4"}, {}, "MissingParameter"),
        ({"SpaceName": "demo"}, {}, "InvalidParameter"),
        ({"SpaceName": "demo", "FileName": "noext"}, {}, "InvalidParameter"),
        (FIELDS | {"FileExtension": "mp4"}, {}, "InvalidParameter"),
        (FIELDS | {"FileExtension": ".mp4567890"}, {}, "InvalidParameter"),
        (FIELDS | {"FileName": "x" * 1021 + ".mp4"}, {}, "InvalidParameter"),
        (FIELDS | {"StorageClass": 4}, {}, "InvalidParameter"),
        (FIELDS | {"FileType": "video"}, {}, "InvalidParameter"),
        (FIELDS | {"FileSize": "-1"}, {}, "InvalidParameter"),
        (FIELDS | {"FileSize": "1e99"}, {}, "InvalidParameter"),
        (FIELDS | {"FileSize": "NaN"}, {}, "InvalidParameter"),
        (FIELDS | {"ClientNetWorkMode": "vpc-inner"}, {}, "MissingParameter"),
        (FIELDS | {"Colour": "red"}, {}, "InvalidParameter"),
        (FIELDS | {"SessionKey": "eyJx"}, {}, "ResourceNotFound"),
        ({"SpaceName": "demo", "FileName": "a b.mp4"}, {"version": "2020-08-01"}, "InvalidParameter"),
        ({"SpaceName": "demo", "FileName": "x" * 2049}, {"version": "2020-08-01"}, "InvalidParameter"),
        ({"SpaceName": "demo", "FileName": "\u4e2d" * 683}, {"version": "2020-08-01"}, "InvalidParameter"),
        ({"SpaceName": "demo", "StorageClass": 1}, {"version": "2020-08-01"}, "InvalidParameter"),
    ],
)
def test_applies_that_are_wrong(
    volc: Volc, emulator: Emulator, fields: dict[str, Any], how: dict[str, Any], code: str
) -> None:
    assert error(volc.call("ApplyUploadInfo", fields, **how)) == code
    assert emulator.media() == []


def test_the_older_version_takes_longer_names(volc: Volc) -> None:
    fields = {"SpaceName": "demo", "FileName": "x" * 2048}
    assert error(volc.call("ApplyUploadInfo", fields, version="2020-08-01")) == ""


def test_other_clients_forms_are_accepted(volc: Volc) -> None:
    """Python's float and capital T, Go's integer, a double as Java prints it, a host with a port, and inner blanks as
    another client folds them."""
    for fields in (
        {"FileSize": "10000.0", "NeedFallback": "True"},
        {"FileSize": 10000, "NeedFallback": "true"},
        {"FileSize": "2.0971521E7", "ClientNetWorkMode": "vpc-inner"},
        {"FileSize": "1e+12"},
    ):
        assert error(volc.call("ApplyUploadInfo", FIELDS | fields)) == ""
    folded = sign("ApplyUploadInfo", FIELDS, more={"x-note": "a b"}).with_header("x-note", "a   b")
    assert error(volc.send(folded)) == ""
    with_port = sign("ApplyUploadInfo", FIELDS)
    assert error(volc.send(replace(with_port, host="vod.volcengineapi.com:443"))) == ""
    local = sign("ApplyUploadInfo", FIELDS, host=volc.endpoint)
    assert error(volc.send(local)) == ""


def test_a_hash_of_the_body_counts_even_if_it_was_not_signed(volc: Volc, emulator: Emulator) -> None:
    """Clients in other languages send none with an empty body."""
    sent = sign("ApplyUploadInfo", FIELDS, hashed=False)
    assert error(volc.send(sent.with_header("x-content-sha256", "0" * 64))) == "SignatureDoesNotMatch"
    assert emulator.media() == []
    assert error(volc.send(sent)) == ""


GATEWAY: dict[str, tuple[Change, int, str]] = {
    "no grant": (header("Authorization", None), 401, "MissingAuth"),
    "a grant that is none": (flip_last, 403, "InvalidAuth"),
    "another key": (lambda sent: replace(sent, target=sent.target + "x"), 403, "InvalidAuth"),
    "another host": (lambda sent: replace(sent, host="tos-backup.volcvod.com"), 403, "InvalidAuth"),
    "another checksum": (header("Content-CRC32", "00000000"), 400, "ChecksumMismatch"),
    "a checksum in capitals": (header("Content-CRC32", "ABCDEF01"), 400, "InvalidParameter"),
    "no checksum": (header("Content-CRC32", None), 400, "InvalidParameter"),
    "a length beyond 5 GiB": (too_long, 413, "EntityTooLarge"),
    "another body": (lambda sent: replace(sent, body=b"cytes"), 400, "ChecksumMismatch"),
    "a storage class": (header("X-Upload-Storage-Class", "ia"), 400, "InvalidParameter"),
    "the mode of parts": (header("X-Storage-Mode", "gateway"), 400, "InvalidParameter"),
    "method": (lambda sent: replace(sent, method="POST"), 405, "MethodNotAllowed"),
    "a query": (lambda sent: replace(sent, target=sent.target + "?a=b"), 405, "MethodNotAllowed"),
}


@pytest.mark.parametrize("case", GATEWAY)
def test_one_change_to_a_direct_upload(volc: Volc, emulator: Emulator, case: str) -> None:
    change, status, code = GATEWAY[case]
    address = volc.apply()["UploadAddress"]
    sent = upload(address, b"bytes")
    answer = volc.send(change(sent))
    assert (answer.status, trouble(answer)) == (status, code)
    assert answer.headers["x-tt-logid"]
    assert emulator.media()[0]["objects"] == []
    assert error(volc.commit(address)) == "FailedOperation"
    assert payload(volc.send(sent))["crc32"] == sent.headers["Content-CRC32"]
    assert data(volc.commit(address))["Vid"] == emulator.media()[0]["media_id"]


def test_a_stream_without_checksum(volc: Volc) -> None:
    assert payload(volc.put(volc.apply()["UploadAddress"], b"bytes", crc="Ignore"))["hash"]


def test_each_candidate_has_its_own_session(volc: Volc) -> None:
    applied = volc.apply()
    groups = applied["CandidateUploadAddresses"].values()
    addresses = [address for group in groups for address in group]
    assert len({address["SessionKey"] for address in addresses}) == len(addresses) == 3
    assert len({address["StoreInfos"][0]["StoreUri"] for address in addresses}) == 3
    payload(volc.put(addresses[1], b"bytes"))
    assert error(volc.commit(addresses[0])) == "FailedOperation"
    assert data(volc.commit(addresses[1]))["Vid"]


def test_an_expired_grant(volc: Volc, emulator: Emulator) -> None:
    emulator.settings(token_lifetime=0.5)
    first = volc.apply(FileName="a.mp4")["UploadAddress"]
    emulator.settings(clock_offset=1)
    answer = volc.put(first, b"bytes")
    assert (answer.status, trouble(answer)) == (403, "ExpiredAuth")
    renewed = volc.apply(FileName="a.mp4", SessionKey=first["SessionKey"])["UploadAddress"]
    assert renewed["StoreInfos"][0]["StoreUri"] == first["StoreInfos"][0]["StoreUri"]
    assert renewed["SessionKey"] == first["SessionKey"]
    payload(volc.put(renewed, b"bytes"))
    assert len(emulator.media()) == 1


def test_parts_and_merges(volc: Volc, emulator: Emulator) -> None:
    applied = volc.apply(StorageClass=2)["UploadAddress"]
    address = applied | {"UploadHosts": ["tos-main.volcvod.com"]}
    more = {"X-Upload-Storage-Class": "archive"}
    assert trouble(volc.send(upload(address, b"", "?uploads", crc=None, parts=True))) == "InvalidParameter"
    answer = volc.send(upload(address, b"", "?uploads", crc=None, parts=True, more=more))
    upload_id = payload(answer)["uploadID"]
    bodies = [bytes([number]) * (5 * MIB if number < 3 else 7) for number in (1, 2, 3)]

    def part(number: int, body: bytes, **how: Any) -> Any:
        where = f"?partNumber={number}&uploadID={upload_id}"
        return volc.send(upload(address, body, where, parts=True, more=more, **how))

    sums = []
    for number in (3, 1, 2):
        said = payload(part(number, bodies[number - 1]))
        assert (said["part_number"], said["meta"]["ObjectContentType"]) == (str(number), "video/mp4")
        sums.append((number, said["crc32"]))
    listed = payload(volc.send(upload(address, b"", f"?uploadID={upload_id}", crc=None, parts=True, method="GET")))
    assert [(one["partNumber"], one["crc32"]) for one in listed["partList"]] == sorted(sums)
    for number in (0, 10001):
        assert trouble(part(number, b"x")) == "InvalidParameter"
    assert trouble(part(1, b"x", crc="00000000")) == "ChecksumMismatch"

    def merge(body: str, content_type: str = "") -> Any:
        where = f"?uploadID={upload_id}&ObjectContentType={content_type}"
        return volc.send(upload(address, body.encode(), where, crc=None, parts=True, more=more))

    good = [text for _, text in sorted(sums)]
    one = ",".join(f"{at}:{text}" for at, text in enumerate(good, 1))
    zero = ",".join(f"{at}:{text}" for at, text in enumerate(good))
    wrong = [
        one.replace(good[0], "00000000"),
        ",".join(one.split(",")[:2]),
        ",".join(reversed(one.split(","))),
        one + ",",
        "",
    ]
    for body in (*wrong, one.replace("2:", "4:"), one + ",4:00000000"):
        answer = merge(body)
        assert (answer.status, trouble(answer)) == (400, "InvalidMergeParts")
        assert "invalid merge parts" in json.loads(answer.body)["error"]["message"]
    assert trouble(merge(one, "audio/mpeg")) == "InvalidParameter"
    emulator.settings(volcengine_merge_numbering="one")
    assert trouble(merge(zero)) == "InvalidMergeParts"
    emulator.settings(volcengine_merge_numbering="any")
    assert payload(merge(zero, "video/mp4"))["hash"]
    assert trouble(merge(one)) == "UploadNotFound"
    (media,) = emulator.media()
    assert (media["open_uploads"], media["objects"][0]["size"]) == (0, 10 * MIB + 7)


def test_parts_are_listed_below_the_object_too(volc: Volc) -> None:
    address = volc.apply(FileName="a/b.mp4")["UploadAddress"]
    upload_id = volc.init(address)
    payload(volc.part(address, upload_id, 1, b"x"))
    where = upload(address, b"", f"?uploadID={upload_id}", crc=None, parts=True, method="GET")
    longer = replace(where, target=where.target.replace("?", "/a/b.mp4?"))
    assert payload(volc.send(where))["partList"][0]["partNumber"] == 1
    assert payload(volc.send(longer))["partList"][0]["partNumber"] == 1
    assert trouble(volc.send(replace(where, target=where.target.replace("?", "/c.mp4?")))) == "InvalidAuth"
    assert trouble(volc.send(replace(longer, method="PUT"))) == "InvalidAuth"


def test_an_upload_in_parts_serves_its_own_object_alone(volc: Volc, emulator: Emulator) -> None:
    one, other = volc.apply()["UploadAddress"], volc.apply()["UploadAddress"]
    upload_id = volc.init(one)
    sums = payload(volc.part(one, upload_id, 1, b"bytes"))["crc32"]
    assert trouble(volc.part(other, upload_id, 1, b"cytes")) == "UploadNotFound"
    assert trouble(volc.merge(other, upload_id, f"1:{sums}")) == "UploadNotFound"
    listing = upload(other, b"", f"?uploadID={upload_id}", crc=None, parts=True, method="GET")
    assert trouble(volc.send(listing)) == "UploadNotFound"
    assert payload(volc.merge(one, upload_id, f"1:{sums}"))["hash"]
    assert sorted(len(media["objects"]) for media in emulator.media()) == [0, 1]


def test_a_part_sent_again_takes_the_place_of_the_first(volc: Volc, emulator: Emulator) -> None:
    address = volc.apply()["UploadAddress"]
    upload_id = volc.init(address)
    old = payload(volc.part(address, upload_id, 1, b"old"))["crc32"]
    new = payload(volc.part(address, upload_id, 1, b"newer"))["crc32"]
    assert trouble(volc.merge(address, upload_id, f"1:{old}")) == "InvalidMergeParts"
    assert payload(volc.merge(address, upload_id, f"1:{new}"))["hash"]
    assert emulator.media()[0]["objects"][0]["sha256"] == hashlib.sha256(b"newer").hexdigest()


def test_small_parts_are_not_joined(volc: Volc) -> None:
    address = volc.apply()["UploadAddress"]
    upload_id = volc.init(address)
    sums = [payload(volc.part(address, upload_id, number, b"x"))["crc32"] for number in (1, 2)]
    assert trouble(volc.merge(address, upload_id, f"1:{sums[0]},2:{sums[1]}")) == "InvalidMergeParts"


def test_metadata_comes_first_in_the_functions_of_a_material(volc: Volc) -> None:
    material = {"Name": "AddOptionInfo", "Input": {"RecordType": 2, "Category": "video"}}
    media = {"Name": "AddOptionInfo", "Input": {"Title": "t"}}
    meta = {"Name": "GetMeta"}
    for functions, code in (
        ([material, meta], "InvalidParameter"),
        ([meta, material], ""),
        ([material], ""),
        ([media, meta], ""),
    ):
        address = volc.apply()["UploadAddress"]
        payload(volc.put(address, b"bytes"))
        assert error(volc.commit(address, Functions=json.dumps(functions))) == code


@pytest.mark.parametrize("file_type", ["media", "image", "object"])
def test_only_audio_and_video_expire_and_not_in_every_region(volc: Volc, file_type: str) -> None:
    until = "2030-01-01T00:00:00Z"
    for how in ({}, {"host": "vod.ap-southeast-1.volcengineapi.com", "region": "ap-southeast-1"}):
        address = volc.apply(FileType=file_type)["UploadAddress"]
        payload(volc.put(address, b"bytes"))
        fields = {"SpaceName": "demo", "SessionKey": address["SessionKey"]}
        said = error(volc.call("CommitUploadInfo", fields | {"ExpireTime": until}, **how))
        assert said == ("" if file_type == "media" and not how else "InvalidParameter")
        assert error(volc.call("CommitUploadInfo", fields | {"ExpireTime": ""}, **how)) == ""


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"SessionKey": "eyJx"}, "ResourceNotFound"),
        ({"SpaceName": "another"}, "ResourceNotFound"),
        ({"CallbackArgs": "x" * 513}, "InvalidParameter"),
        ({"Functions": "{"}, "InvalidParameter"),
        ({"Functions": '[{"Name":"Dance"}]'}, "InvalidParameter"),
        ({"Functions": '[{"Name":"AddOptionInfo","Input":{"RecordType":2}}]'}, "InvalidParameter"),
        ({"Functions": '[{"Name":"AddOptionInfo","Input":{"Title":"%s"}}]' % ("x" * 513)}, "InvalidParameter"),
        ({"Functions": '[{"Name":"AddOptionInfo","Input":{"Title":5}}]'}, "InvalidParameter"),
        ({"Functions": '[{"Name":"AddOptionInfo","Input":{"RecordType":"2"}}]'}, "InvalidParameter"),
        ({"Functions": '[{"Name":"AddOptionInfo","Input":{"ClassificationId":[]}}]'}, "InvalidParameter"),
        ({"Functions": '[{"Name":"Snapshot","Input":{"SnapshotTime":"now"}}]'}, "InvalidParameter"),
        ({"ExpireTime": "tomorrow"}, "InvalidParameter"),
        ({"GetMetaMode": "x"}, "InvalidParameter"),
    ],
)
def test_commits_that_are_wrong(volc: Volc, emulator: Emulator, fields: dict[str, Any], code: str) -> None:
    address = volc.apply()["UploadAddress"]
    payload(volc.put(address, b"bytes"))
    assert error(volc.commit(address, **fields)) == code
    assert emulator.meter()["media_created"] == 0
    first, again = data(volc.commit(address)), data(volc.commit(address))
    assert first["Vid"] == again["Vid"]
    assert emulator.meter()["media_created"] == 1


VPC: dict[str, tuple[Change, int]] = {
    "a digit of the signature": (lambda sent: replace(sent, target=sent.target[:-1] + "g"), 403),
    "no signature": (lambda sent: replace(sent, target=sent.target.partition("&X-Tos-Signature")[0]), 403),
    "key": (target(".mp4", ".mp5"), 403),
    "expiry": (target("Expires=", "Expires=1"), 403),
    "method": (lambda sent: replace(sent, method="POST"), 403),
    "host": (lambda sent: replace(sent, host="x" + sent.host), 403),
    "a header that was signed": (header("X-Tos-Meta-Origin", "other"), 403),
    "a signed header missing": (header("Content-Type", None), 403),
}


@pytest.mark.parametrize("case", VPC)
def test_one_change_to_a_presigned_upload(volc: Volc, emulator: Emulator, case: str) -> None:
    change, status = VPC[case]
    said = volc.apply(ClientNetWorkMode="vpc-inner", FileSize=5)["VpcTosUploadAddress"]
    host, _, rest = said["PutUrl"].removeprefix("https://").partition("/")
    sent = Sent("PUT", host, f"/{rest}", said["PutUrlHeaders"] | {"Content-Length": "5"}, b"bytes")
    answer = volc.send(change(sent))
    assert answer.status == status
    assert json.loads(answer.body)["Code"] in ("AccessDenied", "SignatureDoesNotMatch")
    assert emulator.media()[0]["objects"] == []
    good = volc.send(sent)
    assert good.status == 200
    assert good.headers["etag"].startswith('"')


def test_secrets_stay_out_of_the_history(volc: Volc, emulator: Emulator) -> None:
    applied = volc.apply(ClientNetWorkMode="vpc-inner", FileSize=5)
    address = applied["UploadAddress"]
    payload(volc.put(address, b"bytes"))
    data(volc.commit(address))
    url = applied["VpcTosUploadAddress"]["PutUrl"]
    host, _, rest = url.removeprefix("https://").partition("/")
    volc.send(Sent("PUT", host, f"/{rest}", {"Content-Length": "5"}, b"bytes"))
    shown = json.dumps([emulator.history(), emulator.media()])
    for secret in (address["SessionKey"], address["StoreInfos"][0]["Auth"], url.rpartition("=")[2]):
        assert secret not in shown


def test_the_knobs_are_settable_through_the_control_api(volc: Volc) -> None:
    control = Wire(volc.endpoint).control
    knobs = {
        "volcengine_candidates": "shared",
        "volcengine_vpc": "part",
        "volcengine_vpc_part_size": 4,
        "volcengine_merge_numbering": "zero",
        "volcengine_spaces": ["demo"],
        "volcengine_upload_header": True,
    }
    status, shown = control("PUT", "settings", knobs)
    assert (status, {name: shown[name] for name in knobs}) == (200, knobs)
    applied = volc.apply(ClientNetWorkMode="vpc-inner", FileSize=9)
    groups = applied["CandidateUploadAddresses"].values()
    assert len({address["StoreInfos"][0]["StoreUri"] for group in groups for address in group}) == 1
    assert len(applied["VpcTosUploadAddress"]["PartUploadInfo"]["PartPutUrls"]) == 3
    assert trouble(volc.put(applied["UploadAddress"], b"x")) == "InvalidParameter"
    for wrong in ({"volcengine_vpc": "sideways"}, {"volcengine_vpc_part_size": 0}, {"volcengine_candidates": 3}):
        assert control("PUT", "settings", wrong)[0] == 400
