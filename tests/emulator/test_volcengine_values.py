"""What each action, the gateway and presigned TOS take of Volcengine and what they do not, value by value."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.client import Answer, Sent
from tests.emulator.volcengine_client import Volc, data, error, payload, sign, trouble, upload
from vodfast.emulator import Emulator

FIELDS = {"SpaceName": "demo", "FileExtension": ".mp4"}
MIB = 1 << 20
PULL = {"SourceUrl": "https://example.com/a.mp4"}


def described(**fields: Any) -> str:
    return json.dumps([{"Name": "AddOptionInfo", "Input": fields}])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"FileType": "object"}, ""),
        ({"FileType": "media "}, "InvalidParameter"),
        ({"NeedFallback": "TRUE"}, ""),
        ({"NeedFallback": "yes"}, "InvalidParameter"),
        ({"ClientNetWorkMode": "vpc-outer", "FileSize": "5"}, "InvalidParameter"),
        ({"StorageClass": "3"}, ""),
        ({"FileExtension": ".1234567"}, ""),
        ({"FileExtension": "."}, "InvalidParameter"),
        ({"FileSize": str(10000 * (5 << 30))}, ""),
        ({"FileSize": str(10000 * (5 << 30) + (1 << 20))}, "InvalidParameter"),
    ],
)
def test_each_value_of_an_application(volc: Volc, fields: dict[str, str], code: str) -> None:
    assert error(volc.call("ApplyUploadInfo", FIELDS | fields)) == code


def test_a_call_names_its_action_and_its_version(volc: Volc) -> None:
    for sent, code in (
        (sign("", FIELDS), "MissingParameter"),
        (sign("ApplyUploadInfo", FIELDS, version=""), "MissingParameter"),
        (sign("ApplyUpload", FIELDS), "InvalidActionOrVersion"),
        (sign("ParseUploadManifest", FIELDS), "InvalidParameter"),
        (sign("UploadMediaByUrl", FIELDS, version="2020-08-01"), "InvalidParameter"),
    ):
        assert error(volc.send(sent)) == code


def test_a_parameter_comes_once(volc: Volc) -> None:
    """Though it was signed twice: in the query, or in query and form."""
    sent = sign("ApplyUploadInfo", FIELDS | {"FileType&FileType": "media"})
    assert error(volc.send(sent)) == "InvalidParameter"
    body = b"JobIds=a&JobIds=b"
    assert error(volc.call("QueryUploadTaskInfo", {}, version="2020-08-01", method="POST", body=body)) == (
        "InvalidParameter"
    )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, ""),
        ({"GetMetaMode": str(2**31 - 1)}, ""),
        ({"GetMetaMode": str(2**31)}, "InvalidParameter"),
        ({"GetMetaMode": "one"}, "InvalidParameter"),
        ({"ExpireTime": "2030-01-01T00:00:00Z"}, ""),
        ({"ExpireTime": "2030-01-01T00:00:00"}, "InvalidParameter"),
        ({"CallbackArgs": "\u6807" * 170}, ""),
        ({"CallbackArgs": "\u6807" * 171}, "InvalidParameter"),
        ({"Functions": "{}"}, "InvalidParameter"),
        ({"Functions": '{"Name": "GetMeta"}'}, "InvalidParameter"),
        ({"Functions": '[{"Name": "GetMeta", "Input": []}]'}, "InvalidParameter"),
        ({"Functions": '[{"Name": "GetMetas"}]'}, "InvalidParameter"),
        ({"Functions": '["GetMeta"]'}, "InvalidParameter"),
        ({"Functions": "5"}, "InvalidParameter"),
        ({"Functions": described(Title="x" * 512)}, ""),
        ({"Functions": described(Title="x" * 513)}, "InvalidParameter"),
        ({"Functions": described(RecordType=3)}, "InvalidParameter"),
        ({"Functions": described(RecordType=2, Category="video")}, ""),
        ({"Functions": described(RecordType=2)}, "InvalidParameter"),
        ({"Functions": described(RecordType=2, Category="films")}, "InvalidParameter"),
    ],
)
def test_each_value_of_a_commit(volc: Volc, emulator: Emulator, fields: dict[str, str], code: str) -> None:
    address = volc.apply()["UploadAddress"]
    payload(volc.put(address, b"bytes"))
    assert error(volc.commit(address, **fields)) == code
    assert emulator.media()[0]["state"] == ("applied" if code else "committed")


def test_apply_and_commit_are_of_one_version(volc: Volc) -> None:
    address = volc.apply()["UploadAddress"]
    payload(volc.put(address, b"bytes"))
    fields = {"SpaceName": "demo", "SessionKey": address["SessionKey"]}
    assert error(volc.call("CommitUploadInfo", fields, version="2020-08-01")) == "InvalidParameter"
    assert error(volc.call("CommitUploadInfo", fields | {"SpaceName": "other"})) == "ResourceNotFound"
    assert error(volc.call("CommitUploadInfo", fields)) == ""


def test_an_account_has_its_spaces(volc: Volc, emulator: Emulator) -> None:
    emulator.settings(volcengine_spaces=["mine", "demo"])
    assert error(volc.call("ApplyUploadInfo", FIELDS)) == ""
    assert error(volc.call("ApplyUploadInfo", FIELDS | {"SpaceName": "yours"})) == "InvalidParameter"
    assert error(volc.call("QueryUploadTaskInfo", {"JobIds": "a"}, version="2020-08-01")) == "", "it names no space"


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([PULL] * 20, ""),
        ([PULL] * 21, "InvalidParameter"),
        ([], "InvalidParameter"),
        (PULL, "InvalidParameter"),
        (["https://example.com/a.mp4"], "InvalidParameter"),
        ([PULL, {}], "MissingParameter"),
        ([{"SourceUrl": ""}], "MissingParameter"),
    ],
)
def test_what_is_pulled_is_a_list(volc: Volc, emulator: Emulator, entries: Any, code: str) -> None:
    fields = {"SpaceName": "demo", "URLSets": json.dumps(entries)}
    assert error(volc.call("UploadMediaByUrl", fields, version="2020-08-01", method="POST")) == code
    assert len(emulator.media()) == (0 if code else 20)


@pytest.mark.parametrize(("ids", "code"), [(20, ""), (21, "InvalidParameter")])
def test_up_to_twenty_jobs_are_asked_for(volc: Volc, ids: int, code: str) -> None:
    asked = {"JobIds": ",".join(f"job{number}" for number in range(ids))}
    assert error(volc.call("QueryUploadTaskInfo", asked, version="2020-08-01")) == code
    assert error(volc.call("QueryUploadTaskInfo", {"JobIds": "a,,b"}, version="2020-08-01")) == "InvalidParameter"


def test_a_presigned_upload_of_known_content_is_committed_without_one(volc: Volc, emulator: Emulator) -> None:
    emulator.settings(volcengine_vpc="quick")
    applied = volc.apply(ClientNetWorkMode="vpc-inner", FileSize=5)
    assert data(volc.commit(applied["UploadAddress"]))["Vid"]


# The gateway.


def test_a_grant_ends_while_its_body_comes(volc: Volc, emulator: Emulator) -> None:
    address = volc.apply()["UploadAddress"]
    emulator.set_faults([{"action": "expire_token", "match": {"operation": "DirectUpload"}}])
    for _ in range(2):
        answer = volc.put(address, b"bytes")
        assert (answer.status, trouble(answer)) == (403, "ExpiredAuth")
    assert emulator.media()[0]["objects"] == []


def test_a_header_that_was_asked_for_is_carried(volc: Volc, emulator: Emulator) -> None:
    emulator.settings(volcengine_upload_header=True)
    address = volc.apply()["UploadAddress"]
    (named,) = address["UploadHeader"]
    for more, expected in (({}, "InvalidParameter"), ({named["Key"]: "other"}, "InvalidParameter")):
        assert trouble(volc.send(upload(address, b"bytes", more=more))) == expected
    assert payload(volc.send(upload(address, b"bytes", more={named["Key"]: named["Value"]})))["hash"]


def test_a_body_of_unknown_length_is_taken_and_one_without_a_length_is_not(volc: Volc, emulator: Emulator) -> None:
    address = volc.apply()["UploadAddress"]
    sent = upload(address, b"bytes").with_header("Content-Length", None)
    unsaid = Sent(sent.method, sent.host, sent.target, sent.headers)
    assert trouble(volc.send(unsaid)) == "InvalidParameter"
    chunked = Sent(
        sent.method, sent.host, sent.target, sent.headers | {"Transfer-Encoding": "chunked"}, b"5\r\nbytes\r\n0\r\n\r\n"
    )
    assert payload(volc.send(chunked))["hash"]
    assert emulator.media()[0]["objects"][0]["size"] == 5


def test_parts_have_numbers_without_gaps(volc: Volc, emulator: Emulator) -> None:
    address = volc.apply()["UploadAddress"]
    upload_id = volc.init(address)
    crc = {number: payload(volc.part(address, upload_id, number, b"x" * 5 * MIB))["crc32"] for number in (1, 3)}
    assert trouble(volc.merge(address, upload_id, f"1:{crc[1]},2:{crc[3]}")) == "InvalidMergeParts"
    where = f"?uploadID={upload_id}"
    assert trouble(volc.send(upload(address, b"x", f"{where}&partNumber=x", parts=True))) == "InvalidParameter"
    volc.part(address, upload_id, 2, b"x" * 5 * MIB)
    assert payload(volc.merge(address, upload_id, f"1:{crc[1]},2:{crc[1]},3:{crc[3]}"))["hash"]
    assert emulator.media()[0]["objects"][0]["size"] == 15 * MIB


# Presigned TOS.


def to_url(volc: Volc, method: str, url: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    host, _, rest = url.removeprefix("https://").partition("/")
    return volc.send(Sent(method, host, f"/{rest}", {"Content-Length": str(len(body))} | (headers or {}), body))


def word(answer: Answer) -> str:
    return str(json.loads(answer.body)["Code"]) if answer.status != 200 else ""


def test_a_presigned_url_ends_with_its_time_or_with_its_credential(volc: Volc, emulator: Emulator) -> None:
    said = volc.apply(ClientNetWorkMode="vpc-inner", FileSize=5)["VpcTosUploadAddress"]
    emulator.settings(clock_offset=3700.0)
    assert word(to_url(volc, "PUT", said["PutUrl"], b"bytes", said["PutUrlHeaders"])) == "AccessDenied"
    emulator.settings(clock_offset=0.0)
    emulator.set_faults([{"action": "expire_token", "match": {"operation": "VpcPutObject"}}])
    for _ in range(2):
        assert word(to_url(volc, "PUT", said["PutUrl"], b"bytes", said["PutUrlHeaders"])) == "AccessDenied"
    assert emulator.media()[0]["objects"] == []


def test_presigned_parts_are_joined_as_they_were_answered(volc: Volc, emulator: Emulator) -> None:
    emulator.settings(volcengine_vpc="part", volcengine_vpc_part_size=4)
    applied = volc.apply(ClientNetWorkMode="vpc-inner", FileSize=9)
    parts = applied["VpcTosUploadAddress"]["PartUploadInfo"]
    urls, finish = parts["PartPutUrls"], parts["CompletePartUrl"]
    assert word(to_url(volc, "PUT", urls[0], b"abcd", {"Content-Type": "video/mp4"})) == "SignatureDoesNotMatch"
    bodies = (b"abcd", b"efgh", b"i")
    etags = [to_url(volc, "PUT", url, body).headers["etag"] for url, body in zip(urls, bodies)]

    def complete(*listed: dict[str, Any], text: bytes | None = None) -> str:
        body = json.dumps({"Parts": listed}).encode() if text is None else text
        return word(to_url(volc, "POST", finish, body, parts["CompleteUrlHeaders"]))

    good = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    for text in (b"", b"[]", b"{}", b'{"Parts": 5}', b'{"Parts": []}', b'{"Parts": [5]}', b'{"Parts": [{}]}'):
        assert complete(text=text) == "MalformedBody"
    for odd in ({"PartNumber": "1"}, {"PartNumber": True}, {"PartNumber": 1.0}, {"ETag": 5}, {"ETag": None}):
        assert complete({**good[0], **odd}, *good[1:]) == "MalformedBody"
    for listed in (good[:2], good[::-1], [*good, good[0]], [good[0] | {"ETag": etags[1]}, *good[1:]]):
        assert complete(*listed) == "InvalidPart"
    assert emulator.media()[0]["objects"] == []
    assert complete({"PartNumber": 1, "Etag": etags[0].strip('"')}, *good[1:]) == ""
    assert complete(*good) == "NoSuchUpload"
    assert word(to_url(volc, "PUT", urls[0], b"abcd")) == "NoSuchUpload"
    assert emulator.media()[0]["objects"][0]["size"] == 9
    assert data(volc.commit(applied["UploadAddress"]))["Vid"]
