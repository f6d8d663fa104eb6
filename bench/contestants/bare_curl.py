"""The bar for speed: a bare libcurl loop that PUTs the same parts to the same server and checks nothing.

Applying, starting the multipart upload and signing every part come before the stopwatch, joining the parts and
committing after it (so that the server's bytes can be verified like everybody's). What is timed is libcurl on uvloop
sending mapped memory: no checksum, no retry, no journal, no progress.
"""

from __future__ import annotations

import asyncio
import io
import mmap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pycurl
import uvloop

from bench.stopwatch import contend, processor_seconds
from vodfast.credentials import Credentials, emulator_credentials
from vodfast.providers import load_provider
from vodfast.providers.contract import MediaSpec
from vodfast.transfer.message import Request, Response
from vodfast.transfer.plan import plan_upload
from vodfast.transfer.ports import Call, PartReceipt, PartSpec


class Hole:
    """Stands in for a part's body while its request is signed; the loop sends the mapping instead."""

    def __init__(self, length: int) -> None:
        self.length = length


def _handle(request: Request, connect_to: list[str]) -> tuple[pycurl.Curl, list[bytes], io.BytesIO]:
    curl, body = pycurl.Curl(), io.BytesIO()
    headers: list[bytes] = []
    curl.setopt(pycurl.URL, request.url.replace("https://", "http://", 1))
    curl.setopt(pycurl.CONNECT_TO, connect_to)
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in request.headers] + ["Expect:"])
    curl.setopt(pycurl.HEADERFUNCTION, headers.append)
    curl.setopt(pycurl.WRITEFUNCTION, body.write)
    curl.setopt(pycurl.TCP_NODELAY, 1)
    return curl, headers, body


def _response(curl: pycurl.Curl, headers: list[bytes], body: io.BytesIO) -> Response:
    pairs = (line.decode("latin-1").partition(":") for line in headers if b":" in line)
    return Response(
        status=curl.getinfo(pycurl.RESPONSE_CODE),
        headers=tuple((name.lower(), value.strip()) for name, _, value in pairs),
        body=body.getvalue(),
    )


def _perform(call: Call[Any], credentials: Credentials, connect_to: list[str]) -> Any:
    request = call.build(credentials, time.time())
    curl, headers, body = _handle(request, connect_to)
    curl.setopt(pycurl.CUSTOMREQUEST, request.method)
    curl.setopt(pycurl.POSTFIELDS, request.body or b"")
    curl.perform()
    return call.parse(_response(curl, headers, body))


async def _send_all(handles: list[tuple[pycurl.Curl, PartSpec]], descriptor: int, connections: int) -> None:
    waiting = list(reversed(handles))

    async def sender(multi: pycurl.AsyncCurlMulti) -> None:
        while waiting:
            curl, part = waiting.pop()
            with mmap.mmap(descriptor, part.length, access=mmap.ACCESS_READ, offset=part.offset) as mapped:
                view, position = memoryview(mapped), 0

                def read(limit: int, view: memoryview = view) -> memoryview:
                    nonlocal position
                    piece = view[position : position + limit]
                    position += len(piece)
                    return piece

                curl.setopt(pycurl.UPLOAD, 1)
                curl.setopt(pycurl.INFILESIZE_LARGE, part.length)
                curl.setopt(pycurl.UPLOAD_BUFFERSIZE, 1024 * 1024)
                curl.setopt(pycurl.READFUNCTION, read)
                await multi.perform(curl)
                curl.unsetopt(pycurl.READFUNCTION)
                view.release()

    async with pycurl.AsyncCurlMulti() as multi:
        await asyncio.gather(*(sender(multi) for _ in range(connections)))


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    (path,) = job["files"]
    connect_to = [f"::{job['endpoint']}"]
    provider, account = load_provider("tencent"), emulator_credentials("tencent")
    ticket = _perform(provider.apply(MediaSpec(name=Path(path).name, size=job["bytes"])), account, connect_to)
    store = ticket.objects[0].store
    upload_id = _perform(store.create_upload(), ticket.credentials, connect_to)
    parts = []
    for part in plan_upload(job["bytes"], store.limits).parts():
        call = store.put_part(upload_id, part, Hole(part.length))
        parts.append((*_handle(call.build(ticket.credentials, time.time()), connect_to), part))
    handles = [(curl, part) for curl, *_, part in parts]

    def run() -> dict[str, Any]:
        with open(path, "rb") as file:
            wall, processor = time.perf_counter(), processor_seconds()
            uvloop.run(_send_all(handles, file.fileno(), job["options"]["connections"]))
            wall, processor = time.perf_counter() - wall, processor_seconds() - processor
        receipts: list[PartReceipt] = []
        for curl, headers, body, part in parts:
            answer = _response(curl, headers, body)
            if answer.status != 200:
                raise SystemExit(f"part {part.index} was refused with {answer.status}: {answer.body!r}")
            tag = answer.header("etag") or ""
            receipts.append(PartReceipt(index=part.index, length=part.length, tag=tag, digest=None))
        receipt = _perform(store.complete_upload(upload_id, receipts), ticket.credentials, connect_to)
        _perform(provider.commit(ticket, {"media": receipt}), account, connect_to)
        return {"transfer_wall": wall, "transfer_cpu": processor, "transfer_rate": job["bytes"] / wall}

    return run


if __name__ == "__main__":
    contend(prepare)
