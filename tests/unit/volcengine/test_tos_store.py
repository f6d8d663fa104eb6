"""The gateway and presigned dialects: requests, answers good and hostile, turning to the next host."""

from __future__ import annotations

import json
import posixpath
import re
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.stores import Body, unusable
from vodfast.credentials import Credentials
from vodfast.errors import ErrorKind, InvalidInput, RetryClass, VodfastError
from vodfast.stores.tos.address import Route, path_of
from vodfast.stores.tos.dialect import GatewayStore
from vodfast.stores.tos.presigned import PresignedStore
from vodfast.stores.tos.signing import grants
from vodfast.transfer.message import Response
from vodfast.transfer.plan import plan_upload
from vodfast.transfer.ports import Call, ObjectReceipt, ObjectStore, PartReceipt, PartSpec

Summed = partial(Body, crc=0x0A)
REPEATED = settings(max_examples=60, derandomize=True, deadline=None)
AUTHS = grants(["auth-0", "auth-1"])
GATEWAY = GatewayStore(
    uri="b/d/k 1.mp4",
    routes=(
        Route(host="a.example", grant=0, headers=(("X-Trace", "1"),)),
        Route(host="b.example", grant=1),
    ),
    storage_class=2,
)
STORE: ObjectStore = GATEWAY
PART = PartReceipt(index=0, length=5, tag="0000000a;video/mp4", digest=10)


def answer(payload: Any = None, *, success: Any = 0, status: int = 200, **more: Any) -> Response:
    body = {"version": "1", "success": success, "error": {"code": 0}, "payload": payload} | more
    return Response(status=status, headers=(), body=json.dumps(body).encode())


def fresh() -> GatewayStore:
    return GatewayStore(uri=GATEWAY.uri, routes=GATEWAY.routes, storage_class=2)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("b/a.mp4", "/b/a.mp4"),
        ("b/名 字+100%.mp4", "/b/%E5%90%8D%20%E5%AD%97%2B100%25.mp4"),
        ("b/a#1?x=y&z", "/b/a%231%3Fx%3Dy%26z"),
        ("b/%41", "/b/%2541"),
        ("b/a/../c", "/b/a%2F..%2Fc"),
        ("b/./c", "/b%2F.%2Fc"),
        ("b/a/..", "/b/a%2F.."),
        ("b/a//c", "/b/a//c"),
    ],
)
def test_any_key_is_escaped_so_that_nothing_folds_it(uri: str, path: str) -> None:
    assert path_of(uri) == path


@REPEATED
@given(st.text(st.one_of(st.sampled_from("./.a%"), st.characters(exclude_categories=("Cs", "Cc"))), min_size=1))
def test_no_path_has_a_segment_to_fold(key: str) -> None:
    path = path_of(f"b/{key}")
    assert unquote(path) == f"/b/{key}"
    assert all(segment not in (".", "..") for segment in path.split("/"))
    assert re.fullmatch(r"[!-~]+", path)
    assert not re.search(r"[?#]", path)
    if "//" not in path and not path.endswith("/"):
        assert posixpath.normpath(path) == path


def test_a_direct_upload() -> None:
    body = Summed(5)
    request = GATEWAY.put_object(body).build(AUTHS, 0)
    assert (request.method, request.url) == ("PUT", "https://a.example/b/d/k%201.mp4")
    assert (request.body, request.digest, request.declared, request.timeout) == (body, None, 10, None)
    assert dict(request.headers) == {
        "X-Trace": "1", "authorization": "auth-0", "content-length": "5", "content-crc32": "0000000a",
        "x-upload-storage-class": "archive",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("call", "method", "query", "body"),
    [
        (GATEWAY.create_upload(), "PUT", "uploads", b""),
        (GATEWAY.put_part("u/1", PartSpec(1, 5, 5), Summed(5)), "PUT", "partNumber=2&uploadID=u%2F1", None),
        (GATEWAY.complete_upload("u&1", [PART]), "PUT", "uploadID=u%261&ObjectContentType=video%2Fmp4", b"1:0000000a"),
        (GATEWAY.list_parts("u", None), "GET", "uploadID=u", None),
    ],
)
def test_requests_in_parts(call: Call[Any], method: str, query: str, body: bytes | None) -> None:
    request = call.build(AUTHS, 0)
    assert (request.method, urlsplit(request.url).query) == (method, query)
    headers = dict(request.headers)
    assert (headers["x-storage-mode"], headers["authorization"], headers["X-Trace"]) == ("gateway", "auth-0", "1")
    assert ("x-upload-storage-class" in headers) is (method == "PUT")
    assert ("content-crc32" in headers) is ("partNumber" in query)
    if body is not None:
        assert (request.body, headers["content-length"]) == (body, str(len(body)))


