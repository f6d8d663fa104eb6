"""What the emulated NetEase answers: vectors, the order of chunks, lookups, callbacks and its knobs."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.client import Sent
from tests.emulator.netease_client import API, KEY, NODE, NeteaseClient
from vodfast.emulator import Emulator
from vodfast.emulator.accounts import Account
from vodfast.emulator.aliyun.signatures import oss1_string_to_sign, verify_oss
from vodfast.emulator.messages import parse_head
from vodfast.emulator.netease import signatures
from vodfast.emulator.service import Refusal

VECTORS: list[dict[str, Any]] = json.loads(Path(__file__).parent.parent.joinpath("vectors/netease.json").read_text())[
    "vectors"
]


def of_scheme(scheme: str) -> list[Any]:
    found = [vector for vector in VECTORS if vector["scheme"] == scheme]
    assert found
    return [pytest.param(vector["inputs"], vector["expected"], id=vector["id"]) for vector in found]


@pytest.mark.parametrize(("given", "expected"), of_scheme("vcloud-checksum-sha1"))
def test_checksum_vectors(given: dict[str, Any], expected: dict[str, Any]) -> None:
    head = "POST /app/vod/upload/init HTTP/1.1\r\nHost: vcloud.163.com\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in expected["headers"].items())
    request = parse_head(head.encode() + b"\r\n")
    account = Account(access_key=given["app_key"], secret=given["app_secret"])
    if given["nonce"] == "":  # the vendor's client may send one; the service wants at least a character
        with pytest.raises(Refusal):
            signatures.verify_call(request, {given["app_key"]: account}.get, 0.0, None, None)
        assert signatures.checksum(given["app_secret"], "", str(given["cur_time"])) == expected["checksum"]
        return
    assert signatures.verify_call(request, {given["app_key"]: account}.get, 0.0, None, None) is account
    account.secret += "x"
    with pytest.raises(Refusal):
        signatures.verify_call(request, {given["app_key"]: account}.get, 0.0, None, None)


@pytest.mark.parametrize(("given", "expected"), of_scheme("nos-upload-token"))
def test_token_vectors(given: dict[str, Any], expected: dict[str, Any]) -> None:
    policy = given["policy_json"].encode()
    token = signatures.mint_token(given["access_key"], given["secret_key"], policy)
    assert token == expected["x_nos_token"]
    assert signatures.verify_token(token, given["access_key"], given["secret_key"]) == given["policy"]
    assert base64.b64encode(policy).decode() == expected["encoded_policy"]
    assert signatures.token_sign(given["secret_key"], base64.b64encode(policy)) == expected["encoded_sign"]


@pytest.mark.parametrize(("given", "expected"), of_scheme("vcloud-callback-sign-md5"))
def test_callback_vectors(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert signatures.callback_sign(given["body"].encode(), given["sign_key"] or "vcloud") == expected["sign"]


@pytest.mark.parametrize(("given", "expected"), of_scheme("nos-authorization-hmac-sha256"))
def test_owner_vectors(given: dict[str, Any], expected: dict[str, Any]) -> None:
    host, _, path = expected["url"].removeprefix("http://").partition("/")
    headers = given["headers"] | {"Date": expected["date"], "Authorization": expected["authorization"]}
    if expected["content_md5"] is not None:
        headers["Content-MD5"] = expected["content_md5"]
    head = f"{given['method']} /{path} HTTP/1.1\r\nHost: {host}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = parse_head(head.encode() + b"\r\n")
    keys = (given["bucket"], given["access_key"], given["secret_key"])
    assert signatures.owner_text(request, given["bucket"]) == expected["string_to_sign"]
    signatures.verify_owner(request, *keys)
    for wrong in (("other", *keys[1:]), (keys[0], "other", keys[2]), (*keys[:2], "other")):
        with pytest.raises(Refusal):
            signatures.verify_owner(request, *wrong)


@pytest.mark.parametrize(
    "name",
    [
        "acl", "location", "versioning", "versions", "versionId", "uploadId", "uploads", "partNumber", "delete",
        "deduplication", "crop", "resize",
    ],
)  # fmt: skip
def test_the_owner_of_a_bucket_signs_every_parameter_that_changes_what_is_done(name: str) -> None:
    for query, signed in ((name, name), (f"{name}=a%2Fb&max-parts=5", f"{name}=a%2Fb"), (f"{name}=", name)):
        request = parse_head(f"GET /k?{query} HTTP/1.1\r\nHost: b.nos-eastchina1.126.net\r\n\r\n".encode())
        assert signatures.owner_text(request, "b").endswith(f"\n/b/k?{signed}")


def test_body_vectors_are_understood(netease: NeteaseClient, emulator: Emulator) -> None:
    bodies = {
        vector["id"]: vector["expected"]["bytes_ascii"] for vector in VECTORS if "bytes_ascii" in vector["expected"]
    }
    assert len(bodies) == 4
    for name in ("body-01", "body-02"):
        assert netease.call("upload/init", bodies[name].encode())["code"] == 200
    assert netease.call("video/query", bodies["body-03"].encode())["ret"] == {"count": 0, "list": []}
    assert netease.call("upload/init", bodies["body-04"].encode())["code"] == 400
    assert [item["name"] for item in emulator.media()] == ["beauty.mp4", "片名"]


@pytest.mark.parametrize(("given", "expected"), of_scheme("nos-chunk-url"))
def test_chunk_targets_are_understood_in_either_spelling(given: dict[str, Any], expected: dict[str, Any]) -> None:
    from urllib.parse import unquote

    for target in (expected["sdk_wire_target"], expected["recommended_wire_target"]):
        path = parse_head(f"POST {target} HTTP/1.1\r\nHost: {NODE}\r\n\r\n".encode()).path
        assert unquote(path.decode()) == f"/{given['bucket']}/{given['object']}"


def test_chunks_become_an_object_and_the_object_becomes_media(netease: NeteaseClient, emulator: Emulator) -> None:
    upload = netease.init(userDefInfo="u=1")
    first = netease.put(upload, 0, b"abc")
    assert (first["offset"], first["callbackRetMsg"]) == (3, "")
    assert netease.call("video/query", {"objectNames": [upload.key]})["ret"]["count"] == 0
    last = netease.put(upload, 3, b"defg", complete=True)
    relayed = json.loads(base64.b64decode(last["callbackRetMsg"]))
    (entry,) = netease.call("video/query", {"objectNames": ["no.mp4", upload.key]})["ret"]["list"]
    assert entry == {"objectName": upload.key, "vid": relayed["ret"]["vid"]}
    (item,) = emulator.media()
    assert item["objects"][0]["sha256"] == hashlib.sha256(b"abcdefg").hexdigest()
    assert item["media_id"] == str(entry["vid"])
    assert json.loads(netease.send(netease.offset_query(upload)).body)["errMsg"]
    assert netease.send(netease.offset_query(upload)).status == 404


@pytest.mark.parametrize(("given", "expected"), of_scheme("nos-callback-ret-msg-base64"))
def test_the_relayed_answer_is_written_as_in_the_vector(
    netease: NeteaseClient, emulator: Emulator, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    if not given["callback_answer"]:
        emulator.settings(netease_callback="silent")
        assert netease.put(netease.init(), 0, b"x", complete=True)["callbackRetMsg"] == expected["callbackRetMsg"]
        return
    said = netease.put(netease.init(), 0, b"x", complete=True)["callbackRetMsg"]
    for text in (said, expected["callbackRetMsg"]):
        answer = json.loads(base64.b64decode(text, validate=True))
        assert base64.b64encode(json.dumps(answer, separators=(",", ":")).encode()).decode() == text
        assert (list(answer), list(answer["ret"]), answer["code"]) == (["code", "requestId", "ret"], ["vid"], 200)
        assert type(answer["ret"]["vid"]) is int


@pytest.mark.parametrize(("given", "expected"), of_scheme("oss-v1-hmac-sha1-sts"))
def test_overseas_store_vectors(given: dict[str, Any], expected: dict[str, Any]) -> None:
    headers = given["headers"] | {
        "Date": given["date"],
        "x-oss-security-token": given["security_token"],
        "Authorization": expected["authorization"],
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    host = f"{given['bucket']}.{given['endpoint']}"
    request = parse_head(f"{given['method']} /{given['object']} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n".encode())
    account = Account(
        access_key=given["access_key_id"], secret=given["access_key_secret"], token=given["security_token"]
    )
    find = {account.access_key: account}.get
    now = parsedate_to_datetime(given["date"]).timestamp()
    where = (given["bucket"], given["object"].encode())
    text = oss1_string_to_sign(given["method"], where, (), dict(request.headers()), given["date"])
    assert text.decode() == expected["string_to_sign"]
    assert verify_oss(request, where, "", (), find, now) is account
    with pytest.raises(Refusal):
        verify_oss(request, (given["bucket"], b"b.mp4"), "", (), find, now)


CLIENTS_OWN = ("sdk-resume-record", "vcloud-json-body")
"""Records no server sees; and bodies, which are picked by their bytes."""


def test_every_vector_a_server_can_see_is_used() -> None:
    named = Path(__file__).read_text(encoding="utf-8")
    assert {vector["scheme"] for vector in VECTORS if f'"{vector["scheme"]}"' not in named} == set()
    assert sum(vector["scheme"] not in CLIENTS_OWN for vector in VECTORS) == 29


def test_an_empty_object_and_an_empty_last_chunk(netease: NeteaseClient, emulator: Emulator) -> None:
    netease.put(netease.init(), 0, b"", complete=True)
    upload = netease.init()
    netease.put(upload, 0, b"xyz")
    netease.put(upload, 3, b"", complete=True)
    assert [item["objects"][0]["size"] for item in emulator.media()] == [0, 3]


def test_an_image_has_an_image_id(netease: NeteaseClient) -> None:
    upload = netease.init(originFileName="logo.png")
    netease.put(upload, 0, b"p", complete=True)
    (entry,) = netease.call("video/query", {"objectNames": [upload.key]})["ret"]["list"]
    assert set(entry) == {"objectName", "imgId"}


def test_the_server_says_where_to_go_on(netease: NeteaseClient) -> None:
    upload = netease.init()
    netease.put(upload, 0, b"abc")
    assert netease.put(upload, 0, b"abc")["offset"] == 3  # again
    assert netease.put(upload, 9, b"zzz")["offset"] == 3  # ahead of its turn
    assert netease.put(upload, 9, b"zzz", complete=True)["offset"] == 3
    assert json.loads(netease.send(netease.offset_query(upload)).body)["offset"] == 3


@pytest.mark.parametrize("size", [(4 << 20) + 1, 4 << 20])
def test_a_chunk_has_at_most_4_mib(netease: NeteaseClient, size: int) -> None:
    answer = netease.send(netease.chunk(netease.init(), 0, bytes(size), complete=True))
    assert answer.status == (200 if size == 4 << 20 else 400)


def test_the_lookup_names_nodes_and_sends_loopback_clients_back(netease: NeteaseClient, emulator: Emulator) -> None:
    answer = netease.send(Sent("GET", "wanproxy.127.net", "/lbs?version=1.0&bucketname=b", {}))
    assert json.loads(answer.body)["upload"] == ["http://nosup-hz1.127.net", "http://nosup-hz2.127.net"]
    emulator.settings(netease_nodes=["nosup-hz9.127.net"])
    answer = netease.send(Sent("GET", "wanproxy-hz.127.net", "/lbs?version=1.0", {}))
    assert json.loads(answer.body)["upload"] == ["http://nosup-hz9.127.net"]
    here = Sent("GET", emulator.endpoint, "/lbs?version=1.0", {})
    assert json.loads(netease.send(here).body)["upload"] == [f"http://{emulator.endpoint}"]
    emulator.settings(netease_nodes=["223.252.196.40", "http://10.0.0.1:8080"])
    answer = netease.send(Sent("GET", "wanproxy-hz.127.net", "/lbs?version=1.0", {}))
    assert json.loads(answer.body)["upload"] == ["http://223.252.196.40", "http://10.0.0.1:8080"]
    assert json.loads(netease.send(here).body)["upload"] == [f"http://{emulator.endpoint}"] * 2
    upload = netease.init()
    sent = netease.chunk(upload, 0, b"abc", complete=True)
    assert netease.send(replace(sent, host="223.252.196.41")).status == 502
    assert netease.send(replace(sent, host="10.0.0.1:8080")).status == 200
    assert netease.send(Sent("GET", "wanproxy.127.net", "/lbs", {})).status == 400


def test_a_lenient_server_takes_old_times_and_numbers_as_text_and_a_strict_one_does_not(
    netease: NeteaseClient, emulator: Emulator
) -> None:
    body = {"originFileName": "a.mp4", "typeId": "7", "presetId": None}
    assert netease.call("upload/init", body, at=1, nonce="n")["code"] == 200
    assert netease.call("upload/init", body, at=1, nonce="n")["code"] == 200
    emulator.settings(netease_freshness=300)
    assert netease.call("upload/init", body, at=1)["code"] == 710
    for late, code in ((0, 200), (-290, 200), (290, 200), (-310, 710), (310, 710)):
        assert netease.call("upload/init", body, at=time.time() + late)["code"] == code
    emulator.settings(netease_freshness=None, netease_strict=True)
    assert netease.call("upload/init", body, nonce="m")["code"] == 400
    typed = {"originFileName": "a.mp4", "typeId": 7}
    assert netease.call("upload/init", typed, nonce="m")["code"] == 200
    plain = netease.signed("upload/init", typed).with_header("Content-Type", "text/plain")
    assert json.loads(netease.send(plain).body)["code"] == 400
    emulator.settings(netease_strict=False, netease_nonce_once=True)
    assert netease.call("upload/init", body, nonce="k")["code"] == 200
    assert netease.call("upload/init", body, nonce="k")["code"] == 710


@pytest.mark.parametrize("cur_time", ["1700000000000", "1700000.123", "1700000"])
def test_a_lenient_server_takes_times_as_vendor_clients_send_them(
    netease: NeteaseClient, emulator: Emulator, cur_time: str
) -> None:
    """Milliseconds, or seconds divided by 1000."""
    sent = netease.signed("video/query", {"objectNames": ["a.mp4"]})
    text = f"{netease.secret}{sent.headers['Nonce']}{cur_time}"
    sent = sent.with_header("CurTime", cur_time).with_header("CheckSum", hashlib.sha1(text.encode()).hexdigest())
    assert json.loads(netease.send(sent).body)["code"] == 200
    emulator.settings(netease_freshness=300)
    assert json.loads(netease.send(sent).body)["code"] == 710


def test_a_node_may_keep_less_of_a_chunk_than_it_was_sent(netease: NeteaseClient, emulator: Emulator) -> None:
    emulator.settings(netease_takes=2)
    upload = netease.init()
    assert netease.put(upload, 0, b"abc")["offset"] == 2
    assert netease.put(upload, 2, b"cde", complete=True)["offset"] == 4
    assert emulator.meter()["media_created"] == 0
    assert netease.put(upload, 4, b"e", complete=True)["callbackRetMsg"]
    assert emulator.media()[0]["objects"][0]["sha256"] == hashlib.sha256(b"abcde").hexdigest()


def test_a_failing_takeover_answers_520_and_makes_no_media(netease: NeteaseClient, emulator: Emulator) -> None:
    emulator.settings(netease_callback="failing")
    upload = netease.init()
    assert netease.send(netease.chunk(upload, 0, b"x", complete=True)).status == 520
    assert emulator.meter()["media_created"] == 0
    emulator.settings(netease_callback="silent")
    assert netease.put(netease.init(), 0, b"x", complete=True)["callbackRetMsg"] == ""
    assert emulator.meter()["media_created"] == 1


def test_faults_speak_the_clouds_own_shape(netease: NeteaseClient, emulator: Emulator) -> None:
    emulator.set_faults(
        [
            {"match": {"cloud": "netease", "operation": "upload/init"}, "action": "throttle", "retry_after": 2},
            {"match": {"cloud": "netease", "operation": "video/query"}, "action": "error", "code": "700"},
            {"match": {"cloud": "netease", "operation": "chunk"}, "action": "error", "code": "503"},
            {"match": {"cloud": "netease", "operation": "chunk"}, "action": "expire_token"},
        ]
    )
    assert netease.call("upload/init", {"originFileName": "a.mp4"})["code"] == 723
    assert netease.call("video/query", {"objectNames": ["a"]})["code"] == 700
    upload = netease.init()
    assert netease.send(netease.chunk(upload, 0, b"x", complete=True)).status == 503
    assert netease.send(netease.chunk(upload, 0, b"x", complete=True)).status == 403
    assert netease.send(netease.chunk(upload, 0, b"x", complete=True)).status == 403


def test_reset_forgets_open_uploads(netease: NeteaseClient, emulator: Emulator) -> None:
    upload = netease.init()
    netease.put(upload, 0, b"abc")
    emulator.reset()
    assert netease.send(netease.offset_query(upload)).status == 404
    assert emulator.media() == []


@pytest.fixture
def receiver() -> Iterator[tuple[str, queue.Queue[tuple[bytes, str]]]]:
    got: queue.Queue[tuple[bytes, str]] = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            got.put((body, self.headers["sign"]))

        def log_message(self, *_: Any) -> None:
            return

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", got
        server.shutdown()
        thread.join()


def test_callbacks_are_signed_and_the_uploads_own_goes_first(
    netease: NeteaseClient, receiver: tuple[str, queue.Queue[tuple[bytes, str]]]
) -> None:
    url, got = receiver
    assert netease.call("upload/setcallback", {"callbackUrl": f"{url}x", "signKey": "k1"})["ret"] == {}
    upload = netease.init(uploadCallbackUrl=url, userDefInfo="u=1")
    netease.put(upload, 0, b"x", complete=True)
    body, sign = got.get(timeout=60)
    assert sign == hashlib.md5(body + b"k1").hexdigest()
    event = json.loads(body)
    assert (event["type"], event["name"], event["user_defined"]) == ("upload", "clip.MP4", "u=1")
    assert event["origAddr"].endswith(upload.key)


@pytest.mark.parametrize(
    ("call", "body"),
    [("upload/setcallback", {}), ("upload/setcallback", {"callbackUrl": "ftp://x"}),
     ("upload/setcallback", {"callbackUrl": "http://x/", "signKey": "a b"}),
     ("callback/setUrl", {"callbackUrl": "http://x/"}), ("callback/setUrl", {"callbackUrl": "http://x/", "type": 3}),
     ("callback/setUrl", {"callbackUrl": "http://x/", "type": True}),
     ("callback/setUrl", {"callbackUrl": "http://x/" + "y" * 200, "type": 2}), ("video/query", {}),
     ("video/query", {"objectNames": []}), ("video/query", {"objectNames": "a"}), ("upload/init", {}),
     ("video/query", {"objectNames": ["a", 5]}), ("video/query", {"objectNames": [None]}),
     ("upload/setcallback", {"callbackUrl": 5}), ("upload/setcallback", {"callbackUrl": ["http://x/"]}),
     ("upload/setcallback", {"callbackUrl": "http://x/", "signKey": 5}),
     ("upload/setcallback", {"callbackUrl": "http://x/", "signKey": "k" * 33}),
     ("callback/setUrl", {"callbackUrl": 5, "type": 2}), ("callback/setUrl", {"type": 2}),
     ("upload/init", {"originFileName": 5}), ("upload/init", {"originFileName": "a.mp4", "description": 5}),
     ("upload/init", {"originFileName": "a.mp4", "callbackUrl": {}}),
     ("upload/init", []), ("upload/init", b"{"), ("upload/init", {"originFileName": "noextension"}),
     ("upload/init", {"originFileName": "a/b.mp4"}), ("upload/init", {"originFileName": "CON.mp4"}),
     ("upload/init", {"originFileName": "lpt1.tar.gz"}), ("upload/init", {"originFileName": "a.mp4 "}),
     ("upload/init", {"originFileName": "a.mp4."}), ("upload/init", {"originFileName": "a\tb.mp4"}),
     ("upload/init", {"originFileName": "a.mp4", "typeId": -1}),
     ("upload/init", {"originFileName": "a.mp4", "userDefInfo": "x" * 257}),
     ("upload/init", {"originFileName": "a.mp4", "watermarkId": 1})],
)  # fmt: skip
def test_malformed_calls_are_refused(netease: NeteaseClient, call: str, body: Any) -> None:
    answer = netease.call(call, body)
    assert answer["code"] == 400
    assert answer["msg"]


def test_an_account_callback_has_its_bounds(netease: NeteaseClient) -> None:
    url = "http://x/" + "y" * 191
    assert netease.call("callback/setUrl", {"callbackUrl": url, "type": 2, "signKey": "k" * 32})["code"] == 200
    assert netease.call("upload/setcallback", {"callbackUrl": url + "y"})["code"] == 200, "only the later call has it"


def test_the_lookup_is_a_get_of_its_version(netease: NeteaseClient) -> None:
    for method, target, status in (
        ("GET", "/lbs?version=1.0", 200),
        ("GET", "/lbs?version=2.0", 400),
        ("GET", "/lbs", 400),
        ("POST", "/lbs?version=1.0", 400),
    ):
        assert netease.send(Sent(method, "wanproxy.127.net", target, {"Content-Length": "0"})).status == status


def test_an_offset_is_asked_of_a_context(netease: NeteaseClient) -> None:
    upload = netease.init()
    netease.put(upload, 0, b"x")
    good = netease.offset_query(upload)
    assert json.loads(netease.send(good).body)["offset"] == 1
    for target, status in (
        (good.target.replace(upload.context, ""), 400),
        (good.target.replace(upload.context, "x"), 404),
        (good.target.replace("version=1.0", "version=1"), 400),
    ):
        assert netease.send(replace(good, target=target)).status == status


def test_a_token_that_has_ended_is_refused_while_its_chunk_comes_and_after(
    netease: NeteaseClient, emulator: Emulator
) -> None:
    upload = netease.init()
    emulator.set_faults([{"action": "expire_token", "match": {"operation": "chunk"}}])
    for _ in range(2):
        assert netease.send(netease.chunk(upload, 0, b"x", complete=True)).status == 403
    assert emulator.media()[0]["state"] == "applied"


def test_unknown_calls_are_not_found(netease: NeteaseClient) -> None:
    assert netease.send(netease.signed("video/explode", {})).status == 404
    assert netease.send(Sent("GET", API, "/app/vod/upload/init", {})).status == 404
    assert netease.send(Sent("PUT", NODE, "/b/k", {"Content-Length": "0"})).status == 400
    assert KEY.startswith("vodfast-emulator-")
