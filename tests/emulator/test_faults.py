"""The fault plan: every action, what it does to the bytes, and that the history tells."""

from __future__ import annotations

import hashlib
import http.client
import socket
import threading
import time
from typing import Any

import pytest

from tests.emulator.client import Answer, Client, Sent
from vodfast.emulator import Emulator
from vodfast.errors import InvalidInput

MIB = 1 << 20


def plan(action: str, operation: str = "PutObject", **fields: Any) -> list[dict[str, Any]]:
    match = {name: fields.pop(name) for name in ("nth", "part_number", "cloud") if name in fields}
    return [{"match": match | {"operation": operation}, "action": action} | fields]


def raw(sent: Sent) -> bytes:
    lines = [f"{sent.method} {sent.target} HTTP/1.1", f"Host: {sent.host}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in sent.headers.items()), "", ""]).encode()


def dial(emulator: Emulator) -> socket.socket:
    return socket.create_connection(("127.0.0.1", emulator.port), timeout=60)


def read_all(stream: socket.socket, got: bytearray | None = None) -> bytearray:
    got = bytearray() if got is None else got
    while piece := stream.recv(1000):
        got += piece
    return got


def test_status_n_times_then_well(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    emulator.set_faults(plan("status", code=503, body="later", headers={"Retry-After": "2"}, times=2))
    answers = [client.put(ticket, b"x") for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 503, 200]
    assert (answers[0].body, answers[0].headers["retry-after"]) == (b"later", "2")
    assert emulator.faults()[0]["hits"] == 2
    assert [record["fault"] for record in emulator.history()] == [None, "status", "status", None]


def test_a_fault_has_no_effect(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    emulator.set_faults([{"match": {"cloud": "tencent"}, "times": 0, "action": "status", "code": 500}])
    assert [client.put(ticket, b"x" * size).status for size in (1, 200_000)] == [500, 500]
    assert client.commit(ticket).status == 500
    assert client.control("GET", "health")[0] == 200
    assert emulator.media()[0]["objects"] == []
    assert emulator.media()[0]["state"] == "applied"


def test_nth_and_part_number(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    upload = client.initiate(ticket)
    emulator.set_faults(plan("status", "UploadPart", code=500, part_number=2, nth=2))
    numbers = (1, 2, 2, 2, 3)
    assert [client.part(ticket, upload, number, b"x").status for number in numbers] == [200, 200, 500, 200, 200]


@pytest.mark.parametrize(
    ("operation", "code", "status", "shown"),
    [
        ("ApplyUpload", "InternalError", None, 200),
        ("PutObject", "InternalError", None, 500),
        ("PutObject", "AccessDenied", None, 403),
        ("PutObject", "InternalError", 200, 200),
    ],
)
def test_error_in_the_clouds_shape(
    client: Client, emulator: Emulator, operation: str, code: str, status: int | None, shown: int
) -> None:
    ticket = client.apply()
    emulator.set_faults(plan("error", operation, code=code, status=status))
    answer = client.put(ticket, b"x") if operation == "PutObject" else client.call("ApplyUpload", MediaType="mp4")
    assert (answer.status, answer.code) == (shown, code)
    assert emulator.history()[-1]["code"] == code


def test_200_with_error_when_completing(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    upload = client.initiate(ticket)
    etag = client.part(ticket, upload, 1, b"x").headers["etag"]
    emulator.set_faults(plan("error", "CompleteMultipartUpload", code="InternalError", status=200))
    first = client.complete(ticket, upload, [(1, etag)])
    assert (first.status, first.code) == (200, "InternalError")
    assert client.complete(ticket, upload, [(1, etag)]).code == ""


def test_throttling_is_told_in_the_words_of_each_service(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    emulator.set_faults([{"action": "throttle", "times": 2, "retry_after": 3}])
    cos, api = client.put(ticket, b"x"), client.call("ApplyUpload", MediaType="mp4")
    assert (cos.status, cos.code, cos.headers["retry-after"]) == (503, "SlowDown", "3")
    assert (api.status, api.code) == (200, "RequestLimitExceeded")


def test_a_redirect_leads_where_the_plan_says(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    emulator.set_faults(plan("redirect", location="http://127.0.0.1:9/x", status=302))
    answer = client.put(ticket, b"x")
    assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:9/x")
    assert emulator.media()[0]["objects"] == []


def test_expire_token_stays(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    emulator.set_faults(plan("expire_token", nth=2))
    assert client.put(ticket, b"1").status == 200
    assert [client.put(ticket, b"2").code for _ in range(2)] == ["ExpiredToken", "ExpiredToken"]
    assert emulator.media()[0]["objects"][0]["sha256"] == hashlib.sha256(b"1").hexdigest()
    assert client.put(client.apply(), b"3").status == 200


@pytest.mark.parametrize("at", [0, 1, 70_000, MIB + 5])
def test_reset_at_a_byte_of_the_request(client: Client, emulator: Emulator, at: int) -> None:
    ticket = client.apply()
    emulator.set_faults(plan("reset", at_byte=at))
    with dial(emulator) as stream:
        stream.sendall(raw(client.cos(ticket, "PUT", headers={"Content-Length": str(2 * MIB)})) + b"x" * at)
        with pytest.raises(ConnectionResetError):
            read_all(stream)
    record = emulator.history()[-1]
    assert (record["bytes"], record["status"], record["fault"]) == (at, 0, "reset")
    assert emulator.media()[0]["objects"] == []


@pytest.mark.parametrize("at", [0, 9, 40])
def test_reset_at_a_byte_of_the_response(client: Client, emulator: Emulator, at: int) -> None:
    ticket = client.apply()
    emulator.set_faults(plan("reset", at_byte=at, of="response"))
    got = bytearray()
    with dial(emulator) as stream:
        stream.sendall(raw(client.cos(ticket, "PUT", body=b"x")) + b"x")
        with pytest.raises(ConnectionResetError):
            read_all(stream, got)
    assert len(got) == at
    assert len(emulator.media()[0]["objects"]) == 1


def test_drop_reply_after_the_effect(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    client.put(ticket, b"x")
    emulator.set_faults(plan("drop_reply", "CommitUpload"))
    with pytest.raises(http.client.RemoteDisconnected):
        client.commit(ticket)
    assert emulator.media()[0]["state"] == "committed"
    assert client.commit(ticket).data["FileId"] == emulator.media()[0]["media_id"]
    assert emulator.meter()["media_created"] == 1


def test_a_reply_is_cut_short_after_its_effect(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    client.put(ticket, b"x")
    emulator.set_faults(plan("truncate_reply", "CommitUpload", at_byte=200))
    with dial(emulator) as stream:
        sent = client.api("CommitUpload", {"VodSessionKey": ticket["VodSessionKey"]})
        stream.sendall(raw(sent) + sent.body)
        got = read_all(stream)
    assert len(got) == 200
    assert emulator.media()[0]["state"] == "committed"


def test_corrupt_digest_lies(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    honest = client.put(ticket, b"bytes")
    emulator.set_faults(plan("corrupt_digest"))
    lied = client.put(ticket, b"bytes")
    for name in ("etag", "x-cos-hash-crc64ecma"):
        assert lied.headers[name] != honest.headers[name]
    assert emulator.media()[0]["objects"][0]["sha256"] == hashlib.sha256(b"bytes").hexdigest()


@pytest.mark.parametrize("size", [1, 65_537, 2 * MIB])
def test_corrupt_body_is_honest_about_it(client: Client, emulator: Emulator, size: int) -> None:
    ticket = client.apply()
    emulator.set_faults(plan("corrupt_body"))
    flipped = b"\x01" + bytes(size - 1)
    assert client.put(ticket, bytes(size)).headers["etag"] == f'"{hashlib.md5(flipped).hexdigest()}"'
    assert emulator.media()[0]["objects"][0]["sha256"] == hashlib.sha256(flipped).hexdigest()


def in_thread(work: Any) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        except OSError as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def test_stall_ends_at_reset(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    emulator.set_faults(plan("stall", after_bytes=10))
    thread, results = in_thread(lambda: client.put(ticket, b"x" * 100))
    deadline = time.monotonic() + 60
    while len(emulator.history()) < 2 and time.monotonic() < deadline:
        thread.join(0.01)
    assert not results
    assert (emulator.history()[1]["fault"], emulator.history()[1]["bytes"]) == ("stall", 10)
    emulator.reset()
    thread.join(60)
    assert isinstance(results[0], OSError)


def test_stall_ends_when_the_client_leaves(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    emulator.set_faults(plan("stall"))
    with dial(emulator) as stream:
        stream.sendall(raw(client.cos(ticket, "PUT", body=b"x")) + b"x")
        stream.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionResetError):
            stream.recv(1)


def test_drip_slows_the_body(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    emulator.set_faults(plan("drip", bytes_per_second=100_000))
    begun = time.monotonic()
    answer: Answer = client.put(ticket, b"x" * 50_000)
    assert answer.status == 200
    assert time.monotonic() - begun > 0.3
    assert emulator.media()[0]["objects"][0]["size"] == 50_000


def test_drip_slows_the_answer_of_a_call_without_body(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    client.put(ticket, b"x")
    emulator.set_faults(plan("drip", "HeadObject", bytes_per_second=1000))
    begun = time.monotonic()
    assert client.send(client.cos(ticket, "HEAD")).status == 200
    assert time.monotonic() - begun > 0.2


def test_an_answer_is_delayed(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    emulator.set_faults(plan("delay", seconds=0.2))
    begun = time.monotonic()
    assert client.put(ticket, b"x").status == 200
    assert time.monotonic() - begun >= 0.2


def test_latency_is_waited_for_at_every_request_of_a_cloud(client: Client, emulator: Emulator) -> None:
    emulator.settings(latency=0.1)
    begun = time.monotonic()
    client.put(client.apply(), b"x")
    assert time.monotonic() - begun >= 0.2
    emulator.settings(latency=3600)
    assert client.control("GET", "health")[0] == 200


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([{"action": "explode"}], "explode"),
        ([{"match": {}}], "action"),
        ([{"action": "status"}], "code"),
        ([{"action": "status", "code": 99}], "code"),
        ([{"action": "reset", "at_bytes": 1}], "at_bytes"),
        ([{"action": "reset", "match": {"operation": "PutObjekt"}}], "PutObjekt"),
        ([{"action": "reset", "match": {"cloud": "nimbus"}}], "nimbus"),
        ([{"action": "reset", "match": {"nth": 0}}], "nth"),
        ([{"action": "reset", "match": {"verb": "PUT"}}], "verb"),
        ([{"action": "drip", "bytes_per_second": 0}], "bytes_per_second"),
        ({"action": "reset"}, "array"),
    ],
)
def test_unknown_words_are_refused(client: Client, emulator: Emulator, rules: Any, words: str) -> None:
    emulator.set_faults(plan("delay", seconds=0))
    status, answer = client.control("PUT", "faults", rules)
    assert status == 400
    assert words in answer["error"]
    assert [rule["action"] for rule in emulator.faults()] == ["delay"]
    with pytest.raises(InvalidInput):
        emulator.set_faults(rules if isinstance(rules, list) else [rules, 1])


def test_the_plan_over_http(client: Client) -> None:
    ticket = client.apply()
    assert client.control("PUT", "faults", plan("status", code=418))[0] == 200
    assert client.put(ticket, b"x").status == 418
    status, rules = client.control("GET", "faults")
    assert (status, rules[0]["hits"], rules[0]["code"]) == (200, 1, 418)
    assert client.control("PUT", "faults", [])[0] == 200
    assert client.control("POST", "reset")[0] == 200
    assert client.control("GET", "media") == (200, [])
    assert client.control("GET", "history") == (200, [])


@pytest.mark.parametrize(
    "values", [{"clock_offset": 1e308}, {"clock_offset": -1e300}, {"token_lifetime": 1e308}, {"token_lifetime": 0}]
)
def test_times_no_clock_can_show_are_refused(client: Client, values: Any) -> None:
    before = client.control("GET", "settings")
    status, answer = client.control("PUT", "settings", values)
    assert status == 400
    assert next(iter(values)) in answer["error"]
    assert client.control("GET", "settings") == before


def test_json_too_deep_to_read_is_a_mistake_of_the_sender(emulator: Emulator) -> None:
    connection = http.client.HTTPConnection(emulator.endpoint, timeout=60)
    try:
        connection.request("PUT", "/_emulator/faults", b"[" * 50_000)
        response = connection.getresponse()
        assert response.status == 400
        assert b"not JSON" in response.read()
    finally:
        connection.close()
