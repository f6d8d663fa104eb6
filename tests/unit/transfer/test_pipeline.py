"""Requests behind one another on one connection: their order, and what becomes of each when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from vodfast import ErrorKind, Route, SourceChanged, TransferConfig, VodfastError, _native
from vodfast.config import MIB
from vodfast.transfer.curl import CurlTransport
from vodfast.transfer.message import Request, Response
from vodfast.transfer.pipeline import Pipeline
from vodfast.transfer.ports import PartSpec
from vodfast.transfer.sources import BufferSource, FileSource

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Line:
    """A pipeline to a server that does as the test says. `targets` and `bodies` are what the server got."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.sent: list[int] = []

    def begin(self, *numbers: int, body: Any = None, host: str = "node.example.com") -> list[asyncio.Task[Response]]:
        """Requests in order."""
        return [
            asyncio.create_task(
                self.pipeline.send(
                    Request(
                        operation=f"chunk {number}",
                        method="POST",
                        url=f"https://{host}/b/o?offset={number}",
                        headers=(("x-token", "t"),),
                        body=body or BufferSource(bytes([number]) * MIB, "b", "b").part(PartSpec(0, 0, MIB)),
                    ),
                    lambda number=number: self.sent.append(number),
                )
            )
            for number in numbers
        ]


@contextlib.asynccontextmanager
async def line(serve: Serve, **config: Any) -> AsyncIterator[Line]:
    """Ends with every connection closed by the client and every server at its end."""
    served: list[asyncio.Task[None]] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.append(task)
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = CurlTransport(
        TransferConfig(route=Route(host="127.0.0.1", port=port, scheme="http", emulator=True), **config)
    )
    pipeline = transport.pipeline()
    try:
        yield Line(pipeline)
    finally:
        pipeline.close()
        await transport.aclose()
        await asyncio.gather(*served, return_exceptions=True)
        server.close()
        await server.wait_closed()
    assert len(served) <= 1, "more than one connection"


async def request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    lines = head.split("\r\n")
    (length,) = [int(one.split(": ")[1]) for one in lines if one.startswith("content-length")]
    return head, await reader.readexactly(length)


def reply(body: object = None, status: int = 200, more: str = "") -> bytes:
    data = json.dumps(body).encode()
    return f"HTTP/1.1 {status} OK\r\nContent-Length: {len(data)}\r\n{more}\r\n".encode() + data


