"""AppendObject of OSS: bytes go where the object ends and nowhere else, and both vendor headers say where that is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from tests.emulator.aliyun_client import Client, Place, code, sign_oss4
from tests.emulator.client import Answer
from vodfast.emulator import Emulator
from vodfast.emulator.aliyun import appending
from vodfast.emulator.crc import crc64

Append = Callable[..., Answer]


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return Client(emulator.endpoint)


@pytest.fixture
def place(client: Client) -> Place:
    return client.create()


@pytest.fixture
def append(client: Client, place: Place) -> Append:
    def send(position: object, body: bytes, **how: object) -> Answer:
        return client.oss("POST", place, {"append": "", "position": str(position)}, body, **how)

    return send


def test_an_object_grows_piece_by_piece(client: Client, emulator: Emulator, place: Place, append: Append) -> None:
    sent = b""
    for piece in (b"first", b"", b"second" * 20_000):
        answer = append(len(sent), piece)
        sent += piece
        assert answer.status == 200, answer.body
        assert answer.headers["x-oss-next-append-position"] == str(len(sent))
        assert answer.headers["x-oss-hash-crc64ecma"] == str(crc64(sent))
    head = client.oss("HEAD", place)
    assert (head.headers["x-oss-object-type"], head.headers["content-length"]) == ("Appendable", str(len(sent)))
    assert head.headers["x-oss-next-append-position"] == str(len(sent))
    assert head.headers["etag"] == answer.headers["etag"]
    assert client.oss("GET", place).body == sent
    (media,) = emulator.media()
    assert (media["state"], media["objects"][0]["sha256"]) == ("committed", hashlib.sha256(sent).hexdigest())
    assert emulator.meter()["media_created"] == 1


@pytest.mark.parametrize("position", [1, 4, 6])
def test_bytes_go_to_the_end_and_nowhere_else(client: Client, place: Place, append: Append, position: int) -> None:
    missing = append(position, b"x")
    assert (missing.status, code(missing)) == (409, "PositionNotEqualToLength")
    assert missing.headers["x-oss-next-append-position"] == "0"
    assert client.oss("HEAD", place).status == 404
    append(0, b"12345")
    refused = append(position, b"x")
    assert (refused.status, code(refused)) == (409, "PositionNotEqualToLength")
    assert refused.headers["x-oss-next-append-position"] == "5"
    assert client.oss("GET", place).body == b"12345"


@pytest.mark.parametrize("position", ["", "-1", "one", "1.0", "9" * 19])
def test_a_position_is_a_number(client: Client, append: Append, position: str) -> None:
    answer = append(position, b"x")
    assert (answer.status, code(answer)) == (400, "InvalidArgument")
    assert b"<ArgumentName>position</ArgumentName>" in answer.body


def test_what_was_put_or_joined_cannot_grow(client: Client, place: Place, append: Append) -> None:
    client.oss("PUT", place, body=b"whole")
    assert (append(5, b"x").status, code(append(5, b"x"))) == (409, "ObjectNotAppendable")
    upload_id = client.initiate(place)
    client.complete(place, upload_id, [(1, client.part(place, upload_id, 1, b"parts").headers["etag"])])
    assert code(append(5, b"x")) == "ObjectNotAppendable"
    assert client.oss("GET", place).body == b"parts"
    assert "x-oss-next-append-position" not in client.oss("HEAD", place).headers
    assert client.oss("DELETE", place).status == 204
    assert append(0, b"x").status == 200


def test_a_put_takes_the_place_of_what_grew(client: Client, place: Place, append: Append) -> None:
    append(0, b"12345")
    assert client.oss("PUT", place, body=b"new").status == 200
    assert client.oss("GET", place).body == b"new"
    assert client.oss("HEAD", place).headers["x-oss-object-type"] == "Normal"


def test_an_object_grows_to_its_limit(append: Append, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appending, "MAX_PUT", 8)
    assert append(0, b"12345").status == 200
    assert append(5, b"678").status == 200
    assert (append(8, b"9").status, code(append(8, b"9"))) == (400, "InvalidArgument")
    assert append(8, b"").status == 200


def test_damaged_bytes_are_not_appended(client: Client, place: Place, append: Append) -> None:
    append(0, b"12345")
    assert code(append(5, b"x", headers={"content-md5": "A" * 22 + "=="})) == "InvalidDigest"
    assert code(append(5, b"x", headers={"x-oss-storage-class": "none"})) == "InvalidArgument"
    assert client.oss("GET", place).body == b"12345"


def test_an_object_grows_for_those_who_may_and_have_signed_it(client: Client, place: Place, append: Append) -> None:
    query = {"append": "", "position": "0"}
    assert code(client.oss("POST", place, query, b"x", key="sv/other/x.mp4")) == "AccessDenied"
    moved = sign_oss4("POST", place, query, b"x")
    moved = type(moved)(moved.method, moved.host, moved.target.replace("position=0", "position=1"), moved.headers, b"x")
    assert code(client.send(moved)) == "SignatureDoesNotMatch"
    assert client.oss("HEAD", place).status == 404
    assert code(client.oss("PUT", place, query, b"x")) == "MethodNotAllowed"


def test_appends_can_be_named_in_a_fault_plan(emulator: Emulator, append: Append) -> None:
    emulator.set_faults([{"action": "drop_reply", "match": {"cloud": "aliyun", "operation": "AppendObject"}}])
    with pytest.raises(ConnectionError):
        append(0, b"12345")
    again = append(0, b"12345")
    assert (code(again), again.headers["x-oss-next-append-position"]) == ("PositionNotEqualToLength", "5")
    emulator.set_faults(
        [{"action": "error", "code": "PositionNotEqualToLength", "match": {"operation": "AppendObject"}}]
    )
    assert append(5, b"6").headers["x-oss-next-append-position"] == "5"