def test_headers_the_service_asks_for_never_stand_twice() -> None:
    asked = (("Content-Type", "video/mp4"), ("Content-CRC32", "ffffffff"), ("X-Storage-Mode", "other"))
    store = GatewayStore(uri="b/k", routes=(Route(host="h", grant=0, headers=asked),))
    names = [name.lower() for name, _ in store.put_part("u", PartSpec(0, 0, 5), Summed(5)).build(AUTHS, 0).headers]
    assert sorted(names) == ["authorization", "content-crc32", "content-length", "content-type", "x-storage-mode"]
    headers = store.put_part("u", PartSpec(0, 0, 5), Summed(5)).build(AUTHS, 0).headers
    assert ("content-crc32", "0000000a") in headers
    assert ("x-storage-mode", "gateway") in headers


@pytest.mark.parametrize(("number", "word"), [(0, None), (1, None), (2, "archive"), (3, "ia")])
def test_a_storage_class_travels_as_its_word(number: int, word: str | None) -> None:
    store = GatewayStore(uri="b/k", routes=(Route(host="h", grant=0),), storage_class=number)
    assert dict(store.put_object(Summed(1)).build(AUTHS, 0).headers).get("x-upload-storage-class") == word


def test_answers_are_read_with_or_without_checksum() -> None:
    assert GATEWAY.put_object(Summed(5)).parse(answer({"crc32": "0A", "hash": "h"})) == ObjectReceipt(
        tag="0", digest=10
    )
    assert GATEWAY.put_object(Summed(5)).parse(answer(None)).digest is None
    assert GATEWAY.create_upload().parse(answer({"uploadID": "u"})) == "u"
    part = GATEWAY.put_part("u", PartSpec(0, 0, 5), Summed(5))
    meta = {"ObjectContentType": "video/mp4"}
    for number in ("1", 1, None):
        said = part.parse(answer({"crc32": "0000000a", "part_number": number, "meta": meta}))
        assert said == PART
    assert part.parse(answer({})) == PartReceipt(index=0, length=5, tag="0000000a", digest=None)
    assert GATEWAY.complete_upload("u", [PART]).parse(answer({"hash": "h"})) == ObjectReceipt(tag="0", digest=None)


def test_another_checksum_in_the_answer_is_handed_on() -> None:
    part = GATEWAY.put_part("u", PartSpec(0, 0, 5), Summed(5)).parse(answer({"crc32": "0000000b"}))
    assert (part.digest, part.tag) == (11, "0000000a")


def test_listed_parts_are_read_in_either_spelling() -> None:
    listed = [
        {"partNumber": 1, "crc32": "0000000a", "etag": "e", "size": 5},
        {"part_number": "3", "crc32": "0000000b"},
    ]
    page = GATEWAY.list_parts("u", None).parse(answer({"partList": listed}))
    assert [(part.index, part.tag, part.digest, part.length) for part in page.parts] == [
        (0, "0000000a", 10, 5), (2, "0000000b", 11, 0)
    ]  # fmt: skip
    assert page.marker is None
    assert GATEWAY.list_parts("u", None).parse(answer({})).parts == ()
    for entry in ({"crc32": "0"}, {"partNumber": 0, "crc32": "0"}, {"partNumber": 1}, {"partNumber": "x", "crc32": "0"},
                  {"partNumber": 10001, "crc32": "0"}, {"partNumber": 1, "crc32": "zz"}):  # fmt: skip
        unusable(GATEWAY.list_parts("u", None), answer({"partList": [entry]}))
    same = {"partNumber": 1, "crc32": "0"}
    unusable(GATEWAY.list_parts("u", None), answer({"partList": [same, same]}))


