"""The server of `docs/servers.md` does what the page says of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "servers.md").read_text()


@pytest.fixture
def server(vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the sample defines; its client goes to the emulator."""
    monkeypatch.setenv("VODFAST_EMULATOR", vodfast_emulator.endpoint)
    (sample,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {"__name__": "server"}
    exec(compile(sample, "servers.md", "exec"), names)  # our own page
    return names


async def body(
    *chunks: bytes, then: asyncio.Event | None = None, begun: asyncio.Event | None = None
) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if begun is not None:
        begun.set()
    if then is not None:
        await then.wait()


async def test_bodies_become_media_and_mistakes_a_status(server: dict[str, Any], vodfast_emulator: Any) -> None:
    async with server["lifespan"](None):
        ingest = server["ingest"]
        status, media = await ingest(body(b"piece ", b"", b"by piece"), "live.mp4")
        assert (status, media in str(vodfast_emulator.media())) == (201, True)
        assert await ingest(body(), "empty.mp4") == (400, "size is 0: an empty file cannot be processed")
        assert (await ingest(body(b"x"), "live"))[0] == 400


async def test_a_server_that_stops_takes_back_what_is_in_flight(server: dict[str, Any], vodfast_emulator: Any) -> None:
    begun, never = asyncio.Event(), asyncio.Event()
    async with server["lifespan"](None):
        chunks = [bytes(1 << 20)] * 20
        waiting = asyncio.create_task(server["ingest"](body(*chunks, begun=begun, then=never), "live.mp4"))
        await begun.wait()
    assert await waiting == (503, "the server is going down")
    assert [(item["state"], item["open_uploads"]) for item in vodfast_emulator.media()] == [("aborted", 0)]


async def test_a_client_that_disconnects_leaves_nothing(server: dict[str, Any], vodfast_emulator: Any) -> None:
    begun, never = asyncio.Event(), asyncio.Event()
    async with server["lifespan"](None):
        chunks = [bytes(1 << 20)] * 20
        handler = asyncio.create_task(server["ingest"](body(*chunks, begun=begun, then=never), "live.mp4"))
        await begun.wait()
        handler.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handler
        assert [(item["state"], item["open_uploads"]) for item in vodfast_emulator.media()] == [("aborted", 0)]
