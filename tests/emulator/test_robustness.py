"""Bytes that are no requests, framing tricks, pipelining: the server answers or closes, and serves on."""

from __future__ import annotations

import gc
import json
import os
import random
import socket
import subprocess
import sys
import threading
import zlib
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

from tests.emulator.client import Client, Sent
from vodfast import _native
from vodfast.emulator import Emulator
from vodfast.emulator.blobs import SMALL, WINDOW, Blob, BlobStore, BlobWriter

HEALTH = b"GET /_emulator/health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def talk(emulator: Emulator, data: bytes) -> bytes:
    """Send bytes, then nothing more; everything that comes back."""
    got = b""
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=60) as stream:
        try:
            stream.sendall(data)
            stream.shutdown(socket.SHUT_WR)
            while piece := stream.recv(65536):
                got += piece
        except ConnectionError:
            pass
    return got


def raw(sent: Sent, **changed: str) -> bytes:
    lines = [f"{sent.method} {sent.target} HTTP/1.1", f"Host: {sent.host}"]
    headers = sent.headers | {name.replace("_", "-"): value for name, value in changed.items()}
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"garbage\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: \r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n", 400),
        (b"GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000, 431),
        (b"GET / HTTP/1.1\r\nHo st: localhost\r\n\r\n", 400),
        (b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
        (b"DELETE /_emulator/media HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405),
        (b"GET /_emulator/media HTTP/1.1\r\nHost: localhost\r\nOrigin: http://x\r\nConnection: close\r\n\r\n", 403),
    ],
)
def test_what_is_not_a_request(emulator: Emulator, data: bytes, status: int) -> None:
    answer = talk(emulator, data)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert talk(emulator, HEALTH).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("seed", range(30))
def test_noise_is_refused_and_hurts_nobody_else(emulator: Emulator, seed: int) -> None:
    chance = random.Random(seed)
    noise = chance.randbytes(chance.randrange(1, 2000))
    head = bytearray(HEALTH)
    head[chance.randrange(len(head))] = chance.randrange(256)
    for data in (noise, bytes(head), b"\x16\x03\x01" + noise, HEALTH + noise):
        talk(emulator, data)
    assert talk(emulator, HEALTH).startswith(b"HTTP/1.1 200"), f"seed {seed}"


@pytest.mark.parametrize("latency", [0, 0.02])
def test_pipelined_requests_are_answered_in_order(client: Client, emulator: Emulator, latency: float) -> None:
    emulator.settings(latency=latency)
    ticket = client.apply()
    puts = [client.cos(ticket, "PUT", body=b"x" * size) for size in (5, 200_000, 0)]
    data = b"\r\n".join(raw(put) + put.body for put in puts) + HEALTH
    answers = talk(emulator, data)
    assert answers.count(b"HTTP/1.1 200") == 4
    assert b'{"status":"ok","clouds":[' in answers[-200:]
    assert [record["bytes"] for record in emulator.history()[1:]] == [5, 200_000, 0]


def test_requests_are_taken_up_while_the_replies_to_those_before_are_on_their_way(
    client: Client, emulator: Emulator
) -> None:
    ticket = client.apply()
    emulator.settings(latency=3600)
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=60) as stream:
        for size in (5, 200_000, 0):
            put = client.cos(ticket, "PUT", body=b"x" * size)
            stream.sendall(raw(put) + put.body)
        while len(emulator.history()) < 4:
            pass


@pytest.mark.parametrize(
    ("last", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: nowhere.example\r\n\r\n", b"502"),
        (b"GET /" + b"x" * 100_000, b"431"),
        (b"no request\r\n\r\n", b"400"),
        (b"CONNECT nowhere.example:443 HTTP/1.1\r\nHost: nowhere.example:443\r\n\r\n", b"502"),
        (b"CONNECT wanproxy.127.net:80 HTTP/1.1\r\nHost: wanproxy.127.net:80\r\n\r\n", b"200 Connection established"),
    ],
    ids=["a host of nobody", "too long a head", "no HTTP", "a tunnel to nobody", "a tunnel"],
)
def test_replies_on_their_way_come_before_the_last_word(emulator: Emulator, last: bytes, status: bytes) -> None:
    emulator.settings(latency=60)
    lookup = b"GET /lbs?version=1.0 HTTP/1.1\r\nHost: wanproxy.127.net\r\n\r\n"
    answers = talk(emulator, lookup + lookup + last)
    assert answers.index(b"HTTP/1.1 " + status) > answers.rindex(b"HTTP/1.1 200 OK")
    assert answers.count(b"HTTP/1.1 ") == 3


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_a_connection_ends_when_the_client_says_so(emulator: Emulator, version: bytes) -> None:
    leave = HEALTH.replace(
        b"1.1\r\n", version + b"\r\nConnection: " + (b"close" if version == b"1.1" else b"x") + b"\r\n"
    )
    assert talk(emulator, HEALTH + leave + HEALTH).count(b"HTTP/1.1 200") == 2