@pytest.mark.parametrize(
    "response",
    [
        Response(status=200, headers=(), body=b""),
        Response(status=200, headers=(), body=b"<html>"),
        Response(status=200, headers=(), body=b"{}"),
        Response(status=200, headers=(), body=b"[" * 100_000),
        answer({"uploadID": 5, "crc32": 5, "part_number": [], "partList": 5}),
        answer([]),
        answer({"uploadID": "", "crc32": "xyz", "partList": [5]}),
        answer({"uploadID": "u\n", "crc32": "123456789", "partList": [{}]}),
    ],
)
def test_an_answer_that_cannot_be_used_is_an_error(response: Response) -> None:
    for call in (GATEWAY.create_upload(), GATEWAY.put_object(Summed(5)), GATEWAY.list_parts("u", None)):
        unusable(call, response)


@pytest.mark.parametrize("success", [1, "1", None, -1])
def test_success_is_zero_and_nothing_else(success: Any) -> None:
    with pytest.raises(VodfastError):
        GATEWAY.create_upload().parse(answer({"uploadID": "u"}, success=success))
    with pytest.raises(VodfastError):
        GATEWAY.create_upload().parse(answer({"uploadID": "u"}, status=500))


def test_the_answer_to_another_part() -> None:
    unusable(GATEWAY.put_part("u", PartSpec(0, 0, 5), Summed(5)), answer({"part_number": "2"}))


def test_input_that_cannot_be_sent() -> None:
    with pytest.raises(InvalidInput, match="in parts"):
        GATEWAY.put_object(Summed(21 << 20))
    with pytest.raises(InvalidInput, match="out of range"):
        GATEWAY.put_part("u", PartSpec(10000, 0, 5), Summed(5))
    with pytest.raises(InvalidInput, match="must be 5 bytes"):
        GATEWAY.put_part("u", PartSpec(0, 0, 5), Summed(6))
    second = PartReceipt(index=1, length=5, tag="0000000a", digest=None)
    for parts in ([], [second], [PART, PART]):
        with pytest.raises(InvalidInput, match=r"1\.\.n"):
            GATEWAY.complete_upload("u", parts)
    with pytest.raises(InvalidInput, match="CRC-32"):
        GATEWAY.complete_upload("u", [PartReceipt(index=0, length=5, tag="etag", digest=None)])
    with pytest.raises(ValueError, match="host"):
        GatewayStore(uri="b/k", routes=())


def trouble(retry: RetryClass = RetryClass.LATER, *, reached: bool = True) -> VodfastError:
    return VodfastError("no", kind=ErrorKind.NETWORK, retry=retry, reached=reached)


def host(call: Call[Any]) -> str:
    return urlsplit(call.build(AUTHS, 0).url).netloc


def fail(call: Call[Any], error: VodfastError) -> None:
    assert call.failed is not None
    call.failed(error)


def test_a_failure_turns_to_the_next_host_and_its_grant() -> None:
    store = fresh()
    call = store.put_object(Summed(5))
    assert host(call) == "a.example"
    fail(call, trouble())
    request = call.build(AUTHS, 0)
    assert (urlsplit(request.url).netloc, dict(request.headers)["authorization"]) == ("b.example", "auth-1")
    assert "X-Trace" not in dict(request.headers)
    assert call.parse(answer({})).tag == "1"
    fail(call, trouble(RetryClass.NEVER, reached=False))
    assert host(store.create_upload()) == "a.example"


def test_failures_side_by_side_turn_once() -> None:
    store = fresh()
    calls = [store.put_part("u", PartSpec(at, at * 5, 5), Summed(5)) for at in range(4)]
    assert [host(call) for call in calls] == ["a.example"] * 4
    for call in calls:
        fail(call, trouble())
    assert host(calls[0]) == "b.example"


def test_a_refusal_is_not_the_hosts_fault() -> None:
    store = fresh()
    call = store.put_object(Summed(5))
    for retry in (RetryClass.NEVER, RetryClass.RENEW):
        host(call)
        fail(call, trouble(retry))
        assert host(call) == "a.example"