async def until_closed(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        while await reader.read(1 << 16):
            pass


async def answer_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that answers every request with its number."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        for number in itertools.count():
            await request(reader)
            writer.write(reply(number))


async def outcomes(tasks: list[asyncio.Task[Response]]) -> list[Any]:
    """What each was told: the answer's body, `cancelled`, or the error."""
    await asyncio.wait(tasks)
    return ["cancelled" if task.cancelled() else task.exception() or json.loads(task.result().body) for task in tasks]


async def test_requests_do_not_wait_for_answers_and_each_gets_its_own() -> None:
    got = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.extend([await request(reader) for _ in range(5)])
        for number in range(5):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" + reply(number))
        await until_closed(reader)

    async with line(serve) as on:
        assert await outcomes(on.begin(0, 1, 2, 3, 4)) == [0, 1, 2, 3, 4]
        assert on.sent == [0, 1, 2, 3, 4]
    assert [body for _, body in got] == [bytes([number]) * MIB for number in range(5)]
    assert got[3][0] == (
        "POST /b/o?offset=3 HTTP/1.1\r\nhost: node.example.com\r\nx-token: t\r\n"
        "content-length: 1048576\r\nuser-agent: vodfast\r\n\r\n"
    )


async def test_requests_may_come_while_others_are_under_way() -> None:
    async with line(answer_each) as on:
        first = on.begin(0)
        assert await outcomes(first) == [0]
        assert await outcomes(on.begin(1, 2)) == [1, 2]


@pytest.mark.parametrize(
    "last_words",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
        b"no HTTP\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nPRI",
        reply("x" * 2 * MIB),
    ],
    ids=["closed", "cut short", "no HTTP", "no HTTP any more", "too large"],
)
async def test_the_oldest_request_is_told_what_happened_and_those_behind_it_are_cancelled(last_words: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(reply("first"))
        await request(reader)
        writer.write(last_words)
        writer.write_eof()
        await until_closed(reader)

    async with line(serve) as on:
        first, error, *others = await outcomes(on.begin(0, 1, 2, 3))
        assert first == "first"
        assert isinstance(error, VodfastError)
        assert (error.kind, error.operation, error.reached) == (ErrorKind.NETWORK, "chunk 1", True)
        assert "node.example.com" in error.message
        assert others == ["cancelled"] * 2
        assert await outcomes(on.begin(4)) == ["cancelled"]


@pytest.mark.parametrize(
    ("beginning", "more"),
    [(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 1000)],
    ids=["word that it goes on", "a header"],
)
async def test_an_answer_that_never_ends_is_broken_off(beginning: bytes, more: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(beginning)
        while True:  # until the client is gone
            writer.write(more)
            await writer.drain()

    async with line(serve) as on:
        error, other = await outcomes(on.begin(0, 1))
        assert "larger than any" in error.message
        assert (error.kind, error.reached) == (ErrorKind.NETWORK, True)
        assert other == "cancelled"


async def test_closed_in_the_moment_it_is_connected_it_leaves_no_connection_behind() -> None:
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        assert not await reader.read()
        left.set()

    async with line(serve) as on:
        connect = on.pipeline._connect

        async def connected(request: Request) -> Any:
            wire = await connect(request)
            on.pipeline.close()  # while this has yet to be told of
            await asyncio.sleep(0)
            return wire

        on.pipeline._connect = connected
        assert await outcomes(on.begin(0, 1)) == ["cancelled"] * 2
        await left.wait()


async def test_where_no_connection_can_be_made_nothing_has_arrived() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with line(serve) as on:
        on.pipeline._connect = CurlTransport(  # a port nobody listens at
            TransferConfig(route=Route(host="127.0.0.1", port=9, scheme="http", emulator=True))
        )._connect
        error, other = await outcomes(on.begin(0, 1))
        assert (error.kind, error.operation, error.reached) == (ErrorKind.NETWORK, "chunk 0", False)
        assert other == "cancelled"


async def test_one_that_is_cancelled_takes_the_connection_with_it() -> None:
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await request(reader)
        await until_closed(reader)
        closed.set()

    async with line(serve) as on:
        tasks = on.begin(0, 1, 2)
        while 0 not in on.sent:
            await asyncio.sleep(0)
        tasks[1].cancel()
        assert await outcomes(tasks) == ["cancelled"] * 3
        await closed.wait()


async def test_an_answer_that_comes_before_the_end_of_its_request_is_the_last() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply("refused", 403))
        await writer.drain()
        await until_closed(reader)

    body = BufferSource(bytes(64 * MIB), "b", "b").part(PartSpec(0, 0, 64 * MIB))
    async with line(serve) as on:
        assert await outcomes(on.begin(0, 1, body=body)) == ["refused", "cancelled"]
        assert 1 not in on.sent


async def test_a_server_that_wants_no_more_is_sent_no_more() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(reply("enough", more="Connection: close\r\n"))
        await until_closed(reader)

    async with line(serve) as on:
        assert await outcomes(on.begin(0, 1)) == ["enough", "cancelled"]


async def test_an_answer_nobody_asked_for_ends_it() -> None:
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(reply(1) + reply(2))
        await until_closed(reader)
        closed.set()

    async with line(serve) as on:
        assert await outcomes(on.begin(0)) == [1]
        await closed.wait()
        assert await outcomes(on.begin(1)) == ["cancelled"]


async def test_a_request_to_elsewhere_is_not_sent() -> None:
    async with line(answer_each) as on:
        first, other = on.begin(0), on.begin(1, host="other.example.com")
        assert await outcomes(first + other) == [0, "cancelled"]


async def test_a_server_that_falls_silent_is_left() -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await until_closed(reader)

    async with line(serve, stall_timeout=1.0, stall_speed=100 * MIB) as on:
        error, other = await outcomes(on.begin(0, 1))
        assert "stalled" in error.message
        assert (error.kind, error.reached) == (ErrorKind.NETWORK, True)
        assert other == "cancelled"


async def test_an_error_that_is_kept_keeps_no_part_of_the_file(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readexactly(MIB)

    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(64 * MIB))
    with path.open("rb") as file:
        source = FileSource(os.dup(file.fileno()), "clip.mp4")
        async with line(serve) as on:
            error, _ = await outcomes(on.begin(0, 1, body=source.part(PartSpec(0, 0, 64 * MIB))))
            assert isinstance(error, VodfastError)
            assert not any(_native.counters().values())
        source.close()


async def test_the_time_in_which_nothing_was_to_be_sent_is_no_stall() -> None:
    async with line(answer_each) as on:
        assert await outcomes(on.begin(0)) == [0]
        counted = on.pipeline._watch
        assert counted is not None
        (second,) = on.begin(1)
        await asyncio.sleep(0)
        assert counted.cancelled()
        assert on.pipeline._watch is not None
        assert on.pipeline._watch.when() >= counted.when()
        assert await outcomes([second]) == [1]


class Truncated:
    """A body whose file has lost its end."""

    length = 10

    def open(self, _: str | None) -> Any:
        return self

    faulted = True
    closed = False
    sent = 0
    crc = 0

    def read(self, limit: int) -> memoryview:
        piece, self.sent = bytes(self.length - self.sent), self.length
        return memoryview(piece)

    def close(self) -> None:
        self.closed = True


async def test_a_file_that_was_truncated_is_said_to_have_changed() -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await until_closed(reader)

    body = Truncated()
    async with line(serve) as on:
        error, other = await outcomes(on.begin(0, 1, body=body))
        assert isinstance(error, SourceChanged)
        assert other == "cancelled"
        assert body.closed


@pytest.mark.parametrize("body", [None, b"small"])
async def test_requests_with_small_bodies_or_none(body: bytes | None) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            _, data = await request(reader)
            writer.write(reply(len(data)))
        await until_closed(reader)

    async with line(serve) as on:
        requests = [Request(operation="o", method="POST", url="https://h/", headers=(), body=body) for _ in range(2)]
        answers = await asyncio.gather(*(on.pipeline.send(one) for one in requests))
        assert [json.loads(answer.body) for answer in answers] == [len(body or b"")] * 2