def test_an_emulator_that_stops_leaves_nothing_it_was_doing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun = threading.Event()

    def never(_: BlobWriter) -> Future[Blob]:
        begun.set()
        return Future()

    with Emulator() as emulator:
        client = Client(emulator.endpoint)
        put = client.cos(client.apply(), "PUT", body=bytes(2 * WINDOW))
        monkeypatch.setattr(BlobWriter, "seal", never)
        with socket.create_connection(("127.0.0.1", emulator.port), timeout=60) as stream:
            stream.sendall(raw(put) + put.body)
            assert begun.wait(60)
    gc.collect()
    assert not [record.getMessage() for record in caplog.records]


def test_what_is_sent_ahead_of_an_answer_waits_for_its_turn(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    emulator.set_faults([{"match": {"operation": "PutObject"}, "action": "delay", "seconds": 0.2}])
    puts = [client.cos(ticket, "PUT", body=b"x" * size) for size in (5, 5 * WINDOW, 3)]
    answers = talk(emulator, b"".join(raw(put) + put.body for put in puts))
    assert answers.count(b"HTTP/1.1 200") == 3
    assert [record["bytes"] for record in emulator.history()[1:]] == [5, 5 * WINDOW, 3]


def test_one_byte_at_a_time(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    sent = client.cos(ticket, "PUT", body=b"slow")
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=60) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in raw(sent) + sent.body:
            stream.send(bytes([byte]))
        assert stream.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("cut", [1, 7, 70_000])
def test_a_chunked_body_is_taken_however_it_is_cut(client: Client, emulator: Emulator, cut: int) -> None:
    data = random.Random(cut).randbytes(150_000)
    ticket = client.apply()
    sent = client.cos(ticket, "PUT", headers={"Transfer-Encoding": "chunked"})
    step = 50_000 if cut > 1 else 777
    chunks = b"".join(
        b"%x;a=b\r\n%b\r\n" % (len(data[i : i + step]), data[i : i + step]) for i in range(0, len(data), step)
    )
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=60) as stream:
        stream.sendall(raw(sent))
        body = chunks + b"0\r\nTrailer: x\r\n\r\n" + HEALTH
        for at in range(0, len(body), max(cut * 100, 1000)):
            stream.sendall(body[at : at + max(cut * 100, 1000)])
        stream.shutdown(socket.SHUT_WR)
        got = b""
        while piece := stream.recv(65536):
            got += piece
    assert got.count(b"HTTP/1.1 200") == 2
    assert client.send(client.cos(ticket, "GET")).body == data


def test_expect_100_continue(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    sent = client.cos(ticket, "PUT", body=b"12345")
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=60) as stream:
        stream.sendall(raw(sent, Expect="100-continue"))
        assert stream.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        stream.sendall(sent.body)
        assert stream.recv(100).startswith(b"HTTP/1.1 200")
    refused = talk(emulator, raw(sent.with_header("Authorization", None), Expect="100-continue"))
    assert refused.startswith(b"HTTP/1.1 403")


def test_a_body_that_ends_early_stores_nothing(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    talk(emulator, raw(client.cos(ticket, "PUT", headers={"Content-Length": "200000"})) + b"x" * 150_000)
    record = emulator.history()[-1]
    assert (record["status"], record["code"], record["bytes"]) == (0, "ConnectionLost", 150_000)
    assert emulator.media()[0]["objects"] == []


def test_many_connections_at_once(client: Client, emulator: Emulator) -> None:
    tickets = [client.apply() for _ in range(16)]
    data = random.Random(7).randbytes(1_500_000)
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda t=t: statuses.append(client.put(t, data).status)) for t in tickets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 16
    assert len({item["objects"][0]["sha256"] for item in emulator.media()}) == 1


def test_zeros_take_no_room(emulator: Emulator) -> None:
    """A sparse file's upload is stored sparse."""
    store = BlobStore()
    try:
        blob = store.keep(bytes(8 * WINDOW) + b"end")
        [path] = [entry.path for entry in os.scandir(store.directory)]
        assert os.stat(path).st_size == 8 * WINDOW + 3
        assert os.stat(path).st_blocks * 512 < WINDOW
        assert b"".join(blob.read()) == bytes(8 * WINDOW) + b"end"
        assert os.stat(store.directory).st_mode & 0o777 == 0o700
        blob.discard()
        assert not list(os.scandir(store.directory))
    finally:
        store.close()
    assert not os.path.exists(store.directory)


