"""Apply replies good and hostile: which places they grant, what is refused, renewal and commit."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from vodfast.credentials import Credentials
from vodfast.errors import ErrorKind, InvalidInput, RetryClass, VodfastError
from vodfast.providers.contract import MediaRecord, MediaSpec, PullItem, Ticket
from vodfast.providers.volcengine import UploadOptions
from vodfast.providers.volcengine.protocol import VolcengineVod
from vodfast.stores.tos.dialect import GatewayStore
from vodfast.stores.tos.presigned import PresignedStore
from vodfast.stores.tos.signing import all_auths
from vodfast.transfer.message import Response
from vodfast.transfer.ports import Call, ObjectReceipt

KEYS = Credentials.of("AK", "SK")
VOD = VolcengineVod(place="demo")
MEDIA = MediaSpec(name="a.mp4", size=50)


def address(name: str = "main", *, uri: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "StoreInfos": [{"StoreUri": uri or f"b/{name}.mp4", "Auth": f"auth-{name}"}],
        "UploadHosts": [f"{name}.example"],
        "UploadHeader": [{"Key": "X-Trace", "Value": "1"}],
        "SessionKey": f"key-{name}",
    } | fields


def reply(data: Any) -> Response:
    body = {"ResponseMetadata": {"RequestId": "r-1", "Extra": 1}, "Result": {"Data": data, "Extra": 2}}
    return Response(status=200, headers=(), body=json.dumps(body).encode())


def ticket_of(data: Any, media: MediaSpec = MEDIA) -> Ticket:
    return VOD.apply(media).parse(reply(data))


def candidates(main: Any = (), backup: Any = (), fallback: Any = ()) -> dict[str, Any]:
    return {
        "UploadAddress": address("plain"),
        "CandidateUploadAddresses": {
            "MainUploadAddresses": list(main),
            "BackupUploadAddresses": list(backup),
            "FallbackUploadAddresses": list(fallback),
        },
    }


def hosts(ticket: Ticket) -> list[tuple[str, list[str]]]:
    (entry,) = ticket.objects
    found = []
    for store in (entry.store, *entry.fallbacks):
        assert isinstance(store, GatewayStore)
        found.append((store.uri, [route.host for route in store.routes]))
    return found


def committed(ticket: Ticket, tag: str) -> str:
    call = VOD.commit(ticket, {"media": ObjectReceipt(tag=tag, digest=None)})
    assert isinstance(call, Call)
    return parse_qs(urlsplit(call.build(KEYS, 0).url).query)["SessionKey"][0]


def test_a_reply_with_one_address_makes_one_place() -> None:
    ticket = ticket_of({"UploadAddress": address()})
    assert hosts(ticket) == [("b/main.mp4", ["main.example"])]
    assert (ticket.renewable, ticket.request_id, ticket.expires_at) == (True, "r-1", None)
    assert committed(ticket, "0") == "key-main"
    assert "key-main" not in repr(ticket)
    assert "auth-main" not in repr(ticket)


def test_candidates_in_order_and_the_session_of_the_one_that_worked() -> None:
    several = address("main", UploadHosts=["m1.example", "m2.example:8443"])
    ticket = ticket_of(candidates([several], [address("backup")], [address("last")]))
    assert hosts(ticket) == [
        ("b/main.mp4", ["m1.example", "m2.example:8443"]), ("b/backup.mp4", ["backup.example"]),
        ("b/last.mp4", ["last.example"]),
    ]  # fmt: skip
    assert [committed(ticket, str(at)) for at in range(4)] == ["key-main", "key-main", "key-backup", "key-last"]
    assert all_auths(ticket.credentials) == ("auth-main", "auth-main", "auth-backup", "auth-last")


def test_candidates_of_one_object_are_one_place() -> None:
    ticket = ticket_of(candidates([address("main", uri="b/k")], [address("backup", uri="b/k")]))
    assert hosts(ticket) == [("b/k", ["main.example", "backup.example"])]
    assert [committed(ticket, str(at)) for at in range(2)] == ["key-main", "key-backup"]


@pytest.mark.parametrize(
    "broken",
    [
        {"UploadHosts": []}, {"UploadHosts": None}, {"StoreInfos": []}, {"StoreInfos": None}, {"SessionKey": ""},
        {"StoreInfos": [{"StoreUri": "", "Auth": "a"}]}, {"StoreInfos": [{"StoreUri": "b/k"}]},
    ],
)  # fmt: skip
def test_candidates_that_cannot_be_used_are_left_out(broken: dict[str, Any]) -> None:
    assert hosts(ticket_of(candidates([address(**broken)], [address("backup")])))[0][0] == "b/backup.mp4"
    assert hosts(ticket_of(candidates([address(**broken)])))[0][0] == "b/plain.mp4"
    with pytest.raises(VodfastError, match="no upload address"):
        ticket_of({"UploadAddress": address(**broken)})


HOSTILE: dict[str, Any] = {
    "no data": None,
    "nothing": {},
    "wrong types": {"UploadAddress": 5},
    "a host with a path": {"UploadAddress": address(UploadHosts=["h.example/x?"])},
    "a host with user information": {"UploadAddress": address(UploadHosts=["a@h.example"])},
    "a host with a line break": {"UploadAddress": address(UploadHosts=["h.example\r\nX: y"])},
    "a host with a bad port": {"UploadAddress": address(UploadHosts=["h.example:0"])},
    "a host with dots": {"UploadAddress": address(UploadHosts=["h..example"])},
    "a grant with a line break": {
        "UploadAddress": address(StoreInfos=[{"StoreUri": "b/k", "Auth": "a\r\nHost: evil"}])
    },
    "a key with a line break": {"UploadAddress": address(StoreInfos=[{"StoreUri": "b/k\r\n", "Auth": "a"}])},
    "no key": {"UploadAddress": address(StoreInfos=[{"StoreUri": "b/", "Auth": "a"}])},
    "no bucket": {"UploadAddress": address(StoreInfos=[{"StoreUri": "../k", "Auth": "a"}])},
    "a header with a line break": {"UploadAddress": address(UploadHeader=[{"Key": "X-A", "Value": "a\r\nX: y"}])},
    "a header without a name": {"UploadAddress": address(UploadHeader=[{"Value": "a"}])},
    **{
        f"the header {name}": {"UploadAddress": address(UploadHeader=[{"Key": name, "Value": "5"}])}
        for name in ("Host", "content-length", "Authorization", "Transfer-Encoding", "Expect", "Connection")
    },
    "presigned without a session": {"VpcTosUploadAddress": {"UploadMode": "direct", "PutUrl": "https://h.example/k"}},
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_reply_that_cannot_be_used_is_an_error(case: str) -> None:
    with pytest.raises(VodfastError) as caught:
        ticket_of(HOSTILE[case])
    assert (caught.value.kind, caught.value.retry) == (ErrorKind.UNEXPECTED, RetryClass.LATER)
    assert caught.value.request_id == "r-1"
    assert "evil" not in caught.value.message


VPC = MediaSpec(name="a.mp4", size=50, options=UploadOptions(network_mode="vpc-inner"))


def presigned(**fields: Any) -> dict[str, Any]:
    return {"UploadAddress": address(), "VpcTosUploadAddress": fields}


def parts(count: int, **fields: Any) -> dict[str, Any]:
    info = {
        "PartSize": 20,
        "PartPutUrls": [f"https://h.example/k?n={at}" for at in range(count)],
        "CompletePartUrl": "https://h.example/k?c",
        "CompleteUrlHeaders": {"Content-Type": "application/json"},
    }
    return presigned(UploadMode="part", PartUploadInfo=info | fields)


def test_a_reply_with_presigned_urls_makes_a_store_of_them() -> None:
    direct = presigned(UploadMode="direct", PutUrl="https://h.example/k?s=1", PutUrlHeaders={"X-A": "b"})
    quick = presigned(UploadMode="direct", QuickCompleteMode="enable")
    for data in (direct, parts(3), quick):
        ticket = ticket_of(data, VPC)
        (entry,) = ticket.objects
        assert isinstance(entry.store, PresignedStore)
        assert (entry.fallbacks, ticket.renewable) == ((), False)
        assert committed(ticket, "0") == "key-main"
        assert "h.example" not in repr(entry.store)
    assert hosts(ticket_of(presigned(UploadMode=""), VPC))[0][0] == "b/main.mp4"


@pytest.mark.parametrize(
    "data",
    [
        presigned(UploadMode="direct"),
        presigned(UploadMode="dance", PutUrl="https://h.example/k"),
        presigned(UploadMode="direct", PutUrl="file:///etc/passwd"),
        presigned(UploadMode="direct", PutUrl="https://a@h.example/k"),
        presigned(UploadMode="direct", PutUrl="https://h.example/k\r\nX: y"),
        presigned(UploadMode="direct", PutUrl="https://h.example/中"),
        presigned(UploadMode="direct", PutUrl="https://h.example/k", PutUrlHeaders={"Host": "evil"}),
        presigned(UploadMode="direct", PutUrl="https://h.example/k", PutUrlHeaders={"X-A": "a\nb"}),
        presigned(UploadMode="part"),
        parts(2),
        parts(4),
        parts(0),
        parts(3, PartSize=0),
        parts(3, PartSize=-20),
        parts(3, CompletePartUrl=""),
        parts(3, PartPutUrls=["https://h.example/k"] * 2 + ["ftp://h.example/k"]),
    ],
)
def test_presigned_replies_that_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(VodfastError) as caught:
        ticket_of(data, VPC)
    assert (caught.value.kind, caught.value.retry) == (ErrorKind.UNEXPECTED, RetryClass.LATER)


def test_renewal_keeps_the_places() -> None:
    ticket = ticket_of(candidates([address("main")], [address("backup")]))
    call = VOD.renew(ticket)
    asked = parse_qs(urlsplit(call.build(KEYS, 0).url).query)
    assert asked["SessionKey"] == ["key-main"]
    assert asked["FileSize"] == ["50"]
    fresh = address("main", StoreInfos=[{"StoreUri": "b/main.mp4", "Auth": "fresh"}], SessionKey="another")
    renewed = call.parse(reply({"UploadAddress": fresh}))
    assert all_auths(renewed.credentials) == ("fresh", "auth-backup")
    assert renewed.objects is ticket.objects
    assert committed(renewed, "0") == "key-main"


def test_a_renewal_that_moves_the_object_ends_the_session() -> None:
    ticket = ticket_of({"UploadAddress": address("main")})
    with pytest.raises(VodfastError, match="new session") as caught:
        VOD.renew(ticket).parse(reply({"UploadAddress": address("elsewhere")}))
    assert (caught.value.kind, caught.value.retry) == (ErrorKind.SESSION_EXPIRED, RetryClass.RENEW)


def commit_call() -> Call[MediaRecord]:
    ticket = ticket_of({"UploadAddress": address()})
    call = VOD.commit(ticket, {"media": ObjectReceipt(tag="0", digest=None)})
    assert isinstance(call, Call)
    return call


def test_a_commit_is_answered_with_a_vid_or_a_mid() -> None:
    record = commit_call().parse(reply({"Vid": "v1", "PosterUri": "p/q", "SourceInfo": {"Height": "12"}}))
    assert (record.media_id, record.cover_url, record.url) == ("v1", "p/q", None)
    assert commit_call().parse(reply({"Mid": "m1"})).media_id == "m1"
    for data in ({}, None, {"vid": "v1"}, {"Vid": ""}, {"Vid": 5}):
        with pytest.raises(VodfastError) as caught:
            commit_call().parse(reply(data))
        assert caught.value.retry is RetryClass.LATER


def test_nothing_is_committed_without_a_receipt() -> None:
    with pytest.raises(InvalidInput, match="stored"):
        VOD.commit(ticket_of({"UploadAddress": address()}), {})


def test_pulls_are_answered_in_the_order_asked() -> None:
    items = [PullItem(url=f"http://x.example/{at}") for at in range(3)]
    call = VOD.pull(items)
    assert not call.repeatable
    said = [{"JobId": f"j{at}", "SourceUrl": f"http://x.example/{at}"} for at in range(3)]
    for order in (said, said[::-1]):
        assert [(one.url, one.job_id) for one in call.parse(reply(order))] == [
            (item.url, f"j{at}") for at, item in enumerate(items)
        ]
    plain = [{"JobId": f"j{at}"} for at in range(3)]
    assert [one.job_id for one in call.parse(reply(plain))] == ["j0", "j1", "j2"]
    for data in (None, [], said[:2], [*said[:2], {"JobId": ""}], [5]):
        with pytest.raises(VodfastError, match="unusable"):
            call.parse(reply(data))
    uneven = VOD.pull([items[0], items[0], items[1]])
    with pytest.raises(VodfastError, match="not one job"):
        uneven.parse(reply([said[0], said[1], said[1]]))
    twice = VOD.pull([items[0], items[0]])
    both = [{"JobId": job, "SourceUrl": items[0].url} for job in ("a", "b")]
    assert [one.job_id for one in twice.parse(reply(both))] == ["a", "b"]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("initial", "waiting"), ("init", "waiting"), ("processing", "running"), ("process", "running"),
        ("success", "done"), ("failed", "failed"), ("fail", "failed"), ("Success", "done"), ("", "unknown"),
        ("paused", "unknown"),
    ],
)  # fmt: skip
def test_a_jobs_state_is_told_in_our_words_and_the_services(word: str, state: str) -> None:
    info = {"JobId": "j", "State": word, "Vid": "v", "SourceInfo": {"Size": "5"}}
    (job,) = VOD.jobs(["j"]).parse(reply({"MediaInfoList": [info]}))
    assert (job.state, job.vendor_state, job.media_id, job.raw) == (state, word, "v", info)


def test_the_session_is_plain_data() -> None:
    ticket = ticket_of({"UploadAddress": address()})
    assert set(msgspec.json.decode(ticket.session)) == {"Keys", "Apply", "Commit"}
