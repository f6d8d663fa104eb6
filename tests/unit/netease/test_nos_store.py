"""Requests and answers of the append-only store, hostile answers included."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vodfast.config import MIB
from vodfast.credentials import Credentials
from vodfast.errors import ErrorKind, InvalidInput, RetryClass, Unsupported, VodfastError
from vodfast.stores.nos import faults
from vodfast.stores.nos.dialect import NosStore, callback_answer
from vodfast.stores.nos.nodes import Node, NodeBook
from vodfast.transfer.message import Body, Response
from vodfast.transfer.ports import AppendReceipt, Call, PartSpec
from vodfast.transfer.sources import BufferSource

KEYS = Credentials.of("key", "secret", "UPLOAD a:b:c")
NODES = [Node("https://nosup-hz1.127.net", "1.2.3.4"), Node("https://nosup-hz2.127.net")]


def made(
    book: NodeBook | None = None, key: str = "o.mp4", content_type: str | None = None
) -> tuple[NosStore, NodeBook]:
    if book is None:
        book = NodeBook(clock=lambda: 0.0)
        book.learn("vodfake", NODES)

    def confirm() -> Any:
        raise AssertionError("not asked")

    return NosStore(book, "vodfake", key, confirm, cloud="netease", content_type=content_type), book


def body_of(length: int) -> Body:
    return BufferSource(bytes(length), "b", "b").part(PartSpec(0, 0, length))


def chunk(store: NosStore, *, context: str | None = None, last: bool = False, offset: int = 0) -> Call[AppendReceipt]:
    return store.append_part(context, PartSpec(0, offset, 3), body_of(3), last=last)


def reply(status: int = 200, content: object = None, **fields: Any) -> Response:
    body = content if isinstance(content, bytes) else json.dumps(fields if content is None else content).encode()
    return Response(status=status, headers=(), body=body)


def failure(call: Call[Any], response: Response) -> VodfastError:
    with pytest.raises(VodfastError) as caught:
        call.parse(response)
    return caught.value


def test_a_chunk_goes_to_the_best_node_with_nothing_but_the_token() -> None:
    store, _ = made()
    request = chunk(store, context="c/1", offset=3, last=True).build(KEYS, 1.0)
    assert request.method == "POST"
    assert request.url == ("https://nosup-hz1.127.net/vodfake/o.mp4?offset=3&complete=true&context=c%2F1&version=1.0")
    assert request.address == "1.2.3.4"
    assert request.headers == (("content-length", "3"), ("x-nos-token", "UPLOAD a:b:c"))
    assert request.timeout is None
    assert "key" not in str(request.headers)


def test_only_the_first_chunk_says_the_media_type() -> None:
    store, _ = made(content_type="video/mp4")
    assert dict(chunk(store).build(KEYS, 1.0).headers)["content-type"] == "video/mp4"
    assert "content-type" not in dict(chunk(store, context="c", offset=3).build(KEYS, 1.0).headers)


def test_the_offset_is_asked_under_the_context() -> None:
    store, _ = made()
    call = store.stored_bytes("a+b&c=")
    request = call.build(KEYS, 1.0)
    assert request.url.endswith("/vodfake/o.mp4?uploadContext&context=a%2Bb%26c%3D&version=1.0")
    assert (request.method, call.reads) == ("GET", True)
    assert call.parse(reply(requestId="r", offset=7)) == 7
    assert call.parse(reply(404, errMsg="no such context")) is None
    assert call.parse(reply(400, errMsg="the context is of another object")) is None


def test_keys_and_buckets_cannot_leave_their_place_in_the_path() -> None:
    store, _ = made(key="../a/?b#c%2F d\u00e9")
    assert "/vodfake/..%2Fa%2F%3Fb%23c%252F%20d%C3%A9?offset=" in chunk(store).build(KEYS, 1.0).url
    for key in ("", ".", "..", "a\r\nb", "a\0b", "\ud800"):
        with pytest.raises(ValueError, match="bucket or key"):
            made(key=key)


def test_a_token_cannot_inject_a_header() -> None:
    store, _ = made()
    with pytest.raises(InvalidInput) as caught:
        chunk(store).build(Credentials.of("k", "s", "UPLOAD canary\r\nX-Evil: 1"), 1.0)
    assert "canary" not in str(caught.value)


def test_nothing_but_a_chunk_may_take_its_time() -> None:
    store, _ = made()
    lookup = made(NodeBook(clock=lambda: 0.0))[0].prepare()
    assert lookup is not None
    for call in (lookup, store.stored_bytes("c")):
        assert 1.0 < (call.build(KEYS, 1.0).timeout or 0.0) < 60.0
    assert chunk(store).build(KEYS, 1.0).timeout is None  # the transport breaks off what stalls


def test_a_chunk_is_never_larger_than_4_mib() -> None:
    store, _ = made()
    with pytest.raises(InvalidInput):
        store.append_part(None, PartSpec(0, 0, 4 * MIB + 1), body_of(4 * MIB + 1), last=True)
    with pytest.raises(InvalidInput):
        store.append_part(None, PartSpec(0, 0, 4), body_of(3), last=True)


def test_answers_of_a_chunk() -> None:
    store, _ = made()
    assert chunk(store).parse(reply(requestId="r", offset=3, context="c", callbackRetMsg="")) == AppendReceipt(
        upload_id="c", end=3
    )
    relayed = base64.b64encode(b'{"code":200,"ret":{"vid":7}}').decode()
    receipt = chunk(store, last=True).parse(reply(requestID="r", offset=3, context="", callbackRetMsg=relayed))
    assert receipt.whole is not None
    assert (receipt.whole.size, receipt.whole.reply) == (3, '{"code":200,"ret":{"vid":7}}')


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"[]", b"null", {"offset": -1, "context": "c"}, {"offset": "3", "context": "c"}, {"context": "c"},
     {"offset": 3}, {"offset": 3, "context": ""}, {"offset": 3, "context": "a\nb"}, {"offset": 3.5, "context": "c"},
     {"offset": 3, "context": "c" * 1025}, {"offset": 3, "context": 7}, b'{"offset":3,"context":"\xff"}',
     b"[" * 100000],
)  # fmt: skip
def test_useless_answers_of_a_chunk_are_as_good_as_lost(content: Any) -> None:
    error = failure(chunk(made()[0]), reply(content=content))
    assert (error.kind, error.retry, error.reached) == (ErrorKind.UNEXPECTED, RetryClass.LATER, True)


@pytest.mark.parametrize(
    ("status", "kind", "retry"),
    [
        (400, ErrorKind.INVALID_INPUT, RetryClass.NEVER),
        (403, ErrorKind.SESSION_EXPIRED, RetryClass.RENEW),
        (404, ErrorKind.NOT_FOUND, RetryClass.NEVER),
        (429, ErrorKind.THROTTLED, RetryClass.LATER),
        (500, ErrorKind.UNAVAILABLE, RetryClass.LATER),
        (501, ErrorKind.UNAVAILABLE, RetryClass.LATER),
        (520, ErrorKind.UNAVAILABLE, RetryClass.LATER),
        (599, ErrorKind.UNAVAILABLE, RetryClass.LATER),
        (307, ErrorKind.UNEXPECTED, RetryClass.NEVER),
    ],
)
def test_each_status_has_its_kind_and_retry_class(status: int, kind: ErrorKind, retry: RetryClass) -> None:
    error = failure(chunk(made()[0]), reply(status, requestId="id-1", errMsg="why\r\nnot", errCode=7))
    assert (error.kind, error.retry, error.status) == (kind, retry, status)
    assert "\n" not in error.message
    if status != 307:
        assert (error.code, error.request_id) == ("7", "id-1")
        assert "why not" in error.message


@pytest.mark.parametrize("status", [400, 404])
def test_a_context_gone_at_the_last_chunk_may_be_a_finished_object_and_is_no_fault_of_the_node(status: int) -> None:
    store, book = made()
    call = chunk(store, context="c", offset=3, last=True)
    call.build(KEYS, 1.0)
    error = failure(call, reply(status, errMsg="gone"))
    assert (error.kind, error.retry, error.reached) == (ErrorKind.UNAVAILABLE, RetryClass.LATER, True)
    assert call.failed is not None
    call.failed(error)
    assert book.best("vodfake") == NODES[0]
    assert failure(chunk(store, last=True), reply(status)).retry is RetryClass.NEVER
    assert failure(chunk(store, context="c", offset=3), reply(status)).retry is RetryClass.NEVER


def test_the_next_node_takes_over_but_not_for_the_callers_own_faults() -> None:
    store, book = made()
    for status in (400, 403, 404, faults.CALLBACK_FAILED):
        call = chunk(store)
        call.build(KEYS, 1.0)
        assert call.failed is not None
        call.failed(failure(call, reply(status)))
        assert book.best("vodfake") == NODES[0]
    call = chunk(store)
    call.build(KEYS, 1.0)
    assert call.failed is not None
    call.failed(VodfastError("refused", kind=ErrorKind.NETWORK))
    assert book.best("vodfake") == NODES[1]
    assert store.prepare() is None
    call = chunk(store)
    call.build(KEYS, 1.0)
    assert call.failed is not None
    call.failed(failure(call, reply(503)))
    assert store.prepare() is not None
    with pytest.raises(VodfastError) as caught:
        chunk(store).build(KEYS, 1.0)
    assert (caught.value.retry, caught.value.reached) == (RetryClass.LATER, False)


def test_a_bad_certificate_is_final_only_when_no_other_node_is_left() -> None:
    store, _ = made()
    for retry in (RetryClass.LATER, RetryClass.NEVER):
        call = chunk(store)
        call.build(KEYS, 1.0)
        error = VodfastError("not trusted", kind=ErrorKind.TLS, reached=False)
        assert call.failed is not None
        call.failed(error)
        assert error.retry is retry


def test_the_lookup_carries_no_credential_and_learns_only_usable_nodes() -> None:
    store, book = made(NodeBook(clock=lambda: 0.0))
    call = store.prepare()
    assert call is not None
    request = call.build(KEYS, 1.0)
    assert request.url == "https://wanproxy.127.net/lbs?version=1.0&bucketname=vodfake"
    assert request.headers == ()
    call.parse(reply(lbs="http://1.1.1.1/lbs", upload=["http://evil.example.com", "http://5.6.7.8"]))
    assert book.best("vodfake") == Node("https://nosup-hz1.127.net", "5.6.7.8")
    assert store.prepare() is None


@pytest.mark.parametrize(
    "content", [b"", {"upload": []}, {"upload": ["x"]}, {"upload": "http://1.2.3.4"}, {}, {"upload": [7]}]
)
def test_a_useless_lookup_turns_to_the_next_host(content: Any) -> None:
    store, book = made(NodeBook(clock=lambda: 0.0))
    call = store.prepare()
    assert call is not None
    call.build(KEYS, 1.0)
    error = failure(call, reply(content=content))
    assert error.retry is RetryClass.LATER
    assert call.failed is not None
    call.failed(error)
    assert book.lookup_host == "wanproxy-hz.127.net"
    assert failure(call, reply(503, Code="Busy", Message="later")).code == "Busy"


def test_an_upload_token_deletes_nothing() -> None:
    with pytest.raises(Unsupported):
        made()[0].delete_object()


@pytest.mark.parametrize(
    ("text", "meant"), [(None, None), ("", None), ("!", None), ("/w==", None), ("e30=", "{}"), ("e30", None)]
)
def test_a_relayed_answer_is_read_if_it_can_be(text: str | None, meant: str | None) -> None:
    assert callback_answer(text) == meant


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.integers(100, 599), st.binary(max_size=200), st.booleans())
def test_no_answer_raises_anything_but_the_error_type(status: int, content: bytes, last: bool) -> None:
    store, _ = made()
    for call in (chunk(store, last=last), store.stored_bytes("c")):
        with contextlib.suppress(VodfastError):
            call.parse(reply(status, content=content))