def test_bodies_that_are_only_summed_do_not_mix() -> None:
    """They pass through the same memory, in turns, and what is kept later does not."""
    store = BlobStore()
    try:
        store.retain = store.md5 = False
        bodies = [random.Random(seed).randbytes(3 * WINDOW + seed) for seed in range(4)]
        writers = [store.writer(None if seed % 2 else len(body), crc32=True) for seed, body in enumerate(bodies)]
        for start in range(0, max(map(len, bodies)), 70_000):
            for writer, body in zip(writers, bodies, strict=True):
                writer.write(body[start : start + 70_000])
        blobs = [writer.seal_now() for writer in writers]
        assert [blob.length for blob in blobs] == [len(body) for body in bodies]
        assert [blob.crc32 for blob in blobs] == [zlib.crc32(body) for body in bodies]
        assert [blob.crc64 for blob in blobs] == [_native.crc64(body) for body in bodies]
        assert not any(blob.retained for blob in blobs)
        passing = store.writer(None)
        store.retain = True
        keeping = [store.writer(2 * SMALL) for _ in range(2)]
        for fill, writer in enumerate((*keeping, passing)):
            writer.write(bytes([fill]) * 2 * SMALL)
        passing.seal_now()
        assert [b"".join(writer.seal_now().read()) for writer in keeping] == [bytes([n]) * 2 * SMALL for n in (0, 1)]
    finally:
        store.close()


def test_the_plugins_import_nothing_heavy() -> None:
    code = (
        "import sys, json, vodfast.emulator.pytest_plugin, vodfast.compat.pytest_plugin;"
        "print(json.dumps([m for m in ('uvloop', 'httptools', 'msgspec', 'asyncio') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = set(json.loads(done.stdout)) - set(_with_pytest_alone())
    assert heavy == set()


def _with_pytest_alone() -> list[str]:
    code = "import sys, json, pytest; print(json.dumps([m for m in ('msgspec', 'asyncio') if m in sys.modules]))"
    return json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def test_closing_leaves_nothing() -> None:
    threads = set(threading.enumerate())

    with Emulator() as emulator:
        ticket = Client(emulator.endpoint).apply()
        Client(emulator.endpoint).put(ticket, b"x" * 300_000)
        assert emulator.ca is not None
        directory = os.path.dirname(emulator.ca)
        assert os.listdir(directory)
        held = socket.create_connection(("127.0.0.1", emulator.port))
        silent = socket.create_connection(("127.0.0.1", emulator.port))
        held.sendall(HEALTH[:10])
    assert not os.path.exists(directory)
    held.close()
    silent.close()
    assert not [thread for thread in set(threading.enumerate()) - threads if thread.name == "vodfast-emulator"]
    emulator.close()
    with pytest.raises(RuntimeError, match="not running"):
        emulator.media()


UNCLOSED = """
import os
from vodfast.emulator import Emulator
emulator = Emulator().start()
child = os.fork()
if child:
    assert os.waitpid(child, 0)[1] == 0
    print(os.path.dirname(emulator.ca), os.path.exists(emulator.ca))
"""


def test_a_signal_while_it_starts_leaves_neither_files_nor_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(threading.Event):
        """Ctrl-C comes while the first wait has just begun."""

        signals = iter([KeyboardInterrupt])

        def wait(self, timeout: float | None = None) -> bool:
            for kind in self.signals:
                raise kind
            return super().wait(timeout)

    monkeypatch.setattr("vodfast.emulator.inprocess.threading", SimpleNamespace(Event=Interrupted, Thread=Thread))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    threads = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        Emulator().start()
    assert set(threading.enumerate()) == threads
    assert list(tmp_path.iterdir()) == []


def test_what_is_stored_does_not_outlive_the_process_though_nobody_closes_the_emulator() -> None:
    """Nor does a forked process, when it ends, take it away from the one that serves."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", UNCLOSED]
    directory, served = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert served == "True"
    assert not os.path.exists(directory)


def test_what_began_before_a_reset_has_no_effect_after_it(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    emulator.set_faults([{"match": {"operation": "PutObject"}, "action": "delay", "seconds": 0.1}])
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=60) as stream:
        delayed, half = client.cos(ticket, "PUT", body=b"x"), client.cos(ticket, "PUT", body=b"y" * (2 * WINDOW))
        stream.sendall(raw(delayed) + delayed.body + raw(half) + half.body[:WINDOW])
        while not emulator.faults()[0]["hits"]:
            pass
        emulator.reset()
        with pytest.raises(ConnectionResetError):
            stream.recv(1)
    assert emulator.history() == []
    assert emulator.meter()["calls"] == {}