@pytest.mark.parametrize(
    "call",
    [
        GATEWAY.abort_upload("u"), GATEWAY.delete_object(), GATEWAY.head_object(), GATEWAY.list_uploads(),
        PresignedStore().create_upload(), PresignedStore().put_object(Summed(5)), PresignedStore().abort_upload("u"),
        PresignedStore().list_parts("u", None), PresignedStore().head_object(), PresignedStore().delete_object(),
        PresignedStore().list_uploads(),
    ],
)  # fmt: skip
def test_steps_that_send_nothing(call: Call[Any]) -> None:
    assert call.answered is not None
    call.answered()
    with pytest.raises(AssertionError, match="sends nothing"):
        call.build(AUTHS, 0)


IN_PARTS = PresignedStore(
    part_size=20,
    part_urls=("https://h.example/k?n=1", "https://h.example/k?n=2"),
    complete_url="https://h.example/k?c",
    complete_headers={"X-A": "b"},
)
DIRECT = PresignedStore(put_url="https://h.example/k?s=1", put_headers={"Content-Type": "video/mp4"})


def stored(*headers: tuple[str, str], status: int = 200) -> Response:
    return Response(status=status, headers=headers, body=b"")


def test_a_presigned_put() -> None:
    request = DIRECT.put_object(Summed(5)).build(Credentials.of("x", "y"), 0)
    assert (request.method, request.url, request.digest) == ("PUT", "https://h.example/k?s=1", "crc64")
    assert dict(request.headers) == {"Content-Type": "video/mp4", "content-length": "5"}
    crc = ("x-tos-hash-crc64ecma", str(2**64 - 1))
    assert DIRECT.put_object(Summed(5)).parse(stored(crc)) == ObjectReceipt(tag="0", digest=2**64 - 1)
    assert DIRECT.put_object(Summed(5)).parse(stored()).digest is None
    for text in ("-1", "x", str(2**64), "1e3"):
        unusable(DIRECT.put_object(Summed(5)), stored(("x-tos-hash-crc64ecma", text)))


@pytest.mark.parametrize(("size", "parts"), [(21, 2), (40, 2), (39, 2)])
def test_the_service_decides_the_parts(size: int, parts: int) -> None:
    plan = plan_upload(size, IN_PARTS.limits, 5 << 20)
    assert [part.length for part in plan.parts()] == [20, size - 20]
    assert not plan_upload(size, DIRECT.limits, 5 << 20).multipart
    one = PresignedStore(part_size=20, part_urls=("https://h.example/k",), complete_url="https://h.example/c")
    assert [part.length for part in plan_upload(7, one.limits).parts()] == [7]


def test_a_part_goes_to_its_presigned_url() -> None:
    call = IN_PARTS.put_part("presigned", PartSpec(1, 20, 7), Summed(7))
    request = call.build(AUTHS, 0)
    assert (request.url, dict(request.headers)) == ("https://h.example/k?n=2", {"content-length": "7"})
    part = call.parse(stored(("etag", '"e2"'), ("x-tos-hash-crc64ecma", "5")))
    assert part == PartReceipt(index=1, length=7, tag='"e2"', digest=5)
    unusable(call, stored())
    unusable(call, stored(("etag", "a b")))
    whole = IN_PARTS.put_part("presigned", PartSpec(0, 0, 20), Summed(20))
    assert whole.build(AUTHS, 0).url == "https://h.example/k?n=1"
    first = PartReceipt(index=0, length=20, tag='"e1"', digest=None)
    done = IN_PARTS.complete_upload("presigned", [part, first])
    request = done.build(AUTHS, 0)
    assert (request.method, request.url) == ("POST", "https://h.example/k?c")
    assert isinstance(request.body, bytes)
    assert json.loads(request.body) == {"Parts": [{"PartNumber": 1, "ETag": '"e1"'}, {"PartNumber": 2, "ETag": '"e2"'}]}
    assert dict(request.headers) == {"X-A": "b", "content-length": str(len(request.body))}
    assert done.parse(stored(("x-tos-hash-crc64ecma", "9"))).digest == 9
    for wrong in ([first], [part], [first, part, part]):
        with pytest.raises(InvalidInput, match=r"1\.\.n"):
            IN_PARTS.complete_upload("presigned", wrong)
    with pytest.raises(InvalidInput, match="the service chose"):
        IN_PARTS.put_part("presigned", PartSpec(2, 40, 5), Summed(5))
    with pytest.raises(InvalidInput, match="in parts"):
        IN_PARTS.put_object(Summed(5))
